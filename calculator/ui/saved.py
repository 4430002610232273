"""Scenarios kept under names: up to six as one text in the address of every page.

A reload or a shared link keeps them, and no server has to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import streamlit as st

from calculator.errors import InputError
from calculator.scenario import Scenario, scenario_of
from calculator.ui import packed
from calculator.ui.sidebar import FILE, SAVED, START_FROM, drawn

MOST_SAVED, MOST_LETTERS = 6, 60
HERE = "As it stands"
A_LIST = "the saved scenarios of a link that this app made"


@dataclass(frozen=True)
class Saved:
    """A scenario kept under a name."""

    name: str
    scenario: Scenario


def unpacked(text: str) -> tuple[tuple[Saved, ...], tuple[InputError, ...]]:
    """The saved scenarios of a text, and what is wrong with those that cannot be read.

    >>> unpacked("")
    ((), ())
    >>> unpacked("%%%")[1][0].field
    'saved'
    """
    if len(text) > packed.MOST_TEXT:
        given = f"{len(text):,} letters"
        return (), (InputError(SAVED, A_LIST, given),)
    return _unpacked(text)


@lru_cache(maxsize=64)
def _unpacked(text: str) -> tuple[tuple[Saved, ...], tuple[InputError, ...]]:
    if not text:
        return (), ()
    try:
        data = packed.unpack_data(text)
        if not isinstance(data, list) or len(data) > MOST_SAVED:
            raise InputError(SAVED, f"up to {MOST_SAVED} saved scenarios", "something else")
    except InputError as error:
        return (), (InputError(SAVED, A_LIST, error.given),)
    found: list[Saved] = []
    wrong: list[InputError] = []
    for number, one in enumerate(data, start=1):
        try:
            found.append(_saved(one, number, found))
        except InputError as error:
            wrong.append(error)
    return tuple(found), tuple(wrong)


def _saved(data: object, number: int, before: Sequence[Saved]) -> Saved:
    """One of them: its name is new and its scenario one that can be read."""
    if not isinstance(data, dict) or not isinstance(data.get("scenario"), dict):
        raise InputError(f"saved scenario {number}", "a name and a scenario", "something else")
    name = checked_name(data.get("name"), [one.name for one in before])
    try:
        scenario = scenario_of(data["scenario"])
        scenario.register()
    except RecursionError:
        raise InputError(name, "a scenario", "brackets in brackets without end") from None
    except InputError as error:
        raise InputError(f"{name}: {error.field}", error.allowed, error.given) from None
    return Saved(name, scenario)


def checked_name(name: object, others: Sequence[str]) -> str:
    """A name that can stand above a column: some letters, not too many, nobody else's.

    >>> checked_name(" Base ", ["Other"])
    'Base'
    >>> checked_name("other", ["Other"])
    Traceback (most recent call last):
    calculator.errors.InputError: name: allowed is a name that no other saved scenario has; given \
was other
    """
    text = " ".join(name.split()) if isinstance(name, str) else ""
    if not 1 <= len(text) <= MOST_LETTERS or not text.isprintable():
        raise InputError("name", f"1 to {MOST_LETTERS} letters", text or "nothing")
    if text.casefold() in (HERE.casefold(), *(other.casefold() for other in others)):
        raise InputError("name", "a name that no other saved scenario has", text)
    return text


def packed_list(saved: Sequence[Saved]) -> str:
    """Saved scenarios as letters of an address; an InputError where they are too many letters."""
    if not saved:
        return ""
    text = packed.pack_data([{"name": s.name, "scenario": s.scenario.plain()} for s in saved])
    if len(text) > packed.MOST_TEXT:
        allowed = f"scenarios of up to {packed.MOST_TEXT:,} letters together in a link"
        given = f"{len(text):,} letters; take their scenario files instead"
        raise InputError(SAVED, allowed, given)
    return text


def suggested(name: str, taken: Sequence[str]) -> str:
    """A scenario's own name, with a number where it is taken.

    >>> suggested("base", ["base", "base 2"])
    'base 3'
    """
    name = name[: MOST_LETTERS - 3]
    used = {other.casefold() for other in taken}
    if name.casefold() not in used:
        return name
    return next(f"{name} {n}" for n in range(2, 99) if f"{name} {n}".casefold() not in used)


def file_address(scenario: Scenario) -> dict[str, str]:
    """The address of a scenario that is no shipped one; what is saved stays."""
    text = packed.packed(scenario)
    if len(text) > packed.MOST_TEXT:
        allowed = f"one of up to {packed.MOST_TEXT:,} letters in an address"
        raise InputError("scenario", allowed, f"{len(text):,} letters")
    address = {START_FROM: FILE, FILE: text}
    kept = str(st.session_state.get(SAVED) or drawn().get(SAVED, ""))
    return {**address, SAVED: kept} if kept else address
