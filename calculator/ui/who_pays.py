"""The page of who pays each dollar: by year and branch, as a flow, and for one member or fill."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from calculator import decide
from calculator.medicaid_decision import StateDecision
from calculator.part_d_decision import PlanDecision
from calculator.report import figures_medicaid, figures_part_d, payers, payers_state, state
from calculator.report.added import Added, added_cost, added_sentence
from calculator.report.figures_flow import flow_figure
from calculator.report.flow import Flow, flow_alt
from calculator.report.marks import Marks, days_of, marks
from calculator.report.table import COLUMNS
from calculator.report.verdict import rests_on
from calculator.report.words import MINUS
from calculator.scenario import PlanScenario, Scenario, StateScenario
from calculator.ui import member, parts, program
from calculator.ui.parts import Note, section, usd
from calculator.ui.widgets import calm, theme

PAGE = "who_pays"
ALL_YEARS = "All years"
BRANCHES = {"Join": "join", "Stay out": "stay_out"}
PLAN_HEADS = ("Bought", "At the counter", "Settled")
STATE_HEADS = ("Bought", "Pharmacy", "Gross", "Net")
INCENTIVES = (
    "terms.obesity_capitation",
    "terms.extra_reinsurance",
    "terms.premium_stabilisation",
    "terms.administrative_support",
)
REBATES = "assumptions.rebates"


@dataclass(frozen=True)
class Answer:
    """Everything the page says about one scenario."""

    decision: PlanDecision | StateDecision
    added: Added
    notes: list[Note]
    marks: Marks


@st.cache_resource(max_entries=64, show_spinner=False)
def answer(content: str, _scenario: Scenario) -> Answer:
    """Both branches and who pays what joining adds, once for each content of a scenario."""
    if isinstance(_scenario, PlanScenario):
        plan = decide(_scenario)
        assert isinstance(plan, PlanDecision)
        return Answer(
            decision=plan,
            added=payers.added(plan),
            notes=rests_on(plan),
            marks=marks(plan, days_of(plan)),
        )
    assert isinstance(_scenario, StateScenario)
    found = decide(_scenario)
    assert isinstance(found, StateDecision)
    return Answer(
        decision=found,
        added=payers_state.added(found),
        notes=state.rests_on(found),
        marks=marks(found, days_of(found)),
    )


@calm
def render() -> None:
    """Draw the page."""
    said = program.answered(program.inputs(PAGE), answer)
    if said is None:
        return
    decision = said.decision
    if isinstance(decision, PlanDecision):
        _plan(said, decision)
    else:
        _state(said, decision)
    parts.basis(decision, said.notes, days_of(decision))


# -------------------------------------------------------------------------------------- the answer


def _headline(said: Answer, more: str) -> None:
    sentence = added_sentence(said.added)
    cost = added_cost(said.added)
    if sentence.startswith(cost):
        sentence = sentence.removeprefix(cost).strip()
        sentence, more = cost, f"{sentence} {more}"
    else:
        more = f"{cost} {more}"
    parts.headline(sentence, parts.unbroken(more.strip()), said.notes)


def _cards(said: Answer, shown: Sequence[tuple[str, str]]) -> None:
    """What joining adds to each of four payers. shown: label and party."""
    every, cents = said.marks.of(), said.added.cents
    cards = []
    for label, party in shown:
        beside = f"to {said.added.until}"
        if party in cents:
            whole = f"{cents[party]}".replace("-", MINUS)
            beside = f"{whole} {'cent' if whole == '1' else 'cents'} of each added dollar"
        cards.append((label, parts.signed(said.added.parties[party]), beside))
    parts.cards(cards, marks=[every] * len(cards))


def _plan(said: Answer, decision: PlanDecision) -> None:
    names = payers.party_names(decision, "plan")
    _headline(said, payers.to_value(decision))
    _cards(
        said,
        [
            ("Manufacturers, added", names[payers.MANUFACTURER]),
            ("Medicare, added", names[payers.MEDICARE]),
            ("Members, added", names[payers.MEMBERS]),
            ("The plan, added", names[payers.PLAN]),
        ],
    )
    scope = _plan_bars(said, decision)
    _plan_flow(said, decision, scope)
    member.explorer(decision, said.marks)


def _state(said: Answer, decision: StateDecision) -> None:
    name = payers_state.name_of(decision)
    shown = [
        ("Manufacturers, added", payers_state.MANUFACTURERS),
        ("Federal government, added", payers_state.FEDERAL),
        (f"{name}, added", name),
        ("Managed care plans, added", payers_state.PLANS),
    ]
    _headline(said, "Rebates are what manufacturers pay; premium tax goes round and is left out.")
    _cards(said, shown)
    scope = _state_bars(said, decision)
    _state_flow(decision, scope)
    member.one_fill(decision, said.marks)


# ------------------------------------------------------------------------------------------ by year


def _picked(label: str, options: dict[str, str], key: str) -> str:
    """A switch between words; its own word for the one chosen."""
    return options[parts.switch(label, list(options), key)]


def _plan_bars(said: Answer, decision: PlanDecision) -> payers.Scope:
    """Who pays by plan year; the scope chosen holds for the flow too."""
    place = st.container()
    words: dict[str, payers.Scope] = {label: name for name, label in payers.SCOPES.items()}
    scope = words[parts.switch("Which dollars", list(words), f"{PAGE}.scope")]
    found = figures_part_d.drug_payers(decision, scope)
    title = figures_part_d.payers_title(found)
    with place:
        section(title)
    alt = f"{title} {figures_part_d.payers_alt(found)}"
    figure = figures_part_d.payers_figure(found, theme())
    parts.picture(figure, alt, figures_part_d.payers_note(found), f"{PAGE}.bars.{scope}")
    _pmpm_table(said, decision, scope)
    return scope


def _pmpm_table(said: Answer, decision: PlanDecision, scope: payers.Scope) -> None:
    """Each payer's dollars PMPM in both branches, all years or one."""
    section("Both branches by payer, USD PMPM")
    years = [ALL_YEARS, *(str(year) for year in decision.years)]
    picked = parts.switch("Year of the table", years, f"{PAGE}.table")
    year = int(picked) if picked in years[1:] else None
    unsaid = said.marks.of(*INCENTIVES)
    rows = []
    for payer, out, into in payers.by_payer(decision, scope, year):
        known = unsaid if payer == "cms_incentive" else ()
        if not payer or known or max(abs(out), abs(into)) >= parts.CENT / 10:
            label = payers.EVERY[payer].label if payer else "All payers, gross"
            rows.append((parts.marked(label, known), out, into, into - out))
    parts.written(rows, ["Payer", *COLUMNS], columns=[parts.cents] * 3, bold_last=True)


