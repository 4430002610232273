"""A book's results as one workbook: values from the engine, labelled as such, and no formula."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from calculator import __version__
from calculator.analysis.portfolio import Portfolio, Program
from calculator.analysis.portfolio_table import NAME, SCENARIO, Book
from calculator.report import portfolio as report
from calculator.report.figures import COLOURS
from calculator.report.workbook import book as layout
from calculator.report.workbook.book import Sheet

SUMMARY, PLANS, BY_YEAR, INPUTS, ABOUT = "Summary", "Plans", "By year", "Inputs", "About"
FROM_ENGINE = (
    "Values from the engine, not formulas: change a plan in the book and run it again."
    " Fingerprint: {fingerprint}"
)
WIDE, NARROW, WORDS = 34.0, 13.0, 100.0
# Of the sheet Plans, which has to be read on one page across.
PLANS_WIDTHS = {0: 6.0, 1: 26.0, 2: 20.0, 3: 15.0, 4: 8.0, 5: 9.0}
PLANS_HEAD = 45.0
PLANS_SCALE = 54
# Headings of the sheet Plans, with how their numbers are written.
HEADINGS = (
    ("Rank", "people"),
    ("Plan", ""),
    ("Scenario", ""),
    ("Program", ""),
    ("Row of the book", "people"),
    ("Joins if each may choose", ""),
    ("Value, USD", "usd"),
    ("Running total, USD", "usd"),
    ("Present value, USD", "usd"),
    ("Value, USD PMPM", "cents"),
    ("Member-months", "people"),
    ("Treated member-years, joining", "people"),
    ("Result joining, USD", "usd"),
    ("Result staying out, USD", "usd"),
)
RANK, VALUE, RUNNING = 0, 6, 7
# Headings that begin the second page.
RESULTS = HEADINGS[-2:]
# Two charts side by side over the columns of the summary.
CHART_ROWS, CHART_WIDTH, CHART_HEIGHT, LAST = 18, 465, 290, 4
HEAD_HEIGHT = 32.0


def write(found: Portfolio, book: Book, path: Path) -> None:
    """The results of a book as a workbook, whole or not at all."""
    file = layout.Book()
    file.properties = {
        "title": "What joining the BALANCE model is worth, plan by plan",
        "subject": found.file,
        "comments": report.record(found),
    }
    for name in (SUMMARY, PLANS, BY_YEAR, INPUTS, ABOUT):
        file.sheet(name)
    rows = _plans(file.sheet(PLANS), found)
    lines = _by_year(file.sheet(BY_YEAR), found)
    _summary(file.sheet(SUMMARY), found, rows, lines)
    _inputs(file.sheet(INPUTS), found, book)
    _about(file.sheet(ABOUT), found, book)
    file.write(path)


def _start(sheet: Sheet, title: str, found: Portfolio) -> None:
    """Title, and the line that says what these numbers are."""
    sheet.title(title)
    note = FROM_ENGINE.format(fingerprint=found.fingerprint)
    sheet.put(sheet.row, 0, note, look="note")
    sheet.row += 1


def _summary(
    sheet: Sheet,
    found: Portfolio,
    plans: dict[str, tuple[int, int]],
    lines: dict[str, tuple[int, int, int]],
) -> None:
    """The answer in a sentence, then the two ways terms may go, and the pictures."""
    sheet.widths = {0: 44.0, **dict.fromkeys(range(1, LAST + 1), 22.0)}
    sheet.title(f"What joining is worth: {found.file}")
    # The page is as wide as the charts.
    sheet.put(0, LAST, "")
    breaks = []
    for sentence in report.sentences(found):
        sheet.put(sheet.row, 0, sentence, look="sentence")
        _merged(sheet, sheet.row - 1)
    note = FROM_ENGINE.format(fingerprint=found.fingerprint)
    sheet.put(sheet.row, 0, note, look="note")
    for program in found.programs.values():
        sheet.row += 1
        label = report.PROGRAM_LABELS[program.program]
        ways = [name for name, _ in report.ways(program)]
        _heads(sheet, sheet.row, [f"{label}, USD", *ways], ["", *["usd"] * len(ways)])
        breaks.append(sheet.row - 1)
        for name, number, key in (
            ("Plans that join" if program.program == "part_d" else "Programs that join",
             "people", "plans"),
            ("Value", "usd", "total"),
            ("Present value", "usd", "present_value"),
            ("PMPM over all members", "cents", "pmpm"),
        ):  # fmt: skip
            row = sheet.row
            sheet.put(row, 0, name)
            for column, (_, sums) in enumerate(report.ways(program), start=1):
                sheet.put(row, column, getattr(sums, key), number)
        row = sheet.row
        sheet.put(row, 0, "All or none")
        sheet.put(row, 2, "join" if program.joins_as_one else "stay out")
        row = sheet.row
        sheet.put(row, 0, "Being free to choose is worth")
        sheet.put(row, 1, program.worth_of_choosing, "usd")
        _charts(sheet, program, plans[program.program], lines[program.program])
    sheet.row += 1
    for note in report.notes(found):
        sheet.put(sheet.row, 0, note, look="note")
    sheet.finish.append(lambda _, target: target.set_h_pagebreaks(breaks[1:]))


def _merged(sheet: Sheet, row: int) -> None:
    """A sentence over the sheet's columns, two lines high."""
    sheet.heights[row] = 34.0
    sentence = sheet.cells[row, 0][0]

    def merge(workbook: Any, target: Any) -> None:
        look = {"text_wrap": True, "valign": "top", "font_size": 12, "font_name": "Calibri"}
        target.merge_range(row, 0, row, LAST, "", workbook.add_format(look))
        target.write_string(row, 0, sentence, workbook.add_format(look))

    sheet.finish.append(merge)


