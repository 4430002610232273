"""Draws of what is uncertain: which values a run rests on, their ranges, and one table of them."""

import math

import numpy as np
import pytest

from calculator import load_assumptions, load_scenario
from calculator.analysis.draws import (
    correlated,
    drawn,
    draws,
    power_of_two,
    quantile,
    uncertain_inputs,
    uniforms,
)
from calculator.decision import evaluate
from calculator.errors import InputError
from calculator.part_d_inputs import build_inputs
from calculator.scenario import scenario_of
from calculator.schema import AssumptionError, Range

MOVERS = "assumptions.selection.movers"
ELASTICITY = "assumptions.selection.premium_semi_elasticity"
INITIATION = "assumptions.uptake.initiation"
ELIGIBLE = "assumptions.uptake.eligible_share"
INDEX = "assumptions.payment.part_d_index"
SPEND = "assumptions.spending.mean_gross"
ENDS = np.array([0.025, 0.975])
SHIPPED = (
    *("pdp_regional", "pdp_national", "mapd", "dsnp", "egwp"),
    *("state_not_covering", "state_covering", "state_ending_coverage"),
)


@pytest.fixture(scope="module")
def plan():
    return load_scenario("pdp_regional")


def by_path(scenario):
    return {one.path: one for one in uncertain_inputs(scenario)}


# ------------------------------------------------------------------------ what is uncertain


def test_only_what_a_run_reads_is_uncertain(plan):
    found = by_path(plan)
    # Read by the market, by claims, by states, or only where members who move are in the value.
    for path in ("market.hurdle", "benefit.month_supply_days", "coverage.initiation"):
        assert f"assumptions.{path}" not in found
    assert MOVERS not in found
    assert MOVERS in by_path(plan.with_settings({"selection.include": True}))
    # Another persistence curve, another plan type's churn, another offset scenario.
    assert "assumptions.offsets.upper_first_year" not in found
    assert "assumptions.persistence.annual_disenrollment_ma" not in found
    assert "assumptions.persistence.annual_disenrollment_ma" in by_path(load_scenario("mapd"))
    state = by_path(load_scenario("state_not_covering"))
    assert "assumptions.coverage.fills_per_1000_q0" in state
    assert "assumptions.spending.mean_gross" not in state


def test_a_range_of_a_year_that_is_not_read_moves_nothing_and_is_left_out(plan):
    """Ozempic's net price is uncertain in 2025 and known from 2027: nothing to draw in 2028."""
    assert "assumptions.drugs.ozempic_net_price" not in by_path(plan)
    prices = by_path(plan)["assumptions.drugs.zepbound_list_price"]
    assert [path for path, _, _ in prices.parts] == [f"{prices.path}.2027_01_01"]


def test_dated_values_of_one_entry_move_together_and_are_not_flattened(plan):
    one = by_path(plan)[INITIATION]
    assert [path[-10:-6] for path, _, _ in one.parts] == ["2028", "2029", "2030", "2031"]
    middle = drawn([one], np.array([[0.5], [0.9]]))
    assert [values[0] for values in middle.values()] == pytest.approx([0.10, 0.103, 0.106, 0.109])
    register = plan.register().with_cases(middle)
    inputs = build_inputs(plan, register, 8)
    assert inputs.population.initiation[0, ::12] == pytest.approx([0.10, 0.103, 0.106, 0.109])
    assert np.all(inputs.population.initiation[1] > inputs.population.initiation[0])


def test_what_grows_from_a_drawn_value_moves_with_it(plan):
    one = by_path(plan)[SPEND]
    assert [path for path, _, _ in one.parts] == [f"{SPEND}.2025_01_01"]
    cases = {one.parts[0][0]: np.array([4559.91, 2.0 * 4559.91])}
    register = plan.register().with_cases(cases)
    yearly = register.yearly(SPEND, (2028, 2031))
    central = plan.register().yearly(SPEND, (2028, 2031))
    assert yearly[0] == pytest.approx(central[0], rel=1e-12)
    assert yearly[1] == pytest.approx(2.0 * central[0], rel=1e-12)


