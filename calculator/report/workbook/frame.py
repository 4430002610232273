"""The sheets that every workbook has beside its Summary: Assumptions, Checks and About."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from calculator import __version__
from calculator.assumptions import load_assumptions, scenario_files
from calculator.register import Register, day_word
from calculator.report.workbook.book import ENGINE, Book, Sheet
from calculator.report.workbook.cells import (
    Live,
    Ref,
    absolute,
    largest,
    total,
    where,
)
from calculator.report.workbook.inputs import Inputs, Row
from calculator.report.workbook.limits import EMPTY, Counts, number_of, shown_as
from calculator.report.workbook.summary import Checked, Full
from calculator.result import Decision
from calculator.scenario import Scenario, load_scenario

INPUTS, ASSUMPTIONS, CHECKS, ABOUT = (
    "Inputs",
    "Assumptions",
    "Checks",
    "About",
)
# What counts as 0 beside the largest amount.
TOLERANCE = 1e-9


def base_register(scenario: Scenario) -> Register:
    """The register of the shipped scenario that this one starts from, for what was changed."""
    shipped = scenario_files()
    base = scenario.name if scenario.name in shipped else scenario.extends
    if base in shipped:
        return load_scenario(base).register()
    return load_assumptions(str(scenario.terms["package"]))


# --------------------------------------------------------------------------------- the assumptions


HEADS = ("Path", "What it is", "From", "Value", "Unit", "Status", "Source", "Low", "High",
         "Changed", "Note")  # fmt: skip


def assumptions(book: Book, inputs: Inputs) -> None:
    """Every figure that this run rests on: value, unit, status, source, range, changed.

    A value that is an input follows its cell.
    """
    sheet = book.sheet(ASSUMPTIONS)
    register, base = inputs.register, inputs.base
    sheet.title(
        "Assumptions",
        "Every figure and word that this decision reads, with what it rests on. Black values follow"
        " the sheet Inputs; grey ones are in this file as they were when it was written.",
    )
    sheet.heading(sheet.row, 0, HEADS)
    sheet.frozen = (sheet.row, 1)
    widths = (48, 46, 11, 14, 20, 13, 44, 10, 10, 10, 70)
    sheet.widths |= dict(enumerate(map(float, widths)))
    shown = {path for _, path, _ in inputs.rows}
    for path, entry in register.entries.items():
        if path not in register.read | shown:
            continue
        for since, dated in sorted(entry.values.items()):
            row = sheet.row
            at = "" if since.year <= 1900 else since.isoformat()
            sheet.put(row, 0, path)
            sheet.put(row, 1, entry.label)
            sheet.put(row, 2, at)
            cell = _cell(inputs, path, since)
            if cell is not None:
                sheet.put(row, 3, cell, shown_as(number_of(entry.unit), cell.value))
            else:
                value: Any = dated.value
                if dated.grow is not None:
                    value = float(register.number(path, since)[0])
                if isinstance(value, bool):
                    value = "yes" if value else "no"
                number = shown_as(number_of(entry.unit), value)
                sheet.put(row, 3, EMPTY if value is None else value, number, ENGINE)
            sheet.put(row, 4, entry.unit)
            sheet.put(row, 5, dated.status.replace("_", " "))
            sheet.put(row, 6, _source(register, dated.source))
            if dated.range is not None:
                sheet.put(row, 7, dated.range.low)
                sheet.put(row, 8, dated.range.high)
            if _changed(register, base, path, since):
                sheet.put(row, 9, "changed", look="changed")
            note = dated.note or entry.note or ""
            sheet.put(row, 10, " ".join(note.split()), look="note")


def _cell(inputs: Inputs, path: str, since: dt.date) -> Live | None:
    """The input's cell, where the formulas follow it and it is not empty."""
    for prefix in ("in", "at"):
        row: Row | None = inputs.rows.get((prefix, path, since))
        if row is None:
            continue
        content = row.content
        value = content.value if isinstance(content, Live) else content
        if isinstance(value, bool):
            value = "yes" if value else "no"
        if value is None or value != value or isinstance(value, dt.date):
            return None
        return inputs.book.named((prefix, path, since), value)
    return None


