"""Who is on therapy, month by month: starters, survival, restarts, stock and year windows.

Shapes: C cases, T months of the horizon, Y plan years, K therapy ages of the opening stock.
Any input may have C = 1 and broadcasts against the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calculator.model.arrays import MONTHS, Array, Number, array

# The 78 windows of a plan year: on therapy in months first .. first + length - 1.
WINDOW_FIRST = np.array([first for first in range(MONTHS) for _ in range(MONTHS - first)])
WINDOW_LENGTH = np.array(
    [length for first in range(MONTHS) for length in range(1, MONTHS - first + 1)]
)


def survival(months: Number, kappa: Number, scale: Number, hazard_ratio: Number = 1.0) -> Array:
    """Share still on therapy `months` after the start: exp(-(months/scale)^kappa)^hazard_ratio.

    `scale` in months; `hazard_ratio` multiplies the stopping hazard. Model section 3.

    >>> [round(float(survival(m, 0.668, 9.27)), 2) for m in (0, 12, 36)]
    [1.0, 0.3, 0.08]
    >>> float(survival(12, 0.668, 9.27, hazard_ratio=0.0))
    1.0
    """
    elapsed = array(months) / array(scale)
    return array(np.exp(-array(hazard_ratio) * elapsed ** array(kappa)))


def survival_through_points(
    months: Number, at_months: Number, shares: Number, hazard_ratio: Number = 1.0
) -> Array:
    """Share still on therapy through published points, log-linear between and beyond them.

    `at_months` rising and above 0, `shares` falling in (0, 1]; the curve starts at (0, 1) and
    keeps the hazard of its last stretch after the last point.

    >>> [round(float(s), 3) for s in survival_through_points(np.array([0, 6, 12, 18]), [6, 12],
    ...                                                      [0.5, 0.25])]
    [1.0, 0.5, 0.25, 0.125]
    """
    knots = np.concatenate([[0.0], array(at_months)])
    hazard = np.concatenate([[0.0], -np.log(array(shares))])
    beyond = np.maximum(array(months) - knots[-1], 0.0)
    slope = (hazard[-1] - hazard[-2]) / (knots[-1] - knots[-2])
    total = np.interp(array(months), knots, hazard) + slope * beyond
    return array(np.exp(-array(hazard_ratio) * total))


@dataclass(frozen=True)
class Cohort:
    """A treated population over the horizon. People unless said otherwise.

    `on` (C, J, T): on therapy by spell group j and month; groups are the K therapy ages of the
    opening stock, then one for each month of starting.
    """

    starters: Array  # (C, T) never-treated people who start
    restarts: Array  # (C, T) people who start again
    opening: Array  # (C,) people converted from the opening stock in the first month
    on: Array  # (C, J, T)
    stops: Array  # (C, T) members who stop at the turn into month t
    stopped: Array  # (C, T) members who have stopped, at the end of the month
    group_start: Array  # (J,) the month in which the group starts
    group_age: Array  # (J,) months of therapy behind the group when it starts

    @property
    def on_therapy(self) -> Array:
        """People on therapy by month, (C, T)."""
        return array(self.on.sum(axis=1))

    @property
    def starts(self) -> Array:
        """Everyone who needs a prior authorization by month, (C, T): new, again, converted."""
        total = self.starters + self.restarts
        total[:, 0] += self.opening
        return array(total)


def project(
    eligible: Array,
    initiation: Array,
    curve: Array,
    churn: Array,
    restart: Array,
    opening_stock: Array,
    opening_stopped: Array,
    first_month: int = 1,
    wanted: Array | None = None,
) -> Cohort:
    """Project a treated population.

    eligible (C, T): eligible members by month. initiation (C, T): yearly share of never-treated
    eligibles who start: in each month a twelfth of it, of those never treated at the start of the
    calendar year (`first_month`, 1 to 12, is the horizon's first month). curve (C, K + T): share
    still on therapy by whole months since the start. churn, restart (C,): monthly probabilities of
    leaving the plan and of starting again. opening_stock (C, K): people who arrive in the first
    month by months of therapy behind them. opening_stopped (C,): members who were treated before
    and stopped. wanted (C, T): people on therapy, where that is known and not who starts; then
    everyone who is missing starts, and nobody starts again. Model section 3.

    >>> month = np.ones((1, 24))
    >>> quiet = project(1000 * month, 0 * month, np.ones((1, 24)), np.zeros(1), np.zeros(1),
    ...                 np.zeros((1, 0)), np.zeros(1))
    >>> float(quiet.on_therapy.sum())
    0.0
    """
    months = eligible.shape[1]
    ages = opening_stock.shape[1]
    cases = max(
        part.shape[0]
        for part in (
            *(eligible, initiation, curve, churn, restart, opening_stock, opening_stopped),
            *(() if wanted is None else (wanted,)),
        )
    )
    stay = 1.0 - churn
    kept = stay[:, None] ** np.arange(curve.shape[1])
    alive = np.broadcast_to(curve * kept, (cases, curve.shape[1]))

    on = np.zeros((cases, ages + months, months))
    for age in range(ages):
        # Conditional on having come this far; plan membership counts from the day of joining.
        left = curve[:, age : age + months]
        began_with = np.broadcast_to(curve[:, age : age + 1], left.shape)
        onwards = np.divide(left, began_with, out=np.zeros(left.shape), where=began_with > 0.0)
        on[:, age] = opening_stock[:, age : age + 1] * onwards * kept[:, :months]

    starters = np.zeros((cases, months))
    restarts = np.zeros((cases, months))
    stops = np.zeros((cases, months))
    stopped = np.zeros((cases, months))
    treated_before = np.zeros(cases)
    at_start_of_year = np.zeros(cases)
    stopped_before = np.broadcast_to(opening_stopped, (cases,)).astype(np.float64)
    for month in range(months):
        present = stopped_before * stay
        continuing = on[:, :, month].sum(axis=1)
        if month:
            stops[:, month] = treated_before * stay - continuing
        restarts[:, month] = restart * stopped_before * (wanted is None)
        never_treated = np.maximum(eligible[:, month] - continuing - stops[:, month] - present, 0.0)
        if month == 0 or (first_month - 1 + month) % MONTHS == 0:
            at_start_of_year = never_treated
        if wanted is None:
            starting = initiation[:, month] / MONTHS * at_start_of_year
            starters[:, month] = np.minimum(starting, never_treated)
        else:
            starters[:, month] = np.maximum(wanted[:, month] - continuing, 0.0)
        began = starters[:, month] + restarts[:, month]
        on[:, ages + month, month:] = began[:, None] * alive[:, : months - month]
        stopped[:, month] = np.maximum(present + stops[:, month] - restarts[:, month], 0.0)
        treated_before = continuing + began
        stopped_before = stopped[:, month]
    return Cohort(
        starters=starters,
        restarts=restarts,
        opening=array(np.broadcast_to(opening_stock.sum(axis=1), (cases,))),
        on=on,
        stops=stops,
        stopped=stopped,
        group_start=np.concatenate([np.zeros(ages), np.arange(months)]),
        group_age=np.concatenate([np.arange(ages), np.zeros(months)]),
    )


def together(groups: Sequence[Cohort]) -> Cohort:
    """Treated populations with the same months and opening ages as one.

    >>> month = np.ones((1, 12))
    >>> one = project(100 * month, month, np.ones((1, 12)), np.zeros(1), np.zeros(1),
    ...               np.zeros((1, 0)), np.zeros(1))
    >>> bool(np.allclose(together([one, one]).on_therapy, 2 * one.on_therapy))
    True
    """
    added = ("starters", "restarts", "opening", "on", "stops", "stopped")
    sums = {name: array(sum(getattr(group, name) for group in groups)) for name in added}
    return replace(groups[0], **sums)


def followed(group: Cohort, months: int) -> Cohort:
    """The same people followed to a later month in which nobody is on therapy any more.

    >>> month = np.ones((1, 12))
    >>> one = project(100 * month, month, np.ones((1, 12)), np.zeros(1), np.zeros(1),
    ...               np.zeros((1, 0)), np.zeros(1))
    >>> followed(one, 24).on_therapy[0, [11, 12]].round(1).tolist()
    [100.0, 0.0]
    """

    def longer(value: Array) -> Array:
        found = np.zeros((*value.shape[:-1], months))
        found[..., : value.shape[-1]] = value
        return found

    names = ("starters", "restarts", "on", "stops", "stopped")
    return replace(group, **{name: longer(getattr(group, name)) for name in names})


def only_where(group: Cohort, active: Array, stay: Array) -> Cohort:
    """The cohort with nobody on therapy where `active` is 0: those who were there stop.

    active (C, T) for everyone, or (C, J, T) by group; stay (C,): monthly share who stay members.
    """
    wide = active if active.ndim == 3 else active[:, None, :]
    on = group.on * wide
    left = on[:, :, :-1] * stay[:, None, None]
    left -= on[:, :, 1:]
    np.maximum(left, 0.0, out=left)
    stops = np.zeros((on.shape[0], on.shape[2]))
    stops[:, 1:] = left.sum(axis=1)
    opening = max(on.shape[1] - on.shape[2], 0)
    # Who comes when nothing is covered stops on arrival.
    stops[:, 0] = (group.on[:, :opening, 0] - on[:, :opening, 0]).sum(axis=1)
    first = group.group_start.astype(int)
    starting = np.zeros(stops.shape, dtype=bool)
    for spells, month in enumerate(first):
        starting[:, month] |= on[:, spells, month] > 0
    starters, restarts = group.starters * starting, group.restarts * starting
    stopped = np.zeros(stops.shape)
    before = group.stopped[:, 0] + group.restarts[:, 0]
    for month in range(stops.shape[1]):
        kept = before if month == 0 else before * stay
        stopped[:, month] = np.maximum(kept + stops[:, month] - restarts[:, month], 0.0)
        before = stopped[:, month]
    return replace(group, on=on, stops=stops, stopped=stopped, starters=starters, restarts=restarts)


def stock_by_age(group: Cohort, month: int) -> Array:
    """People on therapy at the end of a month by months of therapy behind them, (C, month + 2).

    For a group that began without an opening stock.
    """
    treated = group.on[:, : month + 1, month]
    return np.concatenate([np.zeros((treated.shape[0], 1)), treated[:, ::-1]], axis=1)


def windows(cohort: Cohort) -> Array:
    """Spells by plan year and window, (C, Y, 78): on therapy in exactly those months of the year.

    The sum of length x spells is the year's user-months (model section 3).
    """
    cases, _, months = cohort.on.shape
    years = months // MONTHS
    counts = np.zeros((cases, years, len(WINDOW_FIRST)))
    for year in range(years):
        january = year * MONTHS
        for first in range(MONTHS):
            if first == 0:
                groups = cohort.group_start <= january
            else:
                groups = cohort.group_start == january + first
            alive = cohort.on[:, groups, january + first : january + MONTHS].sum(axis=1)
            ends = alive.copy()
            ends[:, :-1] -= alive[:, 1:]
            counts[:, year, WINDOW_FIRST == first] = ends
    return counts


def treated_years(cohort: Cohort, before: int = 0) -> Array:
    """Treated member-years by plan year and year on therapy, (C, Y, N); N covers every age.

    The first `before` months lie before the first plan year.
    """
    months = cohort.on.shape[-1]
    age = cohort.group_age[:, None] + np.arange(months)[None, :] - cohort.group_start[:, None]
    year_on = np.maximum(age, 0).astype(int) // MONTHS
    counted = int(year_on.max()) + 1
    years = (months - before) // MONTHS
    # Which cell (plan year, year on therapy) a spell group's month belongs to.
    plan_year = (np.arange(months) - before) // MONTHS
    cell = np.where(plan_year >= 0, plan_year * counted + year_on, -1)
    belongs = (cell[..., None] == np.arange(years * counted)).reshape(-1, years * counted)
    found = cohort.on.reshape(cohort.on.shape[0], -1) @ belongs.astype(np.float64)
    return array(found.reshape(-1, years, counted) / MONTHS)


def share_restarting(cohort: Cohort) -> Array:
    """Share of those who have stopped that starts again in the month, (C, T)."""
    pool = cohort.stopped + cohort.restarts
    return np.divide(cohort.restarts, pool, out=np.zeros(pool.shape), where=pool > 0.0)


def carried_effect(
    cohort: Cohort, churn: Array, decay_months: Array, opening: Array | None = None
) -> Array:
    """People after stopping who still carry the effect, by month, (C, T).

    It fades as exp(-tau / decay_months); those who start again or leave carry it no longer.
    opening (C,): people who stopped before the first month, in the effect they still carry.
    """
    fade = (1.0 - churn) * np.exp(-1.0 / decay_months)
    again = share_restarting(cohort)
    stock = np.zeros(1) if opening is None else opening
    carried = []
    for month in range(cohort.stops.shape[1]):
        stock = (stock * fade + cohort.stops[:, month]) * (1.0 - again[:, month])
        carried.append(stock)
    return np.stack(np.broadcast_arrays(*carried), axis=-1)
