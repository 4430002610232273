"""What is changed or illustrative is marked at each cause that it moves, and at no other."""

import datetime as dt

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.decision import evaluate
from calculator.report.cause_feeds import PEOPLE, by_cause, causes_of
from calculator.report.marks import days_of, marks

SHIPPED = (
    ("pdp_regional", "plan.bid", 120.0),
    ("pdp_regional", "assumptions.payment.priced_share", 0.9),
    ("pdp_regional", "selection.include", True),
    ("pdp_regional", "terms.guaranteed_net_price", 200.0),
    ("pdp_regional", "terms.existing_users", "broad"),
    ("pdp_regional", "assumptions.drugs.mounjaro_net_price", 150.0),
    ("pdp_regional", "therapy.mix", {"wegovy": 1.0}),
    ("egwp", "assumptions.uptake.eligible_share", 0.2),
    ("mapd", "plan.retained_share", 0.5),
    ("state_not_covering", "assumptions.coverage.fills_per_1000_q3", 2.0),
    ("state_not_covering", "assumptions.coverage.capitation_load", 0.08),
    ("state_not_covering", "state.fmap", 0.7),
    ("state_covering", "state.stance", "not_covering"),
    ("state_covering", "assumptions.rebates.own_supplemental_share", 0.1),
)


def fed(scenario):
    decision = decide(scenario)
    return causes_of(decision, marks(decision, days_of(decision))).fed


@pytest.mark.parametrize(("name", "path", "value"), SHIPPED)
def test_a_change_is_said_at_the_causes_that_are_other_than_without_it(name, path, value):
    shipped = load_scenario(name)
    changed = shipped.with_settings({path: value})
    found = {cause for cause, paths in fed(changed).items() if paths}
    both = [by_cause(evaluate(one)) for one in (shipped, changed)]
    wanted = set()
    for before, after in zip(*both, strict=True):
        for cause in {*before, *after}:
            pair = [np.sum(branch.get(cause, np.zeros((1, 1)))[:1]) for branch in (before, after)]
            if pair[0] != pytest.approx(pair[1], rel=1e-10, abs=1e-6):
                wanted.add(cause)
    assert found >= wanted
    # A tenth up or down may move what this change happens not to; nothing far from it.
    assert found - wanted <= {"corridor", "selection", "premium", "member", "lics"}


def test_nothing_changed_and_nothing_illustrative_is_nothing_to_say():
    assert fed(load_scenario("pdp_regional")) == {}


def test_an_illustrative_number_is_said_at_what_it_moves():
    found = fed(load_scenario("pdp_regional").with_settings({"terms.package": "illustrative_all"}))
    amount = "terms.obesity_capitation.amount"
    assert {"obesity_capitation", "direct_subsidy"} <= {
        cause for cause, paths in found.items() if amount in paths
    }
    assert found[PEOPLE] == frozenset()


def test_what_is_changed_of_one_date_is_marked_only_where_that_date_counts():
    path = "terms.guaranteed_net_price"
    decision = decide(load_scenario("pdp_regional").with_settings({f"{path}.2030_01_01": 200}))
    found = marks(decision, days_of(decision))
    assert "changed" in found.of(path)
    days = [dt.date(year, 1, 1) for year in (2028, 2029, 2030, 2031)]
    assert ["changed" in found.of(path, days=[day]) for day in days] == [False, False, True, True]


def test_what_grows_from_a_changed_date_is_changed_too():
    path = "assumptions.benefit.oop_threshold"
    decision = decide(load_scenario("pdp_regional").with_settings({f"{path}.2027_01_01": 2500}))
    found = marks(decision, days_of(decision))
    assert "changed" in found.of(path, days=[dt.date(2028, 1, 1)])


def test_what_only_judges_the_answer_changes_no_number():
    decision = decide(load_scenario("mapd").with_settings({"success.value_pmpm_at_least": 1}))
    assert "changed" not in marks(decision, days_of(decision)).of()


def test_of_two_changes_that_need_each_other_both_are_said():
    """A list price taken back alone would put AMP below best price: that run stops."""
    both = {
        "assumptions.drugs.wegovy_list_price": 1500,
        "assumptions.drugs.wegovy_maximum_fair_price": 900,
    }
    found = fed(load_scenario("state_not_covering").with_settings(both))
    assert "assumptions.drugs.wegovy_list_price" in found["model_drugs"]
