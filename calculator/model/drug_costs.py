"""The heavy half of a Part D run: people, benefit, DIR and reinsurance, in both branches.

Each case is looked at alone, so cases can be run in chunks. Shapes as in inputs.py, with W the
windows of a year and phases before classes at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from calculator.model import benefit, cohort, ledger, price, spell_table
from calculator.model.arrays import MONTHS, Array, array, pad_right
from calculator.model.benefit import Phases, Rules
from calculator.model.cohort import Cohort
from calculator.model.drug_lines import (
    LIS,
    Branch,
    baseline_part,
    branch,
    contract,
    existing_parts,
    fill_part,
    rules,
)
from calculator.model.inputs import Inputs
from calculator.model.known import Known, alike
from calculator.model.people import People, Weight, by_year, people
from calculator.model.spell_table import Between, Exact, Nodes

# Fields of the inputs and of their levers that nothing here reads: they move what is settled later.
SETTLED = {
    *("risk_score", "has_bid", "bid", "national_average_bid", "base_premium", "national_weight"),
    *("administration_and_margin", "margin_share", "priced_share", "credibility"),
    *("rivals_bid_change", "rivals_premium_change", "rivals_lis_bid_change"),
    *("auto_assigned_share", "benchmark_headroom", "waive_de_minimis", "de_minimis"),
    *("low_income_benchmark", "rebate_funded_share", "zero_premium", "semi_elasticity"),
    *("active_choosers", "retained_share", "offset_effect", "part_c_coding"),
    *("prior_authorization_cost", "fixed_cost", "pmpm_cost"),
}
SETTLED_LEVERS = {
    *("capitation", "capitation_per", "capitation_risk_adjusted", "capitation_in_target"),
    *("extra_reinsurance", "extra_reinsurance_catastrophic_only"),
    *("corridor_thresholds", "corridor_shares", "statutory_thresholds", "statutory_shares"),
    *("stabilisation", "stabilisation_cap", "administrative_support"),
}


def same_costs(one: Inputs, other: Inputs) -> bool:
    """Whether two runs have the same drug costs, as nothing that moves them differs."""
    pairs = [
        (getattr(mine, field.name), getattr(theirs, field.name))
        for mine, theirs, later in (
            (one, other, SETTLED | {"levers"}),
            (one.levers, other.levers, SETTLED_LEVERS),
        )
        for field in fields(mine)
        if field.name not in later
    ]
    return all(alike(mine, theirs) for mine, theirs in pairs)


@dataclass(frozen=True)
class Costs:
    """The heavy half's result."""

    stay_out: Branch
    join: Branch
    join_people: People
    alone: Branch  # joining without those who come in order to use the drug
    alone_treated: Array  # (C, Y) treated member-years of it
    stay_out_people: People
    eligible: Array  # (C, Y) member-months of own eligible members
    come: Array  # (C, Y, L) member-months of those who come; all are eligible
    window_gap: Array  # (C, Y) user-months by window less user-months by month; 0


def _people(inputs: Inputs, group: Cohort, weight: Weight, known: Known) -> People:
    return known(
        people,
        group,
        inputs.population.fills_per_month,
        inputs.population.churn,
        inputs.offset_decay_months,
        weight,
        inputs.products.share,
        inputs.population.opening_carried,
    )


def _bridge(inputs: Inputs, stay_out: Branch) -> Branch:
    """The Bridge inside the horizon: outside Part D, paid by the member and Medicare."""
    fills = inputs.bridge.people.fills
    rows = dict(stay_out.rows)
    net = inputs.bridge.net_price
    copay = price.outside_benefit(net, net, inputs.bridge.copay)[1][:, None]
    ledger.post(rows, "model_drugs", "member", fills * copay)
    ledger.post(rows, "model_drugs", "bridge", fills * (inputs.bridge.net_price[:, None] - copay))
    gross = stay_out.gross + fills * inputs.bridge.net_price[:, None]
    return replace(stay_out, rows=rows, gross=gross)


def _supplemented(inputs: Inputs, stay_out: Branch, fills: Array) -> Branch:
    """Own coverage as a supplemental benefit: no phases, no reinsurance, own net price."""
    supplement = inputs.supplement
    assert supplement is not None
    gross = (inputs.products.gross * inputs.products.share[:, None, :]).sum(axis=-1)
    net, copay = price.outside_benefit(
        gross, supplement.net_price[:, None], supplement.copay[:, None]
    )
    rows = dict(stay_out.rows)
    ledger.post(rows, "model_drugs", "member", fills * copay)
    ledger.post(rows, "model_drugs", "plan", fills * (net - copay))
    ledger.post(rows, "model_drugs", "dir", fills * (gross - net))
    return replace(
        stay_out,
        rows=rows,
        supplement=fills * (net - copay),
        gross=stay_out.gross + fills * gross,
    )


