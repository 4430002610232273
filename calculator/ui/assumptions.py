"""Every value that a scenario's run uses: where it comes from, what it feeds, and changing it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from calculator import __version__, decide
from calculator.analysis import feeds
from calculator.analysis.feeds import Feed
from calculator.exports import csv_rows
from calculator.medicaid_decision import StateDecision
from calculator.part_d_decision import PlanDecision
from calculator.report import assumption_words as words
from calculator.report import assumptions as report
from calculator.report.assumption_words import SourceUse
from calculator.report.assumptions import JUDGED, NOT_PUBLISHED, Row, Start
from calculator.report.words import changed, terms_note
from calculator.scenario import Scenario
from calculator.ui import assumption_edit as edit
from calculator.ui import parts, program
from calculator.ui.assumption_edit import CHOSEN, LAID_ANEW, PAGE
from calculator.ui.downloads import file_name
from calculator.ui.form import Form, ground
from calculator.ui.parts import section, signed
from calculator.ui.sidebar import FILE, START_FROM
from calculator.ui.widgets import calm, plain

SEARCH, STATUSES, GROUPS = f"{PAGE}.search", f"{PAGE}.statuses", f"{PAGE}.groups"
ONLY_NOT_PUBLISHED, ONLY_CHANGED = f"{PAGE}.not_published", f"{PAGE}.changed"
UNREAD, COLUMNS = f"{PAGE}.unread", f"{PAGE}.columns"
FEW, ALL = "Main columns", "All columns"
MOVES = "Moves value"
MAIN = ("Assumption", "Value", "Status", "Feeds", MOVES)
MOST_LINES, MOST_SAID = 16, 3


@dataclass(frozen=True)
class Answer:
    """A scenario's decision, and the entries that it read."""

    decision: PlanDecision | StateDecision
    read: frozenset[str]


@st.cache_resource(max_entries=64, show_spinner=False)
def answer(content: str, _scenario: Scenario) -> Answer:
    """The decision and what is said beside it, once for each content of a scenario."""
    decision = decide(_scenario)
    return Answer(decision, feeds.read_by(decision))


@st.cache_resource(max_entries=64, show_spinner=False)
def fed(content: str, _scenario: Scenario, entries: tuple[str, ...]) -> dict[str, Feed | None]:
    """What each number feeds, once for each content of a scenario."""
    return feeds.feeds(_scenario, entries)


@calm
def render() -> None:
    """Draw the page."""
    form = program.inputs(PAGE)
    said = program.answered(form, answer)
    if said is None:
        return
    decision = said.decision
    scenario, register = decision.scenario, decision.register
    shipped = _shipped(form)
    start = Start(shipped, form.ground.register, tuple(form.changed), frozenset(form.laid))
    every = report.rows(scenario, register, report.span(decision), said.read, start)
    before = _check(shipped).decision
    used = [row for row in every if row.read]
    _headline(form, decision, before, every)
    _cards(used, every, "all as in your file" if _of_a_file(form) else "all as shipped")
    content = scenario.model_dump_json()
    numbers = sorted({row.entry for row in used if row.kind == "number"} & set(register.entries))
    with st.spinner("Each value is moved once, to see what it feeds."):
        moves = fed(content, scenario, tuple(numbers))
    section("Every value")
    rows = _filtered(every)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        _table(rows, every, moves, decision)
    with right:
        run = edit.Run(form, scenario, decision.value.pmpm, moves, _check)
        edit.chosen(run, rows, every)
    _sources(used)
    st.caption(
        f"balance-calculator {__version__}, {decision.resolution} resolution, "
        f"fingerprint {decision.fingerprint}"
    )


def _check(scenario: Scenario) -> Answer:
    """The answer to a scenario; an InputError where there is none."""
    return answer(scenario.model_dump_json(), scenario)


def _of_a_file(form: Form) -> bool:
    """Whether the inputs were opened from a file, not from a shipped example."""
    return bool(st.session_state[form.key(START_FROM)] == FILE)


def _shipped(form: Form) -> Scenario:
    """The scenario as it was before any change, in the sidebar or here."""
    name = str(st.session_state[form.key(START_FROM)])
    own = str(st.session_state.get(form.key(FILE), "")) if _of_a_file(form) else ""
    return ground(name, own=own).scenario


# ------------------------------------------------------------------------------------ the answer