def test_an_index_moves_all_that_is_projected_with_it(plan):
    """Spending grows by the Part D index from 2028: one number, drawn once."""
    one = by_path(plan)[INDEX]
    assert {path for path, _, _ in one.parts} == {
        f"{INDEX}.2027_01_01",
        f"{INDEX}.2028_01_01",
        "assumptions.spending.spending_trend.2028_01_01",
    }
    high = plan.register().with_cases(drawn([one], np.array([[0.5], [0.99]])))
    for path in ("benefit.oop_threshold", "payment.national_average_bid", "spending.mean_gross"):
        low_2031, high_2031 = high.yearly(f"assumptions.{path}", (2031,))[:, 0]
        assert high_2031 > 1.1 * low_2031, path


def test_entries_that_move_with_another_are_one_uncertainty():
    upper = by_path(load_scenario("mapd").with_settings({"therapy.offsets": "upper"}))
    both = upper["assumptions.offsets.upper_first_year"]
    assert len(both.parts) == 2
    assert "assumptions.offsets.upper_limit" not in upper
    state = by_path(load_scenario("state_not_covering"))["assumptions.coverage.fills_per_1000_q0"]
    assert len(state.parts) == 9
    at = state.at(np.array([0.0, 0.3, 1.0]))
    assert all(np.all(np.diff(values) > 0.0) for values in at.values())


def test_a_follower_whose_leader_is_known_stands_for_itself_and_the_others():
    """A user who knows the first quarter leaves the eight later ones uncertain, together."""
    path = "assumptions.coverage.fills_per_1000_q"
    known = load_scenario("state_not_covering").with_settings({f"{path}0": 1.0})
    found = by_path(known)
    assert f"{path}0" not in found
    assert len(found[f"{path}1"].parts) == 8


def test_a_users_own_value_drops_the_range_unless_a_new_one_is_given(plan):
    assert ELIGIBLE not in by_path(plan.with_settings({ELIGIBLE: 0.08}))
    own = {"value": 0.08, "range": {"low": 0.05, "high": 0.12, "dist": "beta"}}
    assert by_path(plan.with_settings({ELIGIBLE: own}))[ELIGIBLE].parts[0][2].high == 0.12


def test_ranges_of_the_scenarios_own_fields(plan):
    spread = {"low": 0.9, "high": 1.15, "dist": "lognormal"}
    own = plan.with_settings({"uncertainty.ranges": {"plan.spend_ratio": spread}})
    one = by_path(own)["plan.spend_ratio"]
    assert one.parts == (("plan.spend_ratio", 1.0, Range(**spread)),)
    assert one.status == "user"
    values = draws(own, 64, 1).of("plan.spend_ratio")
    assert 0.8 < values.min() < 1.0 < values.max() < 1.3
    # What is typed is what loads again, and it is in the fingerprint's record.
    again = scenario_of(own.model_dump(mode="json", exclude_none=True))
    assert again == own
    assert own.register().resolved() != plan.register().resolved()


@pytest.mark.parametrize(
    ("path", "spread", "field", "said"),
    [
        ("plan.spend_ratio", (1.1, 1.3), "uncertainty.ranges.plan.spend_ratio", "holds the value"),
        (INITIATION, (0.2, 0.3), f"uncertainty.ranges.{INITIATION}", "holds the value"),
        ("plan.spend_rato", (0.9, 1.1), "path", "plan.spend_ratio"),
        ("plan.bid", (100, 200), "uncertainty.ranges.plan.bid", "a value of its own"),
        ("terms.mechanism", (0.0, 1.0), "terms.mechanism", "a path with a number"),
    ],
)
def test_a_range_that_cannot_be_is_one_line(plan, path, spread, field, said):
    ranges = {path: {"low": spread[0], "high": spread[1], "dist": "triangular"}}
    with pytest.raises(InputError) as refused:
        plan.with_settings({"uncertainty.ranges": ranges})
    assert refused.value.field == field
    assert said in refused.value.allowed


def test_an_undefined_distribution_is_refused(plan):
    ranges = {"plan.spend_ratio": {"low": 0.9, "high": 1.1, "dist": "gauss"}}
    with pytest.raises(InputError) as refused:
        plan.with_settings({"uncertainty.ranges": ranges})
    assert "beta, lognormal, normal, triangular or uniform" in refused.value.allowed
    changed = {"value": 0.08, "range": {"low": 0.05, "high": 0.12, "dist": "gauss"}}
    with pytest.raises(AssumptionError):
        plan.with_settings({ELIGIBLE: changed})


