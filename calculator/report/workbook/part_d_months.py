"""When a model user meets the deductible and the threshold, by stratum and window of therapy.

The equations are those of model.benefit.year_phases, solved: TrOOP is the lower of two straight
lines, before and after the deductible is met, so it reaches the threshold in the later of the two
lines' months.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from calculator.model.arrays import MONTHS
from calculator.model.cohort import WINDOW_FIRST, WINDOW_LENGTH
from calculator.report.workbook.cells import (
    Live,
    largest,
    lesser,
    smallest,
    sumproduct,
    total,
    where,
)
from calculator.report.workbook.part_d_grid import FIRST, GROUP_NAMES, Grid
from calculator.report.workbook.part_d_prices import Prices
from calculator.report.workbook.part_d_run import Run
from calculator.report.workbook.part_d_strata import Strata


@dataclass
class Months:
    """Months in which deductible and threshold are met, by window and stratum."""

    deductible: Live
    threshold: Live
    first: Live  # of the windows, as columns
    length: Live
    stop: Live


def months(run: Run, grid: Grid, year: int, found: Prices, rows: Strata) -> Months:
    """When a model user meets the deductible and the threshold, for every window of therapy."""
    grid.title(
        "On therapy",
        "Months of the year until the deductible and the threshold are met, by stratum and by the"
        " months on therapy. A and B: the lines before and after the deductible is met.",
    )
    per_month = run.assumed("persistence.fills_per_month")
    counts = run.said("terms.copay_counts_to_troop")
    copay = grid.one(
        "Copays that count to TrOOP",
        "USD a month",
        where(counts, found.mean_copay[year] * per_month, 0),
        "benefit.year_phases",
        "cents",
    )
    applies = grid.one("The deductible applies to model fills", "1 or 0", 1 - found.exempt, "", "")
    towards = grid.one(
        "Model fills that count to the deductible",
        "USD a month",
        applies * found.mean_gross[year] * per_month,
        "benefit.year_phases",
        "cents",
    )
    early = grid.one(
        "Paid for model fills before the deductible is met",
        "USD a month",
        where(applies > 0, towards, copay),
        "benefit.year_phases",
        "cents",
    )
    least, flow, after = rows.least, rows.flow, rows.after
    deductible, threshold, c = rows.deductible, rows.threshold, rows.coinsurance
    engine = "benefit.year_phases"
    floor = grid.row(
        "Flow, at least the least", "USD a month", lambda k: largest(flow[k], least), "", "cents"
    )
    after_floor = grid.row(
        "After the deductible, at least the least",
        "USD a month",
        lambda k: largest(after[k], least),
        "",
        "cents",
    )
    steeper = grid.row(
        "TrOOP a month on therapy: line A less line B",
        "USD a month",
        lambda k: early - copay + flow[k] - after[k],
        engine,
        "cents",
    )
    line_a = grid.row(
        "TrOOP a month on therapy, line A",
        "USD a month",
        lambda k: largest(flow[k] + early, least),
        engine,
        "cents",
    )
    line_b = grid.row(
        "TrOOP a month on therapy, line B",
        "USD a month",
        lambda k: largest(after[k] + copay, least),
        engine,
        "cents",
    )
    met = grid.row(
        "Deductible met without therapy", "month", lambda k: deductible / floor[k], engine, "month"
    )
    a_month = grid.row(
        "Threshold met without therapy, line A",
        "month",
        lambda k: threshold / floor[k],
        engine,
        "month",
    )
    b_month = grid.row(
        "Threshold met without therapy, line B",
        "month",
        lambda k: met[k] + (threshold - deductible) / after_floor[k],
        engine,
        "month",
    )
    alone = grid.row(
        "Threshold met without therapy",
        "month, 12: not in the year",
        lambda k: smallest(MONTHS, largest(a_month[k], b_month[k])),
        engine,
        "month",
    )
    sooner_a = grid.row(
        "A month of therapy brings line A forward",
        "months",
        lambda k: early / floor[k],
        engine,
        "month",
    )
    sooner_b = grid.row(
        "A month of therapy brings line B forward",
        "months",
        lambda k: copay / after_floor[k],
        engine,
        "month",
    )
    shift = grid.row(
        "less, for each of them before the deductible is met",
        "months",
        lambda k: applies * copay / after_floor[k] - towards / floor[k],
        engine,
        "month",
    )
    grid.title("Therapy that begins after so many months")
    begins = [[first] for first in range(MONTHS)]
    until = grid.block(
        "Months on therapy until the deductible is met",
        "months",
        begins,
        lambda at, _, k: largest(deductible - flow[k] * at, 0) / largest(flow[k] + towards, least),
        engine,
    )
    owed = grid.block(
        "TrOOP when therapy begins",
        "USD",
        begins,
        lambda at, _, k: smallest(flow[k] * at, deductible * (1 - c) + after[k] * at),
        "benefit.troop",
        "cents",
    )
    reached = grid.block(
        "Threshold met if therapy lasts that long",
        "month",
        begins,
        lambda at, s, k: (
            at
            + largest(
                (threshold - owed[s, k]) / line_a[k],
                (threshold - owed[s, k] - steeper[k] * until[s, k]) / line_b[k],
            )
        ),
        engine,
    )
    grid.title("By window of therapy: begins after, lasts, ends after (months)")
    spans = list(zip(WINDOW_FIRST.tolist(), WINDOW_LENGTH.tolist(), strict=True))
    lines = [[first, length, first + length] for first, length in spans]

    def threshold_month(at: Live, w: int, k: int) -> Live:
        first, length, stop = at[0], at[1], at[2]
        begun = spans[w][0]
        line = largest(
            stop,
            a_month[k] - sooner_a[k] * length,
            b_month[k] - sooner_b[k] * length + shift[k] * smallest(length, until[begun, k]),
        )
        on = where(reached[begun, k] <= stop, reached[begun, k], smallest(MONTHS, line))
        return where(alone[k] <= first, alone[k], on)

    top = grid.sheet.row
    over = grid.block(
        "Threshold is met", "month, 12: not in the year", lines, threshold_month, engine
    )

    def deductible_month(at: Live, w: int, k: int) -> Live:
        length = at[1]
        begun = spans[w][0]
        later = (deductible - towards * length) / floor[k]
        on = smallest(met[k], at[0] + until[begun, k])
        here = where(until[begun, k] <= length, on, later)
        return smallest(over[w, k], here)

    under = grid.block(
        "Deductible is met", "month, or that of the threshold", lines, deductible_month, engine
    )
    heads = grid.sheet.range(top, FIRST, len(lines), 3)
    return Months(under, over, heads[:, 0], heads[:, 1], heads[:, 2])


@dataclass
class Spells:
    """Sums over windows for the spells of one group of people."""

    months_before_deductible: Live  # spells x month the deductible is met, by stratum
    months_before_threshold: Live
    early: Live  # months on therapy before the deductible is met
    below: Live  # months on therapy before the threshold
    count: list[Live]  # spells by group, one cell each
    on: list[Live]  # months on therapy by group


def over_windows(grid: Grid, met: Months, spells: Sequence[Live], title: str) -> Spells:
    """Sum the windows out. spells: a column of 78 for each group of members (or the same)."""
    grid.title(title)
    engine = "spell_table._over_windows"
    names = GROUP_NAMES if spells[0] is not spells[1] else ("of all members",)
    count = [
        grid.one(f"Spells, {name}", "spells", total(one), engine, "tenths")
        for name, one in zip(names, spells, strict=False)
    ]
    on = [
        grid.one(
            f"Months on therapy, {name}", "months", sumproduct(one, met.length), engine, "tenths"
        )
        for name, one in zip(names, spells, strict=False)
    ]

    def of(k: int) -> Live:
        return spells[k // grid.each]

    def elapsed(block: Live) -> Callable[[int], Live]:
        return lambda k: sumproduct(of(k), block[:, k])

    def treated(block: Live) -> Callable[[int], Live]:
        def make(k: int) -> Live:
            until = block[:, k]
            return sumproduct(of(k), (until > met.first) * (lesser(until, met.stop) - met.first))

        return make

    return Spells(
        grid.row(
            "Months until the deductible is met",
            "spell-months",
            elapsed(met.deductible),
            engine,
            "tenths",
        ),
        grid.row(
            "Months until the threshold is met",
            "spell-months",
            elapsed(met.threshold),
            engine,
            "tenths",
        ),
        grid.row(
            "On therapy before the deductible is met",
            "months",
            treated(met.deductible),
            engine,
            "tenths",
        ),
        grid.row(
            "On therapy before the threshold is met",
            "months",
            treated(met.threshold),
            engine,
            "tenths",
        ),
        count * 2 if len(count) == 1 else count,
        on * 2 if len(on) == 1 else on,
    )
