"""A 50-sponsor market and a frontier of 5,043 of them, against plain Python in the same run.

Each benchmark writes beside its own time that of one best-response sweep (every sponsor's gain
once) in plain Python, the least of some, and its ratio to it. Nothing here fails for being slow.
"""

import time

import numpy as np
import pytest

from calculator.model import market
from calculator.model.sponsors import tabulated

SPONSORS = 50
NODES = np.linspace(0.02, 1.0, 11)
RULE = 0.8
ROUNDS = 20

# What others' joining is worth to who stays out, per unit of joining share, and what movers cost
# (they pay if below 0): gains that rise with the joining set, and free riders who have no order.
KINDS = {"rising": (0.0, 1.0), "free_riders": (8.0, 1.0), "profitable_movers": (8.0, -1.0)}


def sponsors(kind: str, terms: np.ndarray) -> dict:
    """What `tabulated` takes: five archetypes, `terms` (G,) USD per member a month."""
    spill, movers = KINDS[kind]
    rng = np.random.default_rng(3)
    weights = rng.pareto(1.2, SPONSORS) + 0.1
    shares = weights / weights.sum()
    size = 1e8 * shares
    better = np.linspace(-27.0, -19.0, 5)[:, None] - movers * (1 - NODES) / NODES
    return {
        "shares": shares,
        "nodes": NODES,
        "inside": terms[:, None, None] + better,
        "outside": np.broadcast_to(spill * NODES, (5, len(NODES))),
        "archetype": rng.integers(0, 5, SPONSORS),
        "size": size,
        "hurdle": 2 * size,
        "application_cost": 0.1 * size,
    }


def plain_sweep(payoffs) -> list[float]:
    """Every sponsor's gain with everybody in, one number at a time."""

    def at(row, share):
        nodes = payoffs.nodes
        left = 0
        while left < len(nodes) - 2 and share >= nodes[left + 1]:
            left += 1
        weight = min(1.0, max(0.0, (share - nodes[left]) / (nodes[left + 1] - nodes[left])))
        return row[left] + weight * (row[left + 1] - row[left])

    share = sum(payoffs.shares)
    found = []
    for j, own in enumerate(payoffs.shares):
        kind, size = payoffs.archetype[j], payoffs.size[j]
        gain = -payoffs.application_cost[0, j]
        if share >= RULE:
            inside = size * at(payoffs.inside[0, kind], share)
            gain += inside - payoffs.hurdle[0, j] - payoffs.none[0, j]
        if share - own >= RULE:
            gain -= size * at(payoffs.outside[0, kind], share - own) - payoffs.none[0, j]
        found.append(gain)
    return found


def beside_a_plain_sweep(benchmark, payoffs, run, rounds: int) -> None:
    run()  # warm
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        assert len(plain_sweep(payoffs)) == SPONSORS
        seconds.append(time.perf_counter() - start)
    benchmark.extra_info["plain_sweep_seconds"] = min(seconds)
    benchmark.pedantic(run, rounds=rounds, warmup_rounds=1)
    if benchmark.stats is not None:
        ratio = benchmark.stats.stats.min / min(seconds)
        benchmark.extra_info["ratio_to_plain_sweep"] = ratio


@pytest.mark.parametrize("kind", KINDS)
def test_one_market_of_50_sponsors(benchmark, kind):
    payoffs = tabulated(**sponsors(kind, np.array([28.0])))
    everybody = np.ones((1, SPONSORS), dtype=bool)
    assert market.gains(payoffs, everybody, RULE)[0] == pytest.approx(plain_sweep(payoffs))

    def run() -> None:
        report = market.solve_market(payoffs, RULE, seed=1)
        proven = report.without_rule.proven
        assert proven == (kind == "rising")

    beside_a_plain_sweep(benchmark, payoffs, run, rounds=10)


@pytest.mark.parametrize("rule", [None, RULE], ids=["no_rule", "rule"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_frontier_of_41_by_41_by_3(benchmark, kind, rule):
    capitation, reinsurance, corridor = np.meshgrid(
        np.linspace(0, 40, 41), np.linspace(0, 20, 41), np.linspace(0, 3, 3), indexing="ij"
    )
    terms = (capitation + reinsurance + corridor).reshape(-1)
    one = tabulated(**sponsors(kind, terms[:1]))

    def run() -> None:
        cells = market.solve_cells(tabulated(**sponsors(kind, terms)), rule)
        assert cells.members.shape == (5_043, SPONSORS)
        benchmark.extra_info["launches"] = float(cells.launches.mean())
        benchmark.extra_info["proven"] = float(cells.proven.mean())
        benchmark.extra_info["stable"] = float(cells.stable.mean())

    beside_a_plain_sweep(benchmark, one, run, rounds=3)