@pytest.mark.parametrize("value", [None, True])
def test_only_a_number_has_a_range(value):
    path = "assumptions.coverage.conditional_net_price"
    if value is True:
        path = "assumptions.rebates.mfp_sets_best_price"
    spread = {"value": value, "range": {"low": 0.0, "high": 300.0, "dist": "triangular"}}
    state = load_scenario("state_not_covering").with_settings({path: spread})
    with pytest.raises(InputError) as refused:
        uncertain_inputs(state)
    assert refused.value.field == f"{path}.range"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_range_can_be_drawn_within_what_its_entry_may_be(name):
    scenario = load_scenario(name)
    inputs = uncertain_inputs(scenario)
    assert len(inputs) > 40
    register = scenario.register()
    table = draws(scenario, 1024, 1)
    for path, values in table.cases.items():
        assert np.all(np.isfinite(values)), path
        assert np.ptp(values) > 0.0, path
        for end in (values.min(), values.max()):
            register.entries[register.locate(path)[0]].checked(path, float(end))


# ------------------------------------------------------------------------------- quantiles


@pytest.mark.parametrize(
    ("low", "high"), [(0.06, 0.24), (0.001, 0.01), (0.9, 0.99), (0.1, 0.9), (0.49, 0.51)]
)
def test_a_beta_range_is_its_95_percent_interval(low, high):
    spread = Range(low=low, high=high, dist="beta")
    assert quantile(math.nan, spread, ENDS) == pytest.approx([low, high], rel=1e-5)
    many = quantile((low + high) / 2, spread, np.linspace(0.001, 0.999, 999))
    assert np.all(np.diff(many) > 0.0)
    assert many[0] > 0.0
    assert many[-1] < 1.0


@pytest.mark.parametrize(("value", "low", "high"), [(0.08, 0.027, 0.167), (1000, 800, 2400)])
def test_a_lognormal_range_is_its_95_percent_interval_and_its_value_the_median(value, low, high):
    spread = Range(low=low, high=high, dist="lognormal")
    at = np.array([0.025, 0.5, 0.975])
    assert quantile(value, spread, at) == pytest.approx([low, value, high], rel=1e-9)
    # On each side the logarithm is normal: one standard deviation is 1 / 1.96 of the way.
    at = np.array([0.158655254, 0.841344746])
    one = [value * (low / value) ** (1 / 1.959964), value * (high / value) ** (1 / 1.959964)]
    assert quantile(value, spread, at) == pytest.approx(one, rel=1e-6)


def test_a_triangular_range_has_ends_and_its_mode_at_the_value():
    spread = Range(low=0.5, high=1.0, dist="triangular")
    at = np.array([0.0, 0.6, 1.0])
    # Below the mode lies (mode - low) / (high - low) of it.
    assert quantile(0.8, spread, at) == pytest.approx([0.5, 0.8, 1.0])
    # The first half of the triangle, by hand: F = (x - low)^2 / ((high - low) (mode - low)).
    assert quantile(0.8, spread, np.array([0.15])) == pytest.approx([0.5 + math.sqrt(0.15 * 0.15)])
    for mode in (0.5, 1.0):
        assert quantile(mode, spread, np.array([0.0, 1.0])) == pytest.approx([0.5, 1.0])


def test_a_uniform_range_is_even_from_end_to_end():
    spread = Range(low=2.0, high=6.0, dist="uniform")
    at = np.array([0.0, 0.25, 1.0])
    assert quantile(5.0, spread, at) == pytest.approx([2.0, 3.0, 6.0])


@pytest.mark.parametrize("dist", ["beta", "lognormal", "triangular", "uniform"])
def test_a_range_without_width_is_the_value(dist):
    spread = Range(low=0.3, high=0.3, dist=dist)
    assert quantile(0.3, spread, np.linspace(0, 1, 5)).tolist() == [0.3] * 5


def test_a_long_tail_ends_where_the_entry_does(plan):
    """Bridge take-up is lognormal with 95% below 50%; a share of 100% is the most there is."""
    one = by_path(plan)["assumptions.uptake.bridge_initiation"]
    (values,) = one.at(np.array([0.5, 0.975, 1.0 - 1e-9])).values()
    assert values == pytest.approx([0.10, 0.50, 1.0])


