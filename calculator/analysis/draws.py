"""Uncertain inputs as draws: one scrambled Sobol table, each column by its assumption's range."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calculator.assumptions import Register
from calculator.errors import InputError
from calculator.model.arrays import Array, array
from calculator.schema import Range

# A range of beta and lognormal is a 95% interval; the ends of the others are ends.
TAIL = 0.025


def ranged(register: Register, path: str) -> tuple[float, Range] | None:
    """Value and range of a numeric path at its last date; None where it is taken as known."""
    entry = register.entries[register.locate(path)[0]]
    dated = entry.values[max(entry.values)]
    if dated.range is None or not isinstance(dated.value, float | int):
        return None
    return float(dated.value), dated.range


def quantile(value: float, spread: Range, at: Array) -> Array:
    """The quantiles `at` (0 to 1) of an uncertain value.

    triangular: from low to high, its mode at the value; uniform: from low to high; lognormal: its
    median at the value, low and high its 95% interval, each side with its own spread; beta: low
    and high its 95% interval. A range without width is the value. ValueError where low and high
    are not possible for the distribution.

    >>> half = np.array([0.5])
    >>> float(quantile(3.0, Range(low=1, high=9, dist="lognormal"), half)[0])
    3.0
    >>> float(quantile(3.0, Range(low=3, high=3, dist="beta"), half)[0])
    3.0
    """
    from scipy import stats

    low, high = spread.low, spread.high
    if low == high:
        return np.full(np.shape(at), value)
    if spread.dist == "uniform":
        return array(low + (high - low) * at)
    if spread.dist == "triangular":
        return array(stats.triang.ppf(at, (value - low) / (high - low), low, high - low))
    if spread.dist == "lognormal":
        if low <= 0.0:
            raise ValueError("a lognormal range lies above 0")
        step = stats.norm.ppf(at) / stats.norm.ppf(1.0 - TAIL)
        side = np.where(step < 0.0, np.log(value / low), np.log(high / value))
        return array(value * np.exp(step * side))
    if not 0.0 < low < high < 1.0:
        raise ValueError("a beta range lies between 0 and 1")
    return array(stats.beta.ppf(at, *_beta(low, high)))


def _beta(low: float, high: float) -> tuple[float, float]:
    """The beta distribution whose 95% interval is low to high."""
    from scipy import optimize, stats

    middle, width = (low + high) / 2.0, (high - low) / (2.0 * stats.norm.ppf(1.0 - TAIL))
    size = max(middle * (1.0 - middle) / width**2 - 1.0, 0.5)

    def gap(logs: Array) -> Array:
        shape = np.exp(logs)
        return array(stats.beta.cdf([low, high], *shape)) - [TAIL, 1.0 - TAIL]

    found = optimize.root(gap, np.log([middle * size, (1.0 - middle) * size]))
    if not found.success:
        raise ValueError("no beta distribution has this range")
    first, second = np.exp(found.x)
    return float(first), float(second)


def draws(register: Register, paths: Sequence[str], count: int, seed: int) -> dict[str, Array]:
    """`count` draws (a power of two) of every path that has a range, path -> (count,).

    One scrambled Sobol sequence, so the same seed gives the same draws. An InputError names a
    path whose range its distribution cannot have.
    """
    from scipy.stats import qmc

    if count < 1 or count & (count - 1):
        raise InputError("draws", "a power of two", count)
    known = {path: ranged(register, path) for path in paths}
    uncertain = {path: found for path, found in known.items() if found is not None}
    if not uncertain:
        return {}
    engine = qmc.Sobol(len(uncertain), scramble=True, rng=np.random.default_rng(seed))
    table = engine.random(count)
    drawn = {}
    for column, (path, (value, spread)) in enumerate(uncertain.items()):
        try:
            drawn[path] = quantile(value, spread, table[:, column])
        except ValueError as error:
            raise InputError(
                f"{path}.range", str(error), f"{spread.low:g} to {spread.high:g}"
            ) from None
    return drawn
