"""What draws cost: a first answer, a full table, how cost grows, and memory.

`make bench` prints the times beside what must be reached on two idle cores: 4,096 draws of a full
Part D scenario in 3 s and 1.5 GB, 512 draws in 1 s; the same is in
`extra_info`. Nothing here fails for being slow.
"""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from calculator import load_scenario
from calculator.uncertainty import uncertain

FIRST, ALL, FEWER = 512, 4_096, 1_024
MOST_MEGABYTES = 1_500
# The kernel's own mark of this process: getrusage keeps that of the one it was started from.
PEAK = """
from calculator import load_scenario
from calculator.uncertainty import uncertain
uncertain(load_scenario("{name}"), {draws})
lines = open("/proc/self/status", encoding="utf-8").read().splitlines()
print(next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")))
"""


@pytest.fixture(scope="module")
def scenario():
    found = load_scenario("pdp_regional")
    uncertain(found, 16)  # warm: assumptions read, scipy imported
    return found


def said(capsys, benchmark, what, most):
    seconds = benchmark.stats.stats.min if benchmark.stats else float("nan")
    benchmark.extra_info.update(must_reach_seconds=most)
    with capsys.disabled():
        print(f"\n{what}: {seconds:.2f} s (to reach on two idle cores: {most:g} s)")
    return seconds


@pytest.mark.parametrize(("draws", "most"), [(FIRST, 1.0), (ALL, 3.0)])
@pytest.mark.parametrize("name", ["pdp_regional", "mapd", "state_not_covering"])
def test_draws_from_end_to_end(benchmark, capsys, scenario, name, draws, most):
    chosen = load_scenario(name)
    found = benchmark.pedantic(uncertain, args=(chosen, draws), rounds=3, warmup_rounds=1)
    assert found.draws.count == draws
    assert found.interpolation.share_of_value < 1e-3
    said(capsys, benchmark, f"{name}, {draws:,} draws", most)


def test_draws_with_members_who_come(benchmark, capsys, scenario):
    chosen = scenario.with_settings({"selection.include": True})
    benchmark.pedantic(uncertain, args=(chosen, ALL), rounds=3, warmup_rounds=1)
    said(capsys, benchmark, f"with members who come, {ALL:,} draws", 3.0)


def test_cost_is_linear_in_draws(benchmark, capsys, scenario):
    def seconds(draws: int) -> float:
        started = time.perf_counter()
        uncertain(scenario, draws)
        return time.perf_counter() - started

    fewer = min(seconds(FEWER) for _ in range(3))
    benchmark.pedantic(uncertain, args=(scenario, ALL), rounds=3)
    every = benchmark.stats.stats.min if benchmark.stats else float("nan")
    ratio = every / fewer
    benchmark.extra_info.update(times_as_many=ALL // FEWER, times_as_long=round(ratio, 2))
    with capsys.disabled():
        print(f"\n{ALL // FEWER} times as many draws take {ratio:.1f} times as long")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("name", ["pdp_regional", "state_not_covering"])
def test_memory_is_bounded(benchmark, capsys, name):
    """The most a process of its own ever held, Python and libraries included."""

    def peak() -> float:
        code = PEAK.format(name=name, draws=ALL)
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        return float(ran.stdout)

    held = benchmark.pedantic(peak, rounds=1)
    benchmark.extra_info.update(megabytes=round(held))
    with capsys.disabled():
        print(f"\n{name}: {ALL:,} draws hold {held:,.0f} MB at most")
    assert held < MOST_MEGABYTES
