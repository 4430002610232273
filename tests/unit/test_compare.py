"""Which inputs of two scenarios differ, and how much of the gap each explains."""

import pytest

from calculator import decide, load_scenario
from calculator.errors import InputError
from calculator.report import compare, figures_compare
from calculator.report import differences as differing
from calculator.report.compare import Bridge, Column, Step, bridge, bridge_sentence
from calculator.report.differences import Difference, differences
from calculator.scenario import scenario_of

FAST = "workbook"
PLAN = load_scenario("pdp_regional")
STATE = load_scenario("state_not_covering")
MANY = {
    "plan.members": 85_000,
    "terms.package": "illustrative_reinsurance",
    "terms.copay": 35,
    "terms.obesity_capitation.amount.2029_01_01": 25,
    "terms.obesity_capitation.per": "eligible",
    "assumptions.uptake.eligible_share": 0.08,
    "assumptions.persistence.denmark_kappa": 0.9,
    "assumptions.persistence.denmark_scale": 20.0,
    "therapy.mix": {"wegovy": 1.0},
    "therapy.persistence_points": {6: 0.6, 12: 0.4},
    "horizon.end": "2030-12-31",
    "selection.include": True,
}
OTHERS = {
    "many": PLAN.with_settings(MANY),
    "a longer one": PLAN.with_settings({"horizon.start": "2029-01-01"}),
    "an employer plan": load_scenario("egwp"),
    "advantage": load_scenario("mapd"),
}


@pytest.mark.parametrize("name", list(OTHERS))
@pytest.mark.parametrize("turned", [False, True])
def test_the_steps_sum_to_the_gap_and_the_gap_is_the_engines(name, turned):
    pair = (OTHERS[name], PLAN) if turned else (PLAN, OTHERS[name])
    found = bridge(*pair, FAST)
    values = [decide(one, resolution=FAST).value for one in pair]
    assert found.first == values[0].total
    assert found.second == values[1].total
    scale = max(abs(found.first), abs(found.second), 1.0)
    assert sum(step.total for step in found.steps) == pytest.approx(found.gap, abs=1e-9 * scale)
    per_month = found.second_pmpm - found.first_pmpm
    assert sum(step.pmpm for step in found.steps) == pytest.approx(per_month, abs=1e-9)
    assert found.second_pmpm == pytest.approx(values[1].pmpm, abs=1e-12)
    if found.together is not None:
        alone = sum(step.alone for step in found.steps)
        assert alone + found.together == pytest.approx(found.gap, abs=1e-9 * scale)


def test_states_are_compared_too():
    other = load_scenario("state_ending_coverage").with_settings({"groups.duals.included": True})
    found = bridge(STATE, other)
    assert sum(step.total for step in found.steps) == pytest.approx(found.gap, abs=1e-3)
    stance = next(step for step in found.steps if step.label == "Obesity use today")
    assert {one.path for one in stance.inputs} == {
        *("state.stance", "state.coverage_ends", "state.months_covered"),
    }


def test_what_differs_is_listed_with_both_values_and_statuses():
    found = {one.path: one for one in differences(PLAN, OTHERS["many"])}
    assert set(found) == {
        *(path for path in MANY if not path.startswith("terms.obesity")),
        "terms.obesity_capitation.amount",
        "terms.obesity_capitation.per",
    }
    members = found["plan.members"]
    assert (members.first, members.second) == ("40,000 people", "85,000 people")
    share = found["assumptions.uptake.eligible_share"]
    assert (share.first_status, share.second_status) == ("derived", "user")
    assert found["therapy.persistence_points"].first == differing.MISSING
    assert found["terms.package"].second.startswith("Illustrative")


def test_inputs_that_only_make_sense_together_change_together():
    groups = {one.path: one.group for one in differences(PLAN, OTHERS["many"])}
    assert groups["terms.obesity_capitation.amount"] == groups["terms.obesity_capitation.per"]
    curve = "assumptions.persistence.denmark"
    assert groups[f"{curve}_kappa"] == groups[f"{curve}_scale"] == curve
    assert groups["plan.members"] == "plan.members"


def test_what_both_give_alike_does_not_differ():
    copay = float(PLAN.register().number("terms.copay")[0])
    same = PLAN.with_settings({"terms.copay": copay})
    assert differences(PLAN, same) == []
    assert bridge(PLAN, same, FAST).steps == ()
    named = PLAN.model_copy(update={"name": "another", "label": "Another"})
    assert differences(PLAN, named) == []
    assert "same inputs" in bridge_sentence(bridge(PLAN, named, FAST), "a", "b")


def test_a_change_taken_back_is_a_difference_in_the_other_direction():
    forth = bridge(PLAN, OTHERS["many"], FAST)
    back = bridge(OTHERS["many"], PLAN, FAST)
    assert back.gap == pytest.approx(-forth.gap, rel=1e-12)
    assert {one.path for step in back.steps for one in step.inputs} == {
        one.path for step in forth.steps for one in step.inputs
    }


