"""A decision over draws: the same from the same seed, the central run where nothing varies."""

import json
from dataclasses import replace

import numpy as np
import pytest

from calculator import cli, decide, load_scenario
from calculator.analysis.draws import draws, uncertain_inputs
from calculator.decision import evaluate
from calculator.errors import InputError
from calculator.model import protection, risk
from calculator.model.ledger import DRUG_LINES, plan_result, total
from calculator.model.part_d import identities, settle
from calculator.schema import Range
from calculator.uncertainty import uncertain

PLANS = ("pdp_regional", "mapd", "dsnp", "egwp")
STATES = ("state_not_covering", "state_covering", "state_ending_coverage")
BOTH = ("pdp_regional", "state_not_covering")
PRICED = "assumptions.payment.priced_share"
ALL = "illustrative_all"


def collapsed(scenario):
    """Every uncertain input of the scenario with a range without width."""
    return [
        replace(
            one,
            parts=tuple(
                (path, value, Range(low=value, high=value, dist="uniform"))
                for path, value, _ in one.parts
            ),
        )
        for one in uncertain_inputs(scenario)
    ]


# ------------------------------------------------------------------------------- agreement


@pytest.mark.parametrize(
    ("name", "selection"),
    [
        *((name, False) for name in (*PLANS, *STATES)),
        # Nobody comes to a state, or to an employer's plan.
        *((name, True) for name in PLANS if name != "egwp"),
    ],
)
def test_collapsed_ranges_are_the_deterministic_run(name, selection):
    scenario = load_scenario(name)
    if selection:
        scenario = scenario.with_settings({"selection.include": True})
    table = draws(scenario, 16, 1, collapsed(scenario))
    found = uncertain(scenario, 16, table=table)
    central = decide(scenario)
    yearly = np.array(list(central.value.by_period.values()))
    scale = np.abs(yearly).max()
    assert np.abs(found.value - yearly).max() <= 1e-12 * scale
    assert found.periods == central.periods
    assert np.ptp(found.present_value) <= 1e-12 * scale
    assert found.present_value[0] == pytest.approx(central.value.present_value, rel=1e-12)
    assert found.pmpm[0] == pytest.approx(central.value.pmpm, rel=1e-12)
    assert found.central == pytest.approx(central.value.total, rel=1e-12)
    assert found.interpolation.draws == 0
    assert found.evpi == 0.0


