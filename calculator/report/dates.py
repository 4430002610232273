"""The dates a decision hangs on, each with its status: nothing here knows what day it is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise

from calculator.medicaid_decision import StateDecision
from calculator.part_d_decision import PlanDecision
from calculator.register import Register
from calculator.result import Decision

TIMELINE = "assumptions.timeline"
DAYS_OF_A_WEEK = 7
CHANGED = "changed"


@dataclass(frozen=True)
class Moment:
    """A day that matters, or a span when it has an end; each end with its status in words."""

    label: str
    day: dt.date
    status: str
    end: dt.date | None = None
    end_status: str = ""
    model: bool = False  # the model itself, which the decision is about

    @property
    def said(self) -> str:
        """The date or dates in words, with what they rest on.

        >>> Moment("Bids", dt.date(2027, 6, 7), "law").said
        '7 Jun 2027 (law)'
        >>> Moment("Bridge", dt.date(2026, 7, 1), "final", dt.date(2027, 12, 31), "final").said
        'Jul 2026 to Dec 2027 (final)'
        """
        if self.end is None:
            return f"{self.day.day} {self.day:%b %Y} ({self.status})"
        if self.status == self.end_status:
            return f"{self.day:%b %Y} to {self.end:%b %Y} ({self.status})"
        return f"{self.day:%b %Y} ({self.status}) to {self.end:%b %Y} ({self.end_status})"


def first_monday(year: int, month: int) -> dt.date:
    """The first Monday of a month.

    >>> first_monday(2027, 6), first_monday(2026, 6)
    (datetime.date(2027, 6, 7), datetime.date(2026, 6, 1))
    """
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=-first.weekday() % DAYS_OF_A_WEEK)


def moments(decision: Decision) -> tuple[Moment, ...]:
    """What is on the timeline of a plan or a state, in the order of the days."""
    register = decision.register
    if isinstance(decision, PlanDecision):
        found = [*_bridge(register), *_moved(register), *_bids(decision), _of_plan(decision)]
    else:
        assert isinstance(decision, StateDecision)
        found = [_at(register, f"{TIMELINE}.medicaid_applications", "States apply by")]
        ends = decision.scenario.state.coverage_ends
        if decision.scenario.state.stance == "ending" and ends is not None:
            changed = "state.coverage_ends" in decision.scenario.changed_fields()
            found.append(Moment("Own coverage ends", ends, CHANGED if changed else "example"))
        found.append(_of_state(decision))
    return tuple(sorted(found, key=lambda one: (one.day, one.model)))


def _status(register: Register, path: str) -> str:
    return CHANGED if path in register.changed else register.status(path).replace("_", " ")


def _at(register: Register, path: str, label: str) -> Moment:
    return Moment(label, register.day(path), _status(register, path))


def _bridge(register: Register) -> list[Moment]:
    opens, closes = f"{TIMELINE}.bridge_start", f"{TIMELINE}.bridge_end"
    first, last = register.day(opens), register.day(closes)
    return [
        Moment("Medicare Bridge", first, _status(register, opens), last,
               _status(register, closes))
    ]  # fmt: skip


def _given_up(register: Register) -> list[tuple[dt.date, dt.date]]:
    """The day on which an announced start was given up, and that start."""
    said = sorted(register.entries[f"{TIMELINE}.part_d_start"].values.items())
    # The entry is dated by when it was said.
    return [
        (day, before.value)
        for (_, before), (day, after) in pairwise(said)
        if before.status == "announced"
        and isinstance(before.value, dt.date)
        and before.value != after.value
    ]


def shelved(register: Register) -> list[dt.date]:
    """The days on which an announced start of the Part D arm was given up.

    >>> from calculator.assumptions import load_assumptions
    >>> shelved(load_assumptions())
    [datetime.date(2026, 4, 21)]
    """
    return [day for day, _ in _given_up(register)]


def _moved(register: Register) -> list[Moment]:
    """Announced starts that were given up."""
    return [
        Moment(f"Start of {start:%Y} shelved", day, "announced")
        for day, start in _given_up(register)
    ]


def _bids(decision: PlanDecision) -> list[Moment]:
    """The last day for bids of the first model year; a plan without a bid has none."""
    if not decision.evaluation.inputs.has_bid:
        return []
    path = f"{TIMELINE}.bid_deadline_month"
    month = int(decision.register.number(path)[0])
    year = decision.years[0]
    status = _status(decision.register, path)
    return [Moment(f"Bids for {year} due", first_monday(year - 1, month), status)]


def _of_plan(decision: PlanDecision) -> Moment:
    first, last = dt.date(decision.years[0], 1, 1), dt.date(decision.years[-1], 12, 31)
    paths = f"{TIMELINE}.part_d_start", f"{TIMELINE}.model_end"
    return _model(decision, "BALANCE", first, last, paths)


def _of_state(decision: StateDecision) -> Moment:
    months = decision.evaluation.months
    after = (months[-1] + dt.timedelta(days=31)).replace(day=1)
    last = after - dt.timedelta(days=1)
    paths = "assumptions.coverage.medicaid_start", "assumptions.coverage.medicaid_end"
    return _model(decision, "BALANCE", months[0], last, paths)


def _model(
    decision: Decision, label: str, first: dt.date, last: dt.date, paths: tuple[str, str]
) -> Moment:
    """The model's own span; what the scenario sets is changed, else it is as the register says."""
    own = decision.scenario.plain().get("horizon", {})
    statuses = [
        CHANGED if own.get(field) else _status(decision.register, path)
        for field, path in zip(("start", "end"), paths, strict=True)
    ]
    return Moment(label, first, statuses[0], last, statuses[1], model=True)
