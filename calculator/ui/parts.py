"""What every page draws alike: its answer, headline, cards, tables and what it rests on."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
import plotly.graph_objects as go  # type: ignore[import-untyped]
import streamlit as st

from calculator import __version__
from calculator.errors import InputError
from calculator.register import Register
from calculator.report import table
from calculator.report.words import MINUS, dollars, either, people, share
from calculator.result import NO_ADDED_COST, NOT_WITHIN, Decision, Progress
from calculator.scenario import Scenario
from calculator.ui.form import Form, key_of
from calculator.ui.inputs_shared import offset_names
from calculator.ui.sidebar import DRAWN, as_opened, mark_as_opened
from calculator.ui.widgets import BADGES, badges, plain, shown

Said = TypeVar("Said")
Note = tuple[str, str]  # badge, sentence
LAST_GOOD = "last_good"
CENT = 0.005
WAIT = 0.5  # seconds between looks at whether another run has ended
WORD_JOINER = "\N{WORD JOINER}"
LINE = 35  # height of a line of a table, pixels
signed = table.signed


# ------------------------------------------------------------------------------------ the inputs


def shared(name: str, page: str, sidebar: Callable[[], Form]) -> Form:
    """The inputs that several pages of a program share. name: of their form; page: this one.

    The address is each page's own, so a page that another one was before writes it anew; and a
    page's widgets are its own, so what another page's said is laid on them anew.
    """
    drawn = f"{page}:{name}"
    came = st.session_state.get(DRAWN) != drawn
    st.session_state[DRAWN] = None if came else name
    if came:
        for key in [key for key in st.session_state if str(key).startswith(key_of(name, ""))]:
            st.session_state[key] = st.session_state[key]
    form = sidebar()
    st.session_state[DRAWN] = drawn
    return form


# ------------------------------------------------------------------------------------ the answer


def answered(form: Form, answer: Callable[[str, Any], Said]) -> Said:
    """The answer to what is typed, or to the last inputs that were valid, with a word about it."""
    scenario = form.scenario()
    said = None
    if scenario is not None:
        try:
            said = answer(scenario.model_dump_json(), scenario)
        except InputError as error:
            form.refuse(error)
    kept = form.key(LAST_GOOD)
    if said is not None:
        st.session_state[kept] = scenario
        return said
    whose = "the last valid inputs" if kept in st.session_state else "the example as shipped"
    st.warning(f"This result belongs to {whose}. {plain(form.wrong)}", icon=":material/history:")
    last: Scenario = st.session_state.get(kept, form.ground.scenario)
    return answer(last.model_dump_json(), last)


def headline(sentence: str, more: str, notes: Sequence[Note]) -> None:
    """The sentence that answers, what would turn it, and what it rests on in badges."""
    st.title(plain(sentence), anchor=False)
    if more:
        st.markdown(plain(more))
    badges(as_opened(notes))


def split(said: str) -> tuple[str, str]:
    """The first sentence as a title, and the others.

    >>> split("It costs $0.50 PMPM. It would pay at $38. Nothing else turns it.")
    ('It costs $0.50 PMPM.', 'It would pay at $38. Nothing else turns it.')
    >>> split("It pays.")
    ('It pays.', '')
    """
    first, _, more = said.partition(". ")
    return f"{first.removesuffix('.')}.", more


def marked(text: str, marks: Sequence[str]) -> str:
    """Text with a badge behind it for each thing that a reader must know of it.

    >>> marked("Obesity capitation", ["not published"])
    'Obesity capitation :orange-badge[not published]'
    """
    return f"{plain(text)} {badged(marks)}".strip()


def badged(marks: Sequence[str]) -> str:
    """A badge for each mark, each in its colour."""
    said = [mark_as_opened(mark) for mark in marks]
    return " ".join(f":{BADGES.get(mark, 'gray')}-badge[{plain(mark)}]" for mark in said)


def cards(
    found: Sequence[tuple[str, str, str]],
    widths: Sequence[float] | None = None,
    marks: Sequence[Sequence[str]] | None = None,
) -> None:
    """At most four figures: label, figure, what stands beside it.

    widths: where one needs more; marks: what a reader must know of each, below its figure.
    """
    columns = st.columns(len(found) if widths is None else list(widths))
    known = marks or [()] * len(found)
    for column, (label, figure, beside), said in zip(columns, found, known, strict=True):
        card = column.container(border=True, height="stretch", gap="xsmall") if marks else column
        card.metric(
            plain(label),
            plain(figure),
            plain(beside),
            delta_color="off",
            delta_arrow="off",
            border=not marks,
            height="content" if marks else "stretch",
        )
        if said:
            card.markdown(badged(said))


def section(title: str) -> None:
    """A section's title."""
    st.header(plain(title), anchor=False)


