"""The first page in a real browser: a desk and a phone, light and dark."""

import re

import pytest
from playwright.sync_api import expect

from calculator.report.figures import COLOURS


@pytest.fixture
def opened(watched):
    def open_(size, scheme):
        return watched("/", size, scheme, "Joining from January")

    return open_


def looks_right(seen):
    """It fits, and the picture is in the theme's own colours."""
    bar = seen.figure.locator(".bars path").first
    expect(bar).to_be_visible()
    seen.fits()
    plan = COLOURS[seen.scheme]["plan"]
    assert seen.colour(bar, "fill") == tuple(int(plan[at : at + 2], 16) for at in (1, 3, 5))
    assert seen.contrast(seen.figure.locator(".annotation text").last) >= 4.5
    name = re.compile("who pays for the model drugs")
    assert seen.page.get_by_role("figure", name=name).count() == 1


@pytest.mark.parametrize(("size", "scheme"), [("desk", "dark"), ("phone", "light")])
def test_the_page_shows_its_answer(opened, size, scheme):
    with opened(size, scheme) as seen:
        looks_right(seen)


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
