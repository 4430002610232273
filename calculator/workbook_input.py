"""Reading a workbook back: its input cells and nothing else, each error with its cell.

Two kinds of file are read. One that `decide --xlsx` wrote carries the scenario as it was; an input
cell that differs from it is a change. One that `template` wrote names a shipped scenario to start
from; an empty cell leaves that scenario's own value.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calculator import fields
from calculator.assumptions import nearest, scenario_files
from calculator.errors import InputError
from calculator.scenario import Scenario, shipped_of
from calculator.settable import MIX, Settable
from calculator.workbook_file import cell_name, opened

FIELD = "workbook"
# Names of cells: what a file carries beside its inputs.
SCENARIO_FILE, START_FROM = "scenario_file", "start_from"
PREFIX = "in_"
INPUTS, ASSUMPTIONS = "Inputs", "Assumptions"
# Columns of an input sheet that are read: the value, and the path it belongs to (from 1).
VALUE, PATH = 2, 6
A_PATH = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")
DATED = re.compile(r"(.+)_(\d{4}_\d{2}_\d{2})")
MOST_LINES, MOST_LETTERS = 20_000, 1_000_000
SAME = 1e-12  # relative: what saving in another program may do to a number
# When a program's model begins and ends, where the scenario does not say.
SPANS = {
    "part_d": ("assumptions.timeline.part_d_start", "assumptions.timeline.model_end"),
    "medicaid": ("assumptions.coverage.medicaid_start", "assumptions.coverage.medicaid_end"),
}


def input_name(path: str, prefix: str = PREFIX) -> str:
    """The name of a path's input cell, or of another cell of that path by its prefix.

    >>> input_name("plan.members"), input_name("assumptions.uptake.initiation.2028_01_01")
    ('in_plan_members', 'in_assumptions_uptake_initiation_2028_01_01')
    """
    return prefix + path.replace(".", "_")


@dataclass(frozen=True)
class Cell:
    """An input cell: its name, where it is, and what is in it (None: empty)."""

    name: str
    place: str
    content: object


@dataclass(frozen=True)
class Filled:
    """What a workbook's input cells say, and the scenario they are laid over."""

    file: str
    text: str | None  # the scenario as a file, where the workbook carries it
    start: str | None  # else the shipped scenario to start from
    cells: Mapping[str, Cell]  # by name

    def place(self, path: str) -> str:
        """The field of an error about a path: its cell, if it has one."""
        for known in (path, path.rpartition(".")[0]):
            cell = self.cells.get(input_name(known))
            if cell is not None:
                return f"{cell.place} ({path})"
        return path

    def wrong(self, error: InputError) -> InputError:
        """The same error, at its cell."""
        return InputError(self.place(error.field), error.allowed, error.given)


# ------------------------------------------------------------------------------------- the cells


def read_cells(path: Path) -> Filled:
    """The input cells of a workbook that the calculator wrote. InputError names what is wrong."""
    with opened(FIELD, path, streamed=False) as book:
        names = book.defined_names
        exported = SCENARIO_FILE in names
        if not exported and START_FROM not in names:
            allowed = "one that balance decide or balance template wrote"
            raise InputError(FIELD, allowed, f"{path.name}, without a cell named {SCENARIO_FILE}")
        sheets = (INPUTS,) if exported else (INPUTS, ASSUMPTIONS)
        for name in sheets:
            _check_sheet(book, name)
        found = dict(_inputs(book, sheets))
        _check_rows(book, sheets)
        if exported:
            return Filled(path.name, _text(book), None, found)
        start = _read_cell(book, START_FROM, sheets)
        place, given = f"{start.place} ({START_FROM})", str(start.content or "nothing")
        program = _program(found)
        if program is not None:
            shipped_of(place, program, given)
        elif given not in scenario_files():
            raise InputError(place, "one of " + ", ".join(scenario_files()), given)
        return Filled(path.name, None, given, found)


def _program(cells: Iterable[str]) -> str | None:
    """The program that a template's input cells are of, by their names."""
    for program, section in (("part_d", "plan_"), ("medicaid", "state_")):
        if any(name.startswith(PREFIX + section) for name in cells):
            return program
    return None


def _check_sheet(book: Any, name: str) -> None:
    """An input sheet is there, in sight, and no longer than one could be."""
    if name not in book.sheetnames:
        given = "sheets " + ", ".join(book.sheetnames[:20])
        raise InputError(FIELD, f"a sheet named {name}", given)
    sheet = book[name]
    if not hasattr(sheet, "iter_rows"):
        raise InputError(f"sheet {name}", "cells", "a chart")
    if sheet.sheet_state != "visible":
        raise InputError(f"sheet {name}", "a sheet in sight", f"a {sheet.sheet_state} one")
    if sheet.max_row > MOST_LINES:
        raise InputError(f"sheet {name}", f"up to {MOST_LINES:,} lines", f"{sheet.max_row:,}")


