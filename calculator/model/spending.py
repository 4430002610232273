"""Annual baseline drug spending as strata: a zero mass, a lognormal body, a Pareto tail.

Strata stand for the two groups of members, LIS and not, on one axis each; shapes end in
(L groups, K points). Model section 5.
"""

from __future__ import annotations

import numpy as np

from calculator.model.arrays import Array, array, pad_right

GROUPS = ("non_lis", "lis")


def unit_points(sigma: Array, tail_start: Array, tail_index: Array, points: int) -> Array:
    """Means of `points` equal-probability slices of a distribution with mean 1, (C, points).

    Lognormal with log standard deviation `sigma` up to the quantile `tail_start`, Pareto with
    index `tail_index` (above 1) beyond it. Slices keep the mean exactly, whatever their number.

    >>> slices = unit_points(np.array([1.7]), np.array([0.98]), np.array([2.2]), 60)
    >>> round(float(slices.mean()), 12), bool(np.all(np.diff(slices) > 0))
    (1.0, True)
    """
    from scipy.special import ndtr, ndtri

    sigma, start, index = (pad_right(array(x), 1) for x in (sigma, tail_start, tail_index))
    quantile = np.linspace(0.0, 1.0, points + 1)
    body = np.minimum(quantile, start)
    below = np.exp(sigma**2 / 2.0) * ndtr(ndtri(body) - sigma)
    joint = np.exp(sigma * ndtri(start))
    power = 1.0 - 1.0 / index
    remaining = np.clip((1.0 - quantile) / (1.0 - start), 0.0, 1.0)
    beyond = joint * (1.0 - start) / power * (1.0 - remaining**power)
    means = np.diff(below + beyond, axis=-1)
    return array(means / means.mean(axis=-1, keepdims=True))


def strata(
    mean_gross: Array,
    zero_share: Array,
    lis_ratio: Array,
    national_lis_share: Array,
    unit: Array,
) -> Array:
    """Gross spending of each stratum, USD per member-year, (C, Y, L, 1 + points).

    mean_gross (C, Y) over all members nationally; LIS members spend `lis_ratio` times the others,
    who are the rest of `national_lis_share`. The first point of each group spends nothing.
    """
    others = mean_gross / (1.0 + national_lis_share[:, None] * (lis_ratio[:, None] - 1.0))
    by_group = np.stack([others, others * lis_ratio[:, None]], axis=-1)
    positive = by_group / (1.0 - pad_right(zero_share, 2))
    spend = positive[..., None] * unit[:, None, None, :]
    return np.concatenate([np.zeros_like(spend[..., :1]), spend], axis=-1)


def member_weights(zero_share: Array, lis_share: Array, points: int) -> Array:
    """Share of the plan's members in each stratum, (C, L, 1 + points); sums to 1.

    >>> weights = member_weights(np.array([0.08]), np.array([0.25]), 4)
    >>> round(float(weights.sum()), 12), round(float(weights[0, 1].sum()), 12)
    (1.0, 0.25)
    """
    zero, lis = np.broadcast_arrays(zero_share, lis_share)
    within = np.concatenate(
        [zero[:, None], np.repeat(((1.0 - zero) / points)[:, None], points, axis=1)], axis=1
    )
    return np.stack([(1.0 - lis)[:, None] * within, lis[:, None] * within], axis=1)


def tilt(weights: Array, spend: Array, ratio: Array) -> Array:
    """Users' strata weights: proportional to exp(theta x spend), their mean `ratio` x average.

    weights (C, L, K), spend (C, L, K), ratio (C,). theta is solved by bisection; a ratio that no
    tilt reaches (at or above the highest stratum) gives the nearest one.

    >>> flat = np.full((1, 1, 4), 0.25); spend = np.array([[[0.0, 1.0, 2.0, 5.0]]])
    >>> bool(np.allclose(tilt(flat, spend, np.array([1.0])), flat))
    True
    >>> round(float((tilt(flat, spend, np.array([1.5])) * spend).sum()), 9)
    3.0
    """
    shape = np.broadcast_shapes(weights.shape, spend.shape, (ratio.shape[0], 1, 1))
    share = np.broadcast_to(weights, shape).reshape(shape[0], -1)
    mean = (weights * spend).sum(axis=(-2, -1))
    scaled = np.broadcast_to(spend / pad_right(mean, 2), shape).reshape(shape[0], -1)
    wanted = np.broadcast_to(ratio, (shape[0],))[:, None]

    def weigh(theta: Array) -> Array:
        exponent = theta * scaled
        tilted = share * np.exp(exponent - exponent.max(axis=-1, keepdims=True))
        return array(tilted / tilted.sum(axis=-1, keepdims=True))

    low, high = np.full((shape[0], 1), -50.0), np.full((shape[0], 1), 50.0)
    for _ in range(60):
        middle = (low + high) / 2.0
        too_low = (weigh(middle) * scaled).sum(axis=-1, keepdims=True) < wanted
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    return weigh((low + high) / 2.0).reshape(shape)


def class_mix(
    spend: Array, brand_floor: Array, brand_rise: Array, brand_half: Array, selected: Array
) -> Array:
    """Share of a stratum's spending by drug class, (C, Y, L, K, 3).

    The brand share of cost rises with spending, floor + rise x spend / (spend + half); `selected`
    (C, Y) of it is under a maximum fair price.

    >>> mix = class_mix(np.full((1, 1, 1, 1), 3000.0), np.array([0.55]), np.array([0.4]),
    ...                 np.array([3000.0]), np.array([[0.0]]))
    >>> [round(float(share), 2) for share in mix[0, 0, 0, 0]]
    [0.75, 0.0, 0.25]
    """
    rise = pad_right(brand_rise, 3) * spend / (spend + pad_right(brand_half, 3))
    # Floor and rise are uncertain each on its own; together they are all of the cost at most.
    brand = np.minimum(pad_right(brand_floor, 3) + rise, 1.0)
    under_mfp = brand * pad_right(selected, 2)
    return np.stack(np.broadcast_arrays(brand - under_mfp, under_mfp, 1.0 - brand), axis=-1)
