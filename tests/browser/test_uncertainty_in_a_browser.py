"""The pages of uncertainty in a real browser: a desk and a phone, light and dark."""

import csv
import re

import pytest
from playwright.sync_api import expect

from calculator.report.figures import COLOURS

PLAN, STATE = "/uncertainty", "/uncertainty?scenario=state_not_covering"
SAYS = "Joining pays in"
PICTURES = 4  # the draws, the years, the tornado, the map
RAN = 120_000  # milliseconds for a long run on a busy machine


def drawn(seen):
    """Every picture, each in sight once so that it is drawn."""
    plots = seen.page.locator(".js-plotly-plot")
    expect(plots.nth(PICTURES - 1)).to_be_attached(timeout=RAN)
    quiet(seen)
    assert plots.count() == PICTURES
    for plot in plots.all():
        plot.scroll_into_view_if_needed()
        expect(plot.locator(".annotation").first).to_be_visible()
    return plots.all()


def quiet(seen):
    """Nothing runs any more."""
    expect(seen.page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=RAN)


def typed(seen, name, text):
    field = seen.page.get_by_test_id("stMain").get_by_role("textbox", name=name, exact=True)
    field.fill(text)
    field.press("Enter")


@pytest.mark.parametrize(
    ("path", "size", "scheme"),
    [(PLAN, "desk", "light"), (PLAN, "phone", "dark"),
     (STATE, "desk", "dark"), (STATE, "phone", "light")],
)  # fmt: skip
def test_the_page_shows_its_answer_and_every_picture_fits(watched, path, size, scheme):
    with watched(path, size, scheme, SAYS) as seen:
        plots = drawn(seen)
        seen.fits()
        for plot in plots:
            assert seen.cut_off(plot) == []
            assert seen.overlapping(plot) == []
        bar = plots[0].locator(".bars path").first
        cost = COLOURS[scheme]["cost"]
        assert seen.colour(bar, "fill") == tuple(int(cost[at : at + 2], 16) for at in (1, 3, 5))
        assert seen.contrast(plots[0].locator(".annotation text").last) >= 4.5
        for words in ("Histogram", "Ranges of the value", "Bars of the value", "Heat map"):
            assert seen.page.get_by_role("figure", name=re.compile(words)).count() == 1


def test_more_draws_run_when_asked_and_are_still_there_after_another_page(watched):
    with watched(f"{PLAN}?plan.members=51000", "desk", "light", SAYS) as seen:
        drawn(seen)
        typed(seen, "Draws", "1000")
        expect(seen.page.get_by_text("1,000 is not a power of two")).to_be_visible()
        seen.page.get_by_role("button", name="Run 1,024 draws").click()
        expect(seen.verdict).to_contain_text("of 1,024 draws", timeout=RAN)
        quiet(seen)
        expect(seen.page.get_by_role("button", name="Run 1,024 draws")).to_have_count(0)
        seen.page.get_by_test_id("stTopNavSection").first.click()
        seen.page.get_by_role("menuitem", name="Decide").click()
        expect(seen.verdict).to_contain_text("Joining from January")
        quiet(seen)
        seen.page.get_by_test_id("stTopNavSection").first.click()
        seen.page.get_by_role("menuitem", name="Uncertainty", exact=True).click()
        expect(seen.verdict).to_contain_text("of 1,024 draws", timeout=RAN)
        expect(seen.page).to_have_url(re.compile("plan.members=51000"))


def test_a_long_run_shows_its_progress_and_can_be_stopped(watched):
    with watched(f"{PLAN}?plan.members=52000", "phone", "dark", SAYS) as seen:
        drawn(seen)
        before = seen.verdict.inner_text()
        typed(seen, "Draws", "16384")
        seen.page.get_by_role("button", name="Run 16,384 draws").click()
        stop = seen.page.get_by_test_id("stMain").get_by_role("button", name="Stop")
        expect(stop).to_be_visible()
        expect(seen.page.get_by_role("progressbar")).to_be_visible()
        expect(seen.verdict).to_have_text(before)
        stop.click()
        expect(seen.page.get_by_text("Stopped. What is shown is from 512 draws.")).to_be_visible(
            timeout=RAN
        )
        expect(stop).to_have_count(0)
        expect(seen.verdict).to_have_text(before)


def test_the_ranking_and_the_files(watched):
    with watched(PLAN, "desk", "dark", SAYS) as seen:
        drawn(seen)
        rank = seen.page.get_by_role("button", name=re.compile("Rank the inputs"))
        if rank.count():  # kept for whoever asks next
            rank.click()
        found = seen.page.get_by_role("heading", name=re.compile("learn", re.IGNORECASE))
        expect(seen.page.get_by_text("Knowing every input").first).to_be_visible(timeout=RAN)
        expect(found).to_have_count(1)
        quiet(seen)
        expect(seen.page.get_by_text("Known before the bid:").first).to_be_visible()
        for button, column, count in (
            ("Draws as CSV", "value_pmpm", 512),
            ("Tornado as CSV", "value_pmpm_at_high", 20),
            ("Value of information as CSV", "with_exit_usd", 20),
        ):
            with seen.page.expect_download() as handed:
                seen.page.get_by_role("button", name=button).click()
            with handed.value.path().open(newline="") as text:
                rows = list(csv.DictReader(text))
            assert len(rows) >= count
            assert all(float(row[column]) == float(row[column]) for row in rows)


def test_the_map_follows_its_pickers(watched):
    with watched(PLAN, "phone", "light", SAYS) as seen:
        drawn(seen)
        chosen = seen.page.get_by_role("combobox", name=re.compile("Across"))
        chosen.click()
        seen.page.keyboard.type("Member copay")
        seen.page.keyboard.press("Enter")
        figure = seen.page.get_by_role("figure", name=re.compile("over member copay and extra"))
        expect(figure).to_have_count(1, timeout=RAN)
        quiet(seen)
        drawn(seen)
        seen.fits()


def test_a_states_inputs_go_along_from_page_to_page_and_back(watched):
    def go(to, says):
        seen.page.get_by_text("Decision", exact=True).first.click()
        seen.page.get_by_role("menuitem", name=to, exact=True).click()
        expect(seen.verdict).to_contain_text(says, timeout=RAN)
        quiet(seen)

    def price(text):
        seen.sidebar.get_by_text("Drug price", exact=True).click()
        field = seen.sidebar.get_by_role("textbox", name="Guaranteed net price")
        if text is not None:
            field.fill(text)
            field.press("Enter")
        return field

    with watched("/?scenario=state_not_covering", "desk", "light", "Georgia") as seen:
        expect(price("200")).to_have_value("200")
        quiet(seen)
        go("Uncertainty", SAYS)
        expect(seen.sidebar.get_by_text("Changed from default: 1")).to_be_visible()
        expect(price(None)).to_have_value("200")
        price_field = seen.sidebar.get_by_role("textbox", name="Guaranteed net price")
        price_field.fill("180")
        price_field.press("Enter")
        expect(price_field).to_have_value("180")
        quiet(seen)
        go("Decide", "Georgia")
        expect(seen.page).to_have_url(re.compile("terms.guaranteed_net_price=180"))
        expect(price(None)).to_have_value("180")
