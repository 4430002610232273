"""How members choose plans: stated against realised moving, attention, switching cost, LIS."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.assumptions import load_assumptions
from calculator.model import choice, payment, selection
from calculator.model.choice import LowIncome, Plan, Region

MINE, RIVAL = 0, 1


def region(covers=(), shares=(0.3, 0.3, 0.25, 0.15), rise=0.0, **mine):
    """Four plans, the first of which may raise its premium; those named in `covers` cover."""
    plans = [
        Plan(f"plan {i}", share, 36.0, covers=i in covers, premium_before=36.0)
        for i, share in enumerate(shares)
    ]
    first = {"premium": 36.0 + rise, "covers": 0 in covers, "premium_before": 36.0, **mine}
    plans[0] = Plan("plan 0", shares[0], **first)
    return Region(tuple(plans))


def tastes(of, **changed):
    """The base of every behavioural number, calibrated on a market."""
    given_ = {
        "semi_elasticity": 0.08,
        "out_of_pocket_weight": 0.3,
        "cover_value": 3000.0,
        "switching_cost": 1000.0,
        "attention_offered": 0.0,
        "switching": 0.10,
        "most_attentive": 0.30,
        **changed,
    }
    return choice.calibrated(of, **given_)


def fixed(**changed):
    """Behaviour as given, not calibrated."""
    return choice.Tastes(
        **{
            "semi_elasticity": np.array([0.08]),
            "out_of_pocket_weight": np.array([0.3]),
            "cover_value": np.array([3000.0]),
            "switching_cost": np.array([300.0]),
            "attention": np.array([0.3]),
            "attention_offered": np.array([0.0]),
            **{name: np.atleast_1d(np.asarray(value, float)) for name, value in changed.items()},
        }
    )


def run(of, behaviour=None, want=0.6, years=1, low_income=None):
    return choice.choose(of, behaviour or tastes(of), want, years, low_income)


# ---------------------------------------------------------------------- stated against realised


def test_realised_movers_are_awareness_times_stated_intention():
    # 18% x 60% = 11% in the first year, as in the evidence
    got = choice.realised_movers(np.array([[0.18, 0.30]]), np.array([0.6]))
    assert got.tolist() == [[pytest.approx(0.108), pytest.approx(0.18)]]


def test_awareness_rises_by_a_share_of_those_who_do_not_know_and_never_passes_one():
    path = choice.awareness_path(np.array([0.18, 0.18, 1.0]), np.array([0.0, 0.5, 0.5]), 40)
    assert path.shape == (3, 40)
    assert path[0] == pytest.approx(0.18)
    assert path[1, 1] == pytest.approx(0.18 + 0.5 * 0.82)
    assert (np.diff(path, axis=1) >= 0).all()
    assert (path <= 1).all()


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_realised_is_below_stated_and_a_nudge_never_lifts_it_above(aware, stated, gain):
    stated_ = np.array([stated])
    plain = choice.realised_movers(np.array([[aware]]), stated_)
    nudged = choice.with_nudge(plain, np.array([gain]), stated_)
    assert 0 <= plain <= stated
    assert plain <= nudged <= max(stated, float(plain[0, 0]))


def test_a_nudge_adds_eleven_points():
    plain = np.array([[0.108, 0.13]])
    got = choice.with_nudge(plain, np.array([0.11]), np.array([0.6]))
    assert (got - plain).tolist() == [[pytest.approx(0.11)] * 2]


@pytest.mark.parametrize(
    ("awareness", "stated", "named"),
    [(1.2, 0.6, "awareness"), (0.18, -0.1, "stated"), (np.nan, 0.6, "awareness")],
)
def test_shares_outside_0_to_1_are_refused(awareness, stated, named):
    with pytest.raises(ValueError, match=named):
        choice.realised_movers(np.array([[awareness]]), np.array([stated]))


# ----------------------------------------------------------------------------- where nothing is new


@pytest.mark.parametrize("switching", [0.07, 0.10, 0.13])
@pytest.mark.parametrize("shares", [(0.3, 0.3, 0.25, 0.15), (0.7, 0.1, 0.1, 0.1), (0.2, 0.1, 0.1)])
def test_with_nothing_new_shares_stay_and_switching_is_the_baseline(switching, shares):
    of = region(shares=shares)
    behaviour = tastes(of, switching=switching)
    got = run(of, behaviour, years=5)
    for segment in ("ineligible", "wants"):
        path = got.shares[segment]
        assert path == pytest.approx(np.broadcast_to(path[:, :1], path.shape), abs=1e-12)
        leaving = (path[:, 0] * got.leavers(segment)).sum(axis=-1)
        assert leaving == pytest.approx(switching, abs=1e-12)
    assert got.movers == pytest.approx(0.0, abs=1e-12)
    assert choice.baseline_switching(of, behaviour) == pytest.approx(switching, abs=1e-12)


def test_levels_of_premium_that_do_not_change_move_nobody():
    cheap = Region((Plan("a", 0.5, 0.0, False), Plan("b", 0.5, 100.0, False)))
    assert run(cheap).shares["ineligible"][0, 1] == pytest.approx([0.5, 0.5])


def test_with_an_infinite_switching_cost_nobody_moves():
    of = region(covers=(RIVAL,), rise=50.0)
    got = run(of, fixed(switching_cost=np.inf), years=3)
    for segment in ("ineligible", "wants"):
        assert (got.transition[segment] == np.eye(4)).all()
    assert (got.movers == 0).all()


def test_without_attention_nobody_moves():
    of = region(covers=(RIVAL,), rise=50.0)
    got = run(of, fixed(attention=0.0, switching_cost=0.0), years=3)
    assert (got.transition["wants"] == np.eye(4)).all()
    assert (got.movers == 0).all()


# -------------------------------------------------------------------------------------- calibration


def test_attention_is_the_baseline_over_switching_of_the_attentive():
    of = region()
    low = tastes(of, switching_cost=100.0)
    assert low.switching_cost == pytest.approx(100.0)  # within what attention allows
    moves = choice.switching_if_attentive(of.shares, 100.0 * 0.08 / 12)
    assert low.attention == pytest.approx(0.10 / moves)


def test_without_a_switching_cost_the_attentive_choose_by_share():
    # 1 less the sum of squared shares leave, as each draws a plan anew
    shares = np.array([0.5, 0.3, 0.2])
    assert choice.switching_if_attentive(shares, 0.0) == pytest.approx(1 - 0.38)


def test_a_cost_that_needs_more_attention_than_there_is_gives_way():
    # of 1,000 a year among four plans 1 attentive member in 300 would switch: not 10% of members
    of = region()
    got = tastes(of)
    assert got.attention == pytest.approx(0.30)
    assert 0 < got.switching_cost < 1000.0
    unlimited = choice.switching_if_attentive(of.shares, 1000.0 * 0.08 / 12)
    assert unlimited < 0.10
    at_most = choice.switching_if_attentive(of.shares, got.switching_cost * 0.08 / 12)
    assert at_most == pytest.approx(0.10 / 0.30)


def test_cases_are_calibrated_one_by_one():
    of = region()
    costs, heads = np.array([100.0, 1000.0, 1000.0]), np.array([0.3, 0.3, 0.4])
    together = tastes(of, switching_cost=costs, most_attentive=heads)
    for i in range(3):
        alone = tastes(of, switching_cost=costs[i], most_attentive=heads[i])
        assert together.attention[i] == pytest.approx(alone.attention[0])
        assert together.switching_cost[i] == pytest.approx(alone.switching_cost[0])


def test_plans_too_few_to_switch_between_are_refused():
    with pytest.raises(ValueError, match="too few plans"):
        tastes(Region((Plan("a", 0.96, 36.0, False), Plan("b", 0.04, 36.0, False))))


# ------------------------------------------------------------------------------------- premiums


def test_a_small_rise_loses_the_semi_elasticity_of_active_choosers():
    # a small plan, no cost of switching: attention is the active choosers of the plan check
    of = region(rise=0.01, shares=(0.02, 0.38, 0.3, 0.3))
    behaviour = fixed(switching_cost=0.0, attention=0.10)
    lost = run(of, behaviour).net_leaving()[0, 0, MINE]
    check = payment.share_leaving(np.array([[0.01]]), np.array([0.08]), np.array([0.10]))
    assert lost == pytest.approx(float(check[0, 0]) * (1 - 0.02), rel=1e-3)


def test_a_small_rise_with_a_switching_cost_adds_to_those_who_leave_anyway():
    # d leaving / d premium = semi-elasticity x probability that the attentive stay x leaving
    of, still = region(rise=0.01), region()
    behaviour = tastes(still)
    before = run(still, behaviour).leavers("ineligible")[0, MINE]
    after = run(of, behaviour).leavers("ineligible")[0, MINE]
    stay = 1 - before / behaviour.attention[0]
    assert (after - before) / 0.01 == pytest.approx(0.08 * stay * before, rel=1e-3)


def test_leavers_spread_over_the_others_in_proportion():
    behaviour = fixed(switching_cost=0.0)
    got = run(region(rise=20.0), behaviour).shares["ineligible"][0, 1]
    gained = got[1:] / np.array([0.3, 0.25, 0.15])
    assert gained == pytest.approx([gained[0]] * 3)
    assert gained[0] > 1


@given(st.floats(0, 100), st.floats(0, 600))
def test_where_one_plan_changes_the_odds_between_two_others_do_not(rise, cost):
    behaviour = fixed(switching_cost=cost)
    still = run(region(), behaviour).transition["ineligible"][0]
    moved = run(region(rise=rise), behaviour).transition["ineligible"][0]
    assert moved[1, 2] / moved[1, 3] == pytest.approx(still[1, 2] / still[1, 3])


def test_out_of_pocket_cost_weighs_its_part_of_a_premium():
    # 120 a year out of pocket at 0.3 is 36 a year of premium, 3 a month
    behaviour = fixed()
    by_cost = region(out_of_pocket=120.0, out_of_pocket_before=0.0)
    a = run(by_cost, behaviour).transition["ineligible"]
    b = run(region(rise=3.0), behaviour).transition["ineligible"]
    assert a == pytest.approx(b)


@given(
    st.lists(st.floats(0.01, 1), min_size=2, max_size=6),
    st.floats(-36, 200),
    st.floats(0, 2000),
    st.floats(0, 1),
    st.booleans(),
)
def test_rows_sum_to_one_and_nobody_is_lost(raw, rise, cost, attention, cover):
    shares = tuple(np.array(raw) / sum(raw))
    of = region(covers=(0,) if cover else (), shares=shares, rise=rise)
    got = run(of, fixed(switching_cost=cost, attention=attention), years=3)
    for segment, matrix in got.transition.items():
        assert matrix.sum(axis=-1) == pytest.approx(1.0)
        assert (matrix >= 0).all()
        assert got.shares[segment].sum(axis=-1) == pytest.approx(1.0)


# --------------------------------------------------------------------------------------- cover


def test_more_cover_value_never_means_fewer_movers():
    of = region(covers=(MINE,))
    values = np.linspace(0.0, 4000.0, 41)
    got = run(of, tastes(of, cover_value=values)).movers[:, 0]
    assert got[0] == pytest.approx(0.0, abs=1e-12)
    assert (np.diff(got) >= 0).all()
    assert got[-1] > 0.1


@given(st.floats(0, 4000), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_movers_stay_below_those_who_want_the_drug(value, want, attention, raised):
    behaviour = fixed(cover_value=value, attention=attention, attention_offered=raised)
    got = run(region(covers=(MINE,), rise=2.0), behaviour, want=want, years=4)
    assert (got.movers <= want + 1e-12).all()
    assert (got.movers >= -1e-12).all()


def test_with_all_who_look_moving_movers_are_attention_times_want():
    of = region(covers=(MINE,))
    got = run(of, fixed(cover_value=1e5, switching_cost=0.0, attention=0.18), want=0.6)
    said = choice.realised_movers(np.array([[0.18]]), np.array([0.6]))
    assert got.movers == pytest.approx(said)


def test_cover_offered_elsewhere_draws_attention_only_where_it_is_missing():
    of = region(covers=(MINE,))
    plain, drawn = run(of, fixed()), run(of, fixed(attention_offered=0.1))
    assert (drawn.movers > plain.movers).all()
    assert drawn.transition["ineligible"] == pytest.approx(plain.transition["ineligible"])
    wants, before = drawn.transition["wants"][0], plain.transition["wants"][0]
    assert wants[MINE] == pytest.approx(before[MINE])
    # attention of 0.4 in place of 0.3 moves a third more
    assert 1 - wants[1, 1] == pytest.approx((1 - before[1, 1]) * 4 / 3)


def test_attention_never_exceeds_one():
    got = run(region(covers=(MINE,)), fixed(attention=0.9, attention_offered=0.9))
    assert (got.transition["wants"] >= 0).all()


@pytest.mark.parametrize("covers", [(), (0, 1, 2, 3)])
def test_where_nobody_or_everybody_covers_nobody_moves_for_it(covers):
    got = run(region(covers=covers), years=3)
    assert got.movers == pytest.approx(0.0, abs=1e-12)
    assert got.shares["wants"][0, -1] == pytest.approx([0.3, 0.3, 0.25, 0.15])


@pytest.mark.parametrize("rise", [0.0, 8.0])
def test_movers_give_back_the_eligible_inside_in_the_plan_check(rise):
    # the plan check's product over years, with leavers on their own
    of = region(covers=(MINE,), rise=rise)
    got = run(of, years=4, want=0.6)
    others = got.shares["ineligible"][0, 1:, MINE]
    eligible = 0.6 * got.shares["wants"][0, 1:, MINE] + 0.4 * others
    outside = (1 - others) * (1 - selection.moved(got.movers)[0])
    assert 1 - outside == pytest.approx(eligible)
    if rise == 0.0:
        multiple = 1 + selection.outside_per_own(0.3) * selection.moved(got.movers)[0]
        assert multiple == pytest.approx(eligible / 0.3)


def test_capture_is_one_for_a_lone_plan_and_averages_to_one():
    alone = run(region(covers=(MINE,)))
    assert alone.capture()[0].tolist() == [pytest.approx(1.0), 0, 0, 0]
    two = run(region(covers=(0, 3))).capture()[0]
    assert (two[0] * 0.3 + two[3] * 0.15) / 0.45 == pytest.approx(1.0)
    assert two[3] > 1 > two[0]  # a small plan turns over faster, so it also gains faster


def test_a_covering_plan_that_costs_more_gains_fewer():
    cheap, dear = (run(region(covers=(MINE,), rise=rise)) for rise in (0.0, 100.0))
    assert dear.shares["wants"][0, 1, MINE] < cheap.shares["wants"][0, 1, MINE]
    assert cheap.net_leaving()[0, 0, MINE] == pytest.approx(0.0, abs=1e-12)
    assert dear.net_leaving()[0, 0, MINE] > 0


# ----------------------------------------------------------------------------------- low income


def lis(**changed):
    return LowIncome(**{"benchmark": 40.0, "de_minimis": 2.0, "assigned": 0.58, **changed})


def test_assigned_members_stay_while_their_plan_keeps_the_benchmark():
    got = run(region(covers=(RIVAL,), rise=5.9), low_income=lis(), years=3)  # 41.90 of 42.00
    assert (got.transition["lis_assigned"] == np.eye(4)).all()


def test_assigned_members_of_a_plan_above_it_go_in_equal_parts_to_those_below():
    got = run(region(rise=6.1), low_income=lis())
    row = got.transition["lis_assigned"][0, MINE]
    assert row.tolist() == [0, *[pytest.approx(1 / 3)] * 3]
    assert (got.transition["lis_assigned"][0, 1:] == np.eye(4)[1:]).all()


def test_a_plan_within_the_de_minimis_keeps_its_members_but_is_given_none():
    of = Region((
        Plan("above", 0.4, 50.0, False, premium_before=40.0),
        Plan("waives", 0.3, 41.0, False, premium_before=40.0),
        Plan("below", 0.3, 40.0, False),
    ))  # fmt: skip
    row = run(of, low_income=lis()).transition["lis_assigned"][0]
    assert row.tolist() == [[0, 0, 1], [0, 1, 0], [0, 0, 1]]


def test_with_no_plan_at_the_benchmark_assigned_members_have_nowhere_to_go():
    got = run(region(rise=1.0), low_income=lis(benchmark=10.0))
    assert (got.transition["lis_assigned"] == np.eye(4)).all()


def test_choosers_see_only_what_is_above_the_benchmark():
    behaviour = fixed()
    below = run(region(rise=3.0), behaviour, low_income=lis()).transition
    still = run(region(), behaviour, low_income=lis()).transition
    assert below["lis_chooser"] == pytest.approx(still["lis_chooser"])
    # 36 + 14 is 10 above 40: as for the others a rise of 10
    above = run(region(rise=14.0), behaviour, low_income=lis()).transition
    others = run(region(rise=10.0), behaviour).transition
    assert above["lis_chooser"] == pytest.approx(others["ineligible"])


def test_only_choosers_move_for_the_drug():
    of = region(covers=(MINE,))
    behaviour = tastes(of)
    free = run(of, behaviour).movers
    some = run(of, behaviour, low_income=lis(assigned=0.58)).lis_movers
    assert some == pytest.approx(free * 0.42)
    assert run(of, behaviour, low_income=lis(assigned=1.0)).lis_movers == pytest.approx(0.0)
    assert run(of, behaviour).lis_movers is None


def test_low_income_members_may_be_spread_otherwise():
    of = Region((
        Plan("mine", 0.3, 36.0, False, lis_share=0.6),
        Plan("rival", 0.7, 36.0, False, lis_share=0.4),
    ))  # fmt: skip
    got = run(of, low_income=lis())
    assert got.shares["lis_chooser"][0].tolist() == [[pytest.approx(0.6), pytest.approx(0.4)]] * 2
    assert got.shares["ineligible"][0, 1] == pytest.approx([0.3, 0.7])


# ------------------------------------------------------------------------------------ the region


def test_what_the_table_leaves_out_are_plans_of_the_same_size_that_do_not_change():
    of = Region((Plan("mine", 0.05, 36.0, True), Plan("rival", 0.15, 36.0, False)))
    assert of.names[:2] == ("mine", "rival")
    assert len(of.names) == 2 + 8  # 80% in plans of 10%
    assert of.shares.sum() == pytest.approx(1.0)
    assert of.covers.tolist() == [True, *[False] * 9]
    assert len(Region(of.plans, other_plans=3).names) == 5
    assert run(of).movers[0, 0] > 0


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda: Plan("a", 1.2, 36.0, False), "share"),
        (lambda: Plan("a", -0.1, 36.0, False), "share"),
        (lambda: Plan("a", float("nan"), 36.0, False), "share"),
        (lambda: Plan("a", 0.5, float("inf"), False), "premium"),
        (lambda: Plan("a", 0.5, 36.0, False, out_of_pocket=float("nan")), "out_of_pocket"),
        (lambda: Plan("a", 0.5, 36.0, False, lis_share=1.5), "lis_share"),
        (lambda: Plan(" ", 0.5, 36.0, False), "name"),
        (lambda: Region(()), "two plans"),
        (lambda: Region((Plan("a", 1.0, 36.0, False),)), "two plans"),
        (
            lambda: Region((Plan("a", 0.5, 36.0, False), Plan("a", 0.5, 36.0, False))),
            "a twice",
        ),
        (
            lambda: Region((Plan("a", 0.7, 36.0, False), Plan("b", 0.5, 36.0, False))),
            r"given was 1.2",
        ),
        (
            lambda: Region((Plan("a", 0.0, 36.0, False), Plan("b", 0.0, 36.0, False))),
            "nobody",
        ),
        (lambda: Region((Plan("a", 0.2, 36.0, False),), other_plans=0), "other_plans"),
        (
            lambda: Region((
                Plan("a", 0.5, 36.0, False, lis_share=0.5), Plan("b", 0.5, 36.0, False),
            )),
            "lis_share",
        ),
        (lambda: LowIncome(float("nan"), 2.0, 0.5), "benchmark"),
        (lambda: LowIncome(40.0, 2.0, 1.5), "assigned"),
        (lambda: run(region(), want=1.5), "want"),
        (lambda: run(region(), years=0), "years"),
        (lambda: tastes(region(), switching=1.2), "switching"),
        (lambda: tastes(region(), switching_cost=-1.0), "switching_cost"),
        (lambda: fixed(attention=1.1), "attention"),
    ],
)  # fmt: skip
def test_bad_input_says_what_is_wrong(wrong, named):
    with pytest.raises(ValueError, match=named):
        wrong()


# ----------------------------------------------------------------------------------- the register


@pytest.fixture(scope="module")
def shipped_values():
    register = load_assumptions()
    names = (
        *("plan_comparers_share", "switching_cost", "out_of_pocket_weight", "cover_value"),
        *("attention_when_offered", "awareness", "awareness_gain", "stated_switching"),
        *("nudge_switching_gain", "lis_assigned_share"),
    )
    entries = {name: register.entries[f"assumptions.selection.{name}"] for name in names}
    return {name: next(iter(entry.values.values())) for name, entry in entries.items()}


def test_every_behavioural_number_has_a_range(shipped_values):
    assert all(dated.range is not None for dated in shipped_values.values())


def test_the_shipped_figures_give_11_percent_in_year_1_and_the_base_12_over_two_years(
    shipped_values,
):
    value = {name: np.array([dated.value]) for name, dated in shipped_values.items()}
    awareness = choice.awareness_path(value["awareness"], value["awareness_gain"], 4)
    movers = choice.realised_movers(awareness, value["stated_switching"])[0]
    assert movers[0] == pytest.approx(0.108)
    assert movers[:2].mean() == pytest.approx(0.12, abs=0.005)
    assert (movers <= 0.24).all()


def test_the_shipped_figures_give_movers_within_the_range_of_the_plan_check(shipped_values):
    value = {name: dated.value for name, dated in shipped_values.items()}
    of = region(covers=(MINE,))
    behaviour = tastes(
        of,
        out_of_pocket_weight=value["out_of_pocket_weight"],
        cover_value=value["cover_value"],
        switching_cost=value["switching_cost"],
        attention_offered=value["attention_when_offered"],
        most_attentive=value["plan_comparers_share"],
    )
    got = run(of, behaviour, want=value["stated_switching"]).movers[0, 0]
    assert 0.06 <= got <= 0.24