def _source(register: Register, key: str) -> str:
    found = register.tree.sources.get(key)
    return key if found is None else f"{found.title} ({found.publisher}, {found.date})"


def _changed(register: Register, base: Register, path: str, since: dt.date) -> bool:
    if {path, f"{path}.{day_word(since)}"} & register.changed:
        return True
    before = base.entries.get(path)
    now = register.entries[path].values[since].value
    then = before.values.get(since) if before is not None else None
    return then is None or then.value != now


# --------------------------------------------------------------------------------------- the checks


def checks(
    book: Book,
    identities: Sequence[tuple[str, Live]],
    scale: Live,
    value: tuple[Live, Live],
    *,
    counts: Counts,
    refusals: Sequence[tuple[str, Live]] = (),
    full: Decision | None = None,
    points: int = 0,
) -> Checked:
    """Sums that must hold, what the calculator would refuse, and the figure at full resolution.

    identities: sentences with a gap that must be 0 against `scale`; refusals: sentences with 1
    where the calculator would refuse such inputs; value: total and PMPM; points: of spending a
    group in this file.
    """
    sheet = book.sheet(CHECKS)
    sheet.widths |= {0: 70.0, 1: 20.0, 2: 16.0, 3: 16.0}
    sheet.title("Checks", "They are worked out anew with every change of an input.")
    for note in (
        "A gap is what a sum misses. It counts as 0 where it is below a billionth of the largest"
        " amount: what is left then is rounding.",
        "In the last column 0 means that a check holds, 1 that it does not; of inputs, how many are"
        " outside what is allowed.",
    ):
        sheet.put(sheet.row, 0, note, look="note")
    sheet.row += 1
    tolerance = sheet.put(sheet.row, 1, TOLERANCE, "plain")
    sheet.put(sheet.row - 1, 0, "Counts as 0: a gap of at most this share of the largest amount")
    size = sheet.put(sheet.row, 1, largest(absolute(scale), 1), "usd")
    sheet.put(sheet.row - 1, 0, "The largest amount, USD")
    _columns(sheet, sheet.row + 1, ["Sums that must hold", "Gap", "Verdict", "1: broken"])
    bad: list[Live] = []
    for sentence, gap in identities:
        row = sheet.row
        sheet.put(row, 0, sentence)
        cell = sheet.put(row, 1, gap, "plain")
        broken = sheet.put(row, 3, where(absolute(cell) > tolerance * size, 1, 0))
        sheet.put(row, 2, where(broken > 0, "broken", "holds"), look="unit")
        bad.append(broken)
    _columns(
        sheet, sheet.row + 1, ["What the calculator would refuse", "", "Verdict", "1: refused"]
    )
    inside = "Every input is within its limits, and a word is one of its list (red on Inputs)"
    for sentence, flag in ((inside, counts.outside), *refusals):
        row = sheet.row
        sheet.put(row, 0, sentence)
        refused = sheet.put(row, 3, flag, "people")
        sheet.put(row, 2, where(refused > 0, "refused", "holds"), look="unit")
        bad.append(refused)
    row = sheet.row + 1
    sheet.put(row, 0, "Broken or refused", look="sum")
    count = sheet.put(row, 1, total(*bad), "", look="sum")
    sheet.put(row, 2, where(count > 0, "broken", "all hold"), look="sum")
    book.name("checks_broken", count)
    row = sheet.row + 1
    sheet.put(row, 0, "Inputs changed since this file was written (orange on Inputs)")
    sheet.put(row, 1, counts.changed, "people")
    found = None if full is None else _full(sheet, value, full, counts.changed, points)
    return Checked(count, found)


def _columns(sheet: Sheet, row: int, names: Sequence[str]) -> None:
    """Headings over a text and numbers."""
    for place, name in enumerate(names):
        sheet.put(row, place, name, look="number head" if place in (1, 3) else "head")


