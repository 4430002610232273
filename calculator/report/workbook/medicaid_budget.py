"""Budget request: total computable, federal and state by fiscal year, rebates apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calculator.model.arrays import MONTHS
from calculator.report.budget import LABELS
from calculator.report.workbook.book import Book, Sheet
from calculator.report.workbook.cells import Live
from calculator.report.workbook.layout import Column, Steps
from calculator.report.workbook.medicaid_cohort import BRANCHES, Treated
from calculator.report.workbook.medicaid_lines import GOVERNMENTS, Rows
from calculator.report.workbook.medicaid_payment import PaymentCells
from calculator.report.workbook.medicaid_people import CohortCells
from calculator.report.workbook.medicaid_result import (
    BLUE,
    CHART_ROWS,
    GREY,
    ChartOf,
    Years,
    by_branch,
    with_total,
)

USD = "USD"
# Measures whose columns add up, in the order of a budget request: key, unit, number.
MEASURES = (
    ("total_computable_gross", USD, "usd"),
    ("federal_gross", USD, "usd"),
    ("state_gross", USD, "usd"),
    ("rebates", USD, "usd"),
    ("total_computable_net", USD, "usd"),
    ("federal_net", USD, "usd"),
    ("state_net", USD, "usd"),
    ("state_net_uses_today", USD, "usd"),
    ("total_computable_net_cash", USD, "usd"),
    ("federal_net_cash", USD, "usd"),
    ("state_net_cash", USD, "usd"),
    ("premium_tax_to_state", USD, "usd"),
    ("managed_care_plans", USD, "usd"),
    ("fills", "fills", "people"),
    ("starts", "people", "people"),
    ("treated_years", "years", "tenths"),
    ("member_months", "member-months", "people"),
)
# The payers' colours on every chart.
FEDERAL_COLOUR, STATE_COLOUR = "#2F9C72", "#7A2B1C"
# Rows of a table beside its measures: a free one, the title and the heading.
TABLE_HEAD = 3
ENGINE = "medicaid_decision._measures"
NET = ("total_computable_net", "federal_net", "state_net")
# Categories of service as CMS's published CMS-64 data name them; no line numbers are given, since
# none was read on a current form.
CATEGORIES = (
    ("Prescribed Drugs", "USD, benefits", ("existing_glp1", "model_drugs")),
    ("Medicaid - MCO", "USD, benefits", ("capitation",)),
    ("Drug Rebate Offset - National", "USD, benefits", ("statutory_rebate",)),
    (
        "Drug Rebate Offset - State Sidebar Agreement",
        "USD, benefits",
        ("supplemental_rebate",),
    ),
    ("Other services: change in medical cost", "USD, benefits", ("offsets",)),
    ("State and Local Administration", "USD, administration", ("administration",)),
)
NOTES = (
    "States estimate on the CMS-37 (medical assistance and administration, total computable and"
    " federal share, this federal fiscal year and the next) and report on the CMS-64.",
    "Accrual. The CMS-64 takes a rebate in the quarter in which it is received: see the rows of"
    " cash above. That a BALANCE rebate counts as a state's supplemental agreement is the"
    " project's reading.",
    "The money of a separate CHIP is title XXI and is filed apart; here it is with the others."
    " Premium tax goes round between the governments and is in no line.",
)
FEDERAL, STATE = ("federal",), ("state",)


def _columns(rows: Rows, treated: Treated, cohort: CohortCells, key: str) -> list[Column]:
    """Monthly columns that sum to a measure."""
    for name, payers in (
        ("total_computable", GOVERNMENTS),
        ("federal", FEDERAL),
        ("state", STATE),
    ):
        gross = [rows.gross[payer] for payer in payers]
        if key == f"{name}_gross":
            return gross
        if key == f"{name}_net":
            return [*gross, *(rows.rebates[payer] for payer in payers)]
        if key == f"{name}_net_cash":
            return [*gross, *(rows.arriving[payer] for payer in payers)]
    if key == "state_net_uses_today":
        return rows.today["state"]
    if key == "premium_tax_to_state":
        return rows.tax
    if key == "fills":
        assert treated.fills is not None
        return [treated.fills]
    return {"starts": [treated.starts], "member_months": [cohort.enrolled]}[key]


def _sums(key: str, years: Years, rows: Rows, treated: Treated, cohort: CohortCells) -> list[Live]:
    """A measure by fiscal year."""
    if key == "rebates":
        return [-one for one in years.sums([rows.rebates[payer] for payer in GOVERNMENTS])]
    if key == "treated_years":
        return [one / MONTHS for one in years.sums([treated.on_therapy])]
    if key == "managed_care_plans":
        paid, received = (years.sums(rows.plans[one]) for one in ("drugs", "capitation"))
        return [one - other for one, other in zip(paid, received, strict=True)]
    return years.sums(_columns(rows, treated, cohort, key))


def budget_tables(
    book: Book,
    sheet: Sheet,
    years: Years,
    title: str,
    prefix: str,
    cells: PaymentCells,
    treated: Mapping[str, Treated],
    cohort: CohortCells,
    adopts: Live,
) -> dict[str, dict[str, Live]]:
    """What joining adds, then each branch; every cell of a branch is named."""
    heads = [*years.names, "All years"]
    top = sheet.row
    sheet.row = top + len(MEASURES) + TABLE_HEAD + CHART_ROWS
    found: dict[str, dict[str, Live]] = {}
    for branch, name in BRANCHES.items():
        steps = Steps(sheet, f"{title}: {name.lower()}")
        steps.heading(heads, f"By {title[0].lower()}{title[1:-1]}")
        found[branch] = {}
        for key, unit, number in MEASURES:

            def sums(one: str, key: str = key) -> list[Live]:
                return _sums(key, years, cells.rows[one], treated[one], cohort)

            row = with_total(
                steps, LABELS[key], by_branch(branch, adopts, sums), ENGINE,
                "sum" if key in NET else None, number, unit,
            )  # fmt: skip
            found[branch][key] = row
            for place, year in enumerate(years.names):
                book.name(f"{prefix}_{branch}_{key}_{year}", row[place])
    bottom, sheet.row = sheet.row, top
    steps = Steps(sheet, f"{title}: what joining adds")
    steps.heading(heads, f"By {title[0].lower()}{title[1:-1]}")
    found["added"] = {}
    for key, unit, number in MEASURES:
        both = [
            found["join"][key][place] - found["stay_out"][key][place]
            for place in range(len(years.names))
        ]
        found["added"][key] = with_total(
            steps, LABELS[key], both, "joining less staying out",
            "sum" if key in NET else None, number, unit,
        )  # fmt: skip
    chart = ChartOf(sheet, years, sheet.row)
    chart.add(
        f"What joining adds to net cost, {title.lower()}, USD",
        [
            ("Federal", found["added"]["federal_net"], FEDERAL_COLOUR),
            ("State", found["added"]["state_net"], STATE_COLOUR),
        ],
        0,
        stacked=True,
    )
    chart.add(
        f"Total computable after rebates, {title.lower()}, USD",
        [
            ("Staying out", found["stay_out"]["total_computable_net"], GREY),
            ("Joining", found["join"]["total_computable_net"], BLUE),
        ],
        1,
    )
    sheet.row = bottom
    return found


def categories(sheet: Sheet, years: Years, cells: PaymentCells, adopts: Live) -> None:
    """The lines by the categories in which CMS's forms take them, by federal fiscal year."""
    sheet.row += 1
    sheet.put(sheet.row, 0, "By the categories of CMS's expenditure and budget forms", look="title")
    for note in NOTES:
        sheet.put(sheet.row, 0, note, look="note")
    heads = [*years.names, "All years"]
    for branch, name in (("added", "what joining adds"), *BRANCHES.items()):
        steps = Steps(sheet, f"Federal fiscal years, by category: {name.lower()}")
        steps.heading(heads, "Category, by federal fiscal year")
        for label, series, lines in CATEGORIES:
            for kind, payers in (("total computable", GOVERNMENTS), ("federal share", FEDERAL)):

                def sums(
                    one: str, lines: Sequence[str] = lines, payers: Sequence[str] = payers
                ) -> list[Live]:
                    rows = cells.rows[one].lines
                    return years.sums(
                        [
                            column
                            for line in lines
                            for payer in payers
                            for column in rows[line, payer]
                        ]
                    )

                if branch == "added":
                    found = [
                        one - other
                        for one, other in zip(
                            by_branch("join", adopts, sums), sums("stay_out"), strict=True
                        )
                    ]
                else:
                    found = by_branch(branch, adopts, sums)
                with_total(
                    steps, f"{label}, {kind}", found, "medicaid_decision.ledgers", unit=series
                )
