"""Tables that users keep: CSV or xlsx, one row a thing, read with its row number."""

from __future__ import annotations

import csv
import math
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from calculator.errors import InputError

MOST = 1000
# What a workbook that is damaged somewhere may raise.
UNREADABLE = (zipfile.BadZipFile, zlib.error, SyntaxError, LookupError, ValueError, TypeError,
              AttributeError, EOFError, OSError)  # fmt: skip
YES, NO = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True)
class Row:
    """A row of a table, with what to say where a cell is wrong."""

    table: str  # plural, as in "sponsors"
    line: int
    cells: Mapping[str, str]

    def where(self, column: str) -> str:
        """The field of an error."""
        return f"{self.table}, row {self.line}, {column}"

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
    table: str, path: Path, required: tuple[str, ...], optional: tuple[str, ...]
) -> list[Row]:
    """The rows of a CSV or xlsx file with these columns, each `required[0]` once.

    InputError says which row and column is wrong.
    """
    rows = _rows(table, path)
    if not rows:
        raise InputError(table, "at least one row", "none")
    if len(rows) > MOST:
        raise InputError(table, f"up to {MOST:,} rows", f"{len(rows):,}")
    columns = rows[0].cells
    missing = [column for column in required if column not in columns]
    if missing:
        raise InputError(table, "the columns " + ", ".join(required), f"no {missing[0]}")
    unknown = [column for column in columns if column not in (*required, *optional)]
    if unknown:
        allowed = "only the columns " + ", ".join((*required, *optional))
        raise InputError(table, allowed, unknown[0] or "a column without a name")
    seen: dict[str, int] = {}
    for row in rows:
        name = row.text(required[0])
        if name in seen:
            given = f"{name} in rows {seen[name]} and {row.line}"
            raise InputError(table, f"each {required[0]} once", given)
        seen[name] = row.line
    return rows


def _rows(table: str, path: Path) -> list[Row]:
    """Rows that are not empty."""
    if not path.exists():
        raise InputError(table, "a CSV or xlsx file that exists", str(path))
    if path.is_dir() or path.suffix.lower() not in (".csv", ".xlsx"):
        raise InputError(table, "a file ending in .csv or .xlsx", path.name)
    if path.suffix.lower() == ".xlsx":
        lines = _sheet(table, path)
    else:
        try:
            with path.open(encoding="utf-8-sig", newline="") as stream:
                lines = list(csv.reader(stream, strict=True))
        except (UnicodeDecodeError, csv.Error):
            raise InputError(table, "a readable CSV file", path.name) from None
    if not lines:
        raise InputError(table, "a table with a heading", f"{path.name}, which is empty")
    head = [cell.strip().lower() for cell in lines[0]]
    twice = [column for column in head if column and head.count(column) > 1]
    if twice:
        raise InputError(table, "each column once", f"{twice[0]} twice")
    found = []
    for line, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(head):
            given = f"{len(cells)} in row {line}"
            raise InputError(table, f"{len(head)} cells in every row", given)
        found.append(
            Row(table, line, dict(zip(head, (cell.strip() for cell in cells), strict=True)))
        )
    return found


def _sheet(table: str, path: Path) -> list[list[str]]:
    """The first sheet of a workbook as text."""
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = [
            ["" if cell is None else str(cell) for cell in row]
            for row in sheet.iter_rows(values_only=True)
        ]
        book.close()
    except UNREADABLE:
        raise InputError(table, "a readable xlsx file", path.name) from None
    # A sheet is as wide as its widest row: empty cells at the end of a row are none.
    filled = [max((n + 1 for n, cell in enumerate(row) if cell.strip()), default=0) for row in rows]
    width = filled[0] if filled else 0
    return [row[: max(width, end)] for row, end in zip(rows, filled, strict=True)]