@pytest.mark.parametrize(
    ("path", "value", "low", "high", "dist", "said"),
    [
        (ELIGIBLE, 0.5, 0.0, 0.9, "beta", "between 0 and 1"),
        (ELIGIBLE, 0.5, 0.1, 1.0, "beta", "between 0 and 1"),
        (ELASTICITY, 0.1, 0.0, 0.2, "lognormal", "above 0"),
    ],
)
def test_a_range_its_distribution_cannot_have_is_refused(plan, path, value, low, high, dist, said):
    spread = {"value": value, "range": {"low": low, "high": high, "dist": dist}}
    impossible = plan.with_settings({path: spread})
    with pytest.raises(InputError) as refused:
        draws(impossible, 8, 1)
    assert refused.value.field == f"{path}.range"
    assert said in refused.value.allowed
    assert refused.value.given == f"{low:g} to {high:g}"


# ----------------------------------------------------------------------------------- table


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(plan):
    first, again, other = (draws(plan, 64, seed) for seed in (7, 7, 8))
    assert first.quantiles.tobytes() == again.quantiles.tobytes()
    for path, values in first.cases.items():
        assert values.tobytes() == again.cases[path].tobytes()
        assert values.tobytes() != other.cases[path].tobytes()


def test_draws_are_the_quantiles_of_an_even_table(plan):
    """256 points of a Sobol table: each 256th of every column holds one."""
    inputs = uncertain_inputs(plan)
    found = draws(plan, 256, 3, inputs)
    assert np.all(np.sort((found.quantiles * 256).astype(int), axis=0) == np.arange(256)[:, None])


def test_columns_of_many_draws_do_not_move_together(plan):
    inputs = uncertain_inputs(plan)
    table = draws(plan, 4096, 3, inputs).quantiles
    # As many random draws would be apart by 0.06.
    assert np.abs(np.corrcoef(table.T) - np.eye(len(inputs))).max() < 0.03


@pytest.mark.parametrize(("asked", "made"), [(1, 1), (2, 2), (3, 4), (100, 128), (1000, 1024)])
def test_a_count_that_is_no_power_of_two_is_rounded_up(plan, asked, made):
    found = draws(plan, asked, 1)
    assert (found.count, found.asked) == (made, asked)
    assert power_of_two(asked) == made


@pytest.mark.parametrize("count", [0, -4, 2**15 + 1])
def test_a_count_that_cannot_be_drawn_is_refused(plan, count):
    with pytest.raises(InputError) as refused:
        draws(plan, count, 1)
    assert refused.value.field == "draws"


@pytest.mark.parametrize("seed", [-1, 1.5, True])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(InputError) as refused:
        uniforms(8, 2, seed)
    assert refused.value.field == "seed"


def test_nothing_uncertain_leaves_a_table_without_columns(plan):
    assert draws(plan, 8, 1, []).cases == {}
    assert draws(plan, 8, 1, []).count == 8


def test_a_wrong_path_of_a_draw_names_the_nearest(plan):
    with pytest.raises(InputError) as refused:
        draws(plan, 8, 1).of("assumptions.uptake.eligble_share")
    assert ELIGIBLE in refused.value.allowed


# ---------------------------------------------------------------------------- correlations


def ranks(values):
    return np.argsort(np.argsort(values))


def test_rank_correlations_are_reproduced_and_spreads_stay(plan):
    pairs = {INITIATION: {ELIGIBLE: 0.6, "assumptions.uptake.bridge_initiation": -0.4}}
    tied = plan.with_settings({"uncertainty.correlations": pairs})
    free, found = draws(plan, 4096, 1), draws(tied, 4096, 1)
    for path, wanted in pairs[INITIATION].items():
        seen = np.corrcoef(ranks(found.of(INITIATION)), ranks(found.of(path)))[0, 1]
        # Standard error of a rank correlation over 4,096 draws is at most 1 / 64.
        assert seen == pytest.approx(wanted, abs=0.03)
        before = np.quantile(free.of(path), [0.05, 0.5, 0.95])
        assert np.quantile(found.of(path), [0.05, 0.5, 0.95]) == pytest.approx(before, rel=0.05)
    # Two that go with a third, with no number for each other, keep none.
    other = [ranks(found.of(path)) for path in pairs[INITIATION]]
    assert abs(np.corrcoef(*other)[0, 1]) < 0.05
    untouched = "assumptions.spending.zero_share"
    assert found.of(untouched).tobytes() == free.of(untouched).tobytes()


