"""The workbook as it is laid out: sheets of labelled cells, named cells, and writing it whole."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from calculator.exports import whole
from calculator.report.workbook import check_path
from calculator.report.workbook.cells import Live, Name, Ref
from calculator.settable import EPOCH

# A cell's kind, its look: what is typed, what is calculated, what comes from the engine.
INPUT, FORMULA, ENGINE = "input", "formula", "engine"
LOOKS: dict[str, dict[str, Any]] = {
    INPUT: {
        "font_color": "#1F4E9E",
        "bg_color": "#FFF9DB",
        "border": 1,
        "border_color": "#D5DCE0",
        "valign": "top",
    },
    FORMULA: {"font_color": "#000000", "valign": "top"},
    ENGINE: {"font_color": "#6B7681", "bg_color": "#F4F6F7", "valign": "top"},
    "changed": {
        "font_color": "#1F4E9E",
        "bg_color": "#FFE49A",
        "bold": True,
        "border": 1,
        "valign": "top",
    },
    "changed engine": {
        "font_color": "#6B7681",
        "bg_color": "#FFE49A",
        "bold": True,
        "valign": "top",
    },
    "outside": {"font_color": "#FFFFFF", "bg_color": "#B3261E", "bold": True},
    "title": {"bold": True, "font_size": 14, "font_color": "#12445C"},
    "head": {
        "bold": True,
        "bottom": 1,
        "font_color": "#12445C",
        "text_wrap": True,
        "valign": "top",
    },
    "number head": {
        "bold": True,
        "bottom": 1,
        "font_color": "#12445C",
        "text_wrap": True,
        "valign": "top",
        "align": "right",
    },
    "note": {"font_color": "#6B7681", "italic": True},
    "shrunk": {"font_color": "#6B7681", "italic": True, "shrink": True},
    "sentence": {"text_wrap": True, "valign": "top", "font_size": 12},
    "text": {},
    "unit": {"indent": 1, "align": "left"},
    "wrapped unit": {"indent": 1, "align": "left", "text_wrap": True, "valign": "top"},
    "sum note": {"font_color": "#6B7681", "italic": True, "top": 1},
    "indented": {"font_color": "#6B7681", "indent": 2, "text_wrap": True, "valign": "top"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "wrapped note": {"font_color": "#6B7681", "italic": True, "text_wrap": True, "valign": "top"},
    "sum": {"bold": True, "top": 1},
    "figure": {"bold": True, "font_size": 16, "font_color": "#12445C", "align": "left"},
}
NUMBERS = {
    "": "General",
    "usd": '$#,##0;[Red]"\u2212"$#,##0;$0',
    "cents": '$#,##0.00;[Red]"\u2212"$#,##0.00;$0.00',
    "share": "0.0%",
    "exact": "0.0000",
    "people": "#,##0",
    "amount": "#,##0.00",
    "tenths": "#,##0.0",
    "year": "0",
    "date": "yyyy-mm-dd",
    "plain": "0.00E+00",
    "fine": '$#,##0.0000;[Red]"\u2212"$#,##0.0000;$0',
    "thousandth": "0.00%",
    "month": '[>=1000]"never";0.0000',
}


def serial(day: dt.date) -> int:
    """A date as a spreadsheet counts it.

    >>> serial(dt.date(2027, 1, 1))
    46388
    """
    return (day - EPOCH).days


class PlainWorksheet(Worksheet):  # type: ignore[misc]
    """A worksheet whose formulas call old functions only: none is looked up to be renamed."""

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        # Twenty-nine searches of each formula are half of the time it takes to write a file.
        return formula.removeprefix("=")


class Sheet:
    """One sheet: cells are put where they are told; the last row used is remembered."""

    def __init__(self, book: Book, name: str) -> None:
        self.book = book
        self.name = name
        self.cells: dict[tuple[int, int], tuple[Any, str, str]] = {}  # (content, look, number)
        self.widths: dict[int, float] = {}
        self.heights: dict[int, float] = {}
        self.frozen = (0, 0)
        self.repeated = 0  # the first of the frozen rows that every page has
        # Where the functions of the calculator are named: the last column, not on paper; else the
        # third (layout.Steps).
        self.engine_at: int | None = None
        self.row = 0  # the next free row
        self.finish: list[Any] = []  # called with the xlsxwriter workbook and sheet: charts, lists
        self.landscape = True
        self.merged: list[tuple[int, int, int, int]] = []  # of long text: first, last row, column
        self.print_to: tuple[int, int] | None = None  # last row and column on paper

    def put(
        self, row: int, column: int, content: Any, number: str = "", look: str | None = None
    ) -> Live:
        """Write a formula (a Live), an engine value (a number) or text; the cell is returned."""
        if (row, column) in self.cells:
            raise ValueError(f"{self.name} row {row + 1} column {column + 1} is written twice")
        if isinstance(content, dt.date):
            content, number = serial(content), number or "date"
        kind = look or (FORMULA if isinstance(content, Live) else ENGINE)
        if isinstance(content, str) and look is None:
            kind = "text"
        self.cells[row, column] = (content, kind, number)
        self.row = max(self.row, row + 1)
        value = content.value if isinstance(content, Live) else content
        if isinstance(value, np.generic):
            value = value.item()
        return Live(value, (Ref(self.name, (row, column), (row, column)),))

    def down(
        self, row: int, column: int, cells: Sequence[Any], number: str = "", look: str | None = None
    ) -> Live:
        """Write cells below each other; the range is returned, one column wide."""
        for place, cell in enumerate(cells):
            self.put(row + place, column, cell, number, look)
        return self.range(row, column, len(cells), 1)

    def across(
        self, row: int, column: int, cells: Sequence[Any], number: str = "", look: str | None = None
    ) -> Live:
        """Write cells beside each other; the range is returned, one row high."""
        for place, cell in enumerate(cells):
            self.put(row, column + place, cell, number, look)
        return self.range(row, column, 1, len(cells))

    def range(self, row: int, column: int, rows: int, columns: int) -> Live:
        """Cells that were written, as a range."""
        values = [
            [self._value(row + down, column + right) for right in range(columns)]
            for down in range(rows)
        ]
        ref = Ref(self.name, (row, column), (row + rows - 1, column + columns - 1))
        if rows == columns == 1:
            return Live(values[0][0], (ref,))
        words = any(isinstance(value, str) for line in values for value in line)
        return Live(np.array(values, dtype=object if words else float), (ref,))

    def _value(self, row: int, column: int) -> Any:
        content = self.cells[row, column][0]
        return content.value if isinstance(content, Live) else content

    def title(self, text: str, note: str = "") -> None:
        """The sheet's first lines."""
        self.put(self.row, 0, text, look="title")
        if note:
            self.put(self.row, 0, note, look="note")
        self.row += 1

    def heading(self, row: int, column: int, names: Sequence[str]) -> None:
        """A line of headings."""
        for place, name in enumerate(names):
            self.put(row, column + place, name, look="head")

    def formulas(self) -> int:
        """How many cells hold a formula."""
        return sum(isinstance(content, Live) for content, _, _ in self.cells.values())


