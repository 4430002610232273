"""A number out of claims with the people it rests on; never on fewer than may be shown.

People are told in tens: an exact count less another, or a share times its base, would tell of a few
people that CMS's cell size policy hides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calculator.claims.small_cells import small, smallest
from calculator.model.arrays import Array

TENS = 10  # people are told in


@dataclass(frozen=True)
class Estimate:
    """A number with the people it rests on and its 95% band, where there is one."""

    value: float
    n: int  # at least so many: `at_least`
    low: float | None = None
    high: float | None = None


def at_least(count: int) -> int:
    """A count of people rounded down to tens, but for the fewest that may be shown.

    >>> [at_least(count) for count in (97, 103, 13, 0)]
    [90, 100, 11, 0]
    """
    tens = count // TENS * TENS
    return min(count, max(tens, smallest()))


def in_tens(count: int) -> int:
    """A count of people to the nearest ten, half a ten upwards.

    >>> [in_tens(count) for count in (34, 35, 36, 0)]
    [30, 40, 40, 0]
    """
    return (count + TENS // 2) // TENS * TENS


def share(count: int, total: int) -> Estimate:
    """A share with its Wilson band; a small count, or one of all but a few, counts as none or all.

    It is that of both counts in tens, which moves it by less than its band: the share and its base
    give no exact count.

    >>> share(3, 100).value, share(100, 400).value, share(42, 103).value
    (0.0, 0.25, 0.4)
    """
    from scipy.stats import binomtest

    count = 0 if small(count) else total if small(total - count) else count
    if total == 0 or count in (0, total):
        return Estimate(float(count > 0), at_least(total))
    n = at_least(total)
    count, total = in_tens(count), in_tens(total)
    band = binomtest(count, total).proportion_ci(method="wilson")
    return Estimate(count / total, n, float(band.low), float(band.high))


def mean(values: Array) -> Estimate | None:
    """A mean with its normal band; none on too few people."""
    if len(values) < smallest():
        return None
    middle = float(values.mean())
    half = 1.96 * float(values.std(ddof=1)) / np.sqrt(len(values))
    return Estimate(middle, at_least(len(values)), middle - half, middle + half)
