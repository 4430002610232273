"""Claim-exact adjudication as one query with window running sums (model section 5).

TrOOP before a claim follows from two running sums in service order: standard gross and flat
copays. Amounts are whole millionths of a dollar, what a payer owes whole hundred-millionths, so
nothing is rounded until a member's year is summed; the same expression runs on every engine.
"""

from __future__ import annotations

from typing import Any

import ibis

from calculator.claims.reading import CLASSES, KINDS, LEVELS, MANUFACTURERS, PAID, Claims
from calculator.claims.rules import Rules

PHASES = ("deductible", "initial", "catastrophic")
PAYERS = ("member", "lics", "plan", "manufacturer", "selected_subsidy", "reinsurance")
AMOUNTS = ("gross", *PAYERS, "troop")
# Claims are read in ten-thousandths; adjudicated in millionths; owed in hundred-millionths.
FINER = 100
PER_CENT = 1_000_000  # hundred-millionths of a dollar in a cent


# A claim's words in one small number, two bits each: what a window sorts, it moves.
BITS = {
    "drug_class": (0, CLASSES),
    "lis": (2, LEVELS),
    "manufacturer": (4, MANUFACTURERS),
    "fill_kind": (6, KINDS),
    "brand": (8, ("false", "true")),
}


def code(table: Any, given: frozenset[str]) -> Any:
    """The words of a claim as one number (BITS). `given`: the columns that the file brings.

    A claim without `brand` is a brand unless its drug is non-applicable.
    """
    brand = table.drug_class != "non_applicable"
    parts = [ibis.ifelse(ibis.coalesce(table.brand, brand) if "brand" in given else brand, 256, 0)]
    for name, (shift, words) in BITS.items():
        if name in given and name != "brand":
            cases = [(table[name] == word, place << shift) for place, word in enumerate(words)]
            parts.append(ibis.cases(*cases[1:], else_=0))
    return sum(parts[1:], parts[0]).cast("int16")


def says(row: Any, name: str, word: str) -> Any:
    """Whether a claim's code says this word."""
    shift, words = BITS[name]
    return (row.code & (3 << shift)) == (words.index(word) << shift)


def is_model_fill(row: Any) -> Any:
    """Whether a claim is a fill at a flat copay of the model's terms."""
    return row.flat.notnull() & says(row, "fill_kind", "standard")


def service_order(table: Any, given: frozenset[str], sequenced: bool = False) -> list[Any]:
    """What decides the order of one member's claims: date, sequence (none first), then content.

    Claims that tie on all of it are equal in everything that adjudication looks at, so their order
    changes nothing, and the order of rows in the file never does.
    sequenced: every claim has a sequence and no two of a member's day share one: it says all.
    """
    if sequenced:
        return [table.service_date, table["sequence"]]
    order = [table.service_date]
    if "sequence" in given:
        order.append(table["sequence"].fill_null(-(2**62)))
    order += [table.gross, table.code]
    order += [table[name].fill_null(-1) for name in ("copay", "days_supply") if name in given]
    return order


def flat_copay(table: Any, rules: Rules) -> Any:
    """A fill's flat copay in millionths of a dollar; null for a standard claim.

    A model fill's own, an insulin's by law, none for a vaccine; a Bridge fill has nothing to pay.
    """
    gross = table.gross * FINER
    days = table.days_supply.fill_null(0)
    months = ibis.greatest((days / rules.month_supply_days).ceil().cast("int64"), 1)
    insulin = ibis.least(rules.insulin_copay * months, rules.insulin_share * table.gross, gross)
    return ibis.cases(
        (says(table, "fill_kind", "vaccine"), 0),
        (says(table, "fill_kind", "bridge"), 0),
        (says(table, "fill_kind", "insulin"), insulin),
        (table.copay.notnull(), ibis.least(table.copay * FINER, gross)),
        else_=ibis.null("int64"),
    )


def _running(column: Any, window: Any) -> Any:
    # Sums of whole numbers are exact in a double to 9 billion dollars a member, far past the
    # threshold, where only "above it" matters; 128-bit sums take longer.
    return column.cast("float64").sum().over(window).cast("int64")


