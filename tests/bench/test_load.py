"""Ten at once, each changing an input every two seconds, and how fast pages come.

`make bench` starts the app as `balance app` does and prints: the time until all of a page belongs
to the new input, what was lost, the memory of the server, and how long a first page and a page of
512 draws take. Seconds belong to the machine and are printed; what holds anywhere is asserted:
nothing is lost, and memory is flat. BALANCE_LOAD_MINUTES says how long (2 unless said otherwise).

Ten sessions speak the app's own protocol, so that the server has the machine. A redraw costs
Chromium more than it costs the server, so ten browsers need other machines to run on; here two
stand for them (BALANCE_LOAD_BROWSERS) and show what a person sees.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from calculator import load_scenario
from calculator.result import fingerprint
from tests.bench.session import Session
from tests.serving import Server, served

MINUTES = float(os.environ.get("BALANCE_LOAD_MINUTES", "2"))
BROWSERS = int(os.environ.get("BALANCE_LOAD_BROWSERS", "2"))
SESSIONS = 10
EVERY = 2.0  # seconds between the changes of a browser
LATEST = 30.0  # seconds until a change that shows nothing is lost
SAMPLE = 5.0  # seconds between looks at the memory
# Memory settles while caches fill; after that a session may hold so much more at the end.
WARM_UP, MOST_MEGABYTES = 1 / 3, 2.0
LEAST_MINUTES = 5  # a shorter run is all warm-up: its memory is printed and not held to anything
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
MARK = "BALANCE_LOAD"
# Scenario, the group in the sidebar, the path typed, its first value and the step to the next.
TYPED = (
    ("pdp_regional", "Enrollment", "plan.members", 40_000.0, 10.0),
    ("pdp_national", "Drug price", "terms.guaranteed_net_price", 245.0, 0.01),
    ("mapd", "Terms", "terms.copay", 50.0, 0.001),
    ("dsnp", "Enrollment", "plan.spend_ratio", 1.0, 0.0001),
    ("egwp", "Drug price", "terms.guaranteed_net_price", 240.0, 0.01),
    ("pdp_regional", "Terms", "terms.copay", 45.0, 0.001),
    ("state_not_covering", "Drug price", "terms.guaranteed_net_price", 245.0, 0.01),
    ("state_covering", "Drug price", "terms.guaranteed_net_price", 244.0, 0.01),
    ("pdp_regional", "Enrollment", "assumptions.uptake.eligible_share", 0.07, 0.000001),
    ("state_ending_coverage", "Drug price", "terms.guaranteed_net_price", 243.0, 0.01),
)
# When Enter was pressed, and when each fingerprint, which ends the page, was first to be read.
WATCH = """
(() => {
    window.asked = []; window.shown = {};
    document.addEventListener('keydown', event => {
        if (event.key === 'Enter') window.asked.push(performance.now());
    }, true);
    let waiting = false;
    const look = () => {
        waiting = false;
        for (const part of document.querySelectorAll('[data-testid="stCaptionContainer"]')) {
            const found = /fingerprint ([0-9a-f]{64})/.exec(part.textContent);
            if (found && !(found[1] in window.shown)) window.shown[found[1]] = performance.now();
        }
    };
    new MutationObserver(() => {
        if (!waiting) { waiting = true; requestAnimationFrame(look); }
    }).observe(document, {subtree: true, childList: true, characterData: true});
})()
"""

pytestmark = [
    pytest.mark.timeout(MINUTES * 60 + 900),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc"),
]


# ---------------------------------------------------------------------------- server and browsers


@pytest.fixture(scope="module")
def chromium(needs) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=needs("chromium"), args=FLAGS)
        yield found
        found.close()


def megabytes(mark: str) -> float:
    """Resident memory of the programs started with a mark, Chromium's apart."""
    total = 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() not in (process / "environ").read_bytes().split(b"\0"):
                continue
            status = (process / "status").read_text(encoding="utf-8")
        except OSError:
            continue  # another's, or just ended
        kilobytes = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
        total += sum(map(float, kilobytes)) / 1024
    return total


