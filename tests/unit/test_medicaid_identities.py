"""What must hold for any state under any terms (model sections 10 and 13)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calculator import decide, load_scenario
from calculator.decision import evaluate
from calculator.model import ledger as words
from calculator.model import medicaid
from calculator.scenario import StateScenario
from tests.unit.test_medicaid import EXACT, FORMS, NOBODY_TODAY, OTHERS

CENT = 0.005
BRANCHES = ("join", "stay_out")
SHIPPED = ("state_not_covering", "state_covering", "state_ending_coverage")
PRODUCTS_TODAY = ("ozempic", "rybelsus", "mounjaro")


def amounts(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers a person could mean: four decimals, no dust."""
    return st.floats(low, high).map(lambda number: round(number, 4))


FIGURES: dict[str, st.SearchStrategy[Any]] = {
    "state.abbr": st.sampled_from(["GA", "VA", "TX", "NY", "MI", "CA", "WI", "WY"]),
    "state.months_covered": st.integers(0, 60),
    "state.own_uptake_ratio": amounts(0, 2),
    "state.own_net_price": amounts(100, 900),
    "state.rebate_share_of_gross": amounts(0, 0.9),
    "state.fmap": amounts(0.5, 0.83),
    "state.fiscal_year_start_month": st.integers(1, 12),
    "groups.children.included": st.booleans(),
    "groups.duals.included": st.booleans(),
    "groups.base_adults.managed_share": amounts(0, 1),
    "groups.expansion_adults.managed_share": amounts(0, 1),
    "groups.disabled.trend": amounts(-0.2, 0.2),
    "groups.separate_chip.eligible_share": amounts(0, 0.1),
    "groups.separate_chip.supplemental_eligible": st.booleans(),
    "groups.base_adults.supplemental_eligible": st.booleans(),
    "therapy.curve": st.sampled_from(["prime_2021", "denmark", "prime_2024", "blue_health"]),
    "therapy.offsets": st.sampled_from(["none", "cost_rise", "cbo", "trial_model", "upper"]),
    "terms.guaranteed_net_price": amounts(100, 500),
    "assumptions.rebates.amp_share_of_list": amounts(0.8, 1.1),
    "assumptions.rebates.best_price_share_of_amp": amounts(0.2, 1),
    "assumptions.rebates.base_amp_ratio": amounts(0.7, 1.3),
    "assumptions.rebates.own_supplemental_share": amounts(0, 0.6),
    "assumptions.rebates.share_340b": amounts(0, 0.5),
    "assumptions.rebates.mfp_sets_best_price": st.booleans(),
    "assumptions.rebates.copay": amounts(0, 4),
    "assumptions.rebates.rebate_lag_quarters": st.integers(0, 5),
    "assumptions.coverage.managed_care_share": amounts(0, 1),
    "assumptions.coverage.capitation_load": amounts(0, 0.2),
    "assumptions.coverage.premium_tax": amounts(0, 0.1),
    "assumptions.coverage.priced_fills_share": amounts(0, 2),
    "assumptions.coverage.months_until_rebased": st.integers(0, 30),
    "assumptions.coverage.capture_lag_months": st.integers(0, 40),
    "assumptions.coverage.enrollment_trend": amounts(-0.2, 0.1),
    "assumptions.coverage.existing_fills_per_enrollee": amounts(0, 0.3),
    "assumptions.coverage.conditional_net_price": amounts(200, 300),
    "assumptions.coverage.administration_fixed": amounts(0, 2e6),
}


@st.composite
def states(
    draw: Any, shipped: tuple[str, ...] = SHIPPED, without: tuple[str, ...] = ()
) -> StateScenario:
    """A shipped state with some of its figures changed, in any form of uptake."""
    scenario = load_scenario(draw(st.sampled_from(shipped)))
    assert isinstance(scenario, StateScenario)
    known = {path: values for path, values in FIGURES.items() if path not in without}
    chosen = draw(st.sets(st.sampled_from(sorted(known)), max_size=8))
    found = {path: draw(known[path]) for path in sorted(chosen)}
    if draw(st.booleans()):
        found["horizon.start"] = draw(st.sampled_from(["2026-05-01", "2027-07-01", "2030-10-01"]))
    found["uptake.form"] = draw(st.sampled_from(FORMS))
    if found["uptake.form"] == "monthly_fills":
        fills = st.lists(amounts(0, 5_000), min_size=1, max_size=30)
        found["uptake.monthly_fills"] = draw(fills)
    return scenario.with_settings(found)