def adjudicated(claims: Claims, rules: Rules) -> Any:
    """Every claim with what each payer owes, in hundred-millionths of a dollar.

    Columns: member_id, phase (in which the claim begins), gross, PAYERS, troop, and below and
    above (the threshold).
    """
    table = claims.table.mutate(code=code(claims.table, claims.given))
    outside = says(table, "fill_kind", "bridge")
    flat = flat_copay(table, rules)
    # Few and narrow columns: what a window sorts, it moves.
    wide = table.mutate(gross_=ibis.ifelse(outside, 0, table.gross * FINER), flat=flat)

    def eligible(row: Any) -> Any:
        pays = (
            row.flat.isnull() if rules.deductible_exempt else row.flat.isnull() | is_model_fill(row)
        )
        return ibis.ifelse(pays, row.gross_, 0)

    def counted(row: Any) -> Any:
        counts = row.flat.notnull()
        return ibis.ifelse(
            counts if rules.copay_counts else counts & ~is_model_fill(row), row.flat, 0
        )

    order = service_order(wide, claims.given, claims.sequenced)
    window = ibis.rows_window(group_by="member_id", order_by=order, following=0)
    ranks = ibis.window(group_by="member_id", order_by=order)
    d, t, c = rules.deductible, rules.threshold, rules.coinsurance
    wide = wide.mutate(
        spent=_running(eligible(wide), window),
        copays=_running(counted(wide), window),
        # Rows that tie on everything the order looks at may be duplicates.
        tied=ibis.row_number().over(ranks) != ibis.rank().over(ranks),
    )
    wide = wide.mutate(spent=wide.spent - eligible(wide), copays=wide.copays - counted(wide))
    in_deductible = ibis.least(wide.spent + eligible(wide), d) - ibis.least(wide.spent, d)
    wide = wide.mutate(part=in_deductible, met=wide.spent >= d)
    if rules.deductible_exempt:
        beyond = ibis.greatest(wide.spent - d, 0)
        # Each sum of spending is a multiple of a hundred: a percentage of it is whole.
        troop = ibis.least(wide.spent, d) + _percent(beyond, c) + wide.copays
    else:
        # A model fill pays the deductible too: the second sum depends on the first.
        rest = wide.gross_ - wide.part
        after = ibis.ifelse(
            wide.flat.isnull(), _percent(rest, c), ibis.least(wide.flat.fill_null(0), rest)
        )
        if not rules.copay_counts:
            after = ibis.ifelse(is_model_fill(wide), 0, after)
        wide = wide.mutate(owes=wide.part + after)
        troop = _running(wide.owes, window) - wide.owes
    wide = wide.mutate(room=ibis.greatest(t - troop, 0))
    wide = wide.mutate(part=ibis.least(wide.part, wide.room))
    return _owed(wide, rules)


