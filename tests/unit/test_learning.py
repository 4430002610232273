"""What is worth finding out, from the engine's draws: paths against plain runs, and the ranking."""

import json

import numpy as np
import pytest

from calculator import load_scenario
from calculator.analysis import information, learning
from calculator.analysis.draws import draws
from calculator.analysis.learning import a_year_later, information_dict, information_of
from calculator.decision import evaluate
from calculator.errors import InputError
from calculator.report import uncertainty as report

COARSE = "workbook"
KINDS = ("pdp_regional", "egwp", "state_not_covering", "state_covering")


def settled(name, count=64):
    scenario = load_scenario(name)
    table = draws(scenario, count, 3)
    return scenario, table, learning._world(scenario, table, 1e5, COARSE)


def one_draw(scenario, table, row):
    """A plain run of one draw: known when its bid is filed."""
    cases = {path: values[[row]] for path, values in table.cases.items()}
    return evaluate(scenario, cases, COARSE).result.value[0]


@pytest.fixture(scope="module")
def found():
    return {name: information_of(load_scenario(name), 128, 1, resolution=COARSE) for name in KINDS}


@pytest.mark.parametrize("name", ["pdp_regional", "state_not_covering"])
def test_whoever_knows_everything_bids_as_in_a_plain_run(name):
    scenario, table, world = settled(name)
    paths = world.paths(lambda cost: cost, everything=True)
    later = a_year_later(scenario)
    year = 12 if name.startswith("state") else 1
    for row in (0, 17, 63):
        plain = one_draw(scenario, table, row)
        scale = np.abs(plain).sum()
        assert paths.first[row] == pytest.approx(plain[:year].sum(), abs=2e-3 * scale)
        assert paths.later[row] == pytest.approx(plain[year:].sum(), abs=2e-3 * scale)
        plain = one_draw(later, table, row)
        scale = np.abs(plain).sum()
        assert paths.entering[row] == pytest.approx(plain.sum(), abs=2e-3 * scale)


def test_a_bid_that_knows_nothing_is_priced_at_the_mean_of_the_draws():
    scenario, table, world = settled("pdp_regional")
    value = evaluate(
        scenario, table.cases, COARSE, draws=table.count, interpolate=True
    ).result.value
    paths = world.paths(None)
    assert paths.committed == pytest.approx(value.sum(axis=1))
    mean = world.paths(lambda cost: np.broadcast_to(cost.mean(axis=0), cost.shape))
    assert mean.committed == pytest.approx(paths.committed)


def test_what_is_learned_and_priced_leaves_less_to_choose_by():
    """Full pricing of a known cost takes it out of the value; an unknown one stays in it."""
    scenario = load_scenario("pdp_regional").with_settings({"assumptions.payment.priced_share": 1})
    table = draws(scenario, 128, 3)
    world = learning._world(scenario, table, 1e5, COARSE)
    unknown, known = (
        paths.first.std()
        for paths in (world.paths(None), world.paths(lambda cost: cost, everything=True))
    )
    assert known < 0.5 * unknown


def test_a_year_later_is_the_same_payer_a_year_on():
    plan = load_scenario("pdp_regional").with_settings({"plan.member_trend": 0.1})
    later = a_year_later(plan)
    assert later.plan.members == pytest.approx(44_000)
    assert later.horizon.start.isoformat() == "2029-01-01"
    state = load_scenario("state_covering").with_settings({"state.enrollment": 2e6})
    later = a_year_later(state)
    first = evaluate(state, resolution=COARSE).months[0]
    assert later.horizon.start == first.replace(year=first.year + 1)
    assert later.state.months_covered == state.state.months_covered + 12
    trend = float(state.register().number("assumptions.coverage.enrollment_trend")[0])
    assert later.state.enrollment == pytest.approx(2e6 * (1 + trend))
    assert a_year_later(plan.with_settings({"horizon.start": "2031-01-01"})) is None


