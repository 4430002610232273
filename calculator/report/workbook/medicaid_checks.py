"""Checks of a state's workbook: sums that must hold, and what the calculator would refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from calculator.report.workbook.cells import (
    Live,
    blank,
    either,
    largest,
    summed,
    sumproduct,
    total,
    where,
)
from calculator.report.workbook.layout import Column
from calculator.report.workbook.medicaid_cohort import BRANCHES
from calculator.report.workbook.medicaid_lines import GOVERNMENTS
from calculator.report.workbook.medicaid_payment import PaymentCells
from calculator.report.workbook.medicaid_people import CohortCells
from calculator.report.workbook.medicaid_prices import FillCells
from calculator.report.workbook.medicaid_program import Program
from calculator.report.workbook.medicaid_result import Decided


def identities(
    program: Program,
    cohort: CohortCells,
    cells: PaymentCells,
    decided: Decided,
    state_years: Mapping[str, Mapping[str, Live]],
    federal_years: Mapping[str, Mapping[str, Live]],
) -> list[tuple[str, Live]]:
    """Sentences with the gap that must be 0."""

    def whole(columns: Sequence[Column]) -> Live:
        return total(*(column.whole for column in columns))

    last = len(program.months) - 1
    found = [
        ("The newly eligible are spread whole over the groups", total(cohort.spread[last]) - 1),
        (
            "Value by state fiscal year sums to the months' value",
            decided.value[-1] - total(cells.value.whole),
        ),
        (
            "The present value is the months' value, discounted",
            decided.present_value - sumproduct(cells.value.whole, cells.discount.whole),
        ),
    ]
    for branch, title in BRANCHES.items():
        rows = cells.rows[branch]
        paid = summed(
            [
                whole(rows.lines[line, payer])
                for line in ("model_drugs", "existing_glp1")
                for payer in GOVERNMENTS
            ]
        )
        found += [
            (
                f"{title}: governments and plans pay what the drugs cost",
                whole(rows.cost) - paid - whole(rows.plans["drugs"]),
            ),
            (
                f"{title}: net is gross less rebates, state fiscal years",
                state_years[branch]["total_computable_net"][-1]
                - state_years[branch]["total_computable_gross"][-1]
                + state_years[branch]["rebates"][-1],
            ),
            (
                f"{title}: federal and state sum to total computable",
                state_years[branch]["total_computable_net"][-1]
                - state_years[branch]["federal_net"][-1]
                - state_years[branch]["state_net"][-1],
            ),
            (
                f"{title}: state and federal fiscal years have one sum",
                state_years[branch]["state_net"][-1] - federal_years[branch]["state_net"][-1],
            ),
            (
                f"{title}: the lines sum to the state's own cost",
                decided.lines[branch]["net"][-1] - state_years[branch]["state_net"][-1],
            ),
        ]
    return found


def refusals(program: Program, cohort: CohortCells, fills: FillCells) -> list[tuple[str, Live]]:
    """Sentences with 0, or 1 where the calculator would refuse these inputs."""
    above = [where(either(blank(net), net <= fills.dearest), 0, 1) for net in fills.nets]
    found = [
        (
            "The guaranteed net price is not above the dearest product's ingredient cost",
            largest(*above, 0),
        )
    ]
    found.append(("No maximum fair price is above AMP", total(*fills.over_amp)))
    if not program.shares:
        given = program.inputs.number("state.enrollment")
        found.append(
            (
                "The state's enrollment is at least that of the groups in this budget",
                where(blank(given), 0, where(given < cohort.enrolled[0], 1, 0)),
            )
        )
    found.append(
        (
            "Somebody in the budget's groups is newly eligible",
            where(total(cohort.eligible.whole) > 0, 0, 1),
        )
    )
    return found
