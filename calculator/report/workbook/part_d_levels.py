"""What the bid crosswalk shows at the calculator's own resolution: levels by branch and plan year.

The lines of part_d_crosswalk, read off a decision. Values, not formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from calculator.model import ledger as words
from calculator.model.arrays import Array
from calculator.part_d_decision import PlanDecision

# When staying out, what is outside the basic benefit is not in its bid.
BASIC = ("baseline_drugs", "existing_glp1")
CMS = ("extra_reinsurance", "obesity_capitation")


def levels(decision: PlanDecision) -> dict[str, list[Array]]:
    """Every line of the crosswalk by branch: each (Y,), USD PMPM, or months or a score."""
    evaluation = decision.evaluation
    inputs, costs, result = evaluation.inputs, evaluation.costs, evaluation.result
    load, own_risk = inputs.administration_and_margin[:, None], inputs.risk_score[:, None]
    margin = inputs.margin_share[:, None]
    own_months, bid = result.member_months, result.stay_out.bid
    carried = costs.stay_out.baseline + costs.stay_out.existing
    below = carried - bid * own_risk * (1.0 - load) * own_months
    # Priced at cost, nothing is left but rounding.
    below = np.where(np.isnan(inputs.bid), 0.0, below)
    found = {}
    for name, settled, months in (
        ("join", result.join, result.join_months),
        ("stay_out", result.stay_out, own_months),
    ):
        joins = name == "join"
        lines = words.DRUG_LINES if joins else BASIC
        risk = own_risk * np.ones_like(months)
        if joins and inputs.movers is not None:
            come = inputs.movers.risk_ratio[:, None] * costs.come.sum(axis=-1)
            risk = own_risk * (own_months + come) / months

        paid = partial(_paid, settled.ledger, lines, months)
        incentive = words.total(settled.ledger, CMS, ["cms_incentive"]) / months
        at_risk = settled.bid * risk
        rows = [
            months,
            paid(*words.PAYERS),
            paid("member", "lics"),
            paid("lics"),
            paid("reinsurance"),
            paid("dir"),
            paid("manufacturer"),
            paid("selected_subsidy"),
            paid("plan"),
            incentive,
        ]
        if inputs.has_bid:
            moved = (settled.bid - bid) * risk * (1.0 - load)
            rows += [
                result.net_cost - moved if joins else 0.0 * months,
                below / months,
                at_risk * (load - margin),
                at_risk * margin,
                at_risk,
                risk,
                settled.bid,
                settled.premium,
                settled.direct_subsidy,
            ]
        else:
            rows.append(risk)
        found[name] = [np.broadcast_to(row, months.shape)[0] for row in rows]
    return found


def _paid(rows: words.Ledger, lines: Sequence[str], months: Array, *payers: str) -> Array:
    return words.total(rows, lines, payers) / months