def _headline(
    form: Form,
    decision: PlanDecision | StateDecision,
    before: PlanDecision | StateDecision,
    every: Sequence[Row],
) -> None:
    used = [row for row in every if row.read]
    unpublished, judged = (
        sum(row.status in kinds for row in used) for kinds in (NOT_PUBLISHED, JUDGED)
    )
    count, now, was = len(form.changed), decision.value.pmpm, before.value.pmpm
    sentence = words.moved(count, now, was) or words.rests_on(now, len(used), judged, unpublished)
    if count:
        yours = [row for row in every if row.changed]
        more = "; ".join(_change(row) for row in yours[:MOST_SAID])
        rest = len(yours) - MOST_SAID
        more = f"{more}{f'; and {rest} more' if rest > 0 else ''}."
    else:
        more = (
            "Choose one to see what it rests on and which results it feeds, and to put your own in"
            " its place. What is changed here is changed on every page and in this page's address."
        )
    register = decision.register
    notes = [terms_note(decision.scenario, register), *changed(decision.scenario, register)]
    parts.headline(parts.unbroken(sentence), more, notes)


def _change(row: Row) -> str:
    """What a change did to a value.

    Members 55,000 (was 40,000).
    """
    return f"{edit.named(row)} {edit.text(row, row.value)} (was {edit.text(row, row.was)})"


def _cards(used: Sequence[Row], every: Sequence[Row], unchanged: str) -> None:
    judged = {status: sum(row.status == status for row in used) for status in JUDGED}
    unpublished, illustrative = (
        sum(row.status == status for row in used) for status in NOT_PUBLISHED
    )
    published = words.published(words.sources(used))
    yours = sum(row.changed for row in every)
    parts.cards(
        [
            ("Values in use", f"{len(used)}", f"from {published} published sources"),
            ("Not published", f"{unpublished}", f"and {illustrative} illustrative"),
            (
                "Projected or assumed",
                f"{sum(judged.values())}",
                " and ".join(f"{count} {status}" for status, count in judged.items()),
            ),
            ("Changed", f"{yours}", "by you" if yours else unchanged),
        ]
    )


# ------------------------------------------------------------------------------------- the table


def _filtered(every: Sequence[Row]) -> list[Row]:
    """The rows that the filters let through."""
    search, status, group = st.columns([2, 1, 1], gap="medium")
    search.text_input(
        "Search",
        type="search",
        key=SEARCH,
        placeholder="A label, a path or a source",
        icon=":material/search:",
        autocomplete="off",
        persist_state="session",
    )
    statuses = list(dict.fromkeys(row.status for row in every))
    groups = list(dict.fromkeys(row.group for row in every))
    for place, label, key, options in (
        (status, "Status", STATUSES, sorted(statuses)),
        (group, "Group", GROUPS, groups),
    ):
        # What another program's scenario has may not be among this one's.
        kept = st.session_state.get(key) or []
        st.session_state[key] = [one for one in kept if one in options]
        place.multiselect(
            label,
            options,
            key=key,
            placeholder="All",
            format_func=lambda word: word.replace("_", " "),
            persist_state="session",
        )
    with st.container(horizontal=True):
        for label, key in (
            ("Only what is not published", ONLY_NOT_PUBLISHED),
            ("Only what is changed", ONLY_CHANGED),
            ("Also what this run does not read", UNREAD),
        ):
            st.toggle(label, key=key, persist_state="session")
    said = st.session_state
    return report.found(
        every,
        said[SEARCH] or "",
        said[STATUSES],
        said[GROUPS],
        not_published=said[ONLY_NOT_PUBLISHED],
        changed=said[ONLY_CHANGED],
        unread=said[UNREAD],
    )


