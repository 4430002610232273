"""A state's GLP-1 budget in both branches, month by month (model section 10).

Shapes: C cases, T months of the horizon, G eligibility groups, P products. Treated people are
spread over the groups as the eligible are. Amounts are accrual; `cash` moves rebates to the month
in which they arrive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calculator.model import cohort, ledger, offsets, rebates
from calculator.model.arrays import MONTHS, Array, array
from calculator.model.ledger import Ledger

REBATE_LINES = ("statutory_rebate", "supplemental_rebate")
GOVERNMENTS = ("federal", "state")
# Premium tax goes round between the governments and is shown apart.
BUDGET_LINES = tuple(line for line in ledger.LINES if line != "premium_tax")
QUARTER = 3


@dataclass(frozen=True)
class Groups:
    """Eligibility groups: who is enrolled, who pays for them, which rebates their fills earn."""

    names: tuple[str, ...]
    enrollment: Array  # (C, T, G) people
    everyone: Array  # (C, T) people in all groups, also those left out of this budget
    eligible_here: Array  # (C, T) share of the newly eligible that is in this budget
    existing_here: Array  # (C, T) share of those with today's uses that is in it
    eligible_share: Array  # (C, G) newly eligible; uses already covered are not in it
    existing_share: Array  # (C, G) share of today's covered fills; sums to 1
    match: Array  # (C, T, G) federal share
    managed: Array  # (C, G) share of people whose pharmacy benefit is in managed care
    statutory: tuple[bool, ...]  # earns the statutory rebate (separate CHIP does not)
    supplemental: tuple[bool, ...]  # earns a supplemental rebate


@dataclass(frozen=True)
class Prices:
    """What a fill of each product costs and earns, USD per fill, (C, T, P)."""

    share: Array  # (C, P) of fills
    ingredient: Array
    statutory: Array
    offset: Array  # wholly federal part of the statutory rebate
    own_supplemental: Array  # the state's own supplemental rebate
    own_alone: Array  # the same on fills that earn no statutory rebate


@dataclass(frozen=True)
class Coverage:
    """Obesity coverage in one branch."""

    active: Array  # (C, T) 1 in covered months
    initiation: Array  # (C, T) yearly share of never-treated eligibles who start
    fills: Array | None  # (C, T) total fills instead, where they are given
    cap: Array  # (C,) months of treatment that given fills run on to, nan: as they are
    curve: Array  # (C, K + T) share still on therapy by month since the start
    opening_stock: Array  # (C, K) people on therapy by therapy age when the horizon begins
    opening_stopped: Array  # (C,) people who stopped before
    guaranteed: bool  # on the model's net price, else on the state's own


@dataclass(frozen=True)
class Inputs:
    """Everything one state run needs."""

    groups: Groups
    prices: Prices
    existing_prices: Prices
    existing_fills: Array  # (C, T) covered fills of today's uses, all groups
    join: Coverage
    stay_out: Coverage
    reprices_existing: bool  # joining brings the net price to today's covered fills too
    adopts: Array  # (C,) 1 where the state joins at this net price, else 0
    guaranteed_net_price: Array  # (C, T) nan: none
    dispensing_fee: Array  # (C,)
    copay: Array
    share_340b: Array
    churn: Array
    restart: Array
    fills_per_month: Array
    priced_share: Array  # (C, T) share of fills in managed care that the capitation prices
    capitation_load: Array
    premium_tax: Array
    prior_authorization_cost: Array
    prior_authorization_match: Array
    fixed_cost: Array  # (C,) USD a year while obesity use is covered
    administration_match: Array
    offset_effect: tuple[Array, Array, Array]
    offset_decay_months: Array
    capture_lag: Array  # months until managed care savings reach the state
    rebate_lag_quarters: Array
    first_month: int  # calendar month in which the horizon begins


@dataclass(frozen=True)
class Branch:
    """One branch by month: rows of (line, payer), and people, (C, T)."""

    rows: Ledger
    starts: Array
    on_therapy: Array
    fills: Array
    net_drug_cost: Array  # obesity use after rebates, whoever pays, USD
    medical_effect: Array  # whole change in medical cost, USD; negative saves
    uses_today: Array  # what the state pays for uses covered today, after rebates, USD
    dispensed: Array  # what pharmacies are paid for all fills in the budget, USD


@dataclass(frozen=True)
class Result:
    """Both branches by month; value is the state's, USD, positive is good for it."""

    join: Branch
    stay_out: Branch
    value: Array  # (C, T)
    member_months: Array  # (C, T)


