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
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

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


def rgb(hexadecimal: str) -> tuple[int, ...]:
    return tuple(int(hexadecimal[at : at + 2], 16) for at in (1, 3, 5))


def colour(part: Locator, kind: str) -> tuple[int, ...]:
    text = part.evaluate(f"part => getComputedStyle(part).{kind}")
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


def luminance(red_green_blue: tuple[int, ...]) -> float:
    """Relative luminance as in the accessibility guidelines (WCAG 2.2)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (number / 255 for number in red_green_blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def label_contrast(page: Page) -> float:
    """How far the picture's labels stand out from the page, 1 to 21."""
    text = luminance(colour(page.locator(".js-plotly-plot .annotation text").last, "fill"))
    behind = luminance(colour(page.get_by_test_id("stApp"), "backgroundColor"))
    return (max(text, behind) + 0.05) / (min(text, behind) + 0.05)


def looks_right(page: Page, size: tuple[int, int], scheme: str) -> None:
    """Nothing is cut off or scrolls sideways, and the picture is in the theme's own colours."""
    main = page.get_by_test_id("stMain")
    assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
    figure = page.locator(".js-plotly-plot").first
    box = figure.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= size[0]
    outside = figure.evaluate(
        """plot => {
            const edge = plot.getBoundingClientRect();
            return [...plot.querySelectorAll('.annotation, .xtick, .ytick')]
                .filter(part => {
                    const box = part.getBoundingClientRect();
                    return box.right > edge.right || box.left < edge.left;
                })
                .map(part => part.textContent);
        }"""
    )
    assert outside == []
    bar = page.locator(".js-plotly-plot .bars path").first
    assert colour(bar, "fill") == rgb(COLOURS[scheme]["plan"])
    assert label_contrast(page) >= 4.5
    assert page.get_by_role("figure", name=re.compile("who pays for the model drugs")).count() == 1
    cards = page.get_by_test_id("stMetric").all()
    assert len(cards) == 4
    assert size == PHONE or len({round(card.bounding_box()["height"]) for card in cards}) == 1


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "dark"), (PHONE, "light")])
def test_the_page_shows_its_answer(browser, address, size, scheme):
    with watched(browser, address, size, scheme) as page:
        looks_right(page, size, scheme)


def test_a_changed_input_changes_the_answer_and_going_back_undoes_it(browser, address):
    with watched(browser, address, DESK, "light") as page:
        looks_right(page, DESK, "light")
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
        looks_right(page, PHONE, "dark")
        before = verdict(page).inner_text()
        page.get_by_test_id("stExpandSidebarButton").click()
        sidebar = page.get_by_test_id("stSidebar")
        sidebar.get_by_text("Terms", exact=True).click()
        copay = sidebar.get_by_role("textbox", name="Member copay (USD per fill)")
        copay.fill("0")
        copay.press("Enter")
        expect(verdict(page)).not_to_have_text(before)
