"""The Medicare GLP-1 Bridge as the arrays of the Part D model: before, beside and after joining."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from calculator.model import cohort
from calculator.model.arrays import MONTHS, Array, monthly_probability, pad_right
from calculator.model.cohort import Cohort
from calculator.model.inputs import Bridge, map_arrays
from calculator.model.known import Known
from calculator.model.people import Weight, people
from calculator.register import Register


@dataclass(frozen=True)
class Opening:
    """Who comes from the Bridge when the plan joins."""

    stock: Array  # (C, K) people on therapy by months of therapy behind them
    stopped: Array  # (C,) people who stopped before, or do not go on under the plan
    carried: Array  # (C,) of them, in the medical effect they still carry


def months_between(start: dt.date, end: dt.date) -> int:
    """Whole months from the first of one month to the first of another."""
    return (end.year - start.year) * MONTHS + end.month - start.month


def _on_it(
    active: Array,
    open_for: int,
    initiation: Array,
    curve: Array,
    churn: Array,
    restart: Array,
    first_month: int,
) -> Cohort:
    """People on the Bridge in each of its months, followed to the end of the horizon."""
    group = cohort.project(
        eligible=active[:, :open_for],
        initiation=initiation[:, :open_for],
        curve=curve,
        churn=churn,
        restart=restart,
        opening_stock=np.zeros((1, 0)),
        opening_stopped=np.zeros(1),
        first_month=first_month,
    )
    return cohort.only_where(cohort.followed(group, active.shape[1]), active, 1.0 - churn)


def bridge(
    register: Register,
    start: dt.date,
    end: dt.date,
    eligible: Array,
    curve: Array,
    churn: Array,
    weight: Weight,
    mix: Array,
    known: Known,
) -> tuple[Opening, Bridge]:
    """Run the Bridge from its first day to the end of the horizon.

    eligible (C,): eligible members; curve (C, months): share still on therapy under the Bridge;
    churn (C,). People are on it from its first to its last day; those who are there on its last
    day stop, unless the plan joins on the next: then `bridge_conversion` of them arrive in full
    (model section 3). known: what another run worked out.
    """
    opens = register.day("assumptions.timeline.bridge_start")
    closes = register.day("assumptions.timeline.bridge_end") + dt.timedelta(days=1)
    first = min(opens, start)
    before = months_between(first, start)
    span = before + months_between(start, end) + 1
    month = np.arange(span)
    running = (month >= months_between(first, opens)) & (month < months_between(first, closes))
    active = np.where(running, 1.0, 0.0)[None, :]
    number = register.number
    fills_per_month = number("assumptions.persistence.fills_per_month")
    decay = number("assumptions.offsets.offset_decay_months")
    initiation = number("assumptions.uptake.bridge_initiation")[:, None] * active
    # Nobody is on it after its last day.
    open_for = max(int(running.sum() + np.argmax(running)), 1)
    # Per eligible member: everything here is proportional to them.
    group = known(
        _on_it,
        active,
        open_for,
        initiation,
        curve[:, :span],
        churn,
        monthly_probability(number("assumptions.persistence.restart_one_year")),
        first.month,
    )
    per_member = known(people, group, fills_per_month, churn, decay, weight, mix, None, before)

    def scaled(per_eligible: Array) -> Array:
        return pad_right(eligible, per_eligible.ndim - 1)

    found = Bridge(
        people=map_arrays(
            per_member,
            lambda per_eligible: per_eligible * scaled(per_eligible),
        ),
        net_price=number("assumptions.bridge.net_price"),
        copay=number("assumptions.bridge.copay"),
    )
    if before == 0:
        return Opening(np.zeros((1, 1)), np.zeros(1), np.zeros(1)), found
    stock = cohort.stock_by_age(group, before - 1)
    staying = stock * number("assumptions.uptake.bridge_conversion")[:, None]
    leaving = (stock - staying).sum(axis=1)
    carried = known(cohort.carried_effect, group, churn, decay, None)[:, before - 1]
    return Opening(
        stock=staying * eligible[:, None],
        stopped=(group.stopped[:, before - 1] + leaving) * eligible,
        carried=(carried + leaving) * eligible,
    ), found
