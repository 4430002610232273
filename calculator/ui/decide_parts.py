"""What the decision of a plan and of a state draw alike: turns, causes, years and dates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from calculator.report.causes import Causes
from calculator.report.dates import Moment
from calculator.report.figures_timeline import timeline_alt, timeline_figure
from calculator.report.figures_waterfall import (
    waterfall,
    waterfall_alt,
    waterfall_figure,
    waterfall_note,
    waterfall_title,
)
from calculator.report.marks import Marks
from calculator.report.table import COLUMNS
from calculator.report.turns import Turn
from calculator.ui import parts
from calculator.ui.widgets import plain, theme

ALL_YEARS = "All years"


def chips(lead: str, turns: Sequence[Turn]) -> None:
    """Each input's value today and where it alone turns the answer."""
    st.markdown(plain(lead))
    with st.container(horizontal=True, gap="small", key="turns"):
        for turn in turns:
            with st.container(border=True, width="content", gap=None):
                answer = f"**{plain(turn.answer)}**" if turn.turns else plain(turn.answer)
                st.markdown(
                    f"{parts.marked(turn.name, turn.marks)}  \n{answer}  \n"
                    f":small[today {plain(turn.today)}]"
                )


def from_stay_out_to_join(
    causes: Causes, marks: Marks, until: str, write: Callable[[float], str], key: str
) -> None:
    """The waterfall by cause beside the table of the same numbers, in one year or all of them."""
    title = st.container()
    picked = parts.switch("Year", [ALL_YEARS, *causes.periods], f"{key}.year")
    period = picked if picked in causes.periods else None
    found = waterfall(causes, marks, until, period)
    with title:
        parts.section(waterfall_title(found))
    left, right = st.columns([5, 4], gap="large")
    with left:
        alt = f"{waterfall_title(found)} {waterfall_alt(found)}"
        figure = waterfall_figure(found, theme())
        parts.picture(figure, alt, waterfall_note(found), f"{key}.causes")
    with right:
        rows = [
            (parts.marked(row.kind.label, row.marks), row.stay_out, row.join, row.change)
            for row in causes.rows(marks, period)
        ]
        result = "State's result" if causes.state else "Plan's result"
        parts.written(
            [*rows, (result, found.stay_out, found.join, found.value)],
            ["Cause", *COLUMNS],
            columns=[write] * 3,
            bold_last=True,
        )


def timeline(found: Sequence[Moment]) -> None:
    """The dates the decision hangs on."""
    parts.section("The dates it hangs on")
    parts.picture(timeline_figure(found, theme()), timeline_alt(found), "", "dates")
