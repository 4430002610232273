"""What would have to be true for joining to pay."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calculator.assumptions import Register
from calculator.decision import decide, evaluate
from calculator.errors import InputError
from calculator.model.arrays import Array, sign_changes, straight_root
from calculator.scenario import PlanScenario, Scenario

# Each round divides the bracket by this; three rounds place a root within 1/27,000 of the range.
GRID, ROUNDS = 31, 3


@dataclass(frozen=True)
class Breakeven:
    """Where value crosses 0 along one input, the crossing nearest to the input's own value."""

    path: str
    low: float
    high: float
    root: float | None  # None: value does not change sign in the range
    value_at_low: float  # USD PMPM
    value_at_high: float


def value_pmpm(scenario: Scenario, path: str, values: Array, resolution: str = "full") -> Array:
    """Value of joining, USD PMPM, at each of `values` of one numeric path, (C,)."""
    result = evaluate(scenario, {path: values}, resolution).result
    worth = result.value.sum(axis=1) / result.member_months.sum(axis=1)
    # An input that moves nothing leaves one case for all.
    return np.asarray(np.broadcast_to(worth, values.shape))


def breakeven(
    scenario: Scenario,
    path: str,
    low: float | None = None,
    high: float | None = None,
    resolution: str = "full",
) -> Breakeven:
    """The value of `path` at which joining is worth nothing, within its bounds or low to high."""
    register = scenario.register()
    floor, ceiling = bounds(register, path)
    low, high = floor if low is None else low, ceiling if high is None else high
    if not floor <= low < high <= ceiling:
        raise InputError(path, f"a range inside {floor:,g} to {ceiling:,g}", f"{low:g} to {high:g}")
    grid = np.linspace(low, high, GRID)
    worth = value_pmpm(scenario, path, grid, resolution)
    ends = float(worth[0]), float(worth[-1])
    crossing = sign_changes(worth)
    if len(crossing) == 0:
        return Breakeven(path, low, high, None, *ends)
    now = float(register.number(path)[0])
    now = grid[0] if np.isnan(now) else now
    first = int(crossing[np.argmin(np.abs(grid[crossing] - now))])
    for _ in range(ROUNDS - 1):
        grid = np.linspace(grid[first], grid[first + 1], GRID)
        worth = value_pmpm(scenario, path, grid, resolution)
        first = int(sign_changes(worth)[0])
    return Breakeven(path, low, high, straight_root(grid, worth, first), *ends)


PRICED = "assumptions.payment.priced_share"
COUNTED = "terms.net_includes_discount"


@dataclass(frozen=True)
class Alternatives:
    """Value PMPM under readings that no source settles, beside the one chosen."""

    priced: dict[float, float]  # share of the cost put into the bid -> USD PMPM
    discount_counted: dict[bool, float]  # counts towards the net price -> USD PMPM


def alternatives(scenario: PlanScenario, resolution: str = "full") -> Alternatives:
    """Value with none, the chosen share and all of the cost in the bid; discount counted or not."""
    chosen = float(scenario.register().number(PRICED)[0])
    shares = sorted({0.0, chosen, 1.0})
    worth = value_pmpm(scenario, PRICED, np.array(shares), resolution)
    counted = {
        flag: decide(scenario.with_settings({COUNTED: flag}), resolution=resolution).value.pmpm
        for flag in (True, False)
    }
    return Alternatives(dict(zip(shares, map(float, worth), strict=True)), counted)


def bounds(register: Register, path: str) -> tuple[float, float]:
    """Bounds of a numeric path; an InputError for a word, a date or an unknown path."""
    entry_path, _ = register.locate(path)
    entry = register.entries[entry_path]
    if entry.kind != "number" or entry.bounds is None:
        raise InputError(path, "a path with a number", entry.unit)
    return entry.bounds
