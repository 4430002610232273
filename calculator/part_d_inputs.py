"""From a scenario and its register to the arrays of the Part D model. The only place that does."""

from __future__ import annotations

import datetime as dt

import numpy as np

from calculator.assumptions import Register
from calculator.bridge_inputs import Opening, bridge
from calculator.errors import InputError
from calculator.model import payment, selection, spending
from calculator.model.arrays import MONTHS, Array, monthly_probability
from calculator.model.benefit import Rules
from calculator.model.inputs import Drugs, Inputs, Levers, Population, Supplement
from calculator.model.known import Known
from calculator.model.selection import Movers
from calculator.scenario import PlanScenario
from calculator.spending_inputs import (
    EXISTING,
    drugs_by_year,
    in_use_cost,
    national_strata,
    own_strata,
)
from calculator.therapy_inputs import offset_effect, persistence, weight_inputs

LEARNING_YEARS = 4
# Months of a persistence curve: the Bridge, the longest horizon and therapy begun before it.
LONGEST = 240


def horizon(scenario: PlanScenario, register: Register) -> tuple[dt.date, dt.date]:
    """First and last day in the model: the scenario's, else the timeline's."""
    last = register.day("assumptions.timeline.model_end")
    start = scenario.horizon.start or register.day("assumptions.timeline.part_d_start")
    end = scenario.horizon.end or last
    if end > last:
        raise InputError(
            "horizon.end", f"a year up to {last.year}, when the model ends", end.isoformat()
        )
    if start > end:
        raise InputError(
            "horizon.start", f"1 January of a year up to {end.year}", start.isoformat()
        )
    if (start.month, start.day) != (1, 1):
        raise InputError("horizon.start", "1 January of a plan year", start.isoformat())
    return start, end


def build_inputs(
    scenario: PlanScenario, register: Register, points: int, known: Known | None = None
) -> Inputs:
    """Everything one run needs, with `points` spending strata per group beside the zero one.

    known: what another run worked out.
    """
    known = known or Known()
    start, end = horizon(scenario, register)
    years = tuple(range(start.year, end.year + 1))
    number = register.number

    def assumed(path: str, day: dt.date | None = None) -> Array:
        return number(f"assumptions.{path}", day)

    def yearly(path: str) -> Array:
        return register.yearly(f"assumptions.{path}", years)

    trend = 1.0 + number("plan.member_trend")[:, None]
    members = number("plan.members")[:, None] * trend ** np.arange(len(years))
    levers = _levers(register, years)
    existing = drugs_by_year(register, EXISTING, years, "users_share")
    per_month = assumed("drugs.existing_fills_per_month", start)
    lis_share = number("plan.lis_share")

    in_use = in_use_cost(existing, per_month)
    if scenario.spending is None:
        spend, weights, class_mix = national_strata(register, years, points, in_use)
    else:
        spend, weights, class_mix = own_strata(scenario.spending, register, years, points, in_use)

    wide_copays = {kind: _lis_copay(register, kind, years) for kind in ("generic", "brand")}
    brand_claims = assumed("benefit.brand_share_of_claims")[:, None]
    products = _model_drugs(scenario, register, years)
    alone = weight_inputs(scenario.therapy, register, supported=False)
    opening, running = bridge(
        register,
        start,
        end,
        members[:, 0] * assumed("uptake.eligible_share"),
        # No lifestyle support there, and low-income members pay the full copay.
        persistence(scenario.therapy, register, LONGEST, low_copay=False),
        _churn(scenario, register),
        alone,
        products.share,
        known,
    )
    population = _population(scenario, register, years, members, opening)
    plan_type = scenario.plan.type
    bid = number("plan.bid")[:, None]
    average_bid = yearly("payment.national_average_bid")
    return Inputs(
        years=years,
        members=members,
        lis_share=lis_share,
        risk_score=number("plan.risk_score"),
        rules=Rules(
            deductible=yearly("benefit.deductible"),
            threshold=yearly("benefit.oop_threshold"),
            coinsurance=yearly("benefit.initial_coinsurance"),
            initial_discount=yearly("benefit.initial_discount_applicable"),
            initial_subsidy=yearly("benefit.initial_subsidy_selected"),
            catastrophic_discount=yearly("benefit.catastrophic_discount_applicable"),
            reinsurance_applicable=yearly("benefit.catastrophic_reinsurance_applicable"),
            reinsurance_selected=yearly("benefit.catastrophic_reinsurance_selected"),
            reinsurance_non_applicable=yearly("benefit.catastrophic_reinsurance_non_applicable"),
        ),
        spend=spend,
        weights=weights,
        user_weights=known(
            spending.tilt, weights, spend[:, 0], assumed("spending.user_spend_ratio")
        ),
        class_mix=class_mix,
        baseline_dir=assumed("spending.dir_share"),
        dir_by_drug=register.word("assumptions.payment.dir_allocation") == "by_drug",
        lis_copay=brand_claims * wide_copays["brand"] + (1 - brand_claims) * wide_copays["generic"],
        lis_brand_copay=wide_copays["brand"],
        gross_per_claim=assumed("benefit.gross_per_claim"),
        population=population,
        products=products,
        existing=existing,
        existing_fills_per_month=per_month,
        levers=levers,
        bridge=running,
        supplement=_supplement(scenario, register),
        movers=movers(scenario, register, years, population)
        if scenario.selection.include
        else None,
        has_bid=plan_type != "egwp",
        # A user's own bid is the first year's; later years move with the national average.
        bid=bid * average_bid / average_bid[:, :1],
        national_average_bid=average_bid,
        base_premium=_base_premiums(register, years),
        national_weight=number("plan.national_weight"),
        administration_and_margin=assumed("payment.administration_and_margin"),
        margin_share=assumed("payment.margin_share"),
        priced_share=assumed("payment.priced_share"),
        credibility=_credibility(register, years),
        rivals_bid_change=number("rivals.bid_change"),
        rivals_premium_change=number("rivals.premium_change"),
        rivals_lis_bid_change=number("rivals.lis_bid_change"),
        auto_assigned_share=number("plan.auto_assigned_share"),
        benchmark_headroom=number("plan.benchmark_headroom"),
        waive_de_minimis=scenario.plan.waive_de_minimis,
        de_minimis=assumed("payment.de_minimis_premium"),
        low_income_benchmark=number("plan.low_income_benchmark"),
        rebate_funded_share=number("plan.rebate_funded_share"),
        zero_premium=plan_type in ("mapd", "dsnp"),
        semi_elasticity=assumed("selection.premium_semi_elasticity"),
        active_choosers=assumed("selection.active_choosers_share"),
        retained_share=number("plan.retained_share"),
        offset_effect=offset_effect(register, scenario.therapy.offsets),
        offset_decay_months=assumed("offsets.offset_decay_months"),
        weight=weight_inputs(scenario.therapy, register, supported=True),
        weight_alone=alone,
        part_c_coding=number("plan.part_c_coding"),
        prior_authorization_cost=assumed("administration.prior_authorization_cost"),
        fixed_cost=assumed("administration.fixed_cost"),
        pmpm_cost=assumed("administration.pmpm_cost"),
    )


