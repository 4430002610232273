"""Treated people of one branch by year: what outcomes, offsets and administration are read off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calculator.model import cohort, outcomes
from calculator.model.arrays import MONTHS, Array, array
from calculator.model.cohort import Cohort


@dataclass(frozen=True)
class Weight:
    """Weight lost on therapy and regained after it."""

    full_loss: Array  # (C, P) share of body weight lost by product at full effect
    loss_standard_deviation: Array  # (C,)
    months_to_full_loss: Array
    regain_months: Array
    regain_reduction: Array  # share of the regain that lifestyle support prevents


@dataclass(frozen=True)
class People:
    """The treated population by plan year, (C, Y)."""

    starters: Array
    authorizations: Array  # starts, restarts and conversions
    on_therapy: Array  # at the end of the year
    treated_years: Array  # (C, Y, N) member-years by year on therapy
    after_stopping: Array  # member-years that still carry the effect
    fills: Array
    treated: Array  # people on therapy or stopped since, at the end of the year
    weight_held: Array  # person-shares of body weight lost, at the end of the year
    at_twelve_months: Array  # people who reach 12 months on therapy


def by_year(monthly: Array) -> Array:
    """Sums of whole years, (C, T) -> (C, Y)."""
    return array(monthly.reshape(monthly.shape[0], -1, MONTHS).sum(axis=-1))


def people(
    group: Cohort,
    fills_per_month: Array,
    churn: Array,
    decay_months: Array,
    weight: Weight,
    mix: Array,
    opening_carried: Array | None = None,
    before: int = 0,
) -> People:
    """Read a treated group off by year; its first `before` months lie before the first year.

    mix (C, P): products of starters. opening_carried (C,): people who stopped before the group
    began and still carry the effect.
    """
    months = group.on.shape[-1]
    ends = range(before + MONTHS - 1, months, MONTHS)
    held = outcomes.weight_held(
        group,
        1.0 - churn,
        (weight.full_loss * mix).sum(axis=-1),
        weight.months_to_full_loss,
        weight.regain_months,
        weight.regain_reduction,
        at=ends,
    )
    stopped_since = cohort.carried_effect(group, churn, np.full(1, np.inf))
    carried = cohort.carried_effect(group, churn, decay_months, opening_carried)
    on_therapy = group.on_therapy
    return People(
        starters=by_year(group.starters[:, before:]),
        authorizations=by_year(group.starts[:, before:]),
        on_therapy=on_therapy[:, ends],
        treated_years=cohort.treated_years(group, before),
        after_stopping=by_year(carried[:, before:]) / MONTHS,
        fills=fills_per_month[:, None] * by_year(on_therapy[:, before:]),
        treated=(on_therapy + stopped_since)[:, ends],
        weight_held=held,
        at_twelve_months=by_year(outcomes.reaching(group, MONTHS)[:, before:]),
    )