class Book:
    """Sheets in order, and the names of cells."""

    def __init__(self) -> None:
        self.sheets: dict[str, Sheet] = {}
        self.names: dict[str, Ref] = {}
        self.given: dict[object, str] = {}  # names of inputs, known when all are
        self.properties: dict[str, str] = {}

    def sheet(self, name: str) -> Sheet:
        """The sheet of that name, new at the end where there is none."""
        if name not in self.sheets:
            self.sheets[name] = Sheet(self, name)
        return self.sheets[name]

    def name(self, name: str, cell: Live) -> None:
        """Give a cell or a range that was written its name."""
        (ref,) = cell.parts
        if name in self.names:
            raise ValueError(f"{name} is given twice")
        if not isinstance(ref, Ref):
            raise TypeError(f"{name} is not a cell")
        self.names[name] = ref

    def named(self, key: object, value: Any) -> Live:
        """An input by a name that is settled later (`given`)."""
        return Live(value, (Name(key, self.given),))

    def formulas(self) -> int:
        """How many cells hold a formula."""
        return sum(sheet.formulas() for sheet in self.sheets.values())

    def values(self) -> Mapping[str, Any]:
        """Every named single cell's value."""
        found = {}
        for name, ref in self.names.items():
            if ref.first == ref.last:
                content = self.sheets[ref.sheet].cells[ref.first][0]
                found[name] = content.value if isinstance(content, Live) else content
        return found

    def write(self, path: Path) -> None:
        """The file, whole or not at all."""
        check_path(path)
        with whole(path) as name:
            self._write(str(name))

    def _write(self, path: str) -> None:
        options = {
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        }
        workbook = xlsxwriter.Workbook(path, options)
        workbook.set_properties(self.properties)
        workbook.set_calc_mode("auto")
        formats: dict[tuple[str, str], Any] = {}

        def form(look: str, number: str) -> Any:
            if (look, number) not in formats:
                wanted = {"font_name": "Calibri", "font_size": 10, **LOOKS[look]}
                wanted["num_format"] = NUMBERS[number]
                formats[look, number] = workbook.add_format(wanted)
            return formats[look, number]

        written = {name: workbook.add_worksheet(name, PlainWorksheet) for name in self.sheets}
        for name, sheet in self.sheets.items():
            target = written[name]
            for column, width in sheet.widths.items():
                target.set_column(column, column, width)
            for row, height in sheet.heights.items():
                target.set_row(row, height)
            for top, left, bottom, right in sheet.merged:
                # Before its cell is written: merging writes over it.
                target.merge_range(top, left, bottom, right, "", form("text", ""))
            for (row, column), (content, look, number) in sheet.cells.items():
                style = form(look, number)
                if isinstance(content, Live):
                    target.write_formula(
                        row, column, "=" + content.text(name), style, _stored(content, name, row)
                    )
                elif isinstance(content, str):
                    target.write_string(row, column, content, style)
                elif content is None or content != content:
                    target.write_blank(row, column, None, style)
                elif isinstance(content, bool):
                    target.write_boolean(row, column, content, style)
                else:
                    target.write_number(row, column, _shown(float(content), number), style)
            target.freeze_panes(*sheet.frozen)
            target.hide_gridlines(2)
            if sheet.landscape:
                target.set_landscape()
            target.set_paper(1)
            target.fit_to_pages(1, 0)
            last_column = max((column for _, column in sheet.cells), default=0)
            if sheet.engine_at is not None:
                last_column = sheet.engine_at - 1
            target.print_area(0, 0, *(sheet.print_to or (max(sheet.row - 1, 0), last_column)))
            if sheet.frozen[0]:
                target.repeat_rows(sheet.repeated, sheet.frozen[0] - 1)
            target.set_footer("&L&F&C&A&RPage &P of &N")
            for step in sheet.finish:
                step(workbook, target)
        for key, ref in self.names.items():
            workbook.define_name(key, "=" + ref.text(""))
        workbook.close()


def _shown(value: float, number: str) -> float:
    """A figure of the calculator, 0 where its look would show nothing with a minus."""
    least = {"usd": 0.5, "cents": 0.005}.get(number, 0.0)
    return 0.0 if -least < value < 0.0 else value


def _stored(content: Live, sheet: str, row: int) -> Any:
    """The value beside a formula."""
    value = content.value
    if isinstance(value, str | bool | np.bool_):
        return bool(value) if isinstance(value, np.bool_) else value
    if not math.isfinite(value):
        raise ValueError(f"{sheet} row {row + 1} has no value: {content.text(sheet)}")
    return float(value)
