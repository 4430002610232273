"""The page of claims in a real browser: upload, results, values on every page, and bad files."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from calculator.claims.synthetic import makeup
from calculator.claims.synthetic_files import synthesize
from calculator.report.figures import COLOURS

RUN = 120_000  # milliseconds for a small file on a busy machine


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    path = tmp_path_factory.mktemp("claims") / "ours.csv"
    synthesize(makeup(2026), 1_500, 5, path)
    return path.read_bytes()


@pytest.fixture
def opened(watched):
    return lambda size, scheme: watched("/claims", size, scheme, "Your own claims can replace")


def give(seen, file):
    """file: a path, or a name with its content."""
    if isinstance(file, tuple):
        file = {"name": file[0], "mimeType": "text/csv", "buffer": file[1]}
    field = seen.page.get_by_test_id("stMain").locator("input[type=file]").first
    field.set_input_files(file, timeout=RUN)
    button = seen.page.get_by_role("button", name="Read the claims")
    expect(button).to_be_enabled(timeout=RUN)
    button.click()


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_made_up_claims_are_tried_and_both_pictures_fit(opened, size, scheme):
    with opened(size, scheme) as seen:
        seen.page.get_by_role("button", name="Try it with made-up claims").click()
        expect(seen.verdict).to_contain_text("members in 2026 come to", timeout=RUN)
        seen.figure.scroll_into_view_if_needed()
        expect(seen.figure.locator(".annotation").first).to_be_visible()
        seen.fits()
        assert seen.overlapping(seen.figure) == []
        assert seen.contrast(seen.figure.locator(".annotation text").first) >= 4.5
        bar = seen.figure.locator(".barlayer .point path").first
        plan = COLOURS[scheme]["plan"]
        assert seen.colour(bar, "fill") == tuple(int(plan[at : at + 2], 16) for at in (1, 3, 5))
        seen.page.get_by_role("radio", name="Persistence").click()
        expect(
            seen.page.get_by_role("heading", name=re.compile("still on therapy"))
        ).to_be_visible()
        picture = seen.page.get_by_role("figure", name=re.compile("Curves of the share still on"))
        expect(picture).to_have_count(1)
        seen.figure.scroll_into_view_if_needed()
        expect(seen.figure.locator(".scatterlayer .js-line").first).to_be_visible()
        seen.fits()
        assert seen.overlapping(seen.figure) == []


def test_claims_are_given_their_values_used_and_the_verdict_changes(opened, ours):
    with opened("desk", "light") as seen:
        give(seen, ("ours.csv", ours))
        expect(seen.verdict).to_contain_text("members in 2026 come to", timeout=RUN)
        expect(seen.page.get_by_text("S000000")).to_have_count(0)
        with seen.page.expect_download() as waited:
            seen.page.get_by_role("button", name="Scenario of these claims").click()
        assert waited.value.suggested_filename == "own_claims_2026.yaml"
        title = seen.page.get_by_role("heading", name=re.compile("With the values of these claims"))
        worth = re.search(r"\$[\d.,]+ per member per month", title.inner_text())
        assert worth is not None
        seen.page.get_by_role("button", name="Use these values").click()
        expect(seen.page.get_by_role("button", name="In use on every page")).to_be_disabled()
        assert "scenario=file" in seen.page.url
        seen.page.goto(seen.page.url.replace("/claims?", "/?"))
        expect(seen.verdict).to_contain_text(worth[0])
        expect(seen.sidebar.get_by_text("Your file: own_claims_2026").first).to_be_visible()


def test_a_bad_file_is_said_beside_the_upload_and_the_last_result_stays(opened, ours):
    with opened("desk", "light") as seen:
        said = seen.page.get_by_test_id("stMain").get_by_test_id("stAlert")
        give(seen, ("junk.csv", b"\x00\x01" * 5000))
        expect(said).to_contain_text("junk.csv, which is binary", timeout=RUN)
        give(seen, ("ours.csv", ours))
        expect(seen.verdict).to_contain_text("members in 2026 come to", timeout=RUN)
        expect(said).to_have_count(0)
        good = seen.verdict.inner_text()
        seen.page.get_by_text("Read other claims").click()
        give(seen, ("no_head.csv", b"SECRET-1,2026-01-01,applicable,5.00\n" * 50))
        expect(said).to_contain_text("Claims, line 1", timeout=RUN)
        expect(seen.verdict).to_have_text(good)
        expect(seen.page.get_by_text("SECRET")).to_have_count(0)


def test_a_long_reading_shows_its_progress_and_can_be_stopped(opened, tmp_path):
    path = tmp_path / "long.csv"
    synthesize(makeup(2026), 14_000, 5, path)
    assert 30e6 < path.stat().st_size < 50e6
    with opened("desk", "light") as seen:
        before = seen.verdict.inner_text()
        give(seen, path)
        stop = seen.page.get_by_role("button", name="Stop")
        expect(stop).to_be_visible(timeout=RUN)
        expect(seen.page.get_by_role("progressbar")).to_be_visible()
        expect(seen.verdict).to_have_text(before)
        stop.click()
        expect(seen.page.get_by_text("Stopped, and the file was deleted.")).to_be_visible(
            timeout=RUN
        )
        expect(stop).to_have_count(0)
        expect(seen.verdict).to_have_text(before)
        expect(seen.page.get_by_text("long.csv")).to_have_count(0)
        expect(seen.page.get_by_role("button", name="Read the claims")).to_be_disabled()
    left = Path(tempfile.gettempdir()).glob("balance-claims-*/claims.csv")
    assert [one for one in left if one.stat().st_size == path.stat().st_size] == []
