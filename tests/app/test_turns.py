"""Where one input alone turns the answer, and which numbers are marked."""

import dataclasses
import datetime as dt

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.analysis.sensitivity import breakeven
from calculator.analysis.state_turns import breakeven_load, breakeven_own_rebate, breakeven_use
from calculator.assumptions import load_tree
from calculator.model import medicaid
from calculator.report import state
from calculator.report.marks import days_of, marks
from calculator.report.turns import NAMES, PLAN_ORDER, lead, plan_turns, state_turns
from calculator.report.verdict import CAPITATION, NET_PRICE, REINSURANCE, UPTAKE, verdict
from calculator.ui.form import offered


def case(name, **settings):
    paths = {path.replace("__", "."): value for path, value in settings.items()}
    return decide(load_scenario(name).with_settings(paths))


def turns_of(decision):
    found = marks(decision, days_of(decision))
    if decision.scenario.program == "medicaid":
        return {turn.name: turn for turn in state_turns(decision, found)}
    said = verdict(decision).breakevens
    return {turn.name: turn for turn in plan_turns(decision, said, found)}


# ------------------------------------------------------------------------------------------ plans


@pytest.mark.parametrize("name", offered("part_d"))
def test_each_of_the_four_says_where_it_turns_or_that_it_does_not(name):
    decision = case(name)
    found = verdict(decision).breakevens
    turns = turns_of(decision)
    assert list(turns) == [NAMES[path] for path in PLAN_ORDER]
    for path in PLAN_ORDER:
        turn = turns[NAMES[path]]
        assert turn.turns == (found[path].root is not None)
        assert turn.answer.startswith("pays " if turn.turns else "nothing from ")


def test_on_the_named_side_of_a_turn_joining_pays_and_on_the_other_not():
    decision = case("pdp_regional")
    found = verdict(decision).breakevens
    for path in (NET_PRICE, UPTAKE, CAPITATION, REINSURANCE):
        root, below = found[path].root, found[path].pays_below
        values = [
            decide(decision.scenario.with_settings({path: root * by})).value.pmpm
            for by in (0.98, 1.02)
        ]
        assert (values[0] > 0.0) == below
        assert (values[1] > 0.0) == (not below)


def test_todays_value_stands_beside_it_with_its_mark():
    turns = turns_of(case("pdp_regional"))
    assert turns["Guaranteed net price"].today == "$245 a fill"
    assert turns["Guaranteed net price"].marks == ()
    assert turns["Obesity capitation"].today == "$0 a month per treated member"
    assert turns["Obesity capitation"].marks == ("not published",)
    assert turns["Eligible members"].today == "6.9% of members"
    own = turns_of(case("pdp_regional", terms__guaranteed_net_price=200))
    assert own["Guaranteed net price"].today == "$200 a fill"
    assert own["Guaranteed net price"].marks == ("changed",)
    example = turns_of(case("pdp_regional", terms__package="illustrative_reinsurance"))
    assert example["Extra reinsurance"].marks == ("illustrative",)


def test_an_input_that_moves_nothing_says_so():
    nobody = case(
        "pdp_regional",
        assumptions__uptake__initiation=0,
        assumptions__uptake__bridge_initiation=0,
        terms__existing_users="none",
    )
    turns = turns_of(nobody)
    assert turns["Extra reinsurance"].answer in ("moves nothing here", "not used in this run")
    assert not any(turn.turns for turn in turns.values())


def test_the_words_before_the_turns_end_in_what_they_would_do():
    turns = tuple(turns_of(case("pdp_regional")).values())
    verbs = ("pay", "stop paying")
    assert lead(turns, -0.5, verbs) == "What alone would make it pay:"
    assert lead(turns, 0.5, verbs) == "What alone would make it stop paying:"
    assert lead(turns, 0.0, verbs) == "Where each of these alone would turn it:"
    none = tuple(dataclasses.replace(turn, turns=False) for turn in turns)
    assert lead(none, -0.5, verbs) == "Nothing of this alone would make it pay:"


# ----------------------------------------------------------------------------------------- states


@pytest.mark.parametrize("form", ["fills_per_1000", "share_of_eligibles"])
def test_at_the_use_that_turns_it_joining_is_worth_nothing(form):
    inputs = case("state_not_covering", uptake__form=form).evaluation.inputs
    found = breakeven_use(inputs)
    assert 0.0 < found.root < 1.0
    assert found.pays_below
    scaled = dataclasses.replace(
        inputs,
        join=dataclasses.replace(
            inputs.join,
            initiation=inputs.join.initiation * found.root,
            fills=None if inputs.join.fills is None else inputs.join.fills * found.root,
        ),
    )
    worth = float(medicaid.run(scaled).value.sum())
    assert abs(worth) < 0.01 * abs(float(medicaid.run(inputs).value.sum()))


