"""The first page as a person meets it: every example, every terms package, every wrong input."""

import pytest

from calculator import decide, load_scenario
from calculator.assumptions import load_tree
from calculator.report.verdict import opening, verdict
from calculator.ui.form import offered
from calculator.ui.widgets import plain


@pytest.mark.parametrize("name", offered("part_d"))
def test_every_example_opens_from_its_address_with_the_engines_own_words(opened, name):
    page = opened("decide", {"scenario": name})
    decision = decide(load_scenario(name))
    assert page.calm
    assert page.said == plain(opening(decision))
    turn = verdict(decision).sentence.removeprefix(opening(decision)).strip()
    assert plain(turn) in page.texts
    assert len(page.at.metric) == 4
    assert len(page.at.table) >= 4
    assert any(decision.fingerprint in text for text in page.texts)
    assert page.at.button(key="reset").disabled


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
    assert "No model drug is filled under these inputs." in page.sections


def test_a_bug_of_ours_is_one_calm_sentence(opened, monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("calculator.ui.decide_plan._both_ways", broken)
    page = opened()
    assert "could not be drawn" in page.complaint
    assert "secret" not in page.complaint
