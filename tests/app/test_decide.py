"""The first page as a person meets it: every example, every terms package, every wrong input."""

import re

import pytest

from calculator import decide, load_scenario
from calculator.assumptions import load_tree
from calculator.report.causes import plan_causes
from calculator.report.figures_waterfall import waterfall, waterfall_title
from calculator.report.marks import days_of, marks
from calculator.report.turns import plan_turns
from calculator.report.verdict import opening, verdict
from calculator.ui.form import offered
from calculator.ui.widgets import plain


@pytest.mark.parametrize("name", offered("part_d"))
def test_every_example_opens_from_its_address_with_the_engines_own_words(opened, name):
    page = opened("decide", {"scenario": name})
    decision = decide(load_scenario(name))
    assert page.calm
    assert page.said == plain(opening(decision))
    said = verdict(decision)
    assert any(plain(said.reading) in text for text in page.texts)
    for turn in plan_turns(decision, said.breakevens, marks(decision, days_of(decision))):
        assert any(plain(turn.name) in text and plain(turn.answer) in text for text in page.texts)
    assert len(page.at.metric) == 4
    assert len(page.at.table) >= 4
    assert any(decision.fingerprint in text for text in page.texts)
    assert page.at.button(key="reset").disabled


def causes(page):
    """The table beside the waterfall, without marks: cause -> its three amounts."""
    frame = page.at.table[0].value
    return {name.partition(" :")[0]: list(row) for name, *row in frame.itertuples(index=False)}


@pytest.mark.parametrize("name", ["pdp_regional", "egwp"])
def test_the_waterfall_says_what_its_table_says_in_all_years_and_in_one(opened, name):
    page = opened("decide", {"scenario": name})
    decision = decide(load_scenario(name))
    found = plan_causes(decision)
    known = marks(decision, days_of(decision))
    for picked, period in (("All years", None), ("2030", "2030")):
        page.at.segmented_control(key="decide.year").select(picked).run()
        wanted = waterfall(found, known, "December 2031", period)
        shown = causes(page)
        assert page.calm
        assert waterfall_title(wanted) in page.sections
        for row in found.rows(known, period):
            amounts = shown[row.kind.label]
            assert amounts == pytest.approx([row.stay_out, row.join, row.change])
        result = shown["Plan's result"]
        assert result == pytest.approx([wanted.stay_out, wanted.join, wanted.value])
        parts = [row for label, row in shown.items() if label != "Plan's result"]
        assert sum(row[2] for row in parts) == pytest.approx(result[2])


def badges(text):
    return re.findall(r"-badge\[([^\]]+)\]", text)


def marks_of(page):
    """What is marked where: on cards, causes, years and turns."""
    lines = page.at.table[0].value.iloc[:, 0].tolist()
    years = page.at.table[1].value.iloc[:, 0].tolist()
    return {
        **{line.partition(" :")[0]: badges(line) for line in (*lines, *years)},
        "cards": {
            mark
            for one in page.at.markdown
            if one.value.startswith(":") and one.value.endswith("]")
            for mark in badges(one.value)
        },
    }


def test_what_is_not_known_is_marked_at_the_number(opened):
    found = marks_of(opened())
    assert found["Obesity capitation"] == ["not published"]
    assert found["Extra reinsurance"] == ["not published"]
    assert found["2028"] == found["2031"] == ["projected"]
    assert found["Total"] == []
    assert {"not published", "projected"} <= found["cards"]


def test_a_year_of_published_benefit_parameters_carries_no_mark(opened):
    found = marks_of(opened("decide", {"horizon.start": "2027"}))
    assert found["2027"] == []
    assert found["2028"] == ["projected"]


def test_a_users_own_number_is_marked_changed_and_no_longer_not_published(opened):
    found = marks_of(opened("decide", {"terms.obesity_capitation.amount": "40"}))
    assert found["Obesity capitation"] == ["changed"]
    assert found["Extra reinsurance"] == ["not published"]
    assert "changed" in found["cards"]


def test_an_examples_numbers_are_marked_illustrative(opened):
    found = marks_of(opened("decide", {"terms.package": "illustrative_all"}))
    assert found["Obesity capitation"] == found["Extra reinsurance"] == ["illustrative"]
    assert {"illustrative", "projected"} <= found["cards"]
    assert "not published" not in found["cards"]


@pytest.mark.parametrize("package", load_tree().terms)
def test_every_terms_package_can_be_chosen(opened, package):
    page = opened().choose("terms.package", package)
    wanted = decide(load_scenario("pdp_regional").with_settings({"terms.package": package}))
    assert page.calm
    assert page.said == plain(opening(wanted))
    assert any(load_tree().terms[package].label in text for text in page.texts)


def test_members_change_the_verdict_and_the_address_and_reset_brings_both_back(opened):
    page = opened()
    before = page.said
    page.change("plan.members", "55000")
    wanted = decide(load_scenario("pdp_regional").with_settings({"plan.members": 55_000}))
    assert page.calm
    assert page.said == plain(opening(wanted)) != before
    assert page.text("plan.members") == "55,000"
    assert "Changed from default: **1**" in page.texts
    assert page.at.query_params == {"scenario": "pdp_regional", "plan.members": "55000"}
    page.reset()
    assert page.said == before
    assert page.text("plan.members") == "40,000"
    assert "Changed from default: **0**" in page.texts


def test_an_address_opens_the_same_case(opened):
    page = opened("decide", {"scenario": "mapd", "plan.members": "70000", "terms.copay": "25"})
    wanted = load_scenario("mapd").with_settings({"plan.members": 70_000, "terms.copay": 25})
    assert page.calm
    assert page.said == plain(opening(decide(wanted)))
    assert "Changed from default: **2**" in page.texts


