"""What every module of the model shares: the array type and how shapes are read."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Number = float | Array

MONTHS = 12


def array(value: object) -> Array:
    """Float array of whatever was given.

    >>> array(2).shape
    ()
    """
    return np.asarray(value, dtype=np.float64)


def monthly_probability(yearly: Number) -> Array:
    """The constant monthly probability that makes up a yearly one.

    >>> round(float(monthly_probability(0.363)), 4)
    0.0369
    >>> float(monthly_probability(0.0))
    0.0
    """
    return array(1.0 - (1.0 - array(yearly)) ** (1.0 / MONTHS))


def monthly_hazard(yearly: Number) -> Array:
    """The constant monthly hazard behind a yearly probability.

    >>> round(float(monthly_hazard(0.363)), 4)
    0.0376
    """
    return array(-np.log1p(-array(yearly)) / MONTHS)


def pad_right(value: Array, axes: int) -> Array:
    """Append `axes` axes of length one, so that cases stay the first axis.

    >>> pad_right(np.ones((3, 2)), 2).shape
    (3, 2, 1, 1)
    """
    return value.reshape(value.shape + (1,) * axes)


def pmpm(total: Number, member_months: Number) -> Array:
    """Per member per month, USD: a total over the member-months it is spread on.

    >>> round(float(pmpm(117_523, 10_000 * 60)), 2)
    0.2
    """
    return array(array(total) / array(member_months))


def sign_changes(values: Array) -> npt.NDArray[np.intp]:
    """Places left of each change of sign along the values, (N,).

    >>> sign_changes(np.array([2.0, 1.0, -1.0, -2.0, 1.0])).tolist()
    [1, 3]
    """
    return np.flatnonzero(np.diff(np.sign(values)) != 0)


def straight_root(at: Array, values: Array, left: int) -> float:
    """Where the straight line between the values at `left` and the next one is 0.

    >>> straight_root(np.array([0.0, 2.0]), np.array([1.0, -3.0]), 0)
    0.5
    """
    part = values[left] / (values[left] - values[left + 1])
    return float(at[left] + part * (at[left + 1] - at[left]))
