"""What members get and what it costs: weight, responders, cost per responder (model section 12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from calculator.model import ledger
from calculator.model.arrays import Array, Number, array
from calculator.model.cohort import Cohort, share_restarting

if TYPE_CHECKING:
    from calculator.model.inputs import Inputs
    from calculator.model.part_d import Settled
    from calculator.model.people import People

RESPONSES = (0.05, 0.10, 0.15)


def weight_lost(months: Number, full_loss: Number, months_to_full: Number) -> Array:
    """Mean share of body weight lost after `months` on therapy, rising evenly to `full_loss`.

    >>> float(weight_lost(6, 0.10, 12)), float(weight_lost(24, 0.10, 12))
    (0.05, 0.1)
    """
    return array(array(full_loss) * np.minimum(array(months) / months_to_full, 1.0))


def weight_kept(
    loss: Number, months_after_stopping: Number, regain_months: Number, reduction: Number = 0.0
) -> Array:
    """Share of body weight still lost `months_after_stopping`: loss x exp(-months / regain_months).

    `reduction` is the share of the regain that support prevents.

    >>> round(float(weight_kept(0.173, 12, 10.637)), 3)
    0.056
    >>> float(weight_kept(0.10, 1200, 13.0, reduction=1.0))
    0.1
    """
    regained = 1.0 - np.exp(-array(months_after_stopping) / regain_months)
    return array(array(loss) * (1.0 - (1.0 - array(reduction)) * regained))


def share_responding(mean: Number, standard_deviation: Number, at_least: Number) -> Array:
    """Share whose weight loss is at least `at_least`, for a normal spread around the mean.

    >>> float(share_responding(0.10, 0.096, 0.10))
    0.5
    """
    from scipy.special import ndtr

    return array(ndtr((array(mean) - at_least) / standard_deviation))


def mix_responding(loss: Array, mix: Array, standard_deviation: Array, at_least: float) -> Array:
    """Share responding over a mix of products: loss and mix (C, P), -> (C,)."""
    return array((share_responding(loss, standard_deviation[:, None], at_least) * mix).sum(axis=-1))


def weight_held(
    group: Cohort,
    stay: Array,
    full_loss: Array,
    months_to_full: Array,
    regain_months: Array,
    reduction: Array,
    at: Sequence[int],
) -> Array:
    """Person-shares of body weight lost at the end of the months `at`, (C, len(at)).

    Everyone still a member counts: on therapy by their months on it, stopped by their months
    since. Divided by people it is the mean weight kept. stay (C,): monthly share who stay members.
    """
    months = group.on.shape[-1]
    ages = group.group_age[:, None] + np.arange(months) - group.group_start[:, None]
    loss = weight_lost(np.maximum(ages, 0)[None] + 1.0, full_loss[:, None, None],
                       months_to_full[:, None, None])  # fmt: skip
    stops = group.on[:, :, :-1] * stay[:, None, None] - group.on[:, :, 1:]
    # One case stands for all of them: einsum asks for equal axes.
    cases = np.broadcast_shapes(group.on.shape, loss.shape, (stay.shape[0], 1, 1))
    on, loss = np.broadcast_to(group.on, cases), np.broadcast_to(loss, cases)
    stops = np.broadcast_to(np.maximum(stops, 0.0), (*cases[:2], months - 1))
    lost_at_stop = np.einsum("cjt,cjt->ct", stops, loss[:, :, :-1])
    # Who starts again is on therapy, not among those regaining.
    staying_off = np.cumprod(1.0 - share_restarting(group), axis=1)
    off_before = np.concatenate([np.ones_like(staying_off[:, :1]), staying_off], axis=1)
    held = []
    for end in at:
        since = array(np.arange(end, 0, -1) - 1)
        kept = weight_kept(1.0, since[None], regain_months[:, None], reduction[:, None])
        present = (
            stay[:, None] ** since * staying_off[:, end : end + 1] / off_before[:, 1 : end + 1]
        )
        held_on = np.einsum("cj,cj->c", on[:, :, end], loss[:, :, end])
        held.append(held_on + (lost_at_stop[:, :end] * kept * present).sum(axis=1))
    return np.stack(np.broadcast_arrays(*held), axis=-1)


def reaching(group: Cohort, age: int) -> Array:
    """People who are on therapy `age` months after they started, by month, (C, T)."""
    months = group.on.shape[-1]
    ages = group.group_age[:, None] + np.arange(months) - group.group_start[:, None]
    return array(np.einsum("cjt,jt->ct", group.on, (ages == age).astype(np.float64)))


def overtaking_year(offsets: Array, net_drug_cost: Array) -> int | None:
    """Index of the year in which cumulative savings overtake cumulative drug cost, or None.

    offsets (Y,): change in medical cost, negative saves; net_drug_cost (Y,), both USD.

    >>> overtaking_year(np.array([-10.0, -200.0]), np.array([100.0, 50.0]))
    1
    >>> overtaking_year(np.array([0.0, 0.0]), np.array([100.0, 50.0])) is None
    True
    """
    ahead = np.cumsum(-offsets) >= np.cumsum(net_drug_cost)
    treated = np.cumsum(net_drug_cost) > 0.0
    years = np.flatnonzero(ahead & treated)
    return int(years[0]) if len(years) else None


FEDERAL_PAYERS = ("lics", "selected_subsidy", "reinsurance", "cms_incentive", "bridge", "federal")


def by_year(inputs: Inputs, people: People, settled: Settled) -> dict[str, Array]:
    """One branch's outcomes by year, (C, Y): people, weight, cost per treated and per responder.

    nan where there is nobody to divide by.
    """
    rows = settled.ledger
    treated = people.treated_years.sum(axis=-1)
    model = ("model_drugs",)
    net_cost = ledger.total(rows, model) - ledger.total(rows, model, ("dir", "manufacturer"))
    found = {
        "starters": people.starters,
        "on_therapy": people.on_therapy,
        "member_years": treated,
        "fills": people.fills,
        "at_twelve_months": people.at_twelve_months,
        "mean_weight_kept": ratio(people.weight_held, people.treated),
        "net_drug_cost": net_cost,
        "cost_per_treated_year": ratio(net_cost, treated),
        "members_pay_for_drugs": ledger.total(rows, ledger.DRUG_LINES, ("member",)),
        "members_pay_for_model_drugs": ledger.total(rows, model, ("member",)),
        "federal_cost": array(sum(federal_by_line(settled).values(), start=np.zeros((1, 1)))),
        "medical_effect": settled.offsets,
    }
    deviation = inputs.weight.loss_standard_deviation
    for response in RESPONSES:
        share = mix_responding(inputs.weight.full_loss, inputs.products.share, deviation, response)
        found[f"responders_{round(response * 100)}"] = people.at_twelve_months * share[:, None]
    found["cost_per_responder_10"] = ratio(net_cost, found["responders_10"])
    return found


def federal_by_line(settled: Settled) -> dict[str, Array]:
    """What Medicare pays by ledger line, USD a year, (C, Y); what the plan pays back is off it."""
    costs = {}
    for line in ledger.LINES:
        paid = ledger.total(settled.ledger, (line,), FEDERAL_PAYERS)
        if line in ("corridor", "direct_subsidy", "part_c_coding"):
            paid = paid - ledger.total(settled.ledger, (line,), ("plan",))
        if np.any(paid):
            costs[line] = paid
    return costs


def ratio(amount: Array, people: Array) -> Array:
    """Amount per person; nan where there is nobody."""
    top, bottom = np.broadcast_arrays(amount, people)
    return array(np.divide(top, bottom, out=np.full(top.shape, np.nan), where=bottom > 0.0))
