"""Blocks of a sheet: months, ages or steps down, one quantity a column or a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import Live

# Rows above the first month: section, name, unit, and where the engine has the equation.
SECTION, NAME, UNIT, ENGINE_ROW, FIRST = 2, 3, 4, 5, 6
HEAD_HEIGHT = 45.0
SECTION_HEIGHT = 20.0
# Characters of column width on a page at full size, beside the first column.
PAGE_CHARACTERS = 88.0
# A heading of more characters takes two lines.
LONG, TWO_LINES = 14, 28.0


class Column:
    """One quantity down the rows of a block, written from the top."""

    def __init__(self, sheet: Sheet, row: int, column: int, number: str, look: str | None) -> None:
        self.sheet = sheet
        self.row = row
        self.column = column
        self.number = number
        self.look = look
        self.written = 0

    def put(self, content: Any) -> Live:
        """The next cell."""
        row = self.row + self.written
        self.written += 1
        return self.sheet.put(row, self.column, content, self.number, self.look)

    def __getitem__(self, place: int) -> Live:
        if not -self.written <= place < self.written:
            raise IndexError(f"{place} of {self.written}")
        return self.sheet.range(self.row + place % self.written, self.column, 1, 1)

    def part(self, first: int, stop: int) -> Live:
        """Cells from `first` to before `stop`, as a range."""
        return self.sheet.range(self.row + first, self.column, stop - first, 1)

    @property
    def whole(self) -> Live:
        """All cells written so far."""
        return self.part(0, self.written)


class Block:
    """Columns beside each other over the same rows, under four lines of heading."""

    def __init__(self, sheet: Sheet, column: int, count: int) -> None:
        self.sheet = sheet
        self.next = column
        self.count = count

    def section(self, title: str) -> None:
        """A heading over the columns that follow."""
        self.sheet.put(SECTION, self.next, title, look="title")

    def column(
        self,
        name: str,
        unit: str,
        engine: str = "",
        number: str = "",
        look: str | None = None,
        width: float = 12.0,
    ) -> Column:
        """A column to be written row by row. engine: the function that has the equation."""
        sheet, at = self.sheet, self.next
        self.next += 1
        sheet.put(NAME, at, name, look="head")
        sheet.put(UNIT, at, unit, look="shrunk")
        if engine:
            sheet.put(ENGINE_ROW, at, engine, look="shrunk")
        sheet.widths[at] = width
        return Column(sheet, FIRST, at, number, look)

    def filled(
        self,
        name: str,
        unit: str,
        make: Callable[[int], Any],
        engine: str = "",
        number: str = "",
        look: str | None = None,
    ) -> Column:
        """A column whose cell in each row does not rest on the one above."""
        column = self.column(name, unit, engine, number, look)
        for place in range(self.count):
            column.put(make(place))
        return column

    def gap(self) -> None:
        """A narrow empty column."""
        self.sheet.widths[self.next] = 2.0
        self.next += 1


def values_at(sheet: Sheet) -> int:
    """The column of a sheet of steps in which its values begin."""
    return Steps.VALUES if sheet.engine_at is None else Steps.ENGINE


class Steps:
    """Rows of steps: label, unit, where the engine has it, and values across."""

    LABEL, UNIT, ENGINE, VALUES = 0, 1, 2, 3

    def __init__(self, sheet: Sheet, title: str, note: str = "") -> None:
        self.sheet = sheet
        self.title(title, note)

    @property
    def _third(self) -> bool:
        return self.sheet.engine_at is None

    @property
    def engine_at(self) -> int:
        """The column in which the calculator's functions are named."""
        return self.ENGINE if self.sheet.engine_at is None else self.sheet.engine_at

    def title(self, title: str, note: str = "") -> None:
        """A heading over the steps that follow."""
        sheet = self.sheet
        sheet.row += 1
        sheet.put(sheet.row, 0, title, look="title")
        if note:
            sheet.put(sheet.row, 0, note, look="note")

    def heading(self, names: Sequence[str], first: str = "") -> None:
        """The line over the values."""
        sheet, row = self.sheet, self.sheet.row
        sheet.heading(row, 0, (first, "Unit"))
        sheet.put(row, self.engine_at, "Engine", look="head" if self._third else "note")
        for place, name in enumerate(names):
            sheet.put(row, values_at(sheet) + place, name, look="number head")
        if any(len(name) > LONG for name in names):
            sheet.heights[row] = TWO_LINES

    def row(
        self,
        label: str,
        unit: str,
        cells: Iterable[Any],
        engine: str = "",
        number: str = "",
        look: str | None = None,
    ) -> Live:
        """One step for every column; the cells as a range of one row."""
        sheet, row = self.sheet, self.sheet.row
        sheet.put(row, self.LABEL, label, look="sum" if look == "sum" else "text")
        sheet.put(row, self.UNIT, unit, look="sum note" if look == "sum" else "note")
        under = look == "sum" and self._third
        sheet.put(row, self.engine_at, engine, look="sum note" if under else "note")
        return sheet.across(row, values_at(sheet), list(cells), number, look)

    def running(
        self,
        label: str,
        unit: str,
        count: int,
        make: Callable[[Live | None, int], Any],
        engine: str = "",
        number: str = "",
    ) -> Live:
        """One step whose cells rest on the one before. make(the cell before or None, place)."""
        sheet, row = self.sheet, self.sheet.row
        sheet.put(row, self.LABEL, label, look="text")
        sheet.put(row, self.UNIT, unit, look="note")
        sheet.put(row, self.engine_at, engine, look="note")
        before: Live | None = None
        for place in range(count):
            before = sheet.put(row, values_at(sheet) + place, make(before, place), number)
        return sheet.range(row, values_at(sheet), 1, count)


