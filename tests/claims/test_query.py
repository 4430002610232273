"""The adjudicating query: terms other than the default, and what its exactness rests on."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from calculator import load_assumptions
from calculator.claims import engine, query, reading, rules
from calculator.errors import InputError
from tests.unit.claim_adjudicator import Claim, Terms, adjudicate

YEAR = 2027


def totals(folder, lines, register):
    """AMOUNTS of each member in cents, by the query."""
    path = folder / "claims.csv"
    header = "member_id,service_date,drug_class,gross_cost,sequence,copay,lis,brand"
    path.write_text("\n".join([header, *lines]) + "\n")
    law = rules.rules(register, YEAR)
    with engine.duckdb(threads=1) as duck:
        claims = reading.read(duck, path, year=YEAR)
        assert claims.rejects.total == 0
        by_phase = query.settled(query.adjudicated(claims, law), law)
        return query.members(by_phase).to_pandas().set_index("member_id")


@pytest.mark.parametrize("exempt", [True, False])
@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("early", [True, False])
def test_every_setting_of_the_terms_agrees_with_the_second_opinion(tmp_path, exempt, counts, early):
    register = (
        load_assumptions()
        .with_value("terms.deductible_exempt", exempt)
        .with_value("terms.copay_counts_to_troop", counts)
        .with_value("terms.subsidies_before_deductible", early)
    )
    random = Random(f"{exempt} {counts} {early}")
    lines, wanted = [], {}
    for member in range(150):
        claims = []
        for number in range(random.randint(1, 14)):
            gross = Decimal(random.randint(0, random.choice((9_000, 90_000, 400_000)))) / 100
            kind = random.choice(("applicable", "selected", "non_applicable"))
            copay = random.choice((None, None, Decimal(50), Decimal(400)))
            claims.append(Claim(gross, kind, copay))
            cell = "" if copay is None else copay
            lines.append(f"M{member:03},{YEAR}-05-05,{kind},{gross},{number},{cell},none,")
        wanted[f"M{member:03}"] = adjudicate(claims, 700, 2400, Terms(exempt, counts, early))
    got = totals(tmp_path, lines, register)
    for member, year in wanted.items():
        for name in ("gross", "member", "plan", "manufacturer", "reinsurance"):
            assert abs(got.loc[member, name] - year.total(name) * 100) <= Decimal("0.5"), name
        assert abs(got.loc[member, "troop"] - year.troop * 100) <= Decimal("0.5")


def test_low_income_members_pay_the_full_copay_if_the_terms_say_so(tmp_path):
    line = f"A,{YEAR}-05-05,selected,274,1,50,full_low,true"
    register = load_assumptions()
    statutory = totals(tmp_path, [line], register).loc["A"]
    assert statutory.member + statutory.lics == 5_000
    assert statutory.lics > 0
    full = totals(tmp_path, [line], register.with_value("terms.lis_rule", "full_copay")).loc["A"]
    assert (full.member, full.lics) == (5_000, 0)


def test_a_copay_that_cms_has_not_published_is_an_input(tmp_path):
    path = "assumptions.benefit.lis_copay_brand_low.2027_01_01"
    register = load_assumptions().with_value(path, 5.15)
    line = f"A,{YEAR}-05-05,applicable,274,1,,full_low,true"
    assert totals(tmp_path, [line], register).loc["A"].member == 515
    assert "lis_copay_brand_low" not in rules.rules(register, YEAR).not_final


@pytest.mark.parametrize("share", [0.3, 0.333, 0.0])
def test_a_coinsurance_that_would_need_rounding_is_refused(share):
    register = load_assumptions().with_value("assumptions.benefit.initial_coinsurance", share)
    with pytest.raises(InputError, match="initial_coinsurance"):
        rules.rules(register, YEAR)


@pytest.mark.parametrize("year", [2024, 2032])
def test_a_year_without_rules_is_refused(year):
    with pytest.raises(InputError, match=f"a year from 2025 to 2031; given was {year}"):
        rules.rules(load_assumptions(), year)


@pytest.mark.parametrize(
    ("year", "discounts"),
    [(2025, (1, 1)), (2027, (5, 5)), (2029, (10, 10)), (2030, (10, 15)), (2031, (10, 20))],
)
def test_the_phase_in_is_the_published_table(year, discounts):
    law = rules.rules(load_assumptions(), year)
    assert (law.phase_in_initial, law.phase_in_catastrophic) == discounts


def test_half_a_cent_is_rounded_away_from_zero():
    import ibis

    amounts = [499_999, 500_000, -499_999, -500_000, 0, 123_456_789_012_500_000]
    table = ibis.memtable({"amount": amounts})
    cents = query.in_cents(table.amount).name("cents").to_pandas().tolist()
    assert cents == [0, 1, 0, -1, 0, 123_456_789_013]
