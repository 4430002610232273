"""The flow-level benefit against a member's claims, one by one (model section 5).

One spell a year, one model fill in the middle of each month on therapy, the same number of
standard claims before and after it. A standard claim is split where it meets the deductible and
the threshold, so nothing but what comes before each fill matters, and the middle of a month has
half of the month's standard claims before it however many there are. That the number of claims
does not matter is itself a test below.

Tolerances are those of model section 5: what members owe is exact; a plan is within 2%, or within
what one model fill's liability differs between two phases if that is more; 0.1% in total.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calculator import load_scenario
from calculator.decision import evaluate
from calculator.model import benefit, cohort
from calculator.model.arrays import array
from calculator.model.benefit import CLASSES, Fills, Rules
from tests.unit.claim_adjudicator import Claim, Terms, Year, adjudicate

CENT = 0.005
WITHIN = 0.02
WITHIN_IN_TOTAL = 0.001
# Model section 5 fixes no tolerance for the other payers. A fill that begins just below the
# threshold is settled below it as a whole, which the flow splits: under 0.7% of any payer's total.
OTHERS_WITHIN_IN_TOTAL = 0.01
# Deductible and out-of-pocket threshold, USD: final for both years.
PUBLISHED = {2026: (615, 2100), 2027: (700, 2400)}
DEFAULT_TERMS = Terms()
MIXED = "a third of each class"
PAYERS = ("member", "plan", "manufacturer", "selected_subsidy", "reinsurance")


@dataclass(frozen=True)
class Member:
    """A member's year: standard claims all year, model fills from month `first` on."""

    spending: Decimal  # standard claims, USD a year
    spending_class: str
    fill_price: int
    fill_class: str
    first: int
    months: int
    year: int = 2027
    copay: int = 50
    claims_per_month: int = 2
    terms: Terms = DEFAULT_TERMS
    low_income_copay: Decimal | None = None

    def claims(self) -> list[Claim]:
        """In service order; the fill in the middle of its month."""
        classes = CLASSES if self.spending_class == MIXED else (self.spending_class,)
        size = self.spending / (12 * self.claims_per_month * len(classes))
        standard = [
            Claim(size, drug_class, low_income_copay=self.low_income_copay)
            for drug_class in classes
        ]
        fill = Claim(
            Decimal(self.fill_price),
            self.fill_class,
            Decimal(self.copay),
            low_income_copay=self.low_income_copay,
        )
        half_month = standard * (self.claims_per_month // 2)
        return [
            claim
            for month in range(12)
            for claim in (
                *half_month,
                *([fill] if self.first <= month < self.first + self.months else []),
                *half_month,
            )
        ]

    def by_claim(self) -> Year:
        return adjudicate(self.claims(), *PUBLISHED[self.year], self.terms)


@dataclass(frozen=True)
class Flow:
    """The engine's answer for many members, USD a year each."""

    standard: benefit.Liability
    fills: benefit.Liability

    def total(self, payer: str) -> np.ndarray:
        return getattr(self.standard, payer) + getattr(self.fills, payer)


def by_flow(members: list[Member]) -> Flow:
    """All members at once; they share the terms."""
    terms = members[0].terms
    assert all(member.terms == terms for member in members)

    def column(read) -> np.ndarray:
        return array([float(read(member)) for member in members])

    published = (PUBLISHED[member.year] for member in members)
    deductible, threshold = np.array(list(published), dtype=float).T
    shares = (array(share) for share in (0.25, 0.10, 0.10, 0.20, 0.20, 0.40, 0.40))
    rules = Rules(deductible, threshold, *shares)
    price = column(lambda member: member.fill_price)
    fills = Fills(
        copay=column(lambda member: member.copay),
        gross=price,
        per_month=array(1.0),
        deductible_exempt=terms.deductible_exempt,
        counts_to_troop=terms.copay_counts,
    )
    phases = benefit.year_phases(
        column(lambda member: member.spending),
        column(lambda member: member.first),
        column(lambda member: member.months),
        rules,
        fills,
    )
    spending_class = np.array([_shares(member.spending_class) for member in members])
    fill_class = np.array([_shares(member.fill_class) for member in members])
    return Flow(
        benefit.standard_liability(phases.standard[:, :, None] * spending_class[:, None], rules),
        benefit.fill_liability(
            phases.fills, price, fill_class, rules, fills, terms.subsidies_before_deductible
        ),
    )


def _shares(drug_class: str) -> list[float]:
    if drug_class == MIXED:
        return [1 / 3] * 3
    return [float(drug_class == name) for name in CLASSES]


def fill_difference(member: Member) -> float:
    """The most that the plan's liability for one model fill differs between two phases.

    A fill that begins just below the threshold belongs to that phase as a whole, and of it the
    member owes what is left to the threshold: anything from the copay down to nothing.
    """
    price, copay = member.fill_price, min(member.copay, member.fill_price)
    subsidised = 0.0 if member.fill_class == "non_applicable" else 0.10
    early = subsidised if member.terms.subsidies_before_deductible else 0.0
    plans = [0.60 * price]
    for discount in (early, subsidised):
        plans += [price * (1 - discount), price * (1 - discount) - copay]
    if not member.terms.deductible_exempt:
        plans.append(0.0)
    return max(plans) - min(plans)


def check(members: list[Member], member_within=CENT, plan_within=0.0) -> None:
    """The tolerances above, member by member and (where there are many) in total. USD.

    plan_within: what a plan may be off beyond the difference of one fill between phases.
    """
    flow = by_flow(members)
    exact = [member.by_claim() for member in members]
    claims = {payer: np.array([float(year.total(payer)) for year in exact]) for payer in PAYERS}
    claims["member"] += np.array([float(year.total("lics")) for year in exact])

    off = np.abs(flow.total("member") - claims["member"])
    worst = int(np.argmax(off))
    assert off[worst] <= member_within, (members[worst], off[worst])

    one_fill = np.array([fill_difference(member) for member in members])
    allowed = np.maximum(WITHIN * claims["plan"], one_fill + plan_within)
    off = np.abs(flow.total("plan") - claims["plan"])
    worst = int(np.argmax(off - allowed))
    assert off[worst] <= allowed[worst] + CENT, (members[worst], off[worst], allowed[worst])

    if len(members) > 1:
        for payer in PAYERS:
            total = claims[payer].sum()
            off = abs(flow.total(payer).sum() - total)
            within = WITHIN_IN_TOTAL if payer in ("member", "plan") else OTHERS_WITHIN_IN_TOTAL
            assert off <= within * total, (payer, off / total)


# The second opinion must itself be right: published and statutory member-years, one claim each.


@pytest.mark.parametrize(
    ("year", "drug_class", "expected"),
    [
        (2026, "applicable", {"member": 2_100, "plan": 11_928, "manufacturer": 3_283}),
        (2027, "selected", {"member": 2_400, "plan": 11_920, "selected_subsidy": 680}),
        (2027, "non_applicable", {"member": 2_400, "plan": 12_600, "reinsurance": 5_000}),
    ],
)
def test_the_adjudicator_meets_the_statute_on_a_claim_of_20000(year, drug_class, expected):
    paid = adjudicate([Claim(Decimal(20_000), drug_class)], *PUBLISHED[year])
    assert {payer: paid.total(payer) for payer in expected} == expected
    assert sum(paid.total(payer) for payer in PAYERS) == 20_000


def test_the_adjudicator_charges_a_fill_what_is_left_to_the_threshold_and_then_nothing():
    fill = Claim(Decimal(274), "selected", Decimal(50))
    almost = Claim(Decimal(7_420), "applicable")  # 2,380 of 2,400 out of pocket
    first, second = (
        adjudicate([almost, *[fill] * count], *PUBLISHED[2027]).model for count in (1, 2)
    )
    assert (first.member, first.selected_subsidy, first.plan) == (
        20,
        Decimal("27.4"),
        Decimal("226.6"),
    )
    assert (second.member, second.reinsurance) == (20, Decimal("109.6"))
    assert second.plan - first.plan == Decimal("164.4")


# 0 to 60,000 USD a year, dense where the deductible and the threshold are met.
SPENDING = [
    Decimal(usd)
    for usd in (*range(0, 3_000, 150), *range(3_000, 12_000, 450), *range(12_000, 60_001, 6_000))
]
WINDOWS = list(zip(cohort.WINDOW_FIRST.tolist(), cohort.WINDOW_LENGTH.tolist(), strict=True))
PRICES = (100, 274, 700, 1_400)


@pytest.mark.parametrize("year", PUBLISHED)
@pytest.mark.parametrize("fill_class", CLASSES)
def test_every_window_spending_and_price_agrees_with_claims(year, fill_class):
    members = [
        Member(spending, spending_class, price, fill_class, first, months, year)
        for index, spending in enumerate(SPENDING)
        for position, price in enumerate(PRICES)
        for spending_class in [CLASSES[(index + position) % 3]]
        for first, months in WINDOWS
    ]
    check(members)


def usd(low: int, high: int):
    """Amounts that 24 or 48 claims a year divide into whole cents."""
    return st.integers(low * 25 // 12, high * 25 // 12).map(lambda n: Decimal(n * 48) / 100)


@st.composite
def member_years(draw, terms=DEFAULT_TERMS, copays=(50, 50), prices=(100, 1_400)):
    """Copays and prices from .. to, USD."""
    first = draw(st.integers(0, 11))
    return Member(
        spending=draw(usd(0, 60_000) | usd(0, 8_000)),
        spending_class=draw(st.sampled_from(CLASSES)),
        fill_price=draw(st.integers(*prices)),
        fill_class=draw(st.sampled_from(CLASSES)),
        first=first,
        months=draw(st.integers(1, 12 - first)),
        year=draw(st.sampled_from(list(PUBLISHED))),
        copay=draw(st.integers(*copays)),
        terms=terms,
        low_income_copay=draw(st.none() | st.sampled_from([Decimal("4.90"), Decimal("12.65")])),
    )


@settings(max_examples=600)
@given(member_years())
def test_any_member_year_agrees_with_its_claims(member):
    check([member])


def moved_by_a_copay(member: Member) -> float:
    """Half a copay at once, instead of evenly, moves standard claims across the threshold.

    Two copays' worth of them at 25% coinsurance, on which the plan bears 15% more below it.
    """
    return 0.15 * 2 * member.copay


@settings(max_examples=300)
@given(member_years(copays=(0, 500), prices=(500, 1_400)))
def test_any_copay_agrees_with_claims_even_if_copays_alone_reach_the_threshold(member):
    check([member], plan_within=moved_by_a_copay(member))


@settings(max_examples=300)
@given(member_years(copays=(100, 500), prices=(100, 300)))
def test_a_copay_above_the_price_costs_the_member_the_price(member):
    check([member], plan_within=moved_by_a_copay(member))


@settings(max_examples=300)
@given(member_years(Terms(subsidies_before_deductible=True)))
def test_discount_and_subsidy_before_the_deductible_agree_with_claims(member):
    check([member])


# Where a copay starts at the deductible, or stops at the threshold without counting towards it,
# the flow charges a fraction of the fill that meets it: members owe the same to one copay.


@settings(max_examples=300)
@given(member_years(Terms(copay_counts=False)))
def test_a_copay_that_does_not_count_agrees_with_claims_to_one_copay(member):
    check([member], member_within=member.copay)


@settings(max_examples=300)
@given(member_years(Terms(deductible_exempt=False)))
def test_fills_subject_to_the_deductible_agree_with_claims_to_one_copay(member):
    # By the middle of its month half a fill more has met the deductible than the flow thinks;
    # as much standard spending is owed at 25% instead of in full, or the reverse.
    check([member], member_within=member.copay + 0.25 * member.fill_price / 2)


@settings(max_examples=100)
@given(member_years(), st.sampled_from([4, 8]))
def test_how_many_claims_the_spending_comes_in_does_not_matter(member, claims_per_month):
    few = replace(member, spending=member.spending * 2, low_income_copay=None)
    assert few.by_claim() == replace(few, claims_per_month=claims_per_month).by_claim()


@settings(max_examples=200)
@given(member_years())
def test_spending_on_all_three_classes_in_turn_agrees_with_claims(member):
    check([replace(member, spending=member.spending * 6, spending_class=MIXED, claims_per_month=4)])


# The engine as a whole: the same people, strata and windows, adjudicated one by one.


@pytest.fixture(scope="module")
def engine_and_claims():
    """First-year rows of the ledger, and the same from claims. USD."""
    scenario = load_scenario("pdp_regional").with_settings({"plan.lis_share": 0.4})
    # In full: with few strata, what one claim straddles does not average out.
    run = evaluate(scenario)
    inputs = run.inputs
    people = inputs.population
    spells = cohort.windows(
        cohort.project(
            people.eligible,
            people.initiation,
            people.curve,
            people.churn,
            people.restart,
            people.opening_stock,
            people.opening_stopped,
        )
    )[0, 0]
    deductible, threshold = (
        int(amounts[0, 0]) for amounts in (inputs.rules.deductible, inputs.rules.threshold)
    )
    copay = Decimal(int(inputs.levers.copay.flat[0]))
    brand_copay = Decimal(f"{inputs.lis_brand_copay[0, 0]:.4f}")
    model: dict[str, float] = dict.fromkeys((*PAYERS, "lics"), 0.0)
    moved = model.copy()

    for group in range(2):
        for stratum, weight in enumerate(inputs.user_weights[0, group]):
            size = Decimal(f"{inputs.spend[0, 0, group, stratum] / 24:.4f}")
            for product, drug_class in enumerate(CLASSES):
                mixed = inputs.class_mix[0, 0, group, stratum, product]
                share = inputs.products.share[0, product]
                fill = Claim(
                    Decimal(f"{inputs.products.gross[0, 0, product]:.2f}"),
                    CLASSES[int(inputs.products.classes[0, product].argmax())],
                    copay,
                    low_income_copay=brand_copay if group else None,
                )
                standard = Claim(size, drug_class)
                without = adjudicate([standard] * 24, deductible, threshold)
                for first, months, count in zip(
                    cohort.WINDOW_FIRST, cohort.WINDOW_LENGTH, spells, strict=True
                ):
                    claims = []
                    for month in range(12):
                        on = first <= month < first + months
                        claims += [standard, fill, standard] if on else [standard] * 2
                    year = adjudicate(claims, deductible, threshold)
                    for payer in model:
                        paid = float(getattr(year.model, payer))
                        model[payer] += count * weight * share * paid
                        spilled = getattr(year.baseline, payer) - getattr(without.baseline, payer)
                        moved[payer] += count * weight * mixed * float(spilled)
    return run, model, moved


def ledger_rows(run, branch: str, line: str, payers: tuple[str, ...]) -> float:
    """First year of these payers' rows together, USD."""
    rows = getattr(run.result, branch).ledger
    return sum(float(rows[line, payer].flat[0]) for payer in payers if (line, payer) in rows)


# Claims know no rebates: plan, reinsurance and DIR are compared together.
DRUG_ROWS = {
    "member": ("member", "lics"),
    "plan": ("plan", "reinsurance", "dir"),
    "manufacturer": ("manufacturer",),
    "selected_subsidy": ("selected_subsidy",),
}


def test_the_ledger_agrees_with_every_claim_of_every_user(engine_and_claims):
    run, model, moved = engine_and_claims
    # What members owe is exact; strata are adjudicated in whole cents a claim.
    within = {"member": 1e-6, "plan": WITHIN_IN_TOTAL}
    for payer, rows in DRUG_ROWS.items():
        joined, stayed = (
            ledger_rows(run, branch, "model_drugs", rows)
            + ledger_rows(run, branch, "baseline_drugs", rows)
            for branch in ("join", "stay_out")
        )
        claims = sum(model.get(row, 0.0) + moved.get(row, 0.0) for row in rows)
        assert joined - stayed == pytest.approx(
            claims, rel=within.get(payer, OTHERS_WITHIN_IN_TOTAL)
        ), payer


def test_model_drugs_and_what_they_move_on_other_claims_each_agree_with_claims(engine_and_claims):
    run, model, moved = engine_and_claims
    plan = sum(model.get(row, 0.0) for row in DRUG_ROWS["plan"])
    for payer, rows in DRUG_ROWS.items():
        claims = sum(model.get(row, 0.0) for row in rows)
        flow = ledger_rows(run, "join", "model_drugs", rows)
        assert flow == pytest.approx(claims, rel=OTHERS_WITHIN_IN_TOTAL), payer
        claims = sum(moved.get(row, 0.0) for row in rows)
        flow = ledger_rows(run, "join", "baseline_drugs", rows) - ledger_rows(
            run, "stay_out", "baseline_drugs", rows
        )
        assert flow == pytest.approx(claims, abs=WITHIN_IN_TOTAL * plan), payer


def test_low_income_subsidy_is_what_members_owe_less_the_statutory_copay_of_each_fill(
    engine_and_claims,
):
    run, model, _ = engine_and_claims
    paid = ledger_rows(run, "join", "model_drugs", ("lics",))
    assert paid == pytest.approx(model["lics"], rel=OTHERS_WITHIN_IN_TOTAL)
