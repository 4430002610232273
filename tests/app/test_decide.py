"""The first page as a person meets it: every example, every terms package, every wrong input."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from calculator import decide, load_scenario
from calculator.assumptions import load_tree
from calculator.report.verdict import opening, verdict
from calculator.ui.form import offered
from calculator.ui.widgets import plain

APP = Path(__file__).resolve().parents[2] / "app.py"
PATIENCE = 60  # seconds; a busy machine is no failure


def opened(**address: str) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
    for key, text in address.items():
        at.query_params[key.replace("__", ".")] = text
    return at.run()


def said(at: AppTest) -> str:
    """The verdict, as far as its first sentence."""
    return at.subheader[0].value


def texts(at: AppTest) -> list[str]:
    return [*(one.value for one in at.markdown), *(one.value for one in at.caption)]


def calm(at: AppTest) -> bool:
    return not at.exception and not at.error and not at.warning


def change(at: AppTest, path: str, text: str) -> AppTest:
    at.text_input(key=path).set_value(text)
    return at.run()


@pytest.mark.parametrize("name", offered())
def test_every_example_opens_from_its_address_with_the_engines_own_words(name):
    at = opened(scenario=name)
    decision = decide(load_scenario(name))
    assert calm(at)
    assert said(at) == plain(opening(decision))
    turn = verdict(decision).sentence.removeprefix(opening(decision)).strip()
    assert plain(turn) in texts(at)
    assert len(at.metric) == 4
    assert len(at.table) >= 4
    assert any(decision.fingerprint in text for text in texts(at))
    assert at.button(key="reset").disabled


@pytest.mark.parametrize("package", load_tree().terms)
def test_every_terms_package_can_be_chosen(package):
    at = opened()
    at.selectbox(key="terms.package").select(package).run()
    wanted = decide(load_scenario("pdp_regional").with_settings({"terms.package": package}))
    assert calm(at)
    assert said(at) == plain(opening(wanted))
    assert any(load_tree().terms[package].label in text for text in texts(at))


def test_members_change_the_verdict_and_the_address_and_reset_brings_both_back():
    at = opened()
    before = said(at)
    change(at, "plan.members", "55000")
    wanted = decide(load_scenario("pdp_regional").with_settings({"plan.members": 55_000}))
    assert calm(at)
    assert said(at) == plain(opening(wanted)) != before
    assert at.text_input(key="plan.members").value == "55,000"
    assert "Changed from default: **1**" in texts(at)
    assert at.query_params == {"scenario": "pdp_regional", "plan.members": "55000"}
    at.button(key="reset").click().run()
    assert said(at) == before
    assert at.text_input(key="plan.members").value == "40,000"
    assert "Changed from default: **0**" in texts(at)


def test_an_address_opens_the_same_case():
    at = opened(scenario="mapd", plan__members="70000", terms__copay="25")
    wanted = load_scenario("mapd").with_settings({"plan.members": 70_000, "terms.copay": 25})
    assert calm(at)
    assert said(at) == plain(opening(decide(wanted)))
    assert "Changed from default: **2**" in texts(at)


def test_an_address_may_set_what_has_no_field():
    path = "assumptions.administration.fixed_cost"
    at = opened(**{path: "250000"})
    wanted = load_scenario("pdp_regional").with_settings({path: 250_000})
    assert calm(at)
    assert said(at) == plain(opening(decide(wanted)))


def test_another_example_starts_from_its_own_figures():
    at = change(opened(), "plan.members", "55000")
    at.selectbox(key="scenario").select("egwp").run()
    assert calm(at)
    assert said(at) == plain(opening(decide(load_scenario("egwp"))))
    assert "Changed from default: **0**" in texts(at)


def test_a_terms_package_keeps_the_plan_and_lays_its_own_levers():
    at = change(opened(), "plan.members", "55000")
    change(at, "terms.copay", "25")
    at.selectbox(key="terms.package").select("illustrative_all").run()
    assert at.text_input(key="plan.members").value == "55,000"
    assert at.text_input(key="terms.copay").value == "50"


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
    path, text, sentence
):
    at = change(opened(), "plan.spend_ratio", "1.2")
    before = said(at)
    change(at, path, text)
    assert not at.exception
    assert len(at.error) == 1
    shown = at.error[0].value.replace("\\", "")
    assert sentence in shown
    assert said(at) == before
    assert "This result belongs to the last valid inputs." in at.warning[0].value
    assert shown in at.warning[0].value.replace("\\", "")
    assert at.text_input(key="plan.spend_ratio").value == "1.2"
    at.button(key="reset").click().run()
    assert calm(at)


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
def test_a_broken_address_says_what_is_wrong_and_shows_the_example(address):
    at = opened(**address)
    assert not at.exception
    assert len(at.error) == 1
    assert "allowed is" in at.error[0].value
    assert "the example as shipped" in at.warning[0].value
    assert said(at) == plain(opening(decide(load_scenario("pdp_regional"))))


def test_fields_understand_how_people_write_numbers():
    at = change(opened(), "plan.lis_share", "12.5%")
    change(at, "terms.copay", "$35")
    change(at, "plan.bid", "290")
    change(at, "plan.bid", "")
    assert calm(at)
    assert at.text_input(key="plan.lis_share").value == "0.125"
    assert at.text_input(key="terms.copay").value == "35"
    assert at.text_input(key="plan.bid").value == "none"


def test_own_persistence_and_a_yes_or_no_reach_the_engine():
    at = change(opened(), "therapy.persistence_points.12", "0.7")
    at.radio(key="terms.net_includes_discount").set_value("no").run()
    wanted = load_scenario("pdp_regional").with_settings(
        {"therapy.persistence_points": {12: 0.7}, "terms.net_includes_discount": False}
    )
    assert calm(at)
    assert said(at) == plain(opening(decide(wanted)))


def test_nobody_treated_is_a_page_too():
    at = opened(
        **{
            "assumptions.uptake.initiation": "0",
            "assumptions.uptake.bridge_initiation": "0",
            "terms.existing_users": "none",
        }
    )
    assert calm(at)
    assert "#### No model drug is filled under these inputs." in texts(at)


def test_a_bug_of_ours_is_one_calm_sentence(monkeypatch):
    def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("calculator.ui.decide._outcomes", broken)
    at = opened()
    assert not at.exception
    assert len(at.error) == 1
    assert "could not be drawn" in at.error[0].value
    assert "secret" not in at.error[0].value
