"""A sponsor's book of plans, from a table: one row a plan, any path as a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from calculator.analysis.tables import Row, read_table
from calculator.assumptions import nearest, scenario_files
from calculator.errors import InputError
from calculator.scenario import Scenario, load_scenario
from calculator.settable import Settable

TABLE = "plans"
NAME, SCENARIO = "name", "scenario"
MOST_PLANS = 10_000
LONGEST_NAME = 200


@dataclass(frozen=True)
class Entry:
    """One plan of a book: its scenario and what is set over it."""

    row: Row
    name: str
    scenario: str
    settings: Mapping[str, Any]  # path -> value

    def wrong(self, error: InputError) -> InputError:
        """The same error, at this row and the column it is about."""
        path = error.field
        while path and path not in self.row.cells:
            path = path.rpartition(".")[0]
        if path in (NAME, SCENARIO) or not path:
            place = f"{TABLE}, row {self.row.line}"
            return InputError(f"{place}, {error.field}", error.allowed, error.given)
        about = "" if path == error.field else f", {error.field}"
        return InputError(self.row.where(path) + about, error.allowed, error.given)


@dataclass(frozen=True)
class Book:
    """All plans of a table, and the scenarios they start from."""

    file: str
    columns: tuple[str, ...]  # paths, in the table's order
    scenarios: Mapping[str, Settable]
    entries: tuple[Entry, ...]


def read_book(
    path: str | Path,
    *,
    own_files: bool = True,
) -> Book:
    """The plans of a CSV or xlsx table: name, scenario, and any path as a column.

    scenario: a shipped name or, with own_files, a scenario's file (from the table's own folder).
    An empty cell leaves the scenario's own value.
    InputError names the first row and column that is wrong.
    """
    place = Path(path)
    rows = read_table(TABLE, place, (NAME, SCENARIO), None, most=MOST_PLANS)
    columns = tuple(column for column in rows[0].cells if column not in (NAME, SCENARIO))
    scenarios: dict[str, Settable] = {}
    for row in rows:
        given = row.text(SCENARIO)
        if given not in scenarios:
            scenarios[given] = Settable(_scenario(row, given, place.parent if own_files else None))
    _check_columns(rows[0], columns, scenarios.values())
    entries = tuple(_entry(row, scenarios[row.text(SCENARIO)], columns) for row in rows)
    return Book(place.name, columns, scenarios, entries)


def _scenario(row: Row, given: str, folder: Path | None) -> Scenario:
    """The scenario a row names."""
    shipped = scenario_files()
    try:
        if given in shipped:
            return load_scenario(given)
        if folder is None:
            raise InputError(SCENARIO, "one of " + ", ".join(shipped), given)
        own = folder / given
        return load_scenario(own if own.is_file() else given)
    except InputError as error:
        about = "" if error.field == SCENARIO else f", {error.field}"
        raise InputError(row.where(SCENARIO) + about, error.allowed, error.given) from None


def _check_columns(row: Row, paths: tuple[str, ...], known: Iterable[Settable]) -> None:
    """Every column is a path of some scenario of the book, and none holds another."""
    known = list(known)
    head = Row(TABLE, 1, row.cells, row.typed)
    for path in paths:
        try:
            found = any(one.knows(path) for one in known)
        except InputError as error:
            raise InputError(head.where(path), error.allowed, error.given) from None
        if not found:
            every = list(dict.fromkeys(p for one in known for p in one.paths))
            raise InputError(head.where(path), nearest(path, every), path)
    for path in paths:
        above = path.rpartition(".")[0]
        if above in paths:
            # One value for all dates and one for a date: the table does not say which is first.
            allowed = f"{above}, or columns of its parts"
            raise InputError(head.where(path), allowed, f"both {above} and {path}")


def _entry(row: Row, known: Settable, paths: tuple[str, ...]) -> Entry:
    """One row, each cell checked."""
    if len(row.text(NAME)) > LONGEST_NAME:
        allowed = f"a name of up to {LONGEST_NAME} letters"
        raise InputError(row.where(NAME), allowed, f"{row.text(NAME)[:20]}...")
    settings = {}
    for path in paths:
        if not row.cells[path]:
            continue
        if not known.knows(path):
            program = known.scenario.program
            allowed = f"nothing: {row.text(SCENARIO)} ({program}) has no such path"
            raise InputError(row.where(path), allowed, row.cells[path])
        given = row.typed.get(path, row.cells[path])
        try:
            settings[path] = known.value(path, given, text_only=not row.typed)
        except InputError as error:
            raise InputError(row.where(path), error.allowed, error.given) from None
    return Entry(row, row.text(NAME), row.text(SCENARIO), settings)
