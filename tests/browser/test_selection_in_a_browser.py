"""The page of adverse selection in a real browser: a desk and a phone, light and dark."""

import re

import pytest
from playwright.sync_api import expect

from calculator.report.figures import COLOURS

ONE_TABLE = b"name,scenario,members\nOurs,pdp_national,300000\nTheirs,egwp,100000\n"
WAYS = 3, 5  # pictures without a frontier, and with one: it is kept for whoever asks next
SOLVED = 90_000  # milliseconds for the frontier on a busy machine


@pytest.fixture
def opened(watched):
    def open_(size, scheme, query=""):
        return watched(f"/selection{query}", size, scheme, "even if nobody moves")

    return open_


def pictures(seen, *counts):
    """Every picture, each in sight once so that it is drawn. counts: how many there may be."""
    plots = seen.page.locator(".js-plotly-plot")
    expect(plots.nth(counts[0] - 1)).to_be_attached(timeout=SOLVED)
    expect(seen.page.get_by_test_id("stStatusWidget")).to_have_count(0)
    # A run that redraws shows what comes and what goes side by side for a moment.
    seen.page.wait_for_function(
        "counts => counts.includes(document.querySelectorAll('.js-plotly-plot').length)",
        arg=counts,
        timeout=SOLVED,
    )
    for plot in plots.all():
        plot.scroll_into_view_if_needed()
        expect(plot.locator(".annotation").first).to_be_visible()
    return plots.all()


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_the_page_shows_its_answer_and_every_picture_fits(opened, size, scheme):
    with opened(size, scheme) as seen:
        plots = pictures(seen, *WAYS)
        seen.fits()
        for plot in plots:
            assert seen.cut_off(plot) == []
            assert seen.overlapping(plot) == []
        value = plots[0].locator(".scatterlayer .js-line").last
        plan = COLOURS[scheme]["plan"]
        assert seen.colour(value, "stroke") == tuple(int(plan[at : at + 2], 16) for at in (1, 3, 5))
        assert seen.contrast(plots[0].locator(".annotation text").last) >= 4.5
        for words in ("Line of the value of joining", "joining share", "share of enrollees"):
            assert seen.page.get_by_role("figure", name=re.compile(words)).count() >= 1


@pytest.mark.parametrize(("size", "scheme"), [("desk", "dark"), ("phone", "light")])
def test_the_frontier_runs_when_asked_and_fits(opened, size, scheme):
    with opened(size, scheme) as seen:
        pictures(seen, *WAYS)
        button = seen.page.get_by_role("button", name="Find the terms that launch")
        if button.count():
            button.click()
        plots = pictures(seen, 5)
        expect(button).to_have_count(0)
        seen.fits()
        for plot in plots:
            assert seen.cut_off(plot) == []
            assert seen.overlapping(plot) == []
        assert seen.page.get_by_role("figure", name=re.compile("Heat map")).count() == 1
        before = plots[3].locator(".hm image").get_attribute("href")
        seen.page.get_by_text("Gain if the rule is just met", exact=True).click()
        heat = seen.page.locator(".js-plotly-plot").nth(3).locator(".hm image")
        expect(heat).not_to_have_attribute("href", before or "")


def test_own_sponsors_and_a_wrong_file(opened):
    with opened("desk", "light") as seen:
        pictures(seen, *WAYS)
        drop = seen.page.locator("input[type=file]")
        drop.set_input_files({"name": "ours.csv", "mimeType": "text/csv", "buffer": ONE_TABLE})
        rounds = seen.page.get_by_role("figure", name=re.compile("Ours leaves"))
        expect(rounds).to_have_count(1, timeout=SOLVED)
        wrong = {"name": "ours.csv", "mimeType": "text/csv", "buffer": ONE_TABLE + b"Ours,mapd,5\n"}
        seen.page.get_by_role("button", name=re.compile("Remove")).first.click()
        expect(rounds).to_have_count(0, timeout=SOLVED)
        drop.set_input_files(wrong)
        expect(seen.page.get_by_text("given was Ours in rows 2 and 4")).to_be_visible()


def test_a_plans_inputs_go_along_from_page_to_page(watched):
    with watched("/", "desk", "light", "Joining from January") as seen:
        seen.sidebar.get_by_text("Enrollment", exact=True).click()
        members = seen.sidebar.get_by_role("textbox", name="Members (people)")
        members.fill("55000")
        members.press("Enter")
        expect(members).to_have_value("55,000")
        seen.page.get_by_test_id("stTopNavSection").first.click()
        seen.page.get_by_role("menuitem", name="Adverse selection").click()
        expect(seen.verdict).to_contain_text("even if nobody moves")
        expect(seen.page).to_have_url(re.compile("/selection.*plan.members=55000"))
        expect(seen.sidebar.get_by_text("Changed from default: 1")).to_be_visible()
        assert "selection.include" not in seen.page.url
        seen.page.get_by_test_id("stTopNavSection").first.click()
        seen.page.get_by_role("menuitem", name="Decide").click()
        expect(seen.verdict).to_contain_text("Joining from January")
        expect(seen.page).to_have_url(re.compile("plan.members=55000"))
