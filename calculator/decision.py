"""decide(scenario): both branches on the same people and months, and what joining is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

from calculator.errors import InputError
from calculator.medicaid_decision import StateDecision, StateEvaluation, evaluate_state
from calculator.model.arrays import Array
from calculator.part_d_decision import RESOLUTIONS, Evaluation, PlanDecision, evaluate_plan
from calculator.result import Decision, Value
from calculator.scenario import PlanScenario, Scenario, StateScenario

__all__ = [
    "RESOLUTIONS",
    "Decision",
    "PlanDecision",
    "StateDecision",
    "Value",
    "decide",
    "evaluate",
]


@overload
def evaluate(
    scenario: PlanScenario,
    cases: Mapping[str, Array] | None = None,
    resolution: str = "full",
    *,
    draws: int = 1,
) -> Evaluation: ...
@overload
def evaluate(
    scenario: Scenario,
    cases: Mapping[str, Array] | None = None,
    resolution: str = "full",
    *,
    draws: int = 1,
) -> Evaluation | StateEvaluation: ...
def evaluate(
    scenario: Scenario,
    cases: Mapping[str, Array] | None = None,
    resolution: str = "full",
    *,
    draws: int = 1,
) -> Evaluation | StateEvaluation:
    """Run both branches; `cases` lets any numeric path vary: path -> (C,) values.

    draws: every so many cases in a row are draws of one uncertain world (a bid is then priced
    partly at their mean), not worlds of their own. A state's budget has one resolution. Raises
    InputError for bad input and IdentityError where a sum that must hold does not.
    """
    if resolution not in RESOLUTIONS:
        raise InputError("resolution", "one of " + ", ".join(RESOLUTIONS), resolution)
    if isinstance(scenario, StateScenario):
        return evaluate_state(scenario, cases)
    assert isinstance(scenario, PlanScenario)
    return evaluate_plan(scenario, cases, resolution, draws=draws)


@overload
def decide(
    scenario: PlanScenario, draws: int | None = None, resolution: str = "full"
) -> PlanDecision: ...
@overload
def decide(
    scenario: StateScenario, draws: int | None = None, resolution: str = "full"
) -> StateDecision: ...
@overload
def decide(
    scenario: Scenario, draws: int | None = None, resolution: str = "full"
) -> PlanDecision | StateDecision: ...
def decide(
    scenario: Scenario, draws: int | None = None, resolution: str = "full"
) -> PlanDecision | StateDecision:
    """What joining is worth to this scenario's payer against staying out.

    draws: None, the central run; draws over the inputs' ranges are not in this version.

    >>> from calculator.scenario import load_scenario
    >>> decide(load_scenario("pdp_regional")).value.total < 0
    True
    """
    if draws is not None:
        raise InputError("draws", "none: this version makes the central run only", draws)
    evaluation = evaluate(scenario, resolution=resolution)
    if isinstance(scenario, StateScenario):
        assert isinstance(evaluation, StateEvaluation)
        return StateDecision(scenario, evaluation, resolution)
    assert isinstance(scenario, PlanScenario)
    assert isinstance(evaluation, Evaluation)
    return PlanDecision(scenario, evaluation, resolution)
