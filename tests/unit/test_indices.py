"""Sobol indices: SALib's Ishigami function through our interface, and the engine's own."""

import importlib.util
import math

import numpy as np
import pytest

from calculator import load_scenario
from calculator.analysis import indices as module
from calculator.analysis.indices import indices, indices_dict, runs_needed, sobol_indices
from calculator.errors import InputError
from calculator.report import uncertainty as report

needs_salib = pytest.mark.skipif(
    importlib.util.find_spec("SALib") is None, reason="needs the extra gsa"
)
A, B = 7.0, 0.1


def ishigami(quantiles):
    x = math.pi * (2.0 * quantiles - 1.0)
    return np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])


def exact():
    """First-order and total indices of the Ishigami function in closed form."""
    first = 0.5 * (1.0 + B * math.pi**4 / 5.0) ** 2
    second = A**2 / 8.0
    both = 8.0 * B**2 * math.pi**8 / 225.0
    whole = first + second + both
    return [first / whole, second / whole, 0.0], [
        (first + both) / whole,
        second / whole,
        both / whole,
    ]


@needs_salib
def test_ishigami_is_its_closed_form():
    found, _ = sobol_indices(ishigami, ["x1", "x2", "x3"], 4096, 1)
    first, total = exact()
    assert [one.first for one in found] == pytest.approx(first, abs=0.02)
    assert [one.total for one in found] == pytest.approx(total, abs=0.02)
    for one, alone, whole in zip(found, first, total, strict=True):
        assert abs(one.first - alone) < 2.0 * one.first_error
        assert abs(one.total - whole) < 2.0 * one.total_error


@needs_salib
def test_ishigami_is_what_salib_says_by_itself():
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol as sample
    from SALib.test_functions import Ishigami

    problem = {
        "num_vars": 3,
        "names": ["x1", "x2", "x3"],
        "bounds": [[-math.pi, math.pi]] * 3,
    }
    rows = sample.sample(problem, 1024, calc_second_order=False, seed=np.random.default_rng(5))
    theirs = analyze.analyze(problem, Ishigami.evaluate(rows), calc_second_order=False, seed=6)
    ours, values = sobol_indices(ishigami, problem["names"], 1024, 5)
    assert values == pytest.approx(Ishigami.evaluate(rows))
    assert [one.first for one in ours] == pytest.approx(theirs["S1"].tolist())
    assert [one.total for one in ours] == pytest.approx(theirs["ST"].tolist())
    assert [one.total_error for one in ours] == pytest.approx(theirs["ST_conf"].tolist())


@needs_salib
def test_it_is_called_on_parts_and_tells_how_far_it_is(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 100)
    sizes, told = [], []

    def run(quantiles):
        sizes.append(len(quantiles))
        return ishigami(quantiles)

    in_parts, _ = sobol_indices(
        run, ["a", "b", "c"], 64, 1, lambda done, count: told.append((done, count))
    )
    assert sizes == [100, 100, 100, 20]
    assert told[-1] == (320, 320)
    monkeypatch.setattr(module, "CHUNK", 4096)
    assert in_parts == sobol_indices(ishigami, ["a", "b", "c"], 64, 1)[0]


@needs_salib
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_the_same_seed_gives_the_same_numbers(seed):
    first, again = (sobol_indices(ishigami, ["a", "b", "c"], 128, seed) for _ in range(2))
    assert first[0] == again[0]
    assert first[1].tobytes() == again[1].tobytes()


@needs_salib
def test_what_does_not_vary_has_no_indices():
    found, _ = sobol_indices(lambda rows: np.full(len(rows), 3.0), ["a", "b"], 16, 1)
    assert [(one.first, one.total) for one in found] == [(0.0, 0.0)] * 2


@needs_salib
@pytest.mark.parametrize("name", ["state_not_covering", "egwp"])
def test_the_indices_of_a_payer(name):
    scenario = load_scenario(name)
    found = indices(scenario, 32, 1, resolution="workbook")
    assert found.runs == runs_needed(scenario, 32) == 32 * (len(found.inputs) + 2)
    totals = [one.total for one in found.found]
    assert totals == sorted(totals, reverse=True)
    assert [one.name for one in found.found] == [one.path for one in found.inputs]
    assert found.deviation > 0.0
    data = indices_dict(found)
    assert data["inputs"][0]["path"] == found.inputs[0].path
    assert found.inputs[0].label.split(",")[0][1:] in report.indices_sentence(found)
    assert f"{found.runs:,} runs" in report.indices_text(found)


@needs_salib
def test_with_one_uncertain_input_it_explains_everything():
    """Every other range collapsed to its value: the one left has an index of 1."""
    scenario = load_scenario("egwp")
    wanted = "assumptions.administration.fixed_cost"
    inputs = [one for one in module.uncertain_inputs(scenario) if one.path == wanted]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "uncertain_inputs", lambda _: tuple(inputs))
        (one,) = indices(scenario, 256, 1, resolution="workbook").found
    assert one.total == pytest.approx(1.0, abs=0.1)
    assert one.first == pytest.approx(1.0, abs=0.1)


@needs_salib
def test_a_bid_expects_the_same_cost_in_every_run():
    """The answer of a row does not depend on the rows beside it."""
    scenario = load_scenario("pdp_regional")
    kept = []
    real = module.sobol_indices

    def keeping(run, names, count, seed, progress=None):
        kept.append(run)
        return real(run, names, count, seed, progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "sobol_indices", keeping)
        patch.setattr(module, "EXPECTED_DRAWS", 16)
        found = indices(scenario, 16, 1, resolution="workbook")
    rows = np.random.default_rng(1).uniform(0.05, 0.95, (4, len(found.inputs)))
    together, alone = kept[0](rows), [kept[0](rows[[row]])[0] for row in range(4)]
    assert together == pytest.approx(alone, rel=2e-3, abs=2e-3)


@needs_salib
@pytest.mark.parametrize("count", [1, 8, 2**15])
def test_too_few_draws_and_too_many_runs_are_refused_before_any_is_made(count):
    with pytest.raises(InputError) as refused:
        indices(load_scenario("pdp_regional"), count, 1)
    assert "a number from 16 to" in refused.value.allowed


def test_without_salib_one_line_names_the_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError) as refused:
        sobol_indices(ishigami, ["a", "b", "c"], 8, 1)
    assert "balance-calculator[gsa]" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
