"""Bids, premiums, direct subsidy and risk corridors (model section 6). USD PMPM unless said."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from calculator.model.arrays import Array, Number, array

Expected = Callable[[Array], Array]


def uncapped_base_premium(
    national_average_bid: Number, national_average_reinsurance: Number, share: Number
) -> Array:
    """Base beneficiary premium before the cap: `share` of bid and reinsurance together.

    >>> round(float(uncapped_base_premium(179.45, 40.08, 0.255)), 2)
    55.98
    """
    return array(share * (array(national_average_bid) + national_average_reinsurance))


def base_premium(
    prior: Number,
    national_average_bid: Number,
    national_average_reinsurance: Number,
    share: Number,
    growth_cap: Number,
    floor_share: Number = 0.0,
) -> Array:
    """Base beneficiary premium of the next year, 42 USC 1395w-113(a).

    The prior year's may rise by `growth_cap` at most and never above the uncapped premium; where
    the statute sets a floor (2030) it is at least `floor_share` of bid and reinsurance.

    >>> round(float(base_premium(38.99, 296.05, 56.34, 0.255, 0.06)), 2)
    41.33
    """
    uncapped = uncapped_base_premium(national_average_bid, national_average_reinsurance, share)
    capped = np.minimum(array(prior) * (1.0 + growth_cap), uncapped)
    floor = uncapped_base_premium(national_average_bid, national_average_reinsurance, floor_share)
    return array(np.maximum(capped, floor))


def base_premiums(
    last_published: Array,
    national_average_bid: Array,
    national_average_reinsurance: Array,
    years: Sequence[int],
    share: Array,
    growth_cap: Array,
    floor_share: Array,
    reset_year: Array,
) -> Array:
    """Base premiums of `years` after the last published one, (C, Y).

    `last_published` (C,) is the premium of the year before years[0]. To the year before
    `reset_year` (C,) the cap acts alone; in it the floor joins; afterwards that year's percentage
    of bid and reinsurance is held.
    """
    total = national_average_bid + national_average_reinsurance
    prior = last_published
    held = array(0.0)
    premiums = []
    for column, year in enumerate(years):
        fresh = base_premium(
            prior,
            national_average_bid[:, column],
            national_average_reinsurance[:, column],
            share,
            growth_cap,
            np.where(reset_year == year, floor_share, 0.0),
        )
        prior = np.where(reset_year < year, held * total[:, column], fresh)
        held = prior / total[:, column]
        premiums.append(prior)
    return np.stack(np.broadcast_arrays(*premiums), axis=-1)


def basic_premium(bid: Number, national_average_bid: Number, base_premium: Number) -> Array:
    """A plan's basic premium: the base premium and all that its bid is above the average.

    >>> round(float(basic_premium(300.05, 296.05, 41.33)), 2)
    45.33
    """
    return array(base_premium + (array(bid) - national_average_bid))


def direct_subsidy(
    bid: Number, risk_score: Number, national_average_bid: Number, base_premium: Number
) -> Array:
    """Monthly direct subsidy. 42 USC 1395w-115(a)(1).

    The bid at the plan's risk score, less what the member pays. At a risk score of 1 every plan
    gets the same: national average bid - base premium.

    >>> round(float(direct_subsidy(296.05, 1.0, 296.05, 41.33)), 2)
    254.72
    """
    return array(array(bid) * risk_score - basic_premium(bid, national_average_bid, base_premium))


def risk_corridor(
    target: Number,
    actual: Number,
    thresholds: tuple[Number, Number] = (0.05, 0.10),
    shares: tuple[Number, Number] = (0.50, 0.80),
) -> Array:
    """What Medicare pays the plan (+) or recovers (-), in the unit of target. 1395w-115(e).

    Nothing within the first threshold of the target; `shares[0]` of the deviation between the
    thresholds, `shares[1]` beyond. The default arguments are the statute's.

    >>> [round(float(risk_corridor(100.0, cost)), 2) for cost in (104, 108, 120, 85)]
    [0.0, 1.5, 10.5, -6.5]
    """
    deviation = array(actual) - target
    size = np.abs(deviation)
    first, second = (array(limit) * target for limit in thresholds)
    between = np.clip(size - first, 0.0, np.maximum(second - first, 0.0))
    beyond = np.maximum(size - second, 0.0)
    return array(np.sign(deviation) * (shares[0] * between + shares[1] * beyond))


def bid_change(
    priced_net_cost: Number,
    priced_share: Number,
    risk_score: Number,
    administration_and_margin: Number,
) -> Array:
    """Change of the standardised bid that prices a net cost PMPM.

    Loaded for administration and margin, divided by the risk score that payment multiplies it
    with: the plan gets the priced cost back once, at any risk score.

    >>> change = bid_change(9.0, 1.0, 1.3, 0.10)
    >>> round(float(change * 1.3 * (1 - 0.10)), 9)
    9.0
    """
    return array(
        array(priced_share)
        * priced_net_cost
        / (array(risk_score) * (1.0 - array(administration_and_margin)))
    )


def premium_change(bid_change: Number, own_weight: Number) -> Array:
    """Change of the plan's premium: its bid moves the national average by its own weight.

    >>> float(premium_change(2.0, 0.25)), float(premium_change(2.0, 1.0))
    (1.5, 0.0)
    """
    return array(array(bid_change) * (1.0 - array(own_weight)))


def with_experience(
    cost: Array, credibility: Array, draws: int, expected: Expected | None = None
) -> Array:
    """Cost known at the bid, (C, Y): `credibility` of this case, the rest the mean of its world.

    Every `draws` cases in a row are draws of one uncertain world; a world of one draw is known.
    expected: what is expected of a cost when the bid is made, in place of that mean.

    >>> with_experience(np.array([[1.0], [3.0]]), np.array([[0.0]]), 2).ravel().tolist()
    [2.0, 2.0]
    >>> with_experience(np.array([[1.0], [3.0]]), np.array([[1.0]]), 2).ravel().tolist()
    [1.0, 3.0]
    >>> with_experience(np.array([[1.0], [3.0]]), np.array([[0.0]]), 1).ravel().tolist()
    [1.0, 3.0]
    """
    if expected is not None:
        return array(credibility * cost + (1.0 - credibility) * expected(cost))
    if draws == 1 or len(cost) == 1:
        return cost
    worlds = cost.reshape(-1, draws, cost.shape[-1])
    mean = np.repeat(worlds.mean(axis=1), draws, axis=0)
    return array(credibility * cost + (1.0 - credibility) * mean)


def share_leaving(premium_rise: Array, semi_elasticity: Array, active_choosers: Array) -> Array:
    """Share of members gone by each year, (C, Y), for a premium rise against rivals (USD PMPM).

    Each year `active_choosers` look around; `semi_elasticity` of them leave per USD. Those who
    have left stay away. Negative: members gained. At most all active choosers leave in a year.

    >>> share_leaving(np.array([[1.0, 1.0]]), np.array([0.1]), np.array([0.1])).round(4).tolist()
    [[0.01, 0.0199]]
    """
    rate = active_choosers[:, None] * np.clip(semi_elasticity[:, None] * premium_rise, -1.0, 1.0)
    return array(1.0 - np.cumprod(1.0 - rate, axis=1))


def loses_benchmark(bid_change: Array, rivals_bid_change: Array, headroom: Array) -> Array:
    """1 from the year in which a rise of the bid against the region's exceeds the headroom, (C, Y).

    A headroom of nan: benchmark status is not at stake. USD PMPM.

    >>> loses_benchmark(np.array([[1.0, 3.0, 1.0]]), np.zeros((1, 1)), np.array([2.0])).tolist()
    [[0.0, 1.0, 1.0]]
    """
    lost = np.where((bid_change - rivals_bid_change) > headroom[:, None], 1.0, 0.0)
    return array(np.maximum.accumulate(lost, axis=1))
