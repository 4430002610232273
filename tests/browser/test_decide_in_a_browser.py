"""The first page in a real browser: a desk and a phone, light and dark."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from calculator.report.figures import COLOURS

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30  # seconds; a busy machine is no failure
DESK, PHONE = (1440, 1000), (390, 844)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The app on a free port of this machine, as `balance app` starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    command += ["--server.headless", "true", "--server.fileWatcherType", "none"]
    server = subprocess.Popen(
        command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    url = f"http://localhost:{port}"
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                if server.poll() is not None or time.monotonic() > until:
                    pytest.fail("the app did not start")
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=PATIENCE)


@pytest.fixture(scope="module")
def browser(needs) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=needs("chromium"))
        yield chromium
        chromium.close()


@contextmanager
def watched(browser: Browser, url: str, size: tuple[int, int], scheme: str) -> Iterator[Page]:
    """A page that may not complain, show an exception or ask another machine for anything."""
    complaints: list[str] = []
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith((url, "data:", "blob:", "ws:"))
            else complaints.append(asked.url))  # fmt: skip
    page.goto(url)
    expect(verdict(page)).to_contain_text("Joining from January", timeout=PATIENCE * 1000)
    expect(page.locator(".js-plotly-plot .bars path").first).to_be_visible()
    yield page
    assert page.get_by_test_id("stException").count() == 0
    assert complaints == []
    context.close()


def verdict(page: Page):
    return page.get_by_role("heading", level=3).first


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_page_shows_its_answer_in_every_theme_and_width(browser, address, size, scheme):
    with watched(browser, address, size, scheme) as page:
        main = page.get_by_test_id("stMain")
        assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
        figure = page.locator(".js-plotly-plot").first
        box = figure.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
        # No label of the picture is cut off at its edge.
        assert figure.evaluate(
            "plot => { const edge = plot.getBoundingClientRect(); return [...plot.querySelectorAll("
            "'.annotation, .xtick, .ytick')].every(part => { const box = part."
            "getBoundingClientRect(); return box.right <= edge.right && box.left >= edge.left; }) }"
        )
        fill = page.locator(".js-plotly-plot .bars path").first.evaluate(
            "bar => getComputedStyle(bar).fill"
        )
        plan = "#" + "".join(f"{int(part):02X}" for part in re.findall(r"\d+", fill)[:3])
        assert plan == COLOURS[scheme]["plan"]
        expect(page.get_by_test_id("stMetric")).to_have_count(4)
        heights = {box.bounding_box()["height"] for box in page.get_by_test_id("stMetric").all()}
        assert len(heights) == 1 or size == PHONE
        figure_alt = page.get_by_role("img", name=re.compile("who pays for the model drugs"))
        expect(figure_alt.first).to_be_attached()


def test_a_changed_input_changes_the_answer_and_going_back_undoes_it(browser, address):
    with watched(browser, address, DESK, "light") as page:
        before = verdict(page).inner_text()
        sidebar = page.get_by_test_id("stSidebar")
        sidebar.get_by_text("Enrollment", exact=True).click()
        members = sidebar.get_by_role("textbox", name="Members (people)")
        members.fill("55000")
        members.press("Enter")
        expect(verdict(page)).not_to_have_text(before)
        expect(members).to_have_value("55,000")
        after = verdict(page).inner_text()

        members.fill("-5")
        members.press("Enter")
        beside = sidebar.get_by_text("plan.members: allowed is a number from 1")
        expect(beside).to_be_visible()
        expect(verdict(page)).to_have_text(after)

        page.go_back()
        expect(beside).to_have_count(0)
        expect(members).to_have_value("55,000")
        page.go_back()
        expect(verdict(page)).to_have_text(before)
        expect(members).to_have_value("40,000")


def test_a_phone_reaches_the_inputs_with_one_tap(browser, address):
    with watched(browser, address, PHONE, "dark") as page:
        before = verdict(page).inner_text()
        page.get_by_test_id("stExpandSidebarButton").click()
        sidebar = page.get_by_test_id("stSidebar")
        sidebar.get_by_text("Terms", exact=True).click()
        copay = sidebar.get_by_role("textbox", name="Member copay (USD per fill)")
        copay.fill("0")
        copay.press("Enter")
        expect(verdict(page)).not_to_have_text(before)
