"""The Inputs sheet: one named cell for each number or word that the formulas read.

The formulas ask as the engine asks its register, by path and day; what was asked for becomes a
row. A path's cell is `in_` and the path with underscores; where several dated values of it are in
force, each has its date. What grows with an index is a formula under its own name.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from calculator import fields
from calculator.assumptions import Register, scenario_files
from calculator.register import day_word
from calculator.report.workbook.book import ENGINE, FORMULA, INPUT, Book, Sheet, serial
from calculator.report.workbook.cells import Live, rounded, summed
from calculator.report.workbook.limits import (
    EMPTY,
    HIGHEST,
    LIMITS,
    LOWEST,
    VALUE,
    WRITTEN,
    Counts,
    counted,
    limited,
    number_of,
    shown_as,
)
from calculator.scenario import Scenario, load_scenario
from calculator.schema import Assumption
from calculator.workbook_input import input_name

HEADINGS = ("", "Value", "Unit", "Status", "Allowed", "Path", "As shipped")
WIDTHS = (64, 16, 30, 14, 52, 56, 14)
LIVE_WIDTHS = (54, 15, 26, 13, 44, 54, 14, 13, 13, 10, 10, 14)
LINE = 13.0  # points of a line of text
COLOURS = (
    "Blue on yellow: an input, change it here. Orange: it differs from the shipped scenario, or was"
    " changed since this file was written. Red: outside its limits. Black: a formula. Grey: a value"
    " of the calculator, which needs a new file to change."
)
# Rows that follow from inputs: they stand after the inputs of their section.
FOLLOWS = ("exact", "step", "neutral", "at")
REST = "The rest: "
SECTIONS = {
    "plan": "Plan",
    "state": "State",
    "groups": "Groups",
    "uptake": "Uptake",
    "own_coverage": "Own coverage",
    "therapy": "Therapy",
    "rivals": "Rivals",
    "selection": "Selection",
    "terms": "Terms",
    "assumptions": "Assumptions",
}


@dataclass
class Row:
    """A line of the sheet before it has its place."""

    path: str
    since: dt.date | None  # where the value has a date
    label: str
    content: Any  # a value, or a formula
    look: str
    unit: str = ""
    status: str = ""
    allowed: str = ""
    bounds: tuple[float, float] | None = None
    choices: tuple[str, ...] | None = None
    prefix: str = "in"  # of its name; "": none
    number: str = ""
    shipped: Any = None
    optional: bool = False


class Inputs:
    """What the formulas read, and the sheet of it."""

    def __init__(self, book: Book, scenario: Scenario, register: Register, base: Register) -> None:
        """register: the run's; base: the same scenario's as shipped, for what was changed."""
        self.book = book
        self.scenario = scenario
        self.register = register
        self.base = base
        self.shipped = _shipped(scenario)
        self.rows: dict[tuple[str, str, dt.date | None], Row] = {}

    # -- reading as the register is read

    def number(self, path: str, day: dt.date | None = None) -> Live:
        """The number in force on a day, else the last one given; nan for an empty cell."""
        entry = self.register.entries[path]
        since, dated = self.register.dated(path, day or max(entry.values))
        value = float(self.register.number(path, since if entry.every_year else day)[0])
        if dated.grow is None:
            return self._row("in", path, since, value, INPUT)
        exact = self._exact(path, since)
        if entry.round_to is None:
            return exact
        step = self._row("step", path, None, entry.round_to, ENGINE, label="Rounded to: ")
        return self._row("at", path, since, rounded(exact / step) * step, FORMULA)

    def _exact(self, path: str, since: dt.date) -> Live:
        """A projected number, not rounded: growth compounds on unrounded values."""
        dated = self.register.entries[path].values[since]
        if dated.grow is None:
            return self.number(path, since)
        before, _ = self.register.dated(path, since - dt.timedelta(days=1))
        index = self._exact_of_index(f"assumptions.{dated.grow}", since)
        step = self.register.entries[path].round_to
        prefix = "exact" if step is not None else "at"
        label = "Not rounded: " if step is not None else ""
        grown = self._exact(path, before) * (1 + index)
        return self._row(prefix, path, since, grown, FORMULA, label=label)

    def _exact_of_index(self, path: str, day: dt.date) -> Live:
        since, _ = self.register.dated(path, day)
        return self._exact(path, since)

    def yearly(self, path: str, years: Iterable[int]) -> list[Live]:
        """The numbers in force on 1 January of each year."""
        return [self.number(path, dt.date(year, 1, 1)) for year in years]

    def neutral(self, path: str) -> Live:
        """A lever's value when no terms set it; it is no input."""
        value = float(self.register.neutral(path)[0])
        return self._row("neutral", path, None, value, ENGINE, label="Without the model: ")

    def word(self, path: str, day: dt.date | None = None) -> Live:
        """A word, or yes or no, of the terms, the assumptions or the scenario."""
        if path in self.register.entries:
            since, dated = self.register.dated(path, day or max(self.register.entries[path].values))
            value: Any = dated.value
        else:
            since, value = None, fields.value_at(self.scenario, path)
        return self._row("in", path, since, value, INPUT)

    def shares(self, prefix: str, names: Sequence[str]) -> list[Live]:
        """Shares that sum to 1: the last is what the others leave, and is no input."""
        given = [self.number(f"{prefix}.{name}") for name in names[:-1]]
        rest = 1 - summed(given) if given else Live(1.0, ("1",))
        last = f"{prefix}.{names[-1]}"
        return [*given, self._row("at", last, None, rest, FORMULA, label=REST)]

    def own(self, path: str) -> Live:
        """A field of the scenario that may be empty, as the scenario has it: no preset in it."""
        value = fields.value_at(self.scenario, path)
        cell = self._row("in", path, None, EMPTY if value is None else value, INPUT)
        # The limits of what is typed, which may be narrower than those of what is published.
        row, field = self.rows["in", path, None], dict(fields.walk(type(self.scenario)))[path]
        row.bounds, row.optional = fields.limits(field), not field.is_required()
        low, high = row.bounds
        row.allowed = f"a number from {low:,.12g} to {high:,.12g} {row.unit} or none"
        return cell

    def preset(
        self, path: str, content: Any, since: dt.date | None = None, *, status: str = ""
    ) -> Live:
        """What takes the place of an empty field: a formula, or a value that is no input."""
        look = FORMULA if isinstance(content, Live) else ENGINE
        key = ("preset", path, since)
        if key not in self.rows:
            told = self._told(path, self.register.entries.get(path))
            told |= {"label": f"Where empty: {told['label']}", "allowed": ""}
            told |= {"bounds": None, "choices": None}
            row = Row(path, since, content=content, look=look, prefix="preset", **told)
            row.status = status
            self.rows[key] = row
        return self.book.named(key, content.value if isinstance(content, Live) else content)

    def fixed(self, path: str, day: dt.date | None = None) -> Live:
        """A value that this file cannot change: it shapes the sheets or needs a solver.

        Grey, without an input's name; formulas follow it by `fixed_` and the path.
        """
        entry = self.register.entries.get(path)
        since: dt.date | None = None
        if entry is not None:
            since, _ = self.register.dated(path, day or max(entry.values))
        if entry is not None and entry.kind == "number":
            value: Any = float(self.register.number(path, day)[0])
        elif entry is not None:
            value = self.register.word(path, day)
        else:
            value = fields.value_at(self.scenario, path)
        return self._row("fixed", path, since if day else None, _text_of(value), ENGINE)

    def _row(
        self,
        prefix: str,
        path: str,
        since: dt.date | None,
        content: Any,
        look: str,
        *,
        label: str = "",
    ) -> Live:
        key = (prefix, path, since)
        entry = self.register.entries.get(path)
        if key not in self.rows:
            told = self._told(path, entry)
            row = Row(path, since, label + told.pop("label"), content, look, prefix=prefix, **told)
            if entry is not None and since is not None:
                row.status = entry.values[since].status
            if prefix == "in":
                row.shipped = self._as_shipped(path, since)
                row.look = "changed" if not _same(row.shipped, content) else INPUT
            else:
                if prefix == "fixed":
                    row.shipped = _text_of(self._as_shipped(path, since))
                    known = row.shipped is not None or entry is None
                    if known and self.shipped is not None and not _same(row.shipped, content):
                        row.look, row.status = "changed engine", "changed"
                row.bounds = row.choices = None
                row.allowed = "set before this file is written" if prefix == "fixed" else ""
            self.rows[key] = row
        value = content.value if isinstance(content, Live) else content
        if isinstance(value, bool):
            value = "yes" if value else "no"
        if isinstance(value, dt.date):
            value = serial(value)
        return self.book.named(key, EMPTY if value is None else value)

    def _told(self, path: str, entry: Assumption | None) -> dict[str, Any]:
        """Label, unit and limits of a path."""
        if entry is not None:
            kind = entry.kind
            bounds, choices, optional = entry.bounds, entry.choices, entry.optional
            found = {"label": entry.label, "unit": entry.unit, "allowed": entry.allowed()}
        else:
            field = dict(fields.walk(type(self.scenario)))[path]
            annotation = field.annotation
            kind = "yes or no" if annotation is bool else "word"
            words = getattr(annotation, "__args__", ())
            choices = tuple(one for one in words if isinstance(one, str)) or None
            bounds, optional = None, type(None) in words
            found = {
                "label": field.title or path,
                "unit": kind,
                "allowed": "one of " + ", ".join(choices) if choices else "",
            }
        if path.startswith("groups."):
            group = path.split(".")[1].replace("_", " ").replace("chip", "CHIP")
            found["label"] = found["label"].replace(group.lower(), group)
            if group not in found["label"]:
                found["label"] += f", {group}"
        if kind == "yes or no":
            choices, bounds = ("yes", "no"), None
            found["allowed"] = "yes or no"
        return {
            **found,
            "bounds": bounds,
            "choices": choices,
            "number": number_of(found["unit"]),
            "optional": optional,
        }

    def _as_shipped(self, path: str, since: dt.date | None) -> Any:
        """What the scenario has as shipped; None where it has no such value."""
        entry = self.base.entries.get(path)
        if entry is None or (since is None and self.shipped is not None):
            return None if self.shipped is None else fields.value_at(self.shipped, path)
        dated = entry.values.get(since) if since is not None else None
        if dated is None:
            return None
        if dated.grow is not None and since is not None:
            return float(self.base.number(path, since)[0])
        return EMPTY if dated.value is None else dated.value

    # -- writing

    def settle(self, sheet: Sheet) -> Counts:
        """Give every row its place and its name. Called once, when all formulas are written."""
        # Without its date a cell sets every date, so it has one where others follow from it.
        told = [path for (prefix, path, _) in self.rows if prefix in ("in", "at", "exact")]
        dates = {path: told.count(path) for path in told}
        for column, width in enumerate(LIVE_WIDTHS):
            sheet.widths[column] = width
        sheet.put(0, 0, "Inputs", look="title")
        sheet.put(1, 0, COLOURS, look="note")
        # The counts stand above the rows that they count.
        heading = 4
        numbers = {VALUE, len(HEADINGS) - 1, LOWEST, HIGHEST, WRITTEN}
        for column, name in enumerate((*HEADINGS, *LIMITS)):
            sheet.put(heading, column, name, look="number head" if column in numbers else "head")
        sheet.heights[heading] = 2 * LINE
        sheet.frozen = (heading + 1, VALUE + 1)
        sheet.repeated = heading
        for section, title in SECTIONS.items():
            keys = [key for key, row in self.rows.items() if row.path.split(".")[0] == section]
            if not keys:
                continue
            sheet.put(sheet.row + 1, 0, title, look="head")
            walked = [path for path, _ in fields.walk(type(self.scenario))]
            place = {path: at for at, path in enumerate([*walked, *self.register.entries])}
            keys.sort(key=lambda key: (place.get(key[1], -1), key[1], *_order(key)))
            follows = [key for key in keys if self._follows(key)]
            for key in keys:
                if key not in follows:
                    self._write(sheet, key, dated=dates.get(key[1], 0) > 1)
            if follows:
                sheet.put(sheet.row, 0, "Worked out from them, or without the model", look="note")
            for key in follows:
                self._write(sheet, key, dated=dates.get(key[1], 0) > 1)
        sheet.print_to = (sheet.row - 1, len(HEADINGS) - 1)
        return counted(sheet, heading + 1, sheet.row - 1)

    def _follows(self, key: tuple[str, str, dt.date | None]) -> bool:
        return key[0] in FOLLOWS and not self.rows[key].label.startswith(REST)

    def _write(self, sheet: Sheet, key: tuple[str, str, dt.date | None], *, dated: bool) -> None:
        row = self.rows[key]
        line = sheet.row
        many = dated or row.prefix in ("at", "exact", "preset", "fixed")
        since = row.since if many and row.since is not None and row.since.year > 1900 else None
        path = row.path if since is None else f"{row.path}.{day_word(since)}"
        label = row.label if since is None else f"{row.label}, from {since.isoformat()}"
        content = _yes_or_no(row.content)
        plain = content.value if isinstance(content, Live) else content
        # What has more digits than its unit's look is shown as it is.
        followed = isinstance(row.content, Live)
        number = row.number if followed else shown_as(row.number, plain)
        if followed and number == "share":
            number = "thousandth"
        indented = self._follows(key) or row.prefix == "preset"
        sheet.put(line, 0, label, look="indented" if indented else "wrapped")
        cell = sheet.put(line, VALUE, content, number, row.look)
        status = row.status.replace("_", " ")
        for column, text in enumerate((row.unit, status, row.allowed, path), start=VALUE + 1):
            sheet.put(
                line, column, text, look="wrapped note" if column > VALUE + 2 else "wrapped unit"
            )
        texts = zip((label, row.unit, row.allowed, path), (0, 2, 4, 5), strict=True)
        lines = max(math.ceil(len(text) / LIVE_WIDTHS[at]) for text, at in texts)
        if lines > 1:
            sheet.heights[line] = lines * LINE
        shipped = _yes_or_no(row.shipped)
        if row.prefix in ("in", "fixed") and shipped is not None:
            sheet.put(line, len(HEADINGS) - 1, shipped, number, ENGINE)
        if row.prefix:
            name = input_name(path, f"{row.prefix}_")
            self.book.given[key] = name
            self.book.name(name, cell)
        if row.prefix == "in":
            limited(sheet, line, row, cell, content)


def _yes_or_no(value: Any) -> Any:
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _text_of(value: Any) -> Any:
    """A value of several as one text."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {one}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(f"{one:g}" for one in value)
    return value


def _same(one: Any, other: Any) -> bool:
    empty = one is None or one != one
    return bool(empty and (other is None or other != other)) or one == other


def _order(key: tuple[str, str, dt.date | None]) -> tuple[bool, bool, str]:
    """Among cells of one path: what follows an empty field last, else formulas before inputs."""
    prefix, _, since = key
    return prefix == "preset", prefix == "in", str(since)


def _shipped(scenario: Scenario) -> Scenario | None:
    """The shipped scenario that it is, or starts from."""
    names = scenario_files()
    base = scenario.name if scenario.name in names else scenario.extends
    return load_scenario(base) if base in names else None
