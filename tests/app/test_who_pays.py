"""Who pays each dollar as a person meets it: every example, switch, field and wrong input."""

from dataclasses import replace

import numpy as np
import pytest

from calculator import decide, load_scenario
from calculator.assumptions import load_tree
from calculator.report import fill, payers, payers_state
from calculator.report import member as members
from calculator.report.added import added_cost, added_sentence
from calculator.report.table import signed
from calculator.report.words import dollars
from calculator.ui.form import offered
from calculator.ui.widgets import plain

SPEND, MONTHS = "who_pays:member.spend", "who_pays:member.months"


@pytest.fixture
def page(opened):
    return opened("who_pays", {"scenario": "pdp_regional"})


@pytest.fixture
def state_page(opened):
    return opened("who_pays", {"scenario": "state_covering"})


def typed(page, key, text):
    page.at.text_input(key=key).set_value(text).run()
    return page


def chosen(page, key, word):
    page.at.selectbox(key=f"who_pays:{key}").select(word).run()
    return page


def switched(page, key, word):
    page.at.segmented_control(key=f"who_pays.{key}").set_value(word).run()
    return page


def case(**changed):
    known = {
        "spend": 7_900.0, "kind": "typical", "first": 0, "months": 12, "help": "none",
        "product": "wegovy", "year": 2028, "branch": "join",
    }  # fmt: skip
    return members.Case(**{**known, **changed})


def walked(**changed):
    decision = decide(load_scenario("pdp_regional"))
    copays = members.statutory_copays(decision.scenario)
    return members.member_year(decision, copays, case(**changed))


def answers(found):
    """The title: who pays the added dollar, or what is added where cents say little."""
    sentence, cost = added_sentence(found), added_cost(found)
    return plain(cost if sentence.startswith(cost) else sentence)


# ----------------------------------------------------------------------------------- every start


@pytest.mark.parametrize("name", offered("part_d"))
def test_every_plan_opens_with_who_pays_the_added_dollar(opened, name):
    page = opened("who_pays", {"scenario": name})
    decision = decide(load_scenario(name))
    assert page.calm
    assert page.said == answers(payers.added(decision))
    assert len(page.at.metric) == 4
    assert len(page.at.table) == 5
    assert len(page.sections) == 4
    assert any(decision.fingerprint in text for text in page.texts)


@pytest.mark.parametrize("name", offered("medicaid"))
def test_every_state_opens_with_who_pays_the_added_dollar(opened, name):
    page = opened("who_pays", {"scenario": name})
    decision = decide(load_scenario(name))
    assert page.calm
    assert page.said == answers(payers_state.added(decision))
    assert len(page.at.metric) == 4
    assert len(page.at.table) == 4


@pytest.mark.parametrize("package", load_tree().terms)
def test_every_terms_package_can_be_chosen(page, package):
    page.choose("terms.package", package)
    wanted = load_scenario("pdp_regional").with_settings({"terms.package": package})
    assert page.calm
    assert page.said == answers(payers.added(decide(wanted)))


def test_the_program_changes_the_page(page):
    page.at.segmented_control(key="program").set_value("medicaid").run()
    assert page.calm
    assert any("A fill of" in title for title in page.sections)


def test_a_wrong_input_keeps_the_last_good_result(page):
    page.change("plan.members", "50000")
    before = page.said
    page.change("plan.members", "-1")
    assert "plan.members: allowed is" in page.complaint
    assert page.said == before
    assert "last valid inputs" in page.aside


def test_a_state_whose_number_is_missing_asks_for_it(opened):
    page = opened("who_pays", {"scenario": "state_not_covering", "state.abbr": "NC"})
    assert not page.at.exception
    assert not page.at.metric


def test_what_is_not_published_is_marked_at_its_payer(page):
    rows = page.at.table[0].value
    incentives = [text for text in rows["Payer"] if text.startswith("Incentives")]
    assert incentives == ["Incentives :orange-badge[not published]"]
    assert any("projected" in text for text in page.texts)


# -------------------------------------------------------------------------------------- switches


@pytest.mark.parametrize("scope", payers.SCOPES)
@pytest.mark.parametrize("year", ["All years", "2030"])
def test_bars_flow_and_tables_follow_the_scope_branch_and_year(page, scope, year):
    decision = decide(load_scenario("pdp_regional"))
    switched(page, "scope", payers.SCOPES[scope])
    switched(page, "flow.year", year)
    for word, branch in (("Stay out", "stay_out"), ("Join", "join")):
        switched(page, "flow.branch", word)
        number = None if year == "All years" else int(year)
        assert page.calm
        assert payers.flow_title(decision, scope, branch, number) in page.sections
    total = payers.plan_flow(decision, scope, "join", number).total
    last = page.at.table[1].value.iloc[-1]
    assert list(last.iloc[1:]) == pytest.approx([total, total], rel=1e-9)


