"""An empty workbook of inputs: every field with its unit and limits, defaults shown beside.

It is filled in, saved and run: `balance decide FILE.xlsx` reads its input cells. An empty one takes
the default of the shipped scenario chosen at the top.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calculator import __version__, fields
from calculator.assumptions import scenario_files
from calculator.errors import InputError
from calculator.register import day_word
from calculator.report.workbook.book import INPUT, NUMBERS, Book, Sheet, serial
from calculator.report.workbook.inputs import HEADINGS, SECTIONS, WIDTHS
from calculator.scenario import CHANGES, PROGRAMS, Scenario, load_scenario, shipped_of
from calculator.settable import MIX, PACKAGE, Settable
from calculator.workbook_input import ASSUMPTIONS, INPUTS, PATH, START_FROM, VALUE, input_name

ABOUT, DEFAULTS = "About", "Defaults"
# Read from claims or set in a scenario's file, not typed in cells.
LEFT_OUT = ("observed", "spending", "uncertainty")
NONE, PRESET = "none", "preset"
START = {"part_d": "pdp_regional", "medicaid": "state_not_covering"}
FIRST_DAY, LAST_DAY = dt.date(2020, 1, 1), dt.date(2060, 12, 31)
EXAMPLES = {
    "therapy.persistence_points": "{3: 0.8, 12: 0.5}",
    "uptake.quarterly_fills_per_1000": "[0.5, 1.1, 1.6]",
    "uptake.monthly_fills": "[900, 1000, 1500]",
}


@dataclass(frozen=True)
class Line:
    """One input: its path, what it is, and its default in each scenario."""

    path: str
    label: str
    unit: str
    allowed: str
    kind: str  # number, date, word, yes or no, list
    bounds: tuple[float, float] | None
    choices: tuple[str, ...]
    defaults: tuple[Any, ...]


def write(path: Path, program: str = "part_d", start: str | None = None) -> None:
    """An empty input workbook of a program, whole or not at all.

    start: the shipped scenario chosen at first. InputError for one that is not of the program.
    """
    book(program, start).write(path)


def book(program: str, start: str | None = None) -> Book:
    """The sheets of a template."""
    if program not in PROGRAMS:
        raise InputError("--program", "one of " + ", ".join(PROGRAMS), program)
    found = {name: load_scenario(name) for name in scenario_files()}
    scenarios = {name: one for name, one in found.items() if one.program == program}
    start = shipped_of("--scenario", program, start or START[program])
    file = Book()
    file.properties = {"title": f"Inputs of balance-calculator {__version__}", "subject": program}
    for name in (INPUTS, ASSUMPTIONS, DEFAULTS, ABOUT):
        file.sheet(name)
    known = {name: Settable(one) for name, one in scenarios.items()}
    own, changes = _own_lines(known), _change_lines(known)
    levers = [line for line in changes if line.path.startswith("terms.")]
    rest = [line for line in changes if not line.path.startswith("terms.")]
    fill = _Sheets(file, list(scenarios), start)
    fill.inputs([*own, *levers], scenarios)
    fill.assumptions(rest)
    fill.about(scenarios)
    return file


# ------------------------------------------------------------------------------------- the lines


def _own_lines(known: dict[str, Settable]) -> list[Line]:
    """The scenario's own fields, its mix product by product, and its terms package."""
    first = next(iter(known.values()))
    titles = dict(fields.walk(type(first.scenario)))
    lines = []
    for path in first.scenario.paths():
        if path not in first.paths or path.split(".")[0] in LEFT_OUT or path == MIX:
            continue
        title = titles[path].title if path in titles else None
        if path == PACKAGE:
            title = "Terms package"
        if path.startswith("groups."):
            group = path.split(".")[1].replace("_", " ").capitalize()
            title = f"{group}: {(title or path)[0].lower()}{(title or path)[1:]}"
        if path.startswith(f"{MIX}."):
            title = f"Share of starters on {path.removeprefix(f'{MIX}.')}"
        defaults = [_default(one, path) for one in known.values()]
        lines.append(_line(first, path, title or path, defaults))
    return lines


def _default(known: Settable, path: str) -> Any:
    """A field's value in a shipped scenario; a product that is not in its mix has no share."""
    if path.startswith(f"{MIX}."):
        return known.scenario.therapy.mix.get(path.removeprefix(f"{MIX}."), 0.0)
    if path == PACKAGE:
        return str(known.scenario.terms["package"])
    value = fields.value_at(known.scenario, path)
    entry = known.register.entries.get(path)
    if value is None and entry is not None:
        published = any(dated.value is not None for dated in entry.values.values())
        return PRESET if published else None
    return value


