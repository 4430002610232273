"""A state's decision: what joining does to its budget, by year, and what the answer rests on."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from calculator import decide
from calculator.medicaid_decision import StateDecision
from calculator.report import budget as budgets
from calculator.report.budget import MEASURES, PEOPLE, PMPM, UNITS, USD, Basis, Budget
from calculator.report.cause_feeds import PEOPLE as TREATED
from calculator.report.cause_feeds import causes_of
from calculator.report.causes import Causes
from calculator.report.dates import Moment, moments
from calculator.report.figures_medicaid import budget_figure
from calculator.report.marks import Marks, days_of, marks
from calculator.report.state import coverage_marks, opening, rests_on
from calculator.report.table import COLUMNS
from calculator.report.turns import Turn, lead, state_turns
from calculator.report.words import many, share
from calculator.scenario import StateScenario
from calculator.ui import decide_parts, parts
from calculator.ui.downloads import download, file_name, workbook
from calculator.ui.inputs_medicaid import CONFIDENTIAL
from calculator.ui.parts import cents, count, section, signed, usd
from calculator.ui.widgets import plain, shown, theme

GROSS, NET = "Gross", "Net of rebates"
ACCRUAL, CASH = "Accrual", "Cash"
SPREAD = "This is at the central inputs; Uncertainty has the middle and the low end of draws."
MATCH = ("state.fmap", "state.efmap")
WRITE = {USD: usd, PMPM: cents, PEOPLE: count, budgets.FILLS: count}


@dataclass(frozen=True)
class Answer:
    """Everything the page says about one scenario."""

    decision: StateDecision
    opening: str
    rests_on: list[tuple[str, str]]
    budget: Budget
    marks: Marks
    turns: tuple[Turn, ...]
    causes: Causes
    dates: tuple[Moment, ...]


@st.cache_resource(max_entries=64, show_spinner=False)
def answer(content: str, _scenario: StateScenario) -> Answer:
    """Both branches and what stands beside them, once for each content of a scenario."""
    decision = decide(_scenario)
    dates, marked = moments(decision), marks(decision, days_of(decision))
    causes = causes_of(decision, marked)
    return Answer(
        decision=decision,
        opening=opening(decision),
        rests_on=rests_on(decision),
        budget=budgets.budget(decision),
        marks=marked,
        turns=state_turns(decision, marked, causes.marks_of(TREATED, marked)),
        causes=causes,
        dates=dates,
    )


def draw(said: Answer) -> None:
    """Draw a state's answer."""
    decision, until = said.decision, said.budget.until
    sentence, more = _split(said.opening)
    parts.headline(sentence, f"{more} {SPREAD}".strip(), said.rests_on)
    worth = decision.value.pmpm
    decide_parts.chips(lead(said.turns, worth, ("save", "stop saving")), said.turns)
    _cards(said)
    decide_parts.from_stay_out_to_join(said.causes, said.marks, until, usd, "state")
    basis = _picture(said.budget)
    _tables(said, basis)
    section("What enrollees get")
    parts.outcomes(decision.outcomes, decision.register, "starts", until, "fiscal year ")
    _files(said)
    days = [*decision.evaluation.months[::12], decision.evaluation.months[-1]]
    parts.basis(decision, said.rests_on, days, lambda: _confidential(decision))


def _split(sentence: str) -> tuple[str, str]:
    """The first part, up to high uptake, as the headline; the rest below it."""
    first, mark, rest = sentence.partition("; ")
    if not mark:
        return sentence, ""
    return f"{first}.", rest[:1].upper() + rest[1:]


# ----------------------------------------------------------------------------------------- answer


def _cards(said: Answer) -> None:
    found, value, every = said.budget, said.decision.value, said.marks.of()
    rate = float(said.decision.register.number("assumptions.payment.discount_rate")[0])
    first, last = found.years[0], found.years[-1]
    whole = [year for year, months in zip(found.years, found.months, strict=True) if months == 12]
    first, last = (whole[0], whole[-1]) if whole else (first, last)
    yearly = [
        found.of("stay_out", "state_net_pmpm", year) - found.of("join", "state_net_pmpm", year)
        for year in (first, last)
    ]
    rebates = found.of("join", "rebates") - found.of("stay_out", "rebates")
    first_marks = (*every, *coverage_marks(said.decision))
    parts.cards(
        [
            (
                f"Value to {found.state}",
                signed(value.total),
                f"present value {signed(value.present_value)} at {share(rate)}",
            ),
            (
                "Value per enrollee a month (PMPM)",
                signed(value.pmpm, 2),
                f"{signed(yearly[0], 2)} in {first}, {signed(yearly[1], 2)} in {last}",
            ),
            (
                f"People on therapy, {found.until}",
                f"{found.of('join', 'on_therapy'):,.0f}",
                f"{found.of('stay_out', 'on_therapy'):,.0f} if staying out",
            ),
            (
                "Federal spending, net",
                signed(found.added("federal", "net")),
                f"all rebates {signed(rebates)}",
            ),
        ],
        marks=[first_marks, every, said.causes.marks_of(TREATED, said.marks), every],
    )


