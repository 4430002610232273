"""One member walked through a plan year, month by month and phase by phase.

The engine's own benefit: months and phases take the place of cases, so that what a member owes
here and what the ledger sums over members is the same arithmetic. Reinsurance is before DIR,
because rebates are settled for a plan's members together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calculator.model import benefit, price
from calculator.model.arrays import MONTHS, Array, array
from calculator.model.benefit import PHASES
from calculator.model.drug_lines import LIS, Part, baseline_part, fill_part, fills
from calculator.model.inputs import Inputs

PAYERS = ("member", "lics", "plan", "manufacturer", "selected_subsidy", "reinsurance")
LINES = ("baseline_drugs", "model_drugs")


@dataclass(frozen=True)
class Member:
    """What a member spends, and for how long they are treated. Y plan years."""

    spend: Array  # (Y,) USD a year on other drugs
    mix: Array  # (Y, 3) drug classes of it
    first: int  # month in which therapy begins, 0 = January
    months: int  # on therapy in the year
    low_income: bool


@dataclass(frozen=True)
class Walk:
    """A member's year: who pays by line, (12 months, 3 phases, Y) USD."""

    paid: Mapping[str, Mapping[str, Array]]  # line -> payer
    fills: Array  # (12, 3, Y) model fills
    rebates: Array  # (12, 3, Y) USD of DIR on model fills, which comes after the counter
    out_of_pocket: Array  # (12, Y) USD counted towards the threshold by the end of each month
    deductible_met: Array  # (Y,) months until the deductible is met; 12: not met
    threshold_met: Array  # (Y,) months until the threshold is met; 12: not met

    def gross(self, line: str) -> Array:
        """What a line costs at the counter, (12, 3, Y) USD."""
        return np.asarray(sum(self.paid[line].values(), np.zeros(1)))


def walk(inputs: Inputs, member: Member, product: int) -> Walk:
    """Walk a member through every plan year of `inputs` (one case), on a product of the model.

    Without months on therapy it is the member's year when staying out.
    """
    levers, group = inputs.levers, LIS if member.low_income else 0
    gross = inputs.products.gross[:, :, product]
    if levers.point_of_sale:
        gross = price.point_of_sale_price(gross, levers.guaranteed_net_price)
    model_fills = fills(inputs, inputs.population.fills_per_month, gross, 0)
    start, length = array(member.first), array(member.months)
    spend = member.spend[None]
    met = benefit.turning_points(spend, start, length, inputs.rules, model_fills)
    phases = benefit.month_phases(spend, start, length, inputs.rules, model_fills)
    # Each month of each phase is a case of its own, with nothing in the other phases.
    years = spend.shape[1]
    standard = np.zeros((MONTHS, len(PHASES), years, LIS + 1, len(PHASES), member.mix.shape[-1]))
    count = np.zeros(standard.shape[:-1])
    for phase in range(len(PHASES)):
        usd = np.broadcast_to(phases.standard[0, :, :, phase], (years, MONTHS)).T
        standard[:, phase, :, group, phase] = usd[..., None] * member.mix
        filled = np.broadcast_to(phases.fills[0, :, :, phase], (years, MONTHS)).T
        count[:, phase, :, group, phase] = filled
    cases = (MONTHS * len(PHASES), years)
    by_phase = (MONTHS, len(PHASES), years)
    parts = {
        "baseline_drugs": baseline_part(inputs, standard.reshape(*cases, *standard.shape[3:])),
        "model_drugs": fill_part(
            inputs,
            "model_drugs",
            inputs.products,
            product,
            count.reshape(*cases, *count.shape[3:]),
            gross,
        ),
    }
    baseline, model = (parts[line].owed.member[:, :, group].reshape(by_phase) for line in LINES)
    early = count[:, 0, :, group, 0] * gross
    counted = _counted(inputs, baseline, model, early)
    return Walk(
        paid={line: _paid(part, group, by_phase) for line, part in parts.items()},
        fills=count.sum(axis=(-1, -2)),
        rebates=parts["model_drugs"].dir.sum(axis=-1).reshape(by_phase),
        out_of_pocket=np.minimum(counted.sum(axis=1).cumsum(axis=0), inputs.rules.threshold),
        deductible_met=np.broadcast_to(met[0][0], (years,)),
        threshold_met=np.broadcast_to(met[1][0], (years,)),
    )


def _counted(inputs: Inputs, baseline: Array, model: Array, early: Array) -> Array:
    """What counts towards the threshold, (12, 3, Y) USD.

    baseline, model: what is owed on each line; early: gross of model fills in the deductible.
    """
    if inputs.levers.copay_counts_to_troop:
        return baseline + model
    if not inputs.levers.deductible_exempt:
        return baseline + np.stack([early, 0.0 * early, 0.0 * early], axis=1)
    return baseline


def _paid(part: Part, group: int, shape: tuple[int, int, int]) -> dict[str, Array]:
    owed = part.owed
    member = owed.member[:, :, group]
    own = benefit.low_income_copay(member, part.statutory) if group == LIS else member
    amounts = {
        "member": own,
        "lics": member - own,
        "plan": owed.plan[:, :, group],
        "manufacturer": owed.manufacturer[:, :, group],
        "selected_subsidy": owed.selected_subsidy[:, :, group],
        "reinsurance": owed.reinsurance[:, :, group],
    }
    return {payer: usd.reshape(shape) for payer, usd in amounts.items()}
