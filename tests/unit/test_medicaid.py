"""Who is treated in a state: forms of uptake, what a state may choose, groups and gaps."""

import datetime as dt

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.decision import evaluate
from calculator.errors import InputError
from calculator.medicaid_decision import evaluate_state
from calculator.model import cohort, medicaid
from calculator.model import ledger as words
from calculator.model.arrays import monthly_probability

EXACT = 1e-9
FORMS = ("share_of_eligibles", "fills_per_1000", "monthly_fills")
OTHERS = ("children", "disabled", "duals", "medicaid_chip", "separate_chip")
NO_OVERHEAD = {
    "assumptions.coverage.administration_fixed": 0.0,
    "assumptions.coverage.prior_authorization_cost": 0.0,
}
NOBODY_TODAY = {"assumptions.coverage.existing_fills_per_enrollee": 0.0}
ONE_MILLION = {
    **{f"groups.{name}.included": False for name in OTHERS},
    "groups.base_adults.enrollment": 600_000,
    "groups.expansion_adults.enrollment": 400_000,
    "assumptions.coverage.enrollment_trend": 0.0,
}
NOBODY_STOPS = {
    "therapy.persistence_points": {60: 1.0},
    "assumptions.coverage.churn_monthly": 0.0,
    "assumptions.persistence.restart_one_year": 0.0,
    "assumptions.persistence.fills_per_month": 1.0,
}

# Fills per 1,000 enrollees a quarter in states that began to cover, above states that never did:
# Medicaid drug utilisation, 2018 to the third quarter of 2025, Wegovy and Zepbound.
EVENT_STUDY = (1.2558, 3.7214, 6.2637, 8.4905, 11.7436, 11.7963, 15.3844, 13.4827, 17.2224)
HIGH_END = (2.0583, 6.5258, 11.0732, 15.6855, 20.6952, 22.3637, 25.5031, 19.5016, 27.0083)


def run(settings: dict, shipped: str = "state_not_covering"):
    return evaluate(load_scenario(shipped).with_settings(settings))


def row(branch: medicaid.Branch, line: str, payer: str) -> np.ndarray:
    return branch.rows[line, payer][0]


# ------------------------------------------------------------------------------ who is treated


@pytest.mark.parametrize(("high", "quarters"), [(False, EVENT_STUDY), (True, HIGH_END)])
def test_fills_per_1000_give_the_event_studys_fills_for_a_million_enrollees(high, quarters):
    scenario = load_scenario("state_not_covering").with_settings(ONE_MILLION)
    fills = evaluate_state(scenario, high_uptake=high).result.join.fills[0]
    by_quarter = fills.reshape(-1, 3).sum(axis=1)
    assert by_quarter[:9] == pytest.approx([1_000 * rate for rate in quarters], rel=1e-12)
    # Held after the ninth quarter.
    assert by_quarter[9:] == pytest.approx(1_000 * quarters[-1], rel=1e-12)


def test_the_users_own_fills_per_1000_take_the_place_of_the_event_study():
    own = {**ONE_MILLION, "uptake.quarterly_fills_per_1000": [2.0, 5.0]}
    by_quarter = run(own).result.join.fills[0].reshape(-1, 3).sum(axis=1)
    assert by_quarter == pytest.approx([2_000, *[5_000] * 19], rel=1e-12)


@pytest.mark.parametrize("shipped", ["state_not_covering", "state_covering"])
def test_monthly_fills_are_exactly_the_users_and_the_last_holds(shipped):
    given = [10.0, 250.0, 70.0, 0.0, 800.5]
    settings = {"uptake.form": "monthly_fills", "uptake.monthly_fills": given}
    found = run(settings, shipped).result
    assert found.join.fills[0].tolist() == [*given, *[800.5] * 55]
    if shipped == "state_covering":
        assert found.stay_out.fills[0].tolist() == found.join.fills[0].tolist()


