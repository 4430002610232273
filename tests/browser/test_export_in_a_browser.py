"""The page that hands a scenario over, in a real browser: a desk and a phone, light and dark."""

import io
import re
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import expect

from calculator import decide, load_scenario
from calculator.report.figures import COLOURS
from calculator.ui.compare import Saved, packed_list

RUN = 60_000  # milliseconds for a file on a busy machine
PLAN = load_scenario("pdp_regional")
RICH = PLAN.with_settings({"terms.obesity_capitation.amount": 125})
SAVED = packed_list([Saved("Base", PLAN), Saved("<b>Rich</b>", RICH)])


@pytest.fixture
def opened(watched):
    def open_(size, scheme, query="scenario=pdp_regional"):
        return watched(f"/export?{query}", size, scheme, "Joining from January")

    return open_


def fingerprint(seen):
    said = seen.page.get_by_text(re.compile("^balance-calculator .* fingerprint "))
    expect(said).to_be_visible()
    return said.inner_text().split()[-1]


def downloaded(seen, button):
    with seen.page.expect_download(timeout=RUN) as waited:
        seen.page.get_by_role("button", name=button, exact=True).click()
    return waited.value.suggested_filename, Path(waited.value.path()).read_bytes()


def give(seen, name, content):
    seen.page.get_by_test_id("stMain").locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_comparison_fits_and_is_in_the_themes_colours(opened, size, scheme):
    with opened(size, scheme, f"scenario=pdp_regional&plan.members=50000&saved={SAVED}") as seen:
        seen.figure.scroll_into_view_if_needed()
        bars = seen.figure.locator(".bars path")
        expect(bars).to_have_count(3)
        seen.fits()
        last = COLOURS[scheme]["gain"]
        fills = {seen.colour(bar, "fill") for bar in bars.all()}
        assert tuple(int(last[at : at + 2], 16) for at in (1, 3, 5)) in fills
        assert seen.contrast(seen.figure.locator(".annotation text").first) >= 4.5
        assert seen.overlapping(seen.figure) == []
        bridge = seen.page.locator(".js-plotly-plot").nth(1)
        bridge.scroll_into_view_if_needed()
        expect(bridge.locator(".bars path")).to_have_count(3)
        assert seen.cut_off(bridge) == []
        assert seen.overlapping(bridge) == []
        expect(
            seen.page.get_by_role("heading", name=re.compile("one input: Members"))
        ).to_be_visible()
        expect(seen.page.get_by_text("<b>Rich</b>").first).to_be_visible()


def test_the_files_are_taken_along_and_open_again(opened):
    mark = decide(PLAN).fingerprint
    with opened("desk", "light") as seen:
        assert fingerprint(seen) == mark
        name, content = downloaded(seen, "Workbook of live formulas")
        assert name == f"pdp_regional_{mark[:8]}.xlsx"
        book = openpyxl.load_workbook(io.BytesIO(content))
        assert "Summary" in book.sheetnames
        name, content = downloaded(seen, "Ledger as CSV")
        assert name == f"pdp_regional_{mark[:8]}.csv"
        assert content.startswith(b"branch,period,line,payer,amount\n")
        name, memo = downloaded(seen, "Memo to print")
        assert name == f"pdp_regional_{mark[:8]}.html"
        assert mark.encode() in memo


def test_the_memo_opens_without_asking_for_anything_and_prints(opened, context, tmp_path):
    with opened("desk", "light") as seen:
        name, content = downloaded(seen, "Memo to print")
    file = tmp_path / name
    file.write_bytes(content)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(file.as_uri())
    expect(page.get_by_role("heading", level=1)).to_contain_text("join the BALANCE model")
    assert page.locator("svg").count() == 3
    assert [url for url in asked if not url.startswith("file:")] == []
    assert said == []
    for paper in ("Letter", "A4"):
        printed = page.pdf(format=paper)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 10
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_a_scenario_is_taken_along_changed_and_brought_back(opened):
    with opened("phone", "dark", "scenario=pdp_regional&terms.copay=35") as seen:
        before = fingerprint(seen)
        _, content = downloaded(seen, "Scenario file")
    with opened("phone", "dark") as seen:
        assert fingerprint(seen) != before
        give(seen, "taken.yaml", content)
        expect(seen.page.get_by_text("Read from taken.yaml")).to_be_visible(timeout=RUN)
        seen.page.get_by_role("button", name="Use these inputs").click()
        expect(seen.page.get_by_text(before)).to_be_visible(timeout=RUN)
        expect(seen.page.get_by_text("Read from taken.yaml")).to_have_count(0)
        seen.page.reload()
        expect(seen.page.get_by_text(before)).to_be_visible(timeout=RUN)


def test_a_bad_file_is_said_beside_the_upload(opened):
    with opened("desk", "dark") as seen:
        before = fingerprint(seen)
        give(seen, "bad.yaml", b"extends: /etc/passwd\n")
        expect(seen.page.get_by_test_id("stAlert")).to_contain_text("extends: allowed is one of")
        assert fingerprint(seen) == before


def test_what_is_saved_is_kept_through_a_reload_and_another_page(opened):
    with opened("desk", "light") as seen:
        name = seen.page.get_by_role("textbox", name="Save it as it stands, under the name")
        name.fill("Base case")
        seen.page.get_by_role("button", name="Save", exact=True).click()
        saved = seen.page.get_by_text("1 saved: open, rename or drop")
        expect(saved).to_be_visible(timeout=RUN)
        expect(seen.page).to_have_url(re.compile("saved="))
        seen.page.reload()
        expect(saved).to_be_visible(timeout=RUN)
        seen.page.get_by_test_id("stTopNavSection").first.click()
        seen.page.get_by_role("menuitem", name="Decide").click()
        expect(seen.page).not_to_have_url(re.compile("/export"))
        expect(seen.page).to_have_url(re.compile("saved="), timeout=RUN)
        seen.page.get_by_test_id("stTopNavSection").last.click()
        seen.page.get_by_role("menuitem", name="Export and compare").click()
        expect(saved).to_be_visible(timeout=RUN)


def test_the_link_opens_the_same_run_in_another_browser(opened, browser):
    with opened("desk", "light", "scenario=pdp_regional&plan.members=50000") as seen:
        link = seen.page.get_by_test_id("stCode").first.inner_text().strip()
        mark = fingerprint(seen)
        fresh = browser.new_context()
        page = fresh.new_page()
        page.goto(link)
        expect(page.get_by_role("heading", level=1)).to_contain_text("Joining", timeout=RUN)
        expect(page.get_by_text(mark)).to_be_visible(timeout=RUN)
        fresh.close()
