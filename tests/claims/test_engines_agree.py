"""One query, two engines, the same text. Spark runs on a local master and needs Java."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("pyspark")

from tests.claims.claims_adjudicator import COLUMNS, by_member, possible_amounts
from tests.claims.command import (
    Ran,
    balance,
    benefit_of,
    read_members,
    write_claims,
    write_table,
)
from tests.claims.random_members import members
from tests.claims.test_bad_claims import BAD_CELLS, spoiled


@pytest.fixture(scope="module", autouse=True)
def java(request):
    request.getfixturevalue("needs")("java")


def both(folder, claims, year, *options):
    """What each engine writes: members and rejects."""
    written = []
    for engine in ("duckdb", "spark"):
        out, rejects = folder / f"{engine}.csv", folder / f"{engine}-rejects.csv"
        command = ("adjudicate", claims, "--year", year, "--engine", engine, "--out", out)
        assert balance(*command, "--rejects", rejects, *options) == Ran(0)
        written.append((out.read_bytes(), rejects.read_bytes()))
    return written


@pytest.mark.parametrize("year", [2026, 2031])
def test_both_engines_write_the_same_text_and_agree_with_the_second_opinion(tmp_path, year):
    benefit = benefit_of(year)
    rows = members(21, 700, benefit)
    rows += [
        replace(one, member_id=f"T{one.member_id}") for one in members(22, 200, benefit, ties=True)
    ]
    claims = write_claims(tmp_path / "claims.csv", rows)
    duckdb, spark = both(tmp_path, claims, year, "--strict")
    assert duckdb == spark

    got = read_members(tmp_path / "spark.csv")
    wanted = {name: possible_amounts(own, benefit) for name, own in by_member(rows).items()}
    assert {name: got[name] for name in wanted if got[name] not in wanted[name]} == {}


def test_both_engines_reject_the_same_lines_for_the_same_reasons(tmp_path):
    rows = members(23, 20, benefit_of(2026))
    lines = [row.texts() for row in rows]
    for column, cells in BAD_CELLS.items():
        lines += [spoiled(column, cell) for cell in cells]
    reversal = replace(rows[3], gross_cost=-rows[3].gross_cost - 1)
    lines += [rows[0].texts(), rows[1].texts(), reversal.texts(), rows[2].texts()[:5]]
    claims = write_table(tmp_path / "claims.csv", COLUMNS, lines)
    duckdb, spark = both(tmp_path, claims, 2026)
    assert duckdb[1].count(b"\n") > sum(map(len, BAD_CELLS.values()))
    assert duckdb == spark