def test_one_input_is_the_whole_gap_and_does_the_same_alone():
    found = bridge(PLAN, PLAN.with_settings({"terms.copay": 25}), FAST)
    (step,) = found.steps
    assert step.total == step.alone == found.gap
    assert found.together == 0.0
    assert bridge_sentence(found, "A", "B").endswith("all of it by one input: Member copay.")


def test_a_step_is_the_run_that_it_says(monkeypatch):
    other = PLAN.with_settings({"plan.members": 50_000, "terms.copay": 25})
    first, second = bridge(PLAN, other, FAST).steps
    alone = decide(PLAN.with_settings({"plan.members": 50_000}), resolution=FAST).value.total
    start = decide(PLAN, resolution=FAST).value.total
    assert first.total == pytest.approx(alone - start, abs=1e-6)
    copay = decide(PLAN.with_settings({"terms.copay": 25}), resolution=FAST).value.total
    assert second.alone == pytest.approx(copay - start, abs=1e-6)


def test_an_input_that_no_run_can_have_alone_changes_with_the_next(monkeypatch):
    other = PLAN.with_settings({"plan.members": 50_000, "terms.copay": 25})
    true = compare._worth

    def refuses(scenario, resolution):
        if scenario.plan.members == 50_000 and float(scenario.terms.get("copay", 50)) != 25:
            raise InputError("plan.members", "not these alone", "these")
        return true(scenario, resolution)

    monkeypatch.setattr(compare, "_worth", refuses)
    found = bridge(PLAN, other, FAST)
    (step,) = found.steps
    assert [one.path for one in step.inputs] == ["plan.members", "terms.copay"]
    assert step.total == found.gap
    assert step.label == "Members and 1 more"


def test_more_inputs_than_steps_end_in_one_step_together(monkeypatch):
    monkeypatch.setattr(compare, "MOST_STEPS", 3)
    found = bridge(PLAN, OTHERS["many"], FAST)
    assert len(found.steps) == 3
    assert found.steps[-1].label.endswith("more inputs, together")
    assert sum(step.total for step in found.steps) == pytest.approx(found.gap, abs=1e-6)


def test_values_observed_in_own_data_move_as_values():
    source = f"claims sha256:{'ab' * 32}"
    data = PLAN.plain()
    data["plan"]["members"] = 50_000
    data["assumptions"] = {
        "uptake": {"eligible_share": {"value": 0.08, "status": "observed", "source": source}}
    }
    data["observed"] = {"source": source, "title": "Own claims", "paths": ["plan.members"]}
    seen = scenario_of(data)
    found = bridge(PLAN, seen, FAST)
    assert len(found.steps) == 2
    assert {one.second_status for step in found.steps for one in step.inputs} == {"observed"}
    bridge(seen, PLAN, FAST)


def test_two_programs_are_refused():
    with pytest.raises(InputError, match="two scenarios of one program: both Part D"):
        bridge(PLAN, STATE, FAST)


def test_the_order_is_stable_and_starts_with_the_payer():
    paths = [one.path for one in differences(PLAN, OTHERS["many"])]
    assert paths == [one.path for one in differences(PLAN, OTHERS["many"])]
    tops = [path.split(".")[0] for path in paths]
    assert tops == sorted(tops, key=differing.ORDER.index)


# ------------------------------------------------------------------------------- words and pictures


def test_a_column_says_what_the_decision_says():
    for scenario in (PLAN, STATE):
        decision = decide(scenario, resolution=FAST)
        one = compare.column("x", decision, 200.0)
        assert one.total == decision.value.total
        assert sum(one.by_period.values()) == pytest.approx(one.total, rel=1e-12)
        assert (one.premium is None) == (scenario is STATE)
        assert (one.state is None) == (scenario is PLAN)
        if scenario is STATE:
            assert one.state == pytest.approx(-one.total, rel=1e-12)


def test_the_ranking_names_the_best_and_the_worst():
    columns = [
        compare.column(name, decide(scenario, resolution=FAST), None)
        for name, scenario in (
            ("base", PLAN),
            ("cheap", PLAN.with_settings({"terms.guaranteed_net_price": 150})),
        )
    ]
    said = compare.ranking(columns)
    assert said.startswith("Joining pays in 1 of 2; it is worth most in “cheap”")
    assert "least in “base”" in said
    assert "the same in all 2" in compare.ranking([columns[0], columns[0]])


ONE = Difference("plan.members", "Members", "plan.members", "1", "2", "user", "user")


def made(*totals, first=100.0, inputs=1):
    steps = tuple(
        Step(f"s{n}", (ONE,) * inputs, usd, usd / 10, usd) for n, usd in enumerate(totals)
    )
    return Bridge(first, first + sum(totals), 1.0, 1.0, steps)


