"""Rows of a benefit sheet: a value for the year, or one for each stratum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
)

LABEL, UNIT, ENGINE, FIRST, LENGTH, STOP, STRATA = range(7)
GROUP_NAMES = ("without low-income subsidy", "with low-income subsidy")


class Grid:
    """Rows of a benefit sheet: a value for the year, or one for each stratum."""

    def __init__(self, sheet: Sheet, count: int) -> None:
        self.sheet = sheet
        self.count = count  # strata of both groups
        self.each = count // len(GROUP_NAMES)

    def title(self, text: str, note: str = "") -> None:
        """A heading over the rows that follow."""
        self.sheet.row += 1
        self.sheet.put(self.sheet.row, LABEL, text, look="title")
        if note:
            self.sheet.put(self.sheet.row, LABEL, note, look="note")

    def told(self, label: str, unit: str, engine: str = "") -> int:
        """Label a row; its place is returned."""
        row = self.sheet.row
        self.sheet.put(row, LABEL, label)
        self.sheet.put(row, UNIT, unit, look="note")
        if engine:
            self.sheet.put(row, ENGINE, engine, look="note")
        return row

    def one(self, label: str, unit: str, cell: Any, engine: str = "", number: str = "") -> Live:
        """A value for the year."""
        return self.sheet.put(self.told(label, unit, engine), STRATA, cell, number)

    def row(
        self,
        label: str,
        unit: str,
        make: Callable[[int], Any],
        engine: str = "",
        number: str = "",
    ) -> Live:
        """A value for each stratum."""
        row = self.told(label, unit, engine)
        return self.sheet.across(row, STRATA, [make(k) for k in range(self.count)], number)

    def block(
        self,
        label: str,
        unit: str,
        lines: Sequence[Sequence[int]],
        make: Callable[[Live, int, int], Live],
        engine: str = "",
        number: str = "month",
    ) -> Live:
        """A value for each stratum and line. lines: numbers that head them (first, length, stop).

        make(heads as a row of cells, line, stratum). Returns the block.
        """
        top = self.sheet.row
        for place, heads in enumerate(lines):
            row = self.sheet.row
            self.sheet.put(row, LABEL, label if place == 0 else "")
            if place == 0:
                self.sheet.put(row, UNIT, unit, look="note")
                self.sheet.put(row, ENGINE, engine, look="note")
            at = self.sheet.across(row, FIRST, list(heads), look="note")
            for k in range(self.count):
                self.sheet.put(row, STRATA + k, make(at, place, k), number)
        return self.sheet.range(top, STRATA, len(lines), self.count)

    def part(self, row: Live, group: int) -> Live:
        """The strata of one group."""
        return (
            row[:, group * self.each : (group + 1) * self.each]
            if row.shape[0] > 1
            else row[group * self.each : (group + 1) * self.each]
        )

    def of(self, row: Live, stratum: int) -> Live:
        """The column of one stratum in a block."""
        return row[:, stratum]
