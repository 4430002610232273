"""A number out of claims with the people it rests on; never on fewer than may be shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calculator.claims.small_cells import small, smallest
from calculator.model.arrays import Array


@dataclass(frozen=True)
class Estimate:
    """A number with the people it rests on and its 95% band, where there is one."""

    value: float
    n: int
    low: float | None = None
    high: float | None = None


def share(count: int, total: int) -> Estimate:
    """A share with its Wilson band; a small count, or one of all but a few, counts as none or all.

    >>> share(3, 100).value, share(100, 400).value
    (0.0, 0.25)
    """
    from scipy.stats import binomtest

    count = 0 if small(count) else total if small(total - count) else count
    if total == 0 or count in (0, total):
        return Estimate(float(count > 0), total)
    band = binomtest(count, total).proportion_ci(method="wilson")
    return Estimate(count / total, total, float(band.low), float(band.high))


def mean(values: Array) -> Estimate | None:
    """A mean with its normal band; none on too few people."""
    if len(values) < smallest():
        return None
    middle = float(values.mean())
    half = 1.96 * float(values.std(ddof=1)) / np.sqrt(len(values))
    return Estimate(middle, len(values), middle - half, middle + half)
