"""What is worth finding out first: value of information from the engine's own draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calculator.analysis import information
from calculator.analysis.draws import Draws, UncertainInput, draws, power_of_two
from calculator.analysis.information import Best, Estimate, Paths, Regression
from calculator.analysis.sensitivity import own_value
from calculator.decision import evaluate
from calculator.errors import InputError
from calculator.medicaid_decision import StateEvaluation
from calculator.medicaid_inputs import months_of
from calculator.model.arrays import MONTHS, Array, array
from calculator.model.part_d import settle
from calculator.model.payment import Expected
from calculator.part_d_decision import Evaluation
from calculator.part_d_inputs import horizon
from calculator.result import Progress
from calculator.scenario import PlanScenario, Scenario, StateScenario

# What leaving costs unless it is said: a further year of the fixed cost of taking part.
EXIT_COST = {
    "part_d": "assumptions.administration.fixed_cost",
    "medicaid": "assumptions.coverage.administration_fixed",
}
# Set by the payer or by convention: there is nothing to find out.
CHOSEN = ("assumptions.payment.priced_share", "assumptions.payment.discount_rate")
LEAST = 64
# Joining now, joining a year later, and the inputs one by one, as steps of the whole.
STAGES, STAGE = 3, 100


@dataclass(frozen=True)
class Learned:
    """What knowing one input is worth, USD over the horizon."""

    path: str
    label: str
    unit: str
    status: str
    committed: Estimate  # before the decision (and the bid), which is then kept
    with_exit: Estimate  # before the decision (and the bid), of a payer that may leave or wait
    after: Estimate  # after it, to a payer that has joined: it may leave
    as_filed: Estimate  # committed, but a bid that does not know it


@dataclass(frozen=True)
class Perfect:
    """What knowing everything is worth, USD over the horizon, in the same four cases."""

    committed: float
    with_exit: float
    after: float
    as_filed: float


@dataclass(frozen=True)
class Information:
    """The value of information of one scenario."""

    program: str
    has_bid: bool
    draws: int
    asked: int
    seed: int
    exit_cost: float
    exit_assumed: bool  # nobody gave it: a further year of the fixed cost of taking part
    can_wait: bool
    member_months: float  # of the horizon, mean of the draws
    mean: float  # E[V] of joining to the end, USD
    pays: float  # share of draws in which that is above 0
    now: Best  # what each choice is worth today, with exit
    perfect: Perfect
    inputs: tuple[Learned, ...]  # most valuable first
    chosen: tuple[UncertainInput, ...] = ()  # drawn, but set by the payer: nothing to find out

    def pmpm(self, usd: float) -> float:
        """USD over the horizon as USD PMPM."""
        return usd / self.member_months


def information_of(
    scenario: Scenario,
    count: int = 1024,
    seed: int = 1,
    *,
    exit_cost: float | None = None,
    resolution: str = "full",
    progress: Progress | None = None,
) -> Information:
    """Each uncertain input by what knowing it before the decision is worth.

    A plan with a bid prices what it has learned: the bid then rests on E[cost | learned] in place
    of E[cost]. exit_cost: USD to leave after the first year; without it a year's fixed cost of
    taking part. Entering a year later is the same draws with the start a year later.
    """
    register = scenario.register()
    cost = own_value(register, EXIT_COST[scenario.program]) if exit_cost is None else exit_cost
    if not 0.0 <= cost < float("inf"):
        raise InputError("--exit-cost", "a number from 0 up, USD", cost)
    if power_of_two(count) < LEAST:
        raise InputError("draws", f"a number from {LEAST} up: fewer tell nothing apart", count)
    table = draws(scenario, count, seed)
    world = _world(scenario, table, cost, resolution, progress)
    paths, informed = world.paths(None), world.paths(lambda cost: cost, everything=True)
    committed = paths.committed
    perfect = Perfect(
        committed=max(
            float(np.maximum(informed.committed, 0.0).mean()) - max(float(committed.mean()), 0.0),
            0.0,
        ),
        with_exit=information.exit_evpi(paths, informed),
        after=information.after_evpi(paths),
        as_filed=information.evpi(committed),
    )
    found = []
    learning = _stage(progress, 2)
    for column, one in enumerate(table.inputs):
        if one.path not in CHOSEN:
            found.append(_learned(one, table.quantiles[:, column], paths, world, perfect))
        if learning:
            learning(column + 1, len(table.inputs))
    found.sort(key=lambda one: (-one.with_exit.value, -one.committed.value, -one.after.value))
    return Information(
        program=scenario.program,
        has_bid=world.priced,
        draws=table.count,
        asked=table.asked,
        seed=table.seed,
        exit_cost=cost,
        exit_assumed=exit_cost is None,
        can_wait=paths.entering is not None,
        member_months=world.member_months,
        mean=float(committed.mean()),
        pays=float(np.mean(committed > 0.0)),
        now=information.best(paths),
        perfect=perfect,
        inputs=tuple(found),
        chosen=tuple(one for one in table.inputs if one.path in CHOSEN),
    )


def _learned(
    one: UncertainInput, drawn: Array, paths: Paths, world: _World, perfect: Perfect
) -> Learned:
    """One input; none can be worth more than everything."""
    regression = Regression(drawn)
    informed = world.paths(regression, drawn) if world.priced else paths

    def capped(estimate: Estimate, most: float) -> Estimate:
        return replace(estimate, value=min(estimate.value, most))

    committed = information.evppi(informed.committed, drawn, before=paths.committed)
    return Learned(
        path=one.path,
        label=one.label,
        unit=one.unit,
        status=one.status,
        committed=capped(committed, perfect.committed),
        with_exit=capped(information.exit_evppi(paths, drawn, informed), perfect.with_exit),
        after=capped(information.after_evppi(paths, drawn), perfect.after),
        as_filed=capped(information.evppi(paths.committed, drawn), perfect.as_filed),
    )


# ---------------------------------------------------------------------------------- the engine


@dataclass(frozen=True)
class _World:
    """Both runs of all draws: joining at the start, and a year later."""

    now: Evaluation | StateEvaluation
    later: Evaluation | StateEvaluation | None
    observed: Array  # (N, 2) what the first year shows
    exit_cost: float
    count: int

    @property
    def priced(self) -> bool:
        """Whether what is learned goes into a bid."""
        return isinstance(self.now, Evaluation) and self.now.inputs.has_bid

    @property
    def member_months(self) -> float:
        """Of the horizon, mean of the draws."""
        return float(self.now.result.member_months.sum(axis=1).mean())

    def paths(
        self, expected: Expected | None, learned: Array | None = None, *, everything: bool = False
    ) -> Paths:
        """Value of each path when bids are priced at `expected` (None: at the mean of the draws).

        A later entrant has seen the first year of the others when it bids: it prices on that, and
        on what was learned. everything: expected is all there is to know.
        """
        value = self._value(self.now, expected)
        split = MONTHS if isinstance(self.now, StateEvaluation) else 1
        entering = None
        if self.later is not None:
            on_entry = expected if everything else information.given(self.observed, learned)
            entering = array(self._value(self.later, on_entry).sum(axis=1))
        return Paths(
            first=array(value[:, :split].sum(axis=1)),
            later=array(value[:, split:].sum(axis=1)),
            entering=entering,
            observed=self.observed,
            exit_cost=self.exit_cost,
        )

    def _value(self, run: Evaluation | StateEvaluation, expected: Expected | None) -> Array:
        """Value by draw and period, (N, P)."""
        value = run.result.value
        if isinstance(run, Evaluation) and self.priced and expected is not None:
            settled = settle(run.inputs, run.costs, draws=self.count, expected=expected)
            value = settled.value
        return array(np.broadcast_to(value, (self.count, value.shape[1])))


def _world(
    scenario: Scenario,
    table: Draws,
    exit_cost: float,
    resolution: str,
    progress: Progress | None = None,
) -> _World:
    def run(one: Scenario, cases: Mapping[str, Array], stage: int) -> Evaluation | StateEvaluation:
        return evaluate(
            one,
            cases,
            resolution,
            draws=table.count,
            interpolate=True,
            progress=_stage(progress, stage),
        )

    now = run(scenario, table.cases, 0)
    later_scenario = a_year_later(scenario)
    later = None
    if later_scenario is not None:
        moved = _moved_on(scenario, table.cases)
        drawn = {path: values for path, values in moved.items() if len(values) > 1}
        cases = {**table.cases, **drawn}
        bid = "plan.bid"
        if isinstance(now, Evaluation) and not np.all(np.isnan(now.inputs.bid)):
            # A plan's own bid is the first year's; the second year's has moved with the average.
            cases[bid] = array(np.broadcast_to(now.inputs.bid[:, 1], (table.count,)))
        later = run(later_scenario, cases, 1)
    return _World(now, later, _observed(now, table.count), exit_cost, table.count)


def _stage(progress: Progress | None, stage: int) -> Progress | None:
    """Progress of one of the three stages as progress of the whole."""
    if progress is None:
        return None

    def told(done: int, count: int) -> None:
        progress(stage * STAGE + STAGE * done // max(count, 1), STAGES * STAGE)

    return told


def _observed(run: Evaluation | StateEvaluation, count: int) -> Array:
    """What the first year shows by the next bid: who starts, and what it costs, (N, 2)."""
    if isinstance(run, Evaluation):
        starts = run.costs.join_people.starters[:, 0]
        cost = run.result.net_cost[:, 0]
    else:
        join, stay_out = run.result.join, run.result.stay_out
        starts = join.starts[:, :MONTHS].sum(axis=1)
        added = join.net_drug_cost[:, :MONTHS] - stay_out.net_drug_cost[:, :MONTHS]
        cost = added.sum(axis=1)
    return np.column_stack([np.broadcast_to(one, (count,)) for one in (starts, cost)])


def a_year_later(scenario: Scenario) -> Scenario | None:
    """The scenario with the start a year later, others' choices fixed; None past the end.

    What a user gave for the first month has moved on by a year of its own trend; its range was of
    that month, and is left behind.
    """
    register = scenario.register()
    if isinstance(scenario, PlanScenario):
        start, end = horizon(scenario, register)
    else:
        assert isinstance(scenario, StateScenario)
        months = months_of(scenario, register)
        start, end = months[0], months[-1]
    later = start.replace(year=start.year + 1)
    if later > end:
        return None
    moved = {path: float(values[0]) for path, values in _moved_on(scenario, {}).items()}
    own = scenario.uncertainty
    ranges = {path: spread for path, spread in own.ranges.items() if path not in moved}
    without = scenario.model_copy(
        update={"uncertainty": own.model_copy(update={"ranges": ranges, "correlations": {}})}
    )
    return without.with_settings({**moved, "horizon.start": later.isoformat()})


def _moved_on(scenario: Scenario, cases: Mapping[str, Array]) -> dict[str, Array]:
    """What a user gave for the first month, a year later: path -> (1,), or (N,) where it is drawn.

    cases: drawn values, trends among them.
    """
    register = scenario.register()
    number = (register.with_cases(cases) if cases else register).number
    if isinstance(scenario, PlanScenario):
        return {"plan.members": array(number("plan.members") * (1.0 + number("plan.member_trend")))}
    assert isinstance(scenario, StateScenario)
    found = {}
    if scenario.state.stance != "not_covering":
        path = "state.months_covered"
        _, most = register.bounds(path)
        found[path] = array(np.minimum(number(path) + MONTHS, most))
    general = number("assumptions.coverage.enrollment_trend")
    if scenario.state.enrollment is not None:
        found["state.enrollment"] = array(number("state.enrollment") * (1.0 + general))
    for name, group in scenario.groups:
        path = f"groups.{name}"
        if group.enrollment is not None:
            trend = general if group.trend is None else number(f"{path}.trend")
            found[f"{path}.enrollment"] = array(number(f"{path}.enrollment") * (1.0 + trend))
    return found


def information_dict(found: Information) -> dict[str, Any]:
    """Plain data, unrounded: USD and USD PMPM."""

    def both(usd: float) -> dict[str, float]:
        return {"usd": usd, "pmpm": found.pmpm(usd)}

    def estimated(one: Estimate) -> dict[str, float]:
        return {**both(one.value), "standard_error": one.error}

    return {
        "draws": found.draws,
        "asked": found.asked,
        "seed": found.seed,
        "exit_cost": found.exit_cost,
        "exit_cost_status": "assumed" if found.exit_assumed else "user",
        "can_wait": found.can_wait,
        "reprices": found.has_bid,
        "committed_value": {**both(found.mean), "probability_join_pays": found.pays},
        "choice_today": {
            "choice": found.now.choice,
            "value": found.now.value,
            "join": found.now.join,
            "wait": found.now.wait,
        },
        "chosen": [one.path for one in found.chosen],
        "evpi": {name: both(usd) for name, usd in vars(found.perfect).items()},
        "inputs": [
            {
                **{name: getattr(one, name) for name in ("path", "label", "unit", "status")},
                **{
                    name: estimated(getattr(one, name))
                    for name in ("committed", "with_exit", "after", "as_filed")
                },
            }
            for one in found.inputs
        ],
    }
