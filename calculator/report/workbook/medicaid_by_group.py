"""Budget request, by group: obesity use, its capitation and its rebates by state fiscal year."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import Live, summed, sumproduct, total
from calculator.report.workbook.layout import Steps
from calculator.report.workbook.medicaid_cohort import BRANCHES, Treated
from calculator.report.workbook.medicaid_groups import GroupCells, group_name
from calculator.report.workbook.medicaid_lines import GOVERNMENTS, REBATES
from calculator.report.workbook.medicaid_payment import PaymentCells
from calculator.report.workbook.medicaid_people import CohortCells
from calculator.report.workbook.medicaid_prices import FillCells
from calculator.report.workbook.medicaid_program import Program
from calculator.report.workbook.medicaid_result import Years, by_branch, with_total

Gaps = list[tuple[str, Live]]


def group_tables(
    program: Program,
    sheet: Sheet,
    years: Years,
    cells: PaymentCells,
    treated: dict[str, Treated],
    cohort: CohortCells,
    facts: GroupCells,
    fills: FillCells,
    adopts: Live,
) -> Gaps:
    """Fills, capitation and rebates of each group; also the gaps to the whole, for the checks."""

    def fills_of(branch: str, group: int) -> list[Live]:
        used = treated[branch].fills
        assert used is not None
        share = cohort.spread_of[group]
        return [sumproduct(used.part(*span), share.part(*span)) for span in years.spans]

    def capitation_of(branch: str, group: int) -> list[Live]:
        gross, share = cells.rows[branch].cost[0], cohort.spread_of[group]
        return [
            facts.managed[group]
            * sumproduct(gross.part(*span), share.part(*span), cells.factor.part(*span))
            for span in years.spans
        ]

    def rebates_of(branch: str, group: int) -> list[Live]:
        earned, share = cells.rows[branch].earned, cohort.spread_of[group]
        assert earned is not None
        found = []
        for first, stop in years.spans:
            parts = []
            for stretch in dict.fromkeys(fills.stretch[first:stop]):
                months = [t for t in range(first, stop) if fills.stretch[t] == stretch]
                span = (months[0], months[-1] + 1)
                one = fills.obesity[branch][stretch]
                each = (
                    one.statutory * facts.statutory[group]
                    + one.supplemental * facts.on_top[group]
                    + one.alone * facts.alone[group]
                )
                parts.append(each * sumproduct(earned.part(*span), share.part(*span)))
            found.append(summed(parts))
        return found

    def whole(branch: str) -> dict[str, list[Live]]:
        rows, used = cells.rows[branch], treated[branch].fills
        assert used is not None
        # Obesity use stands first in every line; today's uses come after it.
        capitation = [rows.lines["capitation", payer][0].whole for payer in GOVERNMENTS]
        back = [rows.lines[line, payer][0].whole for line in REBATES for payer in GOVERNMENTS]
        return {
            "fills": [total(used.whole)],
            "capitation": [total(*capitation)],
            "rebates": [-total(*back)],
        }

    def table(
        key: str, title: str, unit: str, number: str, made: Callable[[str, int], list[Live]]
    ) -> Gaps:
        gaps = []
        for branch, name in BRANCHES.items():
            steps = Steps(sheet, f"Obesity use by group, {title}: {name.lower()}")
            steps.heading([*years.names, "All years"], "By state fiscal year")
            sums = []
            for place, group in enumerate(program.names):
                row = with_total(
                    steps,
                    group_name(group),
                    by_branch(branch, adopts, partial(_of, made, place)),
                    "medicaid._post_fills",
                    number=number,
                    unit=unit,
                )
                sums.append(row[-1])
            (wanted,) = by_branch(branch, adopts, lambda one: whole(one)[key])
            gaps.append((f"{name}: {title} by group sum to the whole", total(*sums) - wanted))
        return gaps

    return [
        *table("fills", "fills", "fills", "people", fills_of),
        *table("capitation", "capitation, total computable", "USD", "usd", capitation_of),
        *table("rebates", "rebates, total computable", "USD", "usd", rebates_of),
    ]


def _of(made: Callable[[str, int], list[Live]], group: int, branch: str) -> list[Live]:
    return made(branch, group)
