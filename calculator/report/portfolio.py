"""A book of plans in words and tables: which join, what it is worth, plan by plan."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calculator import __version__
from calculator.analysis.portfolio import CENT, PlanResult, Portfolio, Program, Sums
from calculator.model.arrays import Array
from calculator.report.table import align, cents
from calculator.report.words import dollars

PROGRAM_LABELS = {"part_d": "Medicare Part D", "medicaid": "Medicaid"}
UNITS = {"part_d": ("plan", "plans"), "medicaid": ("state program", "state programs")}
PERIODS = {"part_d": "plan year", "medicaid": "state fiscal year"}
VALUES = {
    "part_d": "the plan's gain from joining against staying out, by plan year",
    "medicaid": "the state's own money saved by joining, by state fiscal year",
}
APART = (
    "Part D plans and Medicaid programs are summed apart: a plan's gain by plan year is not a"
    " state's own money by fiscal year."
)
ALONE = (
    "Each plan is run by itself: nobody moves between plans of the book, and a plan's weight in"
    " the national average bid is its own input."
)
CHOICE = (
    "Which of the two holds is for the terms to say: where each may choose, those join to which"
    " joining is worth something; where a sponsor joins with all of them or with none, the sign of"
    " the sum decides."
)
FREE, ALL = "If each may choose", "If all join"
# Lines of a terminal's table: the best and the worst of each program.
SHOWN = 10


def sentences(found: Portfolio) -> list[str]:
    """The answer for each program."""
    return [sentence(program) for program in found.programs.values()]


def sentence(program: Program) -> str:
    """Which join if each may choose, and what all or none comes to."""
    one, many = UNITS[program.program]
    count, joining = len(program.plans), program.chosen.plans
    where = "Part D" if program.program == "part_d" else "Medicaid"
    over = f"{PERIODS[program.program]}s {program.periods[0]} to {program.periods[-1]}"
    if len(program.periods) == 1:
        over = f"{PERIODS[program.program]} {program.periods[0]}"
    if count == 1:
        total = program.all_in.total
        if abs(total) < CENT:
            return f"Joining changes nothing for the one {where} {one} over {over}."
        does = "gains" if total > 0 else "loses"
        return f"By joining the one {where} {one} {does} {dollars(abs(total))} over {over}."
    every = program.all_in.total
    if joining == 0:
        free = f"None of {count:,} {where} {many} gains by joining over {over}"
    elif joining == count:
        free = f"All {count:,} {where} {many} gain by joining, {dollars(every)} over {over}"
    else:
        worth = dollars(program.chosen.total)
        free = (
            f"If each may choose, {joining:,} of {count:,} {where} {many} join{_s(joining)}, worth"
            f" {worth} over {over}"
        )
    if joining == count:
        return f"{free}, each alone as all together."
    together = f"if all {count:,} have to join together or not at all"
    if abs(every) < CENT:
        return f"{free}; {together}, joining comes to nothing."
    if every > 0:
        return f"{free}; {together}, joining is better, worth {dollars(every)}."
    return f"{free}; {together}, staying out is better: joining would cost {dollars(-every)}."


def _s(count: int) -> str:
    return "s" if count == 1 else ""


def ways(program: Program) -> list[tuple[str, Sums]]:
    """The two ways terms may go: each chooses, and all join."""
    return [(FREE, program.chosen), (ALL, program.all_in)]


def running_total(program: Program) -> Array:
    """Value as plans join from the best on, USD, (plans + 1,); its top is the free choice.

    The sums start at nobody in and end at everybody.
    """
    worth = [plan.value.total for plan in program.plans]
    return np.concatenate([[0.0], np.cumsum(worth)])


# -------------------------------------------------------------------------------------- tables

HEAD = (
    "name", "scenario", "program", "row", "rank", "joins_if_free", "value", "present_value",
    "pmpm", "member_months", "treated_years", "join", "stay_out",
)  # fmt: skip


def every_period(found: Portfolio) -> list[str]:
    """Plan years and fiscal years, each once."""
    return sorted({period for program in found.programs.values() for period in program.periods})


def plan_rows(found: Portfolio) -> tuple[list[str], list[list[object]]]:
    """Every plan for a file: headings and rows, unrounded. value_<year> is USD of that period."""
    periods = every_period(found)
    head = [*HEAD, *(f"value_{period}" for period in periods)]
    rows: list[list[object]] = [
        [
            plan.name,
            plan.scenario,
            plan.program,
            plan.line,
            plan.rank,
            "yes" if plan.joins else "no",
            plan.value.total,
            plan.value.present_value,
            plan.value.pmpm,
            sum(plan.member_months.values()),
            plan.treated_years,
            sum(plan.join.values()),
            sum(plan.stay_out.values()),
            *(plan.value.by_period.get(period) for period in periods),
        ]
        for plan in found.plans
    ]
    return head, rows


def text(found: Portfolio) -> str:
    """The book as a person reads it in a terminal."""
    parts = [" ".join(sentences(found))]
    for program in found.programs.values():
        parts += [_by_period(program), _ranking(program)]
    parts.append("\n".join(notes(found)))
    return "\n\n".join(parts)


def notes(found: Portfolio) -> list[str]:
    """What a reader of the sums must know."""
    return [CHOICE, ALONE, *([APART] if len(found.programs) > 1 else [])]


def _by_period(program: Program) -> str:
    label = PROGRAM_LABELS[program.program]
    rows = [
        [period, *(cents(sums.by_period[period], 0) for _, sums in ways(program))]
        for period in program.periods
    ]
    rows += [
        ["Total", *(cents(sums.total, 0) for _, sums in ways(program))],
        ["Present value", *(cents(sums.present_value, 0) for _, sums in ways(program))],
        ["PMPM over all members", *(cents(sums.pmpm, 2) for _, sums in ways(program))],
    ]
    head = [f"{label}, USD by {PERIODS[program.program]}", *(name for name, _ in ways(program))]
    return align(head, rows, total=False)


def _ranking(program: Program) -> str:
    plans: Sequence[PlanResult] = program.plans
    left_out = max(len(plans) - 2 * SHOWN, 0)
    shown = [*plans[:SHOWN], *plans[len(plans) - SHOWN :]] if left_out else plans
    rows = [
        [
            f"{plan.rank:,} {plan.name}",
            plan.scenario,
            "yes" if plan.joins else "no",
            cents(plan.value.total, 0),
            cents(plan.value.pmpm, 2),
        ]
        for plan in shown
    ]
    table = align(["Plan", "scenario", "joins", "value", "PMPM"], rows, total=False)
    if not left_out:
        return table
    lines = table.split("\n")
    gap = f"... {left_out:,} more; --out has them all"
    return "\n".join([*lines[: 2 + SHOWN], gap, *lines[2 + SHOWN :]])


def record(found: Portfolio) -> str:
    """What made these figures."""
    return f"balance-calculator {__version__}, {found.resolution} resolution, {found.fingerprint}"
