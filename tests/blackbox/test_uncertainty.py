"""Draws, seen from outside: what goes in, what must come out, no look inside.

One table for each kind of test of TECH-VER (Büyükkaramikli and others 2019). That ranges without
width are the central run, and that a seed gives the same bytes, is in
tests/unit/test_uncertainty.py.
"""

import numpy as np
import pytest

from calculator import load_scenario
from calculator.errors import InputError
from calculator.uncertainty import uncertain
from tests.blackbox.seen import decision

PLAN, STATE = "pdp_regional", "state_not_covering"
DRAWS = 64
FOUND: dict = {}


def drawn(shipped, settings=None, count=DRAWS, seed=1):
    """Draws of a shipped scenario with some settings; the same ones only once."""
    key = (shipped, repr(settings), count, seed)
    if key not in FOUND:
        scenario = load_scenario(shipped).with_settings(settings or {})
        FOUND[key] = uncertain(scenario, count, seed, resolution="workbook")
    return FOUND[key]


# -------------------------------------------------------------- zero: what is nothing does nothing


def test_zero_limit_is_any_loss():
    found = drawn(PLAN)
    said = found.losses(usd=0.0, share=0.0)
    assert said["probability_over_usd"] == pytest.approx(float((found.total < 0).mean()))
    assert said["probability_over_share"] == pytest.approx(said["probability_over_usd"])


def test_zero_people_leave_only_what_taking_part_costs_in_every_draw():
    nobody = {
        "assumptions.uptake.eligible_share": 0.0,
        **{f"assumptions.drugs.{drug}_users_share": 0.0
           for drug in ("ozempic", "rybelsus", "mounjaro")},
        "assumptions.administration.fixed_cost": 0.0,
        "assumptions.administration.pmpm_cost": 0.0,
    }  # fmt: skip
    assert drawn(PLAN, nobody, 16).total == pytest.approx(np.zeros(16), abs=1e-3)


# -------------------------------------------------- extreme: the ends of what an input may be


@pytest.mark.parametrize("shipped", [PLAN, STATE])
def test_extreme_a_limit_beyond_any_loss_is_never_passed(shipped):
    said = drawn(shipped).losses(usd=1e15, share=1e6)
    assert said["probability_over_usd"] == said["probability_over_share"] == 0


def test_extreme_one_draw_is_an_answer():
    found = drawn(PLAN, {}, 1)
    assert found.total.shape == (1,)
    assert found.evpi == 0
    assert found.pays in (0.0, 1.0)
    assert np.isfinite(found.total).all()


@pytest.mark.parametrize("shipped", [PLAN, STATE])
def test_extreme_every_draw_is_a_number(shipped):
    found = drawn(shipped)
    assert np.isfinite(found.value).all()
    assert np.isfinite(found.present_value).all()


# ------------------------------------------------------------ swap: what is alike changes nothing


def test_swap_the_order_of_draws():
    found = drawn(PLAN)
    backwards = found.total[::-1]
    for read in (np.mean, np.std, lambda total: np.quantile(total, 0.05)):
        assert read(backwards) == pytest.approx(read(found.total), rel=1e-12)
    assert 0 <= found.pays <= 1


def test_swap_the_seed_keeps_the_answer_within_its_error():
    one, two = (drawn(PLAN, {}, 256, seed).to_dict() for seed in (1, 2))
    error = np.hypot(one["standard_error"], two["standard_error"])
    assert one["mean"] != two["mean"]
    assert abs(one["mean"] - two["mean"]) < 4 * error
    assert abs(one["probability_join_pays"] - two["probability_join_pays"]) < 0.15


# ------------------------------------------------------ monotone: more of one is more of the other


@pytest.mark.parametrize("shipped", [PLAN, STATE])
def test_monotone_quantiles_and_losses(shipped):
    found = drawn(shipped)
    quantiles = list(found.to_dict()["quantiles"].values())
    assert np.all(np.diff(quantiles) >= 0)
    passed = [found.losses(usd=limit)["probability_over_usd"] for limit in (0, 1e5, 1e6, 1e8)]
    assert np.all(np.diff(passed) <= 0)
    tail = found.to_dict()["tail_mean_5"]
    assert found.total.min() <= tail <= np.quantile(found.total, 0.06)
    assert tail <= found.to_dict()["mean"]


def test_monotone_a_cost_that_is_higher_in_every_draw_lowers_every_draw():
    costs = [drawn(PLAN, {"assumptions.administration.fixed_cost": usd}) for usd in (0.0, 1e5)]
    assert np.all(costs[1].total < costs[0].total)
    assert costs[1].pays <= costs[0].pays


# --------------------------------------------------------- additive: the parts make up the whole


@pytest.mark.parametrize("shipped", [PLAN, STATE])
def test_additive_periods_of_each_draw_are_its_total(shipped):
    found = drawn(shipped)
    assert found.value.sum(axis=1) == pytest.approx(found.total, rel=1e-12)
    means = [spread["mean"] for spread in found.to_dict()["by_period"].values()]
    assert sum(means) == pytest.approx(found.to_dict()["mean"], rel=1e-9)


def test_additive_a_sure_cost_takes_itself_off_every_draw():
    """A fixed cost a year is known: it moves each draw by the same dollars, and no spread."""
    none, some = (drawn(PLAN, {"assumptions.administration.fixed_cost": usd}) for usd in (0.0, 1e5))
    years = len(none.periods)
    assert none.total - some.total == pytest.approx(np.full(DRAWS, 1e5 * years), rel=1e-6)
    assert some.total.std() == pytest.approx(none.total.std(), rel=1e-6)


# ---------------------------------------------------- unit: dollars, months, people and shares


@pytest.mark.parametrize("shipped", [PLAN, STATE])
def test_unit_pmpm_is_each_draws_dollars_over_its_member_months(shipped):
    found = drawn(shipped)
    months = found.member_months.sum(axis=1)
    assert found.pmpm == pytest.approx(found.total / months, rel=1e-12)


def test_unit_probabilities_are_shares():
    said = drawn(PLAN).to_dict()
    for value in (said["probability_join_pays"], said["losses"]["probability_over_usd"]):
        assert 0 <= value <= 1
        assert value * DRAWS == pytest.approx(round(value * DRAWS))


@pytest.mark.parametrize("given", [{"loss_usd": -1.0}, {"loss_share": 20.0}])
def test_unit_a_wrong_limit_is_refused_by_name(given):
    with pytest.raises(InputError) as refused:
        uncertain(load_scenario(PLAN), 8, resolution="workbook", **given)
    assert next(iter(given)) in str(refused.value)


# ----------------------------------------------------------------- label: names move no number


@pytest.mark.parametrize("shipped", [PLAN, STATE])
def test_label_of_a_scenario_moves_no_draw(shipped):
    named = drawn(shipped, {"label": "Something else"})
    assert named.total.tolist() == drawn(shipped).total.tolist()


@pytest.mark.parametrize("shipped", [PLAN, STATE])
def test_label_periods_of_the_draws_are_those_of_the_decision(shipped):
    assert drawn(shipped).periods == decision(shipped).periods
