"""What joining changes for a state: the price of a fill, and what belongs to the model alone."""

import datetime as dt

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.decision import evaluate
from calculator.medicaid_inputs import build_inputs
from calculator.model import ledger as words
from calculator.model import medicaid
from tests.unit.test_medicaid import EXACT, NO_OVERHEAD, ONE_MILLION, row, run

BRANCHES = ("join", "stay_out")


# ----------------------------------------------------------------------- what joining changes


SEMAGLUTIDE_TODAY = {
    **NO_OVERHEAD,
    **ONE_MILLION,
    "uptake.form": "monthly_fills",
    "uptake.monthly_fills": [0.0],
    "state.fmap": 0.60,
    "assumptions.coverage.expansion_match": 0.60,
    "assumptions.coverage.managed_care_share": 0.0,
    "assumptions.coverage.existing_fills_per_enrollee": 0.12,
    "assumptions.coverage.existing_mix_ozempic": 1.0,
    "assumptions.coverage.existing_mix_rybelsus": 0.0,
    "assumptions.coverage.existing_mix_mounjaro": 0.0,
    # No rebate of the state's own: the statutory one with the maximum fair price in best price.
    "assumptions.rebates.ozempic_own_net_price": 5_000,
    "assumptions.rebates.own_supplemental_share": 0.0,
    "assumptions.rebates.amp_share_of_list": 0.97,
    "assumptions.rebates.best_price_share_of_amp": 0.90,
    "assumptions.rebates.base_amp_ratio": 1.0,
    "horizon.start": "2026-07-01",
    "horizon.end": "2027-12-31",
}


def advantage_a_fill(settings: dict) -> np.ndarray:
    """What joining saves on one fill of today's use, whoever pays, USD by month."""
    found = run({**SEMAGLUTIDE_TODAY, **settings}).result
    both = [medicaid.net_cost(getattr(found, name).rows)[0] for name in BRANCHES]
    saved = both[1] - both[0]
    assert found.value[0] == pytest.approx(0.40 * saved, rel=EXACT)
    return saved / 10_000


def test_the_advantage_over_a_best_price_at_the_maximum_fair_price_is_computed():
    """AMP 97% of 675 is 654.75; less 274 the rebate is 380.75 and leaves 294.25: 49.25 above 245.

    That is the most of it: at the ingredient cost paid, 95.8% of list, it is 20.90.
    """
    at_list = advantage_a_fill({"assumptions.rebates.ingredient_share_of_list": 1.0})
    assert at_list[6:] == pytest.approx(np.full(12, 49.25), abs=1e-9)
    as_paid = advantage_a_fill({"assumptions.rebates.ingredient_share_of_list": 0.958})
    assert as_paid[6:] == pytest.approx(np.full(12, 20.90), abs=1e-9)


def test_the_advantage_shrinks_for_semaglutide_from_2027():
    """In 2026 the minimum rebate is all: 1,027 - 23.1% of AMP - 245."""
    found = advantage_a_fill({"assumptions.rebates.ingredient_share_of_list": 1.0})
    assert found[:6] == pytest.approx(np.full(6, 1_027 - 0.231 * 0.97 * 1_027 - 245), abs=1e-9)
    assert np.all(found[6:] < found[:6].min() / 10)
    # Without the maximum fair price in best price the cut of the list price alone does less.
    without = advantage_a_fill({
        "assumptions.rebates.ingredient_share_of_list": 1.0,
        "assumptions.rebates.mfp_sets_best_price": False,
    })  # fmt: skip
    assert without[6:] == pytest.approx(np.full(12, 675 - 0.231 * 654.75 - 245), abs=1e-9)


def test_tirzepatide_has_no_maximum_fair_price_and_keeps_its_advantage():
    found = advantage_a_fill({
        "assumptions.coverage.existing_mix_ozempic": 0.0,
        "assumptions.coverage.existing_mix_mounjaro": 1.0,
        "assumptions.rebates.mounjaro_own_net_price": 5_000,
        "assumptions.rebates.ingredient_share_of_list": 1.0,
    })  # fmt: skip
    assert found == pytest.approx(np.full(18, 1079.77 * (1 - 0.231 * 0.97) - 245), abs=1e-9)


@pytest.mark.parametrize("supplemental", [False, True])
def test_separate_chip_gets_no_statutory_rebate(supplemental):
    names = ("children", "base_adults", "expansion_adults", "disabled", "duals", "medicaid_chip")
    found = run({
        **{f"groups.{name}.included": False for name in names},
        "groups.separate_chip.enrollment": 100_000,
        "groups.separate_chip.eligible_share": 0.05,
        "groups.separate_chip.supplemental_eligible": supplemental,
        "assumptions.rebates.ingredient_share_of_list": 1.0,
    }).result.join  # fmt: skip
    assert found.fills.sum() > 0
    assert not any(line == "statutory_rebate" and amounts.any() for (line, _), amounts
                   in found.rows.items())  # fmt: skip
    if not supplemental:
        assert ("supplemental_rebate", "manufacturer") not in found.rows
        return
    # The top-up alone brings it to the guaranteed net price.
    gross = 0.45 * 675 + 0.45 * 1086.37 + 0.10 * 649
    paid = row(found, "supplemental_rebate", "manufacturer")
    assert paid == pytest.approx(found.fills[0] * (gross - 245), rel=EXACT)