def test_the_table_of_one_year_is_that_years(page):
    switched(page, "table", "2031")
    assert page.calm
    decision = decide(load_scenario("pdp_regional"))
    months = decision.evaluation.result.member_months[0, -1]
    wanted = payers.settled(decision, "model", "join").total[-1] / months
    assert page.at.table[0].value.iloc[-1]["join"] == pytest.approx(wanted)


@pytest.mark.parametrize("scope", payers_state.SCOPES)
def test_a_states_bars_and_flow_follow_the_scope(state_page, scope):
    decision = decide(load_scenario("state_covering"))
    switched(state_page, "state_scope", payers_state.SCOPES[scope])
    switched(state_page, "state_flow.year", "2030")
    switched(state_page, "state_flow.branch", "Stay out")
    switched(state_page, "state_table", "2031")
    found = payers_state.both(decision, scope)["stay_out"]
    flow = payers_state.state_flow(decision, found, "2030")
    assert state_page.calm
    assert payers_state.flow_title(decision, flow, "2030") in state_page.sections


# -------------------------------------------------------------------------------------- a member


def test_the_explorer_starts_from_the_plans_own_user(page):
    assert page.at.text_input(key=SPEND).value == "7,900"
    assert members.sentence(walked()) in page.sections


@pytest.mark.parametrize(
    ("key", "word", "changed"),
    [
        ("member.help", "low", {"help": "low"}),
        ("member.help", "other", {"help": "other"}),
        ("member.product", "zepbound", {"product": "zepbound"}),
        ("member.kind", "selected", {"kind": "selected"}),
        ("member.year", "2031", {"year": 2031}),
        ("member.branch", "stay_out", {"branch": "stay_out"}),
        ("member.first", "October", {"first": 9, "months": 3}),
    ],
)
def test_each_choice_walks_another_member(page, key, word, changed):
    chosen(page, key, word)
    assert page.calm
    assert members.sentence(walked(**changed)) in page.sections


@pytest.mark.parametrize(
    ("key", "text", "changed"),
    [
        (SPEND, "1,200", {"spend": 1_200.0}),
        (SPEND, "$60000", {"spend": 60_000.0}),
        (SPEND, "0", {"spend": 0.0}),
        (MONTHS, "3", {"months": 3}),
        (MONTHS, "0", {"months": 0}),
    ],
)
def test_each_number_walks_another_member(page, key, text, changed):
    typed(page, key, text)
    assert page.calm
    assert members.sentence(walked(**changed)) in page.sections


@pytest.mark.parametrize("text", ["-5", "many", "", "1e12", "nan", "2000000", "=1+1", "9" * 400])
def test_wrong_spending_says_so_and_keeps_the_last_good_member(page, text):
    typed(page, SPEND, "5,000")
    typed(page, SPEND, text)
    assert "Other drugs: allowed is a number from 0 to 1,000,000 USD a year" in page.complaint
    assert members.sentence(walked(spend=5_000.0)) in page.sections


@pytest.mark.parametrize("text", ["13", "-1", "2.5", "", "six", "1e9"])
def test_wrong_months_say_so_and_keep_the_last_good_ones(page, text):
    typed(page, MONTHS, "4")
    typed(page, MONTHS, text)
    assert "Months on therapy: allowed" in page.complaint
    assert members.sentence(walked(months=4)) in page.sections


def test_months_end_with_the_year(page):
    typed(page, MONTHS, "6")
    chosen(page, "member.first", "October")
    assert "a whole number of months from 0 to 3, to December" in page.complaint
    assert members.sentence(walked(first=9, months=3)) in page.sections


def test_a_typed_member_stays_and_an_untouched_one_follows_the_plan(page):
    page.choose("scenario", "mapd")
    untouched = page.at.text_input(key=SPEND).value
    assert untouched != "7,900"
    typed(page, SPEND, "12,345")
    page.choose("scenario", "dsnp")
    assert page.calm
    assert page.at.text_input(key=SPEND).value == "12,345"


def test_a_year_or_product_that_is_no_longer_offered_gives_way(page):
    chosen(page, "member.year", "2031")
    chosen(page, "member.product", "foundayo")
    page.change("therapy.mix.foundayo", "0")
    assert not page.at.exception


