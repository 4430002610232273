"""Tables that users keep: CSV or xlsx, one row a thing, read with its row number."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from calculator.errors import InputError
from calculator.settable import NO, YES
from calculator.workbook_file import cell_name, opened, refuse_other_formats, rows_of

MOST = 1000
MOST_COLUMNS = 256
MOST_BYTES = 20_000_000
# What other programs put between columns, in words.
OTHER_MARKS = {";": "semicolons", "\t": "tabs"}
# Lines that may be empty beside those with something in them.
SPARE = 10_000


@dataclass(frozen=True)
class Row:
    """A row of a table, with what to say where a cell is wrong."""

    table: str  # plural, as in "sponsors"
    line: int
    cells: Mapping[str, str]
    # What a sheet's cells hold, text, number, date or yes or no; empty for a CSV, which is all text
    typed: Mapping[str, object] = field(default_factory=dict)

    def where(self, column: str) -> str:
        """The field of an error: row and column, in a sheet with the cell."""
        place = f"{self.table}, row {self.line}, {column}"
        if not self.typed or column not in self.cells:
            return place
        return f"{place} (cell {cell_name([*self.cells].index(column), self.line)})"

    def text(self, column: str) -> str:
        """A text that is there."""
        if not self.cells.get(column):
            raise InputError(self.where(column), "a text", "nothing")
        return self.cells[column]

    def number(self, column: str, low: float, high: float) -> float | None:
        """A number within limits; None for an empty cell."""
        text = self.cells.get(column, "").replace(",", "")
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise InputError(self.where(column), f"a number from {low:g} to {high:,g}", text)
        return value

    def given(self, column: str, low: float, high: float) -> float:
        """A number within limits that is there."""
        value = self.number(column, low, high)
        if value is None:
            raise InputError(self.where(column), f"a number from {low:g} to {high:,g}", "nothing")
        return value

    def flag(self, column: str, default: bool) -> bool:
        """Yes or no; the default for an empty cell."""
        word = self.cells.get(column, "").lower()
        if word not in (*YES, *NO, ""):
            raise InputError(self.where(column), "yes or no", word)
        return word in YES if word else default


def read_table(
    table: str,
    path: Path,
    required: tuple[str, ...],
    optional: tuple[str, ...] | None,
    most: int = MOST,
) -> list[Row]:
    """The rows of a CSV or xlsx file with these columns, each `required[0]` once.

    optional: None lets any other column be, for the caller to check. A file with more than `most`
    rows is refused as soon as that shows. InputError says which row and column is wrong.
    """
    rows = _rows(table, path, most, required)
    if not rows:
        raise InputError(table, "at least one row", "none")
    columns = rows[0].cells
    missing = [column for column in required if column not in columns]
    if missing:
        raise InputError(table, "the columns " + ", ".join(required), f"no {missing[0]}")
    known = columns if optional is None else (*required, *optional)
    unknown = [column for column in columns if column not in known or not column]
    if unknown:
        allowed = "only the columns " + ", ".join((*required, *(optional or ("paths",))))
        raise InputError(table, allowed, unknown[0] or "a column without a name")
    seen: dict[str, int] = {}
    for row in rows:
        name = row.text(required[0])
        if name in seen:
            given = f"{name} in rows {seen[name]} and {row.line}"
            raise InputError(table, f"each {required[0]} once", given)
        seen[name] = row.line
    return rows


def _rows(table: str, path: Path, most: int, required: tuple[str, ...]) -> list[Row]:
    """Rows that are not empty."""
    if not path.exists():
        raise InputError(table, "a CSV or xlsx file that exists", str(path))
    refuse_other_formats(table, path)
    if path.is_dir() or path.suffix.lower() not in (".csv", ".xlsx"):
        raise InputError(table, "a file ending in .csv or .xlsx", path.name)
    sheet = path.suffix.lower() == ".xlsx"
    lines = _sheet(table, path, most + SPARE) if sheet else _text(table, path, most + SPARE)
    head: list[str] = []
    found: list[Row] = []
    for line, values in enumerate(lines, start=1):
        cells = [_cell(value) for value in values]
        if line == 1:
            head = [cell.lower() for cell in cells]
            twice = [column for column in head if column and head.count(column) > 1]
            if twice:
                raise InputError(table, "each column once", f"{twice[0]} twice")
            for mark, name in OTHER_MARKS.items():
                if len(cells) == 1 and mark in cells[0] + str(values[0]):
                    raise InputError(table, "columns divided by commas", name)
            continue
        if set(required) <= {cell.lower() for cell in cells} and not set(required) & set(head):
            allowed = f"the columns {', '.join(required)} in row 1"
            raise InputError(table, allowed, f"them in row {line}")
        if not any(cells):
            continue
        if len(found) == most:
            raise InputError(table, f"up to {most:,} rows", f"{most + 1:,} or more")
        if sheet:
            # A sheet's row ends with its last cell that is not empty.
            short = len(head) - len(cells)
            cells, values = cells + [""] * short, [*values, *[None] * short]
        if len(cells) != len(head):
            given = f"{len(cells)} in row {line}"
            many = f"{len(head)} cell{'' if len(head) == 1 else 's'}"
            raise InputError(table, f"{many} in every row", given)
        by_name = dict(zip(head, cells, strict=True))
        typed = dict(zip(head, values, strict=True)) if sheet else {}
        found.append(Row(table, line, by_name, typed))
    if not any(head):
        raise InputError(table, "a table with a heading", f"{path.name}, which is empty")
    return found


def _cell(value: object) -> str:
    """A cell as text on one line, as it would stand in a CSV file."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return " ".join(str(value).split())


def _text(table: str, path: Path, most: int) -> Iterator[list[object]]:
    """The lines of a CSV file."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        given = f"{path.name}, which has {size:,}"
        raise InputError(table, f"a file of up to {MOST_BYTES:,} bytes", given)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            for line, cells in enumerate(csv.reader(stream, strict=True), start=1):
                if line > most:
                    raise InputError(table, f"up to {most:,} lines", f"{line:,} or more")
                if len(cells) > MOST_COLUMNS:
                    given = f"{len(cells):,} in row {line}"
                    raise InputError(table, f"up to {MOST_COLUMNS} columns", given)
                yield list(cells)
    except UnicodeDecodeError:
        given = f"{path.name}, which is not text in UTF-8"
        raise InputError(table, "a readable CSV file", given) from None
    except csv.Error:
        raise InputError(table, "a readable CSV file", path.name) from None


def _sheet(table: str, path: Path, most: int) -> Iterator[list[object]]:
    """The lines of a workbook's first sheet; a formula is refused, its value may be out of date."""
    with opened(table, path, streamed=True) as book:
        sheet = book.worksheets[0]
        for line, row in enumerate(rows_of(sheet, table, most, MOST_COLUMNS), start=1):
            for index, cell in enumerate(row):
                if cell.data_type in ("f", "e"):
                    given = f"{cell.value} in cell {cell_name(index, line)}"
                    kind = "a value, not a formula" if cell.data_type == "f" else "a value"
                    raise InputError(f"{table}, row {line}", kind, given)
            yield [cell.value for cell in row]