def rounding(rows: pd.DataFrame) -> float:
    """What may be rounding in sums of a ledger; one without any use has no rows."""
    return EXACT * (1 + rows.amount.abs().max()) if len(rows) else EXACT


def branches(run) -> dict[str, medicaid.Branch]:
    return {name: getattr(run.result, name) for name in BRANCHES}


# ---------------------------------------------------------------- every dollar has a payer


@settings(max_examples=25)
@given(states())
def test_federal_and_state_are_the_total_in_every_measure_of_every_year(scenario):
    decision = decide(scenario)
    found = json.loads(json.dumps(decision.to_dict(), allow_nan=False))
    for name in BRANCHES:
        branch = found["branches"][name]
        scale = EXACT * (1 + max(map(abs, branch["total_computable_gross"].values())))
        for year in decision.periods:
            for measure in ("gross", "net", "net_cash"):
                federal, state, whole = (
                    branch[f"{payer}_{measure}"][year]
                    for payer in ("federal", "state", "total_computable")
                )
                assert federal + state == pytest.approx(whole, abs=scale), (name, measure, year)
            gross, net = (branch[f"total_computable_{key}"][year] for key in ("gross", "net"))
            assert gross - branch["rebates"][year] == pytest.approx(net, abs=scale)
            for payer in ("federal", "state"):
                by_line = (
                    line.get(payer, {}).get(year, 0.0)
                    for name_of_line, line in branch["lines"].items()
                    if name_of_line != "premium_tax"
                )
                assert sum(by_line) == pytest.approx(branch[f"{payer}_net"][year], abs=scale)


@settings(max_examples=25)
@given(states(without=("assumptions.rebates.copay",)))
def test_each_line_of_the_ledger_is_whole(scenario):
    """Fills at what they cost, capitation received as paid, each rebate received as given."""
    decision = decide(scenario)
    rows = decision.ledger()
    assert not rows.duplicated(["branch", "period", "line", "payer"]).any()
    inputs = decision.evaluation.inputs
    for name, branch in branches(decision.evaluation).items():
        ledger = rows[rows.branch == name].pivot_table(
            index="period", columns=["line", "payer"], values="amount", aggfunc="sum"
        )

        def paid(line: str, *payers: str, ledger=ledger) -> np.ndarray:
            found = ledger.reindex(decision.periods, fill_value=0.0)
            columns = [(line, payer) for payer in payers if (line, payer) in ledger.columns]
            return found[columns].sum(axis=1).to_numpy()

        everyone = ("federal", "state", "mco", "member")
        existing = np.broadcast_to(inputs.existing_fills, decision.evaluation.result.value.shape)
        scale = EXACT * (1 + rows.amount.abs().sum())
        for line, fills, prices in (
            ("model_drugs", branch.fills, inputs.prices),
            ("existing_glp1", existing, inputs.existing_prices),
        ):
            unit = prices.ingredient + inputs.dispensing_fee[:, None, None]
            gross = fills * (unit * prices.share[:, None, :]).sum(axis=-1)
            expected = decision.by_fiscal_year(np.broadcast_to(gross, existing.shape))[0]
            assert paid(line, *everyone) == pytest.approx(expected, abs=scale), (name, line)
        for line in ("capitation", "premium_tax"):
            assert paid(line, *everyone) == pytest.approx(0.0, abs=scale), (name, line)
        for line in ("statutory_rebate", "supplemental_rebate"):
            received = paid(line, "federal", "state")
            assert received + paid(line, "manufacturer") == pytest.approx(0.0, abs=scale)
            assert np.all(paid(line, "manufacturer") >= -scale)


