"""The plan check: who comes, what they bring and cost, and whether they turn the decision (C8).

The joiners are run here as a population of their own, and what they do to a plan is computed anew.
"""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from calculator import cli, decide, load_scenario
from calculator.analysis import selection_curves
from calculator.decision import evaluate
from calculator.errors import IdentityError
from calculator.model import cohort, ledger, selection
from calculator.model.arrays import MONTHS
from calculator.model.drug_costs import drug_costs
from calculator.model.part_d import settle
from calculator.plan_selection import judge
from tests.unit.plans import amounts, plans

EXACT = 1e-9
S = "assumptions.selection"
MOVERS, SHARE = f"{S}.movers", f"{S}.joining_share"
INCLUDE = {"selection.include": True}
PLANS = ("pdp_regional", "pdp_national", "mapd", "dsnp")

NOBODY_TODAY = {
    f"assumptions.drugs.{drug}_users_share": 0.0 for drug in ("ozempic", "rybelsus", "mounjaro")
}
NO_BRIDGE = {"assumptions.uptake.bridge_initiation": 0.0}
NO_CORRIDOR = {"terms.corridor.first_threshold": 1.0, "terms.corridor.second_threshold": 1.0}
NO_RESPONSE = {f"{S}.premium_semi_elasticity": 0.0}
# DIR is taken off reinsurance with one ratio per class for the whole plan, which does not add up
# over populations: without DIR everything does.
NO_DIR = {
    "terms.mechanism": "point_of_sale",
    "terms.existing_users": "none",
    "assumptions.spending.dir_share": 0.0,
    **NOBODY_TODAY,
}
INCENTIVES = {
    "terms.obesity_capitation.amount": 20.0,
    "terms.extra_reinsurance.share": 0.3,
    "terms.administrative_support.pmpm": 0.5,
    "therapy.offsets": "cbo",
    "plan.part_c_coding": 30.0,
}


def plan(name="pdp_regional", *changes):
    together = {path: value for some in changes for path, value in some.items()}
    return load_scenario(name).with_settings(together)


def run(scenario, cases=None):
    return evaluate(scenario, cases, resolution="workbook")


def yearly(amounts, years):
    return np.broadcast_to(amounts, (1, years))[0]


def total(found, branch="join"):
    return float(ledger.plan_result(getattr(found.result, branch).ledger).sum())


def same_rows(one, other, rel=1e-12):
    """Every row of one ledger is in the other with the same USD, to `rel` of the ledger's scale."""
    rows = set(one) | set(other)
    years = max(amounts.shape[1] for amounts in one.values())
    scale = max(float(np.abs(amounts).max()) for amounts in one.values())
    gaps = {
        row: np.abs(
            yearly(one.get(row, np.zeros((1, 1))), years)
            - yearly(other.get(row, np.zeros((1, 1))), years)
        ).max()
        for row in rows
    }
    return {row: gap for row, gap in gaps.items() if not gap <= rel * scale}


# ------------------------------------------------------------------------------------------- C8


def accumulated(share, rates):
    """m_y = E_y / s with E_y = 1 - (1 - s) * product of (1 - r_i), one rate a year."""
    outside, found = 1.0 - share, []
    for rate in rates:
        outside *= 1.0 - rate
        found.append((1.0 - outside) / share)
    return found


@pytest.mark.parametrize(("share", "known"), [(0.25, 1.36), (0.05, 3.28), (0.90, 1.013)])
def test_c8_is_year_1_of_the_accumulating_form(share, known):
    assert float(selection.multiplier(0.12, share)) == pytest.approx(known, abs=5e-4)
    for year, expected in enumerate(accumulated(share, [0.12] * 6), start=1):
        assert float(selection.multiplier(0.12, share, year)) == pytest.approx(expected, rel=1e-12)


def test_movers_that_differ_by_year_accumulate_too():
    rates = np.array([[0.2, 0.0, 0.5, 1.0, 0.3]])
    share = 0.3
    came = 1.0 + selection.outside_per_own(share) * selection.moved(rates)
    assert came[0] == pytest.approx(accumulated(share, rates[0]), rel=1e-12)
    # Nobody is left outside once all have moved.
    assert came[0, 3:] == pytest.approx(1.0 / share)


def test_the_multiplier_has_its_limits():
    assert float(selection.multiplier(1.0, 0.25)) == pytest.approx(4.0)
    assert float(selection.multiplier(0.0, 0.25, year=9)) == 1.0
    assert float(selection.multiplier(1.0, 1.0, year=9)) == 1.0
    many = selection.multiplier(0.12, 0.25, np.arange(1, 200))
    assert np.all(np.diff(many) >= 0.0)
    assert many[-1] == pytest.approx(4.0)


