"""How members choose plans: stated against realised moving, attention, switching cost.

Two ways to the `movers` of the plan check (model section 9): what people say they would do times
who knows of it, and a choice among named plans in which people first look, or do not, and then
weigh premiums and cover against the trouble of switching. C cases, J plans, Y years.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from calculator.model.arrays import MONTHS, Array, Number, array
from calculator.model.region import Flags, LowIncome, Plan, Region, share_of_people

__all__ = [
    "LowIncome",
    "Outcome",
    "Plan",
    "Region",
    "Tastes",
    "awareness_path",
    "baseline_switching",
    "calibrated",
    "choose",
    "realised_movers",
    "switching_if_attentive",
    "with_nudge",
]

HALVINGS = 60  # of an interval in a bisection: to the last digit of a float


# ---------------------------------------------------------------------- stated against realised


def awareness_path(first: Array, gain: Array, years: int) -> Array:
    """Share of the eligible who know which plans cover the drug, (C, Y).

    first (C,): in the first year; gain (C,): share of those who do not know yet who learn of it
    in a year.

    >>> awareness_path(np.array([0.18]), np.array([0.05]), 3).round(3).tolist()
    [[0.18, 0.221, 0.26]]
    """
    unaware = 1.0 - share_of_people("awareness", first)
    stays = 1.0 - share_of_people("awareness gain", gain)
    return array(1.0 - unaware[:, None] * stays[:, None] ** np.arange(years))


def realised_movers(awareness: Array, stated: Array) -> Array:
    """Share of the eligible outside who move in a year, (C, Y): awareness x stated intention.

    awareness (C, Y); stated (C,): share of the eligible who say they would switch. Each year's
    share is of those still outside, as in the plan check, so that awareness is drawn anew.

    >>> realised_movers(np.array([[0.18]]), np.array([0.60])).round(3).tolist()
    [[0.108]]
    >>> realised_movers(np.array([[1.0]]), np.array([0.60])).tolist()
    [[0.6]]
    """
    return array(
        share_of_people("awareness", awareness)
        * share_of_people("stated intention", stated)[:, None]
    )


def with_nudge(movers: Array, gain: Array, stated: Array) -> Array:
    """Movers if everybody eligible outside had a letter with their own costs, (C, Y).

    gain (C,): points of switching that a letter adds (Kling and others). It lifts nobody above
    what people say they would do.

    >>> with_nudge(np.array([[0.108, 0.55]]), np.array([0.11]), np.array([0.6])).round(3).tolist()
    [[0.218, 0.6]]
    """
    most = np.maximum(share_of_people("stated intention", stated)[:, None], movers)
    return array(np.minimum(movers + share_of_people("nudge gain", gain)[:, None], most))


# ---------------------------------------------------------------------------- how people choose


@dataclass(frozen=True)
class Tastes:
    """What members respond to, each (C,). Money is worth the same wherever it is.

    U_ij = -a premium - b OOP + g covers want + k [last plan] + xi_j + e_ij, in USD a year, e of
    the logit form: a = semi_elasticity / 12, b = out_of_pocket_weight a, g = cover_value a,
    k = switching_cost a. xi_j is what makes the shares before stay as they are.
    """

    semi_elasticity: Array  # of active choosers, per USD of monthly premium
    out_of_pocket_weight: Array  # USD of premium that feel like one out of pocket
    cover_value: Array  # USD a year, to those who want the drug
    switching_cost: Array  # USD a year
    attention: Array  # pi0: share who look at other plans in a year
    attention_offered: Array  # pi1: added where they want the drug and only others cover it

    def __post_init__(self) -> None:
        for field in fields(self):
            value = np.atleast_1d(array(getattr(self, field.name)))
            object.__setattr__(self, field.name, value)
            if field.name.startswith("attention"):
                share_of_people(field.name, value)
            elif not (value >= 0.0).all():
                raise ValueError(f"{field.name}: allowed is 0 or more; given was {value.min()}")

    @property
    def stay(self) -> Array:
        """Utility of staying, k, (C,)."""
        return array(self.semi_elasticity / MONTHS * self.switching_cost)


def _bisect(low: Array, high: Array, too_low: Callable[[Array], Flags]) -> Array:
    """Where a monotone condition turns, case by case."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        rise = too_low(middle)
        low, high = np.where(rise, middle, low), np.where(rise, high, middle)
    return array((low + high) / 2.0)


