"""Seven mistakes that Medicaid budgets for these drugs make, each with the test that shows it.

Numbered as in the facts the model was built from.
"""

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.model import ledger as words
from calculator.model import medicaid
from tests.unit.test_medicaid import NO_OVERHEAD, NOBODY_TODAY, OTHERS, run

WEGOVY_ALONE = {
    **NOBODY_TODAY,
    **NO_OVERHEAD,
    **{f"groups.{name}.included": False for name in (*OTHERS, "expansion_adults")},
    "groups.base_adults.managed_share": 0.0,
    "groups.base_adults.eligible_share": 0.05,
    "state.fmap": 0.60,
    "therapy.mix": {"wegovy": 1.0},
    "uptake.form": "monthly_fills",
    "uptake.monthly_fills": [1_000.0],
    "assumptions.rebates.amp_share_of_list": 0.97,
    "assumptions.rebates.best_price_share_of_amp": 0.90,
    "assumptions.rebates.base_amp_ratio": 1.0,
    "assumptions.rebates.ingredient_share_of_list": 1.0,
    "assumptions.rebates.dispensing_fee": 0.0,
}


def test_trap_1_list_and_best_price_step_within_the_fiscal_year_2027():
    """1,349.02 to December 2026, 675 from January 2027, and 274 in best price from then on."""
    found = run({
        **WEGOVY_ALONE,
        "horizon.start": "2026-07-01",
        "horizon.end": "2027-06-30",
        "terms.guaranteed_net_price": None,
    }).result.join  # fmt: skip
    gross = medicaid.gross_cost(found.rows)[0] / 1_000
    assert gross == pytest.approx([1349.02] * 6 + [675.0] * 6)
    net = medicaid.net_cost(found.rows)[0] / 1_000
    before = 1349.02 * (1 - 0.97 * 0.231)
    after = 675 - (0.97 * 675 - 274)
    assert net == pytest.approx([before] * 6 + [after] * 6)
    # One price for the whole year, whichever, would be off by more than a third.
    for price in (1349.02, 675.0):
        assert abs(12 * price / gross.sum() - 1) > 0.3


def test_trap_2_base_and_expansion_are_split_before_match_is_applied():
    """Virginia: 14.7% of new cost is general fund; one match for all would make it 49.5%."""
    virginia = {
        **WEGOVY_ALONE,
        "groups.expansion_adults.included": True,
        "groups.base_adults.share": 0.297,
        "groups.expansion_adults.share": 0.703,
        "groups.expansion_adults.eligible_share": 0.05,
        "groups.expansion_adults.managed_share": 0.0,
        "state.enrollment": 1_000_000,
        "state.abbr": "VA",
        "state.fmap": 0.5054,
        "assumptions.coverage.enrollment_trend": 0.0,
    }
    rows = run(virginia).result.join.rows
    whole, state = medicaid.net_cost(rows)[0], medicaid.state_cost(rows)[0]
    assert state / whole == pytest.approx(0.297 * 0.4946 + 0.703 * 0.10, rel=1e-9)
    # The expansion adults' tenth is not general fund: with it paid by others 14.7% is left.
    others_pay = run({**virginia, "assumptions.coverage.expansion_match": 1.0}).result.join.rows
    general_fund = medicaid.state_cost(others_pay)[0] / medicaid.net_cost(others_pay)[0]
    assert general_fund == pytest.approx(np.full(60, 0.147), abs=0.0005)
    one_match = run({**virginia, "assumptions.coverage.expansion_match": 0.5054}).result.join.rows
    wrong = medicaid.state_cost(one_match)[0] / medicaid.net_cost(one_match)[0]
    assert wrong == pytest.approx(np.full(60, 0.495), abs=0.0005)


def test_trap_3_the_federal_offset_raises_the_states_share_of_a_minimum_rebate():
    """460.57 a month and not 418.70."""
    settings = {
        **WEGOVY_ALONE,
        "horizon.start": "2026-07-01",
        "horizon.end": "2026-12-31",
        "terms.guaranteed_net_price": None,
    }
    rows = run(settings).result.join.rows
    assert medicaid.state_cost(rows)[0] / 1_000 == pytest.approx(np.full(6, 460.57), abs=0.005)
    no_offset = {**settings, "assumptions.rebates.federal_offset_cap_share": 0.0}
    rows = run(no_offset).result.join.rows
    assert medicaid.state_cost(rows)[0] / 1_000 == pytest.approx(np.full(6, 418.70), abs=0.005)


def test_trap_3_a_top_up_is_shared_in_full_and_leaves_the_offset_where_it_was():
    """At 245 the state pays 40% of 245 and of the offset that it never receives."""
    settings = {**WEGOVY_ALONE, "horizon.start": "2026-07-01", "horizon.end": "2026-12-31"}
    rows = run(settings).result.join.rows
    offset = 0.08 * 0.97 * 1349.02
    expected = 0.40 * (245 + offset)
    assert medicaid.state_cost(rows)[0] / 1_000 == pytest.approx(np.full(6, expected), abs=0.005)


