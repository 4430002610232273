"""One value of a run: its field and what it says if wrong, what it rests on, and back again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from calculator import decide
from calculator.analysis import feeds
from calculator.analysis.feeds import Feed, Other
from calculator.errors import InputError
from calculator.fields import user_entry
from calculator.report import assumption_edits as edits
from calculator.report import assumption_words as words
from calculator.report.assumptions import Row
from calculator.report.words import MINUS
from calculator.scenario import PlanScenario, Scenario
from calculator.schema import Scalar
from calculator.ui import parts
from calculator.ui.form import Form
from calculator.ui.parts import cents, signed
from calculator.ui.sidebar import ALSO, END, FILE, LAID, START, START_FROM, go
from calculator.ui.widgets import BADGES, NO, NONE, YES, bare, mark, plain, say, shown, typed

PAGE = "assumptions"
CHOSEN, WRONG, LAID_ANEW = f"{PAGE}.chosen", f"{PAGE}.wrong", f"{PAGE}.laid_anew"
MOST_CHOICES, MOST_MOVERS = 8, 8
GROWN_DIGITS = ".6g"
A_DATE = "a date as 2028-01-01"


@dataclass(frozen=True)
class Run:
    """What is shown: the inputs, the scenario they make, and what its values feed."""

    form: Form
    scenario: Scenario
    pmpm: float  # what joining is worth, USD PMPM
    moves: Mapping[str, Feed | None]
    check: Callable[[Scenario], object]  # raises InputError for what no run takes


@st.cache_resource(max_entries=256, show_spinner=False)
def otherwise(
    content: str, _scenario: Scenario, path: str, choices: tuple[str | bool, ...]
) -> list[Other]:
    """What each other word of a path would do, once for each content of a scenario."""
    return feeds.others(_scenario, path, choices, decide)


# ------------------------------------------------------------------------------------- one value


def chosen(run: Run, rows: Sequence[Row], every: Sequence[Row]) -> None:
    """The value that is chosen; while none is, what moves the answer most."""
    by_path = {row.path: row for row in every}
    path = st.session_state.get(CHOSEN)
    options = [row.path for row in rows]
    if path not in by_path:
        st.session_state[CHOSEN] = None
    elif path not in options:
        options = [path, *options]
    st.selectbox(
        "Value to change",
        options,
        index=None,
        key=CHOSEN,
        format_func=lambda one: named(by_path[one]) if one in by_path else str(one),
        placeholder="Click a row, or type a name",
        filter_mode="contains",
        persist_state="session",
        on_change=_by_name,
    )
    _reset_all(run.form)
    path = st.session_state.get(CHOSEN)
    if path is None:
        _movers(every, run.moves)
        return
    row = by_path[path]
    with st.container(border=True):
        st.subheader(plain(named(row)), anchor=False)
        with st.container(horizontal=True, gap="small"):
            word = row.status.replace("_", " ")
            mark(st, plain(status(row)), kind=word if word in BADGES else None)
            if row.changed:
                mark(st, "changed")
        _field(run, row)
        _rests_on(row)
        _feeds(run, row)


def _by_name() -> None:
    """A value chosen by its name is marked in the table as well."""
    st.session_state[LAID_ANEW] = st.session_state.get(LAID_ANEW, 0) + 1


def _field(run: Run, row: Row) -> None:
    """The field of a value, the sentence where what was typed is not allowed, the way back."""
    if row.fixed:
        st.markdown(f"**{plain(text(row, row.value))}**")
        st.caption(plain(row.fixed))
    else:
        key = f"{PAGE}.edit:{row.path}"
        path, given, error = st.session_state.get(WRONG) or (None, "", None)
        wrong = path == row.path
        if not wrong:
            st.session_state.pop(WRONG, None)
        typed_in = row.kind in ("number", "date")
        # A list of words holds no other.
        st.session_state[key] = given if wrong and typed_in else text(row, row.value)
        change = partial(_edit, run, row, key)
        label = plain(f"Value ({row.unit})" if row.unit else "Value")
        if typed_in:
            st.text_input(label, key=key, autocomplete="off", on_change=change)
        elif row.kind == "yes or no":
            st.radio(label, (YES, NO), key=key, horizontal=True, on_change=change)
        else:
            st.selectbox(
                label,
                row.choices,
                key=key,
                format_func=lambda word: str(word).replace("_", " "),
                on_change=change,
            )
        if wrong and error is not None:
            say(st, error)
        allowed = row.allowed.replace("_", " ") if row.kind == "word" else row.allowed
        st.caption(plain(f"Allowed: {allowed}."))
    if row.later and not row.fixed:
        later = "; ".join(f"{text(row, value)} {_from(day)}" for day, value in row.later)
        st.caption(plain(f"Then {later}. A change here holds for all of these dates."))
    if row.changed:
        st.button(
            plain(f"Back to {text(row, row.was)}"),
            key=f"{PAGE}.reset",
            on_click=_reset,
            args=(run.form, row),
            icon=":material/undo:",
        )


def _rests_on(row: Row) -> None:
    """Where a value comes from, and how sure it is."""
    lines = []
    if row.url:
        where = plain(
            ", ".join(part for part in (row.source, row.publisher, row.published) if part)
        )
        lines.append(f"Source: [{where}]({row.url})")
    else:
        dated = f", {row.published}" if row.published else ""
        lines.append(f"Source: {plain(source(row))}{plain(dated)}")
    if row.low is not None:
        lines.append(f"Range: {plain(range_of(row))}")
    if row.grown:
        lines.append("It grows from an earlier value; your own takes the place of both.")
    if row.note:
        lines.append(plain(row.note))
    lines.append(f"Path: {plain(row.path)}")
    st.markdown("\n\n".join(lines))


def _feeds(run: Run, row: Row) -> None:
    """The results that a value feeds, and what joining is worth with another one."""
    if row.read and row.kind in ("word", "yes or no"):
        _choices(run, row)
        return
    feed = run.moves.get(row.entry)
    st.markdown(f"**Feeds**: {plain(words.feeds_words(row, feed, len(words.LABELS)))}")
    if feed is not None and feed.results:
        step = words.step_words(feed, row.unit)
        worth = f"{cents(run.pmpm + feed.pmpm)} PMPM instead of {cents(run.pmpm)}"
        st.markdown(plain(f"With it {step}, joining is worth {worth}."))


def _choices(run: Run, row: Row) -> None:
    """What joining is worth with each other word, where there are few."""
    every: tuple[str | bool, ...] = row.choices or (True, False)
    some = tuple(word for word in every if word != row.value)
    if len(some) > MOST_CHOICES:
        st.markdown(f"**Feeds**: {words.WORD}")
        return
    found = otherwise(run.scenario.model_dump_json(), run.scenario, row.path, some)
    moving = dict.fromkeys(name for one in found for name in one.results)
    said = words.results_words(list(moving), len(words.LABELS)) if moving else words.NOTHING
    st.markdown(f"**Feeds**: {plain(said)}")
    lines = [(f"{_word(row.value)} (as it is)", cents(run.pmpm))]
    for one in found:
        worth = "not with the other inputs" if one.pmpm is None else cents(one.pmpm)
        lines.append((_word(one.word), worth))
    parts.texts(lines, ["With", "Value of joining, PMPM"])


def _movers(every: Sequence[Row], moves: Mapping[str, Feed | None]) -> None:
    """What moves the answer most, while no value is chosen."""
    named = {row.entry: row for row in reversed(every)}
    far = {
        path: feed for path, feed in moves.items() if feed and path in named and words.higher(feed)
    }
    most = sorted(far.items(), key=lambda item: -abs(item[1].pmpm))[:MOST_MOVERS]
    if not most or abs(most[0][1].pmpm) < parts.CENT:
        return
    st.markdown("**What moves the answer most, each a tenth higher**")
    parts.written(
        [
            (plain(named[path].label), feed.pmpm)
            for path, feed in most
            if abs(feed.pmpm) >= parts.CENT
        ],
        ["Value", "USD PMPM"],
        columns=[lambda usd: signed(usd, 2)],
    )


# ----------------------------------------------------------------------------------------- edits


def _edit(run: Run, row: Row, key: str) -> None:
    """Take what was typed or chosen, or keep it with the sentence that says what is allowed."""
    typed_in = str(st.session_state[key])
    try:
        value = read(run.scenario, row, typed_in)
        settings = edits.settings(run.scenario, row, value)
        # What a run does not take is said here too, beside the field.
        run.check(run.scenario.with_settings(settings))
    except InputError as error:
        st.session_state[WRONG] = (row.path, typed_in, error)
        return
    st.session_state.pop(WRONG, None)
    address = _without(run.form, row)
    if value != row.was:
        address |= {path: _link(run.scenario, path, one) for path, one in settings.items()}
    go({path: said for path, said in address.items() if said})


def read(scenario: Scenario, row: Row, text: str) -> Scalar:
    """What a person typed or chose for a row, or the sentence that says what is allowed."""
    text = text.strip()
    if row.kind == "yes or no":
        return text == YES
    if row.kind == "word":
        if text not in row.choices:
            raise InputError(row.path, row.allowed, text)
        return text
    if not text:
        raise InputError(row.path, row.allowed, "nothing")
    if row.kind == "date":
        try:
            return None if text.lower() == NONE else dt.date.fromisoformat(text)
        except ValueError:
            raise InputError(row.path, A_DATE, text) from None
    entries = scenario.register().entries
    entry = entries.get(row.entry) or user_entry(row.label, row.unit, (0.0, 1.0), None)
    return typed(row.path, entry, text)


def _link(scenario: Scenario, path: str, value: Scalar) -> str:
    """A value as its path has it in an address."""
    if path in (START, END):
        # The sidebar asks for a plan year; none is what the timeline says.
        if value is None:
            return ""
        if isinstance(scenario, PlanScenario) and isinstance(value, dt.date):
            return str(value.year)
    return bare(value)


def _address(form: Form) -> dict[str, str]:
    """The address that reopens what is shown."""
    laid: dict[str, Any] = st.session_state.get(form.key(LAID)) or {}
    return dict(laid.get("address", {}))


def _without(form: Form, row: Row) -> dict[str, str]:
    """The address without what changed a row."""
    gone = edits.undone(row, tuple(form.changed))
    return {path: said for path, said in _address(form).items() if path not in gone}


def _reset(form: Form, row: Row) -> None:
    """One value back to what the scenario started from."""
    st.session_state.pop(WRONG, None)
    go(_without(form, row))


def _reset_all(form: Form) -> None:
    count = len(form.changed)
    if count:
        st.button(
            f"Reset all {count}" if count > 1 else "Reset the change",
            key=f"{PAGE}.reset_all",
            on_click=_every_value_back,
            args=(form,),
            icon=":material/restart_alt:",
        )


def _every_value_back(form: Form) -> None:
    st.session_state.pop(WRONG, None)
    kept = (START_FROM, FILE, *ALSO)
    go({path: text for path, text in _address(form).items() if path in kept})


# --------------------------------------------------------------------------------- words of a row


def named(row: Row) -> str:
    """A row's label, with the day from which it holds."""
    return row.label if row.since is None else f"{row.label}, {_from(row.since)}"


def _from(day: dt.date) -> str:
    """When a value begins to hold.

    >>> _from(dt.date(2028, 1, 1)), _from(dt.date(2027, 10, 1))
    ('from 2028', 'from October 2027')
    """
    return f"from {day.year}" if (day.month, day.day) == (1, 1) else f"from {day:%B %Y}"


def text(row: Row, value: Scalar) -> str:
    """A value as it is typed; people whole, and what grows to six digits."""
    if isinstance(value, float):
        if row.unit == "people":
            value = float(round(value))
        elif row.grown:
            value = float(f"{value:{GROWN_DIGITS}}")
    return shown(value).replace("-", MINUS) if isinstance(value, float | int) else shown(value)


def _word(value: Scalar) -> str:
    return shown(value).replace("_", " ")


def status(row: Row) -> str:
    return "your input" if row.status == "user" else row.status.replace("_", " ")


def source(row: Row) -> str:
    return "typed, or from the example" if row.source == "user" else row.source


def range_of(row: Row) -> str:
    if row.low is None or row.high is None:
        return ""
    low, high = (shown(end).replace("-", MINUS) for end in (row.low, row.high))
    return f"{low} to {high} ({row.dist})"
