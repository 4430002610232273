"""What a decision costs at full resolution, and what many cases in one run save.

`make bench` prints the times and, for each input that varies, how many times faster one run of
1,024 cases is than 1,024 single runs; the same is in `extra_info`. Nothing here fails for being
slow.
"""

import time

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.decision import evaluate
from calculator.model import cohort

CASES = 1_024


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("pdp_regional")


def test_decide_at_full_resolution(benchmark, scenario):
    decide(scenario)  # warm: assumptions read, scipy imported
    decision = benchmark(decide, scenario)
    strata = decision.evaluation.inputs.spend.shape[-1]
    windows = len(cohort.WINDOW_FIRST)
    assert strata >= 40
    assert windows == 78
    benchmark.extra_info.update(strata_per_group=strata, windows=windows)


def test_decide_at_workbook_resolution(benchmark, scenario):
    decide(scenario, resolution="workbook")
    decision = benchmark(decide, scenario, resolution="workbook")
    assert decision.evaluation.inputs.spend.shape[-1] < 40


def test_the_ledger_as_a_table(benchmark, scenario):
    decision = decide(scenario)
    rows = benchmark(decision.ledger)
    assert len(rows) > 100


@pytest.mark.parametrize(
    ("path", "low", "high"),
    [
        # Moves counts only: the table of what a spell costs is shared by all cases.
        ("assumptions.uptake.eligible_share", 0.05, 0.10),
        ("terms.guaranteed_net_price", 150.0, 350.0),
        # Moves the table itself: each case has its own.
        ("terms.copay", 0.0, 100.0),
        ("assumptions.persistence.fills_per_month", 0.85, 1.08),
    ],
    ids=["eligible_share", "net_price", "copay", "fills_per_month"],
)
def test_1024_cases_in_one_run_against_single_runs(benchmark, capsys, scenario, path, low, high):
    values = np.linspace(low, high, CASES)
    evaluate(scenario)
    started = time.perf_counter()
    singles = [evaluate(scenario, {path: np.array([value])}).result.value[0] for value in values]
    alone = time.perf_counter() - started

    run = benchmark.pedantic(evaluate, args=(scenario, {path: values}), rounds=3, warmup_rounds=1)
    assert run.result.value == pytest.approx(np.array(singles), rel=1e-8)

    together = benchmark.stats.stats.min if benchmark.stats else float("nan")
    benchmark.extra_info.update(
        cases=CASES,
        seconds_in_single_runs=round(alone, 2),
        seconds_in_one_run=round(together, 3),
        times_faster=round(alone / together, 1),
    )
    with capsys.disabled():
        print(
            f"\n{path}: {CASES:,} cases in one run {together:.2f} s, in single runs {alone:.1f} s, "
            f"{alone / together:.1f} times faster"
        )
