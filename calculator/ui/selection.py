"""The page of adverse selection: whether who comes sinks the plan, and what would fill the room."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import streamlit as st

from calculator import decide
from calculator.analysis.movers import Stated, stated
from calculator.analysis.selection_curves import Curves, curves
from calculator.decision import evaluate
from calculator.part_d_decision import PlanDecision
from calculator.plan_selection import MOVERS, SelectionCheck
from calculator.report import figures_selection as figures
from calculator.report import selection as report
from calculator.report.table import cents
from calculator.report.verdict import rests_on
from calculator.report.words import dollars, share
from calculator.scenario import PlanScenario
from calculator.ui import parts, program, selection_market
from calculator.ui.form import PACKAGE
from calculator.ui.parts import Note, count, section, signed
from calculator.ui.widgets import calm, plain, theme

PAGE = "selection"
INCLUDE = "selection.include"


@dataclass(frozen=True)
class Checked:
    """The plan check of a plan that members choose."""

    check: SelectionCheck
    worth: figures.Worth
    curves: Curves
    stated: Stated
    notes: list[Note]


@dataclass(frozen=True)
class Answer:
    """Everything the page says about one scenario; checked: none for an employer's plan."""

    decision: PlanDecision
    checked: Checked | None


@st.cache_resource(max_entries=64, show_spinner=False)
def answer(content: str, _scenario: PlanScenario) -> Answer:
    """The check and its pictures, once for each content of a scenario."""
    decision = decide(_scenario)
    check = decision.selection
    if check.verdict == "not_applicable":
        return Answer(decision, None)
    movers = figures.movers_to_try(check)
    within = _scenario.with_settings({INCLUDE: True})
    found = evaluate(within, {MOVERS: movers})
    value = np.broadcast_to(found.result.value, (len(movers), len(decision.years)))
    own = float(np.broadcast_to(found.result.member_months, value.shape)[0].sum())
    # What the check read beside the central run is in the table of what it rests on, too.
    decision.register.read.update(found.register.read)
    checked = Checked(
        check=check,
        worth=figures.Worth(movers, np.asarray(value.sum(axis=1) / own)),
        curves=curves(_scenario),
        stated=stated(decision.register, len(decision.years)),
        notes=[*_assumed(check), *rests_on(decision)],
    )
    return Answer(decision, checked)


def _assumed(check: SelectionCheck) -> list[Note]:
    """What the check itself assumes, as (badge, sentence)."""
    return [
        (
            "assumed",
            f"{share(check.movers)} of the eligible outside move in a year, range"
            f" {share(check.movers_low)} to {share(check.movers_high)}: realised, not stated",
        ),
        ("assumed", f"Plans with {share(check.joining_share)} of enrollment join"),
    ]


@calm
def render() -> None:
    """Draw the page."""
    form = program.inputs(PAGE)
    if not isinstance(form.ground.scenario, PlanScenario):
        _no_choice(str(st.session_state[form.key(PACKAGE)]))
        return
    said = parts.answered(form, answer)
    decision, checked = said.decision, said.checked
    days = [dt.date(year, 1, 1) for year in decision.years]
    if checked is None:
        parts.headline(
            "Selection does not apply to an employer's plan.", decision.selection.reason, []
        )
        st.markdown("Employer plans are still part of the market, so the market follows.")
    else:
        check = checked.check
        parts.headline(report.opening(check), report.further(check), checked.notes)
        _cards(check)
        _plan_check(checked)
        parts.basis(decision, checked.notes, days)
        _curves(checked.curves)
    package = str(decision.scenario.terms["package"])
    selection_market.draw(package, changed=bool(decision.scenario.changes()))


def _no_choice(package: str) -> None:
    """What the page says of a state; the market of plans depends on the terms alone."""
    parts.headline(
        "Adverse selection is a question of drug plans: a state's enrollees have no other payer.",
        "For a plan, it says here whether members who come in order to use the drug sink it: choose"
        " Part D plan among the inputs. Which sponsors would join under these terms follows.",
        [],
    )
    selection_market.draw(package, changed=False)


