"""Decision: the state's own dollars by line and fiscal year in both branches, and the value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calculator.report.workbook.book import Book, Sheet
from calculator.report.workbook.cells import Live, Ref, total, where
from calculator.report.workbook.layout import Column, Steps, values_at
from calculator.report.workbook.medicaid_cohort import BRANCHES
from calculator.report.workbook.medicaid_lines import LINES
from calculator.report.workbook.medicaid_payment import PaymentCells
from calculator.report.workbook.medicaid_people import CohortCells

TITLES = {
    "existing_glp1": "GLP-1 drugs of uses covered today, fee for service",
    "model_drugs": "Drugs for obesity use, fee for service",
    "capitation": "Capitation for drugs in managed care",
    "statutory_rebate": "Statutory rebate",
    "supplemental_rebate": "Supplemental rebate",
    "offsets": "Change in other medical cost",
    "administration": "Administration",
}


# Rows kept for the answer and its pictures, above the lines that they rest on.
ANSWER_ROWS, CHART_ROWS = 10, 18
BY = "By state fiscal year"
BLUE, GREY = "#0B5C7A", "#98A3AB"
MILLIONS = '$#,##0.0,,"M";"\u2212"$#,##0.0,,"M";$0'


@dataclass(frozen=True)
class Years:
    """Fiscal years as stretches of months: name, first month and one past the last."""

    names: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]

    def sums(self, columns: Sequence[Column]) -> list[Live]:
        """Sum of monthly columns over each fiscal year."""
        return [total(*(one.part(first, stop) for one in columns)) for first, stop in self.spans]

    def last(self, column: Column) -> list[Live]:
        """A stock at the end of each fiscal year."""
        return [column[stop - 1] for _, stop in self.spans]


def years_of(numbers: Sequence[int]) -> Years:
    """Fiscal years from the year of every month.

    >>> years_of([2027, 2027, 2028]).spans
    ((0, 2), (2, 3))
    """
    names = tuple(dict.fromkeys(numbers))
    spans = tuple((numbers.index(name), len(numbers) - numbers[::-1].index(name)) for name in names)
    return Years(tuple(map(str, names)), spans)


@dataclass(frozen=True)
class Decided:
    """What the other sheets point to."""

    value: Live  # by state fiscal year, the last cell all of them
    own: Mapping[str, Live]  # the state's own cost by branch, in the same way
    total: Live
    present_value: Live
    pmpm: Live
    adopts: Live
    lines: Mapping[str, Mapping[str, Live]]  # branch -> line -> by year


def decision_sheet(
    book: Book,
    sheet: Sheet,
    state: str,
    years: Years,
    cells: PaymentCells,
    cohort: CohortCells,
    adopts: Live,
) -> Decided:
    """The tables of the sheet, and the names of the outputs."""
    sheet.title(
        f"Decision: what joining is worth to {state}",
        "State fiscal years, named by the year in which they end. USD, accrual: rebates stand with"
        " their fills. Positive value is good for the state.",
    )
    heads, count = [*years.names, "All years"], len(years.names)
    columns_of(sheet, len(heads), beside=True)
    top = sheet.row
    # The answer stands first; what it is made of is written below it.
    sheet.row = top + ANSWER_ROWS + CHART_ROWS
    lines = {branch: _lines(book, sheet, branch, years, cells, adopts) for branch in BRANCHES}
    steps = Steps(sheet, "Value of joining by line: staying out less joining")
    steps.heading(heads, BY)
    for line in LINES:
        difference = [
            lines["stay_out"][line][place] - lines["join"][line][place] for place in range(count)
        ]
        with_total(steps, TITLES[line], difference, "medicaid.run")
    bottom, sheet.row = sheet.row, top

    steps = Steps(sheet, "The answer, by state fiscal year")
    steps.heading(heads, BY)
    own = {
        branch: with_total(
            steps,
            f"State's own cost, {BRANCHES[branch].lower()}",
            [lines[branch]["net"][place] for place in range(count)],
            "medicaid.state_cost",
        )
        for branch in BRANCHES
    }
    value = with_total(
        steps,
        "Value of joining",
        [own["stay_out"][place] - own["join"][place] for place in range(count)],
        "medicaid.run",
        "sum",
    )
    months = with_total(
        steps, "Enrolled in this budget", years.sums([cohort.enrolled]),
        "medicaid.Result.member_months", number="people", unit="member-months",
    )  # fmt: skip
    each = steps.row(
        "Value per enrollee a month (PMPM)",
        "USD PMPM",
        [value[place] / months[place] for place in range(len(heads))],
        "arrays.pmpm",
        "cents",
    )
    present = with_total(
        steps,
        "Present value in the first month",
        years.sums([cells.present]),
        "result.monthly_discount",
    )
    joins = steps.row(
        "The state joins at this net price", "1: yes", [1 * adopts], "medicaid_inputs.build_inputs"
    )
    if sheet.row > top + ANSWER_ROWS:
        raise ValueError("the answer is longer than its place")
    for place, year in enumerate(years.names):
        book.name(f"out_value_{year}", value[place])
    book.name("out_value_total", value[-1])
    book.name("out_value_present_value", present[-1])
    book.name("out_value_pmpm", each[-1])
    chart = ChartOf(sheet, years, top + ANSWER_ROWS)
    chart.add(
        "Value of joining to the state by state fiscal year, USD", [("Value", value, BLUE)], 0
    )
    chart.add(
        "The state's own cost by state fiscal year, USD",
        [("Staying out", own["stay_out"], GREY), ("Joining", own["join"], BLUE)],
        1,
    )
    sheet.row = bottom
    return Decided(value, own, value[-1], present[-1], each[-1], joins, lines)


def _lines(
    book: Book, sheet: Sheet, branch: str, years: Years, cells: PaymentCells, adopts: Live
) -> dict[str, Live]:
    """A branch's own dollars by line and year, named."""
    steps = Steps(
        sheet,
        f"{BRANCHES[branch]}: the state's own dollars by line of the ledger",
        "Where the state does not join at this net price, joining is what staying out gives."
        if branch == "join"
        else "Costs are positive, rebates and savings negative.",
    )
    steps.heading([*years.names, "All years"], BY)
    found: dict[str, Live] = {}
    for line in LINES:

        def sums(one: str, line: str = line) -> list[Live]:
            return years.sums(cells.rows[one].lines[line, "state"])

        found[line] = with_total(
            steps, TITLES[line], by_branch(branch, adopts, sums), "medicaid_decision.ledgers"
        )
        for place, year in enumerate(years.names):
            book.name(f"out_{branch}_{line}_{year}", found[line][place])
    net = [total(*(found[line][place] for line in LINES)) for place in range(len(years.names))]
    found["net"] = with_total(steps, "State's own cost", net, "medicaid.state_cost", "sum")
    return found