def test_an_address_may_set_what_has_no_field(opened):
    path = "assumptions.administration.fixed_cost"
    page = opened("decide", {path: "250000"})
    wanted = load_scenario("pdp_regional").with_settings({path: 250_000})
    assert page.calm
    assert page.said == plain(opening(decide(wanted)))


def test_another_example_starts_from_its_own_figures(opened):
    page = opened().change("plan.members", "55000")
    page.choose("scenario", "egwp")
    assert page.calm
    assert page.said == plain(opening(decide(load_scenario("egwp"))))
    assert "Changed from default: **0**" in page.texts


def test_a_terms_package_keeps_the_plan_and_lays_its_own_levers(opened):
    page = opened().change("plan.members", "55000")
    page.change("terms.copay", "25")
    page.choose("terms.package", "illustrative_all")
    assert page.text("plan.members") == "55,000"
    assert page.text("terms.copay") == "50"


WRONG = [
    ("plan.members", "0", "plan.members: allowed is a number from 1 to 100,000,000 people"),
    ("plan.members", "many", "given was many"),
    ("plan.lis_share", "-0.2", "plan.lis_share: allowed is a number from 0 to 1"),
    ("plan.risk_score", "nan", "plan.risk_score: allowed is"),
    ("plan.risk_score", "", "given was nothing"),
    ("terms.copay", "9999", "terms.copay: allowed is a number from 0 to 500 USD per fill"),
    ("therapy.mix.wegovy", "0.9", "therapy.mix: allowed is shares that sum to 1"),
    ("therapy.mix.wegovy", "1.9", "given was 1.9"),
    ("therapy.persistence_points.12", "0", "therapy.persistence_points: allowed is"),
    ("horizon.start", "2035", "horizon.start: allowed is 1 January of a year up to 2031"),
    ("horizon.start", "2026", "assumptions.uptake.initiation on 2026-01-01: allowed is"),
    ("horizon.end", "20310", "horizon.end: allowed is a plan year"),
    ("terms.guaranteed_net_price", "<b>1</b>", "terms.guaranteed_net_price: allowed is"),
]


@pytest.mark.parametrize(("path", "text", "sentence"), WRONG)
def test_a_wrong_input_is_answered_beside_its_field_and_keeps_the_last_good_result(
    opened, path, text, sentence
):
    page = opened().change("plan.spend_ratio", "1.2")
    before = page.said
    page.change(path, text)
    assert sentence in page.complaint
    assert page.said == before
    assert "This result belongs to the last valid inputs." in page.aside
    assert page.complaint in page.aside
    assert page.text("plan.spend_ratio") == "1.2"
    page.reset()
    assert page.calm


@pytest.mark.parametrize(
    "address",
    [
        {"scenario": "/etc/hostname"},
        {"scenario": "no_such"},
        {"plan.membrs": "5"},
        {"terms.package": "no_such"},
        {"therapy.curve": "no_such"},
        {"plan.members": "1e999"},
        {"horizon.start": "2028-02-30"},
    ],
    ids=str,
)
def test_a_broken_address_says_what_is_wrong_and_shows_the_example(opened, address):
    page = opened("decide", address)
    assert "allowed is" in page.complaint
    assert "the example as shipped" in page.aside
    assert page.said == plain(opening(decide(load_scenario("pdp_regional"))))


def test_fields_understand_how_people_write_numbers(opened):
    page = opened().change("plan.lis_share", "12.5%")
    page.change("terms.copay", "$35")
    page.change("plan.bid", "290")
    page.change("plan.bid", "")
    assert page.calm
    assert page.text("plan.lis_share") == "0.125"
    assert page.text("terms.copay") == "35"
    assert page.text("plan.bid") == "none"


def test_own_persistence_and_a_yes_or_no_reach_the_engine(opened):
    page = opened().change("therapy.persistence_points.12", "0.7")
    page.answer("terms.net_includes_discount", "no")
    wanted = load_scenario("pdp_regional").with_settings(
        {"therapy.persistence_points": {12: 0.7}, "terms.net_includes_discount": False}
    )
    assert page.calm
    assert page.said == plain(opening(decide(wanted)))


def test_nobody_treated_is_a_page_too(opened):
    page = opened(
        "decide",
        {
            "assumptions.uptake.initiation": "0",
            "assumptions.uptake.bridge_initiation": "0",
            "terms.existing_users": "none",
        },
    )
    assert page.calm
    assert any("goes to administration and margin" in title for title in page.sections)
    assert "moves nothing here" in " ".join(page.texts)


def test_a_plan_that_joins_for_nothing_is_a_page_too(opened):
    page = opened(
        "decide",
        {
            "assumptions.uptake.initiation": "0",
            "assumptions.uptake.bridge_initiation": "0",
            "assumptions.administration.fixed_cost": "0",
            "terms.existing_users": "none",
        },
    )
    assert page.calm
    assert "changes nothing for this plan" in page.said
    assert "Where each of these alone would turn it:" in page.texts
    assert "Cause by cause, joining changes nothing for this plan." in page.sections


def test_a_bug_of_ours_is_one_calm_sentence(opened, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("calculator.ui.decide_plan._both_ways", broken)
    page = opened()
    assert "could not be drawn" in page.complaint
    assert "secret" not in page.complaint


def test_what_those_who_come_for_the_drug_would_do_stands_below_the_verdict(opened):
    page = opened()
    below = next(text for text in page.texts if "who come in order to use the drug" in text)
    assert "of the eligible outside a year, as assumed, it is " in below
    page.answer("selection.include", "yes")
    assert not any("That leaves out members who come" in text for text in page.texts)
