"""Joining against staying out of a model that runs, and against no model at all."""

import pytest

from calculator import decide, load_scenario
from calculator.model.ledger import plan_result


def test_without_rivals_both_comparisons_are_one() -> None:
    decision = decide(load_scenario("pdp_regional"))
    assert decision.value_against_no_model == decision.value.total


def test_where_rivals_premiums_rise_staying_out_of_a_running_model_gains_members() -> None:
    """Staying out looks better when the others have become dearer, so joining looks worse."""
    settings = {"rivals.premium_change": 2.0, "rivals.bid_change": 2.0}
    decision = decide(load_scenario("pdp_regional").with_settings(settings))
    stay_out = decision.evaluation.result.stay_out
    assert (stay_out.leaving < 0).all()
    gained = float(plan_result(stay_out.ledger)[0].sum())
    assert gained > 0
    assert decision.value_against_no_model == pytest.approx(decision.value.total + gained)
    assert decision.to_dict()["value_against_no_model"] == decision.value_against_no_model
