"""A browser that is typed into while a page is on its way sends the address it still has."""

import pytest
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext

MEMBERS, COPAY = "plan.members", "terms.copay"


def still_at(page, address):
    page.at.query_params.clear()
    for path, text in address.items():
        page.at.query_params[path] = text


def address(page):
    return {key: page.at.query_params[key] for key in page.at.query_params}


def test_what_is_typed_before_the_address_has_come_is_not_lost(opened):
    page = opened()
    first = address(page)
    page.change(MEMBERS, "55000")
    still_at(page, first)
    page.change(COPAY, "25")
    assert page.text(MEMBERS) == "55,000"
    assert page.text(COPAY) == "25"
    assert address(page) == {"scenario": "pdp_regional", MEMBERS: "55000", COPAY: "25"}


def test_the_address_of_a_link_as_it_was_written_is_late_too(opened):
    link = {"scenario": "mapd", MEMBERS: "31,000"}
    page = opened("decide", link)
    page.change(COPAY, "25")
    still_at(page, link)
    page.change(COPAY, "26")
    assert page.text(COPAY) == "26"
    assert page.text(MEMBERS) == "31,000"


def test_a_late_address_of_the_other_program_does_not_bring_it_back(opened):
    page = opened()
    first = address(page)
    page.at.segmented_control(key="program").set_value("medicaid").run()
    still_at(page, first)
    page.change("terms.guaranteed_net_price", "240")
    assert page.at.session_state["program"] == "medicaid"
    assert page.text("terms.guaranteed_net_price") == "240"


def test_a_reset_holds_against_a_late_address(opened):
    page = opened().change(MEMBERS, "55000")
    changed = address(page)
    page.reset()
    assert page.text(MEMBERS) == "40,000"
    still_at(page, changed)
    page.change(COPAY, "25")
    assert page.text(MEMBERS) == "40,000"
    assert page.text(COPAY) == "25"


def test_a_reset_starts_from_what_is_in_sight(opened):
    page = opened()
    first = address(page)
    page.choose("scenario", "mapd").change(MEMBERS, "55000")
    still_at(page, first)
    page.reset()
    assert address(page) == {"scenario": "mapd"}


def test_a_value_that_is_edited_goes_on_from_what_is_in_sight(opened):
    page = opened("assumptions", {"scenario": "mapd"})
    first = address(page)
    page.change(MEMBERS, "55000")
    still_at(page, first)
    page.at.button(key="assumptions.reset_all").click().run()
    assert address(page) == {"scenario": "mapd"}
    page.change(MEMBERS, "55000")
    page.at.selectbox(key="assumptions.chosen").select(COPAY).run()
    still_at(page, first)
    page.at.text_input(key=f"assumptions.edit:{COPAY}").set_value("25").run()
    assert address(page)[MEMBERS] == "55000"


def test_an_address_that_was_never_drawn_is_followed(opened):
    page = opened().change(MEMBERS, "55000")
    still_at(page, {"scenario": "pdp_regional", MEMBERS: "61000"})
    page.at.run()
    assert page.text(MEMBERS) == "61,000"


@pytest.fixture
def going_back(monkeypatch):
    """The browser's own button was used."""
    monkeypatch.setattr(ScriptRunContext, "is_history_navigation", True)
    kept = ScriptRunContext.reset

    def reset(self, *given, **named):
        kept(self, *given, **named)
        self.is_history_navigation = True

    monkeypatch.setattr(ScriptRunContext, "reset", reset)


def test_going_back_is_followed(opened, going_back):
    page = opened()
    first = address(page)
    page.change(MEMBERS, "55000")
    still_at(page, first)
    page.at.run()
    assert page.text(MEMBERS) == "40,000"