def _appeal(shares: Array, stay: Array) -> tuple[Array, Array]:
    """Weights exp(xi), (C, J), summing to 1, under which shares (J,) stay as they are.

    With inertia k flows between two plans balance if share_d ~ w_d (e + w_d (1 - e)), e = exp(-k):
    a quadratic in w for a given scale (C,), and bisection for the scale at which they sum to 1.
    """
    keep = np.exp(-stay)[:, None]

    def weights(scale: Array) -> Array:
        sized = scale[:, None] * shares
        root = np.sqrt(keep**2 + 4.0 * (1.0 - keep) * sized)
        # not the textbook form of the root, which divides by zero without inertia
        return array(2.0 * sized / (keep + root))

    scale = _bisect(np.zeros_like(stay), np.ones_like(stay), lambda x: weights(x).sum(axis=1) < 1.0)
    found = weights(scale)
    return array(found / found.sum(axis=1, keepdims=True)), scale


def switching_if_attentive(shares: Array, stay: Number) -> Array:
    """Share of those who look who switch in a year in which nothing is new, (C,).

    shares (J,) of members by plan; stay (C,): utility of staying, k. Without inertia they draw
    anew and 1 less the sum of squared shares switch.

    >>> switching_if_attentive(np.array([0.5, 0.5]), np.array([0.0, 1.0, 50.0])).round(3).tolist()
    [0.5, 0.269, 0.0]
    """
    utility = np.atleast_1d(array(stay))
    weights, scale = _appeal(shares, utility)
    moving = np.exp(-utility) * (1.0 - (weights**2).sum(axis=1))
    return array(moving / scale)


def calibrated(
    region: Region,
    semi_elasticity: Number,
    out_of_pocket_weight: Number,
    cover_value: Number,
    switching_cost: Number,
    attention_offered: Number,
    switching: Number,
    most_attentive: Number,
) -> Tastes:
    """Tastes with the attention at which `switching` of members switch when nothing is new.

    attention = switching / (share of the attentive who switch). Published switching costs are
    measured without a stage of attention and hold inattention as well: where they would need more
    attention than `most_attentive`, the share of members who look at other plans, the cost is
    lowered (bisection) until attention is that share. Both (C,); the rest as in `Tastes`.

    >>> region = Region(tuple(Plan(name, 0.25, 36.0, False) for name in "abcd"))
    >>> costs = np.array([100.0, 1000.0])
    >>> got = calibrated(region, 0.08, 0.3, 3000.0, costs, 0.0, 0.10, 0.30)
    >>> got.attention.round(3).tolist(), got.switching_cost.round().tolist()
    ([0.165, 0.3], [100.0, 269.0])
    """
    switch, most = (
        share_of_people("switching", switching),
        share_of_people("most_attentive", most_attentive),
    )
    given = (semi_elasticity, out_of_pocket_weight, cover_value, switching_cost, attention_offered)
    semi, weight, cover, cost, offered, switch, most = (
        np.atleast_1d(value) for value in np.broadcast_arrays(*map(array, given), switch, most)
    )
    uncalibrated = Tastes(semi, weight, cover, cost, np.zeros_like(semi), offered)
    shares = region.shares

    def needed(stay: Array) -> Array:
        moving = switching_if_attentive(shares, stay)
        return array(np.divide(switch, moving, where=moving > 0, out=np.full_like(moving, np.inf)))

    stay = uncalibrated.stay
    # beyond 50 nobody switches, whatever the shares
    lowered = _bisect(np.zeros_like(stay), np.minimum(stay, 50.0), lambda k: needed(k) <= most)
    stay = np.where(needed(stay) <= most, stay, lowered)
    attention = needed(stay)
    if (attention > 1.0).any():
        raise ValueError(
            f"plans: allowed is a market in which {switch.max():.0%} can switch in a year, plan "
            "by plan; given was one with too few plans, or one of them too large"
        )
    effective = np.divide(stay * MONTHS, semi, where=semi > 0, out=np.zeros_like(semi))
    effective = np.where(stay == uncalibrated.stay, cost, effective)
    return Tastes(semi, weight, cover, effective, attention, offered)


def baseline_switching(region: Region, tastes: Tastes) -> Array:
    """Share of members who switch in a year in which nothing is new, (C,)."""
    return array(tastes.attention * switching_if_attentive(region.shares, tastes.stay))


