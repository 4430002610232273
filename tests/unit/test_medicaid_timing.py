"""When a state's money moves: capitation, rebates, effects on other care, match rates and years."""

import datetime as dt
import math

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.model import ledger as words
from calculator.model import medicaid
from tests.unit.test_medicaid import (
    EXACT,
    NO_OVERHEAD,
    NOBODY_STOPS,
    NOBODY_TODAY,
    ONE_MILLION,
    OTHERS,
    row,
    run,
)

BRANCHES = ("join", "stay_out")


# ---------------------------------------------------------------------- when money reaches whom


def test_rebates_follow_actual_fills_and_capitation_the_priced_ones():
    everyone = {"assumptions.coverage.managed_care_share": 1.0, **NOBODY_TODAY, **NO_OVERHEAD}
    half = {**everyone, "assumptions.coverage.priced_fills_share": 0.5}
    actual, priced = (run(settings).result.join for settings in (everyone, half))
    for line in medicaid.REBATE_LINES:
        for payer in ("federal", "state", "manufacturer"):
            assert row(priced, line, payer) == pytest.approx(row(actual, line, payer), rel=EXACT)
    for payer in ("federal", "state"):
        whole, paid = (row(branch, "capitation", payer) for branch in (actual, priced))
        assert paid[:12] == pytest.approx(0.5 * whole[:12], rel=EXACT)
        assert paid[12:] == pytest.approx(whole[12:], rel=EXACT)
    # Until rates are rebased the plans pay what is not priced.
    plans = words.total(priced.rows, words.LINES, ["mco"])[0]
    gross = row(priced, "model_drugs", "mco")
    load = 0.10
    assert plans[:12] == pytest.approx(gross[:12] * (1 - 0.5 / (1 - load)), rel=EXACT)
    assert np.all(plans[:12] > 0)
    assert plans[12:] == pytest.approx(gross[12:] * (1 - 1 / (1 - load)), rel=EXACT)


def test_fee_for_service_pays_what_was_dispensed_whatever_was_priced():
    nobody = {"assumptions.coverage.managed_care_share": 0.0}
    first, second = (
        run({**nobody, "assumptions.coverage.priced_fills_share": share}).result
        for share in (1.0, 0.3)
    )
    assert second.value == pytest.approx(first.value, rel=EXACT)
    assert not any(line == "capitation" and amounts.any() for (line, _), amounts
                   in first.join.rows.items())  # fmt: skip


@pytest.mark.parametrize("shipped", ["state_not_covering", "state_covering"])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_cash_is_accrual_with_rebates_moved_by_their_lag(shipped, quarters):
    settings = {"assumptions.rebates.rebate_lag_quarters": quarters}
    decision = decide(load_scenario(shipped).with_settings(settings))
    result, months = decision.evaluation.result, 3 * quarters
    before = words.total(result.stay_out.rows, medicaid.REBATE_LINES, ["manufacturer"])[0, 0]
    for name in BRANCHES:
        rows = getattr(result, name).rows
        lag = decision.evaluation.inputs.rebate_lag_quarters
        moved = medicaid.cash(rows, lag, result.stay_out.rows)
        for key, amounts in rows.items():
            if key[0] not in medicaid.REBATE_LINES:
                assert np.array_equal(moved[key], amounts)
        accrued, received = (
            words.total(found, medicaid.REBATE_LINES, ["manufacturer"])[0]
            for found in (rows, moved)
        )
        assert received[months:] == pytest.approx(accrued[: 60 - months], rel=EXACT)
        assert received[:months] == pytest.approx(np.full(months, before), rel=EXACT)
        # Over the horizon only what is still under way at the end and at the start differs.
        budget = decision.budget[name]
        accrual, cash = (
            sum(budget[f"total_computable_{kind}"].values()) for kind in ("net", "net_cash")
        )
        tail = accrued[60 - months :].sum() - months * before
        assert cash - accrual == pytest.approx(tail, abs=EXACT * abs(accrual))


