"""The live workbook of a state's decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

from calculator.assumptions import Register
from calculator.medicaid_decision import StateDecision
from calculator.medicaid_inputs import periods
from calculator.presets import OCTOBER
from calculator.report.state import verdict
from calculator.report.workbook import frame, summary
from calculator.report.workbook.book import Book
from calculator.report.workbook.cells import Live, absolute, money, said, where
from calculator.report.workbook.inputs import Inputs
from calculator.report.workbook.layout import (
    Steps,
    month_block,
    printed_by_block,
    printed_by_section,
)
from calculator.report.workbook.medicaid_budget import budget_tables, categories
from calculator.report.workbook.medicaid_by_group import group_tables
from calculator.report.workbook.medicaid_checks import identities, refusals
from calculator.report.workbook.medicaid_cohort import MOST_COLUMNS, branch, history
from calculator.report.workbook.medicaid_curve import therapy
from calculator.report.workbook.medicaid_groups import group_facts
from calculator.report.workbook.medicaid_match import matches
from calculator.report.workbook.medicaid_payment import payment, today_weights
from calculator.report.workbook.medicaid_people import people
from calculator.report.workbook.medicaid_prices import fill_cells
from calculator.report.workbook.medicaid_program import program
from calculator.report.workbook.medicaid_result import Decided, columns_of, decision_sheet, years_of
from calculator.report.workbook.medicaid_sensitivity import sensitivity_sheet
from calculator.report.workbook.medicaid_terms import adopts, rebate_lag
from calculator.report.workbook.medicaid_uptake import uptake

SHEETS = (
    "Summary",
    "Inputs",
    "Assumptions",
    "Cohort",
    "Who pays",
    "Payment",
    "Decision",
    "Sensitivity",
    "Budget request",
    "Checks",
    "About",
)
# What shapes the sheets, or that no formula reads: shown grey.
FIXED = (
    "state.abbr",
    "state.stance",
    "state.months_covered",
    "state.fiscal_year_start_month",
    "uptake.form",
    "horizon.start",
    "horizon.end",
    "terms.mechanism",
)
ABOUT = {
    "Summary": "The answer in one sentence, four figures, and the value by state fiscal year.",
    "Inputs": "Every number and word that the formulas read. Change them here.",
    "Assumptions": "What the decision rests on: value, unit, status, source, range.",
    "Cohort": "Enrollment, use, and who is on therapy, months down.",
    "Who pays": "Groups, match, and what a fill costs and earns.",
    "Payment": "Every dollar by month and payer: drugs, capitation, rebates, administration.",
    "Decision": "The state's own dollars by line and state fiscal year, and the value.",
    "Sensitivity": "What moves the value: figures of the calculator, not formulas.",
    "Budget request": "Total computable, federal and state, by state and federal fiscal year.",
    "Checks": "Sums that must hold, and inputs that the calculator would refuse.",
}
NOTES = (
    "A field of the state that is empty is filled from what is published: the line below it.",
    "An enrollment of your own is the first month's; a published one moves from its count on.",
    "A state's run has one resolution, so this file is the calculator's own run.",
)
# Of a month's sheet, the share of its size at which 60 months stand on a page.
PRINTED = 50


def state_book(decision: StateDecision, base: Register) -> Book:
    """A state's decision as formulas. base: the register of the scenario as shipped."""
    book = Book()
    sheets = {name: book.sheet(name) for name in SHEETS}
    scenario, register = decision.scenario, decision.register
    inputs = Inputs(book, scenario, register, base)
    months = decision.evaluation.months
    state = program(scenario, register, inputs, decision.evaluation.inputs.groups.names, months)
    for path in (*FIXED, *(f"groups.{name}.included" for name, _ in scenario.groups)):
        inputs.fixed(path)

    who = sheets["Who pays"]
    columns_of(who, 24)
    who.title(
        "Who pays: groups, match, and what a fill costs and earns",
        "One step a row; the third column names the function of the calculator that has the"
        " equation.",
    )
    who.frozen = (2, 1)
    facts = group_facts(state, who)
    match = matches(state, who)
    fills = fill_cells(state, who)
    joins = adopts(state, who, fills.nets)
    lag = rebate_lag(state, who)

    sheet = sheets["Cohort"]
    sheet.title(
        "Cohort: enrollment, use, and who is on therapy",
        "Months down. The fourth line of each heading names the function of the calculator.",
    )
    block = month_block(sheet, months)
    cells = people(state, block, facts)
    covered = scenario.state.stance != "not_covering"
    span = round(scenario.state.months_covered) if covered else 0
    use = uptake(state, block, cells.rated, facts.threshold, span)
    right = block.next + 2 * MOST_COLUMNS
    life, after = therapy(state, sheet, right + 1, span)
    opening, _ = history(state, sheet, after, span, use, cells.eligible, life)
    treated = {
        name: branch(state, block, name, use, cells.eligible, life, opening)
        for name in ("stay_out", "join")
    }
    for column in range(block.next, right + 1):
        sheet.widths[column] = 1.0
    printed_by_section(sheet, PRINTED)

    today = today_weights(state, who, facts, cells, match)
    sheet = sheets["Payment"]
    sheet.title(
        "Payment: every dollar by month, who pays it, and the rebates",
        "USD, accrual. Rebates are negative: they come back to who paid.",
    )
    block = month_block(sheet, months)
    paid = payment(state, block, facts, match, cells, treated, fills, today, joins, lag)
    printed_by_section(sheet, PRINTED)

    name = state.row["state"]
    years = years_of(periods(months, decision.first_month))
    decided = decision_sheet(book, sheets["Decision"], name, years, paid, cells, joins)
    request = sheets["Budget request"]
    request.title(
        f"Budget request of {name}: total computable, federal, state, and rebates apart",
        "USD. A fiscal year is named by the year in which it ends; the first and the last may not"
        " be whole.",
    )
    federal = years_of(periods(months, OCTOBER))
    columns_of(request, max(len(years.names), len(federal.names)) + 1, beside=True)
    request.widths[Steps.LABEL] = 58.0
    request.frozen = (2, 1)
    state_years, federal_years = (
        budget_tables(book, request, found, title, prefix, paid, treated, cells, joins)
        for title, prefix, found in (
            ("State fiscal years", "budget", years),
            ("Federal fiscal years", "federal_budget", federal),
        )
    )
    by_group = group_tables(state, request, years, paid, treated, cells, facts, fills, joins)
    categories(request, federal, paid, joins)
    for sheet in (sheets["Decision"], request):
        printed_by_block(sheet, sheet.engine_at or 0)
    sensitivity_sheet(decision, sheets["Sensitivity"])
    added = state_years["added"]["total_computable_net"]
    told = summary.Told(
        sentence=partial(_sentence, name, months, decided),
        total=decided.total,
        period="state fiscal year",
        figures=(
            ("Value over all years", decided.total, "usd"),
            ("Present value", decided.present_value, "usd"),
            ("Value per enrollee a month", decided.pmpm, "cents"),
            ("Total computable added, after rebates", added[-1], "usd"),
        ),
        periods=years.names,
        rows=(
            (f"{name}'s own cost, joining", decided.own["join"]),
            (f"{name}'s own cost, staying out", decided.own["stay_out"]),
            ("Value of joining", decided.value),
        ),
    )
    refused = refusals(state, cells, fills)
    frame.assumptions(book, inputs)
    counts = inputs.settle(sheets["Inputs"])
    checked = frame.checks(
        book,
        [*identities(state, cells, paid, decided, state_years, federal_years), *by_group],
        state_years["stay_out"]["total_computable_gross"][-1],
        (decided.total, decided.pmpm),
        counts=counts,
        refusals=refused,
    )
    summary.summary(book, decision, told, verdict(decision), counts, checked)
    frame.about(book, decision, ABOUT, notes=[*NOTES, *decision.notes])
    return book


def _sentence(name: str, months: Sequence[dt.date], decided: Decided, amount: Live) -> Live:
    """The answer as a formula: what joining does to the state's own money."""
    start, until = f"{months[0]:%B %Y}", f"{months[-1]:%B %Y}"
    size = said(
        amount,
        f" of its own money to {until}, ",
        money(decided.pmpm),
        " per enrollee a month.",
    )
    return where(
        decided.adopts > 0,
        where(
            absolute(decided.total) < 0.5,
            f"Joining from {start} changes nothing in {name}'s own spending.",
            where(
                decided.total > 0,
                said(f"Joining from {start} saves {name} ", size),
                said(f"Joining from {start} costs {name} ", size),
            ),
        ),
        f"{name} does not join: the net price is above the one at which it would.",
    )
