"""Any number may vary along cases: a run of several gives what each gives alone."""

import numpy as np
import pytest

from calculator import load_scenario
from calculator.decision import evaluate
from calculator.scenario import StateScenario

EXACT = 1e-9

# A state with everything at work: own coverage that ends, plans, every group, a supplemental
# rebate in separate CHIP, effects on other care, and support.
RICH = {
    "state.abbr": "VA",
    "state.stance": "ending",
    "state.coverage_ends": "2028-06-30",
    "state.own_uptake_ratio": 0.7,
    "state.months_covered": 18,
    "therapy.offsets": "cbo",
    "groups.duals.included": True,
    "groups.children.eligible_share": 0.01,
    "groups.separate_chip.eligible_share": 0.02,
    "groups.separate_chip.supplemental_eligible": True,
    "assumptions.rebates.copay": 1.0,
    "assumptions.rebates.share_340b": 0.1,
    "assumptions.rebates.base_amp_ratio": 0.95,
    "assumptions.rebates.own_supplemental_share": 0.05,
    "assumptions.coverage.priced_fills_share": 0.6,
    "assumptions.coverage.conditional_net_price": 300.0,
    "assumptions.coverage.bmi_threshold": 33.0,
}

# Fifteen inputs of every kind with three values each.
FIFTEEN = {
    "terms.guaranteed_net_price": (200.0, 245.0, 310.0),
    "state.fmap": (0.5, 0.6, 0.75),
    "state.own_uptake_ratio": (0.2, 0.7, 1.3),
    "groups.base_adults.enrollment": (50_000.0, 300_000.0, 900_000.0),
    "groups.expansion_adults.managed_share": (0.0, 0.5, 1.0),
    "groups.disabled.trend": (-0.1, 0.0, 0.05),
    "assumptions.rebates.amp_share_of_list": (0.9, 0.97, 1.0),
    "assumptions.rebates.best_price_share_of_amp": (0.6, 0.8, 1.0),
    "assumptions.rebates.share_340b": (0.0, 0.1, 0.4),
    "assumptions.coverage.capitation_load": (0.06, 0.1, 0.2),
    "assumptions.coverage.months_until_rebased": (6.0, 12.0, 24.0),
    "assumptions.coverage.capture_lag_months": (0.0, 24.0, 36.0),
    "assumptions.coverage.newly_eligible_share_of_obese": (0.15, 0.26, 0.6),
    "assumptions.coverage.existing_fills_per_enrollee": (0.08, 0.106, 0.15),
    "assumptions.drugs.wegovy_list_price.2027_01_01": (500.0, 675.0, 900.0),
}


def state(form: str) -> StateScenario:
    scenario = load_scenario("state_covering").with_settings({
        **RICH, "uptake.form": form, "uptake.monthly_fills": [900.0, 1_000.0, 1_500.0],
    })  # fmt: skip
    assert isinstance(scenario, StateScenario)
    return scenario


def measures(run) -> dict[str, np.ndarray]:
    """What a run says of each case: results, then every row of both branches."""
    found = {"value": run.result.value, "member months": run.result.member_months}
    for name in ("join", "stay_out"):
        branch = getattr(run.result, name)
        for part in ("starts", "on_therapy", "fills", "net_drug_cost", "medical_effect"):
            found[f"{name} {part}"] = getattr(branch, part)
        found |= {f"{name} {line} {payer}": rows for (line, payer), rows in branch.rows.items()}
    return found


def differences(together, singles) -> list[str]:
    """Measures in which the cases of one run are not the single runs."""
    whole = measures(together)
    largest = max(float(np.abs(rows).max()) for rows in whole.values())
    wrong = []
    for name, rows in whole.items():
        alone = np.concatenate([measures(single)[name][:1] for single in singles])
        if len(rows) not in (1, len(singles)):
            wrong.append(f"{name} has {len(rows)} cases")
        elif not np.allclose(rows, alone, rtol=EXACT, atol=1e-12 * largest):
            wrong.append(f"{name} is off by {np.abs(rows - alone).max():.6g}")
    return wrong


@pytest.mark.parametrize("form", ["share_of_eligibles", "fills_per_1000", "monthly_fills"])
def test_fifteen_inputs_that_vary_together_equal_single_runs(form):
    scenario = state(form)
    together = evaluate(scenario, {path: np.array(values) for path, values in FIFTEEN.items()})
    singles = [
        evaluate(scenario.with_settings({path: values[case] for path, values in FIFTEEN.items()}))
        for case in range(3)
    ]
    assert together.result.value.shape == (3, 60)
    assert differences(together, singles) == []
    worth = together.result.value.sum(axis=1)
    assert len(set(worth)) == 3