def test_the_picture_walks_from_one_to_the_other():
    found = made(50_000.0, 0.1, -20_000.0)
    rows = figures_compare.bridge_rows(found, "A", "<B>")
    assert [row.label for row in rows] == ["A", "s0", "s2", "<B>"]
    assert rows[1].start == rows[0].end
    assert rows[-1].end == pytest.approx(rows[2].end, abs=1.0)
    for theme in ("light", "dark"):
        figure = figures_compare.rows_figure(rows, "Value of joining, USD", theme)
        assert len(figure.data) == len(rows)
        texts = [note.text for note in figure.layout.annotations]
        assert "<b>&lt;B></b>" in texts
        assert "+$50,000" in texts
    assert "s0: +$50,000" in figures_compare.rows_alt(rows, "x")


def test_the_title_names_the_largest_step_and_its_sign():
    said = bridge_sentence(made(50_000.0, -80_000.0), "A", "B")
    assert said.startswith("Joining is worth $30,000 less in “B” than in “A”")
    assert said.endswith("most by s1, which takes $80,000.")
    assert "though 2 inputs differ" in bridge_sentence(made(5.0, -5.0), "A", "B")


def test_years_are_drawn_with_their_sign():
    one = compare.column("x", decide(STATE), None)
    assert figures_compare.years_title(one) == "Joining pays in 1 of 6 years."
    figure = figures_compare.years_figure(one, "light")
    assert list(figure.data[0].y) == list(one.by_period.values())
    assert len(figure.layout.annotations) == 6
    assert "2027 +$" in figures_compare.years_alt(one)


# --------------------------------------------------------------- what a sentence must not get wrong


def test_a_lever_set_back_to_what_it_was_on_the_other_package_moves_nothing():
    """One package pays for obesity, the other does not: taken back by hand, nothing is paid."""
    second = PLAN.with_settings(
        {
            "plan.members": 50_000,
            "terms.package": "illustrative_capitation",
            "terms.obesity_capitation.amount": 0,
            "selection.include": True,
        }
    )
    found = {step.inputs[0].path: step for step in bridge(PLAN, second, FAST).steps}
    assert set(found) == {"plan.members", "terms.package", "selection.include"}
    assert found["terms.package"].total == pytest.approx(0.0, abs=1e-6)
    assert found["terms.package"].alone == pytest.approx(0.0, abs=1e-6)


def test_a_lever_that_lies_on_another_package_moves_with_it():
    second = PLAN.with_settings({"terms.package": "illustrative_reinsurance", "terms.copay": 40})
    (step,) = bridge(PLAN, second, FAST).steps
    assert step.label == "Terms package and its levers"
    assert {one.path for one in step.inputs} == {"terms.package", "terms.copay"}


def test_what_pushes_the_other_way_is_not_what_explains_most():
    said = bridge_sentence(made(30_000.0, 40_000.0, -60_000.0), "A", "B")
    assert "$10,000 more" in said
    assert said.endswith("; most by s1, which adds $40,000, while s2 takes $60,000.")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (made(50_000.0), "$50,000 more in “B” than in “A”, all of it by one input: s0."),
        (made(50_000.0, inputs=3), "all of it by 3 inputs together: s0."),
        (made(1.0, 0.4), "most by s0, which adds $1.00."),
        (made(-0.4, -0.4), "$0.80 less in “B” than in “A”, in steps of less than $0.50 each."),
        (made(0.4, 0.4, 0.4, -0.6), "in steps of less than $0.50 each."),
        (made(80.0, 80.2), "most by s1 and s0, of which each adds $80.20."),
    ],
)
def test_the_title_is_true_in_every_case(found, said):
    assert bridge_sentence(found, "A", "B").endswith(said)


def test_a_value_that_goes_and_comes_back_is_said_with_its_dates():
    path = "terms.copay"
    back = PLAN.with_settings({f"{path}.2029_01_01": 25, f"{path}.2030_01_01": 50})
    (one,) = differences(PLAN, back)
    assert one.second == "$50 a fill, $25 a fill from 2029, $50 a fill from 2030"
    early, late = (PLAN.with_settings({f"{path}.{year}_01_01": 25}) for year in (2029, 2030))
    (one,) = differences(early, late)
    assert (one.first, one.second) == (
        "$50 a fill, $25 a fill from 2029", "$50 a fill, $25 a fill from 2030",
    )  # fmt: skip


def test_a_tie_has_no_winner():
    def worth(name, total):
        nothing = dict.fromkeys(("premium", "state", "federal", "breakeven"))
        return Column(name, "part_d", "", total, 0.0, 0.0, {}, 0.0, **nothing)

    said = compare.ranking([worth("a", 5e4), worth("b", 5e4), worth("c", -1e3)])
    assert "most in “a” and “b”, $50,000, and least in “c”" in said