@pytest.mark.parametrize("shipped", ["state_not_covering", "state_covering"])
def test_a_share_of_eligibles_is_the_cohort_of_the_contract(shipped):
    settings = {"uptake.form": "share_of_eligibles", "state.own_uptake_ratio": 0.5}
    found = run(settings, shipped)
    months, register = found.months, found.register
    eligible = (
        found.inputs.groups.enrollment[0] * found.inputs.groups.eligible_share[0]
    ).sum(axis=-1)  # fmt: skip

    def assumed(path: str, day: dt.date | None = None) -> float:
        return float(register.number(f"assumptions.{path}", day)[0])

    path = np.array([[assumed("coverage.initiation", day) for day in months]])
    kappa, scale = (assumed(f"persistence.denmark_{name}") for name in ("kappa", "scale"))
    churn = np.array([assumed("coverage.churn_monthly")])
    restart = monthly_probability(np.array([assumed("persistence.restart_one_year")]))
    stock, stopped = np.zeros((1, 0)), np.zeros(1)
    if shipped == "state_covering":
        before = cohort.project(
            np.full((1, 24), eligible[0]),
            np.full((1, 24), path[0, 0] * 0.5),
            cohort.survival(np.arange(26.0), kappa, scale)[None],
            churn,
            restart,
            stock,
            np.zeros(1),
        )
        # They come a month later, less those who stop or leave in between.
        last, stay = cohort.stock_by_age(before, 23), 1.0 - churn
        share = cohort.survival(np.arange(25.0), kappa, scale)
        came = last[:, 1:] * (share[1:] / share[:-1]) * stay
        stopped = before.stopped[:, -1] * stay + (last[:, 1:] * stay - came).sum(axis=1)
        stock = np.concatenate([np.zeros((1, 1)), came], axis=1)
    for branch, ratio in (("join", 1.0), ("stay_out", 0.5 if shipped == "state_covering" else 0.0)):
        group = cohort.project(
            eligible[None],
            path * ratio,
            cohort.survival(np.arange(100.0), kappa, scale)[None],
            churn,
            restart,
            stock,
            stopped,
        )
        treated = getattr(found.result, branch)
        assert treated.on_therapy == pytest.approx(group.on_therapy, rel=EXACT), branch
        per_month = assumed("persistence.fills_per_month")
        assert treated.fills == pytest.approx(per_month * group.on_therapy, rel=EXACT), branch
        # Whoever comes from before keeps the authorization, so is no start.
        starts = group.starters + group.restarts
        assert treated.starts == pytest.approx(starts, rel=EXACT), branch


def test_those_whom_joining_adds_begin_at_the_start_of_the_path():
    """A state that covers a fifth of the use for two years stays on its path for that fifth."""
    covered = {**ONE_MILLION, "state.own_uptake_ratio": 0.2, "state.months_covered": 24}
    found = run(covered, "state_covering").result
    path = [1_000 * rate / 3 for rate in EVENT_STUDY for _ in range(3)] + [5_740.8] * 60
    for month in range(60):
        own, new = path[24 + month], path[month]
        assert found.stay_out.fills[0, month] == pytest.approx(0.2 * own), month
        assert found.join.fills[0, month] == pytest.approx(0.2 * own + 0.8 * new), month


def test_a_bmi_threshold_lowers_the_newly_eligible():
    share = {"uptake.form": "share_of_eligibles"}
    eligible, fills = {}, {}
    for bmi in (None, 30, 32.5, 35, 40, 45):
        found = run({**share, "assumptions.coverage.bmi_threshold": bmi})
        eligible[bmi] = found.inputs.groups.eligible_share[0].max()
        fills[bmi] = found.result.join.fills.sum()
    # Everyone from 30; 42% from 35 and 17% from 40, as assumed; straight between, flat beyond.
    for bmi, share_above in ((None, 1), (30, 1), (32.5, 0.71), (35, 0.42), (40, 0.17), (45, 0.17)):
        assert eligible[bmi] / eligible[None] == pytest.approx(share_above), bmi
        assert fills[bmi] / fills[None] == pytest.approx(share_above), bmi


def test_a_duration_cap_stops_fills_after_the_cap():
    """People who start in 2027 and would stay for good fill for six months and no longer."""
    found = run({
        **NOBODY_STOPS,
        "uptake.form": "share_of_eligibles",
        "assumptions.coverage.initiation.2027_01_01": 0.12,
        **{f"assumptions.coverage.initiation.{year}_01_01": 0.0 for year in range(2028, 2032)},
        "assumptions.coverage.duration_cap_months": 6,
    }).result.join  # fmt: skip
    starters = found.starts[0]
    assert np.all(starters[:12] > 0)
    assert starters[12:].tolist() == [0.0] * 48
    for month in range(60):
        still_on = starters[max(month - 5, 0) : month + 1].sum()
        assert found.fills[0, month] == pytest.approx(still_on, abs=1e-9)
    assert found.fills[0, 17:].tolist() == [0.0] * 43


def test_a_duration_cap_ends_fills_that_were_observed_without_one():
    """A flat 2,000 fills a quarter by people who never stop: all start at once, and end at six."""
    found = run({
        **NOBODY_STOPS,
        **ONE_MILLION,
        "uptake.quarterly_fills_per_1000": [2.0],
        "assumptions.coverage.duration_cap_months": 6,
    }).result.join  # fmt: skip
    assert found.fills[0] == pytest.approx([2_000 / 3] * 6 + [0.0] * 54)
    assert found.on_therapy[0] == pytest.approx([2_000 / 3] * 6 + [0.0] * 54)


