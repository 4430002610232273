"""The pages of states in a real browser: a desk and a phone, light and dark, no other machine."""

import csv
import re

import pytest
from playwright.sync_api import expect

from calculator.report.figures import COLOURS
from tests.browser.conftest import rgb

STATE = ("/?scenario=state_not_covering", "Georgia")
STATES = ("/states", "state programs")


def budget(seen):
    """The budget's own plot, below the waterfall."""
    plot = seen.page.locator(".js-plotly-plot").nth(1)
    expect(plot.locator(".bars").nth(3).locator("path").first).to_be_visible()
    return plot


@pytest.mark.parametrize(
    ("size", "scheme"),
    [("desk", "dark"), ("desk", "light"), ("phone", "light"), ("phone", "dark")],
)
def test_a_states_budget_fits_in_its_own_colours(watched, size, scheme):
    with watched(STATE[0], size, scheme, STATE[1]) as seen:
        plot = budget(seen)
        expect(seen.figure.locator(".bars path").last).to_be_visible()
        seen.fits()
        for one in seen.page.locator(".js-plotly-plot").all():
            assert seen.cut_off(one) == []
            assert seen.overlapping(one) == []
        federal = plot.locator(".bars").nth(3).locator("path").first
        assert seen.colour(federal, "fill") == rgb(COLOURS[scheme]["federal"])
        assert seen.contrast(plot.locator(".annotation text").last) >= 4.5
        for words in ("Waterfall from stay out", "federal and state cost by state", "Timeline"):
            assert seen.page.get_by_role("figure", name=re.compile(words)).count() == 1


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_all_states_fit_as_tiles_and_no_map_is_fetched(watched, size, scheme):
    with watched(STATES[0], size, scheme, STATES[1]) as seen:
        expect(seen.figure.locator(".textpoint text").nth(50)).to_be_visible()
        assert seen.figure.locator(".textpoint text").count() == 51
        seen.fits()
        expect(seen.page.get_by_test_id("stDataFrame")).to_be_visible()


def test_a_state_its_switches_its_files_and_the_way_to_all_states(watched):
    with watched(STATE[0], "desk", "light", STATE[1]) as seen:
        page = seen.page
        seen.sidebar.get_by_role("combobox", name="State", exact=True).click()
        page.keyboard.type("Minnes")
        page.keyboard.press("Enter")
        expect(seen.verdict).to_contain_text("saves Minnesota")
        titles = page.get_by_role("heading", level=2)
        expect(titles.first).to_contain_text("joining saves Minnesota")
        expect(titles.filter(has_text="After rebates")).to_have_count(1)

        page.get_by_role("radio", name="Gross", exact=True).or_(
            page.get_by_role("button", name="Gross", exact=True)
        ).first.click()
        expect(titles.filter(has_text="Before rebates")).to_have_count(1)

        with page.expect_download() as handed:
            page.get_by_role("button", name="Budget as CSV").click()
        assert handed.value.suggested_filename.startswith("minnesota_budget_")
        with handed.value.path().open(newline="") as text:
            rows = list(csv.DictReader(text))
        assert {row["state"] for row in rows} == {"MN"}
        assert "2029" in {row["fiscal_year"] for row in rows}

        page.get_by_text("Many payers", exact=True).click()
        page.get_by_text("States", exact=True).click()
        expect(seen.verdict).to_contain_text("state programs")
        page.go_back()
        page.go_back()
        expect(seen.verdict).to_contain_text("Minnesota")


def test_a_gap_is_filled_in_the_browser(watched):
    with watched("/?scenario=state_covering&state.abbr=NC", "desk", "dark", "North") as seen:
        expect(seen.verdict).to_contain_text("needs a number that is not published")
        for group in ("Base adults", "Expansion adults", "Aged or disabled"):
            fields = seen.sidebar.get_by_test_id("stExpander").filter(has_text=group).last
            field = fields.get_by_role("textbox", name="Enrollment (people)")
            field.fill("400000")
            field.press("Enter")
            expect(field).to_have_value("400,000")
        expect(seen.verdict).to_contain_text("North Carolina")
        expect(seen.page.get_by_test_id("stMetric")).to_have_count(4)
