"""One decision over draws of its uncertain inputs: the engine once over all of them."""

from __future__ import annotations

import numpy as np

from calculator.analysis.draws import Draws, draws
from calculator.assumptions import Register
from calculator.drawn import EXACT, Interpolation, Limits, Uncertain
from calculator.errors import InputError
from calculator.medicaid_decision import StateDecision, evaluate_state
from calculator.model import ledger as words
from calculator.model import medicaid, protection, risk
from calculator.model.arrays import MONTHS, Array
from calculator.model.drug_costs import Costs, drug_costs
from calculator.model.inputs import Inputs
from calculator.model.part_d import Result, settle
from calculator.part_d_decision import CHUNK_WITH_TABLE, RESOLUTIONS, Evaluation, evaluate_plan
from calculator.result import (
    Progress,
    in_chunks,
    monthly_discount,
    taken,
    yearly_discount,
)
from calculator.scenario import PlanScenario, Scenario, StateScenario

__all__ = ["SEED", "Uncertain", "uncertain"]

SEED = 1
# Draws run in full beside the nodes, to say how far the nodes are from the engine.
CHECKED = 16
AGAINST = {
    "plan": "Part D revenue when joining",
    "state": "the state's net GLP-1 cost when staying out",
}
AT_COST = (
    "without a bid of its own the plan bids what its members cost in each draw, so the corridor"
    " rests: give plan.bid to see it act"
)


def uncertain(
    scenario: Scenario,
    count: int,
    seed: int = SEED,
    *,
    resolution: str = "full",
    progress: Progress | None = None,
    loss_usd: float | None = None,
    loss_share: float | None = None,
    table: Draws | None = None,
    central: float | None = None,
) -> Uncertain:
    """A decision over `count` draws (rounded up to a power of two) of what is uncertain in it.

    All draws are one uncertain world: a bid knows each by its experience, and the rest as their
    mean (model section 6). progress(done, total) is called between chunks and may raise to stop.
    loss_usd, loss_share: losses whose probability is stated, in place of the assumed ones. table:
    these draws instead of new ones. central: USD of the central run, where it is known. The same
    seed gives the same numbers.

    >>> from calculator.scenario import load_scenario
    >>> found = uncertain(load_scenario("pdp_regional"), 8, resolution="workbook")
    >>> found.value.shape, len(found.pmpm), found.draws.seed
    ((8, 4), 8, 1)
    """
    if resolution not in RESOLUTIONS:
        raise InputError("resolution", "one of " + ", ".join(RESOLUTIONS), resolution)
    found = draws(scenario, count, seed) if table is None else table
    losses = loss_usd, loss_share
    if isinstance(scenario, StateScenario):
        return _state(scenario, found, resolution, progress, losses, central)
    assert isinstance(scenario, PlanScenario)
    run = evaluate_plan(
        scenario,
        found.cases,
        resolution,
        draws=found.count,
        interpolate=True,
        progress=progress,
    )
    return _plan(scenario, found, run, resolution, losses, central)


def limits(
    register: Register, payer: str, given: tuple[float | None, float | None] = (None, None)
) -> Limits:
    """The losses of a "plan" or a "state" to look at: the user's (USD, share), else the assumed."""
    paths = [f"assumptions.uncertainty.{payer}_loss_{unit}" for unit in ("usd", "share")]
    numbers = []
    for name, path, own in zip(("loss_usd", "loss_share"), paths, given, strict=True):
        if own is not None:
            # Checked as the assumption in whose place it stands.
            try:
                register.entries[path].checked(name, own)
            except InputError:
                raise InputError(name, register.entries[path].allowed(), own) from None
        numbers.append(float(register.number(path)[0]) if own is None else float(own))
    return Limits(numbers[0], numbers[1], AGAINST[payer])


# --------------------------------------------------------------------------------- Part D