def _projected(inputs: Inputs, known: Known) -> list[Cohort]:
    """Members who are treated when joining, then those who come for it: non-LIS and LIS."""
    own = inputs.population
    groups = [
        known(
            cohort.project,
            own.eligible,
            own.initiation,
            own.curve,
            own.churn,
            own.restart,
            own.opening_stock,
            own.opening_stopped,
        )
    ]
    if inputs.movers is not None:
        groups += [
            cohort.project(
                inputs.movers.people[..., group],
                inputs.movers.initiation,
                own.curve,
                own.churn,
                own.restart,
                own.opening_stock * inputs.movers.bridge[:, group, None],
                np.zeros(1),
            )
            for group in range(inputs.movers.people.shape[-1])
        ]
    return groups


def _without_therapy(spend: Array, parameters: Rules) -> Phases:
    """The phases of a year of other claims, (C, Y, L, K, 3)."""
    return benefit.year_phases(spend, array(0.0), array(0.0), rules(parameters, 2), None)


def _baseline(inputs: Inputs, people: Array, standard: Array) -> Array:
    """Baseline spending of people (C, Y, L, K) by phase and class, (C, Y, L, 3, 3) USD."""
    classes = range(inputs.class_mix.shape[-1])
    by_class = [contract(people * inputs.class_mix[..., index], standard) for index in classes]
    return np.stack(by_class, axis=-1)


def drug_costs(inputs: Inputs, nodes: Nodes | None = None, known: Known | None = None) -> Costs:
    """Both branches' drug lines and treated people.

    nodes: what a spell moves is read between them; without, the table is made for these cases.
    known: what another run worked out.
    """
    known = known or Known()
    treatable = inputs.population
    group, *coming = _projected(inputs, known)

    gross = inputs.products.gross
    if inputs.levers.point_of_sale:
        gross = price.point_of_sale_price(gross, inputs.levers.guaranteed_net_price[..., None])
    without = known(_without_therapy, inputs.spend, inputs.rules)
    # Users by group, and how they are spread over strata within it.
    in_group = inputs.user_weights.sum(axis=-1)
    within = np.divide(
        inputs.user_weights,
        in_group[..., None],
        out=np.zeros(inputs.user_weights.shape),
        where=in_group[..., None] > 0.0,
    )
    table: Exact | Between
    if nodes is None:
        table = spell_table.exact(inputs, without, within, known)
    else:
        table = spell_table.between(inputs, nodes, within)

    everyone = inputs.weights[:, None] * pad_right(inputs.members, 2)
    spells = known(cohort.windows, group)[:, :, None] * in_group[:, None, :, None]
    existing = {
        name: existing_parts(inputs, without.standard, name, known) for name in ("stay_out", "join")
    }

    def join(members: Array, spells: Array) -> tuple[Branch, Array]:
        """The joining branch and its fills: members (C, Y, L, K), spells (C, Y, L, W)."""
        parts, shifted = existing["join"]
        parts = list(parts)
        moved = table.over(spells)
        count = moved.fills
        for product in range(inputs.products.share.shape[1]):
            share = inputs.products.share[:, product, None, None, None]
            part_gross = gross[:, :, product]
            drugs = inputs.products
            parts.append(
                fill_part(inputs, "model_drugs", drugs, product, share * count, part_gross)
            )
        spending = _baseline(inputs, members, without.standard) + shifted
        spending = spending + moved.standard
        parts.append(baseline_part(inputs, spending))
        return branch(inputs, parts), array(count.sum(axis=(2, 3)))

    parts, shifted = existing["stay_out"]
    own_spending = _baseline(inputs, everyone, without.standard) + shifted
    stay_out = branch(inputs, [*parts, baseline_part(inputs, own_spending)])
    stay_out_people = inputs.bridge.people
    alone, count = join(everyone, spells)
    joined, crowd, treated = alone, group, None
    come = np.zeros((1, 1, LIS + 1))
    if coming:
        assert inputs.movers is not None
        by_year_and_group = [by_year(inputs.movers.people[..., g]) / MONTHS for g in (0, LIS)]
        new = np.stack(by_year_and_group, axis=-1)
        their_spells = np.stack([cohort.windows(part) for part in coming], axis=2)
        spells = spells + their_spells
        joined, count = join(everyone + new[..., None] * within[:, None], spells)
        crowd = cohort.together([group, *coming])
        treated = cohort.treated_years(group).sum(axis=-1)
        come = new * MONTHS

    join_people = replace(_people(inputs, crowd, inputs.weight, known), fills=count)
    if treated is None:
        treated = join_people.treated_years.sum(axis=-1)

    if inputs.supplement is None:
        stay_out = _bridge(inputs, stay_out)
    else:
        own = known(
            cohort.project,
            treatable.eligible,
            treatable.initiation * inputs.supplement.initiation_ratio[:, None],
            inputs.supplement.curve,
            treatable.churn,
            treatable.restart,
            treatable.opening_stock,
            treatable.opening_stopped,
        )
        stay_out_people = _people(inputs, own, inputs.weight_alone, known)
        stay_out = _supplemented(inputs, stay_out, stay_out_people.fills)
    return Costs(
        stay_out=stay_out,
        join=joined,
        join_people=join_people,
        alone=alone,
        alone_treated=treated,
        stay_out_people=stay_out_people,
        eligible=by_year(treatable.eligible),
        come=come,
        window_gap=(spells @ cohort.WINDOW_LENGTH).sum(axis=-1) - by_year(crowd.on_therapy),
    )
