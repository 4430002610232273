"""The frame of every page: whose decision it is, where inputs start, and the address of both."""

from __future__ import annotations

import base64
import json
import zlib

import pytest
from streamlit.testing.v1 import AppTest

from calculator import decide, load_scenario
from calculator.report.words import changed
from calculator.ui import packed as letters
from calculator.ui.packed import pack_data, packed, unpacked

GEORGIA, PLAN = "costs Georgia", "costs this plan"


def folded(data):
    """Letters of an address that `pack_data` refuses to make."""
    small = zlib.compress(json.dumps(data).encode())
    return base64.urlsafe_b64encode(small).decode().rstrip("=")


def fingerprint(page) -> str:
    return next(text for text in page.texts if "fingerprint" in text).split("fingerprint ")[1]


def switch(page, program: str):
    page.at.segmented_control(key="program").set_value(program)
    page.at.run()
    return page


def test_a_switch_of_the_program_and_back_keeps_what_was_typed(opened):
    page = opened().change("plan.members", "55000")
    of_plan = page.said
    switch(page, "medicaid")
    assert GEORGIA in page.said
    assert page.at.query_params["scenario"] == "state_not_covering"
    page.change("terms.guaranteed_net_price", "200")
    of_state = page.said
    switch(page, "part_d")
    assert page.said == of_plan
    assert page.text("plan.members") == "55,000"
    assert page.at.query_params["plan.members"] == "55000"
    assert switch(page, "medicaid").said == of_state
    assert page.calm


@pytest.mark.parametrize("name", ["pdp_regional", "state_covering"])
def test_a_link_of_either_program_opens_it(opened, name):
    page = opened("decide", {"scenario": name})
    assert fingerprint(page) == decide(load_scenario(name)).fingerprint
    assert page.calm


OWN = {
    "name": "ours",
    "label": "Ours (with brackets)",
    "plan.members": 12345,
    "assumptions.drugs.ozempic_net_price": 431.5,
    "terms.copay.2029_01_01": 35,
}


def test_a_scenario_of_a_file_opens_from_its_own_link_and_can_be_changed_from_there(opened):
    own = load_scenario("pdp_regional").with_settings(OWN)
    page = opened("decide", {"scenario": "file", "file": packed(own)})
    assert fingerprint(page) == decide(own).fingerprint
    assert page.text("plan.members") == "12,345"
    assert page.calm
    page.change("plan.members", "20000")
    assert fingerprint(page) == decide(own.with_settings({"plan.members": 20000})).fingerprint
    again = opened("decide", {key: page.at.query_params[key] for key in page.at.query_params})
    assert fingerprint(again) == fingerprint(page)
    assert fingerprint(page.reset()) == decide(own).fingerprint
    # Back to a shipped one, and the file is still there to be chosen.
    page.choose("scenario", "mapd")
    assert fingerprint(page) == decide(load_scenario("mapd")).fingerprint
    assert fingerprint(page.choose("scenario", "file")) == decide(own).fingerprint


def badges(page, kind):
    return [one for one in page.texts if one.startswith(f":{kind}")]


def test_what_is_changed_is_counted_alike_everywhere_against_what_is_open(opened):
    own = load_scenario("pdp_regional").with_settings(OWN)
    page = opened("decide", {"scenario": "file", "file": packed(own)})
    assert "Changed from your file: **0**" in page.texts
    brought = [note for note in changed(own, own.register()) if note[0] == "changed"]
    assert len(brought) > 1
    assert badges(page, f"gray-badge[not as shipped {len(brought)}]")
    assert not badges(page, "primary-badge[changed")
    page.change("plan.members", "20000")
    assert "Changed from your file: **1**" in page.texts
    assert badges(page, "primary-badge[changed]")
    assert badges(page, f"gray-badge[not as shipped {len(brought)}]")
    mix = {"therapy.mix.wegovy": "0.5", "therapy.mix.zepbound": "0.5"}
    page = opened(
        "decide", {"scenario": "pdp_regional", **mix, "terms.package": "illustrative_all"}
    )
    count = int(next(one for one in page.texts if "Changed from" in one).split("**")[1])
    assert badges(page, f"primary-badge[changed {count}]")


