"""A state's eligibility groups as arrays: who is enrolled, eligible, matched and managed."""

from __future__ import annotations

import datetime as dt

import numpy as np

from calculator.bridge_inputs import months_between
from calculator.errors import InputError
from calculator.model.arrays import MONTHS, Array, array
from calculator.model.medicaid import Groups
from calculator.presets import ADULT_GROUPS, GROUPS, OCTOBER, counted, gaps, sizes
from calculator.register import Register
from calculator.scenario import StateScenario

MATCH = {
    "children": "fmap",
    "base_adults": "fmap",
    "expansion_adults": "expansion",
    "disabled": "fmap",
    "duals": "fmap",
    "medicaid_chip": "efmap",
    "separate_chip": "efmap",
}
WITHOUT_STATUTORY_REBATE = ("separate_chip",)
USES_TODAY = ("base_adults", "expansion_adults", "disabled")


def fiscal_year(day: dt.date, first_month: int) -> int:
    """Fiscal year that holds a day, named by the year in which it ends.

    >>> fiscal_year(dt.date(2026, 7, 1), 7), fiscal_year(dt.date(2027, 6, 1), 7)
    (2027, 2027)
    >>> fiscal_year(dt.date(2027, 6, 1), 1)
    2027
    """
    return day.year + (1 if first_month > 1 and day.month >= first_month else 0)


def build_groups(
    scenario: StateScenario, register: Register, months: tuple[dt.date, ...]
) -> Groups:
    missing = gaps(scenario, register)
    if missing and not scenario.state.accept_gaps:
        every = ", ".join(path.split(".")[1] for path in missing)
        none = f"the preset of {scenario.state.abbr} has none (or state.accept_gaps)"
        allowed = f"a number, for each of {every}: {none}"
        raise InputError(missing[0], allowed, "nothing")
    names = tuple(
        name
        for name in GROUPS
        if getattr(scenario.groups, name).included and f"groups.{name}.enrollment" not in missing
    )
    if not names:
        raise InputError("groups", "at least one included group with an enrollment", "none")
    number = register.number
    enrollment, eligible, managed = [], [], []
    for name in names:
        enrollment.append(_enrollment(scenario, register, name, months))
        eligible.append(_eligible_share(register, name))
        carved = number("assumptions.coverage.managed_care_share")
        managed.append(_or(number(f"groups.{name}.managed_share"), carved))
    if not np.any(stacked(enrollment) * stacked(eligible)[:, None]):
        allowed = "at least one included group with enrollment and newly eligible members"
        given = f"none ({', '.join(missing)} not found)" if missing else "none"
        raise InputError("groups", allowed, given)
    people = stacked(enrollment)
    share = stacked(eligible)
    counted_too = _counted_too(scenario, register, names, missing, months)
    others = {name: _enrollment(scenario, register, name, months) for name in counted_too}
    return Groups(
        names=names,
        enrollment=people,
        everyone=_everyone(scenario, register, people, list(others.values())),
        eligible_here=_here(
            (people * share[:, None, :]).sum(axis=-1),
            [found * _eligible_share(register, name)[:, None] for name, found in others.items()],
        ),
        existing_here=_here(
            (people * np.array([float(name in USES_TODAY) for name in names])).sum(axis=-1),
            [found for name, found in others.items() if name in USES_TODAY],
        ),
        eligible_share=share,
        existing_share=_existing_share(people, names),
        match=stacked([_match(scenario, register, name, months) for name in names]),
        managed=stacked(managed),
        statutory=tuple(name not in WITHOUT_STATUTORY_REBATE for name in names),
        supplemental=tuple(getattr(scenario.groups, name).supplemental_eligible for name in names),
    )


def _existing_share(people: Array, names: tuple[str, ...]) -> Array:
    """Groups' shares of today's covered fills, (C, G), as the groups that have them begin."""
    today = people[:, 0] * np.array([float(name in USES_TODAY) for name in names])
    whole = today.sum(axis=-1, keepdims=True)
    return array(np.divide(today, whole, out=np.zeros(today.shape), where=whole > 0.0))


def _counted_too(
    scenario: StateScenario,
    register: Register,
    names: tuple[str, ...],
    missing: list[str],
    months: tuple[dt.date, ...],
) -> list[str]:
    """Groups left out of this budget that are nevertheless enrollees of the state.

    Rates per enrollee hold for them too, and they take their part of the use with them. Where the
    user gives every group of the budget, those are all there are.
    """
    own = [
        getattr(scenario.groups, name).enrollment is not None
        or getattr(scenario.groups, name).share is not None
        or f"groups.{name}.enrollment" in register.cases
        for name in names
    ]
    if all(own):
        return []
    known = sizes(register.tree.states[scenario.state.abbr], register)
    return [
        name
        for name in GROUPS
        if name not in names
        and f"groups.{name}.enrollment" not in missing
        and (known[name] is not None or getattr(scenario.groups, name).enrollment is not None)
    ]


def _everyone(
    scenario: StateScenario, register: Register, people: Array, others: list[Array]
) -> Array:
    """All enrollees by month, (C, T): the user's total, or all groups that are known."""
    total = register.number("state.enrollment")
    shares = any(group.share is not None for _, group in scenario.groups)
    if shares or np.any(np.isnan(total)):
        return array(people.sum(axis=-1) + sum(others, start=np.zeros((1, 1))))
    inside = people[:, 0].sum(axis=-1)
    if np.any(total < inside):
        allowed = f"at least the {float(np.max(inside)):,.0f} of this budget's groups"
        raise InputError("state.enrollment", allowed, f"{float(np.min(total)):,.0f}")
    trend = register.number("assumptions.coverage.enrollment_trend")[:, None]
    return array(total[:, None] * (1.0 + trend) ** (np.arange(people.shape[1]) / MONTHS))