def test_the_load_of_plans_at_todays_value_is_todays_result():
    decision = case("state_not_covering")
    inputs = decision.evaluation.inputs
    own = float(inputs.capitation_load[0])
    at_today = breakeven_load(inputs, (own, 0.9))
    assert at_today.value_at_low == pytest.approx(decision.value.pmpm)
    assert at_today.root is None
    assert at_today.value_at_high < at_today.value_at_low


def test_a_states_own_rebate_turns_where_the_general_break_even_says():
    scenario = load_scenario("state_not_covering")
    path = "assumptions.rebates.own_supplemental_share"
    found, wanted = breakeven_own_rebate(scenario, (0.0, 1.0)), breakeven(scenario, path)
    assert found.root == pytest.approx(wanted.root, abs=1e-3)
    assert found.pays_below == wanted.pays_below
    assert found.value_at_high == pytest.approx(wanted.value_at_high)


def test_what_a_states_turns_are():
    plain = turns_of(case("state_not_covering"))
    assert list(plain) == ["Guaranteed net price", "Use of the drugs", "Capitation load of plans"]
    assert plain["Guaranteed net price"].answer == "saves below $156 a fill"
    assert plain["Use of the drugs"].answer.endswith("% of it")
    assert plain["Capitation load of plans"].answer == "nothing from 0% to 90% turns it"
    covering = turns_of(case("state_covering"))
    # The net prices of today hold a rebate, though the share beside them is 0.
    assert covering["Own supplemental rebate"].today == "17% of the ingredient cost"
    assert not covering["Use of the drugs"].turns
    # Without managed care before and after, its load moves nothing and is left out.
    assert "Capitation load of plans" not in covering


def test_a_state_that_does_not_join_has_its_turns_too():
    turns = turns_of(case("state_not_covering", assumptions__coverage__conditional_net_price=200))
    assert turns["Use of the drugs"].answer == "moves nothing here"
    assert turns["Guaranteed net price"].answer == "saves below $156 a fill"
    assert (
        turns_of(case("state_not_covering", assumptions__coverage__conditional_net_price=120))[
            "Guaranteed net price"
        ].answer
        == "saves up to $120 a fill, the state's condition"
    )


# ------------------------------------------------------------------------------------------ marks


def test_marks_come_from_what_feeds_a_number():
    decision = case("pdp_regional")
    found = marks(decision, days_of(decision))
    assert found.of() == ("not published", "projected")
    assert found.of("assumptions.benefit") == ("projected",)
    assert found.of("assumptions.uptake") == ()
    assert found.of("terms.extra_reinsurance") == ("not published",)
    assert found.of("no.such.path") == ()


def test_a_published_year_is_not_projected():
    decision = case("pdp_regional", horizon__start="2027-01-01")
    found = marks(decision, days_of(decision))
    threshold = "assumptions.benefit.oop_threshold"
    assert found.of(threshold, days=[dt.date(2027, 1, 1)]) == ()
    assert found.of(threshold, days=[dt.date(2028, 1, 1)]) == ("projected",)


def test_a_changed_field_or_assumption_is_marked_and_what_hangs_above_it():
    decision = case("pdp_regional", plan__members=55_000, terms__copay__2029_01_01=40)
    found = marks(decision, days_of(decision))
    assert found.of("plan.members") == ("changed",)
    assert found.of("terms.copay") == ("changed",)
    assert found.of("plan.lis_share") == ()
    assert found.of() == ("not published", "projected", "changed")


@pytest.mark.parametrize("package", load_tree().terms)
def test_no_package_hides_that_its_numbers_are_nobodys(package):
    decision = case("pdp_regional", terms__package=package)
    found = marks(decision, days_of(decision))
    wanted = "illustrative" if package.startswith("illustrative") else "not published"
    assert wanted in found.of("terms")


def test_days_of_a_state_are_the_first_of_each_fiscal_year():
    decision = case("state_not_covering")
    days = days_of(decision)
    assert len(days) == len(decision.periods)
    assert days[0] == decision.evaluation.months[0]
    assert all(day.month == decision.first_month for day in days[1:])
    assert np.all(np.diff([day.toordinal() for day in days]) > 0)


def test_a_states_own_net_price_leaves_its_own_rebate_out():
    assert "Own supplemental rebate" in turns_of(case("state_covering"))
    own = case("state_covering", state__own_net_price=60)
    assert "Own supplemental rebate" not in turns_of(own)


def test_a_condition_is_said_to_the_cent():
    own = case("state_covering", assumptions__coverage__conditional_net_price=244.6)
    said = state.verdict(own)
    assert "above the $244.60 a fill" in said
    assert "at most $244.60 a fill" in said
    assert "$245" not in said


def test_all_of_a_value_that_comes_of_uses_today_is_said_so():
    said = state.opening(case("state_covering", state__own_net_price=60))
    assert "All of it comes from GLP-1 drugs covered today" in said
    assert "$0.00" not in said
