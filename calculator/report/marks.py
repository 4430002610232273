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


# Sections of a scenario that move no number.
BESIDE = ("success", "uncertainty")


@dataclass(frozen=True)
class Marks:
    """What of the inputs a run read is marked: path -> day -> status in words."""

    statuses: Mapping[str, Mapping[dt.date, str]]
    # Changed path -> days on which its value rests on the change; None: on every day.
    changed: Mapping[str, frozenset[dt.date] | None]

    @property
    def moving(self) -> frozenset[str]:
        """What is illustrative or changed: whatever it moves is marked so."""
        examples = {path for path, days in self.statuses.items() if ILLUSTRATIVE in days.values()}
        return frozenset({*examples, *self.changed})

    def of(self, *fed_by: str, days: Iterable[dt.date] | None = None) -> tuple[str, ...]:
        """The marks of a number that inputs at or below some paths feed; no path: every input.

        days: only what is in force on these.
        """
        wanted = None if days is None else set(days)

        def feeds(path: str) -> bool:
            return not fed_by or any(under(path, one) for one in fed_by)

        found = {
            kind
            for path, by_day in self.statuses.items()
            if feeds(path)
            for day, kind in by_day.items()
            if wanted is None or day in wanted
        }
        if any(
            feeds(path) and (wanted is None or on is None or wanted & on)
            for path, on in self.changed.items()
        ):
            found.add(CHANGED)
        return tuple(kind for kind in KINDS if kind in found)


def marks(decision: Decision, days: Sequence[dt.date]) -> Marks:
    """What is marked of everything that a run read, on the days on which its values are read."""
    register = decision.register
    read = [path for path in sorted(register.read) if path in register.entries]
    return Marks(
        {path: dict(_statuses(register, path, days)) for path in read}, _changed(decision, days)
    )


def _changed(decision: Decision, days: Sequence[dt.date]) -> dict[str, frozenset[dt.date] | None]:
    """What was changed and read, with the days on which it counts."""
    register = decision.register
    found: dict[str, frozenset[dt.date] | None] = {}
    for path in decision.scenario.changed_fields():
        unread = path in register.entries and path not in register.read
        if path.partition(".")[0] not in BESIDE and not unread:
            found[path] = None
    for path in register.changed:
        entry, at = register.locate(path)
        if entry not in register.read:
            continue
        before = found.get(entry, frozenset())
        if at is None or before is None:
            found[entry] = None
        else:
            found[entry] = before | {day for day in days if _rests_on(register, entry, day, at)}
    return found


def _rests_on(register: Register, path: str, day: dt.date, at: dt.date) -> bool:
    """Whether the value in force on a day is that of a date, or grows from it."""
    values = register.entries[path].values
    while True:
        since = max((one for one in values if one <= day), default=min(values))
        if since == at or values[since].grow is None or since == min(values):
            return since == at
        day = since - dt.timedelta(days=1)


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