def _table(
    rows: Sequence[Row],
    every: Sequence[Row],
    moves: Mapping[str, Feed | None],
    decision: PlanDecision | StateDecision,
) -> None:
    of = len(every) if st.session_state[UNREAD] else sum(row.read for row in every)
    with st.container(horizontal=True, vertical_alignment="center"):
        # To the left: the table's own tools lie over what stands above its right end.
        st.markdown(f"**{len(rows)} of {of} values**", width="content")
        few = parts.switch("Columns", [FEW, ALL], COLUMNS) == FEW
    if not rows:
        st.info("No value is like that. Clear the search or a filter.", icon=":material/search:")
        return
    frame = _frame(rows, moves)
    # A table that another way of choosing was used beside is laid anew, with that row chosen.
    shape = f"{[row.path for row in rows]}{few}{st.session_state.get(LAID_ANEW, 0)}"
    key = f"{PAGE}.table:{hashlib.sha256(shape.encode()).hexdigest()[:12]}"
    at = next((n for n, row in enumerate(rows) if row.path == st.session_state.get(CHOSEN)), None)
    st.dataframe(
        _styled(frame, rows),
        hide_index=True,
        height=parts.table_height(len(frame), MOST_LINES),
        column_order=MAIN if few else None,
        column_config=_config(),
        key=key,
        on_select=partial(_picked, key, [row.path for row in rows]),
        selection_mode="single-row",
        selection_default={"selection": {"rows": [] if at is None else [at]}},
        placeholder="",
        alt=f"{len(rows)} values: label, value, status, what each feeds, and how far the"
        " value of joining moves with it. The field beside the table chooses one by name.",
    )
    st.caption(
        "Moves value: what joining is worth, USD PMPM, with this one a tenth higher (what is"
        " counted whole by one, what is 0 to the end of its range), all its dates together. Where"
        " that moves nothing, with a tenth less or at an end of its range."
    )
    st.download_button(
        "These values as CSV",
        partial(_file, rows, moves),
        file_name=file_name(decision.scenario.name, "assumptions", decision.fingerprint[:8]),
        mime="text/csv",
        key=f"{PAGE}.csv",
        on_click="ignore",
        icon=":material/download:",
    )


def _file(rows: Sequence[Row], moves: Mapping[str, Feed | None]) -> bytes:
    found = [words.cells(row, moves.get(row.entry)) for row in rows]
    return csv_rows(words.COLUMNS, found).encode()


def _frame(rows: Sequence[Row], moves: Mapping[str, Feed | None]) -> pd.DataFrame:
    found = [moves.get(row.entry) for row in rows]
    return pd.DataFrame(
        {
            "Assumption": [edit.named(row) for row in rows],
            "Value": [edit.text(row, row.value) for row in rows],
            "Status": [edit.status(row) for row in rows],
            "Feeds": [words.feeds_words(row, feed) for row, feed in zip(rows, found, strict=True)],
            MOVES: [feed.pmpm if feed and feed.results else None for feed in found],
            "Unit": [row.unit for row in rows],
            "Was": [edit.text(row, row.was) if row.changed else "" for row in rows],
            "Range": [edit.range_of(row) for row in rows],
            "Source": [edit.source(row) for row in rows],
            "Date": [row.published for row in rows],
            "Link": [row.url or None for row in rows],
            "Note": [row.note for row in rows],
            "Group": [row.group for row in rows],
            "Path": [row.path for row in rows],
        }
    )


def _styled(frame: pd.DataFrame, rows: Sequence[Row]) -> Any:
    bold = ["font-weight: 600" if row.changed else "" for row in rows]
    moves: dict[Any, Any] = {MOVES: lambda usd: signed(usd, 2)}
    return frame.style.format(moves, na_rep="").apply(lambda _: bold, subset=["Value"])


def _config() -> dict[str, Any]:
    column = st.column_config
    return {
        "Assumption": column.TextColumn(width=185),
        "Value": column.TextColumn(width=75, alignment="right"),
        "Status": column.TextColumn(width=90),
        "Feeds": column.TextColumn(width=145, help="The results that move with it, most first"),
        MOVES: column.NumberColumn(width=85, help="What joining is worth, USD PMPM"),
        "Range": column.TextColumn(help="What uncertainty takes it over"),
        "Link": column.LinkColumn(display_text="Open"),
    }


def _picked(key: str, paths: Sequence[str]) -> None:
    """The row that was clicked is the one to edit."""
    at = st.session_state[key]["selection"]["rows"]
    st.session_state[CHOSEN] = paths[at[0]] if at else None


# --------------------------------------------------------------------------------------- sources


def _sources(used: Sequence[Row]) -> None:
    found = words.sources(used)
    with st.expander(words.sources_title(found)):
        frame = pd.DataFrame([{"Source": _cited(one), "Values": one.values} for one in found])
        st.table(frame, border="horizontal", hide_index=True)


def _cited(one: SourceUse) -> str:
    """A source as a link where there is one, with who published it and when."""
    title = f"[{plain(one.title)}]({one.url})" if one.url else plain(one.title)
    return f"{title}, {plain(one.publisher)}, {plain(one.published)}"