def run(inputs: Inputs) -> Result:
    """Both branches of a state's budget, accrual."""
    stay_out = _branch(inputs, inputs.stay_out)
    joined = _branch(inputs, inputs.join)
    adopts = inputs.adopts[:, None]
    join = _mixed(adopts, joined, stay_out)
    value = state_cost(stay_out.rows) - state_cost(join.rows)
    member_months = inputs.groups.enrollment.sum(axis=-1)
    return Result(join, stay_out, value, member_months)


def _mixed(adopts: Array, joined: Branch, stay_out: Branch) -> Branch:
    """The joining branch where the state adopts, else what staying out gives."""
    nothing = np.zeros((1, 1))
    rows = {
        key: np.where(adopts > 0, joined.rows.get(key, nothing), stay_out.rows.get(key, nothing))
        for key in {**joined.rows, **stay_out.rows}
    }
    return Branch(
        rows,
        np.where(adopts > 0, joined.starts, stay_out.starts),
        np.where(adopts > 0, joined.on_therapy, stay_out.on_therapy),
        np.where(adopts > 0, joined.fills, stay_out.fills),
        np.where(adopts > 0, joined.net_drug_cost, stay_out.net_drug_cost),
        np.where(adopts > 0, joined.medical_effect, stay_out.medical_effect),
        np.where(adopts > 0, joined.uses_today, stay_out.uses_today),
        np.where(adopts > 0, joined.dispensed, stay_out.dispensed),
    )


def state_cost(rows: Ledger) -> Array:
    """What the state pays, (C, T): its rows, rebates negative; its premium tax stands apart."""
    return net_cost(rows, ("state",))


def net_cost(rows: Ledger, payers: tuple[str, ...] = GOVERNMENTS) -> Array:
    """Net of rebates, (C, T): total computable with both governments, or one of them."""
    return ledger.total(rows, BUDGET_LINES, payers)


def gross_cost(rows: Ledger, payers: tuple[str, ...] = GOVERNMENTS) -> Array:
    """Before rebates, (C, T)."""
    lines = [line for line in BUDGET_LINES if line not in REBATE_LINES]
    return ledger.total(rows, lines, payers)


def cash(rows: Ledger, lag_quarters: Array, before: Ledger) -> Ledger:
    """The same rows with rebates in the month they arrive; what arrives later is not in them.

    lag_quarters (C,), whole quarters after the fill. In the first months the rebates of the
    months before arrive: those of `before` (staying out) in its first month.

    >>> rows = {("statutory_rebate", "state"): np.array([[-9.0, -9.0, -9.0, -9.0]])}
    >>> before = {("statutory_rebate", "state"): np.array([[-2.0, -2.0, -2.0, -2.0]])}
    >>> cash(rows, np.array([1.0]), before)["statutory_rebate", "state"].tolist()
    [[-2.0, -2.0, -2.0, -9.0]]
    """
    moved: Ledger = {}
    nothing = np.zeros((1, 1))
    for (line, payer), amounts in rows.items():
        moved[line, payer] = amounts
        if line in REBATE_LINES:
            lag = np.rint(lag_quarters).astype(int) * QUARTER
            month = np.arange(amounts.shape[1])[None, :] - lag[:, None]
            wide = np.broadcast_to(amounts, (max(amounts.shape[0], lag.shape[0]), amounts.shape[1]))
            taken = np.take_along_axis(wide, np.broadcast_to(np.maximum(month, 0), wide.shape), 1)
            earlier = before.get((line, payer), nothing)[:, :1]
            moved[line, payer] = np.where(month >= 0, taken, earlier)
    return moved


def by_period(amounts: Array, period: Array) -> Array:
    """Monthly amounts summed by period number, (C, T) -> (C, periods).

    >>> by_period(np.array([[1.0, 2.0, 4.0]]), np.array([0, 0, 1])).tolist()
    [[3.0, 4.0]]
    """
    starts = np.flatnonzero(np.diff(period, prepend=-1))
    return array(np.add.reduceat(amounts, starts, axis=1))


# -------------------------------------------------------------------------------------- branches


