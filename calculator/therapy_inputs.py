"""How long therapy lasts, what it does to weight and to medical cost: the same for every payer."""

from __future__ import annotations

import numpy as np

from calculator.assumptions import Register
from calculator.model import cohort
from calculator.model.arrays import Array
from calculator.model.people import Weight
from calculator.sections import Therapy

OFFSETS = ("cost_rise", "none", "cbo", "trial_model", "upper")


def offset_effect(register: Register, name: str) -> tuple[Array, Array, Array]:
    """An offset scenario: first year, yearly step and limit, USD per treated member-year."""
    path = f"assumptions.offsets.{name}"
    first, step, limit = (
        register.number(f"{path}_{part}") for part in ("first_year", "yearly_step", "limit")
    )
    return first, step, limit


def persistence(
    therapy: Therapy,
    register: Register,
    months: int,
    *,
    lifestyle: bool = False,
    low_copay: bool = True,
) -> Array:
    """Share still on therapy by month, (C, months), with the named effects on the hazard.

    Dual eligibles stop less where their copay is low.
    """
    ratio = np.ones(1)
    own = therapy.persistence_points
    # The user's own points are of the user's own members: age and copay are in them.
    if therapy.age_65_effect and not own:
        ratio = ratio * register.number("assumptions.persistence.hazard_ratio_age_65")
    if therapy.dual_effect and low_copay and not own:
        ratio = ratio * register.number("assumptions.persistence.hazard_ratio_dual")
    if lifestyle:
        ratio = ratio * register.number("assumptions.persistence.hazard_ratio_lifestyle")
    month = np.arange(months, dtype=np.float64)
    if own:
        at, shares = np.array(list(own), dtype=float), np.array(list(own.values()))
        return cohort.survival_through_points(month, at, shares, ratio[:, None])
    path = f"assumptions.persistence.{therapy.curve}"
    kappa, scale = register.number(f"{path}_kappa"), register.number(f"{path}_scale")
    return cohort.survival(month, kappa[:, None], scale[:, None], ratio[:, None])


def weight_inputs(therapy: Therapy, register: Register, *, supported: bool) -> Weight:
    """Weight loss by product, the trial's scaled to the real world, and regain.

    supported: with the model's lifestyle support, which may hold regain back.
    """
    number = register.number
    ratio = number("assumptions.clinical.real_world_ratio")
    trial = [number(f"assumptions.clinical.{product}_trial_loss") for product in therapy.mix]
    reduction = number("assumptions.persistence.lifestyle_regain_reduction")
    return Weight(
        full_loss=np.stack(np.broadcast_arrays(*(ratio * loss for loss in trial)), axis=-1),
        loss_standard_deviation=number("assumptions.clinical.loss_standard_deviation"),
        months_to_full_loss=number("assumptions.clinical.months_to_full_loss"),
        regain_months=number("assumptions.clinical.regain_months"),
        regain_reduction=reduction * float(supported and register.flag("terms.lifestyle_support")),
    )
