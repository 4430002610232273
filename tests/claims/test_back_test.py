"""Adjudicated amounts against those on the claims: all agree, or the difference is found."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.claims.claims_adjudicator import COLUMNS, by_member, exact_year
from tests.claims.command import balance, benefit_of, write_table
from tests.claims.random_members import members

PAID = {"paid_member": "member", "paid_lics": "lics", "paid_plan": "plan"}


def lines_with_amounts(rows, benefit):
    """Each claim's cells and what the second opinion says that member, subsidy and plan paid."""
    for own in by_member(rows).values():
        own = sorted(own, key=lambda one: (one.service_date, one.sequence or 0))
        before = exact_year([], benefit)
        for count, row in enumerate(own, 1):
            after = exact_year(own[:count], benefit)
            paid = [after.total(payer) - before.total(payer) for payer in PAID.values()]
            yield row, [f"{amount.quantize(Decimal('0.01'))}" for amount in paid]
            before = after


def back_test(folder, capfd, lines):
    claims = write_table(
        folder / "claims.csv", (*COLUMNS, *PAID), ([*row.texts(), *paid] for row, paid in lines)
    )
    ran = balance("adjudicate", claims, "--year", 2026, "--strict", "--json", capfd=capfd)
    assert ran.code == 0, ran.said
    return json.loads(ran.out)["backtest"]


@pytest.fixture(scope="module")
def lines():
    benefit = benefit_of(2026)
    rows = [one for one in members(31, 150, benefit) if one.fill_kind != "bridge"]
    return list(lines_with_amounts(rows, benefit))


def test_amounts_that_are_right_agree_to_the_cent_in_every_phase(tmp_path, capfd, lines):
    tested = back_test(tmp_path, capfd, lines)
    assert set(tested) >= set(PAID)
    for column in PAID:
        assert tested[column]["claims"] == len(lines)
        assert tested[column]["within_a_cent"] == 1
        parts = tested[column]["phases"].values()
        assert sum(part["claims"] for part in parts) == len(lines)
        assert all(part["claims"] > 20 and part["within_a_cent"] == 1 for part in parts)


@pytest.mark.parametrize("phase", ["deductible", "initial", "catastrophic"])
@pytest.mark.parametrize("column", PAID)
def test_one_changed_amount_is_found_in_its_phase(tmp_path, capfd, column, phase):
    benefit = benefit_of(2026)
    row = replace(members(1, 1, benefit)[0], lis="none", fill_kind="standard", copay=None)
    row = replace(row, manufacturer="standard", days_supply=None, drug_class="applicable")
    claims = [
        replace(row, gross_cost=Decimal(gross), sequence=number, service_date=row.service_date)
        # One claim begins in each phase: at 0, 700 and 7,000 of 6,555.
        for number, gross in enumerate(("700", "6300", "1000"))
    ]
    lines = list(lines_with_amounts(claims, benefit))
    place = ["deductible", "initial", "catastrophic"].index(phase)
    which = list(PAID).index(column)
    lines[place][1][which] = str(Decimal(lines[place][1][which]) + Decimal("1.25"))
    tested = back_test(tmp_path, capfd, lines)
    for name in PAID:
        wrong = name == column
        assert tested[name]["within_a_cent"] == pytest.approx(2 / 3 if wrong else 1)
        for part, found in tested[name]["phases"].items():
            off = wrong and part == phase
            assert found["claims"] == 1
            assert found["within_a_cent"] == (0 if off else 1)
            assert found["difference"] == pytest.approx(-1.25 if off else 0)


def test_a_difference_of_a_cent_is_within_and_of_two_cents_is_not(tmp_path, capfd):
    benefit = benefit_of(2026)
    row = replace(members(1, 1, benefit)[0], lis="none", fill_kind="standard", copay=None)
    for change, within in (("0.01", 1), ("-0.01", 1), ("0.02", 0)):
        ((one, paid),) = lines_with_amounts([replace(row, gross_cost=Decimal(100))], benefit)
        paid[0] = str(Decimal(paid[0]) + Decimal(change))
        assert back_test(tmp_path, capfd, [(one, paid)])["paid_member"]["within_a_cent"] == within