def _transition(weights: Array, gain: Array, stay: Array, attention: Array) -> Array:
    """Shares of each plan's members who are in each plan a year later, (C, J, J), from x to.

    weights, gain (C, J): appeal before and what utility has gained since; stay (C,);
    attention (C, J): share of a plan's members who look.
    """
    value = weights * np.exp(gain - gain.max(axis=1, keepdims=True))
    keep = np.exp(-stay)[:, None]
    rest = np.maximum(value.sum(axis=1, keepdims=True) - value, 0.0)
    own = value + keep * rest
    looking = np.divide(attention * keep, own, where=own > 0, out=np.zeros_like(own))
    matrix = looking[:, :, None] * value[:, None, :]
    diagonal = np.arange(value.shape[1])
    matrix[:, diagonal, diagonal] = 0.0
    matrix[:, diagonal, diagonal] = np.maximum(1.0 - matrix.sum(axis=2), 0.0)
    return array(matrix)


# ------------------------------------------------------------------------------------ the choice


@dataclass(frozen=True)
class Outcome:
    """Where members are, by segment: `ineligible` (all who do not want the drug), `wants`, and
    with low-income members `lis_assigned`, `lis_chooser`, `lis_wants` (choosers who want it)."""

    names: tuple[str, ...]
    covers: Flags  # (J,)
    transition: dict[str, Array]  # (C, J, J), from x to, the same every year
    shares: dict[str, Array]  # (C, Y+1, J), before first
    movers: Array  # (C, Y) of the eligible outside covering plans
    lis_movers: Array | None  # (C, Y) the same of low-income members

    def leavers(self, segment: str = "ineligible") -> Array:
        """Share of each plan's members who leave in a year, (C, J), also when nothing is new."""
        return array(1.0 - np.diagonal(self.transition[segment], axis1=1, axis2=2))

    def net_leaving(self, segment: str = "ineligible") -> Array:
        """Share of each plan's members before that it has lost by each year, net, (C, Y, J)."""
        path = self.shares[segment]
        first = path[:, :1]
        return array(
            np.divide(first - path, first, where=first > 0, out=np.zeros_like(path))[:, 1:]
        )

    def capture(self) -> Array:
        """Each covering plan's part of the movers of year 1 against its part of members, (C, J).

        0 for plans that do not cover, and everywhere if nobody moves.
        """
        come = np.where(
            self.covers, self.shares["wants"][:, 1] - self.shares["ineligible"][:, 1], 0
        )
        size = np.where(self.covers, self.shares["wants"][:, 0], 0.0)
        total = come.sum(axis=1, keepdims=True) * size / np.maximum(size.sum(), 1e-300)
        return array(np.divide(come, total, where=np.abs(total) > 1e-15, out=np.zeros_like(come)))


def _paths(first: Array, matrix: Array, years: int) -> Array:
    """Shares before and after each year, (C, Y+1, J)."""
    path = [np.broadcast_to(first, matrix.shape[:1] + first.shape[-1:])]
    for _ in range(years):
        path.append(np.einsum("cd,cdj->cj", path[-1], matrix))
    return np.stack(path, axis=1)


def _yearly(want: Array, wants: Array, others: Array) -> Array:
    """Movers by year, (C, Y), of the shares inside, (C, Y+1), of those who want it and others.

    On top of where the others are: 1 - E = (1 - B) product of (1 - r), so that leavers because
    of premiums stay on their own. 0 where nobody is outside.
    """
    outside = 1.0 - others
    gone = np.divide(
        want[:, None] * (wants - others), outside, where=outside > 1e-12, out=np.zeros_like(others)
    )
    left = 1.0 - gone
    return array(1.0 - np.divide(left[:, 1:], left[:, :-1], where=left[:, :-1] > 0,
                                 out=np.ones_like(left[:, 1:])))  # fmt: skip


