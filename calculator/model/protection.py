"""What protects a plan from loss, taken away: corridor, statutory and extra reinsurance.

The same people and drugs are settled again, so what differs is the protection alone. Without it
everything that follows is as the plan would then do it: what it carries it also prices.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calculator.model import ledger
from calculator.model.arrays import MONTHS, Array
from calculator.model.drug_costs import Costs
from calculator.model.drug_lines import Branch
from calculator.model.inputs import Inputs


def without_corridor(inputs: Inputs) -> Inputs:
    """No payment and no recoupment for a deviation from the target, in either branch."""
    nothing = (np.zeros((1, 1)), np.zeros((1, 1)))
    return replace(
        inputs, levers=replace(inputs.levers, corridor_shares=nothing, statutory_shares=nothing)
    )


def without_extra_reinsurance(inputs: Inputs) -> Inputs:
    """The terms pay no share of the plan's liability on model fills."""
    return replace(inputs, levers=replace(inputs.levers, extra_reinsurance=np.zeros((1, 1))))


def without_reinsurance(inputs: Inputs, costs: Costs) -> tuple[Inputs, Costs]:
    """The plan carries what Medicare pays above the threshold, in both branches, and bids for it.

    A bid of its own rises by what reinsurance pays when staying out, as the mean of the cases; a
    plan that bids at cost does so in any case. The national average bid stays as it is: it is this
    plan alone that loses its reinsurance.
    """
    months = inputs.members * MONTHS
    reinsurance = ledger.total(costs.stay_out.rows, ledger.DRUG_LINES, ("reinsurance",))
    kept = 1.0 - inputs.administration_and_margin[:, None]
    needed = (reinsurance / months / (inputs.risk_score[:, None] * kept)).mean(axis=0)
    return replace(inputs, bid=inputs.bid + needed), replace(
        costs,
        stay_out=_carried(costs.stay_out),
        join=_carried(costs.join),
        alone=_carried(costs.alone),
    )


def _carried(branch: Branch) -> Branch:
    rows = dict(branch.rows)
    added: dict[str, Array] = {}
    for line in ledger.DRUG_LINES:
        reinsurance = rows.pop((line, "reinsurance"), np.zeros((1, 1)))
        added[line] = reinsurance
        ledger.post(rows, line, "plan", reinsurance)
    return replace(
        branch,
        rows=rows,
        baseline=branch.baseline + added["baseline_drugs"],
        existing=branch.existing + added["existing_glp1"],
        model=branch.model + added["model_drugs"],
        model_late=branch.model_late + branch.late_reinsured,
        late_reinsured=branch.late_reinsured * 0.0,
    )