def _plan(
    scenario: PlanScenario,
    found: Draws,
    run: Evaluation,
    resolution: str,
    losses: tuple[float | None, float | None],
    central: float | None,
) -> Uncertain:
    inputs, result, count = run.inputs, run.result, found.count
    shape = (count, len(inputs.years))

    def wide(amounts: Array) -> Array:
        return np.array(np.broadcast_to(amounts, shape))

    value = wide(result.value)
    if central is None:
        central = float(evaluate_plan(scenario, None, resolution).result.value[0].sum())
    bare = {
        name: settle(less, costs, draws=count)
        for name, (less, costs) in _without(inputs, run.costs).items()
    }
    rate = run.register.number("assumptions.payment.discount_rate")
    joined = result.join
    premium = joined.premium if inputs.has_bid else 0.0
    revenue = (joined.direct_subsidy + premium) * result.join_months
    return Uncertain(
        draws=found,
        resolution=resolution,
        periods=tuple(str(year) for year in inputs.years),
        months=(MONTHS,) * len(inputs.years),
        value=value,
        present_value=(value * yearly_discount(shape[1], rate)).sum(axis=1),
        member_months=wide(result.member_months),
        base=wide(revenue),
        limits=limits(run.register, "plan", losses),
        without={name: wide(one.value) for name, one in bare.items()},
        joined={
            name: wide(words.plan_result(one.join.ledger))
            for name, one in {"as_settled": result, **bare}.items()
        },
        inside_corridor=_inside(inputs, result, shape),
        interpolation=_checked(run, count) if run.interpolated else EXACT,
        central=central,
        remarks=(AT_COST,) if inputs.has_bid and scenario.plan.bid is None else (),
    )


def _without(inputs: Inputs, costs: Costs) -> dict[str, tuple[Inputs, Costs]]:
    """What to settle again without each protection there is."""
    found = {"without_reinsurance": protection.without_reinsurance(inputs, costs)}
    if inputs.has_bid:
        found["without_corridor"] = protection.without_corridor(inputs), costs
    if np.any(inputs.levers.extra_reinsurance > 0.0):
        less = protection.without_extra_reinsurance(inputs)
        found["without_extra_reinsurance"] = less, costs
    return found


def _inside(inputs: Inputs, result: Result, shape: tuple[int, int]) -> dict[str, float]:
    """Share of draws and years within the corridor's first threshold, by branch."""
    if not inputs.has_bid:
        return {}
    levers = inputs.levers
    return {
        name: risk.share_inside(
            np.broadcast_to(branch.target, shape), np.broadcast_to(branch.actual, shape), first
        )
        for name, branch, first in (
            ("join", result.join, levers.corridor_thresholds[0]),
            ("stay_out", result.stay_out, levers.statutory_thresholds[0]),
        )
    }


def _checked(run: Evaluation, count: int) -> Interpolation:
    """Some draws run in full, against the same ones between the nodes.

    Both are settled as a world of their own, so that what differs is the table alone.
    """
    sample = np.unique(np.linspace(0, count - 1, min(CHECKED, count)).astype(int))
    inputs = taken(run.inputs, sample, count)
    exact = in_chunks(drug_costs, inputs, len(sample), CHUNK_WITH_TABLE)
    between = taken(run.costs, sample, count)
    full, near = (settle(inputs, costs, draws=len(sample)) for costs in (exact, between))
    months = np.broadcast_to(full.member_months, full.value.shape).sum(axis=1)
    gap = np.abs((near.value - full.value).sum(axis=1))
    size = np.abs(full.value.sum(axis=1))
    return Interpolation(
        draws=len(sample),
        pmpm=float((gap / months).max()),
        share_of_value=float(gap.sum() / size.sum()) if size.sum() else 0.0,
        share_of_gross=float((gap / exact.join.gross.sum(axis=1)).max()),
    )


# -------------------------------------------------------------------------------- Medicaid


def _state(
    scenario: StateScenario,
    found: Draws,
    resolution: str,
    progress: Progress | None,
    losses: tuple[float | None, float | None],
    central: float | None,
) -> Uncertain:
    run = evaluate_state(scenario, found.cases, progress=progress)
    result = run.result
    decision = StateDecision(scenario, run, resolution)
    shape = (found.count, result.value.shape[1])

    def by_year(monthly: Array) -> Array:
        return decision.by_fiscal_year(np.broadcast_to(monthly, shape))

    monthly = np.broadcast_to(result.value, shape)
    if central is None:
        central = float(evaluate_state(scenario).result.value[0].sum())
    rate = run.register.number("assumptions.payment.discount_rate")
    return Uncertain(
        draws=found,
        resolution=resolution,
        periods=decision.periods,
        months=tuple(int(months) for months in decision.by_fiscal_year(np.ones((1, shape[1])))[0]),
        value=by_year(result.value),
        present_value=(monthly * monthly_discount(shape[1], rate)).sum(axis=1),
        member_months=by_year(result.member_months),
        base=by_year(medicaid.state_cost(result.stay_out.rows)),
        limits=limits(run.register, "state", losses),
        without={},
        joined={},
        inside_corridor={},
        interpolation=EXACT,
        central=central,
    )
