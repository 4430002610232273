"""Premiums, subsidy, corridor and what a bid does to them, by hand (model sections 5 and 6)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator import decide, load_scenario
from calculator.decision import evaluate
from calculator.model import benefit, payment
from calculator.model.arrays import array

CENT = 0.005
SHARE, CAP, FLOOR = np.array([0.255]), np.array([0.06]), np.array([0.20])


def base_premiums(bids, reinsurance, reset_year=2030):
    """Base premiums of 2028 on, from the 41.33 of 2027, USD PMPM."""
    years = list(range(2028, 2028 + len(bids)))
    return payment.base_premiums(
        np.array([41.33]), np.array([bids]), np.array([reinsurance]), years, SHARE, CAP, FLOOR,
        reset_year,
    )[0]  # fmt: skip


# ------------------------------------------------------------------------------------- base premium


def test_the_base_premium_rises_by_6_percent_and_2030_steps_up_to_the_floor():
    # 25.5% and 20% of bid and reinsurance of 360, 370, 380 and 390.
    path = base_premiums([300, 310, 320, 330], [60, 60, 60, 60])
    assert path[0] == pytest.approx(41.33 * 1.06)  # 43.81, below 91.80
    assert path[1] == pytest.approx(41.33 * 1.06**2)  # 46.44, below 94.35
    assert path[2] == pytest.approx(76.0)  # the floor, above 49.22 from the cap
    assert path[3] == pytest.approx(78.0)  # the percentage of 2030, here 20%, held


def test_the_2030_premium_is_the_capped_one_where_that_is_above_the_floor():
    path = base_premiums([150, 150, 150, 160], [50, 50, 50, 60])
    assert path[2] == pytest.approx(41.33 * 1.06**3)  # 49.22, above 20% of 200
    assert path[3] == pytest.approx(41.33 * 1.06**3 / 200 * 220)  # 24.6% held


def test_the_premium_never_exceeds_25_5_percent_of_bid_and_reinsurance():
    path = base_premiums([100, 100, 100], [20, 20, 20])
    assert path.tolist() == pytest.approx([0.255 * 120] * 3)


def test_the_shipped_base_premium_follows_the_statute_to_2031():
    run = evaluate(load_scenario("pdp_regional"), resolution="workbook").inputs
    assert run.years == (2028, 2029, 2030, 2031)
    bid_2030 = run.national_average_bid[0, 2]
    reinsurance = run_reinsurance(2030)
    assert run.base_premium[0, :2] == pytest.approx([43.81, 46.44], abs=CENT)
    assert run.base_premium[0, 2] == pytest.approx(0.20 * (bid_2030 + reinsurance))
    held = run.base_premium[0, 3] / (run.national_average_bid[0, 3] + run_reinsurance(2031))
    assert held == pytest.approx(0.20)


def run_reinsurance(year: int) -> float:
    register = load_scenario("pdp_regional").register()
    path = "assumptions.payment.national_average_reinsurance"
    return float(register.yearly(path, [year])[0, 0])


# ----------------------------------------------------------------------- premium and direct subsidy


@given(st.floats(50, 600), st.floats(0.3, 3), st.floats(50, 600), st.floats(10, 100))
def test_premium_and_direct_subsidy_together_are_the_bid_at_the_risk_score(
    bid, risk_score, average, base
):
    premium = payment.basic_premium(bid, average, base)
    subsidy = payment.direct_subsidy(bid, risk_score, average, base)
    assert float(premium + subsidy) == pytest.approx(bid * risk_score)


@given(st.floats(50, 600), st.floats(50, 600), st.floats(10, 100))
def test_at_a_risk_score_of_1_every_plan_gets_the_same_direct_subsidy(bid, average, base):
    subsidy = payment.direct_subsidy(bid, 1.0, average, base)
    assert float(subsidy) == pytest.approx(average - base, abs=1e-9)


def test_a_point_of_risk_score_is_worth_the_plans_own_bid():
    one, two = (float(payment.direct_subsidy(310, risk, 296.05, 41.33)) for risk in (1.0, 2.0))
    assert two - one == pytest.approx(310)


# ----------------------------------------------------------------------------------------- corridor


@pytest.mark.parametrize(
    ("actual", "medicare_pays"),
    [
        (100, 0.0),
        (105, 0.0),
        (95, 0.0),
        (107, 1.0),  # half of the 2 beyond 105
        (93, -1.0),
        (110, 2.5),
        (115, 6.5),  # half of 5 and 80% of 5
        (85, -6.5),
        (0, -74.5),  # half of 5 and 80% of 90
    ],
)
def test_the_corridor_shares_half_from_5_to_10_percent_and_80_beyond(actual, medicare_pays):
    assert float(payment.risk_corridor(100.0, actual)) == pytest.approx(medicare_pays)


def test_a_narrower_corridor_shares_sooner():
    terms = {"thresholds": (0.025, 0.05), "shares": (0.5, 0.8)}
    assert float(payment.risk_corridor(200.0, 220.0, **terms)) == pytest.approx(0.5 * 5 + 0.8 * 10)


@given(st.floats(1, 1e9), st.floats(0, 2e9), st.floats(0, 2e9))
def test_a_plan_with_a_higher_cost_is_never_better_off_for_the_corridor(target, one, other):
    low, high = sorted((one, other))
    after = [cost - float(payment.risk_corridor(target, cost)) for cost in (low, high)]
    assert after[1] >= after[0] - 1e-6


def test_the_corridor_of_a_run_is_half_of_what_costs_exceed_105_percent_of_target():
    # Bid so low that costs are between 105 and 110% of target, in both branches.
    scenario = load_scenario("pdp_regional")
    at_cost = evaluate(scenario).result.stay_out.bid[0, 0]
    run = evaluate(scenario.with_settings({"plan.bid": round(float(at_cost) / 1.07, 2)})).result
    for branch in (run.stay_out, run.join):
        target, actual = branch.target[0, 0], branch.actual[0, 0]
        assert 1.05 < actual / target < 1.10
        paid = branch.ledger["corridor", "federal"][0, 0]
        assert paid == pytest.approx(0.5 * (actual - 1.05 * target))
        drugs = sum(
            branch.ledger[line, "plan"][0, 0]
            for line in ("baseline_drugs", "existing_glp1", "model_drugs")
            if (line, "plan") in branch.ledger
        )
        assert actual == pytest.approx(drugs)
        revenue = branch.bid[0, 0] * scenario.plan.risk_score * run.member_months[0, 0]
        assert target == pytest.approx(0.9 * revenue)


def test_extra_reinsurance_lowers_what_the_corridor_sees():
    settings = {"terms.extra_reinsurance.share": 0.4}
    run = evaluate(load_scenario("pdp_regional").with_settings(settings)).result.join
    drugs = sum(run.ledger[line, "plan"] for line in ("baseline_drugs", "existing_glp1"))
    model = run.ledger["model_drugs", "plan"]
    assert run.ledger["extra_reinsurance", "cms_incentive"] == pytest.approx(0.4 * model)
    assert run.actual == pytest.approx(drugs + 0.6 * model)


# -------------------------------------------------------------------------- what a bid change moves


@given(st.floats(-20, 20), st.floats(0, 1))
def test_a_plans_own_weight_in_the_average_takes_its_share_off_its_premium(change, weight):
    assert float(payment.premium_change(change, weight)) == pytest.approx(change * (1 - weight))


def test_a_run_raises_the_premium_by_the_bid_change_less_the_plans_own_weight():
    scenario = load_scenario("pdp_regional").with_settings({"plan.national_weight": 0.2})
    run = evaluate(scenario).result
    change = run.join.bid - run.stay_out.bid
    assert np.all(np.abs(change) > 0.01)
    assert run.join.premium - run.stay_out.premium == pytest.approx(0.8 * change)


def test_members_leave_a_plan_only_for_a_rise_against_its_rivals():
    settings = {"rivals.premium_change": 0.4, "terms.premium_stabilisation.amount": 0.0}
    scenario = load_scenario("pdp_regional").with_settings(settings)
    run = evaluate(scenario).result
    rise = (run.join.premium - run.stay_out.premium)[0]
    # A tenth look around each year; 8% of them leave per dollar; low-income members do not pay it.
    staying = np.cumprod(1 - 0.10 * 0.08 * (rise - 0.4))
    assert run.join.leaving[0] == pytest.approx((1 - scenario.plan.lis_share) * (1 - staying))
    held = scenario.with_settings({"assumptions.payment.priced_share": 0.0})
    same = evaluate(held.with_settings({"rivals.premium_change": 0.0})).result
    assert np.all(same.join.leaving == 0)


def test_a_bid_beyond_the_headroom_loses_the_auto_assigned_from_that_year_on():
    change = np.array([[0.5, 2.5, 1.0, 3.0]])
    assert payment.loses_benchmark(change, np.zeros((1, 1)), np.array([2.0])).tolist() == [
        [0.0, 1.0, 1.0, 1.0]
    ]
    # Rivals who rise as much take nobody's benchmark away; nor is it lost where it is not at stake.
    assert not payment.loses_benchmark(change, change, np.array([2.0])).any()
    assert not payment.loses_benchmark(change, np.zeros((1, 1)), np.array([np.nan])).any()


def test_an_employer_plan_has_no_bid_and_no_corridor():
    rows = decide(load_scenario("egwp"), resolution="workbook").ledger()
    assert "corridor" not in set(rows.line)
    assert "premium" not in set(rows.line)
    run = evaluate(load_scenario("egwp")).result
    assert run.join.direct_subsidy == pytest.approx(run.stay_out.direct_subsidy)


# -------------------------------------------------------------------------- low-income cost sharing


@pytest.mark.parametrize(
    ("owed", "statutory_copay", "pays"), [(50.0, 12.65, 12.65), (8.0, 12.65, 8.0), (0.0, 4.9, 0.0)]
)
def test_a_low_income_member_pays_the_statutory_copay_or_less(owed, statutory_copay, pays):
    assert float(benefit.low_income_copay(array(owed), array(statutory_copay))) == pays


def test_the_subsidy_of_a_run_is_what_low_income_members_owe_less_their_copays():
    # Everyone has the subsidy and pays 12.65 dollars for a brand.
    settings = {
        "plan.lis_share": 1.0,
        "assumptions.benefit.lis_copay_brand_low": 12.65,
        "assumptions.benefit.lis_copay_brand_other": 12.65,
        "assumptions.drugs.ozempic_users_share": 0.0,
        "assumptions.drugs.rybelsus_users_share": 0.0,
        "assumptions.drugs.mounjaro_users_share": 0.0,
    }
    low_income = load_scenario("pdp_regional").with_settings(settings)
    full_copay = low_income.with_settings({"terms.lis_rule": "full_copay"})
    helped, unhelped = (evaluate(chosen) for chosen in (low_income, full_copay))
    ledger, full = helped.result.join.ledger, unhelped.result.join.ledger
    owed = full["model_drugs", "member"]
    assert full["model_drugs", "lics"] == pytest.approx(0)
    assert ledger["model_drugs", "member"] + ledger["model_drugs", "lics"] == pytest.approx(owed)
    # 50 dollars a fill below the threshold and nothing above it, so owed / 50 fills are charged.
    assert ledger["model_drugs", "member"] == pytest.approx(owed / 50 * 12.65)
    for payer in ("plan", "manufacturer", "selected_subsidy", "reinsurance"):
        assert ledger["model_drugs", payer] == pytest.approx(full["model_drugs", payer])


def test_other_payers_of_a_fill_do_not_see_whether_its_member_has_the_subsidy():
    """LICS counts to the out-of-pocket threshold, so plan and Medicare pay as for anyone."""
    settings = {"assumptions.spending.lis_spend_ratio": 1.0}
    scenario = load_scenario("pdp_regional").with_settings(settings)
    none, all_of_them = (
        evaluate(scenario.with_settings({"plan.lis_share": share})).result.join.ledger
        for share in (0.0, 1.0)
    )
    for payer in ("plan", "manufacturer", "selected_subsidy", "reinsurance"):
        assert all_of_them["model_drugs", payer] == pytest.approx(none["model_drugs", payer])