def _levers(register: Register, years: tuple[int, ...]) -> Levers:
    def number(path: str) -> Array:
        return register.yearly(path, years)

    return Levers(
        guaranteed_net_price=number("terms.guaranteed_net_price"),
        point_of_sale=register.word("terms.mechanism") == "point_of_sale",
        net_includes_discount=register.flag("terms.net_includes_discount"),
        copay=number("terms.copay"),
        deductible_exempt=register.flag("terms.deductible_exempt"),
        copay_counts_to_troop=register.flag("terms.copay_counts_to_troop"),
        statutory_lis_copay=register.word("terms.lis_rule") == "statutory_copay",
        subsidies_before_deductible=register.flag("terms.subsidies_before_deductible"),
        existing_users=register.word("terms.existing_users"),
        capitation=number("terms.obesity_capitation.amount"),
        capitation_per=register.word("terms.obesity_capitation.per"),
        capitation_risk_adjusted=register.flag("terms.obesity_capitation.risk_adjusted"),
        capitation_in_target=register.flag("terms.obesity_capitation.in_corridor_target"),
        extra_reinsurance=number("terms.extra_reinsurance.share"),
        extra_reinsurance_catastrophic_only=(
            register.word("terms.extra_reinsurance.phase") == "catastrophic"
        ),
        corridor_thresholds=(
            number("terms.corridor.first_threshold"),
            number("terms.corridor.second_threshold"),
        ),
        corridor_shares=(
            number("terms.corridor.first_share"),
            number("terms.corridor.second_share"),
        ),
        statutory_thresholds=(
            register.neutral("terms.corridor.first_threshold")[:, None],
            register.neutral("terms.corridor.second_threshold")[:, None],
        ),
        statutory_shares=(
            register.neutral("terms.corridor.first_share")[:, None],
            register.neutral("terms.corridor.second_share")[:, None],
        ),
        stabilisation=number("terms.premium_stabilisation.amount"),
        stabilisation_cap=number("terms.premium_stabilisation.cap_on_rise"),
        administrative_support=number("terms.administrative_support.pmpm"),
    )


def _model_drugs(scenario: PlanScenario, register: Register, years: tuple[int, ...]) -> Drugs:
    return drugs_by_year(register, tuple(scenario.therapy.mix), years, "")


def _lis_copay(register: Register, kind: str, years: tuple[int, ...]) -> Array:
    """Statutory copay of a low-income member, the mean of its two levels, (C, Y)."""
    low = register.number("assumptions.benefit.lis_low_copay_share")[:, None]
    lower = register.yearly(f"assumptions.benefit.lis_copay_{kind}_low", years)
    other = register.yearly(f"assumptions.benefit.lis_copay_{kind}_other", years)
    return low * lower + (1.0 - low) * other