@pytest.mark.parametrize("share", [0.05, 0.25, 0.6, 0.9])
def test_c8_comes_through_decide(share, capsys):
    even = {f"{S}.bridge_movers_ratio": 1.0, f"{S}.lis_movers_ratio": 1.0, SHARE: share}
    arguments = ["decide", "pdp_regional", "--json", "--resolution", "workbook"]
    for path, value in {**even, **NO_BRIDGE}.items():
        arguments += ["--set", f"{path}={value}"]
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 0
    said = json.loads(capsys.readouterr().out)["selection"]
    expected = accumulated(share, [said["movers"]] * len(said["multiplier"]))
    assert said["movers"] == 0.12
    assert list(said["multiplier"].values()) == pytest.approx(expected, rel=1e-9)
    eligible = run(load_scenario("pdp_regional")).costs.eligible[0] / MONTHS
    extra = eligible * (np.array(expected) - 1.0)
    assert list(said["extra_joiners"].values()) == pytest.approx(extra, rel=1e-9)


def test_bridge_users_of_the_same_rate_are_counted_once():
    """A Bridge user is one of the eligible: with even rates the count is C8's with them too."""
    even = {f"{S}.bridge_movers_ratio": 1.0, f"{S}.lis_movers_ratio": 1.0}
    scenario = plan("pdp_regional", even)
    assert run(scenario).inputs.population.opening_stock.sum() > 0.0
    found = decide(scenario, resolution="workbook").selection.multiplier
    assert list(found.values()) == pytest.approx(accumulated(0.6, [0.12] * 4), rel=1e-9)


def test_bridge_users_move_at_their_own_rate_when_they_would_lose_treatment():
    scenario = plan("pdp_regional", {f"{S}.bridge_movers_ratio": 3.0, **INCLUDE})
    inputs = run(scenario).inputs
    bridge_users = inputs.population.opening_stock.sum()
    outside = (1.0 - 0.6) / 0.6
    arrived = inputs.movers.bridge.sum() * bridge_users
    assert arrived == pytest.approx(3.0 * 0.12 * outside * bridge_users)
    others = (inputs.population.eligible[0, 0] - bridge_users) * 0.12 * outside
    assert inputs.movers.people[0, 0].sum() == pytest.approx(arrived + others)
    assert inputs.movers.people[0, 0].sum() > arrived


def test_low_income_members_move_at_their_own_rate_and_nobody_leaves_twice():
    lis = 0.15
    people = {}
    for ratio in (0.0, 1.0, 2.0, 5.0):
        scenario = plan("pdp_regional", {f"{S}.lis_movers_ratio": ratio, MOVERS: 0.3, **INCLUDE})
        people[ratio] = run(scenario).inputs.movers.people[0]
    assert people[0.0][:, 1] == pytest.approx(0.0)
    assert people[2.0][:, 0] == pytest.approx(people[1.0][:, 0])
    first_year = people[1.0][0]
    assert first_year[1] / first_year.sum() == pytest.approx(lis)
    # A rate above 1 is 1: all who were outside have come, and no more than that.
    inputs = run(plan("pdp_regional")).inputs
    own = inputs.population.eligible[0, 0]
    assert people[5.0][:, 1] == pytest.approx(own * lis * 0.4 / 0.6)


def test_capture_scales_who_comes_and_an_employers_plan_has_no_movers():
    half = run(plan("pdp_regional", {f"{S}.capture": 0.5, **INCLUDE})).inputs.movers
    one = run(plan("pdp_regional", INCLUDE)).inputs.movers
    assert half.people == pytest.approx(0.5 * one.people)
    assert half.bridge == pytest.approx(0.5 * one.bridge)
    # Who leaves when the plan stays out does not depend on what it captures when it joins.
    assert half.leaving == pytest.approx(one.leaving)
    egwp = plan("egwp", INCLUDE)
    assert run(egwp).inputs.movers is None
    assert decide(egwp, resolution="workbook").selection.verdict == "not_applicable"


# -------------------------------------------------------------- with no movers nothing changes


@pytest.mark.parametrize("name", [*PLANS, "egwp"])
@pytest.mark.parametrize(
    "nobody", [{MOVERS: 0.0}, {SHARE: 1.0, MOVERS: 0.0}], ids=["no_movers", "all_have_joined"]
)
def test_with_no_movers_selection_changes_nothing(name, nobody):
    own = plan(name, INCENTIVES, {**nobody, f"{S}.priced_from_year": 1})
    without, with_them = run(own), run(own.with_settings(INCLUDE))
    for branch in ("join", "stay_out"):
        one = getattr(without.result, branch).ledger
        other = getattr(with_them.result, branch).ledger
        assert same_rows(one, other) == {}
    assert with_them.result.value == pytest.approx(without.result.value, rel=1e-12)
    assert with_them.result.join.premium == pytest.approx(without.result.join.premium, rel=1e-12)


@pytest.mark.parametrize("name", PLANS)
def test_with_everybody_inside_nobody_comes(name):
    """At a joining share of 1 there is nobody to come; only staying out can lose members."""
    own = plan(name, INCENTIVES, {SHARE: 1.0})
    without, with_them = run(own), run(own.with_settings(INCLUDE))
    assert same_rows(without.result.join.ledger, with_them.result.join.ledger) == {}
    gaps = same_rows(without.result.stay_out.ledger, with_them.result.stay_out.ledger)
    assert {line for line, _ in gaps} <= {"selection"}


