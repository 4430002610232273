"""What would turn a state's decision beside the net price: its use, what plans keep, own rebate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from calculator.analysis.sensitivity import Breakeven
from calculator.medicaid_decision import evaluate_state
from calculator.model import medicaid
from calculator.model.arrays import Array, sign_changes, straight_root
from calculator.model.medicaid import Coverage, Inputs
from calculator.scenario import StateScenario

# Two rounds place a root within 1/256 of the range; straight lines between do the rest.
GRID, ROUNDS = 17, 2
USE, LOAD = "uptake", "assumptions.coverage.capitation_load"
OWN_REBATE = "assumptions.rebates.own_supplemental_share"
# Launch estimates have missed by multiples, so use is tried up to this many times what is expected.
MOST_USE = 4.0


def breakeven_use(inputs: Inputs) -> Breakeven:
    """How many times the use expected at which joining is worth nothing to the state.

    In both branches: a state that covers obesity use today has its own use moved alike.
    """

    def moved(times: Array) -> Inputs:
        return replace(
            inputs, join=_scaled(inputs.join, times), stay_out=_scaled(inputs.stay_out, times)
        )

    return _crossing(USE, (0.0, MOST_USE), 1.0, lambda at: medicaid.run(moved(at)))


def breakeven_load(inputs: Inputs, bounds: tuple[float, float]) -> Breakeven:
    """The share of the capitation that managed care plans keep at which the value is 0."""
    return _crossing(
        LOAD,
        bounds,
        float(inputs.capitation_load[0]),
        lambda at: medicaid.run(replace(inputs, capitation_load=at)),
    )


def breakeven_own_rebate(scenario: StateScenario, bounds: tuple[float, float]) -> Breakeven:
    """The supplemental rebate a state has of its own at which the value is 0."""
    own = float(scenario.register().number(OWN_REBATE)[0])
    return _crossing(
        OWN_REBATE, bounds, own, lambda at: evaluate_state(scenario, {OWN_REBATE: at}).result
    )


def _scaled(coverage: Coverage, times: Array) -> Coverage:
    """So many times as many people on therapy, (C,), from before the model on."""
    wide = times[:, None]
    return replace(
        coverage,
        initiation=np.minimum(coverage.initiation * wide, 1.0),
        fills=None if coverage.fills is None else coverage.fills * wide,
        opening_stock=coverage.opening_stock * wide,
        opening_stopped=coverage.opening_stopped * times,
    )


def _crossing(
    path: str,
    limits: tuple[float, float],
    own: float,
    run: Callable[[Array], medicaid.Result],
) -> Breakeven:
    """The crossing nearest to the input's own value, between limits."""

    def worth(at: Array) -> Array:
        result = run(at)
        wide = np.broadcast_to(result.value, (len(at), result.value.shape[1])).sum(axis=1)
        months = np.broadcast_to(result.member_months, result.value.shape).sum(axis=1)
        return np.asarray(wide / months)

    grid = np.linspace(*limits, GRID)
    values = worth(grid)
    ends = float(values[0]), float(values[-1])
    crossing = sign_changes(values)
    if len(crossing) == 0:
        return Breakeven(path, *limits, None, *ends)
    first = int(crossing[np.argmin(np.abs(grid[crossing] - own))])
    for _ in range(ROUNDS - 1):
        grid = np.linspace(grid[first], grid[first + 1], GRID)
        values = worth(grid)
        first = int(sign_changes(values)[0])
    return Breakeven(
        *(path, *limits, straight_root(grid, values, first), *ends),
        crossings=len(crossing),
        pays_below=bool(values[first] > values[first + 1]),
    )
