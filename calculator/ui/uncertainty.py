"""The page of uncertainty: how likely joining is to pay, what moves it, what is worth learning."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from calculator import decide
from calculator.analysis.draws import power_of_two
from calculator.drawn import Spread
from calculator.errors import InputError
from calculator.exports import csv_text
from calculator.medicaid_decision import StateDecision
from calculator.part_d_decision import PlanDecision
from calculator.report import figures_uncertainty as figures
from calculator.report import state as state_report
from calculator.report import verdict as plan_report
from calculator.report.drawn import sentence
from calculator.report.figures_uncertainty import Years
from calculator.report.table import cents
from calculator.report.words import dollars, share
from calculator.scenario import Scenario
from calculator.ui import information, losses, parts, program, sensitivity
from calculator.ui.downloads import file_name
from calculator.ui.information import Job
from calculator.ui.parts import Note, section, signed, unbroken
from calculator.ui.widgets import NO_THOUSANDS, calm, plain, say, theme
from calculator.uncertainty import Uncertain, uncertain

PAGE = "uncertainty"
# Draws: at once, at first in the field, and at most: memory grows with them, and many share it.
FIRST, MORE, MOST = 512, 4_096, 16_384
MOST_SEED = 2**32 - 1
DRAWS, SEED = "uncertainty.draws", "uncertainty.seed"
CENT = 0.005
NORMAL = 1.96  # standard errors on each side of 95%


@dataclass(frozen=True)
class Asked:
    """How many draws, and the seed that makes them the same again."""

    count: int  # a power of two
    seed: int


@dataclass(frozen=True)
class Answer:
    """The first answer to one scenario."""

    decision: PlanDecision | StateDecision
    found: Uncertain
    notes: list[Note]


@st.cache_resource(max_entries=32, show_spinner=False)
def answer(content: str, count: int, seed: int, _scenario: Scenario) -> Answer:
    """The central run and a first set of draws, once for each content of a scenario."""
    decision = decide(_scenario)
    found = uncertain(_scenario, count, seed)
    if isinstance(decision, PlanDecision):
        return Answer(decision, found, plan_report.rests_on(decision))
    return Answer(decision, found, state_report.rests_on(decision))


@st.cache_resource(max_entries=6, show_spinner=False)
def _kept(content: str, seed: int) -> dict[int, Uncertain]:
    """Where the last larger run of a scenario is kept: number of draws -> what was found.

    Filled by `_run`, which shows its progress: a cached function may not draw outside itself.
    """
    return {}


@calm
def render() -> None:
    """Draw the page."""
    form = program.inputs(PAGE)
    top = st.container()
    asked, beside = _asked()
    said = program.answered(
        form,
        lambda content, scenario: answer(content, min(asked.count, FIRST), asked.seed, scenario),
    )
    if said is None:
        return
    decision = said.decision
    content = decision.scenario.model_dump_json()
    kept = _kept(content, asked.seed)
    found = kept.get(asked.count, said.found)
    jobs = [_more(beside, kept, decision.scenario, asked, found)]
    with top:
        _head(found, said)
    _spread(found, decision)
    _years(found, decision)
    _files(found, decision)
    sensitivity.draw_tornado(content, decision)
    sensitivity.draw_map(content, decision)
    jobs.append(information.draw(content, decision, found.draws.count, asked.seed))
    losses.draw(found, decision)
    _exactness(found)
    parts.basis(decision, said.notes, _days(decision))
    # Long work comes last, so that all of the page is in sight while it runs.
    for job in jobs:
        if job is not None:
            job()


# ---------------------------------------------------------------------------- how many draws


def _asked() -> tuple[Asked, st.delta_generator.DeltaGenerator]:
    """The number of draws and the seed as typed, and a place beside them.

    Where one is wrong it says so, and the last right one holds.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width=130):
            count = _whole(
                DRAWS,
                "Draws",
                f"A power of two up to {MOST:,}; any other number is rounded up to the next. The"
                f" first {FIRST:,} are run at once. The command line takes more:"
                " balance decide --draws.",
                MORE,
                (1, MOST),
            )
        with st.container(width=130):
            seed = _whole(SEED, "Seed", "The same seed gives the same draws.", 1, (0, MOST_SEED))
        beside = st.empty()
    for problem in (count, seed):
        if isinstance(problem, InputError):
            say(st, problem)
    right = {
        name: _last(name, found, first)
        for name, found, first in ((DRAWS, count, MORE), (SEED, seed, 1))
    }
    rounded = power_of_two(right[DRAWS])
    if rounded != right[DRAWS]:
        st.caption(f"{right[DRAWS]:,} is not a power of two: {rounded:,} draws are made.")
    return Asked(rounded, right[SEED]), beside


