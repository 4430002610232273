"""The first page in a real browser: a desk and a phone, light and dark."""

import re

import pytest
from playwright.sync_api import expect

from calculator import decide, load_scenario
from calculator.report.figures import COLOURS
from tests.browser.conftest import rgb


@pytest.fixture
def opened(watched):
    def open_(size, scheme):
        return watched("/", size, scheme, "Joining from January")

    return open_


def plots(seen):
    """The waterfall and the timeline."""
    found = seen.page.locator(".js-plotly-plot")
    expect(found.nth(1).locator(".main-svg").first).to_be_visible()
    return [found.nth(0), found.nth(1)]


def looks_right(seen):
    """It fits, nothing is cut off, and the last bar is in the theme's own blue."""
    bar = seen.figure.locator(".bars path").last
    expect(bar).to_be_visible()
    seen.fits()
    for plot in plots(seen):
        assert seen.cut_off(plot) == []
        assert seen.overlapping(plot) == []
        assert seen.contrast(plot.locator(".annotation text").last) >= 4.5
    assert seen.colour(bar, "fill") == rgb(COLOURS[seen.scheme]["plan"])
    for words in ("Waterfall from stay out", "Timeline"):
        assert seen.page.get_by_role("figure", name=re.compile(words)).count() == 1


@pytest.mark.parametrize(
    ("size", "scheme"),
    [("desk", "dark"), ("desk", "light"), ("phone", "light"), ("phone", "dark")],
)
def test_the_page_shows_its_answer_and_what_is_not_published(opened, size, scheme):
    with opened(size, scheme) as seen:
        looks_right(seen)
        main = seen.page.get_by_test_id("stMain")
        expect(main.get_by_text("Obesity capitation").first).to_be_visible()
        expect(seen.figure.get_by_text("not published").first).to_be_visible()
        expect(main.locator(".st-key-turns").get_by_text("pays below").first).to_be_visible()


def test_a_year_changes_the_waterfall_and_the_table_beside_it(opened):
    with opened("desk", "light") as seen:
        looks_right(seen)
        title = seen.page.get_by_role("heading", level=2).first
        result = seen.page.get_by_test_id("stTable").first.locator("tr").last
        before = result.inner_text()
        seen.page.get_by_test_id("stMain").get_by_text("2029", exact=True).first.click()
        expect(title).to_contain_text("In 2029, $")
        expect(result).not_to_have_text(before)


def test_the_workbook_is_handed_over_and_opens_again(opened, tmp_path):
    with opened("desk", "dark") as seen:
        looks_right(seen)
        with seen.page.expect_download() as handed:
            seen.page.get_by_role("button", name="Workbook of live formulas").click()
        path = tmp_path / "decision.xlsx"
        handed.value.save_as(path)
        first = decide(load_scenario("pdp_regional"))
        again = decide(load_scenario(str(path)))
        assert again.value.total == pytest.approx(first.value.total, rel=1e-9)


def test_a_changed_input_changes_the_answer_and_going_back_undoes_it(opened):
    with opened("desk", "light") as seen:
        looks_right(seen)
        before = seen.verdict.inner_text()
        seen.sidebar.get_by_text("Enrollment", exact=True).click()
        members = seen.sidebar.get_by_role("textbox", name="Members (people)")
        members.fill("55000")
        members.press("Enter")
        expect(seen.verdict).not_to_have_text(before)
        expect(members).to_have_value("55,000")
        after = seen.verdict.inner_text()

        members.fill("-5")
        members.press("Enter")
        beside = seen.sidebar.get_by_text("plan.members: allowed is a number from 1")
        expect(beside).to_be_visible()
        expect(seen.verdict).to_have_text(after)

        seen.page.go_back()
        expect(beside).to_have_count(0)
        expect(members).to_have_value("55,000")
        seen.page.go_back()
        expect(seen.verdict).to_have_text(before)
        expect(members).to_have_value("40,000")


def test_a_phone_reaches_the_inputs_with_one_tap(opened):
    with opened("phone", "dark") as seen:
        looks_right(seen)
        before = seen.verdict.inner_text()
        seen.page.get_by_test_id("stExpandSidebarButton").click()
        seen.sidebar.get_by_text("Terms", exact=True).click()
        copay = seen.sidebar.get_by_role("textbox", name="Member copay (USD per fill)")
        copay.fill("0")
        copay.press("Enter")
        expect(seen.verdict).not_to_have_text(before)
