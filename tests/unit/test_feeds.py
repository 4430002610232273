"""Which result each input feeds: what one run of all of them says is what runs of each would."""

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.analysis import feeds
from calculator.analysis.feeds import others
from calculator.analysis.nudges import nudged
from calculator.errors import InputError
from calculator.fields import user_entry
from calculator.model.ledger import LINES

PLAN, STATE = "pdp_regional", "state_not_covering"
NET_PRICE = "terms.guaranteed_net_price"


def numbers(scenario):
    decision = decide(scenario)
    _ = decision.outcomes
    entries = decision.register.entries
    return [path for path in sorted(decision.register.read) if entries[path].kind == "number"]


@pytest.fixture(scope="module", params=[PLAN, STATE])
def every(request):
    scenario = load_scenario(request.param)
    return scenario, feeds.feeds(scenario, numbers(scenario))


# ------------------------------------------------------------------------------- one at a time


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (PLAN, "terms.copay"),
        (PLAN, NET_PRICE),
        (PLAN, "plan.members"),
        (PLAN, "plan.part_c_coding"),
        (PLAN, "assumptions.benefit.initial_coinsurance"),
        (PLAN, "assumptions.administration.fixed_cost"),
        (STATE, NET_PRICE),
        (STATE, "assumptions.rebates.share_340b"),
        (STATE, "groups.disabled.enrollment"),
    ],
)
def test_an_inputs_effect_is_that_of_a_run_of_its_own(name, path):
    scenario = load_scenario(name)
    found = feeds.feeds(scenario, [path, "assumptions.clinical.regain_months"])[path]
    alone = decide(scenario.with_settings({path: found.moved_to})).value.pmpm
    # The benefit table is read between nodes where many cases change it.
    assert found.pmpm == pytest.approx(alone - decide(scenario).value.pmpm, abs=2e-4)


def test_among_all_inputs_an_effect_is_the_same(every):
    scenario, found = every
    before = decide(scenario).value.pmpm
    for path in (NET_PRICE, "therapy.mix.wegovy"):
        assert found[path].moved_to == pytest.approx(1.1 * found[path].own)
    alone = decide(scenario.with_settings({NET_PRICE: found[NET_PRICE].moved_to})).value.pmpm
    assert found[NET_PRICE].pmpm == pytest.approx(alone - before, abs=2e-4)


def test_shares_of_the_mix_give_way_to_each_other():
    scenario = load_scenario(PLAN)
    found = feeds.feeds(scenario, ["therapy.mix.wegovy"])["therapy.mix.wegovy"]
    mix = dict(scenario.therapy.mix)
    share = 1.1 * mix.pop("wegovy")
    rest = {one: part * (1 - share) / sum(mix.values()) for one, part in mix.items()}
    moved = scenario.with_settings({"therapy.mix": {"wegovy": share, **rest}})
    assert found.pmpm == pytest.approx(decide(moved).value.pmpm - decide(scenario).value.pmpm)


def test_all_dates_of_an_input_move_together_and_what_grows_follows():
    scenario = load_scenario(PLAN)
    path = "assumptions.uptake.initiation"
    found = feeds.feeds(scenario, [path])[path]
    years = scenario.register().entries[path].values
    dated = {
        f"{path}.{day.isoformat().replace('-', '_')}": 1.1 * one.value for day, one in years.items()
    }
    moved = decide(scenario.with_settings(dated)).value.pmpm
    assert found.pmpm == pytest.approx(moved - decide(scenario).value.pmpm, abs=1e-9)


# -------------------------------------------------------------------------------- which results


def test_each_result_is_named_by_what_moves_in_it(every):
    scenario, found = every
    plan = scenario.program == "part_d"
    assert (
        found["assumptions.administration.fixed_cost"].results == ("administration",)
        if plan
        else found["assumptions.coverage.administration_fixed"].results == ("administration",)
    )
    assert found["assumptions.payment.discount_rate"].results == (feeds.PRESENT,)
    for key in ("regain_months", "loss_standard_deviation", "wegovy_trial_loss"):
        assert found[f"assumptions.clinical.{key}"].results == (feeds.WEIGHT,)
    assert feeds.PEOPLE in found["assumptions.persistence.denmark_scale"].results
    assert found["assumptions.offsets.cbo_first_year"].results == (feeds.THESIS,)


def test_lines_come_first_and_the_one_that_moves_most_before_the_others(every):
    scenario, found = every
    members = "plan.members" if scenario.program == "part_d" else "groups.children.enrollment"
    results = found[members].results
    lines = [name for name in results if name in LINES]
    assert list(results[: len(lines)]) == lines
    assert results[-1] not in LINES
    if scenario.program == "part_d":
        assert lines[0] == "baseline_drugs"


def test_what_stands_beside_is_said_only_of_what_moves_nothing_else(every):
    _, found = every
    for feed in found.values():
        if feed is not None and set(feed.results) & set(feeds.LAST):
            assert set(feed.results) <= set(feeds.LAST)
            assert feed.pmpm == pytest.approx(0.0, abs=1e-12)


def test_what_moves_only_on_the_other_side_of_a_kink_is_found():
    """From 2027 it is the whole gross price, and more than that is cut off: only less moves."""
    scenario = load_scenario(PLAN)
    path = "assumptions.drugs.ozempic_net_price"
    found = feeds.feeds(scenario, [path])[path]
    assert found.moved_to < found.own
    assert found.results
    alone = decide(scenario.with_settings({path: found.moved_to})).value.pmpm
    assert found.pmpm == pytest.approx(alone - decide(scenario).value.pmpm, abs=1e-9)