def columns_of(sheet: Sheet, values: int, *, beside: bool = False) -> None:
    """Widths of a sheet of steps. beside: the calculator's functions stand last, not on paper."""
    sheet.widths |= {Steps.LABEL: 46.0, Steps.UNIT: 20.0, Steps.ENGINE: 36.0}
    if beside:
        sheet.engine_at = Steps.ENGINE + values
    sheet.widths |= {values_at(sheet) + place: 15.0 for place in range(values)}
    if beside:
        sheet.widths[values_at(sheet) + values] = 14.0


class ChartOf:
    """Native column charts below a table of years."""

    def __init__(self, sheet: Sheet, years: Years, row: int) -> None:
        self.sheet = sheet
        self.years = years
        self.row = row

    def add(
        self,
        title: str,
        series: Sequence[tuple[str, Live, str]],
        place: int,
        *,
        stacked: bool = False,
    ) -> None:
        """A chart at the given place from the left. series: name, row of years, colour."""
        sheet, count = self.sheet, len(self.years.names)

        def insert(workbook: Any, target: Any) -> None:
            kind = {"type": "column"} | ({"subtype": "stacked"} if stacked else {})
            chart = workbook.add_chart(kind)
            for name, cells, colour in series:
                (ref,) = cells.parts
                assert isinstance(ref, Ref)
                row, column = ref.first
                chart.add_series(
                    {
                        "name": name,
                        "categories": [sheet.name, row - self._above(row), column,
                                       row - self._above(row), column + count - 1],
                        "values": [sheet.name, row, column, row, column + count - 1],
                        "fill": {"color": colour},
                        "border": {"none": True},
                        "gap": 80,
                    }
                )  # fmt: skip
            chart.set_title({"name": title, "name_font": {"size": 11, "bold": True}})
            chart.set_x_axis({"label_position": "low", "num_font": {"size": 9}})
            chart.set_y_axis(
                {
                    "num_format": MILLIONS,
                    "num_font": {"size": 9},
                    "major_gridlines": {"visible": True, "line": {"color": "#E3E8EB"}},
                    "line": {"none": True},
                }
            )
            chart.set_legend({"none": True} if len(series) == 1 else {"position": "bottom"})
            chart.set_size({"width": 560, "height": 330})
            target.insert_chart(
                self.row + 1,
                (Steps.LABEL, values_at(sheet))[place],
                chart,
                {
                    "x_offset": 4 + 150 * place,
                    "y_offset": 2,
                    "object_position": 2,
                    "description": title,
                },
            )

        sheet.finish.append(insert)

    def _above(self, row: int) -> int:
        """Rows up to the heading with the years."""
        up = 1
        while (
            self.sheet.cells.get((row - up, values_at(self.sheet)), ("",))[0] != self.years.names[0]
        ):
            up += 1
        return up


def by_branch(branch: str, adopts: Live, sums: Callable[[str], list[Live]]) -> list[Live]:
    """Sums of a branch; of joining, those of staying out where the state does not join."""
    found = sums(branch)
    if branch == "stay_out":
        return found
    return [
        where(adopts > 0, one, other) for one, other in zip(found, sums("stay_out"), strict=True)
    ]


def with_total(
    steps: Steps,
    label: str,
    cells: Sequence[Live],
    engine: str,
    look: str | None = None,
    number: str = "usd",
    unit: str = "USD",
) -> Live:
    """A row of years with their sum; the row as a range, the sum last."""
    sheet, row = steps.sheet, steps.sheet.row
    steps.row(label, unit, list(cells), engine, number, look)
    years = sheet.range(row, values_at(sheet), 1, len(cells))
    sheet.put(row, values_at(sheet) + len(cells), total(years), number, look)
    return sheet.range(row, values_at(sheet), 1, len(cells) + 1)
