"""The app in a real browser, and what every page is held to there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.serving import PATIENCE, served

expect.set_options(timeout=PATIENCE * 1000)
SIZES = {"desk": (1440, 1000), "phone": (390, 844)}
# Letters of a picture that must not be cut off.
LETTERS = ".annotation, .xtick, .ytick, .xtitle, .ytitle, .textpoint text, .cbaxis text"


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The app on a free port of this machine, as `balance app` starts it."""
    with served() as server:
        yield server.url


@pytest.fixture(scope="session")
def browser(needs) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=needs("chromium"))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def context(browser) -> Iterator[BrowserContext]:
    """One browser for all pages, so that what they share is fetched once."""
    shared = browser.new_context()
    yield shared
    shared.close()


class Seen:
    """A page on a desk or a phone, light or dark."""

    def __init__(self, page: Page, size: str, scheme: str) -> None:
        self.page, self.size, self.scheme = page, size, scheme

    @property
    def verdict(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def sidebar(self) -> Locator:
        return self.page.get_by_test_id("stSidebar")

    @property
    def figure(self) -> Locator:
        return self.page.locator(".js-plotly-plot").first

    def colour(self, part: Locator, kind: str) -> tuple[int, ...]:
        text = part.evaluate(f"part => getComputedStyle(part).{kind}")
        return tuple(int(number) for number in re.findall(r"\d+", text)[:3])

    def contrast(self, letters: Locator) -> float:
        """How far letters stand out from the page, 1 to 21."""
        text = luminance(self.colour(letters, "fill"))
        behind = luminance(self.colour(self.page.get_by_test_id("stApp"), "backgroundColor"))
        return (max(text, behind) + 0.05) / (min(text, behind) + 0.05)

    def fits(self) -> None:
        """Nothing is cut off or scrolls sideways, and the cards are four of one height."""
        main = self.page.get_by_test_id("stMain")
        assert main.evaluate("part => part.scrollWidth <= part.clientWidth")
        box = self.figure.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= SIZES[self.size][0]
        assert self.cut_off(self.figure) == []
        cards = self.page.get_by_test_id("stMetric").all()
        assert len(cards) == 4
        heights = {round(card.bounding_box()["height"]) for card in cards}
        assert self.size == "phone" or len(heights) == 1

    def cut_off(self, plot: Locator) -> list[str]:
        """Letters of a picture that lie outside it."""
        return plot.evaluate(
            """(plot, letters) => {
                const edge = plot.getBoundingClientRect();
                return [...plot.querySelectorAll(letters)]
                    .filter(part => {
                        const box = part.getBoundingClientRect();
                        return box.right > edge.right + 1 || box.left < edge.left - 1 ||
                            box.bottom > edge.bottom + 1 || box.top < edge.top - 1;
                    })
                    .map(part => part.textContent);
            }""",
            LETTERS,
        )

    def overlapping(self, plot: Locator) -> list[list[str]]:
        """Pairs of a picture's direct labels that lie on each other."""
        return plot.evaluate(
            """plot => {
                const labels = [...plot.querySelectorAll('.annotation text')].map(
                    part => [part.textContent, part.getBoundingClientRect()]);
                return labels.flatMap(([a, one], n) => labels.slice(n + 1)
                    .filter(([b, other]) =>
                        one.left < other.right - 1 && other.left < one.right - 1 &&
                        one.top < other.bottom - 2 && other.top < one.bottom - 2)
                    .map(([b, other]) => [a, b]));
            }"""
        )


def luminance(red_green_blue: tuple[int, ...]) -> float:
    """Relative luminance as in the accessibility guidelines (WCAG 2.2)."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (number / 255 for number in red_green_blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(hexadecimal: str) -> tuple[int, ...]:
    return tuple(int(hexadecimal[at : at + 2], 16) for at in (1, 3, 5))


@pytest.fixture(scope="session")
def heard() -> Callable[..., list[str]]:
    """`heard(page, server)`: what the page complains of from now on, and whom else it asks."""

    def listen(page: Page, *servers: str) -> list[str]:
        complaints: list[str] = []
        own = [*servers, *(url.replace("http:", "ws:") for url in servers), "data:", "blob:"]

        def say(said: ConsoleMessage) -> None:
            # Streamlit looks for its own service below a page's address first, and says so.
            url = said.location.get("url", "")
            looking = "/_stcore/" in url and not url.startswith(f"{servers[0]}/_stcore/")
            if said.type == "error" and not looking:
                complaints.append(f"{said.text} {url}")

        def ask(asked: Request) -> None:
            if not asked.url.startswith(tuple(own)):
                complaints.append(asked.url)

        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", say)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", ask)
        return complaints

    return listen


@pytest.fixture(scope="session")
def watched(context, address, heard) -> Callable[..., AbstractContextManager[Seen]]:
    """`with watched("/states", "phone", "dark", "Georgia") as seen`: a page that says so.

    It may not complain, show an exception or ask another machine for anything.
    """

    @contextmanager
    def watch(path: str, size: str, scheme: str, says: str) -> Iterator[Seen]:
        width, height = SIZES[size]
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        complaints = heard(page, address)
        # The browser remembers whether another page left its sidebar open.
        page.add_init_script("localStorage.clear()")
        page.goto(f"{address}{path}")
        seen = Seen(page, size, scheme)
        expect(seen.verdict).to_contain_text(says, timeout=PATIENCE * 1000)
        yield seen
        assert page.get_by_test_id("stException").count() == 0
        assert complaints == []
        page.close()

    return watch
