"""What a Part D run needs, as arrays (model sections 2 to 8).

Shapes: C cases (1 or the number of cases), Y plan years, T months, L groups (non-LIS, LIS),
K strata, P model products, E existing products; drug classes last.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np

from calculator.model.arrays import Array
from calculator.model.benefit import Rules
from calculator.model.people import People, Weight
from calculator.model.selection import Movers


@dataclass(frozen=True)
class Levers:
    """The terms (model section 7): numbers by case and year, (C, Y), and how they apply."""

    guaranteed_net_price: Array  # USD per fill, nan: none
    point_of_sale: bool
    net_includes_discount: bool
    copay: Array
    deductible_exempt: bool
    copay_counts_to_troop: bool
    statutory_lis_copay: bool
    subsidies_before_deductible: bool
    existing_users: str  # none, narrow, broad
    capitation: Array
    capitation_per: str  # enrolled, eligible, treated
    capitation_risk_adjusted: bool
    capitation_in_target: bool
    extra_reinsurance: Array
    extra_reinsurance_catastrophic_only: bool
    corridor_thresholds: tuple[Array, Array]
    corridor_shares: tuple[Array, Array]
    statutory_thresholds: tuple[Array, Array]
    statutory_shares: tuple[Array, Array]
    stabilisation: Array
    stabilisation_cap: Array  # nan: none
    administrative_support: Array


@dataclass(frozen=True)
class Drugs:
    """A group of products. gross and net (C, Y, P) USD per fill; classes (Y, P, 3) one-hot."""

    share: Array  # (C, P) of starters, or of members where the use is existing
    gross: Array
    net: Array  # own net price today with the dispensing fee, nan where there is no own rebate
    classes: Array


@dataclass(frozen=True)
class Population:
    """Who may be treated, (C, T) by month and (C,) per case."""

    eligible: Array
    initiation: Array
    curve: Array  # (C, K + T) share still on therapy by month since the start
    churn: Array
    restart: Array
    opening_stock: Array  # (C, K) Bridge users by therapy age on its last day
    opening_stopped: Array  # (C,)
    opening_carried: Array  # (C,) of them, in the effect they still carry
    fills_per_month: Array


@dataclass(frozen=True)
class Bridge:
    """The Medicare GLP-1 Bridge inside the horizon when staying out."""

    people: People  # its users by plan year, also those it has left behind
    net_price: Array  # (C,)
    copay: Array


@dataclass(frozen=True)
class Supplement:
    """Obesity use already covered outside the basic benefit when staying out."""

    net_price: Array
    copay: Array
    initiation_ratio: Array
    curve: Array  # (C, K + T) share still on therapy, without the model's support


@dataclass(frozen=True)
class Inputs:
    """Everything one run needs."""

    years: tuple[int, ...]
    members: Array  # (C, Y)
    lis_share: Array  # (C,)
    risk_score: Array
    rules: Rules  # fields (C, Y)
    spend: Array  # (C, Y, L, K) USD per member-year
    weights: Array  # (C, L, K) of all members
    user_weights: Array  # (C, L, K) of GLP-1 users
    class_mix: Array  # (C, Y, L, K, 3)
    baseline_dir: Array  # (C,) share of gross of applicable drugs
    dir_by_drug: bool
    lis_copay: Array  # (C, Y) average statutory copay of a claim
    lis_brand_copay: Array  # (C, Y)
    gross_per_claim: Array  # (C,)
    population: Population
    products: Drugs
    existing: Drugs
    existing_fills_per_month: Array  # (C,)
    levers: Levers
    bridge: Bridge
    supplement: Supplement | None
    movers: Movers | None  # who comes from plans outside; none: selection is left out
    # payment
    has_bid: bool  # an employer group waiver plan has none
    bid: Array  # (C, Y) nan: priced at the cost of staying out
    national_average_bid: Array  # (C, Y)
    base_premium: Array  # (C, Y)
    national_weight: Array  # (C,)
    administration_and_margin: Array
    margin_share: Array
    priced_share: Array
    credibility: Array  # (C, Y)
    rivals_bid_change: Array
    rivals_premium_change: Array
    rivals_lis_bid_change: Array
    auto_assigned_share: Array
    benchmark_headroom: Array  # nan: not at stake
    waive_de_minimis: bool
    de_minimis: Array
    low_income_benchmark: Array  # nan: fully subsidised
    rebate_funded_share: Array
    zero_premium: bool  # where a rise is, the basic premium too is paid from the A/B rebate
    semi_elasticity: Array
    active_choosers: Array
    # what else moves
    retained_share: Array
    offset_effect: tuple[Array, Array, Array]  # first year, yearly step, limit
    offset_decay_months: Array
    weight: Weight
    weight_alone: Weight  # without the model's lifestyle support
    part_c_coding: Array
    prior_authorization_cost: Array
    fixed_cost: Array
    pmpm_cost: Array


def map_arrays(node: Any, change: Any) -> Any:
    """The same tree of dataclasses, tuples and dicts with `change` applied to every array."""
    if isinstance(node, np.ndarray):
        return change(node)
    if is_dataclass(node) and not isinstance(node, type):
        return replace(
            node, **{f.name: map_arrays(getattr(node, f.name), change) for f in fields(node)}
        )
    if isinstance(node, tuple):
        return tuple(map_arrays(part, change) for part in node)
    if isinstance(node, dict):
        return {key: map_arrays(part, change) for key, part in node.items()}
    return node
