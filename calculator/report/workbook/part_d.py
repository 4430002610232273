"""The live workbook of a Part D plan: every sheet, in order."""

from __future__ import annotations

from calculator.decision import decide
from calculator.part_d_decision import RESOLUTIONS, PlanDecision
from calculator.register import Register
from calculator.report.verdict import verdict
from calculator.report.workbook import frame, summary
from calculator.report.workbook.book import Book
from calculator.report.workbook.inputs import Inputs
from calculator.report.workbook.layout import (
    printed_by_block,
    printed_by_section,
)
from calculator.report.workbook.part_d_benefit import benefit
from calculator.report.workbook.part_d_branch import drug_costs
from calculator.report.workbook.part_d_crosswalk import CROSSWALK, crosswalk
from calculator.report.workbook.part_d_ledger import (
    DECISION,
    WHO_PAYS,
    outside_the_benefit,
    who_pays,
)
from calculator.report.workbook.part_d_ledger import decision as decision_sheet
from calculator.report.workbook.part_d_movers import SELECTION
from calculator.report.workbook.part_d_payment import PAYMENT, Payment
from calculator.report.workbook.part_d_people import people
from calculator.report.workbook.part_d_prices import prices
from calculator.report.workbook.part_d_run import COHORT, DRUGS, PERSISTENCE, WINDOWS, Run
from calculator.report.workbook.part_d_settled import settle
from calculator.report.workbook.part_d_sheets import (
    SENSITIVITY,
    SHEETS,
    identities,
    refusals,
    selection_check,
    sensitivity,
    told,
)

RESOLUTION = "workbook"
# Of a wide sheet, the share of its size at which its months stand on a page.
SCALE = 44
# What shapes the sheets, or needs a solver: shown grey.
FIXED = ("plan.type", "plan.lis_share", "horizon.start", "horizon.end")


def plan_book(decision: PlanDecision, base: Register) -> Book:
    """Every sheet of one plan's decision; base: the register of the scenario as shipped.

    The formulas are the engine at the workbook's resolution; what is said beside them comes from
    `decision` at its own.
    """
    scenario = decision.scenario
    evaluation = decision.evaluation
    full = decide(scenario) if decision.resolution == RESOLUTION else decision
    if decision.resolution != RESOLUTION:
        evaluation = decide(scenario, resolution=RESOLUTION).evaluation
    book = Book()
    yearly = [f"Benefit {year}" for year in evaluation.inputs.years]
    for name in (
        summary.SUMMARY,
        frame.INPUTS,
        frame.ASSUMPTIONS,
        PERSISTENCE,
        COHORT,
        WINDOWS,
        *yearly,
        DRUGS,
        WHO_PAYS,
        PAYMENT,
        SELECTION,
        DECISION,
        SENSITIVITY,
        CROSSWALK,
        frame.CHECKS,
        frame.ABOUT,
    ):
        book.sheet(name)
    run = Run(book, Inputs(book, scenario, evaluation.register, base), scenario, evaluation)
    for path in FIXED:
        run.inputs.fixed(path)
    treated = people(run)
    found = prices(run)
    by_year = []
    for y in range(len(run.years)):
        more = [group[y] for group in treated.movers.people] if treated.movers else []
        by_year.append(
            benefit(run, y, found, treated.members[y], treated.windows[y], treated.coming[y], more)
        )
    costs = drug_costs(run, found, by_year)
    outside = outside_the_benefit(run, treated, found)
    payment = Payment(run, treated, costs, outside.plan)
    stay_out, join = settle(payment)
    settled = {"stay_out": stay_out, "join": join}
    ledgers = who_pays(
        run, {"stay_out": (costs.stay_out, stay_out), "join": (costs.join, join)}, outside
    )
    answer = decision_sheet(run, treated, ledgers, payment.months)
    footing = crosswalk(run, payment, ledgers, settled, full)
    for name in (PERSISTENCE, COHORT, WINDOWS):
        printed_by_section(book.sheet(name), SCALE)
    for name in (WHO_PAYS, DECISION):
        printed_by_block(book.sheet(name), book.sheet(name).engine_at or 0)
    said = verdict(decision)
    selection_check(run, decision)
    sensitivity(run, decision, said)
    sums = [
        *identities(run, treated, costs, outside, ledgers, settled, answer),
        *footing,
    ]
    refused = refusals(run, by_year)
    frame.assumptions(book, run.inputs)
    counts = run.inputs.settle(book.sheet(frame.INPUTS))
    checked = frame.checks(
        book,
        sums,
        ledgers["join"]["baseline_drugs", "plan"][0],
        (answer.total, answer.pmpm),
        counts=counts,
        refusals=refused,
        full=full,
        points=RESOLUTIONS[RESOLUTION],
    )
    answered = told(run, decision, answer, treated)
    summary.summary(book, decision, answered, said.sentence, counts, checked)
    frame.about(book, decision, SHEETS)
    return book