FLAT_USE = {
    **NOBODY_STOPS,
    **NO_OVERHEAD,
    **NOBODY_TODAY,
    "uptake.form": "monthly_fills",
    "uptake.monthly_fills": [1_200.0],
    "therapy.offsets": "cbo",
    "state.fmap": 0.60,
}


def cbo(month: int) -> float:
    """CBO's path, USD a month of a person on therapy: -50 a year, 75 more each year to -650."""
    return max(-50 - 75 * (month // 12), -650) / 12


def test_offsets_reach_the_state_through_match_and_from_plans_after_the_lag():
    one_group = {
        **FLAT_USE,
        **{f"groups.{name}.included": False for name in (*OTHERS, "expansion_adults")},
        "groups.base_adults.managed_share": 0.75,
        "assumptions.coverage.capture_lag_months": 24,
    }
    found = run(one_group).result.join
    whole = [1_200 * cbo(month) for month in range(60)]
    assert found.medical_effect[0] == pytest.approx(whole, rel=1e-6)
    for payer, share in (("state", 0.40), ("federal", 0.60)):
        expected = [
            usd * share * (0.25 if month < 24 else 1.0) for month, usd in enumerate(whole)
        ]  # fmt: skip
        assert row(found, "offsets", payer) == pytest.approx(expected, rel=1e-6)


def test_before_the_lag_offsets_reach_only_the_match_of_those_in_fee_for_service():
    """Base adults at 60% in fee for service, expansion adults at 90% all in plans: until the plans'
    savings reach the state it has 40% of the base adults' alone."""
    found = run({
        **FLAT_USE,
        **ONE_MILLION,
        "groups.base_adults.eligible_share": 0.04,
        "groups.expansion_adults.eligible_share": 0.06,
        "groups.base_adults.managed_share": 0.0,
        "groups.expansion_adults.managed_share": 1.0,
        "assumptions.coverage.capture_lag_months": 24,
    }).result.join  # fmt: skip
    half = [600 * cbo(month) for month in range(60)]
    early = [0.40 * usd for usd in half[:24]]
    late = [(0.40 + 0.10) * usd for usd in half[24:]]
    assert row(found, "offsets", "state")[24:] == pytest.approx(late, rel=1e-6)
    assert row(found, "offsets", "state")[:24] == pytest.approx(early, rel=1e-6)


def test_an_effect_of_those_whose_coverage_ended_fades_from_the_end_on():
    """Everyone on therapy on the last covered day stops, and carries the first year's effect."""
    found = run({
        **NOBODY_STOPS,
        "uptake.form": "share_of_eligibles",
        "therapy.offsets": "trial_model",
        "state.coverage_ends": "2027-06-30",
    }, "state_ending_coverage")  # fmt: skip
    effect = found.result.stay_out.medical_effect[0]
    treated = found.result.stay_out.on_therapy[0]
    fade = math.exp(-1 / 13)
    assert treated[5] > 1_000
    assert effect[:6] == pytest.approx(-2_000 / 12 * treated[:6], rel=1e-6)
    for month in range(6, 60):
        carried = treated[5] * fade ** (month - 6)
        assert effect[month] == pytest.approx(-2_000 / 12 * carried, rel=1e-6), month


def test_an_effect_fades_also_where_coverage_ended_on_the_day_before():
    """Those treated to the last day of December stop in January and carry the effect from then."""
    settings = {
        **NOBODY_STOPS,
        "uptake.form": "share_of_eligibles",
        "therapy.offsets": "trial_model",
    }
    treated = run({**settings, "state.coverage_ends": "2027-01-31"}, "state_ending_coverage")
    people = treated.inputs.stay_out.opening_stock.sum()
    assert people > 1_000
    ended = run({**settings, "state.coverage_ends": "2026-12-31"}, "state_ending_coverage")
    effect = ended.result.stay_out.medical_effect[0]
    carried = [people * math.exp(-month / 13) for month in range(60)]
    assert effect == pytest.approx([-2_000 / 12 * count for count in carried], rel=1e-6)


def test_premium_tax_is_paid_by_both_and_comes_back_to_the_state():
    taxed = run({"assumptions.coverage.premium_tax": 0.04, **NOBODY_TODAY}).result.join
    capitation = row(taxed, "capitation", "federal") + row(taxed, "capitation", "state")
    match = row(taxed, "capitation", "federal") / capitation
    tax = capitation * 0.04 / 0.96
    assert row(taxed, "premium_tax", "federal") == pytest.approx(tax * match, rel=EXACT)
    assert row(taxed, "premium_tax", "state") == pytest.approx(-tax * match, rel=EXACT)


def test_administration_has_its_own_match():
    found = run({
        "assumptions.coverage.prior_authorization_cost": 100.0,
        "assumptions.coverage.prior_authorization_match": 0.75,
        "assumptions.coverage.administration_fixed": 1_200_000.0,
        "assumptions.coverage.administration_match": 0.50,
    }).result.join  # fmt: skip
    starts = found.starts[0]
    federal, state = (row(found, "administration", payer) for payer in ("federal", "state"))
    assert federal == pytest.approx(75 * starts + 50_000, rel=EXACT)
    assert state == pytest.approx(25 * starts + 50_000, rel=EXACT)


# ------------------------------------------------------------------------ match rates and years


def test_years_after_the_last_match_rate_hold_it_and_say_so():
    decision = decide(load_scenario("state_not_covering"))
    register = decision.register
    for path in ("state.fmap", "state.efmap"):
        last = register.number(path, dt.date(2027, 9, 30))[0]
        for day in (dt.date(2027, 10, 1), dt.date(2031, 12, 1)):
            assert register.number(path, day)[0] == last
            assert register.status(path, day) == "projected"
        assert register.status(path, dt.date(2027, 9, 30)) != "projected"
    assert any("2027 are held" in note for note in decision.notes)


@pytest.mark.parametrize(
    ("end", "held"), [("2027-09-30", False), ("2027-10-31", True), ("2027-12-31", True)]
)
def test_the_note_on_held_match_rates_stands_from_the_first_month_that_holds_one(end, held):
    scenario = load_scenario("state_not_covering").with_settings(
        {"horizon.start": "2026-07-01", "horizon.end": end}
    )
    assert any("are held" in note for note in decide(scenario).notes) is held


def test_each_month_has_the_match_of_its_federal_year():
    found = run({"state.abbr": "TX", "horizon.start": "2026-07-01", "horizon.end": "2028-06-30"})
    groups = found.inputs.groups
    match = groups.match[0]
    base = match[:, groups.names.index("base_adults")]
    assert base.tolist() == [0.5983] * 3 + [0.5854] * 21
    assert set(match[:, groups.names.index("expansion_adults")]) == {0.90}


@pytest.mark.parametrize(
    ("start", "months"),
    [("2031-12-01", 1), ("2031-07-01", 6), ("2031-01-01", 12), ("2030-12-01", 13)],
)
def test_a_short_horizon_is_a_decision_too(start, months):
    """The last months of the model, as a state would ask in its last budget."""
    decision = decide(load_scenario("state_not_covering").with_settings({"horizon.start": start}))
    assert len(decision.evaluation.months) == months
    assert decision.to_dict()["value"]["total"] == decision.value.total


# ----------------------------------------------------------------------------------- outcomes


def test_the_same_fills_keep_the_same_weight_whatever_the_form_of_uptake():
    """Those who stopped count among the people over whom the weight kept is a mean."""
    nobody_returns = {"assumptions.persistence.restart_one_year": 0.0, "therapy.offsets": "cbo"}
    first = decide(
        load_scenario("state_not_covering").with_settings(
            {**nobody_returns, "uptake.form": "share_of_eligibles"}
        )
    )
    fills = first.evaluation.result.join.fills[0].tolist()
    second = decide(
        load_scenario("state_not_covering").with_settings(
            {**nobody_returns, "uptake.form": "monthly_fills", "uptake.monthly_fills": fills}
        )
    )
    one, other = (found.to_dict()["outcomes"]["join"] for found in (first, second))
    for key in ("starts", "on_therapy", "at_twelve_months", "medical_effect", "mean_weight_kept"):
        assert list(other[key].values()) == pytest.approx(list(one[key].values()), rel=1e-6), key