@settings(max_examples=30)
@given(states())
def test_the_value_is_the_states_rows_staying_out_less_joining(scenario):
    decision = decide(scenario)
    rows = decision.ledger()
    # Premium tax goes round between the governments and is shown apart.
    state = rows[(rows.payer == "state") & (rows.line != "premium_tax")]
    branch = state.branch.map({"stay_out": 1.0, "join": -1.0})
    expected = (state.amount * branch).groupby(state.period).sum()
    scale = rounding(rows)
    for year, usd in decision.value.by_period.items():
        assert usd == pytest.approx(expected.get(year, 0.0), abs=scale)


@settings(max_examples=20)
@given(states())
def test_measures_are_read_off_the_rows_and_the_people(scenario):
    decision = decide(scenario)
    rows = decision.ledger()
    scale = rounding(rows)
    for name, branch in branches(decision.evaluation).items():
        budget = decision.budget[name]
        paid = rows[rows.branch == name].groupby(["payer", "line", "period"]).amount.sum()
        plans = paid.groupby(["payer", "period"]).sum()
        for year in decision.periods:
            found = budget["managed_care_plans"][year]
            assert found == pytest.approx(plans.get(("mco", year), 0.0), abs=10 * scale)
            tax = paid.get(("state", "premium_tax", year), 0.0)
            assert budget["premium_tax_to_state"][year] == pytest.approx(-tax, abs=scale)
        for measure, people, per in (
            ("starts", branch.starts, 1),
            ("fills", branch.fills, 1),
            ("treated_years", branch.on_therapy, 12),
            ("member_months", decision.evaluation.result.member_months, 1),
        ):
            whole = float(np.broadcast_to(people, decision.evaluation.result.value.shape).sum())
            assert sum(budget[measure].values()) == pytest.approx(whole / per, abs=1e-6)


@settings(max_examples=20)
@given(states(without=("assumptions.coverage.existing_fills_per_enrollee",)))
def test_the_drugs_net_cost_is_what_all_but_the_member_pay_less_rebates(scenario):
    run = evaluate(scenario.with_settings(NOBODY_TODAY))
    for branch in branches(run).values():
        paid = words.total(branch.rows, ["model_drugs"], ["federal", "state", "mco"])
        back = words.total(branch.rows, medicaid.REBATE_LINES, ["manufacturer"])
        scale = EXACT * (1 + np.abs(paid).max())
        assert branch.net_drug_cost == pytest.approx(paid - back, abs=scale)


@settings(max_examples=20)
@given(states())
def test_fiscal_years_of_either_kind_sum_to_the_total(scenario):
    found = decide(scenario).to_dict()["value"]
    scale = EXACT * (1 + max(map(abs, found["by_period"].values())))
    assert sum(found["by_period"].values()) == pytest.approx(found["total"], abs=10 * scale)
    federal = found["by_federal_fiscal_year"].values()
    assert sum(federal) == pytest.approx(found["total"], abs=10 * scale)


@settings(max_examples=15)
@given(states(), st.floats(0, 0.2))
def test_the_present_value_discounts_each_month_from_its_middle(scenario, rate):
    rate = round(rate, 4)
    decision = decide(scenario.with_settings({"assumptions.payment.discount_rate": rate}))
    monthly = decision.evaluation.result.value[0]
    expected = sum(usd * (1 + rate) ** (-(month + 0.5) / 12) for month, usd in enumerate(monthly))
    scale = EXACT * (1 + np.abs(monthly).sum())
    assert decision.value.present_value == pytest.approx(expected, abs=scale)


# ------------------------------------------------------------------------- nothing for nothing

NET_PRICES = (
    "terms.guaranteed_net_price",
    "state.own_net_price",
    *(f"assumptions.rebates.{product}_own_net_price" for product in PRODUCTS_TODAY),
)


