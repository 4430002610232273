"""Which numbers rest on something not known: marks read off what feeds them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calculator.medicaid_decision import StateDecision
from calculator.medicaid_inputs import periods
from calculator.part_d_decision import PlanDecision
from calculator.register import Register
from calculator.result import Decision
from calculator.scenario import under

NOT_PUBLISHED, ILLUSTRATIVE = "not published", "illustrative"
PROJECTED, CHANGED = "projected", "changed"
# From what is least known on; a status that is none of these needs no mark.
KINDS = (NOT_PUBLISHED, ILLUSTRATIVE, PROJECTED, CHANGED)


@dataclass(frozen=True)
class Marks:
    """What of the inputs a run read is marked: path -> day -> status in words."""

    statuses: Mapping[str, Mapping[dt.date, str]]
    changed: frozenset[str]

    def of(self, *fed_by: str, days: Iterable[dt.date] | None = None) -> tuple[str, ...]:
        """The marks of a number that inputs at or below some paths feed; no path: every input.

        days: only what is in force on these.
        """
        wanted = None if days is None else set(days)
        found = set()
        for path, by_day in self.statuses.items():
            if fed_by and not any(under(path, one) for one in fed_by):
                continue
            found |= {kind for day, kind in by_day.items() if wanted is None or day in wanted}
            if path in self.changed:
                found.add(CHANGED)
        return tuple(kind for kind in KINDS if kind in found)


def marks(decision: Decision, days: Sequence[dt.date]) -> Marks:
    """What is marked of everything that a run read, on the days on which its values are read."""
    register = decision.register
    changed = {*decision.scenario.changed_fields(), *register.changed}
    read = [path for path in sorted(register.read) if path in register.entries]
    return Marks(
        {path: dict(_statuses(register, path, days)) for path in read},
        frozenset(
            path for path in read if any(under(one, path) or under(path, one) for one in changed)
        ),
    )


def _statuses(
    register: Register, path: str, days: Sequence[dt.date]
) -> Iterable[tuple[dt.date, str]]:
    values = register.entries[path].values
    first = min(values)
    for day in days:
        dated = values[max((since for since in values if since <= day), default=first)]
        word = dated.status.replace("_", " ")
        # A word of an illustrative package says how its numbers are read; it is no number.
        is_number = isinstance(dated.value, float | int) and not isinstance(dated.value, bool)
        if word != ILLUSTRATIVE or is_number:
            yield day, word


def days_of(decision: Decision) -> tuple[dt.date, ...]:
    """The first day of each period in the model: plan years, or state fiscal years."""
    if isinstance(decision, PlanDecision):
        return tuple(dt.date(year, 1, 1) for year in decision.years)
    assert isinstance(decision, StateDecision)
    months = decision.evaluation.months
    years = periods(months, decision.first_month)
    return tuple(months[years.index(year)] for year in dict.fromkeys(years))