def test_trap_4_gross_authority_is_not_net_cost_and_rebates_lag():
    decision = decide(load_scenario("state_not_covering").with_settings(WEGOVY_ALONE))
    join = decision.budget["join"]
    for payer in ("total_computable", "federal", "state"):
        for year in decision.periods:
            assert join[f"{payer}_gross"][year] > 1.5 * join[f"{payer}_net"][year]
    # Two quarters of drugs are paid before the first rebate of a new use arrives.
    first = decision.periods[0]
    assert decision.evaluation.months[5].isoformat() == "2027-06-01"
    assert join["state_net_cash"][first] == pytest.approx(join["state_gross"][first])
    assert sum(join["state_net_cash"].values()) > sum(join["state_net"].values())


def test_trap_5_obesity_and_diabetes_use_are_never_one_number():
    base = {"uptake.form": "monthly_fills", "uptake.monthly_fills": [1_000.0]}
    path = "assumptions.coverage.existing_fills_per_enrollee"
    some, many = (run({**base, path: fills}).result for fills in (0.05, 0.20))
    for branch in ("join", "stay_out"):
        few, lots = (getattr(found, branch) for found in (some, many))
        model, today = (
            [words.total(found.rows, [line], ["federal", "state", "mco"]) for found in (few, lots)]
            for line in ("model_drugs", "existing_glp1")
        )
        assert np.array_equal(model[0], model[1])
        assert today[1] == pytest.approx(4 * today[0])
        assert few.fills.tolist() == lots.fills.tolist()
    # More of both would not do: with today's use alone there is no obesity line to be seen.
    none = run({**base, "uptake.monthly_fills": [0.0]}).result.join
    assert not words.total(none.rows, ["model_drugs"]).any()
    assert words.total(none.rows, ["existing_glp1"]).any()


@pytest.mark.parametrize("shipped", ["state_not_covering", "state_covering"])
@pytest.mark.parametrize("form", ["share_of_eligibles", "fills_per_1000", "monthly_fills"])
def test_trap_6_a_high_uptake_run_always_stands_beside_the_central_one(shipped, form):
    """Launch estimates have missed by multiples."""
    scenario = load_scenario(shipped).with_settings(
        {"uptake.form": form, "uptake.monthly_fills": [1_000.0]}
    )
    decision = decide(scenario)
    found = decision.to_dict()["high_uptake"]
    assert set(found) == {"total", "state_net", "fills"}
    central = decision.evaluation.result.join
    assert found["fills"] > 1.4 * central.fills.sum()
    assert found["state_net"] > medicaid.state_cost(central.rows).sum()
    if shipped == "state_not_covering":
        assert found["total"] < decision.value.total


@pytest.mark.parametrize(
    "own",
    [
        {"uptake.form": "monthly_fills", "uptake.monthly_fills": [50_000.0]},
        {"uptake.quarterly_fills_per_1000": [100.0]},
    ],
)
def test_trap_6_high_uptake_is_never_below_what_the_user_expects(own):
    """Whoever expects more than other states saw is shown at least that."""
    decision = decide(load_scenario("state_not_covering").with_settings(own))
    central = decision.evaluation.result.join.fills.sum()
    assert decision.high_uptake["fills"] >= central
    assert decision.high_uptake["total"] <= decision.value.total


def test_trap_7_uses_that_must_be_covered_anyway_are_not_new():
    """Heart disease, sleep apnea, MASH and diabetes: new users are those who qualify less those."""
    form = {"uptake.form": "share_of_eligibles"}
    found = run(form)
    groups = found.inputs.groups
    adults = [name in ("base_adults", "expansion_adults", "disabled") for name in groups.names]
    with_obesity = 0.354 * 1.17  # Georgia's adults, at Medicaid's prevalence
    assert groups.eligible_share[0, adults] == pytest.approx(with_obesity * 0.26)
    # Children's use is covered where necessary; nobody is new among them.
    assert not groups.eligible_share[0, [not adult for adult in adults]].any()
    # The more of the need is covered already, the fewer are new, in proportion.
    path = "assumptions.coverage.newly_eligible_share_of_obese"
    half = run({**form, path: 0.13}).result
    assert half.join.fills == pytest.approx(0.5 * found.result.join.fills)
    # What is covered already is there whether the state joins or not: it changes price, not number.
    for result in (found.result, half):
        fills = [
            words.total(branch.rows, ["existing_glp1"]) for branch in (result.join, result.stay_out)
        ]
        assert fills[0] == pytest.approx(fills[1], rel=1e-12)
