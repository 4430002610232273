"""`balance adjudicate` against a claim-by-claim second opinion, to the cent, member by member."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.claims.claims_adjudicator import (
    AMOUNTS,
    COLUMNS,
    Row,
    amounts,
    by_member,
    exact_year,
    possible_amounts,
    service_orders,
)
from tests.claims.command import (
    Ran,
    adjudicated,
    balance,
    benefit_of,
    read_members,
    write_claims,
    write_table,
)
from tests.claims.random_members import CLASSES, LEVELS, members, reached
from tests.unit.claim_adjudicator import Claim as BareClaim
from tests.unit.claim_adjudicator import adjudicate

YEARS = (2025, 2026, 2027, 2028, 2030, 2031)
NEW_YEAR = {year: date(year, 1, 1) for year in YEARS}


def row(gross: object, drug_class: str = "applicable", year: int = 2026, **other: object) -> Row:
    """A claim of member A on the first of January."""
    settled = Row("A", date(year, 1, 1), drug_class, Decimal(str(gross)))
    return replace(settled, **other)  # type: ignore[arg-type]


def in_turn(rows: Iterable[Row]) -> list[Row]:
    """One claim a day, in the order given."""
    return [
        replace(one, service_date=one.service_date + timedelta(day)) for day, one in enumerate(rows)
    ]


def paid(folder: Path, rows: list[Row], year: int, member: str = "A") -> dict[str, Decimal]:
    """What the command says each payer pays for one member."""
    texts = adjudicated(write_claims(folder / "claims.csv", rows), year)[member]
    return dict(zip(AMOUNTS, map(Decimal, texts), strict=True))


def differences(
    got: dict[str, tuple[str, ...]], wanted: dict[str, set[tuple[str, ...]]]
) -> dict[str, tuple[tuple[str, ...] | None, set[tuple[str, ...]]]]:
    """Members of whom the file says what the second opinion does not."""
    names = sorted({*got, *wanted})
    return {
        name: (got.get(name), wanted.get(name, set()))
        for name in names
        if got.get(name) not in wanted.get(name, set())
    }


# The second opinion must itself be right.


def test_the_second_opinion_meets_published_spending_at_the_threshold():
    # D1 (2025) and D2 (2022 deductible with the 2,000 of the proposal).
    for deductible, spending in ((590, 6_230), (480, 6_560)):
        year = adjudicate([BareClaim(Decimal(spending), "applicable")], deductible, 2_000)
        assert (year.troop, year.total("reinsurance")) == (2_000, 0)
        year = adjudicate([BareClaim(Decimal(spending + 10), "applicable")], deductible, 2_000)
        assert (year.troop, year.total("reinsurance")) == (2_000, 2)


def test_the_second_opinion_gives_a_phased_in_discount_and_the_plan_makes_it_up():
    claim = row(20_000, manufacturer="specified_small", year=2030)
    small = exact_year([claim], replace(benefit_of(2027), year=2030))
    full = exact_year([replace(claim, manufacturer="standard")], benefit_of(2027))
    assert full.total("manufacturer") - small.total("manufacturer") == Decimal("0.05") * 12_500
    assert full.total("manufacturer") + full.total("plan") == small.total(
        "manufacturer"
    ) + small.total("plan")


def test_ties_have_as_many_orders_as_nothing_says_otherwise():
    tied = [row(1), row(2), row(3)]
    assert len(list(service_orders(tied))) == 6
    assert len(list(service_orders(in_turn(tied)))) == 1
    numbered = [replace(one, sequence=number) for number, one in enumerate(tied)]
    assert list(service_orders(reversed(numbered))) == [numbered]


@pytest.mark.parametrize("year", YEARS)
def test_the_random_members_do_reach_the_hard_places(year):
    benefit = benefit_of(year)
    of_members = by_member(members(1, 350, benefit)).values()
    troop = [reached(next(service_orders(own)), benefit) for own in of_members]
    assert sum(amount == benefit.threshold for amount in troop) > 80
    assert sum(amount < benefit.threshold for amount in troop) > 80


# Published and statutory cases, through the command.


@pytest.mark.parametrize(
    ("year", "drug_class", "expected"),
    [
        (
            2026,
            "applicable",
            ("member 2100", "plan 11928", "manufacturer 3283", "reinsurance 2689"),
        ),
        (
            2027,
            "selected",
            ("member 2400", "plan 11920", "selected_subsidy 680", "reinsurance 5000"),
        ),
        (2027, "non_applicable", ("member 2400", "plan 12600", "reinsurance 5000")),
    ],
    ids=["D10", "D11", "D12"],
)
def test_spending_of_20000_meets_the_statute_in_any_number_of_claims(
    tmp_path, year, drug_class, expected
):
    wanted = dict.fromkeys(AMOUNTS, Decimal(0)) | {"gross": Decimal(20_000)}
    wanted |= {name: Decimal(usd) for name, usd in map(str.split, expected)}
    wanted["troop"] = wanted["member"]
    rows = [
        row(Decimal(20_000) / claims, drug_class, year, sequence=number, member_id=f"{claims}")
        for claims in (1, 20, 400)
        for number in range(claims)
    ]
    got = adjudicated(write_claims(tmp_path / "claims.csv", rows), year)
    assert got == dict.fromkeys(
        ("1", "20", "400"), tuple(f"{wanted[name]:.2f}" for name in AMOUNTS)
    )


def test_covered_spending_at_the_threshold_is_the_published_one(tmp_path):
    # D1: 6,230 in 2025; the next ten dollars are Medicare's, the plan's and the manufacturer's.
    at = paid(tmp_path, [row(6_230, year=2025)], 2025)
    assert (at["member"], at["troop"], at["reinsurance"]) == (2_000, 2_000, 0)
    over = paid(tmp_path, [row(6_240, year=2025)], 2025)
    assert (over["member"], over["reinsurance"], over["plan"] - at["plan"]) == (2_000, 2, 6)


def test_a_bridge_fill_touches_nothing(tmp_path):
    # D9: outside Part D. In every column the member is as without it.
    rows = in_turn([row(400), row(300, copay=Decimal(50)), row(900, "selected")])
    without = paid(tmp_path, rows, 2026)
    bridge = row(245, service_date=date(2026, 7, 1), fill_kind="bridge", sequence=1)
    then = replace(bridge, sequence=2, service_date=rows[0].service_date, copay=Decimal(50))
    with_fills = [
        replace(one, member_id=level)
        for level in LEVELS
        for one in (*rows, replace(bridge, lis=level), replace(then, lis=level))
    ]
    got = adjudicated(write_claims(tmp_path / "claims.csv", with_fills), 2026)
    assert got == dict.fromkeys(LEVELS, tuple(f"{without[name]:.2f}" for name in AMOUNTS))


def test_a_member_with_bridge_fills_only_owes_nothing_in_part_d(tmp_path):
    bridge = row(245, service_date=date(2026, 7, 1), fill_kind="bridge")
    other = row(10, member_id="B")
    got = adjudicated(write_claims(tmp_path / "claims.csv", [bridge, other]), 2026)
    assert set(got) in ({"B"}, {"A", "B"})
    assert {Decimal(text) for text in got.get("A", ())} <= {Decimal(0)}


def test_a_vaccine_costs_the_member_nothing_and_leaves_the_deductible(tmp_path):
    # D14, and then: the whole deductible is still the member's.
    vaccine = row(200, fill_kind="vaccine")
    first = paid(tmp_path, [vaccine], 2026)
    assert (first["member"], first["plan"], first["troop"]) == (0, 200, 0)
    then = paid(tmp_path, in_turn([vaccine, row(615)]), 2026)
    assert (then["member"], then["plan"], then["troop"]) == (615, 200, 615)


@pytest.mark.parametrize(
    ("year", "price", "owed"), [(2025, 300, 35), (2026, 300, 35), (2026, 100, 25), (2027, 60, 15)]
)
def test_insulin_is_capped_from_the_first_fill(tmp_path, year, price, owed):
    insulin = row(price, year=year, fill_kind="insulin", days_supply=30)
    first = paid(tmp_path, [insulin], year)
    assert (first["member"], first["manufacturer"], first["plan"]) == (owed, 0, price - owed)
    # Above the threshold it is free; its copay has counted, its price has not.
    benefit = benefit_of(year)
    rows = in_turn([insulin, row(benefit.covered_at_threshold, year=year), insulin])
    above = paid(tmp_path, rows, year)
    assert above["member"] == above["troop"] == benefit.threshold


def test_insulin_is_capped_for_each_month_of_its_supply(tmp_path):
    owed = {7: 35, 30: 35, 34: 35, 60: 70, 90: 105}
    insulin = row(900, fill_kind="insulin")
    rows = [replace(insulin, member_id=f"{days}", days_supply=days) for days in owed]
    got = adjudicated(write_claims(tmp_path / "claims.csv", rows), 2026)
    assert {name: texts[1] for name, texts in got.items()} == {
        f"{days}": f"{usd}.00" for days, usd in owed.items()
    }


def test_a_low_income_member_owes_the_statutory_copay_and_the_rest_is_subsidy(tmp_path):
    rows = in_turn([row(100, lis="full_other", brand=True), row(3, lis="full_other", brand=False)])
    got = paid(tmp_path, rows, 2026)
    assert got["member"] == Decimal("12.65") + 3  # never more than what anybody owes
    assert (got["lics"], got["troop"]) == (Decimal("87.35"), 103)
    fill = row(274, copay=Decimal(50), lis="full_low", brand=True)
    got = paid(tmp_path, [fill], 2026)
    assert (got["member"], got["lics"], got["troop"]) == (Decimal("4.90"), Decimal("45.10"), 50)


def test_totals_are_rounded_once_and_half_up(tmp_path):
    # Above the deductible one cent costs a quarter of a cent: two are half a cent, and round up.
    deductible = row(615)
    got = paid(tmp_path, in_turn([deductible, row("0.01"), row("0.01")]), 2026)
    assert got["member"] == Decimal("615.01")  # 615.005; claim by claim it would be 615.00
    got = paid(tmp_path, in_turn([deductible, *[row("0.01")] * 40]), 2026)
    assert (got["member"], got["plan"]) == (Decimal("615.10"), Decimal("0.26"))


# Random members.


@pytest.mark.parametrize("year", YEARS)
def test_thousands_of_random_members_agree_to_the_cent(tmp_path, year):
    benefit = benefit_of(year)
    rows = members(11, 700, benefit)
    got = adjudicated(write_claims(tmp_path / "claims.csv", rows), year)
    wanted = {name: possible_amounts(own, benefit) for name, own in by_member(rows).items()}
    assert all(len(possible) == 1 for possible in wanted.values())
    assert differences(got, wanted) == {}


@pytest.mark.parametrize("year", [2025, 2027])
def test_ties_without_a_sequence_come_in_one_of_their_orders(tmp_path, year):
    benefit = benefit_of(year)
    rows = members(12, 500, benefit, ties=True)
    got = adjudicated(write_claims(tmp_path / "claims.csv", rows), year)
    wanted = {name: possible_amounts(own, benefit) for name, own in by_member(rows).items()}
    assert sum(len(possible) > 1 for possible in wanted.values()) > 50, "ties that matter"
    assert differences(got, wanted) == {}


claim_rows = st.builds(
    Row,
    member_id=st.just("A"),
    service_date=st.integers(0, 5).map(lambda day: date(2026, 1, 1) + timedelta(day)),
    drug_class=st.sampled_from(CLASSES),
    gross_cost=st.integers(0, 900_000).map(lambda cents: Decimal(cents) / 100)
    | st.sampled_from([Decimal(usd) for usd in (0, 615, 5_940, 6_555)]),
    copay=st.none() | st.sampled_from([Decimal(0), Decimal(50), Decimal(2_100)]),
    lis=st.sampled_from(LEVELS),
    brand=st.booleans(),
    fill_kind=st.just("standard") | st.sampled_from(["insulin", "vaccine", "bridge"]),
    manufacturer=st.sampled_from(["standard", "specified", "specified_small"]),
)


def as_one_member(rows: list[Row]) -> list[Row]:
    """A flat copay marks a model fill only; a sequence orders ties."""
    return [
        replace(one, sequence=number, copay=one.copay if one.fill_kind == "standard" else None)
        for number, one in enumerate(rows)
    ]


@settings(max_examples=4, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(claim_rows, min_size=1, max_size=8), min_size=40, max_size=80))
def test_any_members_agree_and_the_smallest_that_do_not_are_shown(tmp_path_factory, of_members):
    rows = [
        replace(one, member_id=f"M{number}")
        for number, own in enumerate(of_members)
        for one in as_one_member(own)
    ]
    benefit = benefit_of(2026)
    claims = write_claims(tmp_path_factory.mktemp("any") / "claims.csv", rows)
    got = adjudicated(claims, 2026)
    wanted = {name: possible_amounts(own, benefit) for name, own in by_member(rows).items()}
    nothing = amounts([], benefit)
    for name, own in by_member(rows).items():
        if all(one.fill_kind == "bridge" for one in own):
            got.setdefault(name, nothing)
    assert differences(got, wanted) == {}


# What must hold whatever the figures are.


@pytest.fixture(scope="module")
def some(tmp_path_factory) -> tuple[Path, list[Row], dict[str, tuple[str, ...]]]:
    """A file of 400 members of 2026, with ties, and what comes out of it."""
    benefit = benefit_of(2026)
    rows = members(13, 300, benefit) + [
        replace(one, member_id=f"T{one.member_id}") for one in members(14, 100, benefit, ties=True)
    ]
    folder = tmp_path_factory.mktemp("some")
    return folder, rows, adjudicated(write_claims(folder / "all.csv", rows), 2026)


def test_payers_sum_to_gross_and_nobody_exceeds_the_threshold(some):
    _, rows, got = some
    benefit = benefit_of(2026)
    gross = {
        name: sum((one.gross_cost for one in own if one.fill_kind != "bridge"), Decimal(0))
        for name, own in by_member(rows).items()
    }
    for name, texts in got.items():
        of = dict(zip(AMOUNTS, map(Decimal, texts), strict=True))
        troop = of.pop("troop")
        assert of.pop("gross") == gross[name]
        # Each of the six was rounded by itself.
        assert abs(sum(of.values()) - gross[name]) <= Decimal("0.03")
        assert min(of.values()) >= 0
        assert 0 <= troop <= benefit.threshold
        assert abs(of["member"] + of["lics"] - troop) <= Decimal("0.015")


def test_the_order_of_rows_and_members_is_irrelevant(some):
    folder, rows, got = some
    orders = (
        list(reversed(rows)),
        sorted(rows, key=lambda one: (one.service_date, one.gross_cost)),
        Random(1).sample(rows, len(rows)),
    )
    for order in orders:
        assert adjudicated(write_claims(folder / "again.csv", order), 2026) == got


def test_the_order_of_columns_is_irrelevant(some):
    folder, rows, got = some
    table = write_table(
        folder / "columns.csv", reversed(COLUMNS), (one.texts()[::-1] for one in rows)
    )
    assert adjudicated(table, 2026) == got


def test_two_halves_of_the_members_give_the_same_as_all(some):
    folder, rows, got = some
    names = Random(2).sample(sorted(got), len(got) // 2)
    halves: dict[str, tuple[str, ...]] = {}
    for part in (True, False):
        own = [one for one in rows if (one.member_id in names) == part]
        halves |= adjudicated(write_claims(folder / "half.csv", own), 2026)
    assert halves == got


def test_claims_that_cost_nothing_change_nothing(some):
    folder, rows, got = some
    free = [
        replace(
            one,
            gross_cost=Decimal(0),
            sequence=900 + number,
            copay=Decimal(50) if number % 3 == 0 and one.fill_kind == "standard" else None,
        )
        for number, one in enumerate(rows)
    ]
    # A member whose ties have no sequence keeps them so; the free claims come after those.
    assert adjudicated(write_claims(folder / "free.csv", rows + free), 2026) == got


def test_optional_columns_may_be_left_out(tmp_path):
    header = COLUMNS[:4]
    rows = [("A", "2026-03-01", "applicable", "20000")]
    claims = write_table(tmp_path / "claims.csv", header, rows)
    assert adjudicated(claims, 2026) == {"A": amounts([row(20_000)], benefit_of(2026))}


def test_parquet_goes_in_and_out_and_says_the_same(some, tmp_path):
    folder, _, got = some
    into, out = tmp_path / "claims.parquet", tmp_path / "members.parquet"
    types = {"service_date": "DATE", "gross_cost": "DECIMAL(12, 2)", "copay": "DOUBLE"}
    types |= {"sequence": "INTEGER", "brand": "BOOLEAN", "days_supply": "SMALLINT"}
    cast = ", ".join(f"CAST({name} AS {types.get(name, 'VARCHAR')}) AS {name}" for name in COLUMNS)
    duckdb.sql(
        f"COPY (SELECT {cast} FROM read_csv('{folder}/all.csv', all_varchar = true)) "
        f"TO '{into}' (FORMAT parquet)"
    )
    assert balance("adjudicate", into, "--year", 2026, "--out", out, "--strict") == Ran(0)
    table = duckdb.sql(f"SELECT * FROM read_parquet('{out}')")
    assert tuple(table.columns) == ("member_id", *AMOUNTS)
    lines = table.fetchall()
    assert [line[0] for line in lines] == sorted(got)
    assert {line[0]: tuple(Decimal(str(amount)) for amount in line[1:]) for line in lines} == {
        name: tuple(map(Decimal, texts)) for name, texts in got.items()
    }


def test_parquet_that_holds_costs_as_floating_point_says_the_same(some, tmp_path):
    folder, _, got = some
    into = tmp_path / "claims.parquet"
    duckdb.sql(
        f"COPY (SELECT * REPLACE (CAST(gross_cost AS DOUBLE) AS gross_cost) "
        f"FROM read_csv('{folder}/all.csv', all_varchar = true)) TO '{into}' (FORMAT parquet)"
    )
    assert adjudicated(into, 2026) == got


def test_the_same_file_twice_gives_the_same_bytes(some, tmp_path):
    folder, _, _ = some
    outs = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for out in outs:
        assert balance("adjudicate", folder / "all.csv", "--year", 2026, "--out", out) == Ran(0)
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert read_members(outs[0])