def at_one_price(scenario: StateScenario, net: float) -> StateScenario:
    """A covering state that pays the guaranteed net price for every product already."""
    return scenario.with_settings({**dict.fromkeys(NET_PRICES, net), "state.own_uptake_ratio": 1.0})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("months_covered", [0, 24])
@pytest.mark.parametrize("net", [150.0, 245.0, 600.0])
def test_equal_prices_are_worth_nothing_to_the_cent(form, months_covered, net):
    scenario = load_scenario("state_covering").with_settings({
        "uptake.form": form,
        "uptake.monthly_fills": [100.0, 250.0, 400.0],
        "state.months_covered": months_covered,
        "therapy.offsets": "cbo",
    })  # fmt: skip
    decision = decide(at_one_price(scenario, net))
    assert decision.ledger().line.isin(["model_drugs", "existing_glp1"]).any()
    worth = decision.evaluation.result.value[0]
    assert worth == pytest.approx(0.0, abs=CENT)
    for measure in ("federal_net", "total_computable_net", "fills", "starts"):
        both = [list(decision.budget[name][measure].values()) for name in BRANCHES]
        assert both[0] == pytest.approx(both[1], abs=CENT), measure


@settings(max_examples=30)
@given(
    states(
        shipped=("state_covering",),
        without=("groups.separate_chip.supplemental_eligible", "state.rebate_share_of_gross"),
    ),
    amounts(100, 600),
)
def test_equal_prices_are_worth_nothing_in_any_covering_state(scenario, net):
    decision = decide(at_one_price(scenario, net))
    assert decision.evaluation.result.value == pytest.approx(0.0, abs=CENT)


def test_equal_prices_are_worth_nothing_where_separate_chip_has_a_supplemental_rebate():
    """Its own net price is the guaranteed one too, and no statutory rebate is in either."""
    scenario = load_scenario("state_covering").with_settings({
        "groups.separate_chip.eligible_share": 0.05,
        "groups.separate_chip.supplemental_eligible": True,
    })  # fmt: skip
    decision = decide(at_one_price(scenario, 245.0))
    assert decision.evaluation.result.value == pytest.approx(0.0, abs=CENT)


@settings(max_examples=20)
@given(
    states(
        shipped=("state_not_covering",),
        without=("assumptions.coverage.administration_fixed", *NOBODY_TODAY),
    ),
    amounts(0, 2e6),
)
def test_without_use_only_the_fixed_cost_is_left(scenario, fixed_cost):
    run = evaluate(
        scenario.with_settings({
            **NOBODY_TODAY,
            "uptake.form": "monthly_fills",
            "uptake.monthly_fills": [0.0],
            "assumptions.coverage.administration_fixed": fixed_cost,
        })
    )  # fmt: skip
    expected = -fixed_cost / 12 * 0.5 * run.inputs.adopts[0]
    assert run.result.value == pytest.approx(expected, abs=1e-6)


def test_a_share_of_starters_of_zero_leaves_the_fixed_cost_only():
    scenario = load_scenario("state_not_covering").with_settings({
        **NOBODY_TODAY,
        "uptake.form": "share_of_eligibles",
        "assumptions.coverage.initiation": 0.0,
        "assumptions.coverage.administration_fixed": 600_000.0,
    })  # fmt: skip
    run = evaluate(scenario)
    assert run.result.value == pytest.approx(-25_000.0)
    assert run.result.join.fills == pytest.approx(0.0)


# ------------------------------------------------------------------ the model never costs by price


@settings(max_examples=40)
@given(
    amounts(0.5, 1.2), amounts(0.05, 1), amounts(0, 0.9), amounts(50, 640), st.sampled_from(FORMS)
)
def test_a_top_up_never_makes_a_state_worse_off(amp, best, own, net, form):
    """At equal use a covering state's cost falls or stays, whatever AMP, best price and its own."""
    scenario = load_scenario("state_covering").with_settings({
        "uptake.form": form, "uptake.monthly_fills": [300.0],
    })  # fmt: skip
    run = evaluate(scenario, {
        "assumptions.rebates.amp_share_of_list": np.array([amp]),
        "assumptions.rebates.best_price_share_of_amp": np.array([best]),
        "assumptions.rebates.own_supplemental_share": np.array([own]),
        "terms.guaranteed_net_price": np.array([net]),
    })  # fmt: skip
    spent = np.abs(medicaid.gross_cost(run.result.stay_out.rows)).max()
    assert np.all(run.result.value >= -EXACT * spent)


