"""A plan's own spending strata in place of the nation's: re-sliced, grown, and split by class.

Strata are equal-probability points of the annual cost of those who spend; shapes as in spending.py.
"""

from __future__ import annotations

import numpy as np

from calculator.model.arrays import Array, array, pad_right


def resliced(points: Array, count: int) -> Array:
    """Means of `count` equal-probability slices of the distribution of these points, (..., count).

    points (..., K): means of K equal-probability slices, in rising order. Within a point spending
    is level, so the mean is kept exactly, whatever the count.

    >>> [round(float(mean), 6) for mean in resliced(np.array([1.0, 2.0, 6.0]), 2)]
    [1.333333, 4.666667]
    >>> resliced(np.array([1.0, 2.0, 6.0]), 1).tolist()
    [3.0]
    """
    known = points.shape[-1]
    if known == count:
        return points
    below = np.concatenate([np.zeros((*points.shape[:-1], 1)), np.cumsum(points, axis=-1)], axis=-1)
    at = np.linspace(0.0, known, count + 1)
    whole = np.minimum(at.astype(int), known - 1)
    upto = below[..., whole] + (at - whole) * points[..., whole]
    return array(np.diff(upto, axis=-1) * (count / known))


def own_weights(zero_shares: Array, lis_share: Array, points: int) -> Array:
    """Share of the plan's members in each stratum, (C, L, 1 + points); sums to 1.

    zero_shares (C, L): who spends nothing, of each group.

    >>> weights = own_weights(np.array([[0.1, 0.2]]), np.array([0.25]), 5)
    >>> round(float(weights.sum()), 12), round(float(weights[0, 1, 0]), 12)
    (1.0, 0.05)
    """
    spenders = np.repeat((1.0 - zero_shares)[..., None] / points, points, axis=-1)
    within = np.concatenate([zero_shares[..., None], spenders], axis=-1)
    return array(np.stack([1.0 - lis_share, lis_share], axis=-1)[..., None] * within)


def growth_of_the_rest(mean: Array, index: Array, in_use: Array) -> Array:
    """What spending without the GLP-1 drugs in use is multiplied by, by year, (C, Y).

    mean (C,): the plan's own, USD per member-year without them, in the first year of the other
    arguments; index (C, 1 + Y): all spending nationally; in_use (C, 1 + Y): the GLP-1 drugs in use
    nationally, USD per member-year. All spending grows by the index, and what GLP-1 drugs cost at
    each year's prices is taken off it, as is done with national spending.

    >>> growth_of_the_rest(np.array([900.0]), np.array([[1.0, 1.1]]), np.array([[100.0, 200.0]]))
    array([[1.]])
    """
    everything = (mean[:, None] + in_use[:, :1]) * index[:, 1:] / index[:, :1]
    return array((everything - in_use[:, 1:]) / mean[:, None])


def own_class_mix(
    applicable: Array, selected: Array, curve_change: Array, selected_nationally: Array
) -> Array:
    """Share of a stratum's spending by drug class in later years, (C, Y, L, K, 3).

    applicable and selected (L, K): the plan's own in the year they were measured. curve_change
    (C, Y, L, K): how far the brand share has risen since along the national curve, as spending
    grows. selected_nationally (C, 1 + Y): share of brand cost under a maximum fair price, the
    measured year first; of what is not selected, the same part becomes so as nationally.

    >>> mix = own_class_mix(np.array([[0.8]]), np.array([[0.0]]), np.zeros((1, 1, 1, 1)),
    ...                     np.array([[0.0, 0.25]]))
    >>> [round(float(share), 2) for share in mix[0, 0, 0, 0]]
    [0.6, 0.2, 0.2]
    """
    brand = applicable + selected
    unselected = np.divide(applicable, brand, out=np.ones_like(brand), where=brand > 0.0)
    left = 1.0 - selected_nationally
    kept = np.divide(
        left[:, 1:], left[:, :1], out=np.zeros_like(left[:, 1:]), where=left[:, :1] > 0
    )
    later = np.clip(brand + curve_change, 0.0, 1.0)
    under_discount = later * unselected * pad_right(kept, 2)
    parts = (under_discount, later - under_discount, 1.0 - later)
    return array(np.stack(np.broadcast_arrays(*parts), axis=-1))