def _percent(amount: Any, share: int) -> Any:
    """A percentage of a multiple of a hundred, whole."""
    return (amount / (100 // share)).cast("int64") if share else ibis.literal(0)


def _owed(wide: Any, rules: Rules) -> Any:
    """What each payer owes on a claim, given the room to the threshold and the deductible part."""
    standard = wide.flat.isnull()
    begun = wide.room > 0
    rest = wide.gross_ - wide.part
    # Standard claims are split at both limits; a flat fill is settled where it begins.
    initial = ibis.least(rest, (wide.room - wide.part) * rules.steps)
    late = ibis.ifelse(standard, rest - initial, ibis.ifelse(begun, 0, wide.gross_))
    flat = ibis.least(wide.flat, rest, wide.room - wide.part)
    waits = ibis.ifelse(wide.met, rest, 0)
    if rules.subsidies_before_deductible:
        waits = ibis.ifelse(is_model_fill(wide), wide.gross_, waits)
    elif not rules.deductible_exempt:
        waits = ibis.ifelse(is_model_fill(wide), rest, waits)
    subsidised = ibis.ifelse(standard, initial, ibis.ifelse(begun, waits, 0))
    owed = FINER * wide.part + ibis.ifelse(standard, rules.coinsurance * initial, FINER * flat)
    counted = owed
    if not rules.copay_counts:
        counted = ibis.ifelse(is_model_fill(wide), FINER * wide.part, owed)
    # Steps, so that the engine computes each amount once.
    wide = wide.mutate(owed=owed, counted_=counted, subsidised=subsidised, late=late)

    low = ~says(wide, "lis", "none")
    phased = says(wide, "manufacturer", "specified_small") | (
        says(wide, "manufacturer", "specified") & low
    )
    applicable = says(wide, "drug_class", "applicable")
    selected = says(wide, "drug_class", "selected")
    first = ibis.ifelse(phased, rules.phase_in_initial, rules.initial_discount)
    then = ibis.ifelse(phased, rules.phase_in_catastrophic, rules.catastrophic_discount)
    shares = rules.reinsurance
    reinsured = ibis.cases(
        (applicable, shares["applicable"]),
        (selected, shares["selected"]),
        else_=shares["non_applicable"],
    )
    statutory = ibis.cases(
        (says(wide, "lis", "institutional"), 0),
        *(
            (says(wide, "lis", level) & says(wide, "brand", str(branded).lower()), copay * FINER)
            for (level, branded), copay in rules.copays.items()
        ),
        else_=ibis.null("int64"),
    )
    helped = low if rules.statutory_lis_copay else low & ~is_model_fill(wide)
    wide = wide.mutate(
        pays=ibis.ifelse(helped, ibis.least(statutory, wide.owed), wide.owed),
        discount=ibis.ifelse(applicable, first * wide.subsidised + then * wide.late, 0),
        subsidy=ibis.ifelse(selected, rules.initial_subsidy * wide.subsidised, 0),
        reinsured=reinsured * wide.late,
    )
    gross = FINER * wide.gross_
    return wide.select(
        "member_id",
        *PAID,
        phase=ibis.cases((wide.room <= 0, 2), (wide.met, 1), else_=0),
        gross=gross,
        member=wide.pays,
        lics=wide.owed - wide.pays,
        plan=gross - wide.owed - wide.discount - wide.subsidy - wide.reinsured,
        manufacturer=wide.discount,
        selected_subsidy=wide.subsidy,
        reinsurance=wide.reinsured,
        troop=wide.counted_,
        above=FINER * wide.late,
        tied=wide.tied,
    )


def settled(per_claim: Any, rules: Rules, compared: tuple[str, ...] = ()) -> Any:
    """Sums by member and phase, in hundred-millionths of a dollar; with what a back-test compares.

    compared: which PAID amounts the claims bring; each adds counts and a sum of differences.
    """
    summed = ("gross", "member", "lics", "manufacturer", "selected_subsidy", "reinsurance")
    sums: dict[str, Any] = {name: per_claim[name].sum() for name in summed}
    if not rules.copay_counts:
        sums["troop"] = per_claim.troop.sum()
    sums["claims"] = per_claim.count()
    sums["ties"] = per_claim.tied.sum()
    for name in compared:
        ours = {
            "paid_below": per_claim.gross - per_claim.above,
            "paid_above": per_claim.above,
        }.get(name, per_claim[name.removeprefix("paid_")] if name[5:] in PAYERS else None)
        paid = per_claim[name] * (FINER * FINER)
        gap = ours - paid
        sums[f"{name}_compared"] = gap.count()
        sums[f"{name}_within"] = (gap.abs() <= PER_CENT).sum().fill_null(0)
        sums[f"{name}_paid"] = paid.sum().fill_null(0)
        sums[f"{name}_gap"] = gap.sum().fill_null(0)
    table = per_claim.group_by("member_id", "phase").agg(**sums)
    # The plan has what the others leave; what member and Medicare's help pay counts to TrOOP.
    plan = table.gross
    for name in summed[1:]:
        plan = plan - table[name]
    table = table.mutate(plan=plan)
    return table.mutate(troop=table.member + table.lics) if rules.copay_counts else table


def in_cents(total: Any) -> Any:
    """Hundred-millionths of a dollar as whole cents, half away from zero, exactly."""
    size = total.abs() + PER_CENT // 2
    cents = ((size - size % PER_CENT) / PER_CENT).cast("int64")
    return ibis.ifelse(total < 0, -cents, cents)


def members(by_phase: Any) -> Any:
    """One row a member, sorted by member_id: AMOUNTS in whole cents."""
    totals = by_phase.group_by("member_id").agg(**{name: by_phase[name].sum() for name in AMOUNTS})
    cents = {name: in_cents(totals[name]) for name in AMOUNTS}
    return totals.select("member_id", **cents).order_by("member_id")