@pytest.mark.parametrize("form", FORMS[1:])
def test_people_on_therapy_are_those_behind_the_fills(form):
    """Also where the state has covered half of the use for two years."""
    settings = {
        "uptake.form": form,
        "uptake.monthly_fills": [800.0, 810.0, 820.0],
        "state.own_uptake_ratio": 0.5,
        "assumptions.persistence.fills_per_month": 0.9,
    }
    found = run(settings, "state_covering").result
    for branch in (found.join, found.stay_out):
        assert branch.on_therapy == pytest.approx(branch.fills / 0.9, rel=1e-6)


@pytest.mark.parametrize("form", FORMS[:2])
@pytest.mark.parametrize("shipped", ["state_not_covering", "state_covering"])
def test_those_who_stopped_are_kept_month_by_month(form, shipped):
    """Model section 3: less those who leave and start again, plus those who stop."""
    found = run({"uptake.form": form}, shipped)
    inputs = found.inputs
    group = medicaid.treated_group(inputs, inputs.join)
    before = group.stopped[0, 0]
    for month in range(1, 60):
        expected = before * 0.97 + group.stops[0, month] - group.restarts[0, month]
        assert group.stopped[0, month] == pytest.approx(expected, rel=EXACT), month
        before = expected
    # Nobody has stopped before the second month, so nobody starts again before the third.
    assert (group.restarts[0, 2:] > 0).all() == (form == "share_of_eligibles")


@pytest.mark.parametrize("months_covered", [6, 12, 24])
def test_a_duration_cap_also_runs_where_people_are_treated_already(months_covered):
    """Nobody has been on therapy beyond the cap, so those who come have at most that age."""
    scenario = load_scenario("state_covering").with_settings({
        "uptake.form": "share_of_eligibles",
        "state.months_covered": months_covered,
        "assumptions.coverage.duration_cap_months": 12,
    })  # fmt: skip
    with np.errstate(divide="raise", invalid="raise"):
        found = evaluate(scenario).result
    assert np.all(np.isfinite(found.join.fills))
    assert found.join.fills[0, 0] > 0


@pytest.mark.parametrize(
    "choice",
    [{"assumptions.coverage.bmi_threshold": 40}, {"assumptions.coverage.duration_cap_months": 6}],
)
@pytest.mark.parametrize("form", FORMS[:2])
def test_what_a_state_chooses_lowers_its_fills_or_is_said_to_do_nothing(choice, form):
    """Fills observed per 1,000 enrollees were under criteria of 30 or so, without a cap."""
    scenario = load_scenario("state_not_covering").with_settings({"uptake.form": form})
    chosen = decide(scenario.with_settings(choice))
    before = decide(scenario).evaluation.result.join.fills.sum()
    (path,) = choice
    said = any(path.rpartition(".")[2].split("_")[0] in note.lower() for note in chosen.notes)
    assert chosen.evaluation.result.join.fills.sum() < before or said


@pytest.mark.parametrize("form", FORMS)
def test_coverage_that_ends_on_a_date_stops_fills_of_staying_out_that_month(form):
    settings = {
        "uptake.form": form,
        "uptake.monthly_fills": [500.0],
        "state.coverage_ends": "2027-06-30",
    }
    found = run(settings, "state_ending_coverage").result
    assert np.all(found.stay_out.fills[0, :6] > 0)
    assert found.stay_out.fills[0, 6:].tolist() == [0.0] * 54
    assert found.stay_out.on_therapy[0, 6:].tolist() == [0.0] * 54
    assert np.all(found.join.fills[0] > 0)
    for line in ("model_drugs", "administration"):
        for payer in ("federal", "state"):
            assert row(found.stay_out, line, payer)[6:].tolist() == [0.0] * 54


@pytest.mark.parametrize("form", FORMS)
def test_coverage_that_ended_before_the_first_month_costs_nothing_when_staying_out(form):
    """Nobody is treated, so nobody needs a prior authorization either."""
    settings = {
        "uptake.form": form,
        "uptake.monthly_fills": [500.0],
        "state.coverage_ends": "2026-12-31",
        "horizon.start": "2027-01-01",
    }
    found = run(settings, "state_ending_coverage").result.stay_out
    assert found.fills[0].tolist() == [0.0] * 60
    assert found.starts[0].tolist() == [0.0] * 60
    for payer in ("federal", "state"):
        assert row(found, "administration", payer).tolist() == [0.0] * 60


