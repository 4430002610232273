"""What is worth learning first, on the page of uncertainty: a short ranked list."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from calculator.analysis.information import Estimate
from calculator.analysis.learning import Information, Learned, information_of
from calculator.errors import InputError
from calculator.report.uncertainty import information_notes, information_sentence
from calculator.report.words import dollars
from calculator.result import Decision
from calculator.scenario import PlanScenario, Scenario
from calculator.ui import parts
from calculator.ui.downloads import download, file_name
from calculator.ui.parts import section
from calculator.ui.sensitivity import MARKED
from calculator.ui.widgets import mark, plain, say

NAME = "information"
LEAST, MOST = 1_024, 4_096  # draws: fewer would leave the ranking to chance
LISTED = 5
NOTHING = 0.5  # dollars; less is shown as nothing
Job = Callable[[], None]


@st.cache_resource(max_entries=32, show_spinner=False)
def _kept(content: str, count: int, seed: int) -> dict[str, Information]:
    """Where what was found is kept: a cached function may not draw its progress itself."""
    return {}


def draw(content: str, decision: Decision, count: int, seed: int) -> Job | None:
    """The list, or the button that makes it; the work itself, for when the page is drawn."""
    count = min(max(count, LEAST), MOST)
    kept = _kept(content, count, seed)
    stopped = parts.was_stopped(NAME)
    if NAME in kept:
        _list(kept[NAME], decision)
        return None
    section("Learn this first")
    bid = ", before the bid and after it," if _has_bid(decision) else ""
    st.markdown(
        f"What knowing each input{bid} would be worth: how much better the decision would be on"
        " average, for a payer that stays to the end and for one that may leave."
    )
    place = st.empty()
    label = f"Rank the inputs ({count:,} draws, about {_seconds(count)} seconds)"
    clicked = place.button(label, key=f"{NAME}.run", icon=":material/format_list_numbered:")
    if stopped:
        st.caption("Stopped. Nothing was ranked.")
    return (lambda: _run(place, kept, decision.scenario, count, seed)) if clicked else None


def _run(
    place: st.delta_generator.DeltaGenerator,
    kept: dict[str, Information],
    scenario: Scenario,
    count: int,
    seed: int,
) -> None:
    try:
        kept[NAME] = parts.stoppable(
            place,
            NAME,
            "Ranking what is worth learning",
            lambda step: information_of(scenario, count, seed, progress=step),
        )
    except InputError as error:
        say(place, error)
        return
    st.rerun()


def _list(found: Information, decision: Decision) -> None:
    """The first few with what each means, then all of them as a table and a file."""
    title, more = parts.split(information_sentence(found))
    section(title)
    st.markdown(plain(more))
    ranked = [one for one in found.inputs if _most(one) >= NOTHING][:LISTED]
    for rank, one in enumerate(ranked, start=1):
        with st.container(gap=None):
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.markdown(f"{rank}. **{plain(one.label)}**", width="content")
                if one.status in MARKED:
                    mark(st, one.status.replace("_", " "))
            st.caption(plain(meaning(one, found)))
    with st.expander("All inputs and what knowing them is worth, USD"):
        _table(found)
        st.caption(plain(" ".join(information_notes(found)) + " ± is one standard error."))
    download(
        "Value of information as CSV",
        information_frame(found),
        file_name(decision.scenario.name, "information", decision.fingerprint[:8]),
        f"{NAME}.file",
    )


def _most(one: Learned) -> float:
    return max(one.committed.value, one.with_exit.value, one.after.value)


def meaning(one: Learned, found: Information) -> str:
    """What a row of the list says, in a sentence."""
    committed, leaves, after = (
        f"worth {_usd(e)}" if e.value >= NOTHING else "worth nothing"
        for e in (one.committed, one.with_exit, one.after)
    )
    return (
        f"Known {_before(found)}: {committed} to a {_payer(found)} that stays to the end, {leaves}"
        f" to one that may leave. Learned only after joining: {after}."
    )


def _before(found: Information) -> str:
    return "before the bid" if found.has_bid else "before the decision"


def _payer(found: Information) -> str:
    return "state" if found.program == "medicaid" else "plan"


def _usd(estimate: Estimate) -> str:
    return dollars(estimate.value)


def _table(found: Information) -> None:
    def written(estimate: Estimate) -> str:
        if max(estimate.value, estimate.error) < NOTHING:
            return "$0"
        return f"{dollars(max(estimate.value, 0.0))} ± {dollars(estimate.error)}"

    perfect = found.perfect
    rows = [
        (
            "Everything at once",
            *(dollars(usd) for usd in (perfect.committed, perfect.with_exit, perfect.after)),
            "",
        )
    ]
    rows += [
        (
            one.label,
            *(written(estimate) for estimate in (one.committed, one.with_exit, one.after)),
            one.status.replace("_", " "),
        )
        for one in found.inputs
    ]
    before = _before(found)
    st.dataframe(
        pd.DataFrame(
            rows,
            columns=["Input", "Committed", "With exit", "After joining", "Status"],
        ),
        hide_index=True,
        height=35 * 12,
        column_config={
            "Input": st.column_config.Column(pinned=True, width=190),
            "Committed": st.column_config.Column(help=f"Known {before}; stays to the end"),
            "With exit": st.column_config.Column(help=f"Known {before}; may leave"),
        },
        alt="What knowing each input is worth: committed, with exit, and after joining.",
        key=f"{NAME}.table",
    )


def information_frame(found: Information) -> pd.DataFrame:
    """Every input, unrounded, most valuable first."""
    rows = []
    for one in found.inputs:
        row: dict[str, object] = {
            "path": one.path,
            "input": one.label,
            "unit": one.unit,
            "status": one.status,
        }
        for case in ("committed", "with_exit", "after", "as_filed"):
            estimate: Estimate = getattr(one, case)
            row |= {f"{case}_usd": estimate.value, f"{case}_standard_error": estimate.error}
        rows.append(row)
    return pd.DataFrame(rows)


def _has_bid(decision: Decision) -> bool:
    inputs = decision.evaluation.inputs
    return isinstance(decision.scenario, PlanScenario) and bool(inputs.has_bid)


def _seconds(count: int) -> int:
    """About how long the ranking takes."""
    return max(5, round(10 * count / LEAST))