def choose(
    region: Region,
    tastes: Tastes,
    want: Number,
    years: int,
    low_income: LowIncome | None = None,
) -> Outcome:
    """Where members are after each of `years` in which premiums and cover stay as they are now.

    want: share of the eligible who would switch for the drug, (C,). Members look with their
    attention (cover elsewhere adds to that of those who want the drug and lack it), weigh, and
    go or stay; who does not look stays. Low-income members who were assigned leave only a plan
    above benchmark and de minimis, in equal parts to those at or below the benchmark; choosers
    among them pay only what is above it.

    >>> plans = (Plan("mine", 0.25, 36.0, True), Plan("rival", 0.75, 36.0, False))
    >>> keen = Tastes(*map(np.atleast_1d, (0.08, 0.3, 1e5, 0.0, 0.18, 0.0)))
    >>> choose(Region(plans), keen, want=0.6, years=2).movers.round(3).tolist()
    [[0.108, 0.099]]
    """
    if years < 1:
        raise ValueError(f"years: allowed is 1 or more; given was {years}")
    wanting = share_of_people("want", want)
    others = () if low_income is None else (low_income.de_minimis, low_income.assigned)
    cases = np.broadcast_shapes(
        tastes.attention.shape, *(np.atleast_1d(value).shape for value in (wanting, *others))
    )
    wanting = np.broadcast_to(wanting, cases)
    whole = Tastes(*(np.broadcast_to(getattr(tastes, f.name), cases) for f in fields(tastes)))
    covers = region.covers
    transition: dict[str, Array] = {}
    shares: dict[str, Array] = {}

    def settle(segment: str, first: Array, matrix: Array) -> None:
        transition[segment], shares[segment] = matrix, _paths(first, matrix, years)

    def by_choice(first: Array, premium_rise: Array, wants: bool) -> Array:
        gain, attention = _response(whole, region, premium_rise, wants)
        return _transition(_appeal(first, whole.stay)[0], gain, whole.stay, attention)

    rise = region.premium(0.0, before=False) - region.premium(0.0, before=True)
    for segment, wants in (("ineligible", False), ("wants", True)):
        settle(segment, region.shares, by_choice(region.shares, rise, wants))
    inside = {segment: path[:, :, covers].sum(axis=2) for segment, path in shares.items()}
    movers = _yearly(wanting, inside["wants"], inside["ineligible"])
    if low_income is None:
        return Outcome(region.names, covers, transition, shares, movers, None)

    first = region.lis_shares
    benchmark, free = low_income.benchmark, array(low_income.de_minimis)[..., None]
    earlier = benchmark if low_income.benchmark_before is None else low_income.benchmark_before
    over = region.premium(benchmark, before=False)
    before = region.premium(earlier, before=True)
    paid = np.where(over > free, over, 0.0) - np.where(before > free, before, 0.0)
    settle("lis_assigned", first, _assignment(np.broadcast_to(over > free, (*cases, len(over))),
                                              over <= 0.0))  # fmt: skip
    for segment, wants in (("lis_chooser", False), ("lis_wants", True)):
        settle(segment, first, by_choice(first, paid, wants))
    inside = {segment: path[:, :, covers].sum(axis=2) for segment, path in shares.items()}
    assigned = np.broadcast_to(array(low_income.assigned), cases)[:, None]
    stay = assigned * inside["lis_assigned"] + (1.0 - assigned) * inside["lis_chooser"]
    go = assigned * inside["lis_assigned"] + (1.0 - assigned) * inside["lis_wants"]
    return Outcome(region.names, covers, transition, shares, movers, _yearly(wanting, go, stay))


def _response(tastes: Tastes, region: Region, rise: Array, wants: bool) -> tuple[Array, Array]:
    """Utility gained since before and attention, both (C, J); rise: of the monthly premium."""
    covers = region.covers
    yearly = tastes.semi_elasticity[:, None] / MONTHS
    gain = -yearly * MONTHS * rise
    gain = gain - yearly * tastes.out_of_pocket_weight[:, None] * region.out_of_pocket_change
    attention = np.broadcast_to(tastes.attention[:, None], gain.shape)
    if wants:
        gain = gain + yearly * tastes.cover_value[:, None] * covers
        lacking = ~covers & covers.any()
        attention = np.minimum(attention + tastes.attention_offered[:, None] * lacking, 1.0)
    return array(gain), array(attention)


def _assignment(loses: Flags, takes: Flags) -> Array:
    """Where assigned members are a year later, (C, J, J); loses (C, J), takes (J,): plans."""
    count = int(takes.sum())
    plans = len(takes)
    stay = np.broadcast_to(np.eye(plans), (*loses.shape, plans))
    if count == 0:
        return array(stay.copy())
    return array(np.where(loses[:, :, None], takes / count, stay))
