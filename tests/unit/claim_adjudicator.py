"""A second opinion on the Part D benefit: one member's year of claims, in service order, exactly.

It shares no code with the calculator. It is written from the statute's shares (42 USC 1395w-102,
-114c, -114d and -115) in decimal arithmetic that stops at the first inexact result, so a
difference between it and the engine is never rounding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, InvalidOperation, localcontext

D = Decimal
ZERO = D(0)
EXACT = Context(prec=60, traps=[Inexact, InvalidOperation])

COINSURANCE = D("0.25")
# Who pays beside member and plan, as shares of the negotiated price; the plan pays the rest.
BELOW_THRESHOLD = {
    "applicable": {"manufacturer": D("0.10")},
    "selected": {"selected_subsidy": D("0.10")},
    "non_applicable": {},
}
ABOVE_THRESHOLD = {
    "applicable": {"manufacturer": D("0.20"), "reinsurance": D("0.20")},
    "selected": {"reinsurance": D("0.40")},
    "non_applicable": {"reinsurance": D("0.40")},
}


@dataclass(frozen=True)
class Claim:
    """A standard claim, or a model fill where there is a flat copay. USD."""

    gross: Decimal
    drug_class: str
    copay: Decimal | None = None
    # The most a low-income member owes on this claim; None: not a low-income member.
    low_income_copay: Decimal | None = None
    # A phased-in manufacturer's discount below and above the threshold; None: in full.
    discount: tuple[Decimal, Decimal] | None = None


@dataclass(frozen=True)
class Terms:
    """How a model fill is adjudicated."""

    deductible_exempt: bool = True
    copay_counts: bool = True
    subsidies_before_deductible: bool = False


@dataclass
class Line:
    """Who paid what on one kind of claim in the year, USD."""

    gross: Decimal = ZERO
    member: Decimal = ZERO
    lics: Decimal = ZERO
    plan: Decimal = ZERO
    manufacturer: Decimal = ZERO
    selected_subsidy: Decimal = ZERO
    reinsurance: Decimal = ZERO


@dataclass
class Year:
    """A member's year, adjudicated."""

    baseline: Line = field(default_factory=Line)
    model: Line = field(default_factory=Line)
    troop: Decimal = ZERO

    def total(self, payer: str) -> Decimal:
        """Baseline and model together."""
        return getattr(self.baseline, payer) + getattr(self.model, payer)


def adjudicate(
    claims: Iterable[Claim], deductible: int, threshold: int, terms: Terms | None = None
) -> Year:
    """Adjudicate one member's claims in the order given."""
    with localcontext(EXACT):
        return _adjudicate(claims, D(deductible), D(threshold), terms or Terms())


def _adjudicate(
    claims: Iterable[Claim], deductible: Decimal, threshold: Decimal, terms: Terms
) -> Year:
    year = Year()
    deductible_left = deductible
    for claim in claims:
        out_of_pocket_left = threshold - year.troop
        if claim.copay is None:
            # A standard claim is split where it meets the deductible and the threshold.
            in_deductible = min(claim.gross, deductible_left, out_of_pocket_left)
            rest = claim.gross - in_deductible
            initial = min(rest, (out_of_pocket_left - in_deductible) / COINSURANCE)
            catastrophic = rest - initial
            owed = in_deductible + COINSURANCE * initial
            counted = owed
            others = _others(claim, initial, catastrophic)
        elif out_of_pocket_left == 0:
            # A model fill is never split: it is settled in the phase in which it begins.
            in_deductible = owed = counted = ZERO
            others = _others(claim, ZERO, claim.gross)
        else:
            in_deductible = ZERO
            if not terms.deductible_exempt:
                in_deductible = min(claim.gross, deductible_left, out_of_pocket_left)
            flat = min(claim.copay, claim.gross - in_deductible, out_of_pocket_left - in_deductible)
            owed = in_deductible + flat
            counted = owed if terms.copay_counts else in_deductible
            if terms.subsidies_before_deductible:
                subsidised = claim.gross
            elif terms.deductible_exempt:
                subsidised = claim.gross if deductible_left == 0 else ZERO
            else:
                subsidised = claim.gross - in_deductible
            others = _others(claim, subsidised, ZERO)

        year.troop += counted
        deductible_left -= in_deductible
        low_income = claim.low_income_copay
        paid = owed if low_income is None else min(low_income, owed)
        line = year.baseline if claim.copay is None else year.model
        line.gross += claim.gross
        line.member += paid
        line.lics += owed - paid
        line.plan += claim.gross - owed - sum(others.values())
        for payer, amount in others.items():
            setattr(line, payer, getattr(line, payer) + amount)
    return year


def _others(claim: Claim, below: Decimal, above: Decimal) -> dict[str, Decimal]:
    """What manufacturer and Medicare owe on spending below and above the threshold."""
    shares_below = dict(BELOW_THRESHOLD[claim.drug_class])
    shares_above = dict(ABOVE_THRESHOLD[claim.drug_class])
    if claim.discount and "manufacturer" in shares_below:
        shares_below["manufacturer"], shares_above["manufacturer"] = claim.discount
    owed: dict[str, Decimal] = {}
    for payer, share in shares_below.items():
        owed[payer] = share * below
    for payer, share in shares_above.items():
        owed[payer] = owed.get(payer, ZERO) + share * above
    return owed
