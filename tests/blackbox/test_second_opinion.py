"""The Part D benefit a second time: random members of every year, claim by claim, to the cent.

The second implementation is tests/unit/claim_adjudicator.py: exact decimal arithmetic over one
member's claims, written from the statute, without a line of the calculator. Here it meets the
engine's flow of a year where both must give the same cent: standard claims of any size, and model
fills whose copays reach the threshold with a whole fill. Where a fill straddles the threshold they
differ by part of one fill: tests/unit/test_flow_against_claims.py. `balance adjudicate` meets the
same second implementation with thousands of random members in
tests/claims/test_against_adjudicator.py; what that adds are low-income copays, phased-in discounts,
insulin, vaccines, Bridge fills and ties.
"""

from __future__ import annotations

import ast
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from calculator import load_assumptions
from calculator.model import benefit
from calculator.model.arrays import array
from calculator.model.benefit import CLASSES, Fills
from tests.published.results import shipped_rules
from tests.unit.claim_adjudicator import (
    ABOVE_THRESHOLD,
    BELOW_THRESHOLD,
    COINSURANCE,
    Claim,
    Terms,
    adjudicate,
)

CENT = 0.005
YEARS = tuple(range(2025, 2032))
PAYERS = ("member", "plan", "manufacturer", "selected_subsidy", "reinsurance")
MEMBERS = 150


def exact(claims, year, terms=None):
    """What each payer owes, member and low-income subsidy together."""
    rules = shipped_rules(year)
    found = adjudicate(claims, int(rules.deductible), int(rules.threshold), terms)
    owed = {payer: float(found.total(payer)) for payer in PAYERS}
    return owed | {"member": owed["member"] + float(found.total("lics"))}


@pytest.mark.parametrize("year", YEARS)
def test_random_members_of_any_year_owe_the_same_cent(year):
    """12 to 36 claims of one class, from nothing to 150,000 dollars; some with extra help."""
    random = Random(year)
    rules = shipped_rules(year)
    spending, classes, wanted = [], [], []
    for _ in range(MEMBERS):
        many = random.choice((12, 24, 36))
        cents = int(10 ** random.uniform(1.5, 5.6)) if random.random() > 0.05 else 0
        drug_class = random.choice(CLASSES)
        size = Decimal(cents) / 100
        copay = random.choice((None, None, Decimal("4.90"), Decimal(0)))
        claims = [Claim(size, drug_class, low_income_copay=copay)] * many
        spending.append(float(size * many))
        classes.append([drug_class == name for name in CLASSES])
        wanted.append(exact(claims, year))
    phases = benefit.year_phases(array(spending), array(0), array(0), rules, None)
    by_class = phases.standard[:, :, None] * array(classes)[:, None]
    owed = benefit.standard_liability(by_class, rules)
    for payer in PAYERS:
        expected = [one[payer] for one in wanted]
        assert getattr(owed, payer) == pytest.approx(expected, abs=CENT), payer
    beyond = phases.standard[:, 2] > 0
    assert 20 < beyond.sum() < MEMBERS - 20, "members on both sides of the threshold"


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("before", [False, True], ids=["after deductible", "from the first fill"])
def test_fills_alone_owe_the_same_cent(year, before):
    """A fill a month, whose copays are met with a whole fill or not at all."""
    rules = shipped_rules(year)
    threshold = int(rules.threshold)
    random = Random(year + before)
    terms = Terms(subsidies_before_deductible=before)
    whole = [copay for copay in range(10, threshold) if threshold % copay == 0]
    for drug_class in CLASSES:
        for _ in range(12):
            copay, price = random.choice(whole), random.randint(20, 1500)
            if copay > price:
                continue
            months = random.randint(1, 12)
            claims = [Claim(Decimal(price), drug_class, Decimal(copay))] * months
            fills = Fills(array(copay), array(price), array(1.0), True, True)
            phases = benefit.year_phases(array(0.0), array(0), array(months), rules, fills)
            mix = array([drug_class == name for name in CLASSES])
            owed = benefit.fill_liability(phases.fills, array(price), mix, rules, fills, before)
            for payer, amount in exact(claims, year, terms).items():
                found = float(getattr(owed, payer))
                assert found == pytest.approx(amount, abs=CENT), (payer, copay, price, months)


def test_the_two_hold_the_same_law_and_were_written_apart():
    """The shares of the statute stand in both; neither reads the other."""
    register = load_assumptions()

    def shipped(name):
        return float(register.yearly(f"assumptions.benefit.{name}", [2027])[0, 0])

    assert shipped("initial_coinsurance") == float(COINSURANCE)
    below = BELOW_THRESHOLD["applicable"]["manufacturer"], BELOW_THRESHOLD["selected"]
    assert shipped("initial_discount_applicable") == float(below[0])
    assert shipped("initial_subsidy_selected") == float(below[1]["selected_subsidy"])
    for drug_class, shares in ABOVE_THRESHOLD.items():
        assert shipped(f"catastrophic_reinsurance_{drug_class}") == float(shares["reinsurance"])
    discount = ABOVE_THRESHOLD["applicable"]["manufacturer"]
    assert shipped("catastrophic_discount_applicable") == float(discount)
    root = Path(__file__).resolve().parents[2]
    for name in ("tests/unit/claim_adjudicator.py", "tests/claims/claims_adjudicator.py"):
        tree = ast.parse((root / name).read_text(encoding="utf-8"))
        imported = {
            (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert not any(module.split(".")[0] in ("calculator", "numpy") for module in imported)
