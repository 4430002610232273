"""What must hold on every run (model section 13): every dollar has a payer, and is counted once."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calculator import decide, load_scenario
from calculator.decision import evaluate
from calculator.model import cohort, payment
from tests.unit.plans import plans

EXACT = 1e-9
DRUG_LINES = ("baseline_drugs", "existing_glp1", "model_drugs")
# What reaches the plan when somebody else pays it.
RECEIVED = (
    "premium",
    "direct_subsidy",
    "corridor",
    "obesity_capitation",
    "extra_reinsurance",
    "stabilisation",
    "part_c_coding",
    "administration",
    "selection",
)
INCENTIVES = ("obesity_capitation", "extra_reinsurance", "stabilisation")
NO_OVERHEAD = {
    "assumptions.administration.fixed_cost": 0.0,
    "assumptions.administration.prior_authorization_cost": 0.0,
    "assumptions.administration.pmpm_cost": 0.0,
}
NO_RESPONSE = {"assumptions.selection.premium_semi_elasticity": 0.0}
# A capitation outside the target would look like a loss once it is priced off the bid.
NO_CORRIDOR = {
    "terms.corridor.first_threshold": 1.0,
    "terms.corridor.second_threshold": 1.0,
    "terms.obesity_capitation.in_corridor_target": True,
}
NOBODY_TODAY = {
    f"assumptions.drugs.{drug}_users_share": 0.0 for drug in ("ozempic", "rybelsus", "mounjaro")
}
NOBODY_STARTS = {"assumptions.uptake.initiation": 0.0, "assumptions.uptake.bridge_initiation": 0.0}


def small(scenario):
    return evaluate(scenario, resolution="workbook")


def paid(ledger: dict, line: str) -> np.ndarray:
    """All payers of a line together, by year, USD."""
    return sum(amounts[0] for (found, _), amounts in ledger.items() if found == line)


# ------------------------------------------------------------------------ every dollar has a payer


@settings(max_examples=40)
@given(plans())
def test_payers_of_each_drug_line_sum_to_its_gross_and_after_dir_to_gross_less_dir(scenario):
    run = small(scenario)
    inputs, people = run.inputs, run.costs.join_people
    members = inputs.members[0]
    cheapest = inputs.levers.guaranteed_net_price[0]

    def price(gross):
        return np.minimum(gross, cheapest) if inputs.levers.point_of_sale else gross

    baseline = members * (inputs.weights[0] * inputs.spend[0]).sum(axis=(-2, -1))
    existing = {
        name: members
        * inputs.existing_fills_per_month[0]
        * 12
        * (inputs.existing.share[0] * gross).sum(axis=-1)
        for name, gross in (
            ("stay_out", inputs.existing.gross[0]),
            (
                "join",
                price(inputs.existing.gross[0].T).T
                if inputs.levers.existing_users != "none"
                else inputs.existing.gross[0],
            ),
        )
    }
    product = (inputs.products.share[0] * price(inputs.products.gross[0].T).T).sum(axis=-1)
    stay_fills = run.costs.stay_out_people.fills[0]
    if inputs.supplement is None:
        outside = stay_fills * inputs.bridge.net_price[0]
    else:
        outside = stay_fills * (inputs.products.share[0] * inputs.products.gross[0]).sum(axis=-1)
    expected = {
        "join": {"model_drugs": people.fills[0] * product},
        "stay_out": {"model_drugs": outside},
    }
    for name, lines in expected.items():
        ledger = getattr(run.result, name).ledger
        lines |= {"baseline_drugs": baseline, "existing_glp1": existing[name]}
        for line, gross in lines.items():
            scale = EXACT * (1 + np.abs(gross).max())
            assert paid(ledger, line) == pytest.approx(gross, abs=scale), (name, line)
            rebates = ledger.get((line, "dir"), np.zeros((1, 1)))[0]
            after = sum(
                amounts[0]
                for (found, payer), amounts in ledger.items()
                if found == line and payer != "dir"
            )
            assert np.all(rebates >= -scale)
            assert after == pytest.approx(gross - rebates, abs=scale)


@pytest.mark.parametrize("mechanism", ["rebate", "point_of_sale"])
@pytest.mark.parametrize("discount_counts", [True, False])
def test_what_is_left_of_a_fill_after_rebate_and_discount_is_the_guaranteed_net_price(
    mechanism, discount_counts
):
    settings = {
        "terms.mechanism": mechanism,
        "terms.net_includes_discount": discount_counts,
        "terms.guaranteed_net_price": 200.0,
    }
    run = small(load_scenario("pdp_regional").with_settings(settings))
    rows = run.result.join.ledger
    left = paid(rows, "model_drugs") - rows["model_drugs", "dir"][0]
    if mechanism == "rebate" and discount_counts:
        left = left - rows["model_drugs", "manufacturer"][0]
    assert left == pytest.approx(200.0 * run.costs.join_people.fills[0], rel=EXACT)


@settings(max_examples=40)
@given(
    st.lists(st.floats(0, 1), min_size=60, max_size=60),
    st.floats(0, 0.2),
    st.floats(0, 0.5),
    st.lists(st.floats(0, 500), min_size=3, max_size=3),
)
def test_windows_sum_to_user_months(initiation, churn, restart, stock):
    group = cohort.project(
        eligible=np.full((1, 60), 1_000.0),
        initiation=np.array([initiation]),
        curve=cohort.survival(np.arange(63.0), 0.9, 15.0)[None],
        churn=np.array([churn]),
        restart=np.array([restart]),
        opening_stock=np.array([stock]),
        opening_stopped=np.array([50.0]),
    )
    months = group.on_therapy.reshape(1, 5, 12).sum(axis=-1)
    by_window = cohort.windows(group) @ cohort.WINDOW_LENGTH
    assert by_window == pytest.approx(months, rel=EXACT, abs=EXACT)
    assert np.all(cohort.windows(group) >= -EXACT)


@settings(max_examples=25)
@given(plans())
def test_periods_sum_to_the_total_and_at_no_discount_to_the_present_value(scenario):
    value = decide(scenario, resolution="workbook").value
    assert sum(value.by_period.values()) == pytest.approx(value.total, rel=EXACT, abs=1e-6)
    undiscounted = scenario.with_settings({"assumptions.payment.discount_rate": 0.0})
    value = decide(undiscounted, resolution="workbook").value
    assert value.present_value == pytest.approx(value.total, rel=EXACT, abs=1e-6)


def test_the_present_value_discounts_each_month_from_its_middle():
    value = decide(load_scenario("pdp_regional"), resolution="workbook").value
    expected = sum(
        usd / 12 * sum(1.03 ** -((12 * year + month + 0.5) / 12) for month in range(12))
        for year, usd in enumerate(value.by_period.values())
    )
    assert value.present_value == pytest.approx(expected, rel=EXACT)


# -------------------------------------------------------------------- value is its ledger, no more


def value_of(rows: pd.DataFrame) -> dict[str, float]:
    """Join less stay_out by period, from rows alone: what others pay the plan less what it pays.

    Amounts are paid and positive, so nothing needs a sign but the side it is on. A premium the
    plan pays itself is neither received nor paid.
    """
    received = rows.line.isin(RECEIVED) & (rows.payer != "plan")
    spent = (rows.payer == "plan") & (rows.line != "premium")
    side = received.astype(float) - spent.astype(float)
    branch = rows.branch.map({"join": 1.0, "stay_out": -1.0})
    return (rows.amount * side * branch).groupby(rows.period).sum().to_dict()


@settings(max_examples=40)
@given(plans())
def test_the_value_can_be_rebuilt_from_the_ledger_alone(scenario):
    decision = decide(scenario, resolution="workbook")
    rows = decision.ledger()
    assert list(rows.columns) == ["branch", "period", "line", "payer", "amount"]
    assert not rows.duplicated(["branch", "period", "line", "payer"]).any()
    scale = EXACT * rows.amount.abs().max()
    assert value_of(rows) == pytest.approx(decision.value.by_period, abs=scale)


def test_only_an_offset_or_one_lines_share_of_reinsurance_stands_as_a_negative_amount():
    rows = decide(load_scenario("mapd").with_settings({"therapy.offsets": "cbo"})).ledger()
    negative = rows[rows.amount < 0]
    offsets = negative[negative.line == "offsets"]
    assert set(offsets.payer) == {"plan", "federal"}
    # One ratio for the class takes a line's DIR off other lines' reinsurance, never off all of it.
    assert set(negative[negative.line != "offsets"].payer) <= {"reinsurance"}
    reinsurance = rows[rows.payer == "reinsurance"]
    assert (reinsurance.groupby(["branch", "period"]).amount.sum() > 0).all()


# ----------------------------------------------------------------------------- nothing for nothing


@settings(max_examples=20)
@given(plans(without=(
    "assumptions.uptake.initiation", "terms.obesity_capitation.amount", "terms.package",
    "terms.premium_stabilisation.amount", "terms.administrative_support.pmpm",
)), st.floats(0, 1e6))  # fmt: skip
def test_without_users_only_the_fixed_cost_is_left(scenario, fixed_cost):
    nobody = {**NOBODY_STARTS, **NOBODY_TODAY, "assumptions.administration.fixed_cost": fixed_cost}
    value = decide(scenario.with_settings(nobody), resolution="workbook").value
    for year, usd in value.by_period.items():
        assert usd == pytest.approx(-fixed_cost, abs=1e-4), year


def test_an_incentive_of_zero_leaves_no_line():
    rows = decide(load_scenario("pdp_regional"), resolution="workbook").ledger()
    assert not set(rows.line) & set(INCENTIVES)
    assert "cms_incentive" not in set(rows.payer)


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("terms.obesity_capitation.amount", "obesity_capitation"),
        ("terms.extra_reinsurance.share", "extra_reinsurance"),
        ("terms.premium_stabilisation.amount", "stabilisation"),
    ],
)
def test_an_incentive_has_its_own_line_when_joining_and_none_when_staying_out(setting, line):
    scenario = load_scenario("pdp_regional").with_settings({setting: 0.5})
    rows = decide(scenario, resolution="workbook").ledger()
    found = rows[rows.line == line]
    assert set(found.branch) == {"join"}
    assert set(found.payer) == {"cms_incentive"}
    assert (found.amount > 0).all()
    assert set(rows.line) & set(INCENTIVES) == {line}


# ---------------------------------------------------------------------------- parts make the whole


@settings(max_examples=25)
@given(plans(), st.floats(0.1, 0.9))
def test_a_population_split_in_two_adds_up_apart_from_the_fixed_cost(scenario, share):
    whole = scenario.with_settings({"assumptions.administration.fixed_cost": 0.0})
    members = whole.plan.members

    def by_year(people):
        run = small(whole.with_settings({"plan.members": people}))
        return run.result.value[0], run.costs.join.gross[0]

    (value, gross), one, other = (
        by_year(people) for people in (members, members * share, members * (1 - share))
    )
    assert one[0] + other[0] == pytest.approx(value, abs=EXACT * gross.max())
    assert one[1] + other[1] == pytest.approx(gross, rel=EXACT)


# ----------------------------------------------------------------- a priced dollar comes back once


@settings(max_examples=25)
@given(
    plans(shipped=("pdp_regional",), without=("assumptions.payment.priced_share", "plan.bid")),
    st.floats(0.1, 10),
    st.floats(0, 0.5),
)
def test_a_dollar_of_priced_cost_is_recovered_once_at_any_risk_score_and_load(
    scenario, risk_score, load
):
    settings = {
        **NO_RESPONSE,
        **NO_CORRIDOR,
        "plan.risk_score": risk_score,
        "assumptions.payment.administration_and_margin": load,
        "terms.premium_stabilisation.amount": 0.0,
    }
    held, priced = (
        small(scenario.with_settings({**settings, "assumptions.payment.priced_share": share}))
        for share in (0.0, 1.0)
    )
    cost = held.result.net_cost[0] * held.result.member_months[0]
    recovered = (priced.result.value - held.result.value)[0]
    assert recovered == pytest.approx(cost, abs=EXACT * held.costs.join.gross.max())


@given(st.floats(-500, 500), st.floats(0.1, 10), st.floats(0, 0.5))
def test_the_bid_change_pays_a_priced_cost_back_once(cost, risk_score, load):
    change = payment.bid_change(cost, 1.0, risk_score, load)
    assert float(change) * risk_score * (1 - load) == pytest.approx(cost, rel=EXACT, abs=EXACT)


@settings(max_examples=25)
@given(plans(
    shipped=("pdp_regional",),
    without=("plan.bid", "therapy.offsets", "plan.part_c_coding",
             "terms.premium_stabilisation.amount", "terms.administrative_support.pmpm"),
))  # fmt: skip
def test_what_is_priced_in_full_is_worth_nothing(scenario):
    settings = {
        **NO_RESPONSE,
        **NO_CORRIDOR,
        **NO_OVERHEAD,
        "assumptions.payment.priced_share": 1.0,
    }
    run = small(scenario.with_settings(settings))
    assert run.result.value == pytest.approx(0.0, abs=EXACT * run.costs.join.gross.max())


# ------------------------------------------------------------------------------ cases side by side


def three_values(register, path: str) -> list[float]:
    """Three values of a path inside its bounds, the one in force among them."""
    entry = register.entries[path]
    low, high = entry.bounds
    now = float(register.number(path).flat[0])
    if np.isnan(now):
        now = low + 0.1 * (high - low)
    if entry.unit == "year":
        return [now - 1, now, now + 1]
    if now == 0.0:
        return [0.0, 0.01 * high, 0.02 * high]
    return [now, *(min(max(now * factor, low), high) for factor in (0.9, 0.8))]


def with_one(scenario, path: str, value: float):
    """A single run at one value. Shares of a mix are no setting of their own: they sum to 1."""
    if path.startswith("therapy.mix."):
        return evaluate(scenario, {path: np.array([value])}, resolution="workbook")
    return small(scenario.with_settings({path: value}))


@pytest.mark.parametrize("shipped", ["pdp_national", "egwp"])
def test_three_cases_of_any_number_the_engine_reads_equal_three_single_runs(shipped):
    scenario = load_scenario(shipped).with_settings({
        "terms.package": "illustrative_all",
        "plan.part_c_coding": 100.0,
        "horizon.start": "2027-01-01",
    })  # fmt: skip
    register = small(scenario).register
    numbers = [path for path in sorted(register.read) if register.entries[path].kind == "number"]
    assert len(numbers) > 100
    gross = float(small(scenario).costs.join.gross.max())
    wrong = []
    for path in numbers:
        values = three_values(register, path)
        singles = [measures(with_one(scenario, path, value).result) for value in values]
        try:
            cases = evaluate(scenario, {path: np.array(values)}, resolution="workbook").result
        except (ValueError, IndexError) as error:
            wrong.append(f"{path} does not run along cases: {error}")
            continue
        for name, together in measures(cases).items():
            alone = np.concatenate([np.atleast_2d(single[name]) for single in singles])
            # USD a year are read against all that is spent, USD PMPM against themselves.
            absolute = 0.0 if name.endswith("PMPM") else EXACT * gross
            if not np.allclose(together, alone, rtol=EXACT, atol=absolute):
                off = np.abs(together - alone).max()
                wrong.append(f"{path} at {values}: {name} is off by {off:.6g}")
                break
    assert not wrong, "\n".join(wrong)


def measures(result) -> dict[str, np.ndarray]:
    """What a run says of each case, by name: results, then every row of both ledgers."""
    named = {
        "net cost PMPM": result.net_cost,
        "value": result.value,
        "premium PMPM": result.join.premium,
        "direct subsidy PMPM": result.join.direct_subsidy,
        "bid PMPM": result.join.bid,
    }
    for branch in ("stay_out", "join"):
        rows = getattr(result, branch).ledger
        named |= {f"{branch} {line} {payer}": rows[line, payer] for line, payer in rows}
    return named


CASES = {
    "terms.copay": np.array([20.0, 50.0, 80.0]),
    "assumptions.uptake.eligible_share": np.array([0.05, 0.07, 0.12]),
}


def test_the_order_of_cases_is_irrelevant():
    order = np.array([2, 0, 1])
    scenario = load_scenario("pdp_regional")
    for draws in (1, len(order)):
        runs = [
            evaluate(scenario, cases, resolution="workbook", draws=draws).result
            for cases in (CASES, {path: values[order] for path, values in CASES.items()})
        ]
        for name in ("value", "net_cost", "priced"):
            first, second = (getattr(run, name) for run in runs)
            assert first[order] == pytest.approx(second, rel=1e-12)
        assert len(set(runs[0].value[:, 0])) == 3


def test_a_bid_is_priced_at_own_experience_and_the_mean_of_all_draws():
    run = evaluate(load_scenario("pdp_regional"), CASES, resolution="workbook", draws=3)
    cost, priced = run.result.net_cost, run.result.priced
    for year, weight in enumerate((0.0, 0.3, 0.9, 1.0)):
        expected = weight * cost[:, year] + (1 - weight) * cost[:, year].mean()
        assert priced[:, year] == pytest.approx(expected, rel=EXACT)


def test_worlds_that_are_not_draws_are_each_priced_at_their_own_cost():
    run = evaluate(load_scenario("pdp_regional"), CASES, resolution="workbook")
    assert run.result.priced == pytest.approx(run.result.net_cost, rel=EXACT)


def test_more_cases_than_are_worked_on_at_once_give_what_each_gives_alone():
    scenario = load_scenario("pdp_regional")
    for path, count in (("terms.copay", 20), ("assumptions.uptake.eligible_share", 300)):
        values = np.linspace(0.05, 0.1, count) * (500 if path == "terms.copay" else 1)
        together = evaluate(scenario, {path: values}, resolution="workbook").result.value
        for index in (0, count // 2, count - 1):
            alone = small(scenario.with_settings({path: float(values[index])})).result.value[0]
            assert together[index] == pytest.approx(alone, rel=1e-8)