def _change_lines(known: dict[str, Settable]) -> list[Line]:
    """Levers and assumptions, those with several dates date by date; growth has no cell."""
    first = next(iter(known.values()))
    lines = []
    for path, entry in first.register.entries.items():
        if path.split(".")[0] not in CHANGES:
            continue
        dated = len(entry.values) > 1 and not path.startswith("terms.") and entry.kind == "number"
        days: Sequence[dt.date | None] = sorted(entry.values) if dated else [None]
        for day in days:
            at = path if day is None else f"{path}.{day_word(day)}"
            label = entry.label if day is None else f"{entry.label}, from {day.isoformat()}"
            defaults = [
                one.register.entries[path].values[day or max(one.register.entries[path].values)]
                for one in known.values()
            ]
            if any(one.grow is not None for one in defaults):
                continue
            lines.append(_line(first, at, label, [one.value for one in defaults]))
    return lines


def _line(known: Settable, path: str, label: str, defaults: Sequence[Any]) -> Line:
    """One input, with what its cell may hold."""
    limits = known.limits(path)
    choices = known.choices(path)
    kind, bounds = "list", None
    unit = "" if limits is None else limits.unit
    allowed = f"a list, such as {EXAMPLES[path]}" if path in EXAMPLES else ""
    if limits is not None and limits.kind == "number":
        kind, bounds = "number", limits.bounds
        low, high = limits.bounds or (0.0, 0.0)
        allowed = f"{low:,.12g} to {high:,.12g}" + (" or none" if limits.optional else "")
    elif known.is_flag(path):
        kind, choices, unit, allowed = "yes or no", ("yes", "no"), "yes or no", "yes or no"
    elif known.is_date(path):
        kind, unit, allowed = "date", "date", "a date"
    elif known.is_word(path):
        kind, unit, allowed = "word", "word", "one of " + ", ".join(choices)
        if len(allowed) > 2 * len(label) + 60:
            allowed = "one of the list"
    return Line(path, label, unit, allowed, kind, bounds, choices, tuple(map(_shown, defaults)))