class Memory:
    """Looks at a server's memory until stopped: seconds and megabytes."""

    def __init__(self, mark: str) -> None:
        self.seconds: list[float] = []
        self.megabytes: list[float] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, args=(mark,), daemon=True)
        self._thread.start()

    def _look(self, mark: str) -> None:
        while not self._over.wait(SAMPLE):
            self.seconds.append(time.monotonic())
            self.megabytes.append(megabytes(mark))

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def settled(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Minutes and megabytes after the warm-up."""
        first = int(len(self.seconds) * WARM_UP)
        return np.array(self.seconds[first:]) / 60, np.array(self.megabytes[first:])


def key_of(scenario: str, path: str) -> str:
    """The key of a field."""
    return f"{'medicaid' if scenario.startswith('state') else 'part_d'}:{path}"


def mark_of(scenario: str, path: str, value: float) -> str:
    """The fingerprint that a page shows when the field says so."""
    changed = load_scenario(scenario).with_settings({path: value})
    return fingerprint(changed, changed.register(), "full")


@dataclass
class Reader:
    """One browser on Decide, with one field that it changes."""

    page: Page
    scenario: str
    path: str
    value: float
    step: float
    expected: list[str] = field(default_factory=list)

    def open(self, url: str, group: str) -> None:
        self.page.goto(f"{url}/?scenario={self.scenario}")
        self.page.get_by_role("heading", level=1).wait_for()
        self.page.get_by_test_id("stSidebar").get_by_text(group, exact=True).first.click()
        self.field.wait_for()

    @property
    def field(self) -> Any:
        key = key_of(self.scenario, self.path).replace(":", "-").replace(".", "-")
        return self.page.locator(f".st-key-{key} input")

    def change(self) -> None:
        """Type a value nobody typed before and press Enter."""
        self.value = round(self.value + self.step, 9)
        self.expected.append(mark_of(self.scenario, self.path, self.value))
        self.field.fill(f"{self.value:.9g}")
        self.field.press("Enter")

    def done(self) -> bool:
        """Whether the last change is shown."""
        return bool(self.page.evaluate("mark => mark in window.shown", self.expected[-1]))

    def took(self) -> tuple[list[float], int, int]:
        """Seconds of each change that was shown; how many a later one overtook; how many lost."""
        asked = self.page.evaluate("window.asked")
        shown = self.page.evaluate("window.shown")
        assert len(asked) == len(self.expected)
        came = [shown.get(mark) for mark in self.expected]
        seconds = [(at - since) / 1000 for at, since in zip(came, asked, strict=True) if at]
        overtaken = sum(
            at is None and any(later is not None for later in came[place + 1 :])
            for place, at in enumerate(came)
        )
        return seconds, overtaken, len(came) - len(seconds) - overtaken


def opened(chromium: Browser) -> Page:
    page = chromium.new_context(viewport={"width": 1440, "height": 1000}).new_page()
    page.set_default_timeout(120_000)
    page.add_init_script(WATCH)
    return page


@pytest.fixture
def server(request) -> Iterator[tuple[Server, str]]:
    mark = f"{os.getpid()}.{request.node.name}"
    with served(environment={MARK: mark}) as running:
        yield running, mark


# -------------------------------------------------------------------------------------- ten at once


def summary(seconds: list[float], lost: int, memory: Memory, opened_with: float, count: int):
    """What was measured: name -> number."""
    seconds = sorted(seconds)
    minutes, held = memory.settled()
    fifth = max(len(held) // 5, 1)
    return {
        "changes": len(seconds) + lost,
        "median_seconds": round(statistics.median(seconds), 3),
        "seconds_95_of_100": round(seconds[int(0.95 * len(seconds))], 3),
        "slowest_seconds": round(seconds[-1], 3),
        "lost": lost,
        "megabytes_with_all_open": round(opened_with),
        "megabytes_after_warm_up": round(float(held[:fifth].mean())),
        "megabytes_at_the_end": round(float(held[-fifth:].mean())),
        "megabytes_more_a_session": round(
            float(held[-fifth:].mean() - held[:fifth].mean()) / count, 2
        ),
        "megabytes_a_minute_and_session": round(float(np.polyfit(minutes, held, 1)[0]) / count, 3),
    }


def told(said, what: str, benchmark, capsys) -> None:
    """Print it, and hold what holds on any machine."""
    benchmark.extra_info.update(minutes=MINUTES, **said)
    with capsys.disabled():
        print(f"\n{what} for {MINUTES:g} minutes, a change every {EVERY:g} s:")
        for name, number in said.items():
            print(f"  {name.replace('_', ' ')}: {number:,}")
    assert said["lost"] == 0
    if MINUTES >= LEAST_MINUTES:
        assert said["megabytes_more_a_session"] < MOST_MEGABYTES


def test_ten_sessions_at_once(benchmark, capsys, server):
    running, mark = server
    turns = int(MINUTES * 60 / EVERY)
    sessions, changes = [], []
    for scenario, _, path, value, step in TYPED:
        field_, query = key_of(scenario, path), f"scenario={scenario}"
        sessions.append(Session(running.url, query, field_, LATEST))
        values = [round(value + step * (turn + 1), 9) for turn in range(turns)]
        changes.append([(f"{one:.9g}", mark_of(scenario, path, one)) for one in values])
    opened_with = megabytes(mark)
    memory = Memory(mark)
    took: list[float | None] = []

    def changing(at: int, start: float) -> None:
        for turn, (text, expected) in enumerate(changes[at]):
            due = start + turn * EVERY + at * EVERY / SESSIONS
            time.sleep(max(0.0, due - time.monotonic()))
            took.append(sessions[at].change(text, expected))

    def all_at_once() -> None:
        start = time.monotonic()
        with ThreadPoolExecutor(SESSIONS) as pool:
            list(pool.map(lambda at: changing(at, start), range(SESSIONS)))

    benchmark.pedantic(all_at_once, rounds=1)
    memory.stop()
    for session in sessions:
        session.close()
    shown_ = [seconds for seconds in took if seconds is not None]
    assert sum(session.errors for session in sessions) == 0
    said = summary(shown_, len(took) - len(shown_), memory, opened_with, SESSIONS)
    told(said, f"{SESSIONS} sessions", benchmark, capsys)


def test_browsers_at_once(benchmark, capsys, chromium, server):
    running, mark = server
    readers = []
    for at in range(BROWSERS):
        scenario, group, path, value, step = TYPED[at % len(TYPED)]
        reader = Reader(opened(chromium), scenario, path, value, step)
        reader.open(running.url, group)
        readers.append(reader)
    opened_with = megabytes(mark)
    memory = Memory(mark)

    def changing() -> None:
        """Each browser in its turn, at its own times."""
        start = time.monotonic()
        for turn in range(int(MINUTES * 60 / EVERY)):
            for at, reader in enumerate(readers):
                due = start + turn * EVERY + at * EVERY / BROWSERS
                time.sleep(max(0.0, due - time.monotonic()))
                reader.change()
        until = time.monotonic() + LATEST
        while time.monotonic() < until and not all(reader.done() for reader in readers):
            time.sleep(0.1)

    benchmark.pedantic(changing, rounds=1)
    memory.stop()
    found = [reader.took() for reader in readers]
    errors = sum(reader.page.get_by_test_id("stException").count() for reader in readers)
    seconds = [one for each, _, _ in found for one in each]
    overtaken, lost = (sum(each[place] for each in found) for place in (1, 2))
    said = {**summary(seconds, lost, memory, opened_with, BROWSERS), "overtaken": overtaken}
    for reader in readers:
        reader.page.context.close()
    assert errors == 0
    told(said, f"{BROWSERS} browsers", benchmark, capsys)


# -------------------------------------------------------------------------------------- first page


def shown(page: Page, address: str, says: str) -> float:
    """Seconds until a page says so in its title."""
    began = time.monotonic()
    page.goto(address)
    page.get_by_role("heading", level=1).filter(has_text=says).wait_for()
    return time.monotonic() - began


def test_the_first_page(benchmark, capsys, chromium):
    """From nothing to the verdict on a page, and the first page of a server that runs."""
    page = opened(chromium)
    took: dict[str, float] = {}

    def from_nothing() -> None:
        began = time.monotonic()
        with served() as running:
            took["server started"] = time.monotonic() - began
            took["its first page, with nothing in any cache"] = shown(page, running.url, "Joining")
            took["from the command to the first page"] = time.monotonic() - began
            again = opened(chromium)
            took["the first page of another browser"] = shown(again, running.url, "Joining")
            other = f"{running.url}/?scenario=mapd&plan.members=31234"
            took["a page of a new scenario"] = shown(opened(chromium), other, "Joining")

    benchmark.pedantic(from_nothing, rounds=1)
    benchmark.extra_info.update({name: round(seconds, 2) for name, seconds in took.items()})
    with capsys.disabled():
        print()
        for name, seconds in took.items():
            print(f"{name}: {seconds:.2f} s")


def test_a_page_of_512_draws(benchmark, capsys, chromium, server):
    """The page of draws beside Decide, each of a scenario that nobody opened before."""
    running, _ = server
    page = opened(chromium)
    shown(page, f"{running.url}/uncertainty", "Joining pays in")
    took = {"512 draws": [], "Decide": []}
    pages: dict[str, tuple[str, str]] = {
        "512 draws": ("uncertainty", "Joining pays in"),
        "Decide": ("", "Joining"),
    }

    def both() -> None:
        for turn in range(3):
            for name, (place, says) in pages.items():
                members = 50_000 + 10 * turn
                address = f"{running.url}/{place}?scenario=pdp_regional&plan.members={members}"
                took[name].append(shown(opened(chromium), address, says))

    benchmark.pedantic(both, rounds=1)
    middle = {name: statistics.median(seconds) for name, seconds in took.items()}
    benchmark.extra_info.update({name: round(seconds, 2) for name, seconds in middle.items()})
    with capsys.disabled():
        print()
        for name, seconds in middle.items():
            print(f"a page of {name}, until its title is shown: {seconds:.2f} s")
