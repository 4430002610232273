"""Who pays each dollar in a real browser: a desk and a phone, light and dark."""

import re

import pytest
from playwright.sync_api import expect

from calculator.report.figures import COLOURS
from tests.browser.conftest import rgb

PLAN = ("/who_pays?scenario=pdp_regional", "Of each dollar that joining adds")
STATE = ("/who_pays?scenario=state_covering", "drug cost and administration stay")
BOTH_THEMES = [("desk", "dark"), ("desk", "light"), ("phone", "light"), ("phone", "dark")]


def pictures(seen, count):
    plots = seen.page.locator(".js-plotly-plot")
    expect(plots).to_have_count(count)
    expect(plots.last.locator(".bars path, .sankey-node").first).to_be_visible()
    expect(plots.nth(1).locator(".sankey-node").first).to_be_visible()
    return plots.all()


def reads(seen, plots):
    """Nothing is cut off or lies on another label, and letters stand out."""
    seen.fits()
    for plot in plots:
        assert seen.cut_off(plot) == []
        assert seen.overlapping(plot) == []
        assert seen.contrast(plot.locator(".annotation text").last) >= 4.5


def block_gaps(flow):
    """How far each label's middle lies from a block's edge, sideways: it stands beside one."""
    return flow.evaluate(
        """plot => {
            const blocks = [...plot.querySelectorAll('.sankey-node .node-rect')].map(
                part => part.getBoundingClientRect());
            return [...plot.querySelectorAll('.annotation text')].map(part => {
                const box = part.getBoundingClientRect();
                return Math.min(...blocks.map(one => Math.abs(box.left - one.right)));
            });
        }"""
    )


@pytest.mark.parametrize(("size", "scheme"), BOTH_THEMES)
def test_a_plans_bars_flow_and_member_fit_in_their_own_colours(watched, size, scheme):
    with watched(PLAN[0], size, scheme, PLAN[1]) as seen:
        plots = pictures(seen, 3)
        reads(seen, plots)
        colours = COLOURS[scheme]
        assert seen.colour(plots[0].locator(".bars path").first, "fill") == rgb(colours["plan"])
        blocks = plots[1].locator(".sankey-node .node-rect")
        filled = {seen.colour(block, "fill") for block in blocks.all()}
        assert {rgb(colours[payer]) for payer in ("plan", "manufacturer", "member")} <= filled
        assert max(block_gaps(plots[1])) < 25
        for words in ("who pays for the model drugs", "A flow from what", "bars by month"):
            assert seen.page.get_by_role("figure", name=re.compile(words)).count() == 1


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_the_whole_plan_fits_too(watched, size, scheme):
    with watched(PLAN[0], size, scheme, PLAN[1]) as seen:
        pictures(seen, 3)
        seen.page.get_by_role("radio", name="Whole plan").click()
        titles = seen.page.get_by_role("heading", level=2)
        expect(
            titles.filter(has_text="for drugs and administration, Medicare pays")
        ).to_be_visible()
        expect(
            seen.page.locator(".js-plotly-plot").nth(1).locator(".sankey-node")
        ).not_to_have_count(7)
        reads(seen, pictures(seen, 3))


@pytest.mark.parametrize(("size", "scheme"), BOTH_THEMES)
def test_a_states_bars_and_flow_fit(watched, size, scheme):
    with watched(STATE[0], size, scheme, STATE[1]) as seen:
        plots = pictures(seen, 2)
        reads(seen, plots)
        state = rgb(COLOURS[scheme]["state"])
        assert seen.colour(plots[0].locator(".bars path").first, "fill") == state
        assert max(block_gaps(plots[1])) < 25


def test_a_member_is_changed_and_a_wrong_number_says_so(watched):
    with watched(PLAN[0], "desk", "light", PLAN[1]) as seen:
        page = seen.page
        pictures(seen, 3)
        titles = page.get_by_role("heading", level=2)
        spend = page.get_by_role("textbox", name="Other drugs (USD a year)")
        spend.fill("1000")
        spend.press("Enter")
        member = titles.filter(has_text="below the $2,450 threshold in 2028")
        expect(member).to_be_visible()
        before = member.inner_text()
        spend.fill("lots")
        spend.press("Enter")
        expect(page.get_by_text("given was lots")).to_be_visible()
        expect(member).to_have_text(before)
        page.get_by_text("Month by month").click()
        expect(page.get_by_role("cell", name="Dec", exact=True)).to_be_visible()


def test_a_changed_input_changes_who_pays_and_a_member_stays(watched):
    with watched(PLAN[0], "desk", "dark", PLAN[1]) as seen:
        page = seen.page
        pictures(seen, 3)
        spend = page.get_by_role("textbox", name="Other drugs (USD a year)")
        spend.fill("3000")
        spend.press("Enter")
        expect(spend).to_have_value("3,000")
        before = seen.verdict.inner_text()
        seen.sidebar.get_by_text("Drug price", exact=True).click()
        net = seen.sidebar.get_by_role("textbox", name=re.compile("Guaranteed net price"))
        net.fill("150")
        net.press("Enter")
        expect(seen.verdict).not_to_have_text(before)
        expect(spend).to_have_value("3,000")