def three_values(register, path: str) -> list[float]:
    """Three values of a path inside its bounds, the one in force among them."""
    entry = register.entries[path]
    low, high = entry.bounds
    now = float(register.number(path).flat[0])
    if np.isnan(now):
        now = low + 0.1 * (high - low)
    if entry.unit in ("months", "quarters", "month"):
        return [now, min(now + 3, high), max(now - 1, low)]
    if now == 0.0:
        return [0.0, 0.01 * high, 0.02 * high]
    return [now, *(min(max(now * factor, low), high) for factor in (0.9, 0.8))]


def with_one(scenario: StateScenario, path: str, value: float):
    """A single run at one value; what is not a setting of its own runs as a single case."""
    own = {*scenario.paths()} - {f"therapy.mix.{product}" for product in scenario.therapy.mix}
    if path in own or path.startswith(("assumptions.", "terms.")):
        return evaluate(scenario.with_settings({path: value}))
    return evaluate(scenario, {path: np.array([value])})


@pytest.mark.parametrize("form", ["share_of_eligibles", "fills_per_1000"])
def test_three_cases_of_any_number_the_engine_reads_equal_three_single_runs(form):
    scenario = state(form)
    register = evaluate(scenario).register
    # Shares of enrollment are a whole, and this state's groups are given in people.
    numbers = [
        path
        for path in sorted(register.read)
        if register.entries[path].kind == "number" and path.rpartition(".")[2] != "share"
    ]
    assert len(numbers) > 80
    wrong = []
    for path in numbers:
        values = three_values(register, path)
        try:
            singles = [with_one(scenario, path, value) for value in values]
            together = evaluate(scenario, {path: np.array(values)})
        except (ValueError, IndexError, RuntimeWarning) as error:
            wrong.append(f"{path} does not run along cases: {error}")
            continue
        found = differences(together, singles)
        wrong += [f"{path} at {values}: {first}" for first in found[:1]]
    assert not wrong, "\n".join(wrong)


def test_a_total_enrollment_spread_in_shares_may_vary_along_cases():
    names = ("children", "disabled", "duals", "medicaid_chip", "separate_chip")
    scenario = load_scenario("state_not_covering").with_settings({
        **{f"groups.{name}.included": False for name in names},
        "groups.base_adults.share": 0.6,
        "groups.expansion_adults.share": 0.4,
        "state.enrollment": 500_000,
    })  # fmt: skip
    people = (200_000.0, 500_000.0, 3_000_000.0)
    singles = [evaluate(scenario.with_settings({"state.enrollment": count})) for count in people]
    together = evaluate(scenario, {"state.enrollment": np.array(people)})
    assert differences(together, singles) == []


def test_the_months_a_state_has_covered_may_vary_along_cases():
    """Any input may vary along the axis of cases (model section 2), this one too."""
    scenario = load_scenario("state_covering").with_settings({"uptake.form": "share_of_eligibles"})
    months = (0.0, 12.0, 24.0)
    singles = [
        evaluate(scenario.with_settings({"state.months_covered": value})).result.value.sum()
        for value in months
    ]
    assert len(set(singles)) == 3
    together = evaluate(scenario, {"state.months_covered": np.array(months)}).result.value
    assert np.broadcast_to(together.sum(axis=1), 3) == pytest.approx(singles, rel=EXACT)


@pytest.mark.parametrize("count", [64, 65, 200])
def test_more_cases_than_are_worked_on_at_once_give_what_each_gives_alone(count):
    scenario = state("share_of_eligibles")
    shares = np.linspace(0.1, 0.6, count)
    prices = np.linspace(150.0, 310.0, count)
    cases = {
        "assumptions.coverage.newly_eligible_share_of_obese": shares,
        "terms.guaranteed_net_price": prices,
    }
    together = evaluate(scenario, cases).result.value
    assert together.shape == (count, 60)
    for case in {0, 63, count - 1}:
        alone = evaluate(
            scenario.with_settings({path: float(values[case]) for path, values in cases.items()})
        )
        assert together[case] == pytest.approx(alone.result.value[0], rel=EXACT, abs=1e-6)


def test_the_order_of_cases_is_irrelevant():
    order = np.array([2, 0, 1])
    scenario = state("fills_per_1000")
    first, second = (
        evaluate(scenario, {path: np.array(values)[pick] for path, values in FIFTEEN.items()})
        for pick in (np.arange(3), order)
    )
    assert first.result.value[order] == pytest.approx(second.result.value, rel=1e-12)
