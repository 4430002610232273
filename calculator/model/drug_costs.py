"""The heavy half of a Part D run: people, benefit, DIR and reinsurance, in both branches.

Each case is looked at alone, so cases can be run in chunks. Shapes as in inputs.py, with W the
windows of a year and phases before classes at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from calculator.model import benefit, cohort, ledger, price
from calculator.model.arrays import MONTHS, Array, array, pad_right
from calculator.model.benefit import Fills, Liability, Rules
from calculator.model.cohort import Cohort
from calculator.model.inputs import Drugs, Inputs
from calculator.model.ledger import Ledger
from calculator.model.people import People, Weight, by_year, people

LIS = 1


@dataclass(frozen=True)
class Part:
    """One drug line of a branch: who owes it, its DIR and what limits the low-income copay.

    Liability and dir sum over members; statutory and the amounts keep L where it matters.
    """

    line: str
    owed: Liability  # (C, Y, L[, 3])
    dir: Array  # (C, Y, 3) USD
    late_dir: Array  # (C, Y, 3) of it on fills above the threshold
    statutory: Array  # (C, Y) most that low-income members can owe in copays; inf: no limit


@dataclass(frozen=True)
class Branch:
    """A branch after the benefit: its drug rows and what later steps need. USD a year, (C, Y)."""

    rows: Ledger
    baseline: Array  # plan's net cost of baseline drugs
    existing: Array
    model: Array
    model_late: Array  # of it above the threshold
    supplement: Array  # outside the basic benefit
    gross: Array


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


def _contract(weights: Array, table: Array) -> Array:
    """Sum strata out: weights (C, Y or 1, L, K), table (C or 1, Y, L, K, Q) -> (C, Y, L, Q)."""
    if table.shape[0] == 1:
        # One table for all cases: cases become rows of a matrix product.
        product = np.moveaxis(weights, 0, 2) @ table[0]
        return array(np.moveaxis(product, 2, 0))
    return array((weights[..., None, :] @ table)[..., 0, :])


def _by_class(weights: Array, mix: Array, table: Array) -> Array:
    """Sum strata out by class: weights (C, L, K), mix (C, Y, L, K, 3) -> (C, Y, L, Q, 3)."""
    tilted = weights[:, None, :, :, None] * mix
    return np.stack([_contract(tilted[..., index], table) for index in range(3)], axis=-1)


def _over_windows(spells: Array, table: Array) -> Array:
    """Sum windows out: spells (C, Y, L, W), table (C, Y, L, W, ...) -> (C, Y, L, ...)."""
    shape = table.shape
    flat = table.reshape(*shape[:4], -1)
    return array((spells[..., None, :] @ flat)[..., 0, :]).reshape(
        max(spells.shape[0], shape[0]), *shape[1:3], *shape[4:]
    )


def _rules(rules: Rules, axes: int) -> Rules:
    """The yearly rules with axes for groups, strata and windows appended."""
    return Rules(**{f.name: pad_right(getattr(rules, f.name), axes) for f in fields(rules)})


def _fills(inputs: Inputs, per_month: Array, gross: Array, axes: int) -> Fills:
    """How the terms adjudicate a model fill, with `axes` for groups, strata and windows.

    per_month (C,); gross (C, Y) matters where the terms let a deductible apply.
    """
    return Fills(
        copay=pad_right(inputs.levers.copay, axes),
        gross=pad_right(gross, axes),
        per_month=pad_right(per_month[:, None], axes),
        deductible_exempt=inputs.levers.deductible_exempt,
        counts_to_troop=inputs.levers.copay_counts_to_troop,
    )


def _standard_part(inputs: Inputs, line: str, spending: Array, rebates: Array) -> Part:
    """A part of standard claims; spending (C, Y, L, 3 phases, 3 classes) USD."""
    owed = benefit.standard_liability(spending, _rules(inputs.rules, 1))
    claims = spending[:, :, LIS, :2].sum(axis=(-2, -1)) / inputs.gross_per_claim[:, None]
    return Part(line, owed, rebates, np.zeros_like(rebates), claims * inputs.lis_copay)


def _baseline_part(inputs: Inputs, spending: Array) -> Part:
    """Every claim but GLP-1 fills; spending (C, Y, L, 3 phases, 3 classes) USD."""
    rebates = inputs.baseline_dir[:, None, None] * spending.sum(axis=(2, 3))
    rebates = rebates * np.array([1.0, 0.0, 0.0])
    return _standard_part(inputs, "baseline_drugs", spending, rebates)


def _rebates(
    inputs: Inputs,
    drugs: Drugs,
    product: int,
    count: Array,
    gross: Array,
    *,
    guaranteed: bool,
    flat_copay: bool,
) -> tuple[Array, Array]:
    """DIR on fills of one product by class, (C, Y, 3): all of it, and that above the threshold.

    count (C, Y, 3 phases) fills, gross (C, Y) USD per fill. The plan's own rebate stands where it
    is larger than what the guaranteed net would give.
    """
    levers, rules = inputs.levers, inputs.rules
    own = np.fmax(gross - drugs.net[:, :, product], 0.0)
    own = np.where(np.isnan(own), 0.0, own)
    classes = drugs.classes[None, :, product]
    applicable = classes[..., 0]
    # Only a fill with a flat copay can have a discount before the deductible is met.
    subsidised_early = (
        flat_copay and levers.subsidies_before_deductible and levers.deductible_exempt
    )
    early = rules.initial_discount if subsidised_early else array(0.0)
    amounts = []
    for phase, share in enumerate((early, rules.initial_discount, rules.catastrophic_discount)):
        per_fill = own
        if guaranteed:
            topped = price.dir_per_fill(
                gross,
                share * gross * applicable,
                levers.guaranteed_net_price,
                levers.net_includes_discount,
            )
            per_fill = np.maximum(own, topped)
        amounts.append(count[..., phase] * per_fill)
    early_dir, initial_dir, late_dir = amounts
    every = early_dir + initial_dir + late_dir
    return every[..., None] * classes, late_dir[..., None] * classes


def _fill_part(
    inputs: Inputs, line: str, drugs: Drugs, product: int, count: Array, gross: Array
) -> Part:
    """A part of model fills of one product; count (C, Y, L, 3 phases), gross (C, Y)."""
    owed = benefit.fill_liability(
        count,
        gross[:, :, None],
        drugs.classes[None, :, None, product],
        _rules(inputs.rules, 1),
        _fills(inputs, inputs.population.fills_per_month, gross, 1),
        inputs.levers.subsidies_before_deductible,
    )
    rebates, late = _rebates(
        inputs, drugs, product, count.sum(axis=2), gross, guaranteed=True, flat_copay=True
    )
    below = count[:, :, LIS, :2].sum(axis=-1)
    if inputs.levers.statutory_lis_copay:
        statutory = below * np.minimum(inputs.lis_brand_copay, inputs.levers.copay)
    else:
        statutory = np.full(below.shape, np.inf)
    return Part(line, owed, rebates, late, statutory)


def _existing_parts(inputs: Inputs, base: Array, branch: str) -> tuple[list[Part], Array]:
    """Users covered today: their GLP-1 fills as parts, and what they move on other claims.

    base (C, Y, L, K, 3) phases of other claims without the GLP-1. Returns the change of other
    claims, (C, Y, L, 3, 3) USD.
    """
    drugs, levers = inputs.existing, inputs.levers
    repriced = branch == "join" and levers.existing_users != "none"
    broad = repriced and levers.existing_users == "broad"
    per_month = inputs.existing_fills_per_month
    moved: Array = array(0.0)
    parts = []
    for product in range(drugs.share.shape[1]):
        gross = drugs.gross[:, :, product]
        if repriced and levers.point_of_sale:
            gross = price.point_of_sale_price(gross, levers.guaranteed_net_price)
        users = inputs.members * drugs.share[:, product, None]
        weights = inputs.user_weights[:, None] * pad_right(users, 2)
        if broad:
            phases = benefit.year_phases(
                inputs.spend,
                array(0.0),
                array(MONTHS),
                _rules(inputs.rules, 2),
                _fills(inputs, per_month, gross, 2),
            )
            count = _contract(weights, phases.fills)
            parts.append(_fill_part(inputs, "existing_glp1", drugs, product, count, gross))
            other = phases.standard
        else:
            added = pad_right(per_month[:, None] * MONTHS * gross, 2)
            together = inputs.spend + added
            phases = benefit.year_phases(
                together, array(0.0), array(0.0), _rules(inputs.rules, 2), None
            )
            own = np.divide(added, together, out=np.zeros(together.shape), where=together > 0.0)
            spending = _contract(weights, phases.standard * own[..., None])
            classes = drugs.classes[None, :, None, None, product]
            count = spending.sum(axis=2) / gross[..., None]
            count_lis = spending[:, :, LIS, :2].sum(axis=-1) / gross
            rebates, late = _rebates(
                inputs, drugs, product, count, gross, guaranteed=repriced, flat_copay=False
            )
            part = _standard_part(inputs, "existing_glp1", spending[..., None] * classes, rebates)
            copays = count_lis * inputs.lis_brand_copay
            parts.append(replace(part, late_dir=late, statutory=copays))
            other = phases.standard * (1.0 - own)[..., None]
        tilted = weights[..., None] * inputs.class_mix
        change = other - base
        moved = moved + np.stack(
            [_contract(tilted[..., index], change) for index in range(3)], axis=-1
        )
    return parts, moved


def _branch(inputs: Inputs, parts: list[Part]) -> Branch:
    """Take DIR off reinsurance and the plan, split low-income copays, and write the rows."""
    share = inputs.rules.reinsurance
    pooled_late = array(sum(part.owed.catastrophic.sum(axis=2) for part in parts))
    pooled_gross = array(sum(part.owed.gross.sum(axis=2) for part in parts))
    rows: Ledger = {}
    nothing = np.zeros((1, 1))
    plan_cost = dict.fromkeys(ledger.DRUG_LINES, nothing)
    model_late = nothing
    for part in parts:
        late, gross = part.owed.catastrophic.sum(axis=2), part.owed.gross.sum(axis=2)
        if inputs.dir_by_drug:
            above = benefit.share_above_threshold(late, gross)
        else:
            above = benefit.share_above_threshold(pooled_late, pooled_gross)
        reinsurance = benefit.reinsurance_after_dir(share, late, part.dir, above).sum(axis=-1)
        lost = part.owed.reinsurance.sum(axis=2) - reinsurance
        rebates = part.dir.sum(axis=-1)
        plan = part.owed.plan.sum(axis=2) - (rebates - lost)
        member = part.owed.member
        low_income = benefit.low_income_copay(member[:, :, LIS], part.statutory)
        for payer, amount in (
            ("member", member[:, :, 0] + low_income),
            ("lics", member[:, :, LIS] - low_income),
            ("plan", plan),
            ("manufacturer", part.owed.manufacturer.sum(axis=2)),
            ("selected_subsidy", part.owed.selected_subsidy.sum(axis=2)),
            ("reinsurance", reinsurance),
            ("dir", rebates),
        ):
            ledger.post(rows, part.line, payer, amount)
        plan_cost[part.line] = plan_cost[part.line] + plan
        if part.line == "model_drugs":
            discount = inputs.rules.catastrophic_discount[..., None] * np.array([1.0, 0.0, 0.0])
            owed = late * (1.0 - share - discount) - part.late_dir * (1.0 - share * above)
            model_late = model_late + owed.sum(axis=-1)
    return Branch(
        rows=rows,
        baseline=plan_cost["baseline_drugs"],
        existing=plan_cost["existing_glp1"],
        model=plan_cost["model_drugs"],
        model_late=model_late,
        supplement=nothing,
        gross=pooled_gross.sum(axis=-1),
    )


def _people(inputs: Inputs, group: Cohort, weight: Weight) -> People:
    return people(
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
    copay = np.minimum(inputs.bridge.copay, inputs.bridge.net_price)[:, None]
    ledger.post(rows, "model_drugs", "member", fills * copay)
    ledger.post(rows, "model_drugs", "bridge", fills * (inputs.bridge.net_price[:, None] - copay))
    gross = stay_out.gross + fills * inputs.bridge.net_price[:, None]
    return replace(stay_out, rows=rows, gross=gross)


def _supplemented(inputs: Inputs, stay_out: Branch, fills: Array) -> Branch:
    """Own coverage as a supplemental benefit: no phases, no reinsurance, own net price."""
    supplement = inputs.supplement
    assert supplement is not None
    gross = (inputs.products.gross * inputs.products.share[:, None, :]).sum(axis=-1)
    net = np.minimum(supplement.net_price[:, None], gross)
    copay = np.minimum(supplement.copay[:, None], net)
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


def _projected(inputs: Inputs) -> list[Cohort]:
    """Members who are treated when joining, then those who come for it: non-LIS and LIS."""
    own = inputs.population
    groups = [
        cohort.project(
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


def _baseline(inputs: Inputs, people: Array, standard: Array) -> Array:
    """Baseline spending of people (C, Y, L, K) by phase and class, (C, Y, L, 3, 3) USD."""
    classes = range(inputs.class_mix.shape[-1])
    by_class = [_contract(people * inputs.class_mix[..., index], standard) for index in classes]
    return np.stack(by_class, axis=-1)


def drug_costs(inputs: Inputs) -> Costs:
    """Both branches' drug lines and treated people."""
    treatable = inputs.population
    group, *coming = _projected(inputs)

    # What one spell moves, by window and stratum: a table no case changes unless it changes a
    # benefit parameter, a copay or the spending distribution.
    spend = inputs.spend[..., None]
    gross = inputs.products.gross
    if inputs.levers.point_of_sale:
        gross = price.point_of_sale_price(gross, inputs.levers.guaranteed_net_price[..., None])
    shares = inputs.products.share[:, None, :]
    mean_gross = (gross * shares).sum(axis=-1)
    mean_copay = (np.minimum(inputs.levers.copay[..., None], gross) * shares).sum(axis=-1)
    rules = _rules(inputs.rules, 3)
    without = benefit.year_phases(
        inputs.spend, array(0.0), array(0.0), _rules(inputs.rules, 2), None
    )
    table = benefit.year_phases(
        spend,
        array(cohort.WINDOW_FIRST),
        array(cohort.WINDOW_LENGTH),
        rules,
        replace(
            _fills(inputs, treatable.fills_per_month, mean_gross, 3), copay=pad_right(mean_copay, 3)
        ),
    )
    moved = table.standard - without.standard[..., None, :]

    # Users by group, and how they are spread over strata within it.
    in_group = inputs.user_weights.sum(axis=-1)
    within = np.divide(
        inputs.user_weights,
        in_group[..., None],
        out=np.zeros(inputs.user_weights.shape),
        where=in_group[..., None] > 0.0,
    )
    flat = moved.reshape(*moved.shape[:4], -1)
    by_class = _by_class(within, inputs.class_mix, flat)
    moves = by_class.reshape(*by_class.shape[:3], *moved.shape[4:], 3)
    flat = table.fills.reshape(*moved.shape[:4], -1)
    fills = _contract(within[:, None], flat)
    fills = fills.reshape(*fills.shape[:3], *moved.shape[4:])

    everyone = inputs.weights[:, None] * pad_right(inputs.members, 2)
    spells = cohort.windows(group)[:, :, None] * in_group[:, None, :, None]
    existing = {
        branch: _existing_parts(inputs, without.standard, branch) for branch in ("stay_out", "join")
    }

    def join(members: Array, spells: Array) -> tuple[Branch, Array]:
        """The joining branch and its fills: members (C, Y, L, K), spells (C, Y, L, W)."""
        parts, shifted = existing["join"]
        parts = list(parts)
        count = _over_windows(spells, fills)
        for product in range(inputs.products.share.shape[1]):
            share = inputs.products.share[:, product, None, None, None]
            part_gross = gross[:, :, product]
            drugs = inputs.products
            parts.append(
                _fill_part(inputs, "model_drugs", drugs, product, share * count, part_gross)
            )
        spending = _baseline(inputs, members, without.standard) + shifted
        spending = spending + _over_windows(spells, moves)
        parts.append(_baseline_part(inputs, spending))
        return _branch(inputs, parts), array(count.sum(axis=(2, 3)))

    parts, shifted = existing["stay_out"]
    own_spending = _baseline(inputs, everyone, without.standard) + shifted
    stay_out = _branch(inputs, [*parts, _baseline_part(inputs, own_spending)])
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

    join_people = replace(_people(inputs, crowd, inputs.weight), fills=count)
    if treated is None:
        treated = join_people.treated_years.sum(axis=-1)

    if inputs.supplement is None:
        stay_out = _bridge(inputs, stay_out)
    else:
        own = cohort.project(
            treatable.eligible,
            treatable.initiation * inputs.supplement.initiation_ratio[:, None],
            inputs.supplement.curve,
            treatable.churn,
            treatable.restart,
            treatable.opening_stock,
            treatable.opening_stopped,
        )
        stay_out_people = _people(inputs, own, inputs.weight_alone)
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