@pytest.mark.parametrize("name", BOTH)
def test_the_same_seed_gives_the_same_bytes(name):
    scenario = load_scenario(name)
    first, again, other = (
        json.dumps(decide(scenario, draws=64, resolution="workbook", seed=seed).to_dict())
        for seed in (5, 5, 6)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", BOTH)
def test_the_value_is_the_central_run_whether_or_not_draws_stand_beside_it(name):
    scenario = load_scenario(name)
    without, beside = decide(scenario), decide(scenario, draws=16)
    assert without.uncertainty is None
    assert "uncertainty" not in without.to_dict()
    assert beside.value == without.value
    assert beside.fingerprint == without.fingerprint
    data = beside.to_dict()["uncertainty"]
    assert {
        *("draws", "seed", "probability_join_pays", "tail_mean_5", "quantiles", "evpi"),
    } <= set(data)
    assert data["central"] == pytest.approx(without.value.total, rel=1e-12)
    json.dumps(data, allow_nan=False)


@pytest.mark.parametrize("name", BOTH)
def test_every_draw_is_a_run_of_its_own_values(name):
    """Each draw alone, priced at what is expected of all of them, is what stands in its row."""
    scenario = load_scenario(name).with_settings({})
    if name == "pdp_regional":
        # Priced at nobody's expectation: a draw then does not depend on the others.
        scenario = scenario.with_settings({PRICED: 0.0})
    found = uncertain(scenario, 16, resolution="workbook")
    for row in (0, 7, 15):
        cases = {path: values[row : row + 1] for path, values in found.draws.cases.items()}
        alone = evaluate(scenario, cases, "workbook").result
        assert alone.value.sum() == pytest.approx(found.total[row], rel=1e-3)


def test_a_bid_is_priced_at_the_mean_of_the_draws_in_the_first_year():
    """Nobody has experience at the first bid: what a draw costs beyond the mean is a loss."""
    plan = load_scenario("pdp_regional").with_settings({PRICED: 1.0})
    table = draws(plan, 256, 1)
    run = evaluate(plan, table.cases, "workbook", draws=256, interpolate=True)
    change = run.result.join.bid - run.result.stay_out.bid
    expected = run.result.net_cost.mean(axis=0)
    kept = 1.0 - run.inputs.administration_and_margin
    priced = change * (run.inputs.risk_score * kept)[:, None]
    assert priced[:, 0] == pytest.approx(np.full(256, expected[0]), rel=1e-9)
    # From the fourth year every draw is priced at its own cost.
    assert priced[:, 3] == pytest.approx(run.result.net_cost[:, 3], rel=1e-9)


def test_what_is_expected_of_a_cost_may_be_given():
    plan = load_scenario("pdp_regional")
    table = draws(plan, 16, 1)
    run = evaluate(plan, table.cases, "workbook", draws=16)
    means = []
    evaluate(
        plan, table.cases, "workbook", expected=lambda cost: means.append(cost) or cost.mean(axis=0)
    )
    again = evaluate(
        plan, table.cases, "workbook", expected=lambda cost: np.mean(cost, axis=0, keepdims=True)
    )
    assert len(means) == 2
    assert again.result.value == pytest.approx(run.result.value, rel=1e-12)


# ---------------------------------------------------------------------------- what is said


@pytest.mark.parametrize("name", [*PLANS, *STATES])
def test_measures_agree_with_the_values_they_are_of(name):
    scenario = load_scenario(name)
    found = uncertain(scenario, 128, resolution="workbook")
    data = found.to_dict()
    total_value = found.value.sum(axis=1)
    assert data["probability_join_pays"] == np.mean(total_value > 0.0)
    assert data["tail_mean_5"] == pytest.approx(np.sort(total_value)[:6].mean())
    assert list(data["quantiles"].values()) == sorted(data["quantiles"].values())
    assert data["quantiles"]["50"] == pytest.approx(np.median(total_value))
    assert data["mean"] == pytest.approx(sum(y["mean"] for y in data["by_period"].values()))
    assert list(data["by_period"]) == list(decide(scenario).periods)
    gain = np.maximum(total_value, 0.0).mean() - max(total_value.mean(), 0.0)
    assert data["evpi"] == pytest.approx(gain, abs=1e-9)
    assert data["standard_error"] == pytest.approx(total_value.std(ddof=1) / np.sqrt(128))
    months = found.member_months.sum(axis=1)
    assert data["pmpm"]["mean"] == pytest.approx((total_value / months).mean())


def test_counts_are_rounded_up_and_said():
    found = uncertain(load_scenario("pdp_regional"), 100, resolution="workbook")
    assert found.draws.count == 128
    assert any("100 draws were asked for, 128 made" in note for note in found.notes)
    even = uncertain(load_scenario("pdp_regional"), 128, resolution="workbook")
    assert not any("asked for" in note for note in even.notes)
    assert even.total.tobytes() == found.total.tobytes()


@pytest.mark.parametrize("name", BOTH)
def test_losses_fall_as_their_limit_rises_and_end_at_none(name):
    found = uncertain(load_scenario(name), 256, resolution="workbook")
    limits = [0.0, 1e5, 1e6, 1e7, 1e8, 1e10]
    shares = [found.losses(usd=limit)["probability_over_usd"] for limit in limits]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == np.mean(found.total < 0.0)
    assert shares[-1] == 0.0
    against = [found.losses(share=part)["probability_over_share"] for part in (0.0, 0.05, 10.0)]
    assert against == sorted(against, reverse=True)
    assert against[0] == shares[0]
    assert against[-1] == 0.0


def test_limits_are_the_assumed_ones_unless_the_user_gives_others():
    plan, state = (load_scenario(name) for name in BOTH)
    assert uncertain(plan, 8, resolution="workbook").limits.usd == 1_000_000.0
    assert uncertain(state, 8).limits.usd == 10_000_000.0
    assert uncertain(state, 8).limits.share == 0.10
    own = uncertain(plan, 8, resolution="workbook", loss_usd=5.0, loss_share=0.5)
    assert (own.limits.usd, own.limits.share) == (5.0, 0.5)
    changed = plan.with_settings({"assumptions.uncertainty.plan_loss_usd": 7.0})
    assert uncertain(changed, 8, resolution="workbook").limits.usd == 7.0


@pytest.mark.parametrize(
    ("given", "field"),
    [({"loss_usd": -1.0}, "loss_usd"), ({"loss_share": -0.1}, "loss_share")],
)
def test_a_loss_below_nothing_is_refused(given, field):
    with pytest.raises(InputError) as refused:
        decide(load_scenario("pdp_regional"), draws=8, resolution="workbook", **given)
    assert refused.value.field == field


def test_a_share_of_revenue_is_of_premium_and_subsidy_when_joining():
    plan = load_scenario("pdp_regional")
    found = uncertain(plan, 8, resolution="workbook")
    run = evaluate(plan, found.draws.cases, "workbook", draws=8)
    rows = run.result.join.ledger
    revenue = total(rows, ("premium", "direct_subsidy", "stabilisation"))
    assert found.base == pytest.approx(revenue, rel=1e-6)


def test_more_that_is_uncertain_spreads_value_more():
    plan = load_scenario("pdp_regional")
    every = uncertain_inputs(plan)
    some = [one for one in every if "uptake" in one.path]
    few, all_of_them = (
        uncertain(plan, 256, resolution="workbook", table=draws(plan, 256, 1, chosen))
        for chosen in (some, every)
    )
    assert 0.0 < few.total.std() < all_of_them.total.std()


def test_a_use_that_grows_with_persistence_has_a_longer_tail():
    """Two inputs that both raise the cost: drawn together they are worse at the worst end."""
    plan = load_scenario("pdp_regional")
    pair = {"assumptions.uptake.initiation": {"assumptions.uptake.eligible_share": 0.95}}
    tied = plan.with_settings({"uncertainty.correlations": pair})
    free, together = (uncertain(one, 1024, resolution="workbook") for one in (plan, tied))
    assert together.total.std() > free.total.std()


# ----------------------------------------------------------------------------- protection


def own_bid(name="pdp_regional", **settings):
    return load_scenario(name).with_settings({"plan.bid": 310.0, **settings})


def test_without_a_bid_of_its_own_the_corridor_rests_and_it_is_said():
    found = uncertain(load_scenario("pdp_regional"), 64, resolution="workbook")
    assert found.inside_corridor["stay_out"] == 1.0
    assert any("plan.bid" in note for note in found.notes)
    bid = uncertain(own_bid(), 64, resolution="workbook")
    assert bid.inside_corridor["stay_out"] < 1.0
    assert not any("plan.bid" in note for note in bid.notes)


def test_which_protections_there_are():
    workbook = {"resolution": "workbook"}
    plan, employer = load_scenario("pdp_regional"), load_scenario("egwp")
    assert set(uncertain(plan, 8, **workbook).without) == {
        "without_reinsurance",
        "without_corridor",
    }
    both = uncertain(plan.with_settings({"terms.package": ALL}), 8, **workbook)
    assert set(both.without) == {
        "without_reinsurance",
        "without_corridor",
        "without_extra_reinsurance",
    }
    assert set(uncertain(employer, 8, **workbook).without) == {"without_reinsurance"}
    assert uncertain(employer, 8, **workbook).inside_corridor == {}
    state = uncertain(load_scenario("state_not_covering"), 8)
    assert state.without == {}
    assert state.protections() == {}


def test_without_a_corridor_nothing_is_shared_in_either_branch():
    plan = own_bid()
    table = draws(plan, 64, 1)
    run = evaluate(plan, table.cases, "workbook", draws=64)
    bare = settle(protection.without_corridor(run.inputs), run.costs, draws=64)
    for branch in (bare.join, bare.stay_out):
        assert not np.any(total(branch.ledger, ("corridor",)))
    # Bids and premiums are what they were: a corridor is not priced.
    assert bare.join.bid == pytest.approx(run.result.join.bid, rel=1e-12)
    shared = {
        name: total(branch.ledger, ("corridor",), ("federal",))
        - total(branch.ledger, ("corridor",), ("plan",))
        for name, branch in (("join", run.result.join), ("stay_out", run.result.stay_out))
    }
    assert run.result.value - bare.value == pytest.approx(shared["join"] - shared["stay_out"])


def test_a_corridor_narrows_what_a_plan_with_a_bid_can_lose():
    plan = own_bid(**{"terms.corridor.first_threshold": 0.0, "terms.corridor.first_share": 0.8})
    found = uncertain(plan, 512, resolution="workbook").protections()
    tails = {name: tail["result"]["tail_mean_5"] for name, tail in found.items()}
    assert tails["as_settled"] > tails["without_corridor"]
    # Staying out has the statute's corridor, which shares less: its misses are in the value.
    assert found["as_settled"]["tail_mean_5"] < found["without_corridor"]["tail_mean_5"]


def test_without_extra_reinsurance_the_terms_pay_none_and_the_bid_prices_what_is_left():
    plan = load_scenario("pdp_regional").with_settings({"terms.package": ALL})
    run = evaluate(plan, None, "workbook")
    less = protection.without_extra_reinsurance(run.inputs)
    bare = settle(less, run.costs)
    assert np.any(total(run.result.join.ledger, ("extra_reinsurance",)))
    assert not np.any(total(bare.join.ledger, ("extra_reinsurance",)))
    assert np.all(bare.join.bid > run.result.join.bid)
    zero = plan.with_settings({"terms.extra_reinsurance.share": 0.0})
    assert bare.value == pytest.approx(evaluate(zero, None, "workbook").result.value, rel=1e-12)


@pytest.mark.parametrize("phase", ["all", "catastrophic"])
def test_without_reinsurance_is_a_plan_to_which_medicare_pays_none(phase):
    """As if the shares above the threshold were 0, run through the whole engine."""
    settings = {
        "terms.package": ALL,
        "terms.extra_reinsurance.phase": phase,
    }
    plan = load_scenario("pdp_regional").with_settings(settings)
    run = evaluate(plan, None, "workbook")
    bare = settle(*protection.without_reinsurance(run.inputs, run.costs))
    none = {
        f"assumptions.benefit.catastrophic_reinsurance_{kind}": 0.0
        for kind in ("applicable", "selected", "non_applicable")
    }
    whole = evaluate(plan.with_settings(none), None, "workbook").result
    assert bare.value == pytest.approx(whole.value, rel=1e-9)
    for branch, known in ((bare.join, whole.join), (bare.stay_out, whole.stay_out)):
        assert branch.bid == pytest.approx(known.bid, rel=1e-9)
        assert not np.any(total(branch.ledger, DRUG_LINES, ("reinsurance",)))
        expected = plan_result(known.ledger)
        assert plan_result(branch.ledger) == pytest.approx(expected, rel=1e-9, abs=1e-5)


def test_without_reinsurance_a_bid_of_its_own_rises_by_what_it_paid():
    plan = own_bid()
    table = draws(plan, 64, 1)
    run = evaluate(plan, table.cases, "workbook", draws=64)
    inputs, costs = protection.without_reinsurance(run.inputs, run.costs)
    bare = settle(inputs, costs, draws=64)
    gaps = identities(inputs, costs, bare)
    scale = float(np.abs(costs.join.gross).max())
    assert all(np.abs(gap).max() < 1e-9 * scale for gap in gaps.values())
    # The mean cost of the basic benefit and the mean target rise by the same amount.
    rise_of_cost = (bare.stay_out.actual - run.result.stay_out.actual).mean(axis=0)
    rise_of_target = (bare.stay_out.target - run.result.stay_out.target).mean(axis=0)
    assert rise_of_target == pytest.approx(rise_of_cost, rel=0.02)


def test_shares_inside_a_corridor_by_hand():
    target = np.array([[100.0, 100.0], [100.0, 200.0]])
    actual = np.array([[105.0, 94.9], [95.0, 211.0]])
    assert risk.share_inside(target, actual, np.array([[0.05]])) == 0.5


# ----------------------------------------------------------------------------------- files


@pytest.mark.parametrize("draws_", [0, -1, 10**7])
def test_a_count_that_cannot_be_drawn_is_one_line(draws_):
    with pytest.raises(InputError) as refused:
        decide(load_scenario("pdp_regional"), draws=draws_)
    assert refused.value.field == "draws"
    assert "\n" not in str(refused.value)


def test_class_shares_stay_shares_at_the_ends_of_their_ranges():
    """Floor and rise of the brand share are drawn apart; together they may not pass 1."""
    spending = "assumptions.spending.brand_share"
    ends = {f"{spending}_floor": np.array([0.65]), f"{spending}_rise": np.array([0.42])}
    mix = evaluate(load_scenario("pdp_regional"), ends, "workbook").inputs.class_mix
    assert mix.min() >= 0.0
    assert mix.sum(axis=-1) == pytest.approx(1.0)


def balance(capsys, *words):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["decide", *words])
    said = capsys.readouterr()
    return int(stopped.value.code or 0), said.out, said.err


