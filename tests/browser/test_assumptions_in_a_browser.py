"""Every value of a run in a real browser: found, changed where it stands, and put back."""

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from calculator import decide, load_scenario
from calculator.report.verdict import opening

PATH = "/assumptions?scenario=pdp_regional"
COPAY = "terms.copay"


def choose(seen, name):
    field = seen.page.get_by_role("combobox", name="Value to change")
    field.click()
    seen.page.keyboard.type(name)
    seen.page.get_by_role("option", name=name, exact=True).first.click()
    expect(seen.page.get_by_role("heading", level=3, name=name)).to_be_visible()


def value(seen):
    return seen.page.get_by_role("textbox", name=re.compile(r"^Value \("))


def change(seen, text):
    value(seen).fill(text)
    value(seen).press("Enter")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_value_is_found_changed_and_put_back(watched, size, scheme):
    with watched(PATH, size, scheme, "rests on") as seen:
        page = seen.page
        expect(page.get_by_test_id("stMetric")).to_have_count(4)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
        choose(seen, "Member copay")
        expect(page.get_by_text("With it 10% higher")).to_be_visible()
        change(seen, "abc")
        expect(page.get_by_text("given was abc")).to_be_visible()
        expect(seen.verdict).to_contain_text("rests on")
        change(seen, "25")
        expect(seen.verdict).to_contain_text("Your change moves the value of joining")
        expect(page).to_have_url(re.compile(r"terms\.copay=25"))
        assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
        page.get_by_role("button", name="Back to 50").click()
        expect(seen.verdict).to_contain_text("rests on")
        expect(page).not_to_have_url(re.compile(r"terms\.copay"))


def test_a_change_moves_the_verdict_of_the_first_page(watched):
    with watched(PATH, "desk", "light", "rests on") as seen:
        choose(seen, "Member copay")
        change(seen, "25")
        expect(seen.verdict).to_contain_text("Your change moves")
        where = seen.page.url
    wanted = opening(decide(load_scenario("pdp_regional").with_settings({COPAY: 25})))
    assert wanted != opening(decide(load_scenario("pdp_regional")))
    query = where.partition("?")[2]
    with watched(f"/?{query}", "desk", "light", wanted) as seen:
        expect(seen.page.get_by_text("Changed from default: 1")).to_be_visible()


def test_a_click_on_a_row_chooses_it_and_the_keyboard_reaches_its_field(watched):
    with watched(PATH, "desk", "light", "rests on") as seen:
        page = seen.page
        page.get_by_role("searchbox", name="Search").or_(
            page.get_by_role("textbox", name="Search")
        ).first.fill("terms.copay")
        page.keyboard.press("Enter")
        expect(page.get_by_text(re.compile(r"^\d of \d+ values"))).to_be_visible()
        grid = page.get_by_test_id("stDataFrame").locator("canvas").first
        box = grid.bounding_box()
        # The first row below the head, in the column of boxes.
        page.mouse.click(box["x"] + 18, box["y"] + 52)
        expect(page.get_by_role("heading", level=3)).to_be_visible()
        value(seen).focus()
        page.keyboard.press("Control+A")
        page.keyboard.type("20")
        page.keyboard.press("Enter")
        expect(seen.verdict).to_contain_text("Your change")


def test_the_values_in_sight_are_handed_over_as_a_file(watched):
    with watched(f"{PATH}&{COPAY}=25", "desk", "light", "Your change") as seen:
        page = seen.page
        page.get_by_text("Only what is changed").click()
        expect(page.get_by_text(re.compile(r"^1 of \d+ values"))).to_be_visible()
        with page.expect_download() as waiting:
            page.get_by_role("button", name="These values as CSV").click()
        text = waiting.value.path().read_text(encoding="utf-8")
        (line,) = csv.DictReader(io.StringIO(text))
        assert (line["path"], line["value"], line["was"]) == (COPAY, "25.0", "50.0")


def test_a_state_has_its_own_values(watched):
    with watched("/assumptions?scenario=state_covering", "phone", "dark", "rests on") as seen:
        choose(seen, "Obesity use today")
        expect(seen.page.get_by_text("not covering", exact=True).first).to_be_visible()
