"""Medicaid's runs against a single state's decision in the same process, as ratios.

Each benchmark writes `single_decide_seconds` and `ratio_to_single_decide` beside its own time: the
least of each, which other work on the machine disturbs least.
"""

import time

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.analysis.states import screen
from calculator.decision import evaluate

CASES = 4_096
ROUNDS = 20


def single_decide() -> float:
    """Seconds of one state's decision and its value, warm: the least of some."""
    scenario = load_scenario("state_not_covering")
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        assert decide(scenario).value.total < 0
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def beside_a_single_decide(benchmark, run, rounds: int) -> None:
    run()  # warm
    single = single_decide()
    benchmark.extra_info["single_decide_seconds"] = single
    benchmark.pedantic(run, rounds=rounds, warmup_rounds=1)
    if benchmark.stats is not None:
        benchmark.extra_info["ratio_to_single_decide"] = benchmark.stats.stats.min / single


def test_screen_of_all_51_states(benchmark):
    def run() -> None:
        assert len(screen()) == 51

    beside_a_single_decide(benchmark, run, rounds=3)


@pytest.mark.parametrize("form", ["share_of_eligibles", "fills_per_1000"])
def test_one_state_with_4096_cases_of_four_inputs(benchmark, form):
    scenario = load_scenario("state_covering").with_settings({"uptake.form": form})
    draws = np.random.default_rng(1).random((4, CASES))
    cases = {
        "terms.guaranteed_net_price": 150 + 200 * draws[0],
        "assumptions.coverage.newly_eligible_share_of_obese": 0.15 + 0.45 * draws[1],
        "assumptions.rebates.best_price_share_of_amp": 0.6 + 0.4 * draws[2],
        "assumptions.coverage.enrollment_trend": -0.08 + 0.09 * draws[3],
    }

    def run() -> None:
        assert evaluate(scenario, cases).result.value.shape == (CASES, 60)

    beside_a_single_decide(benchmark, run, rounds=3)


def test_one_states_plain_data(benchmark):
    decision = decide(load_scenario("state_not_covering"))

    def run() -> None:
        # A decision keeps what it has worked out, so each round takes its own.
        assert type(decision)(decision.scenario, decision.evaluation, "full").to_dict()["value"]

    beside_a_single_decide(benchmark, run, rounds=5)