def test_medicaid_chip_gets_the_statutory_rebate_at_the_enhanced_match():
    names = ("children", "base_adults", "expansion_adults", "disabled", "duals", "separate_chip")
    found = run({
        **{f"groups.{name}.included": False for name in names},
        "groups.medicaid_chip.enrollment": 100_000,
        "groups.medicaid_chip.eligible_share": 0.05,
    })  # fmt: skip
    assert row(found.result.join, "statutory_rebate", "manufacturer").min() > 0
    # Georgia's enhanced match of the federal year 2027.
    drugs = [row(found.result.join, "model_drugs", payer)[0] for payer in ("federal", "state")]
    efmap = 0.6632 + 0.30 * (1 - 0.6632)
    assert drugs[0] / sum(drugs) == pytest.approx(efmap, abs=0.01)
    assert found.inputs.groups.match[0, 0, 0] > 0.75


def test_a_340b_fill_earns_no_rebate_of_either_kind():
    shares = (0.0, 0.3, 1.0)
    rebates = []
    for share in shares:
        rows = run({"assumptions.rebates.share_340b": share}).result.join.rows
        rebates.append(words.total(rows, medicaid.REBATE_LINES, ["manufacturer"])[0])
    assert rebates[1] == pytest.approx(0.7 * rebates[0], rel=EXACT)
    assert rebates[2] == pytest.approx(0.0)


def test_one_share_for_all_rebates_needs_no_unit_detail():
    found = run({"state.rebate_share_of_gross": 0.4, "terms.guaranteed_net_price": None})
    for prices in (found.inputs.prices, found.inputs.existing_prices):
        assert prices.statutory == pytest.approx(0.4 * prices.ingredient)
        assert not prices.offset.any()
    assert found.result.value.sum() < 0


def test_a_state_whose_condition_is_not_met_does_not_join_and_nothing_changes():
    base = load_scenario("state_covering").with_settings(
        {"assumptions.coverage.conditional_net_price": 245.0, "therapy.offsets": "cbo"}
    )
    joined, apart = (
        decide(base.with_settings({"terms.guaranteed_net_price": net})) for net in (245, 246)
    )
    assert joined.adopted
    assert joined.value.total > 0
    assert not apart.adopted
    assert apart.value.total == 0.0
    assert apart.evaluation.result.value.tolist() == [[0.0] * 60]
    assert apart.budget["join"] == apart.budget["stay_out"]
    assert set(apart.value.by_period.values()) == {0.0}
    found = apart.to_dict()
    assert found["adopted"] is False
    assert any("does not join" in note for note in found["notes"])
    for key, amounts in found["outcomes"]["stay_out"].items():
        assert found["outcomes"]["join"][key] == amounts


def test_a_condition_holds_case_by_case():
    base = load_scenario("state_covering").with_settings(
        {"assumptions.coverage.conditional_net_price": 245.0}
    )
    found = evaluate(base, {"terms.guaranteed_net_price": np.array([200.0, 245.0, 245.01, 300.0])})
    worth = found.result.value.sum(axis=1)
    assert np.all(worth[:2] > 0)
    assert worth[2:].tolist() == [0.0, 0.0]


def test_lifestyle_support_belongs_to_the_model_and_not_to_staying_out():
    """The manufacturer pays for it in BALANCE; a state's own coverage has none."""
    settings = {"uptake.form": "share_of_eligibles", "terms.lifestyle_support": True}
    path = "assumptions.persistence.hazard_ratio_lifestyle"
    none, some = (run({**settings, path: ratio}, "state_covering").result for ratio in (1.0, 0.85))
    assert some.join.on_therapy[0, -1] > none.join.on_therapy[0, -1]
    assert some.stay_out.on_therapy == pytest.approx(none.stay_out.on_therapy, rel=EXACT)


def test_lifestyle_support_keeps_weight_off_in_the_model_only():
    scenario = load_scenario("state_covering").with_settings({"terms.lifestyle_support": True})
    path = "assumptions.persistence.lifestyle_regain_reduction"
    without, some = (
        decide(scenario.with_settings({path: reduction})).outcomes for reduction in (0.0, 0.5)
    )
    for year, kept in without["join"]["mean_weight_kept"].items():
        assert some["join"]["mean_weight_kept"][year] > kept
    assert some["stay_out"]["mean_weight_kept"] == without["stay_out"]["mean_weight_kept"]


def dated_net(scenario, later: float):
    """The scenario's register with a guaranteed net price of 245 and another one from 2030."""
    register = scenario.register()
    lever = register.entries["terms.guaranteed_net_price"]
    given = max(lever.values.items())[1]
    days = {dt.date(2026, 1, 1): 245.0, dt.date(2030, 1, 1): later}
    values = {day: given.model_copy(update={"value": net}) for day, net in days.items()}
    path = {"terms.guaranteed_net_price": lever.model_copy(update={"values": values})}
    return register.with_entries(path)


def test_a_guaranteed_net_price_may_change_by_date():
    """Levers are dated: what holds from 2030 is no news for 2029."""
    scenario = load_scenario("state_covering")
    early, both = (
        medicaid.run(build_inputs(scenario, register)).value[0]
        for register in (scenario.register(), dated_net(scenario, 195.0))
    )
    assert both[:36] == pytest.approx(early[:36], rel=EXACT)
    assert np.all(both[36:] > early[36:])


@pytest.mark.parametrize(("later", "joins"), [(245.0, True), (195.0, True), (260.0, False)])
def test_a_condition_holds_in_every_month(later, joins):
    scenario = load_scenario("state_covering").with_settings(
        {"assumptions.coverage.conditional_net_price": 245.0}
    )
    run = medicaid.run(build_inputs(scenario, dated_net(scenario, later)))
    assert bool(run.value.any()) is joins