def test_an_emptied_price_is_no_silent_none(opened):
    page = opened().change("terms.guaranteed_net_price", "")
    assert "or none; given was nothing" in page.complaint
    assert page.change("terms.guaranteed_net_price", "none").calm


def test_a_state_of_a_file_keeps_its_state_and_terms(opened):
    own = load_scenario("state_covering").with_settings(
        {"name": "ours", "state.abbr": "TN", "terms.package": "illustrative_all"}
    )
    page = opened("decide", {"scenario": "file", "file": packed(own)})
    assert fingerprint(page) == decide(own).fingerprint
    assert "Tennessee" in page.said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no letters of ours",
        "A" * 30_000,
        pack_data([1, 2]),
        pack_data({"program": "part_d"}),
        pack_data({"extends": "/etc/passwd"}),
        pack_data({"extends": "pdp_regional", "plan": {"members": "-1"}}),
        folded("x" * 2_000_000),
    ],
    ids=["none", "words", "long", "list", "half", "a path", "wrong", "unfolds"],
)
def test_letters_that_are_no_scenario_say_so_and_the_example_stands(opened, text):
    page = opened("decide", {"scenario": "file", "file": text})
    assert PLAN in page.said
    assert page.complaint
    assert page.aside.startswith("This result belongs to the example as shipped.")
    page.at.run()  # the address has been written anew
    assert page.calm


def test_letters_are_bounded_where_they_are_read():
    with pytest.raises(Exception, match="up to 20,000 letters"):
        unpacked("A" * (letters.MOST_TEXT + 1))


def test_what_was_saved_stays_in_the_address_of_every_page(opened):
    page = opened("decide", {"scenario": "mapd", "saved": "abc"})
    assert page.at.query_params["saved"] == "abc"
    page.change("plan.members", "55000")
    assert page.at.query_params["saved"] == "abc"
    assert page.reset().at.query_params["saved"] == "abc"
    assert switch(page, "medicaid").at.query_params["saved"] == "abc"


def test_a_scenario_that_is_not_shipped_says_which_are(opened):
    page = opened("decide", {"scenario": "no_such"})
    assert "one of pdp_regional, dsnp" in page.complaint
    assert PLAN in page.said


def test_draws_and_seed_are_part_of_the_link(opened):
    page = opened("uncertainty", {"scenario": "mapd", "draws": "256", "seed": "7"})
    assert any("256 draws" in text and "seed 7" in text for text in page.texts)
    page.at.text_input(key="uncertainty.seed").set_value("8").run()
    assert page.at.query_params["seed"] == "8"
    assert page.change("plan.members", "55000").reset().at.query_params["draws"] == "256"
    page.at.text_input(key="uncertainty.seed").set_value("nothing").run()
    assert "a whole number" in page.complaint


def test_selection_says_of_a_state_that_it_has_none(opened):
    page = opened("selection", {"scenario": "state_covering"})
    assert page.said.startswith("Adverse selection is a question of drug plans")
    assert page.calm


@pytest.mark.parametrize("other", ["states", "portfolio"])
def test_a_page_of_many_payers_keeps_the_scenario_through_a_reload(opened, other):
    """A new session that has nothing but the address, first there and then on a scenario's page."""
    script = """
import streamlit as st
from calculator.ui import {first}, {then}
{first}.render() if "there" not in st.session_state else {then}.render()
"""
    page = opened("decide", {"scenario": "mapd", "plan.members": "31000"})
    wanted = fingerprint(page)
    seen = AppTest.from_string(script.format(first=other, then="decide"), default_timeout=60)
    for key in ("program", "part_d:laid"):
        seen.session_state[key] = page.at.session_state[key]
    seen.run()
    address = {key: seen.query_params[key] for key in seen.query_params}
    again = AppTest.from_string(script.format(first=other, then="decide"), default_timeout=60)
    for key, text in address.items():
        again.query_params[key] = text
    again.run()
    assert not again.exception
    again.session_state["there"] = True
    again.query_params.clear()
    again.run()
    assert any(wanted in one.value for one in again.caption)