def test_the_check_is_there_without_including_it_and_the_value_is_not_moved_by_it():
    plain = decide(plan("pdp_regional"), resolution="workbook")
    assert plain.value.total == pytest.approx(plain.selection.value_without, rel=1e-12)
    within = decide(plan("pdp_regional", INCLUDE), resolution="workbook")
    assert within.value.total == pytest.approx(plain.selection.value_with, rel=1e-12)
    assert within.value.total != pytest.approx(plain.value.total, rel=1e-3)
    assert within.selection == plain.selection


# ----------------------------------------------- the joiners as a population of their own


def apart(found):
    """Inputs of the plan without movers, and of each group of them as a plan of its own."""
    inputs, movers = found.inputs, found.inputs.movers
    own = replace(inputs, movers=None)
    groups = []
    for group in (0, 1):
        people = movers.people[..., group]
        if not people.any():
            continue
        weights = np.zeros(inputs.user_weights.shape)
        within = inputs.user_weights[:, group]
        weights[:, group] = within / within.sum(axis=-1, keepdims=True)
        # Eligible members outside use no covered GLP-1 today.
        existing = replace(inputs.existing, share=0.0 * inputs.existing.share)
        population = replace(
            inputs.population,
            eligible=people,
            initiation=movers.initiation,
            opening_stock=inputs.population.opening_stock * movers.bridge[:, group, None],
            opening_stopped=np.zeros(1),
            opening_carried=np.zeros(1),
        )
        groups.append(
            replace(
                own,
                members=people.reshape(1, -1, MONTHS).mean(axis=-1),
                lis_share=np.array([float(group)]),
                risk_score=inputs.risk_score * movers.risk_ratio,
                weights=weights,
                user_weights=weights,
                population=population,
                existing=existing,
                fixed_cost=0.0 * inputs.fixed_cost,
                bid=found.result.stay_out.bid,
            )
        )
    return own, groups


def added_up(ledgers):
    rows = {}
    for book in ledgers:
        for row, usd in book.items():
            rows[row] = rows.get(row, 0.0) + usd
    return rows


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("full_copay", [False, True])
def test_joiners_cost_what_they_cost_as_a_population_of_their_own(name, full_copay):
    terms = {"terms.lis_rule": "full_copay"} if full_copay else {}
    found = run(plan(name, INCLUDE, NO_DIR, terms, {f"{S}.lis_movers_ratio": 1.5}))
    own, groups = apart(found)
    costs = [drug_costs(inputs) for inputs in (own, *groups)]
    # What is compared is not small: without the joiners the rows are others.
    assert same_rows(costs[0].join.rows, found.costs.join.rows, rel=1e-4) != {}
    rows = added_up([part.join.rows for part in costs])
    assert same_rows(rows, found.costs.join.rows, rel=EXACT) == {}
    assert same_rows(costs[0].join.rows, found.costs.alone.rows, rel=EXACT) == {}
    assert same_rows(costs[0].stay_out.rows, found.costs.stay_out.rows, rel=EXACT) == {}
    for name_of in ("fills", "starters", "authorizations", "on_therapy", "treated_years"):
        together = sum(getattr(part.join_people, name_of) for part in costs)
        assert together == pytest.approx(getattr(found.costs.join_people, name_of), rel=EXACT)
    come = sum(part.eligible for part in costs[1:])
    assert come == pytest.approx(found.costs.come.sum(axis=-1), rel=EXACT)


@pytest.mark.parametrize("name", PLANS)
def test_pooling_of_dir_moves_little_between_own_members_and_joiners(name):
    """With DIR one ratio serves the whole plan: the sum stays within 0.1% of gross a payer."""
    found = run(plan(name, INCLUDE, {MOVERS: 0.24}))
    own, groups = apart(found)
    costs = [drug_costs(inputs) for inputs in (own, *groups)]
    rows = added_up([part.join.rows for part in costs])
    gross = found.costs.join.gross
    gaps = {row: np.abs(rows[row] - found.costs.join.rows[row]) for row in rows}
    assert max(float((gap / gross).max()) for gap in gaps.values()) < 1e-3
    # Where DIR is pooled only plan and reinsurance exchange dollars; DIR itself adds up.
    for line in ledger.DRUG_LINES:
        for payer in ("dir", "manufacturer", "selected_subsidy"):
            if (line, payer) in gaps:
                assert np.all(gaps[line, payer] <= EXACT * gross)
        swapped = sum(
            rows[line, payer] - found.costs.join.rows[line, payer]
            for payer in ("plan", "reinsurance")
        )
        assert np.all(np.abs(swapped) <= EXACT * gross)