def switch(label: str, options: Sequence[str], key: str, *, disabled: bool = False) -> str:
    """One of a few views, all in sight; the first at first."""
    picked = st.segmented_control(
        label,
        options,
        default=options[0],
        required=True,
        key=key,
        label_visibility="collapsed",
        disabled=disabled,
        wrap=True,
        persist_state="session",
    )
    return picked if picked in options else options[0]


def picture(figure: go.Figure, alt: str, note: str, key: str) -> None:
    """A figure with its words for whoever cannot see it, and what a reader must know below it."""
    st.plotly_chart(figure, theme=None, config={"displayModeBar": False}, alt=alt, key=key)
    if note:
        st.caption(plain(note))


# ------------------------------------------------------------------------------------- long work


@st.cache_resource(show_spinner=False)
def _turn() -> threading.Lock:
    """Whose turn it is: long runs take memory, so one is made at a time."""
    return threading.Lock()


def stoppable(place: Any, name: str, words: str, work: Callable[[Progress], Said]) -> Said:
    """Long work with its progress and a button that stops it; what is shown stays until it ends.

    place: where both stand; name: of the work, for `was_stopped`. Streamlit runs the page anew when
    anything is clicked or typed, and the next word of progress then ends the work. Whoever comes
    while another run is made waits for it.
    """
    with place.container():
        bar = st.progress(0.0, text=words)
        st.button(
            "Stop", key=f"{name}.stop", icon=":material/stop_circle:", on_click=_stop, args=(name,)
        )

    def step(done: int, total: int) -> None:
        part = min(done / max(total, 1), 1.0)
        bar.progress(part, text=f"{words}: {part:.0%}")

    turn = _turn()
    while not turn.acquire(timeout=WAIT):
        bar.progress(0.0, text="Another run is being made; this one is next")
    try:
        found = work(step)
    finally:
        turn.release()
    place.empty()
    return found


def _stop(name: str) -> None:
    st.session_state[f"{name}.stopped"] = True


def was_stopped(name: str) -> bool:
    """Whether the last thing a user did was to stop this work."""
    return bool(st.session_state.pop(f"{name}.stopped", False))


# -------------------------------------------------------------------------------- words and tables


def unbroken(text: str) -> str:
    """A number in a table; no line ends with its sign."""
    return text.replace(MINUS, MINUS + WORD_JOINER)


Write = Callable[[float], str]


class _Said(float):
    """A number, which a table puts to the right, with its words."""

    said: str


def _said(number: float, write: Write) -> _Said:
    found = _Said(number)
    found.said = plain(unbroken(write(number)))
    return found


def _words(number: Any) -> str:
    return str(number.said)


def written(
    rows: Sequence[tuple[Any, ...]],
    head: Sequence[str],
    *,
    columns: Sequence[Write] | None = None,
    lines: Sequence[Write] | None = None,
    bold_last: bool = False,
) -> None:
    """A table of numbers, each column or each line written in its own way."""
    cells = [
        (
            row[0],
            *(
                _said(number, lines[at] if lines else columns[place] if columns else str)
                for place, number in enumerate(row[1:])
            ),
        )
        for at, row in enumerate(rows)
    ]
    frame = pd.DataFrame(cells, columns=list(head), dtype=object)
    weights = np.full(frame.shape, "", dtype=object)
    if bold_last:
        weights[-1:] = "font-weight: 600"
    # One call for all cells: pandas works on every one that is made.
    styled = frame.style.apply(lambda _: weights, axis=None)
    styled = styled.format(_words, subset=list(head[1:]))
    st.table(styled, border="horizontal", hide_index=True)


def table_height(lines: int, most: int) -> Literal["content"] | int:
    """Height of a table that shows so many lines at the most, in pixels.

    >>> table_height(3, 16), table_height(51, 13)
    ('content', 455)
    """
    return "content" if lines <= most else LINE * most


def texts(rows: Sequence[tuple[str, ...]], head: Sequence[str]) -> None:
    """A table of words."""
    safe = [tuple(map(plain, row)) for row in rows]
    st.table(pd.DataFrame(safe, columns=list(head)), border="horizontal", hide_index=True)