def _shown(value: Any) -> Any:
    """A default as a cell shows it."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict | list):
        return str(value)
    return value


# ------------------------------------------------------------------------------------- the sheets


class _Sheets:
    """The sheets as they are filled."""

    def __init__(self, file: Book, names: list[str], start: str) -> None:
        self.file, self.names, self.start = file, names, start
        defaults = file.sheet(DEFAULTS)
        defaults.title("Defaults of the shipped scenarios; the input sheets show the chosen one's")
        defaults.heading(defaults.row, 0, ["Path", *names])
        defaults.frozen = (defaults.row, 1)
        defaults.widths = {0: 52.0, **dict.fromkeys(range(1, len(names) + 1), 18.0)}
        self.head = defaults.row - 1  # its line of names

    def inputs(self, lines: list[Line], scenarios: dict[str, Scenario]) -> None:
        """The fields of a scenario and its terms, under the choice of where they start."""
        sheet = self.file.sheet(INPUTS)
        sheet.title(
            "Inputs. Fill in what differs, save, and run: balance decide FILE.xlsx",
        )
        sheet.put(sheet.row, 0, "An empty cell takes the default shown beside it.", look="note")
        line = sheet.row
        sheet.put(line, 0, "Start from", look="head")
        cell = sheet.put(line, VALUE - 1, self.start, "", INPUT)
        sheet.put(line, VALUE, "scenario")
        sheet.put(line, VALUE + 2, "a shipped scenario; its values are the defaults", look="note")
        self.file.name(START_FROM, cell)
        self._offer(sheet, line, tuple(scenarios), "a shipped scenario")
        sheet.row += 1
        self._head(sheet)
        own = {line.path.split(".")[0]: None for line in lines}
        order = [*(name for name in SECTIONS if name in own),
                 *(name for name in own if name not in SECTIONS)]  # fmt: skip
        for section in order:
            title = SECTIONS.get(section, section.replace("_", " ").capitalize())
            sheet.put(sheet.row + 1, 0, title, look="head")
            for one in lines:
                if one.path.split(".")[0] == section:
                    self._line(sheet, one)

    def assumptions(self, lines: list[Line]) -> None:
        """Every figure that may be replaced, file by file."""
        sheet = self.file.sheet(ASSUMPTIONS)
        sheet.title("Assumptions. Replace a figure only where you know better; empty: the default")
        self._head(sheet)
        for section in dict.fromkeys(line.path.split(".")[1] for line in lines):
            sheet.put(sheet.row + 1, 0, section.replace("_", " ").capitalize(), look="head")
            for one in lines:
                if one.path.split(".")[1] == section:
                    self._line(sheet, one)

    def _head(self, sheet: Sheet) -> None:
        """Headings, in the columns of every input sheet."""
        names = (*HEADINGS[:-1], "Default")
        sheet.heading(sheet.row, 0, [names[0], *names[1:3], "", *names[4:]])
        sheet.frozen = (sheet.row, VALUE)
        sheet.widths = dict(enumerate((*WIDTHS[:3], 3, *WIDTHS[4:6], 20)))

    def _line(self, sheet: Sheet, line: Line) -> None:
        """An input: label, empty cell, unit, what is allowed, path, default."""
        row = sheet.row
        number = {"date": "date"}.get(line.kind, "share" if "share" in line.unit else "")
        sheet.put(row, 0, line.label)
        cell = sheet.put(row, VALUE - 1, None, number, INPUT)
        sheet.put(row, VALUE, line.unit)
        sheet.put(row, VALUE + 2, line.allowed, look="note")
        sheet.put(row, PATH - 1, line.path, look="note")
        self.file.name(input_name(line.path), cell)
        self._default(sheet, row, line, number)
        if line.choices:
            self._offer(sheet, row, line.choices, line.allowed)
        elif line.bounds is not None:
            low, high = line.bounds
            self._check(sheet, row, {"validate": "decimal", "minimum": low, "maximum": high}, line)
        elif line.kind == "date":
            days = {"minimum": FIRST_DAY, "maximum": LAST_DAY}
            self._check(sheet, row, {"validate": "date", **days}, line)

    def _check(self, sheet: Sheet, row: int, rule: dict[str, Any], line: Line) -> None:
        """A number or a date between limits."""
        rule = {**rule, "criteria": "between", "error_title": line.label[:32],
                "error_message": line.allowed[:255]}  # fmt: skip
        sheet.finish.append(
            lambda _, target: target.data_validation(row, VALUE - 1, row, VALUE - 1, rule)
        )

    def _offer(self, sheet: Sheet, row: int, choices: tuple[str, ...], allowed: str) -> None:
        """A list to choose from."""
        rule = {"validate": "list", "source": list(choices), "error_title": "Not in the list",
                "error_message": allowed[:255]}  # fmt: skip
        sheet.finish.append(
            lambda _, target: target.data_validation(row, VALUE - 1, row, VALUE - 1, rule)
        )

    def _default(self, sheet: Sheet, row: int, line: Line, number: str) -> None:
        """The default of the scenario chosen at the top, by a formula over the sheet Defaults."""
        defaults = self.file.sheet(DEFAULTS)
        at = defaults.row
        defaults.put(at, 0, line.path, look="note")
        for column, value in enumerate(line.defaults, start=1):
            content = serial(value) if isinstance(value, dt.date) else value
            defaults.put(at, column, content, number)
        now = line.defaults[self.names.index(self.start)]
        now = serial(now) if isinstance(now, dt.date) else now
        last = chr(ord("A") + len(self.names))
        names = f"{DEFAULTS}!$B${self.head + 1}:${last}${self.head + 1}"
        formula = f"=INDEX({DEFAULTS}!$B${at + 1}:${last}${at + 1},MATCH({START_FROM},{names},0))"
        column = PATH
        # Its place is taken, so that the page is as wide; the formula is written over it.
        sheet.put(row, column, "", number, "text")

        def write(workbook: Any, target: Any) -> None:
            form = workbook.add_format({"font_name": "Calibri", "font_size": 10,
                                        "font_color": "#6B7681", "align": "right",
                                        "num_format": NUMBERS[number]})  # fmt: skip
            target.write_formula(row, column, formula, form, now)

        sheet.finish.append(write)

    def about(self, scenarios: dict[str, Scenario]) -> None:
        """How the file is filled in and read."""
        sheet = self.file.sheet(ABOUT)
        sheet.title(f"An input workbook of balance-calculator {__version__}")
        sheet.widths = {0: 26.0, 1: 100.0}
        for name, words in _instructions(scenarios):
            row = sheet.row
            sheet.put(row, 0, name)
            sheet.put(row, 1, words, look="wrapped")


def _instructions(scenarios: dict[str, Scenario]) -> Iterator[tuple[str, str]]:
    yield "Fill in", "Yellow cells only. A list or a limit says what a cell takes."
    yield "Leave empty", "An empty cell takes the default of the scenario chosen under Start from."
    yield "preset", "A default that says preset is what is published for the state."
    yield "none", "Where none is allowed, the word none says that there is no such number."
    yield "Mix", "Give every product that starters take; the shares given are the whole mix."
    yield "Lists", "Points and paths of many numbers stand in one cell, as in the example beside."
    yield "By date", "A lever holds for all years; for one from a date on, use --set or a file."
    yield "Run", "balance decide FILE.xlsx, or FILE.xlsx wherever a scenario is asked for."
    yield (
        "Is read",
        "Input cells only: no formula, no merged or hidden cell. Keep names and sheets.",
    )
    for name, scenario in scenarios.items():
        yield name, scenario.label