def joiners_apart(name, per, risk_adjusted):
    """The joining branch's rows, and those of own members and joiners run apart, added up."""
    lines = {
        "terms.obesity_capitation.per": per,
        "terms.obesity_capitation.risk_adjusted": risk_adjusted,
        "assumptions.payment.priced_share": 0.0,
        "terms.premium_stabilisation.amount": 2.0,
        f"{S}.mover_risk_ratio": 1.3,
        f"{S}.lis_movers_ratio": 0.4,
    }
    found = run(plan(name, INCLUDE, NO_DIR, INCENTIVES, NO_CORRIDOR, NO_RESPONSE, lines))
    own, groups = apart(found)
    settled = [settle(inputs, drug_costs(inputs)) for inputs in (own, *groups)]
    rows = added_up([part.join.ledger for part in settled])
    # Nobody leaves at a bid that rests; those who come bring the plan's baseline margin.
    inputs = found.inputs
    margin = found.result.stay_out.bid * inputs.risk_score * inputs.margin_share
    brought = 1.3 * found.costs.come.sum(axis=-1) * margin
    rows["selection", "member"] = rows.get(("selection", "member"), 0.0) + brought
    return dict(found.result.join.ledger), rows


@pytest.mark.parametrize("name", PLANS)
@pytest.mark.parametrize("per", ["enrolled", "eligible", "treated"])
def test_joiners_bring_what_they_bring_as_a_population_of_their_own(name, per):
    """Every row of the joining branch: premiums, subsidy and incentives, at a bid that rests."""
    book, rows = joiners_apart(name, per, risk_adjusted=False)
    # Who carries the effect after stopping is read off all people together, and those who start
    # again carry it no longer at one rate: that line adds up to 0.1% only.
    for row in (("offsets", "federal"), ("offsets", "plan")):
        assert rows.pop(row) == pytest.approx(book.pop(row), rel=1e-3)
    assert same_rows(rows, book, rel=EXACT) == {}


@pytest.mark.parametrize("per", ["enrolled", "eligible", "treated"])
def test_a_risk_adjusted_capitation_pays_joiners_at_their_own_risk(per):
    book, rows = joiners_apart("pdp_regional", per, risk_adjusted=True)
    row = ("obesity_capitation", "cms_incentive")
    assert book[row] == pytest.approx(rows[row], rel=EXACT)


def test_movers_pay_at_the_bid_times_their_risk_score():
    """Premium and direct subsidy together: bid x risk score x months, theirs at their own."""
    found = run(plan("pdp_regional", INCLUDE, {f"{S}.mover_risk_ratio": 1.4}))
    inputs, result = found.inputs, found.result
    months = inputs.members * MONTHS + 1.4 * found.costs.come.sum(axis=-1)
    expected = result.join.bid * inputs.risk_score * months
    book = result.join.ledger
    received = ledger.total(book, ("premium", "direct_subsidy", "stabilisation"))
    assert received == pytest.approx(expected, rel=EXACT)


def test_what_each_mover_brings_and_costs_adds_up_to_the_plans_result():
    scenario = plan("pdp_regional")
    check = decide(scenario, resolution="workbook").selection
    within = scenario.with_settings(INCLUDE)
    with_them, without = run(within), run(within.with_settings({MOVERS: 0.0}))
    gained = total(with_them) - total(without)
    assert check.mover_months == pytest.approx(float(with_them.costs.come.sum()), rel=EXACT)
    assert sum(check.per_mover.values()) * check.mover_months == pytest.approx(gained, rel=1e-9)
    lost = total(without, "stay_out") - total(with_them, "stay_out")
    assert check.lost_when_staying_out == pytest.approx(lost, rel=1e-9)
    assert lost > 0.0
    assert check.value_with - check.value_without == pytest.approx(gained + lost, rel=1e-9)


# ---------------------------------------------------------------------- the bid and who expects


@pytest.mark.parametrize("first", [1, 2, 3, 5])
def test_bids_expect_movers_from_the_year_they_are_priced_in(first):
    own = plan("pdp_regional", INCENTIVES, {"assumptions.payment.priced_share": 1.0}, NO_RESPONSE)
    within = own.with_settings({**INCLUDE, f"{S}.priced_from_year": first})
    alone, found = run(own), run(within)
    years = len(found.inputs.years)
    for year in range(years):
        ours, theirs = found.result.join, alone.result.join
        if year + 1 < first:
            assert ours.bid[0, year] == pytest.approx(theirs.bid[0, year], rel=1e-12)
            # Costs that nobody expected: the target does not hold them.
            assert ours.actual[0, year] > 1.0001 * ours.target[0, year]
        else:
            # Priced in full at cost, so that what comes in is what goes out.
            target = yearly(ours.target, years)[year]
            assert yearly(ours.actual, years)[year] == pytest.approx(target, rel=1e-9)
            assert ours.bid[0, year] != pytest.approx(theirs.bid[0, year], rel=1e-5)


def test_half_priced_is_half_of_the_change_of_the_bid():
    changes = []
    for share in (0.5, 1.0):
        own = {"assumptions.payment.priced_share": share, f"{S}.priced_from_year": 1}
        result = run(plan("pdp_regional", INCLUDE, own)).result
        changes.append(result.join.bid - result.stay_out.bid)
    assert changes[0] == pytest.approx(0.5 * changes[1], rel=1e-9)


# ------------------------------------------------------------------------------- limiting case