@settings(max_examples=20)
@given(states(without=("terms.guaranteed_net_price", "assumptions.coverage.conditional_net_price")))
def test_a_higher_guaranteed_net_price_is_never_worth_more(scenario):
    prices = np.array([100.0, 200.0, 245.0, 300.0, 400.0, 640.0])
    run = evaluate(scenario, {"terms.guaranteed_net_price": prices})
    spent = np.abs(medicaid.gross_cost(run.result.join.rows)).max()
    assert np.all(np.diff(run.result.value, axis=0) <= EXACT * (1 + spent))


# ------------------------------------------------------------------------ parts make the whole


@settings(max_examples=20)
@given(amounts(0.1, 0.9), st.sampled_from(FORMS[:2]))
def test_a_population_split_in_two_adds_up_apart_from_the_fixed_cost(part, form):
    names = ("base_adults", "expansion_adults")
    sizes = {"base_adults": 300_000.0, "expansion_adults": 200_000.0}
    whole = load_scenario("state_covering").with_settings({
        "uptake.form": form,
        "therapy.offsets": "cbo",
        "assumptions.coverage.administration_fixed": 0.0,
        **{f"groups.{name}.included": False for name in OTHERS},
    })  # fmt: skip

    def value(share: float) -> np.ndarray:
        people = {f"groups.{name}.enrollment": sizes[name] * share for name in names}
        return evaluate(whole.with_settings(people)).result.value[0]

    together = value(1.0)
    scale = EXACT * np.abs(together).sum()
    assert value(part) + value(1 - part) == pytest.approx(together, abs=scale)


@pytest.mark.parametrize("form", FORMS[:2])
def test_budgets_of_one_group_each_add_up_to_the_budget_of_all(form):
    """A group left out takes its use of the drugs, new and of today, out with it."""
    treated = ("base_adults", "expansion_adults", "disabled")
    whole = load_scenario("state_not_covering").with_settings({
        "state.abbr": "IL",
        "uptake.form": form,
        "assumptions.coverage.administration_fixed": 0.0,
    })  # fmt: skip

    def measures(*left: str) -> np.ndarray:
        out = {f"groups.{name}.included": name in left for name in treated}
        result = evaluate(whole.with_settings(out)).result
        today = words.total(result.join.rows, ["existing_glp1"])[0]
        return np.stack([result.join.fills[0], today, result.value[0]])

    together = measures(*treated)
    apart = sum(measures(name) for name in treated)
    for number, name in enumerate(("fills", "today's fills", "value")):
        scale = EXACT * np.abs(together[number]).max()
        assert apart[number] == pytest.approx(together[number], abs=scale), name


def test_typing_the_enrollment_a_group_has_already_changes_nothing():
    scenario = load_scenario("state_not_covering")
    before = evaluate(scenario)
    groups = before.inputs.groups
    for index, name in enumerate(groups.names):
        people = float(groups.enrollment[0, 0, index])
        typed = evaluate(scenario.with_settings({f"groups.{name}.enrollment": people})).result
        assert typed.join.fills == pytest.approx(before.result.join.fills, rel=1e-6), name
        assert typed.value == pytest.approx(before.result.value, rel=1e-6), name


def test_a_number_of_the_user_is_read_or_refused():
    """Total enrollment without groups in shares would move nothing: silence would mislead."""
    scenario = load_scenario("state_not_covering")
    given = scenario.with_settings({"state.enrollment": 5_000_000})
    moved = evaluate(given).result.value.sum() != evaluate(scenario).result.value.sum()
    said = any("enrollment" in note for note in decide(given).notes)
    assert moved or said
