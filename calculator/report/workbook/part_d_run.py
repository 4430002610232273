"""What the sheets of one Part D plan are laid out from: its run, its inputs' cells, its years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calculator.part_d_decision import Evaluation
from calculator.report.workbook.book import Book
from calculator.report.workbook.cells import Live, live, where
from calculator.report.workbook.inputs import Inputs
from calculator.scenario import PlanScenario

# A stratum without claims flows at this many USD a month, so that nothing is divided by nothing.
LEAST_FLOW = 1e-9
# Of a plan's sheets, beside those that every workbook has.
PERSISTENCE, COHORT, WINDOWS, DRUGS = "Persistence", "Cohort", "Windows", "Drug costs"


@dataclass(frozen=True)
class Run:
    """One plan's run at the workbook's resolution, and the cells of its inputs."""

    book: Book
    inputs: Inputs
    scenario: PlanScenario
    evaluation: Evaluation

    @property
    def years(self) -> tuple[int, ...]:
        """Plan years."""
        return self.evaluation.inputs.years

    @property
    def january(self) -> list[dt.date]:
        """The first day of each plan year."""
        return [dt.date(year, 1, 1) for year in self.years]

    @property
    def names(self) -> list[str]:
        """Plan years as headings."""
        return [str(year) for year in self.years]

    @property
    def has_bid(self) -> bool:
        """Whether the plan bids; an employer plan does not."""
        return self.evaluation.inputs.has_bid

    def assumed(self, path: str, day: dt.date | None = None) -> Live:
        """An assumption's cell."""
        return self.inputs.number(f"assumptions.{path}", day)

    def yearly(self, path: str) -> list[Live]:
        """A path's cell in each plan year."""
        return self.inputs.yearly(path, self.years)

    def terms(self, lever: str) -> list[Live]:
        """A lever's cell in each plan year."""
        return self.yearly(f"terms.{lever}")

    def said(self, path: str) -> Live:
        """Whether a field, or a lever, says yes."""
        return self.inputs.word(path).same("yes")

    def is_word(self, path: str, word: str) -> Live:
        """Whether a field, or a lever, says this word."""
        return self.inputs.word(path).same(word)


def flag(condition: Live) -> Live:
    """1 where a condition holds, else 0."""
    return where(condition, 1, 0)


def chosen(word: Live, by_word: Mapping[str, Any]) -> Live:
    """The cell that belongs to a word."""
    *others, last = by_word.items()
    found = live(last[1])
    for name, cell in reversed(others):
        found = where(word.same(name), cell, found)
    return found


# A cell for each plan year: a list, or a row of a sheet.
Cells = Sequence[Live] | Live
