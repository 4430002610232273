"""Spells by window of therapy in each plan year: what the Part D benefit sees."""

from __future__ import annotations

from calculator.model.arrays import MONTHS
from calculator.model.cohort import WINDOW_FIRST, WINDOW_LENGTH
from calculator.report.workbook.cells import (
    Live,
    sumproduct,
)
from calculator.report.workbook.layout import Block
from calculator.report.workbook.part_d_cohort import PEOPLE, Group
from calculator.report.workbook.part_d_persistence import Calendar, Persistence
from calculator.report.workbook.part_d_run import WINDOWS, Run


def windows_sheet(run: Run) -> Block:
    """The sheet of windows with the months of each."""
    sheet = run.book.sheet(WINDOWS)
    sheet.title(
        "Windows of a plan year",
        "Spells on therapy in exactly these months of a plan year: what the Part D benefit sees.",
    )
    block = Block(sheet, 0, len(WINDOW_FIRST))
    block.filled("Begins after", "months of the year", lambda w: int(WINDOW_FIRST[w]))
    block.filled("Lasts", "months", lambda w: int(WINDOW_LENGTH[w]))
    ends = WINDOW_FIRST + WINDOW_LENGTH
    block.filled("Ends after", "months of the year", lambda w: int(ends[w]))
    sheet.heights[3] = 45.0
    sheet.frozen = (6, 3)
    return block


def windows(
    run: Run,
    axis: Calendar,
    block: Block,
    side: Block,
    group: Group,
    lasting: Persistence,
    title: str,
) -> list[Live]:
    """Spells by window in each plan year, model.cohort.windows; one column a year."""
    found = []
    block.section(title)
    side.section(title)
    for year, name in enumerate(run.names):
        january = year * MONTHS
        since = side.column(f"On therapy since January {name}", "people", "", PEOPLE)
        for month in range(MONTHS):
            here = sumproduct(
                group.began.part(0, january + 1), lasting.alive.span(month, january + month)
            )
            if group.opening is not None:
                here = here + group.opening[january + month]
            since.put(here)
        column = block.column(f"Spells in {name}", "spells", "cohort.windows", PEOPLE)
        for first, length in zip(WINDOW_FIRST.tolist(), WINDOW_LENGTH.tolist(), strict=True):
            to_end = first + length == MONTHS
            if first == 0:
                still, gone = since[length - 1], None if to_end else since[length]
                column.put(still if gone is None else still - gone)
                continue
            still, began = lasting.alive.at(length - 1), group.began[january + first]
            column.put(began * (still if to_end else still - lasting.alive.at(length)))
        found.append(column.whole)
    block.gap()
    side.gap()
    return found