def _whole(
    key: str, label: str, help_: str, first: int, limits: tuple[int, int]
) -> int | InputError:
    """A whole number as a person types it, or what is wrong with it."""
    st.session_state.setdefault(key, f"{first:,}")
    text = st.text_input(label, key=key, help=help_, autocomplete="off", persist_state="session")
    bare = (text or "").strip()
    low, high = limits
    try:
        number = low - 1 if NO_THOUSANDS.search(bare) else int(bare.replace(",", ""))
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        allowed = f"a whole number from {low:,} to {high:,}"
        return InputError(label.lower(), allowed, bare or "nothing")
    return number


def _last(name: str, found: int | InputError, first: int) -> int:
    """The last right number of a field."""
    key = f"{name}.last"
    if isinstance(found, InputError):
        return int(st.session_state.get(key, first))
    st.session_state[key] = found
    return found


def _more(
    place: st.delta_generator.DeltaGenerator,
    kept: dict[int, Uncertain],
    scenario: Scenario,
    asked: Asked,
    found: Uncertain,
) -> Job | None:
    """The button for more draws; the run itself, for when the page is drawn."""
    stopped = parts.was_stopped(PAGE)
    if found.draws.count == asked.count:
        return None
    clicked = place.button(
        f"Run {asked.count:,} draws", key=f"{PAGE}.run", icon=":material/casino:"
    )
    if stopped:
        st.caption(f"Stopped. What is shown is from {found.draws.count:,} draws.")
    return (lambda: _run(place, kept, scenario, asked)) if clicked else None


def _run(
    place: st.delta_generator.DeltaGenerator,
    kept: dict[int, Uncertain],
    scenario: Scenario,
    asked: Asked,
) -> None:
    try:
        found = parts.stoppable(
            place,
            PAGE,
            f"Running {asked.count:,} draws",
            lambda step: uncertain(scenario, asked.count, asked.seed, progress=step),
        )
    except InputError as error:
        say(place, error)
        return
    kept.clear()
    kept[asked.count] = found
    st.rerun()


# ------------------------------------------------------------------------------- what draws say


def _head(found: Uncertain, said: Answer) -> None:
    """The sentence that answers, and four figures."""
    spread, central = Spread(found.pmpm), said.decision.value.pmpm
    low, high = spread.middle
    ends = interval(spread.pays, found.draws.count)
    months = float(found.member_months.sum(axis=1).mean())
    parts.headline(unbroken(sentence(found)), more(spread, said.decision), said.notes)
    parts.cards(
        [
            (
                "Probability that joining pays",
                share(spread.pays),
                f"{share(ends[0])} to {share(ends[1])} at 95%",
            ),
            (
                "Middle draw, PMPM",
                signed(spread.median, 2),
                f"central run {signed(central, 2)}",
            ),
            (
                "90% of draws, PMPM",
                f"{cents(low, 2)} to {cents(high, 2)}",
                f"{dollars(low * months)} to {dollars(high * months)} in all",
            ),
            (
                "Mean of the worst 5%, PMPM",
                signed(spread.beyond(best=False), 2),
                f"{signed(spread.beyond(best=False) * months)} in all",
            ),
        ],
        widths=(4, 4, 5, 4),
    )


def more(found: Spread, decision: PlanDecision | StateDecision) -> str:
    """What the answer means: the central run beside it, and what the draws hold fixed."""
    central = decision.value.pmpm
    side, gap = "worse" if central > found.median else "better", abs(central - found.median)
    beside = (
        "as the central run, in which every input has its own value"
        if gap < CENT
        else f"{dollars(gap, 2)} {side} than the central run ({cents(central, 2)}), in which every"
        " input has its own value"
    )
    who = "state" if isinstance(decision, StateDecision) else "plan"
    return (
        f"PMPM is USD {_each(decision)}. The middle draw is {beside}. Only what has a range"
        f" varies; the terms and the {who}'s own choices are as set."
    )