def _here(inside: Array, outside: list[Array]) -> Array:
    """Share of a use that falls to this budget, by month, (C, T); 1 where there is none."""
    whole = inside + sum(outside, start=np.zeros((1, 1)))
    inside, whole = np.broadcast_arrays(inside, whole)
    return array(np.divide(inside, whole, out=np.ones(whole.shape), where=whole > 0.0))


def _enrollment(
    scenario: StateScenario, register: Register, name: str, months: tuple[dt.date, ...]
) -> Array:
    """People in a group by month, (C, T): a preset moves from the month it was counted in.

    The user's own number is the horizon's first month's.
    """
    number = register.number
    trend = _or(number(f"groups.{name}.trend"), number("assumptions.coverage.enrollment_trend"))
    people = number(f"groups.{name}.enrollment")
    elapsed = np.arange(len(months)) / MONTHS
    own = getattr(scenario.groups, name)
    if own.share is not None:
        people = number(f"groups.{name}.share") * number("state.enrollment")
        if np.any(np.isnan(people)):
            allowed = "a number, as the groups are given as shares"
            raise InputError("state.enrollment", allowed, "nothing")
    elif own.enrollment is None and f"groups.{name}.enrollment" not in register.cases:
        row = register.tree.states[scenario.state.abbr]
        people = _or(sizes(row, register)[name], people)
        elapsed = elapsed + months_between(counted(row), months[0]) / MONTHS
    path = people[:, None] * (1.0 + trend[:, None]) ** elapsed
    if name == "expansion_adults":
        lost = number("assumptions.coverage.work_requirement_expansion_loss")
        path = path * (1.0 - lost[:, None])
    return array(path)


def stacked(parts: list[Array]) -> Array:
    """Parts beside each other on a new last axis, broadcast against each other."""
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def _or(value: Array | None, otherwise: Array) -> Array:
    """The value, or the other where there is none."""
    if value is None:
        return otherwise
    return array(np.where(np.isnan(value), otherwise, value))


def _eligible_share(register: Register, name: str) -> Array:
    """The user's newly eligible share of a group, else that of adults with obesity, (C,)."""
    return _or(register.number(f"groups.{name}.eligible_share"), _eligible(register, name))


def _eligible(register: Register, name: str) -> Array:
    """Newly eligible share: adults with obesity who have no covered use; nobody among children.

    Children's obesity use is covered already where necessary (EPSDT).
    """
    if name not in ADULT_GROUPS:
        return np.zeros(1)
    obese = register.number("state.obesity_share")
    if np.any(np.isnan(obese)):
        raise InputError("state.obesity_share", "a share: the preset has none", "nothing")
    share = (
        obese
        * register.number("assumptions.coverage.prevalence_ratio")
        * register.number("assumptions.coverage.newly_eligible_share_of_obese")
    )
    return array(np.minimum(share * share_above_threshold(register), 1.0))


def share_above_threshold(register: Register) -> Array:
    """Share of adults with obesity at or above the state's own BMI threshold."""
    return above_bmi(
        register.number("assumptions.coverage.bmi_threshold"),
        register.number("assumptions.coverage.share_above_bmi_35"),
        register.number("assumptions.coverage.share_above_bmi_40"),
    )


def above_bmi(threshold: Array, above_35: Array, above_40: Array) -> Array:
    """Share of adults with obesity at or above a BMI; nan asks for none.

    Straight lines between the shares above 30 (all of them), 35 and 40; flat beyond.

    >>> above_bmi(np.array([30.0, 35.0, 40.0, np.nan]), np.array(0.4), np.array(0.2)).tolist()
    [1.0, 0.4, 0.2, 1.0]
    """
    lower = np.clip((threshold - 30.0) / 5.0, 0.0, 1.0) * (1.0 - above_35)
    upper = np.clip((threshold - 35.0) / 5.0, 0.0, 1.0) * (above_35 - above_40)
    share = np.round(1.0 - lower - upper, 12)
    return array(np.where(np.isnan(threshold), 1.0, share))


def _match(
    scenario: StateScenario, register: Register, name: str, months: tuple[dt.date, ...]
) -> Array:
    """Federal match of a group by month, (C, T)."""
    kind = MATCH[name]
    own = scenario.state.fmap is not None or "state.fmap" in register.cases
    if kind == "efmap" and own:
        fmap = register.number("state.fmap")
        more = register.number("assumptions.coverage.chip_enhancement")
        most = register.number("assumptions.coverage.chip_match_limit")
        enhanced = np.minimum(fmap + more * (1.0 - fmap), most)
        return array(np.repeat(enhanced[:, None], len(months), axis=1))
    path = "assumptions.coverage.expansion_match" if kind == "expansion" else f"state.{kind}"
    by_year = {}
    for day in months:
        year = fiscal_year(day, OCTOBER)
        if year not in by_year:
            by_year[year] = register.number(path, day)
    return stacked([by_year[fiscal_year(day, OCTOBER)] for day in months])