def cents(amount: float) -> str:
    """Dollars and cents, as a table writes what is small."""
    return table.cents(amount, 2)


def usd(amount: float) -> str:
    """Dollars to three significant figures, as a table writes what is large.

    >>> usd(865_346_398.0), usd(0.0)
    ('$865M', '$0')
    """
    return dollars(amount) if abs(amount) >= CENT else "$0"


def count(number: float) -> str:
    """People or fills, whole, with a true minus."""
    return f"{number:,.0f}".replace("-", MINUS) if round(number) else "0"


def choices(head: str, value: str, rows: Sequence[tuple[str, bool, float]]) -> None:
    """A value under each of a few choices, the chosen one marked."""
    marked = [(word + (" (as chosen)" if chosen else ""), usd) for word, chosen, usd in rows]
    written(marked, [head, value], columns=[lambda amount: signed(amount, 2)])


# -------------------------------------------------------------------------------------- outcomes


def outcomes(
    found: Mapping[str, Any], register: Register, starters: str, until: str, year: str = ""
) -> None:
    """What people get, and when medical savings overtake the drug's cost.

    starters: the key of those who start; year: what stands before a year.
    """
    join = found["join"]
    start, responders, cost = (
        sum(amount or 0.0 for amount in join[key].values())
        for key in (starters, "responders_10", "net_drug_cost")
    )
    parts = [
        f"{people(start)} start by {until}",
        f"{share(join['persistence_12_months'])} of starters are on therapy at 12 months",
    ]
    if responders > 0.0:
        parts.append(
            f"{people(responders)} have lost a tenth of their weight by then, at a net drug cost "
            f"of {dollars(cost / responders)} for each of them"
        )
    st.markdown(plain("; ".join(parts) + "."))
    st.markdown(plain(thesis(found["thesis"], register, year)))


def thesis(found: Mapping[str, str], register: Register, year: str = "") -> str:
    """When medical savings overtake the drug's cost, under each medical cost effect."""
    if NO_ADDED_COST in found.values():
        return "Joining adds no drug cost, so no medical saving has to pay for it."
    names = offset_names(register, list(found))
    never = [names[key] for key, when in found.items() if when == NOT_WITHIN]
    parts = [f"in {year}{when} under {names[key]}" for key, when in found.items()
             if when != NOT_WITHIN]  # fmt: skip
    if never:
        parts.insert(0, f"{NOT_WITHIN} under " + either(never))
    return "Medical savings overtake the drug's cost: " + "; ".join(parts) + "."


# ------------------------------------------------------------------------------ what it rests on


def basis(
    decision: Decision,
    notes: Sequence[Note],
    days: Sequence[dt.date],
    more: Callable[[], None] | None = None,
) -> None:
    """What the answer rests on, closed at first. days: on which values are read; more: beside."""
    with st.expander("What this rests on"):
        for kind, sentence in notes:
            st.markdown(f"**{plain(kind)}**: {plain(sentence)}")
        if more is not None:
            more()
        st.table(_assumptions(decision.register, days), border="horizontal", hide_index=True)
    st.caption(
        f"balance-calculator {__version__}, {decision.resolution} resolution, "
        f"fingerprint {decision.fingerprint}"
    )


def _assumptions(register: Register, days: Sequence[dt.date]) -> pd.DataFrame:
    """Every value the run read: label, value, unit, status, source."""
    rows = []
    for path in sorted(register.read):
        if path not in register.entries:
            continue
        entry = register.entries[path]
        known = [max(day, min(entry.values)) for day in days]
        dated = [register.dated(path, day)[1] for day in known]
        found = [
            float(f"{register.number(path, day)[0]:.4g}") if one.grow else one.value
            for day, one in zip(known, dated, strict=True)
        ]
        texts = [
            shown(value).replace("-", MINUS) if isinstance(value, float) else shown(value)
            for value in found
        ]
        text = texts[0] if texts[0] == texts[-1] else f"{texts[0]} to {texts[-1]}"
        statuses = list(dict.fromkeys(one.status.replace("_", " ") for one in dated))
        source = register.tree.sources.get(dated[0].source)
        title = plain(source.title) if source else "typed, or from the example"
        rows.append(
            {
                "Assumption": plain(entry.label),
                "Value": plain(text),
                "Unit": "" if entry.unit == "word" else plain(entry.unit),
                "Status": plain(", ".join(statuses)),
                "Source": f"[{title}]({source.url})" if source and source.url else title,
            }
        )
    return pd.DataFrame(rows)