def _inputs(book: Any, sheets: tuple[str, ...]) -> Iterator[tuple[str, Cell]]:
    """Every named input cell; the path beside it must be the one of its name."""
    for name in book.defined_names:
        if not name.startswith(PREFIX):
            continue
        cell = _read_cell(book, name, sheets)
        beside = str(_at(book, cell.place, PATH).value or "")
        if input_name(beside) != name:
            raise InputError(f"{cell.place}", f"the cell named {input_name(beside)}", name)
        yield name, cell


def _read_cell(book: Any, name: str, sheets: tuple[str, ...]) -> Cell:
    """A named cell of an input sheet, if it is one that may be read."""
    sheet_name, line, column = _single(book, name, sheets)
    sheet = book[sheet_name]
    place = f"{sheet_name}!{cell_name(column - 1, line)}"
    if column != VALUE:
        column_letter = cell_name(VALUE - 1, line)
        raise InputError(f"{name}", f"a cell of column {column_letter[0]}", place)
    for merged in sheet.merged_cells.ranges:
        inside = merged.min_row <= line <= merged.max_row
        if inside and merged.min_col <= column <= merged.max_col:
            raise InputError(f"{place} ({name})", "a cell of its own", f"merged in {merged.coord}")
    if sheet.row_dimensions[line].hidden:
        raise InputError(f"{place} ({name})", "a row in sight", "a hidden one")
    for dimension in sheet.column_dimensions.values():
        if dimension.hidden and dimension.min <= column <= dimension.max:
            raise InputError(f"{place} ({name})", "a column in sight", "a hidden one")
    cell = sheet.cell(line, column)
    if cell.data_type in ("f", "e"):
        kind = "a value, not a formula" if cell.data_type == "f" else "a value"
        content = getattr(cell.value, "text", cell.value)
        raise InputError(f"{place} ({name})", kind, str(content))
    return Cell(name, place, cell.value)


def _single(book: Any, name: str, sheets: tuple[str, ...]) -> tuple[str, int, int]:
    """Where a name points: sheet, line and column of one cell of an input sheet."""
    from openpyxl.utils.cell import range_boundaries

    said = str(book.defined_names[name].attr_text or "")
    problem = InputError(name, f"one cell of the sheet {' or '.join(sheets)}", said or "nothing")
    try:
        destinations = list(book.defined_names[name].destinations)
        ((sheet, area),) = destinations
        left, top, right, bottom = range_boundaries(area)
    except (ValueError, TypeError):
        raise problem from None
    if sheet not in sheets or left is None or top is None or (left, top) != (right, bottom):
        raise problem
    return sheet, top, left


def _at(book: Any, place: str, column: int) -> Any:
    """The cell of another column in the line of a place."""
    sheet, _, cell = place.partition("!")
    return book[sheet].cell(book[sheet][cell].row, column)


def _check_rows(book: Any, sheets: tuple[str, ...]) -> None:
    """Every line with a path has a value with a name: else an input would be lost unsaid."""
    named = set()
    for defined in book.defined_names.values():
        try:
            named |= {(sheet, area.replace("$", "")) for sheet, area in defined.destinations}
        except (ValueError, TypeError):
            continue  # a constant, or a name that points nowhere
    for name in sheets:
        for (cell,) in book[name].iter_rows(min_col=PATH, max_col=PATH):
            path = cell.value
            if not isinstance(path, str) or not A_PATH.fullmatch(path):
                continue
            place = cell_name(VALUE - 1, cell.row)
            if (name, place) not in named:
                allowed = f"a cell named {input_name(path)}"
                raise InputError(f"{name}!{place} ({path})", allowed, "one without a name")


def _text(book: Any) -> str:
    """The scenario as a file, one line in each cell of a column."""
    from openpyxl.utils.cell import range_boundaries

    said = str(book.defined_names[SCENARIO_FILE].attr_text or "")
    problem = InputError(SCENARIO_FILE, "a column of cells with the scenario", said or "nothing")
    try:
        ((sheet, area),) = book.defined_names[SCENARIO_FILE].destinations
        left, top, right, bottom = range_boundaries(area)
        cells = book[sheet]
    except (ValueError, TypeError, KeyError):
        raise problem from None
    if top is None or bottom is None or left != right or bottom - top > MOST_LINES:
        raise problem
    lines = []
    for (cell,) in cells.iter_rows(min_row=top, max_row=bottom, min_col=left, max_col=left):
        if cell.data_type in ("f", "e"):
            place = f"{sheet}!{cell.coordinate} ({SCENARIO_FILE})"
            raise InputError(place, "a line of the scenario", str(cell.value))
        lines.append("" if cell.value is None else str(cell.value))
    text = "\n".join(lines) + "\n"
    if len(text) > MOST_LETTERS:
        raise InputError(SCENARIO_FILE, f"up to {MOST_LETTERS:,} letters", f"{len(text):,}")
    return text


