"""What draws of a value say: how likely it pays, how bad it can be, what knowing it is worth.

Values are joining less staying out, positive is good; draws lie along the last axis.
"""

from __future__ import annotations

import numpy as np

from calculator.model.arrays import Array, array

TAIL = 0.05


def worst_mean(values: Array, share: float = TAIL) -> Array:
    """Mean of the worst `share` of draws (at least one draw), (..., N) -> (...).

    >>> float(worst_mean(np.arange(100.0))), float(worst_mean(np.array([3.0, -1.0])))
    (2.0, -1.0)
    """
    count = max(1, round(share * values.shape[-1]))
    return array(np.sort(values, axis=-1)[..., :count].mean(axis=-1))


def pays(values: Array) -> Array:
    """Share of draws in which joining pays, (..., N) -> (...). A value of 0 does not.

    >>> float(pays(np.array([-1.0, 0.0, 2.0, 3.0])))
    0.5
    """
    return array((values > 0.0).mean(axis=-1))


def loses_more(values: Array, limit: Array | float) -> Array:
    """Share of draws that lose more than a limit, (..., N) -> (...). USD, or shares of revenue.

    >>> float(loses_more(np.array([-5.0, -1.0, 2.0, 3.0]), 2.0))
    0.25
    >>> float(loses_more(np.array([-5.0, -1.0]), np.inf))
    0.0
    """
    return array((-values > limit).mean(axis=-1))


def evpi(values: Array) -> float:
    """Expected value of perfect information to a payer that then keeps to its choice, USD.

    E[max(V, 0)] - max(E[V], 0): nothing where every draw says the same.

    >>> evpi(np.array([-3.0, 1.0])), evpi(np.array([1.0, 3.0])), evpi(np.array([-1.0, -2.0]))
    (0.5, 0.0, 0.0)
    """
    return float(np.maximum(values, 0.0).mean() - max(float(values.mean()), 0.0))


def standard_error(values: Array) -> float:
    """Standard error of the mean of independent draws; those of a Sobol sequence err by less.

    >>> round(standard_error(np.array([1.0, 3.0])), 12)
    1.0
    >>> standard_error(np.array([1.0]))
    0.0
    """
    if len(values) < 2:
        return 0.0
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def share_inside(target: Array, actual: Array, threshold: Array) -> float:
    """Share of cases and years in which a corridor shares nothing: within its first threshold.

    threshold: as a share of the target; all broadcast to (N, P).

    >>> share_inside(np.array([[100.0, 100.0]]), np.array([[104.0, 94.0]]), np.array([[0.05]]))
    0.5
    """
    return float((np.abs(actual - target) <= threshold * np.abs(target)).mean())
