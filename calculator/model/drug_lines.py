"""The drug lines of a branch: who owes each, its DIR, and what a branch then costs the plan.

Shapes as in inputs.py, phases before classes at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from calculator.model import benefit, ledger, price
from calculator.model.arrays import MONTHS, Array, array, pad_right
from calculator.model.benefit import Fills, Liability, Rules
from calculator.model.inputs import Drugs, Inputs
from calculator.model.known import Known
from calculator.model.ledger import Ledger

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
    late_reinsured: Array  # what statutory reinsurance takes off model_late
    supplement: Array  # outside the basic benefit
    gross: Array


def contract(weights: Array, table: Array) -> Array:
    """Sum strata out: weights (C, Y or 1, L, K), table (C or 1, Y, L, K, Q) -> (C, Y, L, Q)."""
    if table.shape[0] == 1:
        # One table for all cases: cases become rows of a matrix product.
        product = np.moveaxis(weights, 0, 2) @ table[0]
        return array(np.moveaxis(product, 2, 0))
    return array((weights[..., None, :] @ table)[..., 0, :])


def rules(rules: Rules, axes: int) -> Rules:
    """The yearly rules with axes for groups, strata and windows appended."""
    return Rules(**{f.name: pad_right(getattr(rules, f.name), axes) for f in fields(rules)})


def fills(inputs: Inputs, per_month: Array, gross: Array, axes: int) -> Fills:
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
    owed = benefit.standard_liability(spending, rules(inputs.rules, 1))
    claims = spending[:, :, LIS, :2].sum(axis=(-2, -1)) / inputs.gross_per_claim[:, None]
    return Part(line, owed, rebates, np.zeros_like(rebates), claims * inputs.lis_copay)


def baseline_part(inputs: Inputs, spending: Array) -> Part:
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


def fill_part(
    inputs: Inputs, line: str, drugs: Drugs, product: int, count: Array, gross: Array
) -> Part:
    """A part of model fills of one product; count (C, Y, L, 3 phases), gross (C, Y)."""
    owed = benefit.fill_liability(
        count,
        gross[:, :, None],
        drugs.classes[None, :, None, product],
        rules(inputs.rules, 1),
        fills(inputs, inputs.population.fills_per_month, gross, 1),
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


@dataclass(frozen=True)
class Use:
    """One GLP-1 drug of today's uses: its own claims and what they move on the others."""

    spending: Array  # (C, Y, L, 3 phases) USD, or fills where they have a flat copay
    moved: Array  # (C, Y, L, 3 phases, 3 classes) USD


def existing_use(
    inputs: Inputs,
    base: Array,
    product: int,
    gross: Array,
    known: Known,
    *,
    broad: bool = False,
) -> Use:
    """Users of one drug covered today over strata; base (C, Y, L, K, 3) claims without it.

    gross (C, Y) USD per fill; broad: its fills have the flat copay of the terms. known: uses
    worked out before.
    """
    users = inputs.members * inputs.existing.share[:, product, None]
    per_month = inputs.existing_fills_per_month
    return known(
        _use,
        inputs.spend,
        inputs.rules,
        inputs.user_weights[:, None] * pad_right(users, 2),
        inputs.class_mix,
        base,
        per_month,
        gross,
        fills(inputs, per_month, gross, 2) if broad else None,
    )


def _use(
    spend: Array,
    parameters: Rules,
    weights: Array,
    class_mix: Array,
    base: Array,
    per_month: Array,
    gross: Array,
    terms: Fills | None,
) -> Use:
    """Users (C, Y, L, K) of one drug; terms: of its fills, where they have a flat copay."""
    yearly = rules(parameters, 2)
    if terms is not None:
        phases = benefit.year_phases(spend, array(0.0), array(MONTHS), yearly, terms)
        spending = contract(weights, phases.fills)
        other = phases.standard
    else:
        added = pad_right(per_month[:, None] * MONTHS * gross, 2)
        together = spend + added
        phases = benefit.year_phases(together, array(0.0), array(0.0), yearly, None)
        own = np.divide(added, together, out=np.zeros(together.shape), where=together > 0.0)
        spending = contract(weights, phases.standard * own[..., None])
        other = phases.standard * (1.0 - own)[..., None]
    tilted = weights[..., None] * class_mix
    change = other - base
    moved = [contract(tilted[..., index], change) for index in range(3)]
    return Use(spending, np.stack(moved, axis=-1))


def existing_parts(
    inputs: Inputs, base: Array, branch: str, known: Known
) -> tuple[list[Part], Array]:
    """Users covered today: their GLP-1 fills as parts, and what they move on other claims.

    base (C, Y, L, K, 3) phases of other claims without the GLP-1; known: uses worked out before,
    as one at today's gross price is the same in both branches. Returns the change of other claims,
    (C, Y, L, 3, 3) USD.
    """
    drugs, levers = inputs.existing, inputs.levers
    repriced = branch == "join" and levers.existing_users != "none"
    broad = repriced and levers.existing_users == "broad"
    moved: Array = array(0.0)
    parts = []
    for product in range(drugs.share.shape[1]):
        gross = drugs.gross[:, :, product]
        if repriced and levers.point_of_sale:
            gross = price.point_of_sale_price(gross, levers.guaranteed_net_price)
        use = existing_use(inputs, base, product, gross, known, broad=broad)
        moved = moved + use.moved
        spending = use.spending
        if broad:
            parts.append(fill_part(inputs, "existing_glp1", drugs, product, spending, gross))
            continue
        classes = drugs.classes[None, :, None, None, product]
        count = spending.sum(axis=2) / gross[..., None]
        count_lis = spending[:, :, LIS, :2].sum(axis=-1) / gross
        rebates, late = _rebates(
            inputs, drugs, product, count, gross, guaranteed=repriced, flat_copay=False
        )
        part = _standard_part(inputs, "existing_glp1", spending[..., None] * classes, rebates)
        copays = count_lis * inputs.lis_brand_copay
        parts.append(replace(part, late_dir=late, statutory=copays))
    return parts, moved


def branch(inputs: Inputs, parts: list[Part]) -> Branch:
    """Take DIR off reinsurance and the plan, split low-income copays, and write the rows."""
    share = inputs.rules.reinsurance
    pooled_late = array(sum(part.owed.catastrophic.sum(axis=2) for part in parts))
    pooled_gross = array(sum(part.owed.gross.sum(axis=2) for part in parts))
    rows: Ledger = {}
    nothing = np.zeros((1, 1))
    plan_cost = dict.fromkeys(ledger.DRUG_LINES, nothing)
    model_late = late_reinsured = nothing
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
            reinsured = share * (late - part.late_dir * above)
            late_reinsured = late_reinsured + reinsured.sum(axis=-1)
    return Branch(
        rows=rows,
        baseline=plan_cost["baseline_drugs"],
        existing=plan_cost["existing_glp1"],
        model=plan_cost["model_drugs"],
        model_late=model_late,
        late_reinsured=late_reinsured,
        supplement=nothing,
        gross=pooled_gross.sum(axis=-1),
    )
