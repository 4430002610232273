"""A state with a number that is not published: what to enter before there is an answer."""

from __future__ import annotations

import streamlit as st

from calculator import decide
from calculator.errors import InputError
from calculator.presets import gaps
from calculator.scenario import StateScenario
from calculator.ui import parts
from calculator.ui.form import Form
from calculator.ui.inputs_medicaid import GROUP_NAMES
from calculator.ui.widgets import plain


def shown(form: Form) -> bool:
    """Whether the page is what to enter, drawn here, and no answer."""
    if not isinstance(form.ground.scenario, StateScenario):
        return False
    missing = _missing(form)
    if missing:
        _show(form, missing)
    return bool(missing)


def _missing(form: Form) -> list[str]:
    """Groups of the chosen state without a number, where the answer needs one."""
    scenario = form.scenario()
    own = form.ground.scenario
    assert isinstance(own, StateScenario)
    if scenario is None:
        # What stands in for a wrong entry must have an answer itself.
        last = st.session_state.get(form.key(parts.LAST_GOOD))
        same = isinstance(last, StateScenario) and last.state.abbr == own.state.abbr
        return [] if same else gaps(own, form.ground.register)
    assert isinstance(scenario, StateScenario)
    missing = gaps(scenario, scenario.register())
    if missing and scenario.state.accept_gaps:
        return missing if _nobody_left(scenario.model_dump_json(), scenario) else []
    return missing


@st.cache_data(max_entries=64, show_spinner=False)
def _nobody_left(content: str, _scenario: StateScenario) -> bool:
    """Whether nobody is left to treat where groups without a number are left out."""
    try:
        decide(_scenario)
    except InputError as error:
        return error.field == "groups"
    return False


def _show(form: Form, missing: list[str]) -> None:
    """What to enter before there is an answer; nobody's numbers stand in for the state's."""
    scenario = form.ground.scenario
    assert isinstance(scenario, StateScenario)
    register = form.ground.register
    state = register.tree.states[scenario.state.abbr]["state"]
    names = [_inside(GROUP_NAMES[path.split(".")[1]]) for path in missing]
    st.title(plain(f"{state}'s budget needs a number that is not published."), anchor=False)
    st.info(
        plain(
            f"No enrollment was found for {_listed(names)}. Enter your own under Enrollment, or "
            "say there that groups without a number are left out; somebody must be left to treat."
        ),
        icon=":material/edit:",
    )
    if form.wrong is not None:
        st.warning(plain(form.wrong), icon=":material/edit:")
    parts.section("What is known of its groups")
    rows = [
        (
            GROUP_NAMES[name],
            "gap" if number is None else f"{number:,.0f}",
            "" if number is None else dated.status,
        )
        for name in GROUP_NAMES
        for _, dated, number in [form.entry(f"groups.{name}.enrollment")]
    ]
    parts.texts(rows, ["Group", "Enrollment, people", "Status"])


def _inside(name: str) -> str:
    """A group's name inside a sentence.

    >>> _inside("Base adults"), _inside("CHIP in Medicaid")
    ('base adults', 'CHIP in Medicaid')
    """
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def _listed(names: list[str]) -> str:
    """Names as one phrase: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