def test_before_they_are_held_to_it_estimates_lie_within_their_error_of_perfect_information():
    _, table, world = settled("pdp_regional", 256)
    paths = world.paths(None)
    most = information.evpi(paths.committed)
    for column in range(len(table.inputs)):
        found = information.evppi(paths.committed, table.quantiles[:, column])
        assert -3.0 * found.error <= found.value <= most + 3.0 * found.error


@pytest.mark.parametrize("count", [1, 32])
def test_too_few_draws_are_refused(count):
    with pytest.raises(InputError, match="a number from 64 up"):
        information_of(load_scenario("pdp_regional"), count, 1)


def test_a_drawn_number_of_the_first_month_moves_on_with_its_drawn_trend():
    near = {"low": 39_960, "high": 40_040, "dist": "uniform"}
    trend = {"low": 0.0, "high": 0.1, "dist": "uniform"}
    scenario = load_scenario("pdp_regional").with_settings(
        {
            "plan.member_trend": 0.02,
            "uncertainty.ranges": {"plan.members": near, "plan.member_trend": trend},
        }
    )
    table = draws(scenario, 16, 1)
    world = learning._world(scenario, table, 1e5, COARSE)
    assert np.ptp(world.now.inputs.members[:, 1]) > 1_000
    assert world.later.inputs.members[:, 0] == pytest.approx(world.now.inputs.members[:, 1])


def test_a_states_months_of_coverage_move_on_within_their_range():
    spread = {"low": 0, "high": 30, "dist": "triangular"}
    scenario = load_scenario("state_covering").with_settings(
        {"uncertainty.ranges": {"state.months_covered": spread}}
    )
    one = information_of(scenario, 64, 1)
    assert "state.months_covered" in [found.path for found in one.inputs]


def test_a_plans_own_bid_has_moved_with_the_average_a_year_later():
    scenario = load_scenario("pdp_regional").with_settings({"plan.bid": 300.0})
    table = draws(scenario, 16, 1)
    world = learning._world(scenario, table, 1e5, COARSE)
    assert world.later.inputs.bid == pytest.approx(world.now.inputs.bid[:, 1:])


@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_below_zero_or_above_perfect_information(found, name):
    one = found[name]
    for case in ("committed", "with_exit", "after", "as_filed"):
        most = getattr(one.perfect, case)
        assert most >= 0.0
        for learned in one.inputs:
            assert 0.0 <= getattr(learned, case).value <= most, (case, learned.path)
            assert getattr(learned, case).error >= 0.0
    worths = [learned.with_exit.value for learned in one.inputs]
    assert worths == sorted(worths, reverse=True)
    assert one.now.value >= max(one.mean, 0.0) - 1e-6 * abs(one.mean)


def test_what_a_payer_chooses_is_not_to_be_found_out(found):
    paths = {learned.path for learned in found["pdp_regional"].inputs}
    assert not paths & set(learning.CHOSEN)
    assert "assumptions.uptake.initiation" in paths


@pytest.mark.parametrize("name", ["egwp", "state_not_covering"])
def test_without_a_bid_nothing_is_priced(found, name):
    one = found[name]
    assert not one.has_bid
    assert one.perfect.committed == one.perfect.as_filed
    for learned in one.inputs:
        assert learned.committed == learned.as_filed


def test_in_the_last_year_nobody_can_leave_or_wait():
    scenario = load_scenario("egwp").with_settings({"horizon.start": "2031-01-01"})
    one = information_of(scenario, 64, 1, resolution=COARSE)
    assert not one.can_wait
    assert one.now.wait is None
    assert one.perfect.with_exit == pytest.approx(one.perfect.committed)
    assert one.perfect.after == 0.0
    for learned in one.inputs:
        assert learned.with_exit.value == pytest.approx(learned.committed.value)