def test_correlations_of_one_move_as_one_and_of_minus_one_against_each_other(plan):
    pairs = {INITIATION: {ELIGIBLE: 1.0}, SPEND: {ELASTICITY: -1.0}}
    found = draws(plan.with_settings({"uncertainty.correlations": pairs}), 256, 1)
    assert ranks(found.of(INITIATION)).tolist() == ranks(found.of(ELIGIBLE)).tolist()
    assert ranks(found.of(SPEND)).tolist() == ranks(-found.of(ELASTICITY)).tolist()


def test_some_inputs_drawn_alone_keep_their_correlations_with_each_other(plan):
    pairs = {INITIATION: {ELIGIBLE: 1.0, SPEND: 1.0}}
    tied = plan.with_settings({"uncertainty.correlations": pairs})
    two = [one for one in uncertain_inputs(tied) if one.path in (INITIATION, ELIGIBLE)]
    found = draws(tied, 64, 1, two)
    assert ranks(found.of(INITIATION)).tolist() == ranks(found.of(ELIGIBLE)).tolist()


def test_a_path_of_a_follower_or_with_a_date_stands_for_its_uncertainty(plan):
    pairs = {"assumptions.spending.spending_trend": {f"{INITIATION}.2029_01_01": 1.0}}
    found = draws(plan.with_settings({"uncertainty.correlations": pairs}), 64, 1)
    assert ranks(found.of(INDEX)).tolist() == ranks(found.of(INITIATION)).tolist()


CIRCLE = {
    INITIATION: {ELIGIBLE: 0.9, ELASTICITY: 0.9},
    ELIGIBLE: {ELASTICITY: -0.9},
}


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ({INITIATION: {ELIGIBLE: 1.2}}, "a number from -1 to 1"),
        ({INITIATION: {ELIGIBLE: 0.5}, ELIGIBLE: {INITIATION: 0.4}}, "same both ways"),
        ({INITIATION: {INITIATION: 0.5}}, "they are one uncertainty"),
        ({INDEX: {"assumptions.spending.spending_trend": 0.0}}, "they are one uncertainty"),
        (CIRCLE, "positive semidefinite"),
        ({"assumptions.uptake.initation": {ELIGIBLE: 0.5}}, INITIATION),
        # A path that is known here, not uncertain.
        ({"plan.members": {ELIGIBLE: 0.5}}, "an uncertain input"),
    ],
)
def test_correlations_that_cannot_be_are_one_line(plan, pairs, said):
    wrong = plan.with_settings({"uncertainty.correlations": pairs})
    with pytest.raises(InputError) as refused:
        draws(wrong, 8, 1)
    assert refused.value.field == "uncertainty.correlations"
    assert said in refused.value.allowed
    assert "\n" not in str(refused.value)


def test_correlations_are_kept_in_the_file_and_the_record(plan, tmp_path):
    pairs = {INITIATION: {ELIGIBLE: 0.6}}
    tied = plan.with_settings({"uncertainty.correlations": pairs})
    file = tmp_path / "tied.yaml"
    file.write_text(tied.to_yaml(), encoding="utf-8")
    again = load_scenario(file)
    assert again == tied
    assert again.uncertainty.correlations == pairs


def test_columns_without_a_correlation_are_left_alone():
    table = uniforms(64, 3, 1)
    assert correlated(table, np.eye(3)) is table
    rank = np.eye(3)
    rank[0, 2] = rank[2, 0] = 0.5
    moved = correlated(table, rank)
    assert moved[:, :2] == pytest.approx(table[:, :2], abs=1e-9)


def test_an_entry_may_only_move_with_one_that_moves_with_none():
    register = load_assumptions()
    for path, entry in register.entries.items():
        if entry.moves_with:
            leader = register.entries[f"assumptions.{entry.moves_with}"]
            assert leader.moves_with is None, path


def test_a_case_for_every_draw_reaches_the_engine(plan):
    found = draws(plan, 8, 1)
    result = evaluate(plan, found.cases, "workbook", draws=8).result
    assert result.value.shape == (8, 4)
    assert len(np.unique(result.value[:, 0])) == 8
