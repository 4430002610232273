"""What a reader sees, and what the log holds, when a page of the real server has a bug."""

import re
import sys
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from calculator.ui.widgets import SORRY
from tests.serving import served

TYPED = "123-45-6789"
# The app with pages of its own that break: inside a page, in what a click calls, and above all.
BROKEN = """
import streamlit as st
from calculator.ui import logs
from calculator.ui.widgets import calm

def fail():
    raise ValueError(f"cannot read {st.session_state.typed}")

@calm
def inside():
    st.text_input("Number", key="typed")
    fail()

@calm
def clicked():
    st.text_input("Number", key="typed")
    st.button("Go", on_click=fail)

def outside():
    st.text_input("Number", key="typed")
    fail()

logs.discreet()
st.navigation([
    st.Page(inside, url_path="first", default=True),
    st.Page(clicked, url_path="clicked"),
    st.Page(outside, url_path="outside"),
]).run()
"""


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    """A server of broken pages with the settings that are shipped."""
    path = tmp_path_factory.mktemp("broken") / "app.py"
    path.write_text(BROKEN, encoding="utf-8")
    program = (
        "import subprocess, sys\n"
        "from calculator import cli\n"
        f"cli.shipped = lambda name, real=cli.shipped: {str(path)!r} if name == 'app.py'"
        " else real(name)\n"
        "cli.main(['app', *sys.argv[1:]])\n"
    )
    with served([sys.executable, "-c", program]) as server:
        yield server


@pytest.fixture
def typed_into(context, heard, broken):
    """`with typed_into("/") as page`: a page that somebody has typed into."""

    @contextmanager
    def open_(path):
        page = context.new_page()
        complaints = heard(page, broken.url)
        page.goto(f"{broken.url}{path}")
        field = page.get_by_role("textbox", name="Number")
        field.fill(TYPED)
        field.press("Enter")
        yield page
        page.close()
        assert complaints == []

    return open_


def nothing_told(page, broken):
    """Neither the page nor the log tells more than that something broke, and where."""
    text = page.locator("body").inner_text()
    for word in ("Traceback", "ValueError", "cannot read", "/app.py", "File "):
        assert word not in text
    assert TYPED not in broken.log
    assert "Traceback" not in broken.log
    assert "ValueError at" in broken.log


def test_a_page_with_a_bug_says_one_sentence(typed_into, broken):
    with typed_into("/") as page:
        expect(page.get_by_test_id("stAlert")).to_have_text(re.compile(re.escape(SORRY)))
        nothing_told(page, broken)


def test_a_click_that_breaks_tells_nothing_either(typed_into, broken):
    with typed_into("/clicked") as page:
        page.get_by_role("button", name="Go").click()
        expect(page.get_by_test_id("stException")).to_be_visible()
        nothing_told(page, broken)


def test_a_bug_outside_every_page_tells_nothing_either(typed_into, broken):
    with typed_into("/outside") as page:
        expect(page.get_by_test_id("stException")).to_be_visible()
        nothing_told(page, broken)