QUICK = ("--resolution", "workbook")


@pytest.mark.parametrize("name", [*PLANS, *STATES])
def test_the_command_says_how_likely_joining_is_to_pay(capsys, name):
    code, out, _ = balance(capsys, name, "--draws", "60", *QUICK)
    assert code == 0
    found = uncertain(load_scenario(name), 64, resolution="workbook")
    assert f"of 64 draws of {len(found.draws.inputs)} uncertain inputs" in out
    assert "60 draws were asked for, 64 made: a power of two" in out
    assert "worst 5%" in out
    for period in found.periods:
        assert any(line.startswith(period) and line.endswith("%") for line in out.splitlines())
    assert ("risk corridor" in out.split("uncertain inputs")[1]) == (
        "without_corridor" in found.without
    )


def test_the_command_writes_the_draws_into_its_json_and_the_same_bytes_again(capsys):
    first, again = (
        balance(capsys, "pdp_regional", "--draws", "16", "--seed", "9", "--json", *QUICK)[1]
        for _ in range(2)
    )
    assert first == again
    data = json.loads(first)
    assert (data["uncertainty"]["draws"], data["uncertainty"]["seed"]) == (16, 9)
    assert data["value"]["total"] == pytest.approx(data["uncertainty"]["central"], rel=1e-12)
    plain = json.loads(balance(capsys, "pdp_regional", "--json", *QUICK)[1])
    assert "uncertainty" not in plain
    assert plain["value"] == data["value"]


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("--draws", "0"), "draws"),
        (("--draws", "-8"), "draws"),
        (("--loss-usd", "5"), "--loss-usd"),
        (("--draws", "8", "--loss-share", "-1"), "loss_share"),
        (("--draws", "8", "--resolution", "half"), "resolution"),
        (
            ("--draws", "8", "--set", "uncertainty.correlations={plan.members: {plan.bid: 1}}"),
            "uncertainty.correlations",
        ),
        (
            (
                *("--draws", "8", "--set"),
                "uncertainty.ranges={plan.spend_ratio: {low: 2, high: 3, dist: uniform}}",
            ),
            "uncertainty.ranges.plan.spend_ratio",
        ),
    ],
)
def test_the_command_answers_what_cannot_be_in_one_line(capsys, words, field):
    code, out, err = balance(capsys, "pdp_regional", *words)
    assert code == 2
    assert out == ""
    assert err.strip().startswith(field)
    assert len(err.strip().splitlines()) == 1


def test_the_command_states_the_losses_that_were_asked_for(capsys):
    _, out, _ = balance(
        capsys, "state_not_covering", "--draws", "16", "--loss-usd", "5e7", "--loss-share", "0.3"
    )
    assert "loses more than $50.0M in" in out
    assert "more than 30% of the state's net GLP-1 cost when staying out" in out