def test_exit_dearer_than_any_loss_is_never_used():
    scenario = load_scenario("pdp_regional")
    one = information_of(scenario, 64, 1, exit_cost=1e12, resolution=COARSE)
    assert one.now.join == pytest.approx(one.mean)
    assert one.perfect.after == 0.0
    assert {learned.after.value for learned in one.inputs} == {0.0}
    free = information_of(scenario, 64, 1, exit_cost=0.0, resolution=COARSE)
    assert free.now.join > one.now.join


def test_the_same_seed_gives_the_same_answer():
    scenario = load_scenario("state_not_covering")
    first, again, other = (
        json.dumps(information_dict(information_of(scenario, 64, seed))) for seed in (5, 5, 6)
    )
    assert first == again
    assert first != other


def test_draws_are_rounded_up_and_said():
    one = information_of(load_scenario("state_covering"), 50, 1)
    assert (one.draws, one.asked) == (64, 50)
    assert "64 draws (50 asked for), seed 1" in report.information_text(one)


@pytest.mark.parametrize("cost", [-1.0, float("inf"), float("nan")])
def test_an_exit_cost_that_cannot_be_is_one_line(cost):
    with pytest.raises(InputError) as refused:
        information_of(load_scenario("state_covering"), 8, 1, exit_cost=cost)
    assert "--exit-cost" in str(refused.value)


@pytest.mark.parametrize("name", KINDS)
def test_the_words_say_what_the_numbers_are(found, name):
    one = found[name]
    sentence, text = report.information_sentence(one), report.information_text(one)
    assert "Everything" in text
    assert f"{one.draws:,} draws, seed 1" in text
    word = {"join": "joining", "wait": "waiting a year", "stay_out": "staying out"}[one.now.choice]
    assert f"Today {word} is best" in sentence
    assert ("the bid" in text.replace(" its bid", "")) == one.has_bid
    if one.perfect.with_exit == 0.0:
        assert sentence.startswith("Nothing is worth learning")
    data = json.loads(json.dumps(information_dict(one), allow_nan=False))
    assert data["evpi"]["with_exit"]["usd"] == one.perfect.with_exit
    assert data["inputs"][0]["with_exit"]["pmpm"] == one.pmpm(one.inputs[0].with_exit.value)


def test_the_committed_value_of_information_is_the_pure_functions(found):
    scenario, _, world = settled("egwp", 128)
    paths = world.paths(None)
    one = information_of(scenario, 128, 3, exit_cost=1e5, resolution=COARSE)
    assert one.perfect.committed == pytest.approx(information.evpi(paths.committed))
    assert one.now == information.best(paths)


def test_progress_rises_to_the_end_and_may_stop_it():
    told = []
    scenario = load_scenario("egwp")
    information_of(
        scenario, 64, 1, resolution=COARSE, progress=lambda done, count: told.append((done, count))
    )
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    assert len({count for _, count in told}) == 1

    def stop(done, count):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        information_of(scenario, 64, 1, resolution=COARSE, progress=stop)


@pytest.mark.parametrize(("name", "cost"), [("mapd", 1e5), ("state_covering", 5e5)])
def test_with_exit_the_regression_agrees_with_means_over_sixteen_slices(name, cost):
    """No regression on what is learned: the best choice by the mean of each slice of draws."""
    scenario = load_scenario(name)
    table = draws(scenario, 1024, 2)
    paths = learning._world(scenario, table, cost, COARSE).paths(None)
    now = information.best(paths).value
    gaps = []
    for column in range(len(table.inputs)):
        drawn = table.quantiles[:, column]
        found = information.exit_evppi(paths, drawn)
        plan = information._plan(paths, drawn)
        order = np.argsort(drawn).reshape(16, -1)
        by_slice = [plan.join[order].mean(axis=1), plan.wait[order].mean(axis=1), np.zeros(16)]
        sliced = np.max(by_slice, axis=0).mean() - now
        gaps.append((found.value - max(sliced, 0.0)) / (found.error + 0.002 * abs(now) + 1e3))
    # Slices see what chance makes of a mean, so a few lie above.
    assert np.mean(np.abs(gaps) < 2.0) > 0.9
    assert max(map(abs, gaps)) < 5.0