NO_USE = {
    f"{S}.mover_initiation": 0.0,
    f"{S}.mover_risk_ratio": 1.0,
    "assumptions.spending.user_spend_ratio": 1.0,
    **NO_BRIDGE,
    **NOBODY_TODAY,
}


@pytest.mark.parametrize("name", ["pdp_regional", "mapd"])
def test_average_movers_who_use_nothing_bring_their_margin_and_nothing_else(name):
    quiet = {"assumptions.uptake.initiation": 0.0, MOVERS: 0.24}
    own = plan(name, NO_USE, quiet, {"assumptions.administration.pmpm_cost": 0.0})
    without, found = run(own), run(own.with_settings(INCLUDE))
    come = found.costs.come.sum(axis=-1)
    assert come.min() > 100.0
    margin = found.result.stay_out.bid * found.inputs.risk_score * found.inputs.margin_share
    gained = ledger.plan_result(found.result.join.ledger)
    gained = gained - ledger.plan_result(without.result.join.ledger)
    scale = np.abs(found.costs.join.baseline)
    assert np.all(np.abs(gained - come * margin) <= 1e-9 * scale)
    lost = ledger.plan_result(without.result.stay_out.ledger)
    lost = lost - ledger.plan_result(found.result.stay_out.ledger)
    left = found.inputs.movers.leaving * MONTHS
    assert np.all(np.abs(lost - left * margin) <= 1e-9 * scale)


def test_average_movers_who_use_nothing_thin_out_a_fully_priced_cost_and_no_more():
    """They bear part of the premium's rise; what is priced in full still comes back once."""
    priced = {"assumptions.payment.priced_share": 1.0, f"{S}.priced_from_year": 1}
    pmpm = {"assumptions.administration.pmpm_cost": 0.0}
    own = plan("pdp_regional", NO_DIR, NO_USE, priced, NO_RESPONSE, pmpm, {MOVERS: 0.24})
    without, found = run(own), run(own.with_settings(INCLUDE))
    rise = found.result.join.bid - found.result.stay_out.bid
    before = without.result.join.bid - without.result.stay_out.bid
    assert np.all(rise < before)
    assert np.all(rise > 0.0)
    come = found.costs.come.sum(axis=-1)
    margin = found.result.stay_out.bid * found.inputs.risk_score * found.inputs.margin_share
    gained = ledger.plan_result(found.result.join.ledger)
    gained = gained - ledger.plan_result(without.result.join.ledger)
    scale = np.abs(found.costs.join.baseline)
    assert np.all(np.abs(gained - come * margin) <= 1e-9 * scale)


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.5), (0.5, 1.0)])
def test_movers_who_use_more_cost_more(low, high):
    unpriced = {"assumptions.payment.priced_share": 0.0}
    worth = [
        total(run(plan("pdp_regional", INCLUDE, unpriced, {f"{S}.mover_initiation": start})))
        for start in (low, high)
    ]
    assert worth[1] < worth[0]


# ----------------------------------------------------------------------------------- the verdict

UNPRICED = {"assumptions.payment.priced_share": 0.0}


def paid(amount, risk=1.2):
    return {
        **UNPRICED,
        "terms.obesity_capitation.amount": amount,
        f"{S}.mover_risk_ratio": risk,
    }


