"""Cohort: enrollment by group and month, who is eligible, and the uses covered today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from calculator.model.arrays import MONTHS
from calculator.report.workbook.cells import (
    Live,
    blank,
    live,
    sumproduct,
    total,
    where,
)
from calculator.report.workbook.layout import Block, Column
from calculator.report.workbook.medicaid_groups import GroupCells
from calculator.report.workbook.medicaid_program import Program

PEOPLE = "people"


@dataclass(frozen=True)
class CohortCells:
    """What the money is worked out from, by month."""

    number: Column  # months since the first
    enrolled: Column  # in the budget's groups
    eligible: Column  # of them, newly eligible
    rated: Column  # enrollees that a rate of use is of
    spread: list[Live]  # share of each group among the newly eligible, a row each month
    spread_of: list[Column]  # the same, a column for each group
    today: Column  # fills of today's uses
    today_groups: Live  # 1 for the budget's groups that have them
    first_people: list[Live]  # first month's enrollment of the budget's groups


def people(program: Program, block: Block, facts: GroupCells) -> CohortCells:
    """Enrollment by group, who is eligible, and how those spread over the groups."""
    sheet, months, names = block.sheet, program.months, program.names
    inside = len(names)
    block.section("Enrollment")
    number = block.filled("Months since the first", "months", lambda t: float(t), number="")
    source = "medicaid_groups._enrollment"
    columns = []
    for place, name in enumerate((*names, *program.others)):
        used, since, trend = (one[place] for one in (facts.used, facts.since, facts.trend))
        kept = facts.kept[place]

        def enrolled(t: int, used: Live = used, since: Live = since, trend: Live = trend,
                     kept: Live = kept) -> Live:  # fmt: skip
            return used * kept * (1 + trend) ** ((number[t] + since) / MONTHS)

        title = name.replace("_", " ").replace("chip", "CHIP")
        if name not in names:
            title += ", outside this budget"
        columns.append(block.filled(title, PEOPLE, enrolled, source, "people"))
    first = columns[0].column

    def row(t: int, start: int, stop: int) -> Live:
        return sheet.range(columns[0].row + t, first + start, 1, stop - start)

    counted = block.filled(
        "In this budget",
        "people, member-months",
        lambda t: total(row(t, 0, inside)),
        "medicaid.Result.member_months",
        "people",
    )
    given = program.inputs.number("state.enrollment")
    trend = program.assumed("coverage.enrollment_trend")

    def outside(t: int, by: Live | None = None) -> Live:
        people = row(t, inside, inside + len(program.others))
        return facts.counted_others * (total(people) if by is None else sumproduct(people, by))

    def everyone(t: int) -> Live:
        known = counted[t] + outside(t) if program.others else counted[t]
        if program.shares:
            return known
        return where(blank(given), known, given * (1 + trend) ** (number[t] / MONTHS))

    every = block.filled(
        "All enrollees of the state", PEOPLE, everyone, "medicaid_groups._everyone", "people"
    )
    block.gap()
    block.section("Newly eligible, and uses covered today")
    eligible_share = facts.eligible[:inside]
    eligible = block.filled(
        "Newly eligible",
        PEOPLE,
        lambda t: sumproduct(row(t, 0, inside), eligible_share),
        "medicaid._branch",
        "people",
    )

    def here(mine: Callable[[int], Live], by: Live) -> Callable[[int], Live]:
        def share(t: int) -> Live:
            if not program.others:
                return live(1)
            whole = mine(t) + outside(t, by)
            return where(whole > 0, mine(t) / whole, 1)

        return share

    rest = slice(inside, inside + len(program.others))
    part = block.filled(
        "of them, in this budget",
        "share",
        here(lambda t: eligible[t], facts.eligible[rest] if program.others else facts.eligible),
        "medicaid_groups._here",
        "share",
    )
    rated = block.filled(
        "Enrollees that a rate of use is of",
        PEOPLE,
        lambda t: every[t] * part[t],
        "medicaid_inputs._coverages",
        "people",
    )
    uses = facts.today[:inside]
    with_uses = block.filled(
        "In groups with uses covered today",
        PEOPLE,
        lambda t: sumproduct(row(t, 0, inside), uses),
        "medicaid_groups.build_groups",
        "people",
    )
    today_here = block.filled(
        "of them, in this budget",
        "share",
        here(lambda t: with_uses[t], facts.today[rest] if program.others else facts.today),
        "medicaid_groups._here",
        "share",
    )
    yearly = program.assumed("coverage.existing_fills_per_enrollee")
    today = block.filled(
        "Fills of today's uses",
        "fills",
        lambda t: every[t] * today_here[t] * yearly / MONTHS,
        "medicaid_inputs._existing_fills",
        "people",
    )
    block.gap()
    block.section("Spread of the newly eligible over the groups")
    start = block.next

    def share_of(place: int) -> Callable[[int], Live]:
        def share(t: int) -> Live:
            mine = columns[place][t] * eligible_share[place]
            return where(eligible[t] > 0, mine / eligible[t], 0)

        return share

    spread_of = [
        block.filled(
            name.replace("_", " ").replace("chip", "CHIP"),
            "share",
            share_of(place),
            "medicaid._branch",
            "share",
        )
        for place, name in enumerate(names)
    ]
    spread = [sheet.range(columns[0].row + t, start, 1, inside) for t in range(len(months))]
    return CohortCells(
        number,
        counted,
        eligible,
        rated,
        spread,
        spread_of,
        today,
        uses,
        [columns[place][0] for place in range(inside)],
    )
