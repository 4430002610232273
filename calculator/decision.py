"""decide(scenario): both branches on the same people and months, and what joining is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import overload

from calculator.errors import InputError
from calculator.medicaid_decision import StateDecision, StateEvaluation, evaluate_state
from calculator.model.arrays import Array
from calculator.model.payment import Expected
from calculator.part_d_decision import (
    RESOLUTIONS,
    Evaluation,
    PlanDecision,
    evaluate_plan,
)
from calculator.result import Decision, Progress, Value
from calculator.scenario import PlanScenario, Scenario, StateScenario
from calculator.uncertainty import SEED, uncertain

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
    interpolate: bool = False,
    expected: Expected | None = None,
    progress: Progress | None = None,
    beside: Evaluation | StateEvaluation | None = None,
) -> Evaluation: ...
@overload
def evaluate(
    scenario: Scenario,
    cases: Mapping[str, Array] | None = None,
    resolution: str = "full",
    *,
    draws: int = 1,
    interpolate: bool = False,
    expected: Expected | None = None,
    progress: Progress | None = None,
    beside: Evaluation | StateEvaluation | None = None,
) -> Evaluation | StateEvaluation: ...
def evaluate(
    scenario: Scenario,
    cases: Mapping[str, Array] | None = None,
    resolution: str = "full",
    *,
    draws: int = 1,
    interpolate: bool = False,
    expected: Expected | None = None,
    progress: Progress | None = None,
    beside: Evaluation | StateEvaluation | None = None,
) -> Evaluation | StateEvaluation:
    """Run both branches; `cases` lets any numeric path vary: path -> (C,) values.

    draws: every so many cases in a row are draws of one uncertain world (a bid is then priced
    partly at their mean), not worlds of their own. interpolate: where more than a few cases change
    the benefit table, read it between nodes. expected: what is expected of a cost (C, Y) when the
    bid is made, in place of that mean. progress(done, total) is called between chunks of cases and
    may raise to stop. beside: a run of one case of this scenario, or of one near it, from which a
    plan's run takes everything that comes out the same. A state's budget has one resolution, no
    bid and no benefit table. Raises InputError for bad input and IdentityError where a sum that
    must hold does not.
    """
    if resolution not in RESOLUTIONS:
        raise InputError("resolution", "one of " + ", ".join(RESOLUTIONS), resolution)
    if isinstance(scenario, StateScenario):
        return evaluate_state(scenario, cases, progress=progress)
    assert isinstance(scenario, PlanScenario)
    return evaluate_plan(
        scenario,
        cases,
        resolution,
        draws=draws,
        interpolate=interpolate,
        expected=expected,
        progress=progress,
        beside=beside if isinstance(beside, Evaluation) else None,
    )


@overload
def decide(
    scenario: PlanScenario,
    draws: int | None = None,
    resolution: str = "full",
    *,
    seed: int = SEED,
    loss_usd: float | None = None,
    loss_share: float | None = None,
) -> PlanDecision: ...
@overload
def decide(
    scenario: StateScenario,
    draws: int | None = None,
    resolution: str = "full",
    *,
    seed: int = SEED,
    loss_usd: float | None = None,
    loss_share: float | None = None,
) -> StateDecision: ...
@overload
def decide(
    scenario: Scenario,
    draws: int | None = None,
    resolution: str = "full",
    *,
    seed: int = SEED,
    loss_usd: float | None = None,
    loss_share: float | None = None,
) -> PlanDecision | StateDecision: ...
def decide(
    scenario: Scenario,
    draws: int | None = None,
    resolution: str = "full",
    *,
    seed: int = SEED,
    loss_usd: float | None = None,
    loss_share: float | None = None,
) -> PlanDecision | StateDecision:
    """What joining is worth to this scenario's payer against staying out.

    The value is always the central run's. draws: so many draws (rounded up to a power of two) of
    what is uncertain beside it, as `decision.uncertainty`; None for none. seed, loss_usd and
    loss_share as for `uncertainty.uncertain`.

    >>> from calculator.scenario import load_scenario
    >>> decide(load_scenario("pdp_regional")).value.total < 0
    True
    """
    if resolution not in RESOLUTIONS:
        raise InputError("resolution", "one of " + ", ".join(RESOLUTIONS), resolution)
    evaluation = evaluate(scenario, resolution=resolution)
    found = None
    if draws is not None:
        found = uncertain(
            scenario,
            draws,
            seed,
            resolution=resolution,
            loss_usd=loss_usd,
            loss_share=loss_share,
            central=float(evaluation.result.value[0].sum()),
        )
    if isinstance(scenario, StateScenario):
        assert isinstance(evaluation, StateEvaluation)
        return StateDecision(scenario, evaluation, resolution, found)
    assert isinstance(scenario, PlanScenario)
    assert isinstance(evaluation, Evaluation)
    return PlanDecision(scenario, evaluation, resolution, found)
