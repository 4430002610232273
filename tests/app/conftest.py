"""A page as a person meets it, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parents[2] / "app.py"
PATIENCE = 60  # seconds; a busy machine is no failure
FIRST = "decide"  # the page that opens without a name
A_STATE = {"scenario": "state_not_covering"}
STATES = {"state": (FIRST, A_STATE), "state_uncertainty": ("uncertainty", A_STATE)}
OWN_INPUTS = ("states", "portfolio")  # pages that have none of a scenario's


class Page:
    """One page, opened from its address."""

    def __init__(self, name: str, address: dict[str, str]) -> None:
        self.name = name
        if name == FIRST:
            self.at = AppTest.from_file(str(APP), default_timeout=PATIENCE)
        else:
            script = f"from calculator.ui import {name}\n{name}.render()"
            self.at = AppTest.from_string(script, default_timeout=PATIENCE)
        for path, text in address.items():
            self.at.query_params[path] = text
        self.at.run()

    def key(self, path: str) -> str:
        """The key of a field: of the program that is chosen, or of the page."""
        whose = self.name if self.name in OWN_INPUTS else self.at.session_state["program"]
        return f"{whose}:{path}"

    def text(self, path: str) -> str:
        """What a field says."""
        return self.at.text_input(key=self.key(path)).value

    def change(self, path: str, text: str) -> Page:
        self.at.text_input(key=self.key(path)).set_value(text)
        self.at.run()
        return self

    def paste(self, path: str, text: str) -> Page:
        self.at.text_area(key=self.key(path)).set_value(text)
        self.at.run()
        return self

    def choose(self, path: str, word: str) -> Page:
        self.at.selectbox(key=self.key(path)).select(word).run()
        return self

    def answer(self, path: str, word: str) -> Page:
        self.at.radio(key=self.key(path)).set_value(word).run()
        return self

    def reset(self) -> Page:
        self.at.button(key="reset").click().run()
        return self

    @property
    def said(self) -> str:
        """The verdict, as far as its first sentence."""
        return self.at.title[0].value

    @property
    def sections(self) -> list[str]:
        return [one.value.replace("\\", "") for one in self.at.header]

    @property
    def texts(self) -> list[str]:
        return [*(one.value for one in self.at.markdown), *(one.value for one in self.at.caption)]

    @property
    def calm(self) -> bool:
        return not self.at.exception and not self.at.error and not self.at.warning

    @property
    def complaint(self) -> str:
        """The one error beside a field."""
        assert not self.at.exception
        assert len(self.at.error) == 1
        return self.at.error[0].value.replace("\\", "")

    @property
    def aside(self) -> str:
        """Why the result shown is not that of what is typed."""
        return self.at.warning[0].value.replace("\\", "")


@pytest.fixture
def opened() -> Callable[..., Page]:
    """`opened("state", {"scenario": "state_covering"})` is a page opened from an address."""

    def open_(name: str = FIRST, address: dict[str, str] | None = None) -> Page:
        page, start = STATES.get(name, (name, {}))
        return Page(page, {**start, **(address or {})})

    return open_
