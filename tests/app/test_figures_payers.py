"""Who pays each dollar, without a browser: sums that must foot, words, and pictures."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calculator import decide, load_scenario
from calculator.assumptions import load_tree
from calculator.model import ledger
from calculator.report import (
    figures,
    figures_flow,
    figures_medicaid,
    figures_part_d,
    fill,
    payers,
    payers_state,
)
from calculator.report import member as members
from calculator.report.added import Added, added_cost, added_sentence, whole_cents
from calculator.report.figures_member import member_figure
from calculator.report.flow import Flow, flow_alt
from calculator.report.member import Case
from calculator.ui.form import offered

PACKAGES = list(load_tree().terms)
USD = 1e-3
PLANS = [
    *((name, {"terms.package": package}) for name in offered("part_d") for package in PACKAGES),
    ("pdp_regional", {"horizon.start": "2027-01-01"}),
    ("pdp_regional", {"terms.mechanism": "point_of_sale"}),
    ("pdp_regional", {"terms.obesity_capitation.amount": 2000}),
    ("pdp_regional", {"selection.include": True}),
    ("mapd", {"plan.bid": 60, "terms.existing_users": "broad"}),
]
STATES = [
    *((name, {"terms.package": package}) for name in offered("medicaid") for package in PACKAGES),
    ("state_not_covering", {"assumptions.coverage.capitation_load": 0}),
    ("state_covering", {"assumptions.rebates.copay": 4}),
    ("state_not_covering", {"assumptions.coverage.priced_fills_share": 0.2}),
]


def named(case):
    return " ".join([case[0], *map(str, case[1].values())])


@pytest.fixture(scope="module", params=PLANS, ids=named)
def plan(request):
    name, settings_ = request.param
    return decide(load_scenario(name).with_settings(settings_))


@pytest.fixture(scope="module", params=STATES, ids=named)
def state(request):
    name, settings_ = request.param
    return decide(load_scenario(name).with_settings(settings_))


@pytest.fixture(scope="module")
def regional():
    return decide(load_scenario("pdp_regional"))


# ------------------------------------------------------------------------------------- footing


def foots(flow: Flow) -> None:
    """What enters a block leaves it, bands have a width, and both columns sum to what is bought."""
    assert all(link.usd > 0.0 for link in flow.links)
    last = max((node.column for node in flow.nodes), default=0)
    tolerance = USD + 1e-9 * flow.total
    for node in flow.nodes:
        if 0 < node.column < last:
            assert flow.into(node.key) == pytest.approx(flow.out_of(node.key), abs=tolerance)
    ends = [sum(flow.size(n.key) for n in flow.nodes if n.column == at) for at in (0, last)]
    if flow.links:
        assert ends[0] == pytest.approx(ends[1], abs=tolerance)
    turned = sum(flow.out_of(node.key) for node in flow.turned)
    if flow.links:
        assert ends[0] - turned == pytest.approx(flow.total, abs=tolerance)
    assert sum(line.after for line in flow.lines) == pytest.approx(flow.total, abs=tolerance)


@pytest.mark.parametrize("branch", payers.BRANCHES)
@pytest.mark.parametrize("scope", payers.SCOPES)
def test_a_plans_flow_foots_to_the_ledger_in_every_year(plan, scope, branch):
    rows = plan.ledger()
    rows = rows[(rows.branch == branch) & rows.line.isin(payers.DRUGS[scope])]
    for year in (*plan.years, None):
        flow = payers.plan_flow(plan, scope, branch, year)
        foots(flow)
        gross = rows.amount.sum() if year is None else rows[rows.period == str(year)].amount.sum()
        bought = sum(flow.size(n.key) for n in flow.nodes if n.key in ledger.DRUG_LINES)
        assert bought == pytest.approx(gross, rel=1e-9, abs=0.1)


@pytest.mark.parametrize("branch", payers.BRANCHES)
def test_the_whole_plans_own_part_is_its_result(plan, branch):
    found = payers.settled(plan, "plan", branch)
    rows = plan.ledgers()[branch]
    apart = ("offsets", "part_c_coding", "selection")
    rows = {key: usd for key, usd in rows.items() if key[0] not in apart}
    own = np.broadcast_to(found.after.get("plan", np.zeros(1)), found.total.shape)
    assert np.allclose(own, -ledger.plan_result(rows)[0], atol=USD + 1e-9 * found.total.max())


def test_what_joining_adds_is_paid_by_somebody(plan):
    found = payers.added(plan)
    assert sum(found.parties.values()) == pytest.approx(found.total, abs=1.0)
    sentence = added_sentence(found)
    assert sentence.endswith(".")
    if found.in_cents:
        assert sum(found.cents.values()) == 100
        assert sentence.startswith("Of each dollar that joining adds, ")
        for cents in found.cents.values():
            assert cents == 0 or str(abs(cents)) in sentence
    else:
        assert sentence.startswith(added_cost(found))


@pytest.mark.parametrize("branch", payers.BRANCHES)
@pytest.mark.parametrize("scope", payers_state.SCOPES)
def test_a_states_flow_foots_in_every_fiscal_year(state, scope, branch):
    found = payers_state.both(state, scope)[branch]
    both_sides = [sum(side.values(), np.zeros(1)) for side in (found.before, found.after)]
    for side in both_sides:
        assert np.allclose(side, found.total, atol=USD + 1e-9 * found.total.max())
    for period in (*state.periods, None):
        foots(payers_state.state_flow(state, found, period))


@pytest.mark.parametrize("branch", payers.BRANCHES)
def test_the_budgets_governments_pay_what_the_budget_says(state, branch):
    found = payers_state.both(state, "budget")[branch]
    years = state.budget[branch]
    offsets = {
        payer: ledger.total(state.ledgers()[branch], ["offsets"], [payer])
        for payer in ("state", "federal")
    }
    for payer, usd in offsets.items():
        wanted = (
            np.array(list(years[f"{payer}_net"].values()))
            - np.broadcast_to(usd, (1, len(found.total)))[0]
        )
        assert np.allclose(found.after[payer], wanted, atol=USD + 1e-9 * found.total.max())


def test_obesity_use_and_uses_today_add_up(state):
    every = payers_state.both(state, "drugs")
    new = payers_state.both(state, "model")
    for branch in payers.BRANCHES:
        line = every[branch].pharmacy["model_drugs"]
        alone = new[branch].pharmacy["model_drugs"]
        for payer, usd in line.items():
            assert np.allclose(usd, alone[payer], atol=USD)
        for payer, usd in every[branch].after.items():
            if payer != "member":
                assert abs(float(new[branch].after[payer].sum())) <= abs(float(usd.sum())) + 1.0


def test_what_joining_adds_to_a_state_is_paid_by_somebody(state):
    found = payers_state.added(state)
    assert sum(found.parties.values()) == pytest.approx(found.total, abs=1.0)
    assert added_sentence(found).endswith(".")
    if found.in_cents:
        assert sum(found.cents.values()) == 100


@pytest.mark.parametrize("branch", payers.BRANCHES)
def test_a_fill_foots_in_every_group_and_for_every_product(state, branch):
    groups = state.evaluation.inputs.groups.names
    for use in fill.USES:
        for product in fill.products(state, use):
            for group in groups:
                for month in (0, len(state.evaluation.months) - 1):
                    chosen = fill.Chosen(use, product, group, month)
                    one = fill.one_fill(state, chosen, branch)
                    if one is None:
                        assert use == fill.NEW
                        continue
                    paid = one.federal + one.state + one.plans + one.member
                    assert paid == pytest.approx(one.net, abs=1e-6)
                    assert one.gross > 0.0
                    assert one.statutory >= 0.0
                    assert one.supplemental >= 0.0


def test_fills_times_one_fill_is_the_ledger():
    decision = decide(load_scenario("state_not_covering"))
    inputs, run = decision.evaluation.inputs, decision.evaluation.result.join
    month = 20
    eligible = inputs.groups.enrollment * inputs.groups.eligible_share[:, None, :]
    spread = eligible[0, month] / eligible[0, month].sum()
    paid = 0.0
    for group, part in zip(inputs.groups.names, spread, strict=True):
        for place, product in enumerate(decision.scenario.therapy.mix):
            one = fill.one_fill(decision, fill.Chosen(fill.NEW, product, group, month), "join")
            paid += float(run.fills[0, month] * part * inputs.prices.share[0, place]) * one.gross
    lines = ledger.total(run.rows, ["model_drugs"])[0, month]
    assert paid == pytest.approx(float(lines), rel=1e-9)


# --------------------------------------------------------------------------------------- words


@given(st.lists(st.floats(-2.0, 2.0), max_size=6))
def test_whole_cents_sum_to_the_rounded_sum(parts):
    cents = whole_cents(parts)
    assert sum(cents) == round(100.0 * sum(parts))
    assert all(abs(one - 100.0 * part) <= 1.0 for one, part in zip(cents, parts, strict=True))


def test_the_sentence_says_dollars_where_cents_say_little():
    moved = Added(0.0, {"manufacturers": 5e6, "Medicare": -5e6}, "December 2031")
    assert added_sentence(moved) == (
        "Manufacturers pay $5.00M more and Medicare $5.00M less to December 2031 when joining; drug"
        " cost and administration stay as they are."
    )
    saved = Added(-3e6, {"manufacturers": -3e6}, "December 2031")
    assert added_sentence(saved).startswith("Joining saves $3.00M")
    assert added_sentence(Added(0.0, {"Medicare": 0.0}, "2031")) == "Joining changes nobody's cost."


def test_one_cent_is_one_and_several_are_several():
    found = Added(100.0, {"manufacturers": 99.0, "members": -1.0, "Medicare": 2.0}, "2031")
    assert added_sentence(found) == (
        "Of each dollar that joining adds, manufacturers pay 99 cents and Medicare 2; members are 1"
        " cent better off."
    )


def test_what_a_flow_cannot_draw_is_said(regional):
    flow = payers.plan_flow(regional, "model", "join")
    assert [node.label for node in flow.turned] == ["To Medicare"]
    note = payers.flow_note(flow, "model", "join")
    reinsurance = next(line for line in flow.lines if line.label == "Reinsurance")
    assert reinsurance.after < 0.0
    assert "Reinsurance is −$" in note
    assert "cannot be below zero" in note
    rich = load_scenario("pdp_regional").with_settings({"terms.obesity_capitation.amount": 2000})
    gains = payers.plan_flow(decide(rich), "model", "join")
    assert "Plan keeps" in [node.label for node in gains.turned]
    assert "is paid $" in payers.flow_note(gains, "model", "join")


def test_titles_of_flows_name_who_pays(plan):
    for scope in payers.SCOPES:
        for branch in payers.BRANCHES:
            title = payers.flow_title(plan, scope, branch, None)
            flow = payers.plan_flow(plan, scope, branch)
            assert title.startswith("Of $") == (flow.total > 1.0)
            assert flow_alt(flow, title).count(" to ") >= len(flow.links)


def test_titles_of_bars_name_the_scope(regional):
    said = {
        scope: figures_part_d.payers_title(figures_part_d.drug_payers(regional, scope))
        for scope in payers.SCOPES
    }
    assert said["model"].startswith("Of each model-drug dollar, the manufacturer pays ")
    assert said["drugs"].startswith("Of each drug dollar, ")
    assert said["plan"].startswith("Of each dollar for drugs and administration, Medicare pays ")


# ------------------------------------------------------------------------------------- pictures


@pytest.mark.parametrize("scope", payers.SCOPES)
def test_bars_end_at_what_payers_pay(plan, scope):
    found = figures_part_d.drug_payers(plan, scope)
    figure = figures_part_d.payers_figure(found, "light")
    months = found.months
    for branch, paid in (("stay_out", found.stay_out), ("join", found.join)):
        total = payers.settled(plan, scope, branch).total
        assert np.allclose(sum(paid.values(), np.zeros(1)) * months, total, atol=1e-3)
    low, high = figure.layout.yaxis.range
    for one in figure.data:
        assert low <= min(one.y)
        assert max(one.y) <= high


def drawn_flows(regional):
    yield payers.plan_flow(regional, "model", "join"), ["Bought", "At", "Settled"]
    yield payers.plan_flow(regional, "plan", "join", 2028), ["Bought", "At", "Settled"]
    covering = decide(load_scenario("state_covering"))
    found = payers_state.both(covering, "budget")["join"]
    yield payers_state.state_flow(covering, found), ["Bought", "Pharmacy", "Gross", "Net"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_flow_has_its_dollars_colours_and_labels_apart(regional, theme):
    for flow, heads in drawn_flows(regional):
        figure = figures_flow.flow_figure(flow, heads, theme)
        (sankey,) = figure.data
        assert sum(sankey.link.value) == pytest.approx(sum(link.usd for link in flow.links))
        assert set(sankey.node.color) <= set(figures.COLOURS[theme].values())
        inner = figure.layout.height - figures_flow.HEAD - figures_flow.FOOT
        assert all(0.0 <= y <= 1.0 for y in sankey.node.y)
        by_column: dict[float, list[tuple[float, int]]] = {}
        for note in figure.layout.annotations[: -len(heads)]:
            lines = note.text.count("<br>") + 1
            by_column.setdefault(note.x, []).append((note.y * inner, lines))
        for labels in by_column.values():
            places = sorted(place for place, _ in labels)
            gap = figures.LABEL_GAP if labels[0][1] == 1 else figures_flow.TWO_LINES
            assert all(np.diff(places) >= gap - 1e-6)
            assert places[0] >= 0.0
            assert places[-1] <= inner + figures_flow.HEAD


def test_blocks_of_a_column_do_not_touch(regional):
    for flow, heads in drawn_flows(regional):
        figure = figures_flow.flow_figure(flow, heads, "light")
        inner = figure.layout.height - figures_flow.HEAD - figures_flow.FOOT
        sankey = figure.data[0]
        columns = figures_flow._columns(flow)
        scale = min(
            (inner - (len(nodes) - 1) * figures_flow.PAD) / sum(flow.size(n.key) for n in nodes)
            for nodes in columns
        )
        places = dict(zip((n.key for n in flow.nodes), sankey.node.y, strict=True))
        for nodes in columns:
            ends = [
                (places[n.key] * inner - scale * flow.size(n.key) / 2, scale * flow.size(n.key))
                for n in nodes
            ]
            for (top, size), (following, _) in itertools.pairwise(ends):
                assert following >= top + size - 1.0


def test_nothing_bought_is_a_picture_too(regional):
    flow = payers.plan_flow(regional, "model", "stay_out")
    assert not flow.links
    assert not figures_flow.flow_figure(flow, ["a", "b", "c"], "light").data
    assert payers.flow_title(regional, "model", "stay_out", 2028).startswith("No model drug")


def test_a_states_bars_sum_to_what_fills_cost(state):
    for scope in payers_state.SCOPES:
        found = payers_state.both(state, scope)
        figure = figures_medicaid.paying_figure(found, state.periods, [12] * 6, "dark")
        most = max(float(one.total.max()) for one in found.values())
        unit = next((u for u, _ in figures_medicaid.SCALES if most >= 2 * u), 1.0)
        drawn = sum(float(np.sum(one.y)) for one in figure.data) * unit
        total = sum(float(one.total.sum()) for one in found.values())
        assert drawn == pytest.approx(total, rel=1e-6, abs=10.0)
        title = figures_medicaid.paying_title(found, "Georgia", "obesity use")
        assert title.endswith(".")
        assert "stay out $" in figures_medicaid.paying_alt(found, state.periods, title)


# ------------------------------------------------------------------------------------- a member


@pytest.fixture(scope="module")
def copays():
    return members.statutory_copays(load_scenario("pdp_regional"))


CASE = Case(6_000.0, "typical", 0, 12, "none", "wegovy", 2028, "join")


@settings(max_examples=40, deadline=None)
@given(
    spend=st.floats(0.0, 100_000.0),
    kind=st.sampled_from(list(members.KINDS)),
    first=st.integers(0, 11),
    help_=st.sampled_from(list(members.HELP)),
    branch=st.sampled_from(payers.BRANCHES),
    year=st.sampled_from([2028, 2031]),
)
def test_a_members_tables_foot(regional, copays, spend, kind, first, help_, branch, year):
    case = dataclasses.replace(
        CASE, spend=spend, kind=kind, first=first, months=12 - first, help=help_, branch=branch,
        year=year,
    )  # fmt: skip
    found = members.member_year(regional, copays, case)
    assert sum(map(found.total, found.payers)) == pytest.approx(found.gross, abs=0.1)
    head, rows = members.by_phase(found)
    assert all(len(row) == len(head) for row in rows)
    bought = 2 if found.fills else 1
    for column in range(1, len(head)):
        gross = sum(row[column] for row in rows[:bought])
        assert gross == pytest.approx(sum(row[column] for row in rows[bought:-1]), abs=0.1)
        assert gross == pytest.approx(rows[-1][column], abs=1e-6)
    head, rows = members.by_month(found)
    for column in range(1, len(head) - 1):
        assert sum(row[column] for row in rows[:-1]) == pytest.approx(rows[-1][column], abs=1e-6)
    figure = member_figure(found, "dark")
    assert sum(float(np.sum(one.y)) for one in figure.data) == pytest.approx(found.gross, abs=0.1)
    assert members.sentence(found) in members.alt(found)


def test_the_sentence_says_when_the_threshold_is_met_and_by_how_much_it_is_missed(regional, copays):
    rich = dataclasses.replace(CASE, spend=60_000.0)
    found = members.member_year(regional, copays, rich)
    assert "reaches the $2,450 threshold in February 2028: of $" in members.sentence(found)
    assert "the member pays $2,450." in members.sentence(found)
    poor = dataclasses.replace(CASE, spend=1_000.0, help="low")
    found = members.member_year(regional, copays, poor)
    assert "below the $2,450 threshold in 2028" in members.sentence(found)
    assert "and the low-income subsidy $" in members.sentence(found)


def test_help_lowers_what_the_member_pays_and_nobody_elses_part(regional, copays):
    paid = {}
    for help_ in members.HELP:
        case = dataclasses.replace(CASE, help=help_, kind="applicable")
        paid[help_] = members.member_year(regional, copays, case)
    assert paid["low"].total("member") < paid["other"].total("member")
    assert paid["other"].total("member") < paid["none"].total("member")
    for payer in ("plan", "manufacturer", "reinsurance"):
        assert paid["low"].total(payer) == pytest.approx(paid["none"].total(payer))


def test_staying_out_the_bridge_or_own_coverage_pays_outside_the_benefit(copays):
    early = decide(load_scenario("pdp_regional").with_settings({"horizon.start": "2027-01-01"}))
    case = dataclasses.replace(CASE, year=2027, branch="stay_out")
    own = members.statutory_copays(early.scenario)
    found = members.member_year(early, own, case)
    assert found.outside_name == "the Bridge"
    assert (found.member_model, found.total("bridge")) == pytest.approx((600.0, 12 * 195.0))
    assert "Outside Part D" in members.by_phase(found)[0]
    later = members.member_year(early, own, dataclasses.replace(case, year=2028))
    assert not later.outside
    assert "nothing covers the drug" in members.on_model(later, found)
    employer = decide(load_scenario("egwp"))
    own = members.statutory_copays(employer.scenario)
    case = dataclasses.replace(CASE, branch="stay_out", product="zepbound")
    found = members.member_year(employer, own, case)
    assert found.outside_name == "the plan's own coverage"
    assert found.member_model == pytest.approx(12 * 75.0)
    assert found.total("dir") == 0.0
    gross = 12 * float(employer.evaluation.inputs.products.gross[0, 0, 1])
    net = min(float(employer.evaluation.inputs.supplement.net_price[0]), gross / 12)
    assert found.gross - float(found.other.sum()) == pytest.approx(gross)
    assert found.rebates == pytest.approx(gross - 12 * net)
    assert found.rebates > 0.0
    assert "reinsurance" not in members.note(found)


def test_the_typical_mix_is_the_plans_own_between_its_strata(regional):
    inputs = regional.evaluation.inputs
    stratum = 30
    spend = float(inputs.spend[0, 0, 0, stratum])
    mix = members.class_mix(inputs, spend, 0)[0]
    assert np.allclose(mix, inputs.class_mix[0, 0, 0, stratum])
    assert mix.sum() == pytest.approx(1.0)