def _full(
    sheet: Sheet, value: tuple[Live, Live], full: Decision, changed: Live, points: int
) -> Full:
    """The figure at full resolution beside this file's."""
    whole, pmpm = value
    row = sheet.row + 1
    for place, name in enumerate(("Beside the calculator at full resolution", "USD", "USD PMPM")):
        sheet.put(row, place, name, look="number head" if place else "head")
    row = sheet.row

    def line(label: str, cells: Sequence[Any], numbers: Sequence[str]) -> list[Live]:
        at = sheet.row
        sheet.put(at, 0, label)
        return [
            sheet.put(at, 1 + place, cell, number)
            for place, (cell, number) in enumerate(zip(cells, numbers, strict=True))
        ]

    money_look = ("usd", "cents")
    line("Value of joining in this file now", [whole, pmpm], money_look)
    written = line(
        "Value of joining in this file as written", [float(whole.value), float(pmpm.value)],
        money_look,
    )  # fmt: skip
    best = line(
        "At full resolution, for the inputs as written", [full.value.total, full.value.pmpm],
        money_look,
    )  # fmt: skip
    gap = line(
        "This file less full resolution, as written",
        [one - other for one, other in zip(written, best, strict=True)],
        ("usd", "fine"),
    )
    share = where(absolute(best[0]) > 0, absolute(gap[0]) / absolute(best[0]), 0)
    line("as a share of the value", [share], ("thousandth",))
    line(
        "The inputs are as written",
        [where(changed > 0, "no: full resolution needs a new run", "yes")],
        ("",),
    )
    (used,) = line("Points of spending a group in this file", [float(points)], ("people",))
    sheet.put(
        sheet.row,
        0,
        "This file has fewer strata of spending than the calculator; the aim is a difference under"
        " 1% of the value or one cent PMPM.",
        look="note",
    )
    return Full(used, best[0], gap[0], gap[1])


# ---------------------------------------------------------------------------------------- about


LEGEND = (
    ("input", "An input: change it, within what the column Allowed says, and everything follows."),
    ("changed", "An input that differs from the shipped scenario."),
    ("formula", "A formula."),
    ("engine", "A value of the calculator, as it was when this file was written."),
)


def about(
    book: Book,
    decision: Decision,
    sheets: Mapping[str, str],
    *,
    notes: Sequence[str] = (),
) -> None:
    """What this file is, how to read it, and the scenario that it was made from."""
    sheet = book.sheet(ABOUT)
    sheet.widths |= {0: 24.0, 1: 120.0}
    sheet.title("About this workbook")
    lines = (
        ("Decision", f"{decision.scenario.name}: {decision.scenario.label}"),
        ("Calculator", __version__),
        ("Fingerprint", decision.fingerprint),
    )
    names = {"Calculator": "calculator_version", "Fingerprint": "fingerprint"}
    for label, text in lines:
        row = sheet.row
        sheet.put(row, 0, label, look="text")
        cell = sheet.put(row, 1, text, look=ENGINE)
        if label in names:
            book.name(names[label], cell)
    reading = (
        "The formulas are the calculator's own model at its workbook resolution. Each cell carries"
        " the value it had when the file was written.",
        "An input's name is in_ and its path with underscores, a result's out_value_... or"
        " out_join_... and out_stay_out_... with its line and year.",
        f"balance decide FILE.xlsx reads this file back: the scenario below, and each input cell"
        f" that was changed ({decision.scenario.program}).",
        *notes,
    )
    sheet.heading(sheet.row + 1, 0, ["How to read it", ""])
    for text in reading:
        sheet.put(sheet.row, 1, text, look="wrapped")
    sheet.heading(sheet.row + 1, 0, ["Colours", ""])
    for look, text in LEGEND:
        row = sheet.row
        word = "calculator" if look == ENGINE else look
        sheet.put(row, 0, word.capitalize(), look=look)
        sheet.put(row, 1, text)
    sheet.heading(sheet.row + 1, 0, ["Sheets", ""])
    for name, what in sheets.items():
        row = sheet.row
        sheet.put(row, 0, name)
        sheet.put(row, 1, what)
    sheet.heading(sheet.row + 1, 0, ["The scenario", ""])
    first = sheet.row
    written = decision.scenario.to_yaml().rstrip("\n").split("\n")
    for line in written:
        sheet.put(sheet.row, 1, line, look="text")
    book.names["scenario_file"] = Ref(ABOUT, (first, 1), (first + len(written) - 1, 1))
    sheet.landscape = False