def _state_bars(said: Answer, decision: StateDecision) -> payers_state.Scope:
    """Who pays by fiscal year; the scope chosen holds for the flow too."""
    place = st.container()
    words: dict[str, payers_state.Scope] = {
        label: name for name, label in payers_state.SCOPES.items()
    }
    scope = words[parts.switch("Which dollars", list(words), f"{PAGE}.state_scope")]
    found = payers_state.both(decision, scope)
    title = figures_medicaid.paying_title(
        found, payers_state.name_of(decision), payers_state.SAID[scope]
    )
    with place:
        section(title)
    counted = decision.by_fiscal_year(np.ones((1, len(decision.evaluation.months))))[0]
    months = [int(number) for number in counted]
    figure = figures_medicaid.paying_figure(found, decision.periods, months, theme())
    alt = figures_medicaid.paying_alt(found, decision.periods, title)
    note = figures_medicaid.paying_note(found)
    parts.picture(figure, alt, note, f"{PAGE}.state_bars.{scope}")
    section("Both branches by payer, USD")
    years = [ALL_YEARS, *decision.periods]
    picked = parts.switch("Year of the table", years, f"{PAGE}.state_table")
    place_ = None if picked not in years[1:] else years.index(picked) - 1
    pick = slice(None) if place_ is None else slice(place_, place_ + 1)
    confidential = said.marks.of(REBATES)
    rows = []
    for key, one in payers_state.EVERY.items():
        out, into = (float(found[branch].after[key][pick].sum()) for branch in payers.BRANCHES)
        if max(abs(out), abs(into)) >= 1.0:
            known = confidential if key in payers_state.REBATES else ()
            rows.append((parts.marked(one.label, known), out, into, into - out))
    out, into = (float(found[branch].total[pick].sum()) for branch in payers.BRANCHES)
    rows.append(("All payers, gross", out, into, into - out))
    parts.written(rows, ["Payer", *COLUMNS], columns=[usd] * 3, bold_last=True)
    return scope


# ----------------------------------------------------------------------------------------- the flow


def _flow(
    years: Sequence[str],
    heads: Sequence[str],
    key: str,
    made: Callable[[str, str | None], tuple[Flow, str, str]],
    columns: tuple[str, str],
) -> None:
    """The flow of one branch and year with its table. made: flow, title and note of both."""
    place = st.container()
    with st.container(horizontal=True, gap="small"):
        branch = _picked("Branch of the flow", BRANCHES, f"{key}.branch")
        picked = parts.switch("Year of the flow", [ALL_YEARS, *years], f"{key}.year")
    flow, title, note = made(branch, picked if picked in years else None)
    with place:
        section(title)
    if not flow.links:
        return
    left, right = st.columns([5, 3], gap="large")
    with left:
        alt = flow_alt(flow, title)
        shape = f"{key}.{branch}.{len(flow.links)}"
        parts.picture(flow_figure(flow, heads, theme()), alt, note, shape)
    with right:
        rows = [(line.label, line.before, line.after) for line in flow.lines]
        total = ("All payers", flow.total, sum(line.after for line in flow.lines))
        parts.written([*rows, total], ["Payer, USD", *columns], columns=[usd] * 2, bold_last=True)


def _plan_flow(said: Answer, decision: PlanDecision, scope: payers.Scope) -> None:
    def made(branch: str, picked: str | None) -> tuple[Flow, str, str]:
        year = None if picked is None else int(picked)
        flow = payers.plan_flow(decision, scope, branch, year)
        note = payers.flow_note(flow, scope, branch)
        days = None if year is None else [dt.date(year, 1, 1)]
        if said.marks.of("assumptions.benefit", days=days):
            note += " Benefit parameters of later years are projected."
        return flow, payers.flow_title(decision, scope, branch, year), note

    years = [str(year) for year in decision.years]
    _flow(years, PLAN_HEADS, f"{PAGE}.flow", made, ("at the counter", "settled"))


def _state_flow(decision: StateDecision, scope: payers_state.Scope) -> None:
    found = payers_state.both(decision, scope)

    def made(branch: str, picked: str | None) -> tuple[Flow, str, str]:
        flow = payers_state.state_flow(decision, found[branch], picked)
        title = payers_state.flow_title(decision, flow, picked)
        return flow, title, payers_state.flow_note(flow)

    heads, columns = STATE_HEADS, ("before rebates", "after")
    _flow(decision.periods, heads, f"{PAGE}.state_flow", made, columns)