def _branch(inputs: Inputs, coverage: Coverage) -> Branch:
    groups = inputs.groups
    eligible = groups.enrollment * groups.eligible_share[:, None, :]
    total = eligible.sum(axis=-1)
    share = np.divide(
        eligible, total[..., None], out=np.zeros(eligible.shape), where=total[..., None] > 0.0
    )
    group = treated_group(inputs, coverage)
    on_therapy = group.on_therapy
    # Who was on therapy before keeps the authorization.
    starts = group.starters + group.restarts
    fills = on_therapy * inputs.fills_per_month[:, None]
    if coverage.fills is not None:
        fills = np.where(np.isnan(coverage.cap)[:, None], coverage.fills * coverage.active, fills)

    rows: Ledger = {}
    drugs = _economics(inputs, inputs.prices, coverage.guaranteed)
    repriced = coverage.guaranteed and inputs.reprices_existing
    today = _economics(inputs, inputs.existing_prices, repriced)
    for index in range(len(groups.names)):
        in_group = fills * share[:, :, index]
        _post_fills(rows, inputs, "model_drugs", in_group, drugs, index, inputs.priced_share)
    rebated = ledger.total(rows, REBATE_LINES, ("manufacturer",))
    net_drug_cost = ledger.total(rows, ("model_drugs",), (*GOVERNMENTS, "mco")) - rebated
    obesity_use = state_cost(rows)
    for index in range(len(groups.names)):
        covered = inputs.existing_fills * groups.existing_share[:, index, None]
        _post_fills(rows, inputs, "existing_glp1", covered, today, index, np.ones((1, 1)))

    uses_today = state_cost(rows) - obesity_use
    authorizations = starts * inputs.prior_authorization_cost[:, None]
    _share(rows, "administration", authorizations, inputs.prior_authorization_match[:, None])
    fixed = coverage.active * inputs.fixed_cost[:, None] / MONTHS
    _share(rows, "administration", fixed, inputs.administration_match[:, None])

    # Once more without groups and matches, for the sum that must hold on every run.
    dispensed = fills * share.sum(axis=-1) * (drugs.gross + drugs.copay)
    dispensed = dispensed + inputs.existing_fills * groups.existing_share.sum(axis=-1)[:, None] * (
        today.gross + today.copay
    )

    effect = medical_effect(inputs, group, inputs.offset_effect)
    captured = np.arange(total.shape[1])[None, :] >= inputs.capture_lag[:, None]
    for index in range(len(groups.names)):
        # What managed care saves reaches the state when its rates are rebased.
        reached = np.where(captured, 1.0, 1.0 - groups.managed[:, index, None])
        in_group = effect * share[:, :, index] * reached
        _share(rows, "offsets", in_group, groups.match[:, :, index])
    return Branch(rows, starts, on_therapy, fills, net_drug_cost, effect, uses_today, dispensed)


def treated_group(inputs: Inputs, coverage: Coverage) -> cohort.Cohort:
    """The treated people of a branch by month of starting; nobody outside covered months."""
    active, stay = coverage.active, 1.0 - inputs.churn
    eligible = (inputs.groups.enrollment * inputs.groups.eligible_share[:, None, :]).sum(axis=-1)
    wanted = None
    if coverage.fills is not None:
        wanted = coverage.fills * active / inputs.fills_per_month[:, None]
    group = cohort.project(
        eligible * active,
        coverage.initiation * active,
        coverage.curve,
        inputs.churn,
        inputs.restart,
        coverage.opening_stock,
        coverage.opening_stopped,
        inputs.first_month,
        wanted,
    )
    covered = active[:, None, :]
    if coverage.fills is not None and not np.all(np.isnan(coverage.cap)):
        # Fills were seen without a cap: who starts is read off them, then the cap ends therapy.
        month = np.arange(active.shape[1])
        age = group.group_age[:, None] + month - group.group_start[:, None]
        cap = coverage.cap[:, None, None]
        covered = covered * np.where(np.isnan(cap) | (age[None] < cap), 1.0, 0.0)
    return cohort.only_where(group, covered, stay)


def _treated(group: cohort.Cohort) -> Array:
    """People on therapy by month and year on therapy, (C, T, N)."""
    months = group.on.shape[-1]
    age = group.group_age[:, None] + np.arange(months) - group.group_start[:, None]
    year_on = np.maximum(age, 0).astype(int) // MONTHS
    return np.stack(
        [(group.on * (year_on == number)).sum(axis=1) for number in range(int(year_on.max()) + 1)],
        axis=-1,
    )