def test_what_moves_only_the_selection_check_says_so():
    path = "assumptions.selection.movers"
    found = feeds.feeds(load_scenario(PLAN), [path])[path]
    assert found.results == (feeds.CHECK,)
    assert found.pmpm == 0.0
    within = load_scenario(PLAN).with_settings({"selection.include": True})
    assert feeds.feeds(within, [path])[path].pmpm != 0.0


def test_what_a_decision_rests_on_holds_what_its_selection_check_reads():
    path = "assumptions.selection.movers"
    assert path in feeds.read_by(decide(load_scenario(PLAN)))
    # Nobody chooses an employer's plan, so that it has no such check.
    assert path not in feeds.read_by(decide(load_scenario("egwp")))


def test_a_corridor_that_is_not_reached_moves_nothing():
    found = feeds.feeds(load_scenario(PLAN), ["terms.corridor.first_share"])
    assert found["terms.corridor.first_share"].results == ()


def test_a_corridor_that_is_reached_moves_its_line():
    # A plan that bids far below its cost.
    scenario = load_scenario(PLAN).with_settings({"plan.bid": 100})
    found = feeds.feeds(scenario, ["terms.corridor.first_share"])
    assert "corridor" in found["terms.corridor.first_share"].results


def test_what_has_no_number_feeds_nothing_that_is_known(every):
    scenario, found = every
    path = "plan.bid" if scenario.program == "part_d" else "state.own_net_price"
    assert found[path] is None


def test_an_input_that_no_run_takes_does_not_take_the_others_along(monkeypatch):
    run, refused = feeds.evaluate, "plan.members"

    def picky(scenario, cases, **more):
        if np.ptp(cases.get(refused, np.zeros(1))):
            raise InputError(refused, "what it is", "another")
        return run(scenario, cases, **more)

    whole = feeds.feeds(load_scenario(PLAN), ["terms.copay", refused, NET_PRICE])
    monkeypatch.setattr(feeds, "evaluate", picky)
    found = feeds.feeds(load_scenario(PLAN), ["terms.copay", refused, NET_PRICE])
    assert found[refused] is None
    assert found["terms.copay"].pmpm == pytest.approx(whole["terms.copay"].pmpm, abs=2e-4)
    assert found[NET_PRICE].results == whole[NET_PRICE].results


def test_nothing_asked_is_nothing_run():
    assert feeds.feeds(load_scenario(PLAN), []) == {}


# ------------------------------------------------------------------------------- how far it moves


def test_every_number_is_moved_to_another_one_inside_its_bounds(every):
    scenario, found = every
    register = scenario.register()
    for path, feed in found.items():
        if feed is None:
            continue
        low, high = register.bounds(path)
        assert low <= feed.moved_to <= high
        assert feed.moved_to != feed.own


@pytest.mark.parametrize(
    ("unit", "bounds", "value", "moved"),
    [
        ("share", (0.0, 1.0), 0.5, 0.55),
        ("share", (0.0, 1.0), 0.95, 0.855),
        ("share", (0.0, 1.0), 0.0, 0.01),
        ("USD", (-10.0, 10.0), -5.0, -5.5),
        ("USD", (0.0, 5.0), 0.0, 1.0),
        ("months", (0.0, 60.0), 3.0, 4.0),
        ("months", (0.0, 60.0), 24.0, 26.0),
        ("month", (1.0, 12.0), 12.0, 11.0),
        ("year", (2024.0, 2100.0), 2030.0, 2031.0),
        ("USD", (5.0, 5.0), 5.0, None),
        ("USD", (0.0, 5.0), float("nan"), None),
    ],
)
def test_a_step_is_a_tenth_and_what_is_counted_whole_stays_whole(unit, bounds, value, moved):
    found = nudged(user_entry("x", unit, bounds, None), value)
    assert found == (None if moved is None else pytest.approx(moved))


# ----------------------------------------------------------------------------------- other words


def test_another_word_says_what_it_would_be_worth():
    scenario = load_scenario(PLAN)
    path = "terms.net_includes_discount"
    now = scenario.register().flag(path)
    (found,) = others(scenario, path, [not now], decide)
    wanted = decide(scenario.with_settings({path: not now})).value.pmpm
    assert found.pmpm == pytest.approx(wanted)
    assert "model_drugs" in found.results


def test_a_word_that_changes_nothing_feeds_nothing():
    scenario = load_scenario(PLAN)
    assert others(scenario, "plan.waive_de_minimis", [True], decide)[0].results == ()


def test_a_word_that_the_other_inputs_do_not_allow_has_no_worth():
    (found,) = others(load_scenario(STATE), "state.stance", ["ending"], decide)
    assert found.pmpm is None


def test_a_longer_run_differs_in_every_line_it_has():
    scenario = load_scenario(PLAN)
    before, after = (
        decide(scenario.with_settings({"horizon.end": end})) for end in ("2030-12-31", "2031-12-31")
    )
    (found,) = others(
        scenario, "selection.include", [True], lambda one: after if one is not scenario else before
    )
    assert "model_drugs" in found.results
