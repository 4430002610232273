"""A drug plan's decision: what joining is worth, by year, and what the answer rests on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import streamlit as st

from calculator import decide
from calculator.part_d_decision import PlanDecision
from calculator.report import selection, table
from calculator.report.cause_feeds import PEOPLE, causes_of
from calculator.report.causes import Causes
from calculator.report.dates import Moment, moments
from calculator.report.marks import Marks, days_of, marks
from calculator.report.turns import Turn, lead, plan_turns
from calculator.report.verdict import Verdict, opening, rests_on, verdict
from calculator.report.words import dollars, share
from calculator.scenario import PlanScenario
from calculator.ui import decide_parts, parts
from calculator.ui.downloads import workbook
from calculator.ui.parts import cents, section, signed, usd
from calculator.ui.widgets import plain, shown

PRICED, INCLUDES = "assumptions.payment.priced_share", "terms.net_includes_discount"
# The standard benefit of a year: published, or projected from the last published one.
BENEFIT = ("assumptions.benefit.deductible", "assumptions.benefit.oop_threshold")


@dataclass(frozen=True)
class Answer:
    """Everything the page says about one scenario."""

    decision: PlanDecision
    verdict: Verdict
    rests_on: list[tuple[str, str]]
    marks: Marks
    turns: tuple[Turn, ...]
    causes: Causes
    dates: tuple[Moment, ...]


@st.cache_resource(max_entries=64, show_spinner=False)
def answer(content: str, _scenario: PlanScenario) -> Answer:
    """Both branches and what stands beside them, once for each content of a scenario."""
    decision = decide(_scenario)
    said = verdict(decision)
    dates, marked = moments(decision), marks(decision, days_of(decision))
    return Answer(
        decision=decision,
        verdict=said,
        rests_on=rests_on(decision),
        marks=marked,
        turns=plan_turns(decision, said.breakevens, marked),
        causes=causes_of(decision, marked),
        dates=dates,
    )


def draw(said: Answer) -> None:
    """Draw a plan's answer."""
    decision = said.decision
    worth = decision.value.pmpm
    included = decision.scenario.selection.include
    moved = selection.with_movers(decision.selection, included=included)
    parts.headline(opening(decision), f"{said.verdict.reading} {moved}".strip(), said.rests_on)
    decide_parts.chips(lead(said.turns, worth, ("pay", "stop paying")), said.turns)
    _cards(said)
    until = f"December {decision.years[-1]}"
    decide_parts.from_stay_out_to_join(said.causes, said.marks, until, cents, "decide")
    _years_and_dates(said)
    for line in table.remarks(decision):
        st.caption(plain(f"{line}."))
    st.caption(plain(f"Adverse selection: {selection.headline(decision.selection)}"))
    _both_ways(said)
    section("What members get")
    parts.outcomes(decision.outcomes, decision.register, "starters", until)
    workbook(decision, "decide.workbook")
    parts.basis(decision, said.rests_on, [dt.date(year, 1, 1) for year in decision.years])


def _cards(said: Answer) -> None:
    decision, every = said.decision, said.marks.of()
    years, value = decision.years, decision.value
    first, last = str(years[0]), str(years[-1])
    branches, outcomes = decision.branches(), decision.outcomes
    yearly = {year: pmpm for year, *_, pmpm in table.by_year(decision)}
    rate = float(decision.register.number("assumptions.payment.discount_rate")[0])
    treated = outcomes["join"]["on_therapy"][last]
    without = outcomes["stay_out"]["on_therapy"][last]
    parts.cards(
        [
            (
                "Value of joining, PMPM",
                signed(value.pmpm, 2),
                f"{signed(yearly[first], 2)} in {first}, {signed(yearly[last], 2)} in {last}",
            ),
            (
                f"Value to December {last}",
                signed(value.total),
                f"present value {signed(value.present_value)} at {share(rate)}",
            ),
            (
                f"People on therapy, end of {last}",
                f"{treated:,.0f}",
                f"{without:,.0f} if staying out",
            ),
            _fourth(decision, branches, last),
        ],
        marks=[every, every, said.causes.marks_of(PEOPLE, said.marks), every],
    )


def _fourth(decision: PlanDecision, branches: dict[str, Any], last: str) -> tuple[str, str, str]:
    """The premium where the plan has one; an employer plan has none, so its net drug cost."""
    if decision.evaluation.inputs.has_bid:
        out, into = (branches[name]["premium"][last] for name in ("stay_out", "join"))
        own = decision.scenario.plan.rebate_funded_share > 0
        return (
            f"{'Premium before rebate' if own else 'Basic premium'}, {last}",
            signed(into - out, 2),
            f"{dollars(out, 2)} to {dollars(into, 2)} a month",
        )
    months = float(decision.evaluation.result.member_months[0].sum())
    out, into = (
        sum(branches[name]["lines"].get("model_drugs", {}).get("plan", {}).values()) / months
        for name in ("stay_out", "join")
    )
    return (
        "Plan's model-drug cost, PMPM",
        dollars(into, 2),
        f"{dollars(out, 2)} if staying out",
    )


def _years_and_dates(said: Answer) -> None:
    left, right = st.columns([5, 4], gap="large")
    with left:
        section("The plan's result by year, USD")
        rows = []
        for year, *amounts in table.by_year(said.decision):
            days = [dt.date(int(year), 1, 1)] if year.isdigit() else None
            marks = said.marks.of(*BENEFIT, days=days) if days else ()
            rows.append((parts.marked(year, marks), *amounts))
        parts.written(
            rows,
            ["Year", *table.COLUMNS, "PMPM"],
            columns=[usd, usd, usd, cents],
            bold_last=True,
        )
    with right:
        decide_parts.timeline(said.dates)


def _both_ways(said: Answer) -> None:
    left, right = st.columns(2, gap="large")
    register = said.decision.register
    value = "Value of joining, PMPM"
    with left:
        section("If none, half or all of the cost is in the bid")
        if said.decision.evaluation.inputs.has_bid:
            chosen = float(register.number(PRICED)[0])
            words = {0.0: "none", 0.5: "half", 1.0: "all"}
            parts.choices(
                "Expected cost in the bid",
                value,
                [
                    (words.get(part, share(part)), part == chosen, pmpm)
                    for part, pmpm in said.verdict.alternatives.priced.items()
                ],
            )
        else:
            st.markdown("An employer plan files no bid, so nothing is priced.")
    with right:
        section("If the net price includes the manufacturer's discount")
        now = register.flag(INCLUDES)
        counted = said.verdict.alternatives.discount_counted
        parts.choices(
            "The discount counts towards it",
            value,
            [(shown(flag), flag == now, counted[flag]) for flag in (True, False)],
        )