def _base_premiums(register: Register, years: tuple[int, ...]) -> Array:
    """Published base premiums, and those the statute gives from the last published one on."""
    path = "assumptions.payment.base_premium"
    last = max(register.entries[path].values).year
    known = [register.number(path, dt.date(year, 1, 1)) for year in years if year <= last]
    later = tuple(range(last + 1, years[-1] + 1))
    columns = known
    if later:
        computed = payment.base_premiums(
            register.number(path),
            register.yearly("assumptions.payment.national_average_bid", later),
            register.yearly("assumptions.payment.national_average_reinsurance", later),
            later,
            register.number("assumptions.payment.base_premium_share"),
            register.number("assumptions.payment.base_premium_growth_cap"),
            register.number("assumptions.payment.base_premium_floor_share"),
            register.number("assumptions.payment.base_premium_reset_year"),
        )
        columns = known + [computed[:, later.index(year)] for year in years if year > last]
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def _credibility(register: Register, years: tuple[int, ...]) -> Array:
    columns = [
        register.number(f"assumptions.payment.experience_weight_{min(index + 1, LEARNING_YEARS)}")
        for index in range(len(years))
    ]
    return np.stack(np.broadcast_arrays(*columns), axis=-1)


def _churn(scenario: PlanScenario, register: Register) -> Array:
    kind = "pdp" if scenario.plan.type == "pdp" else "ma"
    return monthly_probability(
        register.number(f"assumptions.persistence.annual_disenrollment_{kind}")
    )


def _population(
    scenario: PlanScenario,
    register: Register,
    years: tuple[int, ...],
    members: Array,
    opening: Opening,
) -> Population:
    share = register.number("assumptions.uptake.eligible_share")[:, None]
    months = len(years) * MONTHS
    return Population(
        eligible=np.repeat(members * share, MONTHS, axis=1),
        initiation=np.repeat(
            register.yearly("assumptions.uptake.initiation", years), MONTHS, axis=1
        ),
        curve=persistence(
            scenario.therapy,
            register,
            opening.stock.shape[1] + months,
            lifestyle=register.flag("terms.lifestyle_support"),
        ),
        churn=_churn(scenario, register),
        restart=monthly_probability(register.number("assumptions.persistence.restart_one_year")),
        opening_stock=opening.stock,
        opening_stopped=opening.stopped,
        opening_carried=opening.carried,
        fills_per_month=register.number("assumptions.persistence.fills_per_month"),
    )


def movers(
    scenario: PlanScenario, register: Register, years: tuple[int, ...], population: Population
) -> Movers | None:
    """Who comes from plans outside, by the shares of assumptions/selection.yaml.

    Plans outside hold eligible members and Bridge users in this plan's proportions. An employer
    plan cannot be chosen from outside.
    """
    if scenario.plan.type == "egwp":
        return None

    def number(name: str) -> Array:
        return register.number(f"assumptions.selection.{name}")

    rate = register.yearly("assumptions.selection.movers", years)
    eligible = population.eligible[:, ::MONTHS]
    bridge_users = population.opening_stock.sum(axis=1)
    bridge_ratio = number("bridge_movers_ratio")[:, None]
    outside = selection.outside_per_own(number("joining_share"), number("capture"))[:, None]
    lis = register.number("plan.lis_share")[:, None]
    come, bridge, leaving = [], [], []
    for share, ratio in ((1.0 - lis, np.ones((1, 1))), (lis, number("lis_movers_ratio")[:, None])):
        own_rate = np.minimum(rate * ratio, 1.0)
        bridge_rate = np.minimum(own_rate * bridge_ratio, 1.0)
        moving = selection.joiners(eligible, bridge_users, own_rate, bridge_rate) * share
        come.append(np.repeat(moving * outside, MONTHS, axis=1))
        bridge.append((bridge_rate[:, :1] * share * outside)[:, 0])
        leaving.append(moving)
    priced_from = number("priced_from_year")[:, None]
    return Movers(
        people=np.stack(np.broadcast_arrays(*come), axis=-1),
        bridge=np.stack(np.broadcast_arrays(*bridge), axis=-1),
        initiation=np.repeat(
            register.yearly("assumptions.selection.mover_initiation", years), MONTHS, axis=1
        ),
        risk_ratio=number("mover_risk_ratio"),
        priced=np.where(np.arange(1, len(years) + 1) >= priced_from, 1.0, 0.0),
        leaving=np.asarray(sum(leaving)),
    )


def _supplement(scenario: PlanScenario, register: Register) -> Supplement | None:
    if scenario.own_coverage is None:
        return None
    return Supplement(
        net_price=register.number("own_coverage.net_price"),
        copay=register.number("own_coverage.copay"),
        initiation_ratio=register.number("own_coverage.initiation_ratio"),
        curve=persistence(scenario.therapy, register, LONGEST),
    )
