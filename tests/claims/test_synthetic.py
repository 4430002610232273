"""Made-up claims: what they are made of, the same every time, and accepted to the last row."""

import csv
from pathlib import Path

import numpy as np
import pytest

from calculator.claims import engine, reading
from calculator.claims.synthetic import (
    chunks,
    makeup,
    quantile,
    share_on_before,
    survival_months,
)
from tests.claims.command import balance


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(tmp_path, suffix):
    files = {}
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        path = tmp_path / f"{name}.{suffix}"
        members = tmp_path / f"{name}_members.csv"
        ran = balance(
            "synthesize", "--members", 300, "--year", 2026, "--seed", seed, "--out", path,
            "--enrollment", members, "--model-fills",
        )  # fmt: skip
        assert ran.code == 0
        files[name] = (path.read_bytes(), members.read_bytes())
    assert files["a"] == files["b"]
    assert files["a"] != files["c"]


@pytest.mark.parametrize("year", [2025, 2026, 2027])
def test_every_row_is_accepted(tmp_path, year):
    out, members = tmp_path / "claims.csv", tmp_path / "members.csv"
    balance(
        "synthesize", "--members", 600, "--year", year, "--out", out, "--enrollment", members,
        "--model-fills",
    )  # fmt: skip
    rows = sum(1 for _ in out.open(encoding="utf-8")) - 1
    with engine.duckdb() as running:
        claims = reading.read(running, out, enrollment=members, year=year)
        assert claims.rejects.counts == {}
        assert claims.set_aside == {}
        assert claims.count == rows > 15_000
    ran = balance("adjudicate", out, "--year", year, "--enrollment", members, "--strict")
    assert ran.code == 0


def test_files_hold_the_columns_of_the_contract(tmp_path):
    out = tmp_path / "claims.csv"
    balance("synthesize", "--members", 500, "--year", 2026, "--out", out, "--model-fills")
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["lis"] for row in rows} == {"none", "institutional", "full_low", "full_other"}
    assert {row["drug_class"] for row in rows} == {"applicable", "non_applicable"}
    assert {row["fill_kind"] for row in rows} == {"standard", "insulin", "vaccine"}
    flat = [row for row in rows if row["copay"]]
    assert {row["copay"] for row in flat} == {"50.00"}
    assert {row["product"] for row in flat} <= {"wegovy", "zepbound", "foundayo"}
    assert all(row["gross_cost"] == f"{float(row['gross_cost']):.2f}" for row in rows)


def test_spending_is_that_of_the_assumptions():
    made = makeup(2026)
    spend, lis, users, cents = [], [], 0, 0
    for people, claims in chunks(made, 100_000, seed=2):
        spend.append(people.spend)
        lis.append(people.level > 0)
        covered = claims.product >= 0
        users += len(np.unique(claims.member[covered]))
        cents += int(claims.cents[~covered].sum())
    spend, lis = np.concatenate(spend), np.concatenate(lis)
    assert lis.mean() == pytest.approx(0.25, abs=0.005)
    assert (spend == 0).mean() == pytest.approx(0.08, abs=0.003)
    for group, mean in ((~lis, made.mean[0]), (lis, made.mean[1])):
        # A Pareto tail with index 2.2 moves a mean of a hundred thousand by several per cent.
        assert spend[group & (spend > 0)].mean() == pytest.approx(mean, rel=0.08)
        middle = np.median(spend[group & (spend > 0)])
        assert middle == pytest.approx(mean * quantile(made, np.array([0.5]))[0], rel=0.07)
    assert users / 100_000 == pytest.approx(0.0602, rel=0.04)
    # Claims hold the members' spending; a claim is a cent at least.
    assert cents / 100 == pytest.approx(spend.sum(), rel=1e-3)


def test_a_quantile_function_has_mean_one():
    made = makeup(2026)
    at = (np.arange(2_000_000) + 0.5) / 2_000_000
    assert quantile(made, at).mean() == pytest.approx(1.0, rel=5e-3)
    assert np.all(np.diff(quantile(made, at)) >= 0)


def test_users_fill_as_often_as_assumed():
    covered = makeup(2026).covered
    assert 0.0 < covered.on_before < 1.0
    more = share_on_before(covered, 8.0)
    assert more > covered.on_before > share_on_before(covered, 5.0)
    assert survival_months(covered, np.array([12.0]))[0] == pytest.approx(0.486, abs=0.005)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--members", 0, "--year", 2026, "--out", "a.csv"], "members"),
        (["--members", 10, "--year", 2024, "--out", "a.csv"], "--year"),
        (["--members", 10, "--year", 2026, "--out", "a.txt"], "--out"),
        (["--members", 10, "--year", 2026, "--out", "no/such/a.csv"], "a folder that exists"),
        (["--members", 10, "--year", 2026, "--out", "a.csv", "--terms", "x", "--model-fills"],
         "terms.package"),
    ],
)  # fmt: skip
def test_wrong_input_gives_one_line(tmp_path, monkeypatch, capfd, arguments, said):
    monkeypatch.chdir(tmp_path)
    ran = balance("synthesize", *arguments, capfd=capfd)
    assert ran.code == 2
    assert said in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert list(Path(tmp_path).iterdir()) == []
