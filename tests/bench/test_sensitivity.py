"""What the tornado, the map, the value of information and the indices cost (`make bench`).

The tornado of every ranged input should take under 3 s. Nothing here fails for being slow.
"""

import pytest

from calculator import load_scenario
from calculator.analysis.learning import information_of
from calculator.analysis.sensitivity import tornado
from calculator.analysis.threshold import threshold

CAPITATION, REINSURANCE = "terms.obesity_capitation.amount", "terms.extra_reinsurance.share"
PATHS = {
    "two levers": (CAPITATION, REINSURANCE, {"x_range": (0.0, 100.0)}),
    # Both enter the benefit table: every point has one of its own.
    "two of the benefit": ("terms.copay", "assumptions.persistence.fills_per_month", {}),
}


@pytest.mark.parametrize("name", ["pdp_regional", "mapd", "state_not_covering"])
def test_the_tornado_of_every_ranged_input(benchmark, name):
    scenario = load_scenario(name)
    found = benchmark.pedantic(tornado, args=(scenario,), rounds=3, warmup_rounds=1)
    assert len(found.bars) > 30
    benchmark.extra_info.update(inputs=len(found.bars))


@pytest.mark.parametrize("kind", PATHS)
def test_a_map_of_21_by_21(benchmark, kind):
    x, y, ranges = PATHS[kind]
    scenario = load_scenario("pdp_regional")
    found = benchmark.pedantic(
        threshold, args=(scenario, x, y), kwargs=ranges, rounds=3, warmup_rounds=1
    )
    assert found.value.shape == (21, 21)


@pytest.mark.parametrize("name", ["pdp_regional", "state_not_covering"])
def test_the_value_of_information_of_1024_draws(benchmark, name):
    scenario = load_scenario(name)
    found = benchmark.pedantic(information_of, args=(scenario, 1024), rounds=2, warmup_rounds=1)
    benchmark.extra_info.update(inputs=len(found.inputs), draws=found.draws)