def test_a_trend_of_zero_and_costs_of_zero_are_allowed():
    free = {
        **NO_OVERHEAD,
        "assumptions.coverage.enrollment_trend": 0.0,
        "assumptions.coverage.capitation_load": 0.0,
        "assumptions.coverage.premium_tax": 0.0,
        "assumptions.coverage.churn_monthly": 0.0,
        "assumptions.rebates.dispensing_fee": 0.0,
        "assumptions.rebates.copay": 0.0,
        "assumptions.rebates.rebate_lag_quarters": 0,
        "assumptions.payment.discount_rate": 0.0,
    }
    decision = decide(load_scenario("state_not_covering").with_settings(free))
    months = decision.evaluation.result.member_months[0]
    assert months == pytest.approx(np.full(60, months[0]), rel=1e-12)
    rows = decision.evaluation.result.join.rows
    for line in ("administration", "premium_tax"):
        assert words.total(rows, [line], ["federal", "state"]) == pytest.approx(0.0)
    assert words.total(rows, words.LINES, ["mco"]) == pytest.approx(0.0, abs=1e-6)
    assert decision.value.present_value == pytest.approx(decision.value.total, rel=EXACT)
    for branch in decision.budget.values():
        net, cash = (branch[f"state_{kind}"] for kind in ("net", "net_cash"))
        assert list(net.values()) == pytest.approx(list(cash.values()), rel=EXACT)


def test_work_requirements_take_their_share_of_expansion_adults_only():
    lost = {**ONE_MILLION, "assumptions.coverage.work_requirement_expansion_loss": 0.25}
    groups = run(lost).inputs.groups
    by_name = dict(zip(groups.names, groups.enrollment[0, 0], strict=True))
    assert by_name == pytest.approx({"base_adults": 600_000, "expansion_adults": 300_000})


# ---------------------------------------------------------------------------- groups and gaps


NC = {"state.abbr": "NC"}
NC_ADULTS = {
    "groups.base_adults.enrollment": 560_000,
    "groups.expansion_adults.enrollment": 640_000,
    "groups.disabled.enrollment": 250_000,
}


def test_north_carolinas_adults_come_from_the_user():
    scenario = load_scenario("state_covering").with_settings(NC)
    known: dict[str, float] = {}
    for path, people in NC_ADULTS.items():
        with pytest.raises(InputError) as refused:
            decide(scenario.with_settings(known))
        assert refused.value.field == path
        assert "NC" in refused.value.allowed
        known[path] = people
    decision = decide(scenario.with_settings(known))
    assert decision.evaluation.result.join.fills.sum() > 0
    assert not any("left out" in note for note in decision.notes)


def test_accepted_gaps_are_left_out_and_named():
    scenario = load_scenario("state_covering").with_settings(
        {**NC, "state.accept_gaps": True, "groups.base_adults.enrollment": 560_000}
    )
    decision = decide(scenario)
    left_out = {note.rpartition(" ")[2] for note in decision.notes if "left out" in note}
    assert left_out == {"groups.expansion_adults.enrollment", "groups.disabled.enrollment"}
    assert "expansion_adults" not in decision.evaluation.inputs.groups.names


def test_accepted_gaps_that_leave_nobody_to_treat_are_refused():
    scenario = load_scenario("state_covering").with_settings({**NC, "state.accept_gaps": True})
    with pytest.raises(InputError, match=r"^groups: .*not found") as refused:
        decide(scenario)
    assert refused.value.field == "groups"


def test_groups_in_shares_are_the_same_groups():
    shares = {
        **{f"groups.{name}.included": False for name in OTHERS},
        "groups.base_adults.share": 0.6,
        "groups.expansion_adults.share": 0.4,
        "state.enrollment": 1_000_000,
        "assumptions.coverage.enrollment_trend": 0.0,
    }
    in_shares, in_people = run(shares).result.value, run(ONE_MILLION).result.value
    assert in_shares == pytest.approx(in_people, rel=EXACT)


def test_children_are_covered_already_and_add_nobody():
    found = run({})
    groups = found.inputs.groups
    eligible = dict(zip(groups.names, groups.eligible_share[0], strict=True))
    assert eligible["children"] == eligible["medicaid_chip"] == eligible["separate_chip"] == 0
    assert eligible["base_adults"] == pytest.approx(0.354 * 1.17 * 0.26)


def test_the_event_study_here_is_the_one_in_the_assumptions():
    register = load_scenario("state_not_covering").register()
    for quarter, (rate, high) in enumerate(zip(EVENT_STUDY, HIGH_END, strict=True)):
        entry = register.entries[f"assumptions.coverage.fills_per_1000_q{quarter}"]
        ((_, dated),) = entry.values.items()
        assert (dated.value, dated.range.high, dated.status) == (rate, high, "observed")
