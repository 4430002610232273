"""Saved scenarios side by side, and what explains the gap between two of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from calculator import decide
from calculator.analysis.sensitivity import breakeven
from calculator.analysis.states import price_turn
from calculator.decision import PlanDecision, StateDecision
from calculator.errors import InputError
from calculator.report import compare as report
from calculator.report import figures_compare as figures
from calculator.report.compare import Bridge, Column
from calculator.report.verdict import NET_PRICE
from calculator.report.words import dollars
from calculator.scenario import NAMES, Scenario
from calculator.ui import parts
from calculator.ui.parts import section, signed
from calculator.ui.saved import (
    HERE,
    MOST_LETTERS,
    MOST_SAVED,
    Saved,
    checked_name,
    file_address,
    packed_list,
    suggested,
    unpacked,
)
from calculator.ui.sidebar import SAVED, go
from calculator.ui.widgets import plain, say, theme

PAGE = "compare"
NAME, PICK, NEW_NAME = (f"{PAGE}:{key}" for key in ("name", "pick", "new_name"))
SAID, SAVED_NOW = f"{PAGE}:said", f"{PAGE}:saved_now"
FROM, TO = f"{PAGE}:from", f"{PAGE}:to"
NOT_THERE = "–"
VALUE = "value of joining, USD"
Decided = PlanDecision | StateDecision


def _kept() -> tuple[tuple[Saved, ...], tuple[InputError, ...]]:
    return unpacked(str(st.session_state.get(SAVED) or ""))


def _keep(saved: Sequence[Saved]) -> None:
    """From here on these are saved; the sidebar writes them into the address."""
    st.session_state[SAVED] = packed_list(saved)


# -------------------------------------------------------------------------------- what is clicked


def _answering(change: Callable[..., None]) -> Callable[..., None]:
    """A click whose error stands beside the buttons."""

    def clicked(*given: Any) -> None:
        try:
            change(*given)
        except InputError as error:
            st.session_state[SAID] = error

    return clicked


@_answering
def _save(scenario: Scenario) -> None:
    saved, _ = _kept()
    if len(saved) >= MOST_SAVED:
        names = ", ".join(one.name for one in saved)
        allowed = f"up to {MOST_SAVED} saved scenarios: drop one of {names} first"
        raise InputError("save", allowed, "one more")
    name = checked_name(st.session_state.get(NAME), [one.name for one in saved])
    _keep([*saved, Saved(name, scenario)])
    st.session_state[PICK] = name
    st.session_state[SAVED_NOW] = True


@_answering
def _rename(name: str) -> None:
    saved, _ = _kept()
    others = [one.name for one in saved if one.name != name]
    new = checked_name(st.session_state.get(NEW_NAME), others)
    _keep([Saved(new, one.scenario) if one.name == name else one for one in saved])
    st.session_state[PICK] = new
    st.session_state[NEW_NAME] = ""


@_answering
def _drop(name: str) -> None:
    saved, _ = _kept()
    _keep([one for one in saved if one.name != name])


@_answering
def _open(name: str) -> None:
    saved, _ = _kept()
    found = next((one for one in saved if one.name == name), None)
    if found is not None:
        go(file_address(found.scenario))


# ------------------------------------------------------------------------------------ the answers


@st.cache_resource(max_entries=64, show_spinner=False)
def column_of(content: str, name: str, _scenario: Scenario) -> Column | InputError:
    """A scenario as a column, once for each content and name."""
    try:
        return column(name, decide(_scenario))
    except InputError as error:
        return InputError(f"{name}: {error.field}", error.allowed, error.given)


def column(name: str, decision: Decided) -> Column:
    """A decision as a column, with the net price that turns it."""
    if isinstance(decision, StateDecision):
        root = price_turn(decision).price
    else:
        found = breakeven(
            decision.scenario,
            NET_PRICE,
            resolution=decision.resolution,
            beside=decision.evaluation,
        )
        root = found.root
    return report.column(name, decision, root)


@st.cache_resource(max_entries=64, show_spinner=False)
def bridged(first: str, second: str, _first: Scenario, _second: Scenario) -> Bridge | InputError:
    """What explains the gap between two scenarios, once for each pair of contents."""
    try:
        return report.bridge(_first, _second)
    except InputError as error:
        return InputError(error.field, error.allowed, error.given)


# ---------------------------------------------------------------------------------------- the page


def draw(here: Column, scenario: Scenario) -> None:
    """The comparison: a picture, the table under it, what explains a gap, and what is saved."""
    saved, wrong = _kept()
    columns, refused = [here], list(wrong)
    for one in saved:
        found = column_of(one.scenario.model_dump_json(), one.name, one.scenario)
        (columns if isinstance(found, Column) else refused).append(found)  # type: ignore[arg-type]
    if len(columns) == 1:
        _alone(here)
    else:
        _side_by_side(columns)
    for error in refused:
        st.warning(plain(f"A saved scenario is left out. {error}"), icon=":material/report:")
    _manage(saved, scenario)
    if saved:
        _bridge({HERE: scenario, **{one.name: one.scenario for one in saved}})


def _alone(here: Column) -> None:
    title = figures.years_title(here)
    section(title)
    alt = f"{title} {figures.years_alt(here)}"
    note = "Value is joining less staying out, USD; hatched bars cost. Save it below to compare."
    parts.picture(figures.years_figure(here, theme()), alt, note, "compare.years")


def _side_by_side(columns: Sequence[Column]) -> None:
    program = columns[0].program
    own = [one for one in columns if one.program == program]
    title = report.ranking(own)
    section(title)
    rows = figures.total_rows(own)
    alt = f"{title} {figures.rows_alt(rows, VALUE)}"
    note = "Each scenario over its own months in the model; hatched bars cost."
    figure = figures.rows_figure(rows, _axis(VALUE), theme())
    parts.picture(figure, alt, note, "compare.totals")
    _table(own)
    others = [one for one in columns if one.program != program]
    if others:
        st.caption(
            plain(
                f"{' and '.join(one.name for one in others)}: {NAMES[others[0].program]}. A plan's"
                " value and a state's are dollars of different payers, so they stand apart and are"
                " not compared with each other."
            )
        )
        _table(others)


def _axis(words: str) -> str:
    return words[0].upper() + words[1:]


def _table(columns: Sequence[Column]) -> None:
    """Scenarios as columns, figures as lines; a dash where a scenario has none."""
    periods = sorted({period for one in columns for period in one.by_period})
    lines: list[tuple[str, parts.Write, list[float | None]]] = [
        ("Value", signed, [one.total for one in columns]),
        ("Value, PMPM", lambda usd: signed(usd, 2), [one.pmpm for one in columns]),
        ("Present value", signed, [one.present_value for one in columns]),
        *(
            (f"Value, {period}", signed, [one.by_period.get(period) for one in columns])
            for period in periods
        ),
        ("People on therapy at the end", parts.count, [one.treated for one in columns]),
        ("Premium a month, last year", lambda usd: signed(usd, 2), [o.premium for o in columns]),
        ("Added to the state's net cost", signed, [one.state for one in columns]),
        ("Added to federal net cost", signed, [one.federal for one in columns]),
        (
            "Turns at a net price of",
            lambda usd: f"{dollars(usd, 0)} a fill",
            [one.breakeven for one in columns],
        ),
    ]
    known = [line for line in lines if any(value is not None for value in line[2])]
    parts.written(
        [
            (label, *(math.nan if usd is None else usd for usd in values))
            for label, _, values in known
        ],
        ["USD", *(plain(one.name) for one in columns)],
        lines=[_or_none(write) for _, write, _ in known],
    )


def _or_none(write: parts.Write) -> parts.Write:
    """The same, with a dash for a figure that a scenario does not have."""
    return lambda usd: NOT_THERE if math.isnan(usd) else write(usd)


def _manage(saved: Sequence[Saved], scenario: Scenario) -> None:
    """Save what stands here; open, rename or drop what is saved."""
    names = [one.name for one in saved]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        # At first and after a name is used the next one is suggested; an emptied field stays empty.
        if NAME not in st.session_state or st.session_state.pop(SAVED_NOW, False):
            st.session_state[NAME] = suggested(scenario.name, names)
        st.text_input(
            "Save it as it stands, under the name",
            key=NAME,
            max_chars=MOST_LETTERS,
            autocomplete="off",
            width=340,
        )
        st.button(
            "Save", key=f"{PAGE}.save", on_click=_save, args=(scenario,), icon=":material/bookmark:"
        )
    error = st.session_state.pop(SAID, None) or _nameless()
    if isinstance(error, InputError):
        say(st, error)
    if not saved:
        st.caption("Up to six are kept in the address: a reload or a link brings them back.")
        return
    with st.expander(f"{len(saved)} saved: open, rename or drop"):
        if st.session_state.get(PICK) not in names:
            st.session_state[PICK] = names[0]
        name = st.selectbox("Saved scenario", names, key=PICK)
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            st.button("Open", key=f"{PAGE}.open", on_click=_open, args=(name,))
            st.button("Drop", key=f"{PAGE}.drop", on_click=_drop, args=(name,))
            st.text_input(
                "New name", key=NEW_NAME, max_chars=MOST_LETTERS, autocomplete="off", width=260
            )
            st.button("Rename", key=f"{PAGE}.rename", on_click=_rename, args=(name,))


def _nameless() -> InputError | None:
    """What is wrong with a name that is empty; another one is looked at when it is saved."""
    if str(st.session_state[NAME]).strip():
        return None
    return InputError("name", f"1 to {MOST_LETTERS} letters", "nothing")


def _bridge(scenarios: Mapping[str, Scenario]) -> None:
    """Two of them, which inputs differ, and how much of the gap each explains."""
    names = list(scenarios)
    place = st.container()
    left, right = st.columns(2)
    # The first saved one against what stands here, until others are picked.
    for key, usual in ((FROM, names[1]), (TO, names[0])):
        if st.session_state.get(key) not in names:
            st.session_state[key] = usual
    with left:
        start = st.selectbox("From", names, key=FROM, persist_state="session")
    with right:
        end = st.selectbox("To", names, key=TO, persist_state="session")
    first, second = scenarios[start], scenarios[end]
    found = bridged(first.model_dump_json(), second.model_dump_json(), first, second)
    if isinstance(found, InputError):
        with place:
            section("These two cannot be compared")
            message = str(found)
            if first.program != second.program:
                message = (
                    "One is a plan's and the other a state's: their values are dollars of different"
                    " payers. Pick two of one program."
                )
            st.info(plain(message), icon=":material/info:")
        return
    with place:
        title = report.bridge_sentence(found, start, end)
        section(title)
        if found.steps:
            rows = figures.bridge_rows(found, start, end)
            parts.picture(
                figures.rows_figure(rows, _axis(VALUE), theme()),
                f"{title} {figures.rows_alt(rows, VALUE)}",
                _bridge_note(found),
                "compare.bridge",
            )
    if found.steps:
        _steps(found, start, end)


def _bridge_note(found: Bridge) -> str:
    still = sum(step.still for step in found.steps)
    words = "1 more step moves" if still == 1 else f"{still} more steps move"
    less = f" {words} it by less than $0.50{' each' if still > 1 else ''}." if still else ""
    return f"{report.order_note(found)}{less}"


def _steps(found: Bridge, start: str, end: str) -> None:
    rows: list[tuple[str, ...]] = []
    for step in found.steps:
        for number, one in enumerate(step.inputs):
            statuses = dict.fromkeys(
                status.replace("_", " ") for status in (one.first_status, one.second_status)
            )
            alone = "not possible" if step.alone is None else signed(step.alone)
            amounts = (signed(step.total), signed(step.pmpm, 2), alone)
            rows.append(
                (
                    one.label,
                    one.first,
                    one.second,
                    " to ".join(statuses),
                    *(amounts if number == 0 else ("",) * len(amounts)),
                )
            )
    gap = (signed(found.gap), signed(found.second_pmpm - found.first_pmpm, 2))
    together = "" if found.together is None else f"{signed(found.gap - found.together)}"
    rows.append((f"All of it: {end} less {start}", "", "", "", *gap, together))
    head = ["Input", start, end, "Status", "Adds, USD", "Adds, PMPM", "Alone, USD"]
    safe = [tuple(plain(parts.unbroken(cell)) for cell in row) for row in rows]
    names = [plain(one) for one in head]
    # A scenario may be named as another column is.
    head = [name + " " * names[:at].count(name) for at, name in enumerate(names)]
    frame = pd.DataFrame(safe, columns=head)
    st.table(frame, border="horizontal", hide_index=True)