def month_block(sheet: Sheet, months: Sequence[dt.date]) -> Block:
    """A block with the first day of each month in its first column."""
    block = Block(sheet, 0, len(months))
    block.filled("Month", "first day", lambda t: months[t], number="date")
    sheet.heights |= {NAME: HEAD_HEIGHT, SECTION: SECTION_HEIGHT}
    sheet.frozen = (FIRST, 1)
    return block


def printed_by_section(sheet: Sheet, scale: int) -> None:
    """Pages of a wide sheet: as many whole sections as find room, with the first column on each.

    scale: the share of its size, in per cent, at which its rows stand on a page.
    """
    starts = sorted(column for row, column in sheet.cells if row == SECTION and column > 0)
    last = max(column for _, column in sheet.cells) + 1
    room = PAGE_CHARACTERS * 100 / scale
    breaks, filled = [], 0.0
    for start, stop in zip(starts, [*starts[1:], last], strict=True):
        wide = sum(sheet.widths.get(column, 9.0) for column in range(start, stop))
        if filled and filled + wide > room:
            breaks.append(start)
            filled = 0.0
        filled += wide

    def pages(_: Any, target: Any) -> None:
        target.set_print_scale(scale)
        target.set_v_pagebreaks(breaks)
        target.repeat_columns(0, 0)

    sheet.finish.append(pages)


# A page on its side: inches across and down between its margins, and points of a row.
ACROSS, DOWN, ROW_POINTS = 9.5, 6.6, 13.0


def printed_by_block(sheet: Sheet, columns: int) -> None:
    """Pages of whole blocks: none begins on one page and ends on the next, where it has room.

    A block is what stands from a title in the first column to the next. columns: how many of the
    sheet's are on paper.
    """

    def pages(_: Any, target: Any) -> None:
        # Seven pixels a character, at 96 an inch. Where there is no Calibri columns are wider, so
        # that more rows find room than are counted on.
        wide = sum((sheet.widths.get(c, 9.0) * 7 + 5) / 96 for c in range(columns))
        scale = min(1.0, ACROSS / wide)
        room = DOWN * 72 / scale
        head = sum(sheet.heights.get(row, ROW_POINTS) for row in range(sheet.frozen[0]))
        titles = [row for (row, column), (_, look, _) in sorted(sheet.cells.items())
                  if look == "title" and column == 0 and row > 0]  # fmt: skip
        last = sheet.row if sheet.print_to is None else sheet.print_to[0] + 1
        breaks, filled = [], 0.0
        for start, stop in zip([0, *titles], [*titles, last], strict=True):
            high = sum(sheet.heights.get(row, ROW_POINTS) for row in range(start, stop))
            if filled > head and filled + high > room and start:
                breaks.append(start)
                filled = head
            filled += high
        target.set_h_pagebreaks(breaks)

    sheet.finish.append(pages)


def printed_on_one_page(sheet: Sheet) -> None:
    """The whole sheet on a page."""
    sheet.finish.append(lambda _, target: target.fit_to_pages(1, 1))
