"""Whose decision it is: a drug plan's or a state's, its inputs, and the answer to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from calculator.errors import InputError
from calculator.ui import gaps, inputs_medicaid, inputs_part_d, parts
from calculator.ui.form import Form, ground, key_of, offered
from calculator.ui.sidebar import FILE, LAID, PROGRAM, START_FROM, followed

Said = TypeVar("Said")
# The first one at first.
LABELS = {"part_d": "Part D plan", "medicaid": "State Medicaid"}
SIDEBARS = {"part_d": inputs_part_d.sidebar, "medicaid": inputs_medicaid.sidebar}


def inputs(page: str) -> Form:
    """Draw the choice of the program and its inputs in the sidebar. page: which page shows them.

    Every page of one scenario shows the same inputs: what is typed on one holds on all of them.
    """
    linked = _of_address()
    # Said anew on every run: a page's widgets are its own, and take what it said along with them.
    kept = st.session_state.get(PROGRAM, next(iter(LABELS)))
    st.session_state[PROGRAM] = linked or kept
    with st.sidebar:
        st.segmented_control(
            "Program",
            list(LABELS),
            format_func=LABELS.__getitem__,
            required=True,
            key=PROGRAM,
            width="stretch",
            on_change=st.query_params.clear,
            persist_state="session",
        )
    name = st.session_state[PROGRAM]
    return parts.shared(name, page, SIDEBARS[name])


def _of_address() -> str | None:
    """The program of an address that is followed: another one than the last that was drawn."""
    drawn = st.session_state.get(key_of(str(st.session_state.get(PROGRAM)), LAID)) or {}
    address = followed(drawn)
    if START_FROM not in address:
        return None
    if address[START_FROM] == FILE:
        try:
            return ground(FILE, own=address.get(FILE, "")).scenario.program
        except InputError:
            return None  # the sidebar says what is wrong with it
    return next((name for name in LABELS if address[START_FROM] in offered(name)), None)


def answered(form: Form, answer: Callable[[str, Any], Said]) -> Said | None:
    """The answer to the inputs, or to the last valid ones with a word about it.

    None where a state's number is not published and nobody's may stand in for it: the page then
    shows what to enter, and has nothing else to say.
    """
    if gaps.shown(form):
        return None
    return parts.answered(form, answer)