def medical_effect(
    inputs: Inputs, group: cohort.Cohort, effect: tuple[Array, Array, Array]
) -> Array:
    """Change in medical cost by month, USD, (C, T); negative saves.

    effect: first year, yearly step and limit, USD per treated member-year.
    """
    treated = _treated(group)
    by_year = offsets.effect_by_year_on_therapy(*effect, years=treated.shape[-1])
    after = cohort.carried_effect(group, inputs.churn, inputs.offset_decay_months)
    return offsets.medical_offsets(treated, after, by_year) / MONTHS


@dataclass(frozen=True)
class _Fill:
    """Mean economics of a fill, USD, (C, T); supplemental with and without a statutory rebate."""

    gross: Array
    statutory: Array
    offset: Array
    supplemental: Array
    supplemental_alone: Array
    copay: Array  # the member's


def _economics(inputs: Inputs, prices: Prices, guaranteed: bool) -> _Fill:
    """Mean over the products. Joining tops the net up unless the state's own rebate is larger."""

    def mean(amounts: Array) -> Array:
        return array((amounts * prices.share[:, None, :]).sum(axis=-1))

    supplemental, alone = prices.own_supplemental, prices.own_alone
    if guaranteed:
        net = inputs.guaranteed_net_price[:, :, None]
        topped = rebates.top_up(prices.ingredient, prices.statutory, net)
        supplemental = np.maximum(supplemental, topped)
        alone = np.maximum(alone, rebates.top_up(prices.ingredient, 0.0, net))
    in_budget = prices.share.sum(axis=-1)
    fee = (inputs.dispensing_fee - inputs.copay) * in_budget
    return _Fill(
        gross=mean(prices.ingredient) + fee[:, None],
        statutory=mean(prices.statutory),
        offset=mean(prices.offset),
        supplemental=mean(supplemental),
        supplemental_alone=mean(alone),
        copay=(inputs.copay * in_budget)[:, None],
    )


def _post_fills(
    rows: Ledger,
    inputs: Inputs,
    line: str,
    fills: Array,
    fill: _Fill,
    index: int,
    priced_share: Array,
) -> None:
    """Post a group's fills: fee for service, managed care, capitation, tax and rebates."""
    groups = inputs.groups
    match = groups.match[:, :, index]
    managed = groups.managed[:, index, None]
    gross = fills * fill.gross
    _share(rows, line, gross * (1.0 - managed), match)
    ledger.post(rows, line, "mco", gross * managed)
    ledger.post(rows, line, "member", fills * fill.copay)
    capitation = gross * managed * priced_share / (1.0 - inputs.capitation_load[:, None])
    _share(rows, "capitation", capitation, match)
    ledger.post(rows, "capitation", "mco", -capitation)
    tax = capitation * inputs.premium_tax[:, None] / (1.0 - inputs.premium_tax[:, None])
    # The state's own tax on the capitation comes back to it; the federal share of it does not.
    _share(rows, "premium_tax", tax, match)
    ledger.post(rows, "premium_tax", "state", -tax)

    earning = fills * (1.0 - inputs.share_340b[:, None])
    if groups.statutory[index]:
        whole, kept = earning * fill.statutory, earning * fill.offset
        ledger.post(rows, "statutory_rebate", "manufacturer", whole)
        ledger.post(rows, "statutory_rebate", "federal", -(kept + (whole - kept) * match))
        ledger.post(rows, "statutory_rebate", "state", -(whole - kept) * (1.0 - match))
    if groups.supplemental[index]:
        unit = fill.supplemental if groups.statutory[index] else fill.supplemental_alone
        ledger.post(rows, "supplemental_rebate", "manufacturer", earning * unit)
        _share(rows, "supplemental_rebate", -earning * unit, match)


def _share(rows: Ledger, line: str, amount: Array, match: Array) -> None:
    """Post an amount as its federal and its state part."""
    ledger.post(rows, line, "federal", amount * match)
    ledger.post(rows, line, "state", amount * (1.0 - match))


def one_fill(inputs: Inputs, prices: Prices, group: int, *, guaranteed: bool, new: bool) -> Ledger:
    """Who pays for one fill of a group by month, before and after rebates: rows, USD, (C, T).

    prices: of the products among which its `share` chooses, one-hot for one product. group: its
    place in inputs.groups.names. guaranteed: on the model's net price; new: a use that the
    capitation prices only in part until rates are rebased.
    """
    rows: Ledger = {}
    fill = _economics(inputs, prices, guaranteed)
    priced = inputs.priced_share if new else np.ones((1, 1))
    line = "model_drugs" if new else "existing_glp1"
    _post_fills(rows, inputs, line, np.ones((1, 1)), fill, group, priced)
    return rows