VERDICTS = {
    "does_not_pay": paid(0.0),
    "not_adverse": paid(100.0, risk=1.5),
    "robust": paid(150.0),
    "exposed": paid(170.0, risk=1.0),
    "fails": paid(100.0),
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_every_verdict_is_reached_and_is_what_plain_runs_say(verdict):
    scenario = plan("pdp_regional", VERDICTS[verdict])
    check = decide(scenario, resolution="workbook").selection
    assert check.verdict == verdict
    within = scenario.with_settings(INCLUDE)

    def worth(movers):
        return float(run(within.with_settings({MOVERS: movers})).result.value.sum())

    at = {movers: worth(movers) for movers in (0.0, check.movers, check.movers_high)}
    plain = float(run(scenario).result.value.sum())
    assert at[0.0] == pytest.approx(plain, rel=1e-12)
    assert check.value_without == pytest.approx(plain, rel=1e-9)
    assert check.value_with == pytest.approx(at[check.movers], rel=1e-9)
    assert (check.movers_low, check.movers_high) == (0.06, 0.24)
    signs = [at[movers] >= 0.0 for movers in (0.0, check.movers, check.movers_high)]
    expected = {
        "does_not_pay": [False, False, False],
        "not_adverse": [True, True, True],
        "robust": [True, True, True],
        "exposed": [True, True, False],
        "fails": [True, False, False],
    }
    assert signs == expected[verdict]
    net = sum(check.per_mover.values())
    assert (net >= 0.0) == (verdict == "not_adverse")
    if verdict in ("exposed", "fails"):
        root = check.breakeven_movers
        # The search places the root within 1 in 27,000 of the whole range.
        scale = abs(worth(min(root + 0.01, 1.0)) - worth(root - 0.01)) / 0.02
        assert abs(worth(root)) <= scale / 27_000
        assert worth(root - 1e-3) > 0.0 > worth(root + 1e-3)
        multiple = accumulated(0.6, [root])[0]
        assert check.breakeven_multiple == pytest.approx(multiple, rel=1e-9)
    else:
        assert check.breakeven_movers is None
    assert check.reason.endswith(".")
    assert "\n" not in check.reason


def test_a_break_even_above_the_high_end_is_robust_and_named():
    """Somewhere between 'exposed' and 'at any share' the root lies above the range."""
    scenario = plan("pdp_regional", paid(200.0, risk=1.0))
    check = decide(scenario, resolution="workbook").selection
    assert check.verdict == "robust"
    assert check.breakeven_movers > check.movers_high
    value = run(scenario.with_settings({**INCLUDE, MOVERS: check.breakeven_movers})).result.value
    assert abs(float(value.sum())) < 1e-3 * check.value_without
    assert f"{check.breakeven_movers:.1%}" in check.reason


def test_with_a_base_of_0_the_range_still_counts():
    """Nobody is expected, but up to 24% may come, and what they would cost turns the value."""
    few, none = (
        decide(plan("pdp_regional", VERDICTS["fails"], {MOVERS: movers}), resolution="workbook")
        for movers in (0.001, 0.0)
    )
    assert few.selection.verdict == "exposed"
    assert none.selection.breakeven_movers == pytest.approx(few.selection.breakeven_movers)
    assert none.selection.verdict == "exposed"


@pytest.mark.parametrize("resolution", ["workbook", "full"])
@pytest.mark.parametrize("name", ["pdp_regional", "mapd", "dsnp"])
def test_where_nothing_happens_rounding_is_no_verdict(name, resolution):
    """Value is 0 at every share of movers: nothing is lost, and nothing breaks even at 3.5%."""
    nothing = {
        "assumptions.uptake.initiation": 0.0,
        "assumptions.payment.margin_share": 0.0,
        **{
            f"assumptions.administration.{name}": 0.0
            for name in ("pmpm_cost", "fixed_cost", "prior_authorization_cost")
        },
    }
    check = decide(plan(name, NO_USE, nothing), resolution=resolution).selection
    assert abs(check.value_without) < 1e-5
    assert abs(check.value_with) < 1e-5
    assert check.verdict in ("not_adverse", "robust")
    assert check.breakeven_movers is None


def test_a_share_of_ones_own_stretches_the_range_to_hold_it():
    check = decide(plan("pdp_regional", {MOVERS: 0.5}), resolution="workbook").selection
    assert (check.movers, check.movers_low, check.movers_high) == (0.5, 0.06, 0.5)
    check = decide(plan("pdp_regional", {MOVERS: 0.01}), resolution="workbook").selection
    assert (check.movers, check.movers_low, check.movers_high) == (0.01, 0.01, 0.24)


def test_the_verdict_at_the_edges():
    assert judge(0.0, -1.0, 0.0, 0.12, 0.24) == "fails"
    assert judge(1.0, -1.0, 0.12, 0.12, 0.24) == "fails"
    assert judge(1.0, -1.0, 0.24, 0.12, 0.24) == "exposed"
    assert judge(1.0, 0.0, 0.01, 0.12, 0.24) == "not_adverse"
    assert judge(-1e-9, 9.0, None, 0.12, 0.24) == "does_not_pay"


@pytest.mark.parametrize("name", PLANS)
def test_the_search_is_over_what_a_plain_run_gives(name):
    """One run over shares of movers is as many plain runs."""
    within = plan(name, INCLUDE, INCENTIVES)
    shares = np.array([0.0, 0.12, 1.0])
    together = run(within, {MOVERS: shares}).result
    for row, share in enumerate(shares):
        single = run(within.with_settings({MOVERS: float(share)})).result
        for branch in ("join", "stay_out"):
            ours = getattr(together, branch).ledger
            book = {key: amounts[row % len(amounts)][None] for key, amounts in ours.items()}
            assert same_rows(getattr(single, branch).ledger, book, rel=EXACT) == {}


def test_rivals_premium_is_taken_off_the_relative_premium():
    scenario = plan("pdp_regional", {"rivals.premium_change": 2.0})
    found = decide(scenario, resolution="workbook").selection
    result = run(scenario.with_settings(INCLUDE)).result
    rise = (result.join.premium - result.stay_out.premium)[0] - 2.0
    assert list(found.relative_premium.values()) == pytest.approx(rise, rel=1e-9)
    assert list(found.leaving.values()) == pytest.approx(result.join.leaving[0], rel=1e-9)


# ----------------------------------------------------------------------------------- identities


@pytest.mark.parametrize("name", PLANS)
def test_every_dollar_has_a_payer_with_movers_too(name):
    found = run(plan(name, INCLUDE, INCENTIVES))
    book = found.result.join.ledger
    gross = found.costs.join.gross
    assert ledger.total(book, ledger.DRUG_LINES) == pytest.approx(gross, rel=EXACT)
    assert np.all(gross > found.costs.alone.gross)
    for line in ("premium", "direct_subsidy", "extra_reinsurance", "obesity_capitation"):
        payers = [payer for payer in ledger.PAYERS if (line, payer) in book]
        parts = sum(ledger.total(book, [line], [payer]) for payer in payers)
        assert parts == pytest.approx(ledger.total(book, [line]), rel=EXACT)
    by_line = ledger.plan_result_by_line(book)
    assert sum(by_line.values()) == pytest.approx(ledger.plan_result(book), rel=1e-9)


def test_movers_whose_fills_are_lost_are_a_broken_identity(monkeypatch):
    """The check on windows sees movers: their cohorts alone, counted wrong, raise."""
    real = cohort.windows
    calls = []

    def wrong_for_movers(group):
        calls.append(group)
        return real(group) * (1.0 if len(calls) == 1 else 1.01)

    scenario = plan("pdp_regional", INCLUDE)
    monkeypatch.setattr(cohort, "windows", wrong_for_movers)
    with pytest.raises(IdentityError, match="windows sum to user-months"):
        run(scenario)
    assert len(calls) == 3


def test_movers_who_are_not_paid_for_are_a_broken_identity(monkeypatch):
    from calculator.model import part_d

    real = part_d._post_premium

    def without_movers(rows, inputs, enrolled, *rest):
        real(rows, inputs, replace(enrolled, months=inputs.members * MONTHS), *rest)

    monkeypatch.setattr(part_d, "_post_premium", without_movers)
    run(plan("pdp_regional"))
    with pytest.raises(IdentityError, match="premium and subsidy are the bid, join"):
        run(plan("pdp_regional", INCLUDE))


@settings(max_examples=25)
@given(plans(), amounts(0, 1), amounts(0.05, 1), amounts(1, 5))
def test_no_plan_breaks_an_identity_with_movers_and_without_them_nothing_moves(
    scenario, movers, share, first
):
    """Any plan under any terms: the run raises where a sum does not hold."""
    own = {SHARE: share, f"{S}.priced_from_year": round(first)}
    scenario = scenario.with_settings(own)
    found = run(scenario.with_settings({**INCLUDE, MOVERS: movers}))
    gross, book = found.costs.join.gross, found.result.join.ledger
    assert ledger.total(book, ledger.DRUG_LINES) == pytest.approx(gross, rel=EXACT)
    value = ledger.plan_result(book) - ledger.plan_result(found.result.stay_out.ledger)
    assert found.result.value == pytest.approx(value, rel=1e-9)
    without = run(scenario)
    nobody = run(scenario.with_settings({**INCLUDE, MOVERS: 0.0}))
    assert same_rows(without.result.join.ledger, nobody.result.join.ledger, rel=1e-11) == {}
    assert same_rows(without.result.stay_out.ledger, nobody.result.stay_out.ledger) == {}
    assert np.all(found.costs.come >= 0.0)
    assert np.all(found.costs.join.gross >= without.costs.join.gross * (1.0 - EXACT))


# ------------------------------------- premiums and subsidies of all enrollees, two plans, one in

ONE_YEAR = {"horizon.start": "2028-01-01", "horizon.end": "2028-12-31"}


@pytest.mark.parametrize("priced", [0.5, 1.0])
@pytest.mark.parametrize("share", [0.2, 0.7])
@pytest.mark.parametrize("movers", [False, True])
def test_premium_and_subsidy_changes_over_all_enrollees_are_the_priced_cost(priced, share, movers):
    """A plan with weight `share` joins and moves the average; its rival stays out and feels it."""
    market = 100_000.0
    both = {**ONE_YEAR, **NO_RESPONSE, "assumptions.payment.priced_share": priced}
    inside = plan(
        "pdp_regional",
        both,
        {"plan.members": market * share, "plan.national_weight": share},
        {"selection.include": movers, f"{S}.priced_from_year": 1, f"{S}.mover_risk_ratio": 1.0},
    )
    joined = run(inside)
    delta = float((joined.result.join.bid - joined.result.stay_out.bid)[0, 0])
    assert delta > 0.01
    outside = plan(
        "pdp_regional",
        both,
        {"plan.members": market * (1 - share), "plan.national_weight": 1 - share},
    )
    before = run(outside).result.stay_out
    after = run(outside.with_settings({"rivals.bid_change": share * delta})).result.stay_out
    lines = ("premium", "direct_subsidy")

    def received(settled):
        return float(ledger.total(settled.ledger, lines).sum())

    come = float(joined.costs.come.sum())
    months = float(joined.inputs.members.sum()) * MONTHS
    risk = float(joined.inputs.risk_score[0])
    load = float(joined.inputs.administration_and_margin[0])
    at_bid = come * risk * float(joined.result.stay_out.bid[0, 0])
    change_inside = received(joined.result.join) - received(joined.result.stay_out) - at_bid
    change_outside = received(after) - received(before)
    priced_cost = priced * float(joined.result.priced[0, 0]) * (months + come)
    assert change_inside + change_outside == pytest.approx(priced_cost / (1 - load), rel=1e-9)
    # The rival's members gain in premium what Medicare adds to its subsidy: together nothing.
    assert change_outside == pytest.approx(0.0, abs=1e-6 * received(before))
    fall = float((after.premium - before.premium)[0, 0])
    rise = float((joined.result.join.premium - joined.result.stay_out.premium)[0, 0])
    assert fall == pytest.approx(-share * delta)
    assert rise == pytest.approx((1 - share) * delta)
    # Weighted premiums move about 0: Medicare pays nearly all of a priced cost.
    assert share * rise + (1 - share) * fall == pytest.approx(0.0, abs=1e-9)


# ------------------------------------------------------------------------------------ the curves


def test_marginal_cost_is_the_slope_of_share_times_average_cost():
    share = np.linspace(0.05, 1.0, 39)
    for average, slope in (
        (4.0 / share, 0.0 * share),
        (3.0 + 2.0 * share, 3.0 + 4.0 * share),
        (7.0 + 0.0 * share, 7.0 + 0.0 * share),
    ):
        assert selection_curves.marginal_cost(share, average) == pytest.approx(slope, abs=1e-9)


def test_the_curves_are_the_engines():
    scenario = plan("pdp_regional")
    found = selection_curves.curves(scenario, "workbook")
    within = scenario.with_settings(INCLUDE)

    def average(share):
        one = run(within.with_settings({SHARE: share}))
        own = float((one.result.member_months).sum())
        months = np.broadcast_to(one.result.join_months, one.result.net_cost.shape)
        return float((one.result.net_cost * months).sum()) / own

    for index in (0, 10, 38):
        at = float(found.share[index])
        assert found.average_cost[index] == pytest.approx(average(at), rel=1e-9)
    at, step = float(found.share[20]), 1e-3
    slope = ((at + step) * average(at + step) - (at - step) * average(at - step)) / (2 * step)
    assert found.marginal_cost[20] == pytest.approx(slope, abs=0.02)
    # Average cost falls where the marginal is below it.
    assert found.adverse
    assert np.all(np.diff(found.average_cost) < 0.0)
    assert np.all(found.marginal_cost < found.average_cost)


def test_selection_is_adverse_exactly_where_average_cost_falls_with_the_share():
    seen = set()
    for risk in (0.8, 1.2, 1.6, 2.0):
        found = selection_curves.curves(plan("mapd", {f"{S}.mover_risk_ratio": risk}), "workbook")
        assert found.adverse == (found.average_cost[-1] < found.average_cost[0])
        seen.add(found.adverse)
    assert seen == {True, False}


def test_without_movers_the_curves_are_one_and_nothing_is_wasted():
    found = selection_curves.curves(plan("pdp_regional", {MOVERS: 0.0}), "workbook")
    assert found.average_cost == pytest.approx(found.average_cost[0], rel=1e-9)
    assert found.marginal_cost == pytest.approx(found.average_cost, rel=1e-6)
    assert not found.adverse or np.ptp(found.average_cost) < 1e-9
    assert found.equilibrium is not None
    assert found.equilibrium == pytest.approx(found.efficient, abs=1e-6)
    assert found.welfare_loss == pytest.approx(0.0, abs=1e-9)


def test_the_triangle_by_hand():
    share = np.linspace(0.0, 1.0, 201)
    demand, average = 10.0 - 10.0 * share, 6.0 - 2.0 * share
    marginal = 6.0 - 4.0 * share
    low = selection_curves.crossing(share, demand - average)
    high = selection_curves.crossing(share, demand - marginal)
    assert (low, high) == pytest.approx((0.5, 2 / 3))
    # Half of base times height: (2/3 - 1/2) x (demand - marginal at 1/2 = 5 - 4) / 2.
    loss = selection_curves.triangle(share, demand, marginal, low, high)
    assert loss == pytest.approx((2 / 3 - 0.5) * 1.0 / 2, rel=1e-3)
    assert selection_curves.triangle(share, demand, marginal, high, low) == pytest.approx(loss)
    assert selection_curves.triangle(share, demand, marginal, 0.4, 0.4) == 0.0


def test_no_crossing_is_an_answer():
    share = np.linspace(0.1, 1.0, 10)
    assert selection_curves.crossing(share, 1.0 + share) is None
    found = selection_curves.curves(plan("pdp_regional", NO_RESPONSE), "workbook")
    assert found.equilibrium is None
    assert found.welfare_loss is None


def test_curves_without_a_premium_response_are_still_json(capsys):
    """0 is inside the bounds of the premium response: demand is then not there, and said so."""
    arguments = ["selection", "pdp_regional", "--json", "--resolution", "workbook"]
    with pytest.raises(SystemExit) as stopped:
        cli.main([*arguments, "--set", f"{S}.premium_semi_elasticity=0"])
    out, err = capsys.readouterr()
    assert (stopped.value.code, err) == (0, "")
    assert json.loads(out)["curves"]["equilibrium"] is None


def test_curves_of_an_employers_plan_are_refused():
    with pytest.raises(ValueError, match=r"plan\.type: allowed is a plan that members choose"):
        selection_curves.curves(plan("egwp"))
