"""Inputs as they are moved: values by date, units, cases, ranges, and what moves with them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np

from calculator.analysis.draws import uncertain_inputs
from calculator.assumptions import Register
from calculator.decision import evaluate
from calculator.errors import InputError
from calculator.medicaid_decision import StateEvaluation
from calculator.medicaid_inputs import months_of
from calculator.model.arrays import Array, array
from calculator.part_d_decision import Evaluation
from calculator.part_d_inputs import horizon
from calculator.scenario import PlanScenario, Scenario, StateScenario, under

CAPITATION = "terms.obesity_capitation"
Beside = Evaluation | StateEvaluation
# Halvings that place the end of what a run allows.
HALVINGS = 16


def by_date(scenario: Scenario, path: str) -> dict[dt.date, float]:
    """The values of a path in force while the model runs, by the date from which each holds.

    The first is the one in force on the first day; a path with a date has that one alone. nan
    for none. A value that repeats the one before it is left out.

    >>> from calculator.scenario import load_scenario
    >>> found = by_date(load_scenario("pdp_regional"), "assumptions.uptake.initiation")
    >>> [day.year for day in found], [*found.values()]
    ([2028, 2029, 2030, 2031], [0.1, 0.103, 0.106, 0.109])
    """
    register = scenario.register()
    entry, day = register.locate(path)
    values = register.entries[entry].values
    if day is not None:
        return {day: float(register.number(entry, day)[0])}
    start, end = _span(scenario, register)
    before = max((since for since in values if since <= start), default=min(values))
    found: dict[dt.date, float] = {}
    for since in sorted({before, *(since for since in values if start < since <= end)}):
        value = float(register.number(entry, since)[0])
        # Not != alone: nan differs from itself.
        if not found or repr([*found.values()][-1]) != repr(value):
            found[since] = value
    return found


def _span(scenario: Scenario, register: Register) -> tuple[dt.date, dt.date]:
    """First and last day of the model."""
    if isinstance(scenario, PlanScenario):
        return horizon(scenario, register)
    assert isinstance(scenario, StateScenario)
    months = months_of(scenario, register)
    return months[0], months[-1]


def linked(scenario: Scenario, path: str) -> tuple[str, ...]:
    """Other entries that a run reads and that take the same quantile as this one's.

    A tornado and draws move them together; a path that is set moves alone.
    """
    register = scenario.register()
    entry, _ = register.locate(path)
    # Most entries move with none: what a run reads need not be known.
    if register.entries[entry].moves_with is None and not any(
        f"assumptions.{other.moves_with}" == entry for other in register.entries.values()
    ):
        return ()
    for one in uncertain_inputs(scenario):
        entries = list(dict.fromkeys(register.locate(part)[0] for part, _, _ in one.parts))
        if entry in entries:
            return tuple(other for other in entries if other != entry)
    return ()


def unit_of(register: Register, path: str) -> str:
    """The unit of a path; the obesity payment's says for whom it is paid.

    >>> from calculator.scenario import load_scenario
    >>> unit_of(load_scenario("mapd").register(), "terms.obesity_capitation.amount")
    'USD a month per treated member'
    """
    entry, _ = register.locate(path)
    if entry == f"{CAPITATION}.amount":
        return f"USD a month per {register.word(f'{CAPITATION}.per')} member"
    return register.entries[entry].unit


def worth(
    scenario: Scenario,
    cases: Mapping[str, Array],
    resolution: str = "full",
    beside: Beside | None = None,
) -> tuple[Array, Array]:
    """Value of joining by case, USD in total and PMPM, (C,) each; every case a world of its own.

    beside: a run of the scenario itself, from which what the cases do not move is taken.
    """
    count = max((len(values) for values in cases.values()), default=1)
    result = evaluate(scenario, cases, resolution, beside=beside).result
    total = result.value.sum(axis=1)
    # An input that moves nothing leaves one case for all; members may be the same in all cases.
    months = np.broadcast_to(result.member_months, result.value.shape).sum(axis=1)
    return (
        array(np.broadcast_to(total, (count,))),
        array(np.broadcast_to(total / months, (count,))),
    )


def value_pmpm(
    scenario: Scenario,
    path: str,
    values: Array,
    resolution: str = "full",
    beside: Beside | None = None,
) -> Array:
    """Value of joining, USD PMPM, at each of `values` of one numeric path, (C,).

    beside: as for `worth`.
    """
    return worth(scenario, cases_of(scenario, {path: values}), resolution, beside)[1]


def cases_of(scenario: Scenario, moved: Mapping[str, Array]) -> dict[str, Array]:
    """Cases in which some paths move; shares that must sum to 1 give way in proportion.

    path -> (C,), of one length. A share of the mix of 1 leaves nothing to the others.
    """
    register = scenario.register()
    cases = {path: array(values) for path, values in moved.items()}
    for path, values in moved.items():
        others = _together(register, path)
        if others & set(moved):
            raise InputError(path, "one share of a whole: the others give way", min(others))
        left = 1.0 - float(register.number(path)[0]) if others else 0.0
        for other in others:
            part = float(register.number(other)[0]) / left if left else 1.0 / len(others)
            cases[other] = array((1.0 - array(values)) * part)
    return cases


def _together(register: Register, path: str) -> set[str]:
    """The other shares of a whole that must sum to 1; those without a number are not in it."""
    whole: set[str] = set()
    if path.startswith("therapy.mix."):
        whole = {one for one in register.entries if under(one, "therapy.mix")}
    if path.startswith("groups.") and path.endswith(".share"):
        shares = {one for one in register.entries if one.startswith("groups.")}
        whole = {one for one in shares if one.endswith(".share")}
        whole = {one for one in whole if not np.isnan(own_value(register, one))}
        if path not in whole:
            allowed = "a share that the scenario gives, as it does for every included group"
            raise InputError(path, allowed, "none")
    return whole - {path}


def varied(scenario: Scenario, path: str) -> Scenario:
    """The scenario with an entry at the path's date, if it is a new one; InputError if unknown.

    A lever may change on any date; until it does, the value in force holds.
    """
    register = scenario.register()
    if path not in register.entries and path in scenario.paths():
        raise InputError(path, "a path with a number", "one with a word, a date or none")
    entry, day = register.locate(path)
    register.bounds(path)
    if day is None or day in register.entries[entry].values:
        return scenario
    now = float(register.number(entry, day)[0])
    return scenario.with_settings({path: None if np.isnan(now) else now})


def own_value(register: Register, path: str) -> float:
    """The value of a path in the scenario (at its last date without one); nan for none."""
    entry, day = register.locate(path)
    return float(register.number(entry, day)[0])


def range_to_try(
    scenario: Scenario,
    path: str,
    low: float | None,
    high: float | None,
    default: tuple[float, float] | None = None,
    *,
    narrow: bool = False,
) -> tuple[float, float]:
    """The range to try: as given, else `default`, else the bounds.

    narrow: of the bounds, as far as a run allows. An InputError for a range outside the bounds or
    without width.
    """
    register = scenario.register()
    floor, ceiling = register.bounds(path)
    own = own_value(register, path)
    found = []
    for given, usual, bound in zip(
        (low, high), default or (None, None), (floor, ceiling), strict=True
    ):
        end = usual if given is None else given
        if end is None:
            end = _as_far_as_it_runs(scenario, path, own, bound) if narrow else bound
        found.append(end)
    if not floor <= found[0] < found[1] <= ceiling:
        allowed = f"a range, low before high, inside {floor:,.12g} to {ceiling:,.12g}"
        raise InputError(path, allowed, " to ".join(f"{end:,.12g}" for end in found))
    return found[0], found[1]


def _as_far_as_it_runs(scenario: Scenario, path: str, own: float, bound: float) -> float:
    """The bound, or how far from the own value towards it a run takes its inputs."""

    def runs(value: float) -> bool:
        try:
            worth(scenario, cases_of(scenario, {path: np.array([value])}), "workbook")
        except InputError:
            return False
        return True

    if np.isnan(own) or runs(bound):
        return bound
    inside, outside = own, bound
    for _ in range(HALVINGS):
        middle = (inside + outside) / 2.0
        inside, outside = (middle, outside) if runs(middle) else (inside, middle)
    return inside


def none_if_nan(value: float) -> float | None:
    """A number for plain data: nan is none."""
    return None if np.isnan(value) else value