def interval(part: float, count: int) -> tuple[float, float]:
    """Between what a share of so many draws lies with 95% confidence (Wilson, 1927).

    None or all of so many draws is not never or always. Draws of a Sobol sequence err by less.

    >>> interval(0.0, 512)[0], round(interval(0.0, 512)[1], 4)
    (0.0, 0.0074)
    >>> [round(end, 3) for end in interval(0.5, 512)]
    [0.457, 0.543]
    """
    square = NORMAL**2 / count
    middle = (part + square / 2.0) / (1.0 + square)
    half = math.sqrt(square * (part * (1.0 - part) + square / 4.0)) / (1.0 + square)
    # Rounding alone could put an end on the wrong side of the share itself.
    return min(max(middle - half, 0.0), part), max(min(middle + half, 1.0), part)


def _each(decision: PlanDecision | StateDecision) -> str:
    return "per enrollee a month" if isinstance(decision, StateDecision) else "per member per month"


def _spread(found: Uncertain, decision: PlanDecision | StateDecision) -> None:
    spread, central = Spread(found.pmpm), decision.value.pmpm
    title = figures.spread_title(spread)
    section(unbroken(title))
    parts.picture(
        figures.spread_figure(spread, central, theme()),
        f"{title} {figures.spread_alt(spread, central)}",
        figures.spread_note(spread, central),
        "spread",
    )


def _years(found: Uncertain, decision: PlanDecision | StateDecision) -> None:
    """The range of each year, as a picture and a table."""
    word = "fiscal year " if isinstance(decision, StateDecision) else ""
    central = np.array([decision.value.by_period[period] for period in decision.periods])
    years = Years(decision.periods, found.value, central, word)
    title = figures.years_title(years)
    section(unbroken(title))
    left, right = st.columns([6, 5], gap="large")
    with left:
        parts.picture(
            figures.years_figure(years, theme()),
            f"{title} {figures.years_alt(years)}",
            figures.YEARS_NOTE,
            "years",
        )
    with right:
        low, middle, high = (years.at(part) for part in (0.05, 0.5, 0.95))
        rows = [
            (
                year,
                share(float(pays)),
                unbroken(dollars(float(m))),
                unbroken(f"{dollars(float(a))} to {dollars(float(b))}"),
                unbroken(dollars(float(c))),
            )
            for year, pays, a, m, b, c in zip(
                years.periods, years.pays, low, middle, high, central, strict=True
            )
        ]
        head = [word.strip().capitalize() or "Year", "Pays", "Middle", "90% of draws", "Central"]
        parts.texts(rows, head)
        st.caption("Value of joining, USD; Pays: the share of draws in which joining pays.")


def _exactness(found: Uncertain) -> None:
    """How the draws were made and how far they are from the engine."""
    table, gap = found.draws, found.interpolation
    said = (
        f"{table.count:,} draws of {len(table.inputs)} inputs, seed {table.seed}; what so many"
        " leave open in the probability is Wilson's 95% interval"
    )
    pairs = sum(len(others) for others in table.correlations.values())
    if pairs:
        said += f", {pairs} rank correlations"
    if gap.draws:
        said += (
            f"; the benefit table is read between nodes: {gap.draws} draws run in full differ by"
            f" at most {100 * gap.pmpm:.1g} cents PMPM ({100 * gap.share_of_value:.1g}% of the"
            " value on average)"
        )
    st.caption(plain(f"{said}."))
    for note in found.remarks:
        st.caption(plain(f"{note[:1].upper()}{note[1:]}."))


def _days(decision: PlanDecision | StateDecision) -> list[dt.date]:
    """Days on which the values of a run are read."""
    if isinstance(decision, PlanDecision):
        return [dt.date(year, 1, 1) for year in decision.years]
    months = decision.evaluation.months
    return [*months[::12], months[-1]]


def _files(found: Uncertain, decision: PlanDecision | StateDecision) -> None:
    """The draws as a file, made when it is asked for."""
    st.download_button(
        "Draws as CSV",
        lambda: csv_text(draws_frame(found, decision)),
        file_name=file_name(
            decision.scenario.name, "draws", str(found.draws.count), decision.fingerprint[:8]
        ),
        mime="text/csv",
        key=f"{PAGE}.file",
        on_click="ignore",
        icon=":material/download:",
    )


def draws_frame(found: Uncertain, decision: PlanDecision | StateDecision) -> pd.DataFrame:
    """Every draw: its inputs by path, and the value of joining by period, USD, and PMPM."""
    columns = dict(found.draws.cases)
    for period, usd_ in zip(decision.periods, found.value.T, strict=True):
        columns[f"value_usd_{period}"] = usd_
    columns["value_pmpm"] = found.pmpm
    return pd.DataFrame({"draw": np.arange(1, found.draws.count + 1), **columns})