def _picture(found: Budget) -> Basis:
    """The budget by fiscal year; the view chosen holds for the table too."""
    place = st.container()
    with st.container(horizontal=True, gap="small"):
        view = parts.switch("Gross or net", [NET, GROSS], "state.view")
        timing = parts.switch(
            "Accrual or cash", [ACCRUAL, CASH], "state.timing", disabled=view == GROSS
        )
    basis: Basis = "gross" if view == GROSS else "net_cash" if timing == CASH else "net"
    with place:
        section(budgets.title(found, basis))
    alt = f"{budgets.title(found, basis)} {budgets.in_words(found, basis)}"
    figure = budget_figure(found, basis, theme())
    parts.picture(figure, alt, budgets.note(found, basis), "budget")
    return basis


def _year_name(said: Answer, year: str) -> str:
    """A fiscal year; one that is not whole, or whose match rate is projected, says so."""
    index = said.budget.years.index(year)
    months, day = said.budget.months[index], days_of(said.decision)[index]
    marks = said.marks.of(*MATCH, days=[day])
    return parts.marked(year if months == 12 else f"{year} ({many(months, 'month')})", marks)


def _tables(said: Answer, basis: Basis) -> None:
    found = said.budget
    left, right = st.columns([1, 1], gap="large")
    with left:
        section("Both branches by line, USD")
        picked = st.session_state.get("state.year")
        year = picked if picked in found.years else None
        st.caption(f"{f'Fiscal year {year}' if year else 'All fiscal years'}, as chosen above.")
        rows = []
        for key, label, _ in MEASURES:
            out, into = (found.of(branch, key, year) for branch in budgets.BRANCHES)
            rows.append((label, out, into, into - out))
        lines = [WRITE[UNITS[key]] for key, _, _ in MEASURES]
        parts.written(rows, ["Line", *COLUMNS], lines=lines)
    with right:
        section(f"{found.state}'s own money by fiscal year, USD")
        words = {"gross": "before rebates", "net": "net of rebates", "net_cash": "net, cash"}
        st.caption(
            f"State dollars, {words[basis]}; a minus in the difference is a saving, and PMPM is"
            " the difference per enrollee a month."
        )
        key = f"state_{basis}"
        yearly = []
        for name in (*found.years, None):
            out, into = (found.of(branch, key, name) for branch in budgets.BRANCHES)
            months = found.of("join", "member_months", name)
            label = "Total" if name is None else _year_name(said, name)
            yearly.append((label, out, into, into - out, (into - out) / months))
        parts.written(
            yearly,
            ["Fiscal year", *COLUMNS, "PMPM"],
            columns=[usd, usd, usd, cents],
            bold_last=True,
        )
        _high_uptake(said)
        decide_parts.timeline(said.dates)


def _high_uptake(said: Answer) -> None:
    section("At the high end of the use seen in other states")
    high, found = said.decision.high_uptake, said.budget
    rows = [
        (f"Value to {found.state}", said.decision.value.total, high["total"]),
        (
            "State, net, when joining",
            found.of("join", "state_net"),
            high["state_net"],
        ),
        ("Fills when joining", found.of("join", "fills"), high["fills"]),
    ]
    parts.written(rows, ["", "central", "high uptake"], lines=[usd, usd, count])
    st.caption(
        "High uptake takes the upper end of the 95% band of fills that states saw after they "
        "began to cover obesity use. Launch estimates have missed by multiples."
    )


def _files(said: Answer) -> None:
    name, mark = said.budget.state, said.decision.fingerprint[:8]
    with st.container(horizontal=True, gap="small"):
        download(
            "Budget as CSV",
            lambda: budgets.frame(said.decision),
            file_name(name, "budget", mark),
            "state.budget",
        )
        download(
            "Ledger as CSV",
            said.decision.ledger,
            file_name(name, "ledger", mark),
            "state.ledger",
        )
        workbook(said.decision, "state.workbook")


def _confidential(decision: StateDecision) -> None:
    """The inputs nobody outside knows, with what stands in their place."""
    register = decision.register
    st.markdown("**Confidential**: what stands here is an inference; replace it with your own.")
    for path in CONFIDENTIAL:
        entry = register.entries[path]
        number = shown(float(register.number(path)[0]))
        st.markdown(f"* {plain(entry.label)}: {plain(number)} {plain(entry.unit)}")