def _cards(check: SelectionCheck) -> None:
    """Four figures of the check."""
    assert check.extra_joiners is not None
    root = check.breakeven_movers
    last = list(check.extra_joiners)[-1]
    each = report.mover_rows(check)[-1][1]
    parts.cards(
        [
            ("Value if nobody moves, PMPM", signed(check.pmpm_without, 2), "per own member"),
            (
                f"Value if {share(check.movers)} move a year",
                signed(check.pmpm_with, 2),
                f"range {share(check.movers_low)} to {share(check.movers_high)}",
            ),
            (
                "Break-even movers",
                "none" if root is None else f"{share(root)} a year",
                "from 0% to 100%"
                if check.breakeven_multiple is None
                else f"{check.breakeven_multiple:.2f} times the eligible",
            ),
            (
                f"Extra members in {last}",
                f"{check.extra_joiners[last]:,.0f}",
                f"each {signed(each, 0)} a month, net",
            ),
        ]
    )


def _plan_check(checked: Checked) -> None:
    """Value against movers, what a mover brings and costs, and how many come."""
    check = checked.check
    title = figures.movers_title(check)
    section(title)
    figure = figures.movers_figure(check, checked.worth, theme())
    note = (
        "PMPM of the plan's own members, over the horizon. Movers are eligible members of plans"
        " that did not join, who come in order to use the drug."
    )
    parts.picture(figure, f"{title} {figures.movers_alt(check, checked.worth)}", note, "movers")
    left, right = st.columns([4, 5], gap="large")
    with left:
        section("What a member who comes brings and costs, USD a month")
        parts.written(
            report.mover_rows(check),
            ["Line", "USD a month"],
            columns=[lambda usd: signed(usd, 2)],
            bold_last=True,
        )
    with right:
        section("Who comes and who goes, by year")
        _by_year(check)
        st.caption(
            plain(
                f"Staying out would lose {dollars(check.lost_when_staying_out)} of margin to"
                " members who move away."
            )
        )
    st.markdown(plain(report.stated_text(checked.stated)))


def _by_year(check: SelectionCheck) -> None:
    assert check.multiplier is not None
    assert check.extra_joiners is not None
    assert check.relative_premium is not None
    assert check.leaving is not None
    rows = [
        (
            year,
            check.multiplier[year],
            check.extra_joiners[year],
            check.relative_premium[year],
            check.leaving[year],
        )
        for year in check.multiplier
    ]
    parts.written(
        rows,
        ["Year", "Eligible, times own", "Extra members", "Premium against rivals", "Members gone"],
        columns=[lambda times: f"{times:.3f}", count, lambda usd: signed(usd, 2), share],
    )


def _curves(found: Curves) -> None:
    """Cost and demand over the joining share."""
    title = figures.curves_title(found)
    section(title)
    left, right = st.columns([7, 4], gap="large")
    with left:
        figure = figures.curves_figure(found, theme())
        note = figures.curves_note(found)
        parts.picture(figure, f"{title} {figures.curves_alt(found)}", note, "curves")
    with right:
        at = np.linspace(0, len(found.share) - 1, 8).round().astype(int)
        rows = [
            (
                share(float(found.share[i])),
                float(found.average_cost[i]),
                float(found.marginal_cost[i]),
                float(found.demand[i]),
            )
            for i in at
        ]
        parts.written(
            rows,
            ["Share joining", "Average cost", "Marginal cost", "Demand"],
            columns=[_dollars_or_none] * 3,
        )
        st.caption("USD PMPM. Demand is the premium difference at which so many choose it.")


def _dollars_or_none(amount: float) -> str:
    return cents(amount, 2) if np.isfinite(amount) else "none"
