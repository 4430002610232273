"""One member walked through a year, against the same claims adjudicated one by one."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calculator import load_scenario
from calculator.decision import evaluate
from calculator.model import benefit
from calculator.model.arrays import MONTHS, array
from calculator.model.benefit import CLASSES
from calculator.model.member import LINES, PAYERS, Member, walk
from tests.unit.claim_adjudicator import Claim, Terms, adjudicate

CENT = 0.005
YEAR = 0  # of the plan years: 2027, whose deductible and threshold are published
START = {"horizon.start": "2027-01-01"}


def inputs_of(**terms):
    named = {f"terms.{name}": value for name, value in terms.items()}
    return evaluate(load_scenario("pdp_regional").with_settings({**START, **named})).inputs


INPUTS = inputs_of()
AT_POINT_OF_SALE = inputs_of(mechanism="point_of_sale")
TERMS = {
    Terms(): INPUTS,
    Terms(copay_counts=False): inputs_of(copay_counts_to_troop=False),
    Terms(deductible_exempt=False): inputs_of(deductible_exempt=False),
    Terms(subsidies_before_deductible=True): inputs_of(subsidies_before_deductible=True),
}
PRODUCTS = INPUTS.products.share.shape[1]


def member(spend, kind="applicable", first=0, months=12, low_income=False) -> Member:
    years = len(INPUTS.years)
    one = np.array([float(name == kind) for name in CLASSES])
    return Member(np.full(years, float(spend)), np.tile(one, (years, 1)), first, months, low_income)


def total(found, payer: str, line: str | None = None) -> float:
    lines = LINES if line is None else (line,)
    return float(sum(found.paid[name][payer][:, :, YEAR].sum() for name in lines))


@st.composite
def walks(draw):
    first = draw(st.integers(0, 11))
    return {
        # 48 claims a year of whole cents.
        "spend": draw(st.integers(0, 60_000 * 25 // 12) | st.integers(0, 8_000 * 25 // 12)) * 0.48,
        "kind": draw(st.sampled_from(CLASSES)),
        "first": first,
        "months": draw(st.integers(0, 12 - first)),
    }


def claims_by_month(inputs, given, product, copay=None):
    """Each month's claims in service order: half of the standard ones, the fill, the other half."""
    size = Decimal(round(given["spend"] * 100)) / 48 / 100
    standard = [Claim(size, given["kind"])] * 2
    gross = Decimal(f"{inputs.products.gross[0, YEAR, product]:.4f}")
    drug_class = CLASSES[int(inputs.products.classes[YEAR, product].argmax())]
    flat = Decimal(int(inputs.levers.copay.flat[0]))
    fill = Claim(gross, drug_class, flat, low_income_copay=copay)
    until = given["first"] + given["months"]
    return [
        [*standard, *([fill] if given["first"] <= month < until else []), *standard]
        for month in range(MONTHS)
    ]


def published(inputs) -> tuple[int, int]:
    return int(inputs.rules.deductible[0, YEAR]), int(inputs.rules.threshold[0, YEAR])


@pytest.mark.parametrize("terms", TERMS, ids=str)
@settings(max_examples=60, deadline=None)
@given(given=walks(), product=st.integers(0, PRODUCTS - 1))
def test_a_walk_agrees_with_claims_in_every_month(terms, given, product):
    inputs = TERMS[terms]
    found = walk(inputs, member(**given), product)
    months = claims_by_month(inputs, given, product)
    price, copay = (
        float(inputs.products.gross[0, YEAR, product]),
        float(inputs.levers.copay.flat[0]),
    )
    # What members owe is exact under the announced terms; elsewhere the flow charges a fraction of
    # the fill that meets a limit (see test_flow_against_claims).
    within = {Terms(copay_counts=False): copay}.get(terms, CENT)
    if not terms.deductible_exempt:
        within = copay + 0.25 * price / 2
    owed = sum(found.paid[line]["member"][:, :, YEAR].sum(axis=1) for line in LINES).cumsum()
    so_far = []
    for month in range(MONTHS):
        so_far += months[month]
        year = adjudicate(so_far, *published(inputs), terms)
        assert owed[month] == pytest.approx(float(year.total("member")), abs=within)
        assert found.out_of_pocket[month, YEAR] == pytest.approx(float(year.troop), abs=within)
    # A fill is settled whole in the phase in which it begins, and the flow splits it: 40% of its
    # price and its copay lie between two phases, and all of it where the deductible applies.
    one_fill = 0.4 * price + copay if terms.deductible_exempt else price
    for payer in PAYERS:
        claims = float(year.total(payer))
        assert total(found, payer) == pytest.approx(claims, rel=0.02, abs=one_fill)