def _charts(
    sheet: Sheet, program: Program, plans: tuple[int, int], lines: tuple[int, int, int]
) -> None:
    """How value adds up as plans join, and by year; both read the other sheets."""
    top = sheet.row + 1
    sheet.row = top + CHART_ROWS
    label = report.PROGRAM_LABELS[program.program]
    blue, grey = COLOURS["light"]["plan"], COLOURS["light"]["low_income"]
    first, last = plans
    line, years, head = lines
    unit = "Plans" if program.program == "part_d" else "Programs"

    def axis(name: str, number: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {"name": name, "name_font": {"bold": False, "size": 9}}
        return {**found, **({"num_format": number} if number else {}), "label_position": "low"}

    def draw(workbook: Any, target: Any) -> None:
        added = workbook.add_chart({"type": "scatter", "subtype": "straight"})
        added.add_series({
            "name": "Running total",
            "categories": [PLANS, first, RANK, last, RANK],
            "values": [PLANS, first, RUNNING, last, RUNNING],
            "line": {"color": blue, "width": 2},
            **({"marker": {"type": "circle"}} if first == last else {}),
        })  # fmt: skip
        added.set_title({"name": f"{label}: value as plans join, best first",
                         "name_font": {"size": 11}})  # fmt: skip
        added.set_x_axis({**axis(f"{unit} that join", "#,##0"), "min": 0})
        added.set_y_axis(axis("USD", '$#,##0,,"M"'))
        by_year = workbook.add_chart({"type": "column"})
        for column, colour in ((1, blue), (2, grey)):
            by_year.add_series({
                "name": [BY_YEAR, head, column],
                "categories": [BY_YEAR, line, 0, line + years - 1, 0],
                "values": [BY_YEAR, line, column, line + years - 1, column],
                "fill": {"color": colour},
            })  # fmt: skip
        by_year.set_title({"name": f"{label}: value by {report.PERIODS[program.program]}",
                           "name_font": {"size": 11}})  # fmt: skip
        by_year.set_x_axis(axis(report.PERIODS[program.program].capitalize()))
        by_year.set_y_axis(axis("USD", '$#,##0,,"M"'))
        by_year.set_legend({"position": "bottom"})
        added.set_legend({"none": True})
        for chart, column in ((added, 0), (by_year, 2)):
            chart.set_size({"width": CHART_WIDTH, "height": CHART_HEIGHT})
            words = f"{label}: the numbers are on the sheets {PLANS} and {BY_YEAR}."
            target.insert_chart(top, column, chart, {"description": words})

    sheet.finish.append(draw)


def _plans(sheet: Sheet, found: Portfolio) -> dict[str, tuple[int, int]]:
    """Every plan, best first; first and last line of each program."""
    periods = report.every_period(found)
    _start(sheet, "Every plan, best value first within its program", found)
    years = " and ".join(
        f"{report.PERIODS[name]}s of {report.PROGRAM_LABELS[name]}" for name in found.programs
    )
    sheet.put(sheet.row - 1, 0, f"The years at the right are {years}.", look="note")
    head = sheet.row
    names = [name for name, _ in HEADINGS] + [f"{period}, USD" for period in periods]
    numbers = [number for _, number in HEADINGS] + ["usd"] * len(periods)
    _heads(sheet, head, names, numbers)
    sheet.heights[head] = PLANS_HEAD
    sheet.frozen = (head + 1, 2)
    sheet.repeated = head
    sheet.widths = {**dict.fromkeys(range(len(names)), NARROW), **PLANS_WIDTHS}
    places = {}
    for program in found.programs.values():
        first = sheet.row
        for plan, running in zip(program.plans, report.running_total(program)[1:], strict=True):
            cells: list[object] = [
                plan.rank,
                plan.name,
                plan.scenario,
                report.PROGRAM_LABELS[plan.program],
                plan.line,
                "yes" if plan.joins else "no",
                plan.value.total,
                float(running),
                plan.value.present_value,
                plan.value.pmpm,
                sum(plan.member_months.values()),
                plan.treated_years,
                sum(plan.join.values()),
                sum(plan.stay_out.values()),
                *(plan.value.by_period.get(period) for period in periods),
            ]
            row = sheet.row
            for column, (cell, number) in enumerate(zip(cells, numbers, strict=True)):
                if cell is not None:
                    look = "wrapped unit" if isinstance(cell, str) else None
                    sheet.put(row, column, cell, number, look)
            if len(plan.name) > PLANS_WIDTHS[1]:
                sheet.heights[row] = HEAD_HEIGHT
        places[program.program] = (first, sheet.row - 1)
    _two_pages(sheet, len(HEADINGS) - len(RESULTS))
    last, width = sheet.row - 1, len(names) - 1
    sheet.finish.append(lambda _, target: target.autofilter(head, 0, last, width))
    return places


def _two_pages(sheet: Sheet, column: int) -> None:
    """What a plan is worth on one page, its results and years on the next, its name on both."""

    def pages(_: Any, target: Any) -> None:
        target.set_print_scale(PLANS_SCALE)
        target.set_v_pagebreaks([column])
        target.repeat_columns(0, 1)

    sheet.finish.append(pages)


def _heads(sheet: Sheet, row: int, names: Sequence[str], numbers: Sequence[str]) -> None:
    """Headings, over numbers at the right as these are."""
    for column, (name, number) in enumerate(zip(names, numbers, strict=True)):
        sheet.put(row, column, name, look="number head" if number else "head")


def _by_year(sheet: Sheet, found: Portfolio) -> dict[str, tuple[int, int, int]]:
    """Both ways and both branches by period; where each program's lines are."""
    _start(sheet, "Value and result by period", found)
    sheet.widths = {0: 30.0, **dict.fromkeys(range(1, 5), 22.0)}
    sheet.frozen = (sheet.row, 1)
    places = {}
    for program in found.programs.values():
        sheet.row += 1
        period = report.PERIODS[program.program]
        label = report.PROGRAM_LABELS[program.program]
        head = sheet.row
        _heads(sheet, head, [
            f"{label}, USD by {period}",
            *(f"Value: {name.lower()}" for name, _ in report.ways(program)),
            "Result of all plans, joining",
            "Result of all plans, staying out",
        ], ["", *["usd"] * 4])  # fmt: skip
        sheet.heights[head] = HEAD_HEIGHT
        join, stay_out = program.branch("join"), program.branch("stay_out")
        first = sheet.row
        for one in program.periods:
            row = sheet.row
            sheet.put(row, 0, one)
            ways = [sums.by_period[one] for _, sums in report.ways(program)]
            sheet.across(row, 1, [*ways, join[one], stay_out[one]], "usd")
        places[program.program] = (first, len(program.periods), head)
        row = sheet.row
        sheet.put(row, 0, "Total", look="sum")
        totals = [sums.total for _, sums in report.ways(program)]
        sheet.across(row, 1, [*totals, sum(join.values()), sum(stay_out.values())], "usd", "sum")
        sheet.put(sheet.row, 0, f"Value is {report.VALUES[program.program]}.", look="note")
    return places


def _inputs(sheet: Sheet, found: Portfolio, book: Book) -> None:
    """The book as it was read: an empty cell is the scenario's own value."""
    _start(sheet, f"The book as read: {book.file}", found)
    head = sheet.row
    names: Sequence[str] = (NAME, SCENARIO, *book.columns)
    sheet.heading(head, 0, names)
    sheet.frozen = (head + 1, 1)
    sheet.widths = {**dict.fromkeys(range(len(names)), 20.0), 0: WIDE}
    for entry in book.entries:
        row = sheet.row
        sheet.put(row, 0, entry.name)
        sheet.put(row, 1, entry.scenario)
        for column, path in enumerate(book.columns, start=2):
            if path in entry.settings:
                sheet.put(row, column, _shown(entry.settings[path]), look=layout.INPUT)


def _shown(value: Any) -> Any:
    """A setting as it is typed."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _about(sheet: Sheet, found: Portfolio, book: Book) -> None:
    """What made these figures, and how to read them."""
    sheet.title("About these figures")
    sheet.widths = {0: 24.0, 1: WORDS}
    lines = [
        ("Made by", f"balance-calculator {__version__}"),
        ("Book", found.file),
        ("Plans", f"{len(found.plans):,}"),
        ("Resolution", found.resolution),
        ("Fingerprint", found.fingerprint),
        ("", "sha256 of the book's scenarios and settings, all assumptions and the version."),
        ("Value", "Joining less staying out, USD; positive is good for whoever pays."),
        *(
            (report.PROGRAM_LABELS[name], f"Value is {report.VALUES[name]}.")
            for name in found.programs
        ),
        *(("", note) for note in report.notes(found)),
        *(
            ("Scenario", f"{name}: {known.scenario.label}")
            for name, known in book.scenarios.items()
        ),
    ]
    for name, words in lines:
        row = sheet.row
        sheet.put(row, 0, name)
        sheet.put(row, 1, words, look="wrapped")
