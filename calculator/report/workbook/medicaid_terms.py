"""What is settled before the months: whether the state joins, and when rebates arrive."""

from __future__ import annotations

from collections.abc import Sequence

from calculator.model.medicaid import QUARTER
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
    absolute,
    blank,
    both,
    rounded,
    total,
    where,
)
from calculator.report.workbook.layout import Steps
from calculator.report.workbook.medicaid_program import Program


def adopts(program: Program, sheet: Sheet, nets: Sequence[Live]) -> Live:
    """1 where the state joins at this net price under its own condition."""
    most = program.assumed("coverage.conditional_net_price")
    steps = Steps(sheet, "Does the state join at this net price?")
    source = "medicaid_inputs.build_inputs"
    row = steps.row(
        "Net price within the state's condition",
        "1: yes",
        [
            where(blank(most), 1, where(both(net > 0, net <= most), 1, 0))
            for net in nets
        ],
        source,
    )  # fmt: skip
    return steps.row(
        "It joins",
        "1: yes",
        [where(total(row) >= len(nets), 1, 0)],
        source,
    )


def rebate_lag(program: Program, sheet: Sheet) -> Live:
    """Months from a fill to its rebate."""
    steps = Steps(sheet, "When rebates arrive")
    quarters = steps.row(
        "Quarters from a fill to its rebate",
        "whole quarters",
        [even(program.assumed("rebates.rebate_lag_quarters"))],
        "medicaid.cash",
    )
    return steps.row(
        "Months from a fill to its rebate", "months", [QUARTER * quarters], "medicaid.cash"
    )


def even(cell: Live) -> Live:
    """Rounded to a whole number, a half to the even one, as the engine rounds.

    >>> from calculator.report.workbook.cells import live
    >>> [even(live(x)).value for x in (0.5, 1.5, 2.5, 2.6)]
    [0.0, 2.0, 2.0, 3.0]
    """
    return where(absolute(cell - rounded(cell)).same(0.5), 2 * rounded(cell / 2), rounded(cell))
