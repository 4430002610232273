"""Where an input is moved to see what it does: a tenth up or down, or to an end of its range."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from calculator.analysis.moved import by_date, cases_of
from calculator.fields import value_at
from calculator.register import Register, day_word
from calculator.scenario import CHANGES, Scenario
from calculator.schema import Assumption, Range

RISE = 0.1  # how far an input is moved, of its own value
POINT = 0.01  # a share of nothing is moved to this
# Units that are counted whole; a year or month of the calendar moves by one.
CALENDAR = ("month", "year")
WHOLE = (*CALENDAR, "months", "quarters")


def nudged(entry: Assumption, value: float, side: int = 1) -> float | None:
    """A value a tenth further from 0, inside its bounds; None where there is no other.

    What is counted whole moves by one at the least. From 0 it moves to the end of its range, to
    one per cent of a share, or to 1. side -1: a tenth nearer to 0, where the bounds leave room.

    >>> from calculator.fields import user_entry
    >>> share = user_entry("x", "share", (0.0, 1.0), 0.5)
    >>> nudged(share, 0.5), nudged(share, 1.0), nudged(share, 0.0), nudged(share, 0.5, -1)
    (0.55, 0.9, 0.01, 0.45)
    """
    if np.isnan(value) or entry.bounds is None:
        return None
    low, high = entry.bounds
    step = RISE * value
    if not value:
        ends = [one.range for one in entry.values.values() if one.range is not None]
        step = POINT if entry.unit.startswith("share") else 1.0
        if ends:
            step = max(ends[0].high, ends[0].low, key=abs) or step
    if entry.unit in WHOLE:
        step = 1.0 if entry.unit in CALENDAR else float(max(1, round(abs(step))))
    for other in (value + side * step, value - side * step):
        if low <= other <= high:
            return float(round(other, 12))
    return None


# Where a value is moved, of its entry, itself and its range; None: nowhere else.
Way = Callable[[Assumption, float, Range | None], float | None]


def up(entry: Assumption, value: float, _: Range | None) -> float | None:
    return nudged(entry, value)


def down(entry: Assumption, value: float, _: Range | None) -> float | None:
    return nudged(entry, value, -1)


def to_low(_: Assumption, value: float, spread: Range | None) -> float | None:
    return spread.low if spread is not None and spread.low != value else None


def to_high(_: Assumption, value: float, spread: Range | None) -> float | None:
    return spread.high if spread is not None and spread.high != value else None


OTHER_WAYS: tuple[Way, ...] = (down, to_low, to_high)


Step = tuple[float, float, dict[str, float]]  # own value, moved to, every path with its value


def step_of(scenario: Scenario, register: Register, path: str, way: Way) -> Step | None:
    """Where an entry and what gives way to it are moved."""
    entry = register.entries[path]
    if filled(scenario, path):
        own = next(iter(by_date(scenario, path).values()))
        end = way(entry, own, next(iter(entry.values.values())).range)
        return None if end is None else (own, end, {path: end})
    values = {
        day: float(dated.value)
        for day, dated in entry.values.items()
        if isinstance(dated.value, int | float) and not isinstance(dated.value, bool)
    }
    ends = {day: way(entry, value, entry.values[day].range) for day, value in values.items()}
    some = {day: value for day, value in ends.items() if value is not None}
    if not some:
        return None
    last = max(some)
    to = some[last]
    if len(entry.values) > 1:
        dated = {f"{path}.{day_word(day)}": value for day, value in some.items()}
        return values[last], to, dated
    # Shares of a whole give way to each other.
    whole = path.startswith("therapy.mix.") or path.endswith(".share")
    cases = {path: np.array([to])}
    if whole:
        cases = cases_of(scenario, cases)
    return values[last], to, {one: float(found[0]) for one, found in cases.items()}


def filled(scenario: Scenario, path: str) -> bool:
    """Whether a scenario's own number is not given, but comes from its state's preset."""
    return path.split(".")[0] not in (*CHANGES, "therapy") and value_at(scenario, path) is None