# ------------------------------------------------------------------------------------ what is set


def settings(filled: Filled, scenario: Scenario) -> dict[str, Any]:
    """What the cells set over their scenario: path -> value."""
    known = Settable(scenario)
    by_name = {input_name(path): path for path in known.paths}
    found: dict[str, Any] = {}
    mix: dict[str, Cell] = {}
    for name, cell in filled.cells.items():
        path = _path(name, by_name, known)
        if path is None:
            allowed = nearest(name.removeprefix(PREFIX).replace("_", "."), known.paths)
            raise InputError(f"{cell.place} ({name})", allowed, name)
        if path.startswith(f"{MIX}."):
            mix[path.rpartition(".")[2]] = cell
            continue
        if filled.start is not None:
            if cell.content is not None:
                found[path] = _value(known, path, cell)
            continue
        value = _none_or_value(known, path, cell)
        if not any(_same(value, own) for own in _own(known, path)):
            found[path] = value
    shares = _mix(filled, known, mix)
    if shares is not None:
        found[MIX] = shares
    return found


def _path(name: str, by_name: Mapping[str, str], known: Settable) -> str | None:
    """The path of an input's name; a date at its end is a date of the path before."""
    if name in by_name:
        return by_name[name]
    dated = DATED.fullmatch(name)
    if dated is None or dated[1] not in by_name:
        return None
    path = f"{by_name[dated[1]]}.{dated[2]}"
    try:
        return path if known.knows(path) else None
    except InputError:
        return None


def _value(known: Settable, path: str, cell: Cell) -> Any:
    """A cell's content as its path's kind."""
    try:
        return known.value(path, cell.content, text_only=False)
    except InputError as error:
        raise InputError(f"{cell.place} ({path})", error.allowed, error.given) from None


def _none_or_value(known: Settable, path: str, cell: Cell) -> Any:
    """The same where an empty cell says none."""
    if cell.content is not None:
        return _value(known, path, cell)
    limits = known.limits(path)
    if limits is not None and not limits.optional and "none" not in (limits.choices or ()):
        raise InputError(f"{cell.place} ({path})", limits.allowed(), "nothing")
    return "none" if limits is not None and limits.choices else None


def _own(known: Settable, path: str) -> list[Any]:
    """The scenario's own values of a path: any of these in its cell is no change.

    A cell without a date stands for the one value in force while the model runs; where there are
    several, for any of them.
    """
    if path.split(".")[0] not in ("terms", "assumptions") or path == "terms.package":
        return [fields.value_at(known.scenario, path)]
    at, day = known.register.locate(path)
    values = known.register.entries[at].values
    if day is not None:
        since = max((since for since in values if since <= day), default=min(values))
        return [values[since].value]
    start, end = _span(known)
    before = max((since for since in values if since <= start), default=min(values))
    days = [since for since in values if since == before or start < since <= end]
    return [values[since].value for since in {*days, max(values)}]


def _span(known: Settable) -> tuple[dt.date, dt.date]:
    """First and last day of the model in a scenario."""

    def day(name: str, path: str) -> dt.date:
        own: dt.date | None = fields.value_at(known.scenario, f"horizon.{name}")
        return own or known.register.day(path)

    start, end = SPANS[known.scenario.program]
    return day("start", start), day("end", end)


def _same(one: Any, other: Any) -> bool:
    """Whether two values are one: numbers up to what saving them does."""
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (one, other))
    if numbers:
        return math.isclose(one, other, rel_tol=SAME, abs_tol=0.0)
    return bool(one == other)


def _mix(filled: Filled, known: Settable, cells: Mapping[str, Cell]) -> dict[str, float] | None:
    """The mix, where it is changed: shares that sum to 1.

    In a file that carries its scenario the last product has what the others leave.
    """
    given = {
        product: _value(known, f"{MIX}.{product}", cell)
        for product, cell in cells.items()
        if cell.content is not None
    }
    own = known.scenario.therapy.mix
    if filled.start is not None:
        return given or None
    for product, cell in cells.items():
        if product not in given:
            raise InputError(f"{cell.place} ({MIX}.{product})", "a share from 0 to 1", "nothing")
    if not given or all(_same(given[product], own[product]) for product in given):
        return None
    rest = [product for product in own if product not in given]
    left = 1.0 - sum(given.values())
    if len(rest) != 1 or not -SAME <= left <= 1.0:
        places = _places(cells.values())
        raise InputError(f"{places} ({MIX})", "shares that sum to 1 at most", f"{1 - left:g}")
    return {product: given.get(product, max(left, 0.0)) for product in own}


def _places(cells: Iterable[Cell]) -> str:
    """Where some cells are."""
    return ", ".join(cell.place for cell in cells)
