"""The page of all states: who gains and who pays under one set of terms."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import streamlit as st

from calculator import __version__
from calculator.analysis.states import screen
from calculator.errors import InputError
from calculator.report import screen as screens
from calculator.report.figures import COLOURS
from calculator.report.figures_states import states_figure
from calculator.report.screen import Screen
from calculator.report.words import changed, dollars
from calculator.scenario import CHANGES, Scenario
from calculator.ui import parts
from calculator.ui.downloads import download, file_name
from calculator.ui.form import PACKAGE, Form, offered
from calculator.ui.inputs_medicaid import FIRST_OFFERED
from calculator.ui.inputs_shared import terms_package
from calculator.ui.parts import Note, section, signed
from calculator.ui.sidebar import Frame, inputs
from calculator.ui.widgets import calm, plain, theme

PAGE = "states"
NET_PRICE = "terms.guaranteed_net_price"
MOST_LINES = 13  # of the table in sight
NOTE = (
    "Number: value per enrollee a year, USD; + is a gain, a minus a cost. Heavy outline: obesity "
    "use is covered today. Dotted: a gap, not a zero. Each tile lies about where its state does."
)


@dataclasses.dataclass(frozen=True)
class Answer:
    """Everything the page says about one set of terms."""

    screen: Screen
    until: str
    price: float | None


@st.cache_resource(max_entries=32, show_spinner="All 51 programs are run: about two seconds.")
def answer(content: str, _scenario: Scenario) -> Answer:
    """All states on the same terms and assumptions, once for each set of them."""
    settings = {PACKAGE: _scenario.terms["package"], **_scenario.changes()}
    register = _scenario.register()
    until = f"{register.day('assumptions.coverage.medicaid_end'):%B %Y}"
    price = float(register.number(NET_PRICE)[0])
    rows = screen(settings=settings)
    return Answer(Screen(rows), until, None if np.isnan(price) else price)


@calm
def render() -> None:
    """Draw the page."""
    form = _sidebar()
    said = parts.answered(form, answer)
    found = said.screen
    notes = _rests_on(form)
    parts.headline(screens.sentence(found), screens.more(found), notes)
    _cards(said)
    left, right = st.columns([5, 7], gap="medium")
    with left:
        title = screens.title(found)
        section(title)
        figure = states_figure(found, theme())
        parts.picture(figure, f"{title} {screens.in_words(found)}", NOTE, "tiles")
    with right:
        section("All states, to be sorted by any column")
        _table(found)
    mark = str(st.session_state[form.key(PACKAGE)])
    download("States as CSV", screens.frame(found), file_name("states", mark), "states.file")
    _basis(notes)


def _sidebar() -> Form:
    """The terms, which every state gets alike."""
    frame = Frame(PAGE, "State Medicaid", {FIRST_OFFERED: offered("medicaid")[FIRST_OFFERED]})
    with inputs(frame) as form:
        st.caption("One set of terms for all 51 programs, each as it covers the use today.")
        terms_package(form)
        form.number(NET_PRICE)
    own = [path for path in form.settings if path.split(".")[0] not in CHANGES]
    if own:
        allowed = "terms and assumptions, which all states share"
        form.refuse(InputError(own[0], allowed, str(form.settings[own[0]])), "")
    return form


def _rests_on(form: Form) -> list[Note]:
    """What the answer rests on, as (badge, sentence)."""
    package = form.ground.register.tree.terms[str(st.session_state[form.key(PACKAGE)])]
    scenario = form.scenario() or form.ground.scenario
    return [
        ("terms", f"{package.label} ({package.status})"),
        ("assumed", "AMP, best price and own supplemental rebates are confidential"),
        ("assumed", "Enrollment by group: adults of 2026 in their proportions of 2022"),
        ("projected", "Match rates after the last published year are held"),
        *changed(scenario, scenario.register()),
    ]


def _cards(said: Answer) -> None:
    """Four figures of all states together."""
    found = said.screen
    turning, covered = found.breakeven(), found.covered
    parts.cards(
        [
            (
                f"Value to {len(found.known)} states",
                signed(found.total("value")),
                f"{signed(found.total('high_uptake_value'))} at high uptake",
            ),
            (
                f"Of which to {len(covered)} that cover it today",
                signed(sum(row.value or 0.0 for row in covered)),
                f"to {said.until}",
            ),
            (
                "Break-even net price, median",
                "none" if turning is None else f"{dollars(turning, 0)} a fill",
                f"guaranteed {'none' if said.price is None else dollars(said.price, 0)}",
            ),
            (
                f"People on therapy, {said.until}",
                f"{found.total('treated_at_end'):,.0f}",
                f"in {len(found.known)} states",
            ),
        ]
    )


def _table(found: Screen) -> None:
    frame = screens.table(found)
    colours = COLOURS[theme()]

    def coloured(amount: Any) -> str:
        if not amount or np.isnan(amount):
            return ""
        return f"color: {colours['gain' if amount > 0 else 'cost']}"

    written: dict[Any, Any] = dict(screens.WRITTEN)
    values: Any = list(screens.VALUES)
    styled = frame.style.format(written, na_rep="").map(coloured, subset=values)
    meaning = {heading: help_ for heading, help_, _ in screens.COLUMNS}
    config: dict[str, Any] = {
        heading: st.column_config.Column(help=help_) for heading, help_ in meaning.items()
    }
    st.dataframe(
        styled,
        hide_index=True,
        height=parts.LINE * MOST_LINES,
        column_config={"State": st.column_config.Column(pinned=True), **config},
        placeholder="–",
        alt="All states: value, per enrollee, state share, break-even net price, people treated.",
        key="states",
    )


def _basis(notes: list[Note]) -> None:
    with st.expander("What this rests on"):
        for kind, sentence in notes:
            st.markdown(f"**{plain(kind)}**: {plain(sentence)}")
        st.markdown(
            "Each state starts from its preset: enrollment by group, match rates, obesity, "
            "coverage and pharmacy benefit as published. A state's own page shows every value with "
            "its status and source."
        )
    st.caption(f"balance-calculator {__version__}")
