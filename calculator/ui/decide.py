"""The first page: what joining is worth to a drug plan or a state, and what that rests on."""

from __future__ import annotations

import threading

import streamlit as st

from calculator.scenario import PlanScenario, Scenario, StateScenario
from calculator.ui import decide_plan, decide_state, program
from calculator.ui.widgets import calm

PATIENCE = 10.0  # seconds; a page that takes longer holds nobody up
Answer = decide_plan.Answer | decide_state.Answer


def answer(content: str, scenario: Scenario) -> Answer:
    """Everything the page says about one scenario, once for each content."""
    if isinstance(scenario, PlanScenario):
        return decide_plan.answer(content, scenario)
    assert isinstance(scenario, StateScenario)
    return decide_state.answer(content, scenario)


@st.cache_resource(show_spinner=False)
def _turn() -> threading.Lock:
    """Whose turn it is. Python draws one page at a time whatever is asked of it; many at once would
    only wait for each other at every step, and each be done later than in its turn."""
    return threading.Lock()


@calm
def render() -> None:
    """Draw the page."""
    turn = _turn()
    mine = turn.acquire(timeout=PATIENCE)
    try:
        _draw()
    finally:
        if mine:
            turn.release()


def _draw() -> None:
    said = program.answered(program.inputs("decide"), answer)
    if isinstance(said, decide_plan.Answer):
        decide_plan.draw(said)
    elif said is not None:
        decide_state.draw(said)
