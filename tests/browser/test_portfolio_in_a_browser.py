"""The page of a whole book in a real browser: a desk and a phone, light and dark."""

import io
import re

import openpyxl
import pytest
from playwright.sync_api import expect

from calculator.report.figures import COLOURS

OWN = b"name,scenario,plan.members\n=Ours,egwp,30000\n<b>Theirs</b>,mapd,20000\n"
RUN = 60_000  # milliseconds for a small book on a busy machine


@pytest.fixture
def opened(watched):
    return lambda size, scheme: watched("/portfolio", size, scheme, "Part D plans")


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_shows_its_answer_and_the_picture_fits(opened, size, scheme):
    with opened(size, scheme) as seen:
        seen.figure.scroll_into_view_if_needed()
        expect(seen.figure.locator(".annotation").first).to_be_visible()
        seen.fits()
        line = seen.figure.locator(".scatterlayer .js-line").first
        plan = COLOURS[scheme]["plan"]
        assert seen.colour(line, "stroke") == tuple(int(plan[at : at + 2], 16) for at in (1, 3, 5))
        assert seen.contrast(seen.figure.locator(".annotation text").first) >= 4.5
        picture = seen.page.get_by_role("figure", name=re.compile("running total of value"))
        assert picture.count() == 1


def test_a_book_is_given_run_and_its_results_taken_away(opened):
    with opened("desk", "light") as seen:
        seen.sidebar.locator("input[type=file]").set_input_files(
            {"name": "ours.csv", "mimeType": "text/csv", "buffer": OWN}
        )
        expect(seen.verdict).to_contain_text("1 of 2 Part D plans", timeout=RUN)
        expect(seen.page.get_by_text("Program", exact=True)).to_have_count(0)
        with seen.page.expect_download() as waited:
            seen.page.get_by_role("button", name="Results as a workbook").click()
        assert waited.value.suggested_filename == "portfolio_ours.xlsx"
        with open(waited.value.path(), "rb") as stream:  # noqa: PTH123  (a path without a suffix)
            book = openpyxl.load_workbook(io.BytesIO(stream.read()))
        assert book.sheetnames == ["Summary", "Plans", "By year", "Inputs", "About"]
        names = [row[1] for row in book["Plans"].iter_rows(min_row=6, values_only=True)]
        assert names == ["=Ours", "<b>Theirs</b>"]
        seen.sidebar.locator("input[type=file]").set_input_files(
            {"name": "wrong.csv", "mimeType": "text/csv", "buffer": OWN + b"A,nowhere,5\n"}
        )
        said = seen.sidebar.get_by_test_id("stAlert")
        expect(said).to_contain_text("plans, row 4, scenario", timeout=RUN)
        expect(seen.verdict).to_contain_text("1 of 2 Part D plans")
        seen.sidebar.get_by_role("button", name="Back to the illustrative book").click()
        expect(seen.verdict).to_contain_text("of 10 Part D plans", timeout=RUN)
        expect(said).to_have_count(0)
        expect(seen.sidebar.get_by_text("wrong.csv")).to_have_count(0)


def test_a_long_run_shows_its_progress_can_be_stopped_and_run_again(opened):
    rows = (f"Plan {number},pdp_regional,{30_000 + number}" for number in range(8_000))
    book = "\n".join(["name,scenario,plan.members", *rows]).encode()
    with opened("desk", "light") as seen:
        before = seen.verdict.inner_text()
        seen.sidebar.locator("input[type=file]").set_input_files(
            {"name": "many.csv", "mimeType": "text/csv", "buffer": book}
        )
        stop = seen.sidebar.get_by_role("button", name="Stop")
        expect(stop).to_be_visible(timeout=RUN)
        expect(seen.page.get_by_role("progressbar")).to_be_visible()
        expect(seen.verdict).to_have_text(before)
        stop.click()
        again = seen.sidebar.get_by_role("button", name="Run this book")
        expect(again).to_be_visible(timeout=RUN)
        expect(stop).to_have_count(0)
        expect(seen.verdict).to_have_text(before)
        again.click()
        expect(stop).to_be_visible(timeout=RUN)
        seen.sidebar.get_by_role("button", name="Stop").click()
        expect(again).to_be_visible(timeout=RUN)