def test_wrong_fields_do_not_hide_the_rest_of_the_page(page):
    typed(page, SPEND, "many")
    assert len(page.at.metric) == 4
    assert len(page.at.table) == 5


# ---------------------------------------------------------------------------------------- a fill


@pytest.mark.parametrize("use", fill.USES)
def test_a_fill_of_each_use_product_group_and_year(state_page, use):
    decision = decide(load_scenario("state_covering"))
    chosen(state_page, "fill.use", use)
    for product in fill.products(decision, use):
        chosen(state_page, f"fill.product.{use}", product)
        for group in ("children", "expansion_adults"):
            chosen(state_page, "fill.group", group)
            chosen(state_page, "fill.year", "2029")
            one = fill.Chosen(use, product, group, fill.last_month(decision, "2029"))
            both = {branch: fill.one_fill(decision, one, branch) for branch in payers.BRANCHES}
            assert state_page.calm
            assert fill.title(decision, one, both) in state_page.sections


def test_a_fill_that_nobody_covers_says_so(opened):
    page = opened("who_pays", {"scenario": "state_not_covering"})
    assert page.calm
    assert any("staying out it is not covered" in title for title in page.sections)
    assert set(page.at.table[2].value["stay out"]) == {fill.NOT_COVERED}


def test_confidential_prices_are_marked(state_page):
    labels = list(state_page.at.table[2].value["USD a fill"])
    assert "Statutory rebate :yellow-badge[assumed]" in labels


# ------------------------------------------------------------------ what is said of one plan's own


@pytest.mark.parametrize("name", ["pdp_regional", "mapd", "egwp"])
@pytest.mark.parametrize("movers", [True, False])
def test_the_added_cost_is_reconciled_with_what_decide_says(name, movers):
    moving = {"selection.include": movers, "plan.part_c_coding": 100.0 if name == "mapd" else 0.0}
    decision = decide(load_scenario(name).with_settings(moving))
    said = payers.to_value(decision)
    names = payers.party_names(decision, "plan")
    own = -payers.added(decision).parties[names[payers.PLAN]]
    if abs(decision.value.total - own) < 0.01:
        assert said == ""
    else:
        assert signed(decision.value.total) in said
        assert f"its {signed(own)} here" in said


def test_the_page_says_how_its_cost_becomes_the_value_and_each_sentence_once(page):
    more = next(text for text in page.texts if "on Decide" in text)
    assert "the margin of members who leave or come" in more
    said = [*page.texts, *page.sections]
    assert sum("Of each model-drug dollar" in text for text in said) == 1


def test_a_flow_says_what_its_title_nets(opened):
    decision = decide(load_scenario("pdp_regional"))
    flow = payers.plan_flow(decision, "model", "join")
    note = payers.flow_note(flow, "model", "join")
    own = [one.label for one in payers.EVERY.values() if one.party == payers.MEDICARE]
    medicare = [line.after for line in flow.lines if line.label in own]
    assert min(medicare) < 0.0 < max(medicare)
    assert f"is {dollars(sum(medicare))}." in note
    assert "The title nets Medicare" in note
    whole = payers.flow_note(payers.plan_flow(decision, "plan", "join"), "plan", "join")
    assert "Part C coding, which is how" in whole


def test_a_threshold_met_at_the_end_of_a_month_is_met_in_it():
    found = walked()
    at_end = replace(found, threshold_met=5.0)
    assert "in May 2028" in members.sentence(at_end)
    assert "the threshold in May" in members.alt(at_end)
    last = np.append(found.out_of_pocket[:-1], found.threshold)
    december = replace(found, threshold_met=12.0, out_of_pocket=last)
    assert "in December 2028" in members.sentence(december)


def test_the_rebate_of_own_coverage_comes_after_the_counter_as_when_joining():
    decision = decide(load_scenario("egwp"))
    year = members.member_year(decision, {}, case(branch="stay_out", product="zepbound"))
    assert "dir" not in year.payers
    assert year.rebates > 0.0
    assert f"a rebate of {dollars(year.rebates)}" in members.note(year)


@pytest.mark.parametrize("scope", payers.SCOPES)
def test_the_table_is_the_settled_dollars_a_member_month(scope):
    decision = decide(load_scenario("pdp_regional"))
    rows = {payer: (out, into) for payer, out, into in payers.by_payer(decision, scope, 2029)}
    months = float(decision.evaluation.result.member_months[0, 1])
    wanted = payers.settled(decision, scope, "join").total[1] / months
    assert rows[""][1] == pytest.approx(wanted)
    assert sum(into for payer, (_, into) in rows.items() if payer) == pytest.approx(wanted)
