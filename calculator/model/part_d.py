"""A Part D plan's decision: price the model, pay the plan, write both ledgers (sections 6 to 8).

The light half of a run: it looks at all cases at once, because a bid is priced at what is known
before the year, which is partly the mean of the cases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calculator.model import incentives, ledger, offsets, payment
from calculator.model.arrays import MONTHS, Array, array
from calculator.model.drug_costs import Costs
from calculator.model.drug_lines import LIS, Branch
from calculator.model.inputs import Inputs
from calculator.model.ledger import Ledger
from calculator.model.payment import Expected
from calculator.model.people import People


@dataclass(frozen=True)
class Enrolled:
    """Who is paid for in a branch, (C, Y)."""

    months: Array  # member-months
    risk_score: Array
    lis_share: Array
    # Member-months at the plan's average risk score that bring a margin by coming in order to use
    # the drug; negative: that take theirs away.
    moving: Array


@dataclass(frozen=True)
class Settled:
    """One branch with every row, USD a year, and what an actuary reads beside it, USD PMPM."""

    ledger: Ledger
    bid: Array  # (C, Y)
    premium: Array
    direct_subsidy: Array
    target: Array  # USD a year
    actual: Array
    leaving: Array  # share of members gone by the year
    offsets: Array  # whole Part A and B effect, USD a year, kept or not


@dataclass(frozen=True)
class Result:
    """Both branches and what joining is worth by case and year, USD: positive is good."""

    stay_out: Settled
    join: Settled
    value: Array  # (C, Y)
    member_months: Array  # (C, Y) of own members
    join_months: Array  # (C, Y) with those who come in order to use the drug
    net_cost: Array  # (C, Y) USD PMPM that joining adds to the plan before pricing
    priced: Array  # (C, Y) USD PMPM of it known at the bid


def settle(
    inputs: Inputs, costs: Costs, *, draws: int = 1, expected: Expected | None = None
) -> Result:
    """Price, premium, incentives, corridor: from drug costs to the value of joining.

    draws: every so many cases in a row are draws of one uncertain world, and a bid is priced
    partly at their mean; with 1 each case is a world of its own (a plan, a grid point), priced at
    its own cost. expected: what is expected of a cost (C, Y) when the bid is made, in place of
    that mean.
    """
    months = inputs.members * MONTHS
    load = inputs.administration_and_margin[:, None]
    own_risk = inputs.risk_score[:, None]
    own = Enrolled(months, own_risk, inputs.lis_share[:, None], array(0.0))
    at_cost = (
        (costs.stay_out.baseline + costs.stay_out.existing) / months / (own_risk * (1.0 - load))
    )
    bid = np.where(np.isnan(inputs.bid), at_cost, inputs.bid)

    paid_for = _paid_for(inputs, months, costs.eligible, costs.alone_treated)
    alone = _received(inputs, costs.alone, paid_for, paid_for * own_risk)
    received, joined, staying = alone, own, own
    net_cost = known = _added(costs, costs.alone, alone) / months
    change = payment.bid_change(
        payment.with_experience(known, inputs.credibility, draws, expected),
        inputs.priced_share[:, None],
        own_risk,
        load,
    )
    movers = inputs.movers
    if movers is not None:
        come, ratio = costs.come.sum(axis=-1), movers.risk_ratio[:, None]
        every = months + come
        joined = Enrolled(
            months=every,
            risk_score=own_risk * (months + ratio * come) / every,
            lis_share=(inputs.lis_share[:, None] * months + costs.come[..., LIS]) / every,
            moving=ratio * come,
        )
        staying = replace(own, moving=-ratio * movers.leaving * MONTHS)
        treated = costs.join_people.treated_years.sum(axis=-1)
        with_movers = _paid_for(inputs, every, costs.eligible + come, treated)
        # Each at their own risk score: members, and those who come.
        at_risk = own_risk * (paid_for + ratio * (with_movers - paid_for))
        received = _received(inputs, costs.join, with_movers, at_risk)
        # Those who come also pay for themselves at the bid.
        paid = ratio * come * own_risk * bid * (1.0 - load)
        net_cost = (_added(costs, costs.join, received) - paid) / every
        with_them = payment.bid_change(
            payment.with_experience(net_cost, inputs.credibility, draws, expected),
            inputs.priced_share[:, None],
            joined.risk_score,
            load,
        )
        change = np.where(movers.priced > 0.0, with_them, change)
        known = np.where(movers.priced > 0.0, net_cost, known)
    priced = payment.with_experience(known, inputs.credibility, draws, expected)
    if not inputs.has_bid:
        change = change * 0.0

    stay_out = _settle_branch(
        inputs, costs.stay_out, costs.stay_out_people, staying, bid, bid * 0.0, None
    )
    join = _settle_branch(inputs, costs.join, costs.join_people, joined, bid, change, received)
    value = ledger.plan_result(join.ledger) - ledger.plan_result(stay_out.ledger)
    return Result(stay_out, join, value, months, joined.months, net_cost, priced)


def _added(costs: Costs, join: Branch, received: tuple[Array, Array]) -> Array:
    """Drug cost that joining adds to the plan, less what the incentives pay, USD a year."""
    stay_out = costs.stay_out
    extra, capitation = received
    added = join.model + (join.existing - stay_out.existing) + (join.baseline - stay_out.baseline)
    return array(added - extra - capitation)


def _paid_for(inputs: Inputs, months: Array, eligible: Array, treated: Array) -> Array:
    """Member-months for which the obesity capitation is paid; treated (C, Y) member-years."""
    return {"enrolled": months, "eligible": eligible, "treated": treated * MONTHS}[
        inputs.levers.capitation_per
    ]


def _received(inputs: Inputs, join: Branch, paid_for: Array, at_risk: Array) -> tuple[Array, Array]:
    """Extra reinsurance and obesity capitation of the joining branch, USD a year.

    paid_for: member-months of the capitation; at_risk: the same, each times their risk score.
    """
    levers = inputs.levers
    basis = join.model_late if levers.extra_reinsurance_catastrophic_only else join.model
    months = at_risk if levers.capitation_risk_adjusted else paid_for
    return (
        incentives.extra_reinsurance(levers.extra_reinsurance, basis),
        incentives.obesity_capitation(levers.capitation, months),
    )


def _settle_branch(
    inputs: Inputs,
    branch: Branch,
    people: People,
    enrolled: Enrolled,
    bid: Array,
    change: Array,
    received: tuple[Array, Array] | None,
) -> Settled:
    """Everything after the benefit for one branch.

    received: extra reinsurance and obesity capitation when joining, None when staying out.
    """
    months, risk = enrolled.months, enrolled.risk_score
    rows = dict(branch.rows)
    own_weight = inputs.national_weight[:, None]
    average = inputs.national_average_bid + inputs.rivals_bid_change[:, None]

    # A premium is not paid out to members: below zero it stays in the subsidy.
    before = payment.basic_premium(bid, average, inputs.base_premium)
    basic = before + payment.premium_change(change, own_weight)
    moved_average = average + own_weight * change
    premium = np.maximum(basic, 0.0)
    rise = premium - np.maximum(before, 0.0)
    levers = inputs.levers
    relief = array(0.0)
    if received:
        relief = incentives.premium_stabilisation(
            rise, levers.stabilisation, levers.stabilisation_cap
        )
        relief = np.minimum(relief, premium)
    leaving = funded = array(0.0)
    if inputs.has_bid:
        subsidy = payment.direct_subsidy(
            bid + change, risk, moved_average, inputs.base_premium
        ) + np.minimum(basic, 0.0)
        leaving = _leaving(inputs, change, rise - relief)
        # A rise the plan buys down with its own A/B rebate; a fall frees that much of it.
        funded = inputs.rebate_funded_share[:, None] * (rise - relief)
        _post_premium(rows, inputs, enrolled, premium - relief, funded, change)
        _post_supplement(rows, inputs, branch.supplement)
        ledger.post(rows, "stabilisation", "cms_incentive", relief * months)
    else:
        # The formula pays an employer plan on the national average; its sponsor bears the rest.
        premium = np.broadcast_to(inputs.base_premium, premium.shape)
        subsidy = payment.direct_subsidy(average, risk, average, inputs.base_premium)
    ledger.post_signed(rows, "direct_subsidy", "federal", subsidy * months, otherwise="plan")
    revenue = subsidy + (premium if inputs.has_bid else 0.0)

    load = inputs.administration_and_margin[:, None]
    target = revenue * months * (1.0 - load)
    actual = branch.baseline + branch.existing + branch.model
    ledger.post(rows, "administration", "plan", (revenue - funded) * months * load)
    margin = bid * inputs.risk_score[:, None] * inputs.margin_share[:, None]
    lost_margin = (leaving * inputs.members * MONTHS - enrolled.moving) * margin
    ledger.post_signed(rows, "selection", "plan", lost_margin, otherwise="member")

    if received:
        extra, capitation = received
        actual = actual - extra
        if levers.capitation_in_target:
            target = target + capitation
        ledger.post(rows, "extra_reinsurance", "cms_incentive", extra)
        ledger.post(rows, "obesity_capitation", "cms_incentive", capitation)
        taking_part = inputs.fixed_cost[:, None] + months * inputs.pmpm_cost[:, None]
        ledger.post(rows, "administration", "plan", taking_part)
        support = months * levers.administrative_support
        ledger.post(rows, "administration", "cms_incentive", support)
    if received or inputs.supplement is not None:
        # Under the Bridge a plan authorizes nothing.
        authorized = people.authorizations * inputs.prior_authorization_cost[:, None]
        ledger.post(rows, "administration", "plan", authorized)
    if inputs.has_bid:
        thresholds = levers.corridor_thresholds if received else levers.statutory_thresholds
        shares = levers.corridor_shares if received else levers.statutory_shares
        corridor = payment.risk_corridor(
            target,
            actual,
            thresholds,
            shares,
        )
        ledger.post_signed(rows, "corridor", "federal", corridor, otherwise="plan")

    effect = offsets.medical_offsets(
        people.treated_years,
        people.after_stopping,
        offsets.effect_by_year_on_therapy(
            *inputs.offset_effect, years=people.treated_years.shape[-1]
        ),
    )
    retained = inputs.retained_share[:, None]
    ledger.post(rows, "offsets", "plan", effect * retained)
    ledger.post(rows, "offsets", "federal", effect * (1.0 - retained))
    coding = offsets.coding_revenue(inputs.part_c_coding, people.treated_years.sum(axis=-1))
    ledger.post_signed(rows, "part_c_coding", "federal", coding, otherwise="plan")
    return Settled(rows, bid + change, premium, subsidy, target, actual, leaving, effect)


def _leaving(inputs: Inputs, change: Array, felt_rise: Array) -> Array:
    """Share of members gone by each year: choosers who see a dearer plan, lost assignees."""
    lis = inputs.lis_share[:, None]
    # A rise the plan pays itself is not seen.
    seen = felt_rise * (1.0 - inputs.rebate_funded_share[:, None])
    choosers = payment.share_leaving(
        seen - inputs.rivals_premium_change[:, None],
        inputs.semi_elasticity,
        inputs.active_choosers,
    )
    headroom = inputs.benchmark_headroom
    if inputs.waive_de_minimis:
        headroom = headroom + inputs.de_minimis
    lost = payment.loses_benchmark(change, inputs.rivals_lis_bid_change[:, None], headroom)
    return array(choosers * (1.0 - lis) + lost * lis * inputs.auto_assigned_share[:, None])


def _post_premium(
    rows: Ledger,
    inputs: Inputs,
    enrolled: Enrolled,
    charged: Array,
    funded: Array,
    change: Array,
) -> None:
    """Who pays the basic premium: members, Medicare for low-income members, or the plan itself.

    charged: premium after relief; funded: what of it the plan pays from its own A/B rebate.
    """
    months, lis = enrolled.months, enrolled.lis_share
    paid = charged - funded
    benchmark = inputs.low_income_benchmark[:, None]
    owed = np.where(np.isnan(benchmark), 0.0, np.maximum(paid - benchmark, 0.0))
    waived = array(0.0)
    if inputs.waive_de_minimis:
        over = change - inputs.rivals_lis_bid_change[:, None] - inputs.benchmark_headroom[:, None]
        waived = np.nan_to_num(np.clip(over, 0.0, inputs.de_minimis[:, None]))
    # Without a stated benchmark the premium is at it, and what is above it is what is waived.
    low_income = np.where(np.isnan(benchmark), 0.0, np.maximum(owed - waived, 0.0))
    waived = np.where(np.isnan(benchmark), waived, np.minimum(waived, owed))
    federal = lis * (paid - low_income - waived)
    member = (1.0 - lis) * paid + lis * low_income
    # A zero premium: what the A/B rebate paid before joining is Medicare's money.
    from_rebate = inputs.zero_premium & (inputs.rebate_funded_share > 0.0)[:, None]
    federal, member = (
        federal + np.where(from_rebate, member, 0.0),
        np.where(from_rebate, 0.0, member),
    )
    ledger.post(rows, "premium", "federal", federal * months)
    ledger.post(rows, "premium", "member", member * months)
    ledger.post(rows, "premium", "plan", (funded + lis * waived) * months)


def _post_supplement(rows: Ledger, inputs: Inputs, cost: Array) -> None:
    """A supplemental premium that pays for own coverage: a plan with a bid prices it at cost.

    An employer's sponsor bears that cost instead; this is for the others.
    """
    ledger.post(rows, "premium", "federal" if inputs.zero_premium else "member", cost)


def identities(inputs: Inputs, costs: Costs, result: Result) -> dict[str, Array]:
    """What must be 0 on every run, by case and year, in USD or user-months.

    Payers sum to gross (DIR is one of them); windows sum to user-months; value is its rows.
    """
    gaps = {"windows sum to user-months": costs.window_gap}
    for name, branch, settled, months in (
        ("stay_out", costs.stay_out, result.stay_out, result.member_months),
        ("join", costs.join, result.join, result.join_months),
    ):
        paid = ledger.total(settled.ledger, ledger.DRUG_LINES)
        gaps[f"payers sum to gross, {name}"] = paid - branch.gross
        if inputs.has_bid:
            revenue = (settled.premium + settled.direct_subsidy) * months
            revenue = revenue + branch.supplement
            received = ledger.total(settled.ledger, ("premium", "direct_subsidy", "stabilisation"))
            # A negative subsidy stands on the other side of the ledger.
            turned = 2.0 * ledger.total(settled.ledger, ("direct_subsidy",), ("plan",))
            gaps[f"premium and subsidy are the bid, {name}"] = received - turned - revenue
    return gaps
