"""How long a sponsor's whole book takes, and how much memory."""

import csv
import resource

import numpy as np
import pytest

from calculator.analysis.portfolio import run
from calculator.analysis.portfolio_table import read_book
from calculator.report.portfolio_workbook import write

KINDS = {"pdp_regional": 0.3, "mapd": 0.4, "dsnp": 0.15, "egwp": 0.1, "pdp_national": 0.05}
STATES = ("MN", "VA", "TN", "CA")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """5,000 plans as they differ: size, low-income share, risk, spending, price, uptake, terms."""
    draw = np.random.default_rng(8)
    path = tmp_path_factory.mktemp("book") / "plans.csv"
    columns = [
        "name", "scenario", "plan.members", "plan.lis_share", "plan.risk_score",
        "plan.spend_ratio", "terms.guaranteed_net_price", "assumptions.uptake.eligible_share",
        "plan.member_trend", "terms.package", "state.abbr", "state.own_uptake_ratio",
    ]  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, columns)
        table.writeheader()
        for number in range(5_000):
            if number % 10 == 9:
                row = {
                    "scenario": "state_covering",
                    "terms.guaranteed_net_price": round(draw.uniform(180, 300), 2),
                    "state.abbr": str(draw.choice(STATES)),
                    "state.own_uptake_ratio": round(draw.uniform(0.5, 1.0), 3),
                }
            else:
                row = {
                    "scenario": str(draw.choice([*KINDS], p=[*KINDS.values()])),
                    "plan.members": int(draw.lognormal(9, 1)) + 1,
                    "plan.lis_share": round(draw.uniform(0.05, 0.6), 3),
                    "plan.risk_score": round(draw.uniform(0.8, 1.3), 3),
                    "plan.spend_ratio": round(draw.uniform(0.7, 1.4), 3),
                    "assumptions.uptake.eligible_share": round(draw.uniform(0.04, 0.1), 4),
                }
                if number % 3 == 0:
                    row["terms.guaranteed_net_price"] = round(draw.uniform(180, 300), 2)
                if number % 4 == 0:
                    row["plan.member_trend"] = round(draw.uniform(-0.02, 0.05), 3)
                if number % 7 == 0:
                    row["terms.package"] = "illustrative_all"
            table.writerow({"name": f"Plan {number}", **row})
    return path


def peak() -> float:
    """Most memory this process has used, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_five_thousand_plans(benchmark, book):
    """Goal: under 30 s on 2 cores, memory flat."""
    few = read_book(book)
    run(type(few)(few.file, few.columns, few.scenarios, few.entries[:500]))
    before = peak()
    found = benchmark.pedantic(lambda: run(read_book(book)), rounds=1)
    assert len(found.plans) == 5_000
    benchmark.extra_info["seconds_goal"] = 30
    benchmark.extra_info["more_memory_than_for_500_plans_mb"] = round(peak() - before)
    assert benchmark.stats.stats.max < 30
    assert peak() - before < 100


def test_their_workbook(benchmark, book, tmp_path):
    read = read_book(book)
    found = run(read, "workbook")
    path = tmp_path / "results.xlsx"
    benchmark.pedantic(lambda: write(found, read, path), rounds=1)
    benchmark.extra_info["bytes"] = path.stat().st_size
    assert path.stat().st_size < 5_000_000
