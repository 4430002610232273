"""What is bounded, at its bounds."""

from __future__ import annotations

import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calculator.errors import InputError, one_line
from calculator.scenario import Scenario
from calculator.ui import logs, packed
from tests.fuzz.fuzzed import ODD_TEXT, at_odds, bounded
from tests.fuzz.test_scenarios import SHIPPED, scenarios


def test_what_would_not_unfold_again_is_not_folded() -> None:
    fits = "a" * (packed.MOST_BYTES - 2)
    assert packed.unpack_data(packed.pack_data(fits)) == fits
    with pytest.raises(InputError, match="1,000,000 bytes"):
        packed.pack_data(fits + "a")


def test_a_record_whose_values_do_not_fit_its_text_stops_nothing() -> None:
    try:
        raise ValueError("123-45-6789")
    except ValueError as error:
        told = (type(error), error, error.__traceback__)
        record = logs._record("app", logging.ERROR, "x.py", 1, "%d of %d", ("one",), told)
    said = record.getMessage()
    assert said.startswith("a message with values that do not fit it (level ERROR): ValueError at")
    assert "123-45" not in said


def test_an_error_is_one_line_whatever_it_is_about() -> None:
    said = str(InputError("two\nlines", "one\tline", "\x1b[31m\u2028red"))
    assert said.splitlines() == [said]
    assert "\x1b" not in said
    assert one_line(said) == said


LINK = packed.pack_data(SHIPPED["pdp_regional"])
LETTERS = ODD_TEXT | st.text(max_size=30) | at_odds(LINK)


@bounded(60)
@given(text=LETTERS | scenarios().map(lambda data: packed.pack_data(in_json(data))))
def test_a_link_of_any_letters_is_a_scenario_or_one_line(text: str) -> None:
    said = "a scenario"
    try:
        assert isinstance(packed.unpacked(text), Scenario)
    except InputError as error:
        said = str(error)
    assert len(said.splitlines()) == 1


def in_json(data: object) -> object:
    """The same as a link can hold it."""
    if isinstance(data, dict):
        return {str(key): in_json(value) for key, value in data.items()}
    if isinstance(data, list):
        return [in_json(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return None
    if isinstance(data, str):
        # A lone surrogate has no bytes.
        return data.encode("utf-8", "replace").decode()
    return data if isinstance(data, int | float | None) else str(data)


def test_a_key_of_any_length_does_not_fill_the_terminal() -> None:
    assert len(str(InputError("a" * 100_000, "a known path", "b" * 100_000))) < 700