@settings(max_examples=60, deadline=None)
@given(given=walks(), low_income=st.booleans(), product=st.integers(0, PRODUCTS - 1))
def test_payers_sum_to_gross_in_every_month_and_phase(given, low_income, product):
    found = walk(INPUTS, member(**given, low_income=low_income), product)
    standard = found.gross("baseline_drugs").sum(axis=1)
    assert np.allclose(standard, given["spend"] / MONTHS, atol=1e-6)
    fills = found.fills * INPUTS.products.gross[0, :, product]
    assert np.allclose(found.gross("model_drugs"), fills, atol=1e-6)
    assert found.fills.sum(axis=(0, 1)) == pytest.approx(given["months"])
    for line in LINES:
        assert all(np.all(usd >= -1e-9) for usd in found.paid[line].values())


@settings(max_examples=60, deadline=None)
@given(given=walks(), product=st.integers(0, PRODUCTS - 1))
def test_a_walk_is_the_engines_own_year(given, product):
    found = walk(INPUTS, member(**given), product)
    price = INPUTS.products.gross[:, :, product]
    fills = benefit.Fills(INPUTS.levers.copay, price, array(1.0), True, True)
    phases = benefit.year_phases(
        array(given["spend"]), array(given["first"]), array(given["months"]), INPUTS.rules, fills
    )
    for phase in range(3):
        inside = found.gross("baseline_drugs")[:, phase].sum(axis=0)
        assert np.allclose(inside, phases.standard[0, :, phase], atol=1e-6)
        assert np.allclose(found.fills[:, phase].sum(axis=0), phases.fills[0, :, phase], atol=1e-9)


def test_no_months_on_therapy_are_the_other_drugs_alone():
    found = walk(INPUTS, member(12_000, months=0), 0)
    assert total(found, "plan", "model_drugs") == 0.0
    assert found.fills.sum() == found.rebates.sum() == 0.0
    year = adjudicate([Claim(Decimal(250), "applicable")] * 48, *published(INPUTS))
    for payer in PAYERS:
        assert total(found, payer) == pytest.approx(float(year.total(payer)), abs=CENT)


def test_nobody_who_spends_nothing_pays_anything():
    found = walk(INPUTS, member(0, months=0), 0)
    assert all(total(found, payer) == 0.0 for payer in PAYERS)
    assert found.threshold_met[YEAR] == found.deductible_met[YEAR] == MONTHS


@settings(max_examples=60, deadline=None)
@given(given=walks(), more=st.floats(0, 20_000), low_income=st.booleans())
def test_more_spending_never_lowers_what_the_member_owes(given, more, low_income):
    less = walk(INPUTS, member(**given, low_income=low_income), 0)
    rich = {**given, "spend": given["spend"] + more}
    found = walk(INPUTS, member(**rich, low_income=low_income), 0)
    owed = [total(one, "member") + total(one, "lics") for one in (less, found)]
    limit = float(INPUTS.rules.threshold[0, YEAR])
    assert owed[0] <= owed[1] + CENT
    assert owed[1] <= limit + CENT
    assert found.threshold_met[YEAR] <= less.threshold_met[YEAR] + 1e-9


@settings(max_examples=40, deadline=None)
@given(given=walks(), product=st.integers(0, PRODUCTS - 1))
def test_a_low_income_member_pays_the_statutory_copay_of_each_fill(given, product):
    found = walk(INPUTS, member(**given, low_income=True), product)
    plain = walk(INPUTS, member(**given), product)
    for payer in ("plan", "manufacturer", "selected_subsidy", "reinsurance"):
        assert total(found, payer) == pytest.approx(total(plain, payer))
    brand = Decimal(f"{INPUTS.lis_brand_copay[0, YEAR]:.6f}")
    claims = [one for month in claims_by_month(INPUTS, given, product, brand) for one in month]
    year = adjudicate(claims, *published(INPUTS))
    # The fill at the threshold is split by the flow and whole in claims.
    within = float(brand) + CENT
    assert total(found, "member", "model_drugs") == pytest.approx(
        float(year.model.member), abs=within
    )


def test_a_point_of_sale_price_is_what_a_fill_costs_and_leaves_no_rebate():
    found = walk(AT_POINT_OF_SALE, member(1_000), 1)
    net = float(AT_POINT_OF_SALE.levers.guaranteed_net_price.flat[0])
    assert found.gross("model_drugs")[:, :, YEAR].sum() == pytest.approx(12 * net)
    assert found.rebates.sum() == pytest.approx(0.0, abs=1e-9)


def test_rebates_bring_a_fill_to_the_guaranteed_net():
    for product in range(PRODUCTS):
        found = walk(INPUTS, member(100), product)
        discount = total(found, "manufacturer", "model_drugs")
        gross = float(found.gross("model_drugs")[:, :, YEAR].sum())
        net = float(INPUTS.levers.guaranteed_net_price.flat[0])
        paid = found.rebates[:, :, YEAR].sum() + discount
        assert paid == pytest.approx(gross - 12 * net, rel=1e-9)


def test_fewer_fills_a_month_cost_in_proportion():
    half = replace(INPUTS, population=replace(INPUTS.population, fills_per_month=array([0.5])))
    found, whole = (walk(one, member(500, months=6), 0) for one in (half, INPUTS))
    assert found.fills.sum() == pytest.approx(whole.fills.sum() / 2)
