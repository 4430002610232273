"""GLP-1 users of today in one plan year: fills by phase, and what they move on other drugs.

On a narrow reading, and when staying out, their fills are standard claims at their own price; on a
broad one they have the flat copay of the model: drug_lines.existing_parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from calculator.model.arrays import MONTHS
from calculator.report.workbook.cells import (
    Live,
    largest,
    lesser,
    smallest,
    summed,
    sumproduct,
    where,
)
from calculator.report.workbook.part_d_grid import GROUP_NAMES, Grid
from calculator.report.workbook.part_d_prices import PHASES, Prices, Product
from calculator.report.workbook.part_d_run import Run
from calculator.report.workbook.part_d_strata import Strata

ENGINE = "drug_lines.existing_parts"
# Fills by product, group and phase.
Fills = list[list[list[Live]]]


@dataclass
class Today:
    """What the GLP-1 drugs of today are in one branch and year."""

    fills: Fills
    moved: list[Live]  # USD a member-year of a user on other drugs, by phase and stratum


def today(
    run: Run, grid: Grid, year: int, found: Prices, rows: Strata, members: Live
) -> dict[str, Today]:
    """Both branches' users of today; when joining, by the reading that the terms choose."""
    per_month = run.assumed("drugs.existing_fills_per_month", run.january[0])
    stay_out = _narrow(grid, year, found, rows, members, per_month, joining=False)
    narrow = _narrow(grid, year, found, rows, members, per_month, joining=True)
    broad = _broad(run, grid, year, found, rows, members, per_month)
    grid.title("GLP-1 drugs of today when joining, by the chosen reading")

    def chosen(one: Live, other: Live) -> Live:
        return where(found.broad > 0, one, other)

    fills = [
        [
            [
                grid.one(
                    f"{product.name.capitalize()}: fills {when}, {name}",
                    "fills",
                    chosen(broad.fills[place][g][phase], narrow.fills[place][g][phase]),
                    ENGINE,
                    "tenths",
                )
                for phase, when in enumerate(PHASES)
            ]
            for g, name in enumerate(GROUP_NAMES)
        ]
        for place, product in enumerate(found.existing)
    ]
    moved = _moved(
        grid,
        lambda phase, k: chosen(broad.moved[phase][k], narrow.moved[phase][k]),
    )
    return {"stay_out": stay_out, "join": Today(fills, moved)}


def _moved(grid: Grid, make: Callable[[int, int], Live]) -> list[Live]:
    """Rows of what a user moves. make(phase, stratum)."""
    return [
        grid.row(
            f"A user moves on other drugs: {when}",
            "USD a year",
            partial(make, phase),
            ENGINE,
            "cents",
        )
        for phase, when in enumerate(PHASES)
    ]


def _put_fills(grid: Grid, product: Product, by_group: list[list[Live]]) -> list[list[Live]]:
    return [
        [
            grid.one(
                f"{product.name.capitalize()}: fills {when}, {name}",
                "fills",
                cell,
                ENGINE,
                "tenths",
            )
            for when, cell in zip(PHASES, cells, strict=True)
        ]
        for name, cells in zip(GROUP_NAMES, by_group, strict=True)
    ]


def _narrow(
    grid: Grid,
    year: int,
    found: Prices,
    rows: Strata,
    members: Live,
    per_month: Live,
    *,
    joining: bool,
) -> Today:
    """Fills as standard claims beside the others."""
    when = "when joining, a narrow reading" if joining else "when staying out"
    grid.title(f"GLP-1 drugs of today {when}")
    fills: Fills = []
    together, shares = [], []
    for product in found.existing:
        one, share = _together(grid, rows, product, per_month, year, joining=joining)
        together.append(one)
        shares.append(share)
        gross = product.join_gross if joining else product.gross
        assert gross is not None
        by_group = []
        for g in range(len(GROUP_NAMES)):
            cut = slice(g * grid.each, (g + 1) * grid.each)
            to_fills = members * product.share / gross[year]
            users, part, spend = rows.users[cut], share[cut], one[cut]
            first = sumproduct(users, part, lesser(spend, rows.in_deductible))
            second = sumproduct(users, part, lesser(spend, rows.at_threshold))
            every = sumproduct(users, part, spend)
            by_group.append(
                [to_fills * first, to_fills * (second - first), to_fills * (every - second)]
            )
        fills.append(_put_fills(grid, product, by_group))

    def moved(phase: int, k: int) -> Live:
        return summed(
            [
                product.share * (_phase(rows, one[k], phase) * (1 - share[k]) - rows.base[phase][k])
                for product, one, share in zip(found.existing, together, shares, strict=True)
            ]
        )

    return Today(fills, _moved(grid, moved))


def _broad(
    run: Run, grid: Grid, year: int, found: Prices, rows: Strata, members: Live, per_month: Live
) -> Today:
    """Fills with the flat copay, all year."""
    fills: Fills = []
    met = []
    for product in found.existing:
        under, over = _flat(run, grid, year, found, rows, product, per_month)
        met.append((under, over))
        by_group = []
        for g in range(len(GROUP_NAMES)):
            cut = slice(g * grid.each, (g + 1) * grid.each)
            to_fills = members * product.share * per_month
            users, first, second = rows.users[cut], under[cut], over[cut]
            by_group.append(
                [
                    to_fills * sumproduct(users, first),
                    to_fills * sumproduct(users, second - first),
                    to_fills * (MONTHS * rows.in_group[g] - sumproduct(users, second)),
                ]
            )
        fills.append(_put_fills(grid, product, by_group))

    def moved(phase: int, k: int) -> Live:
        cells = []
        for product, (under, over) in zip(found.existing, met, strict=True):
            months = (under[k], over[k] - under[k], MONTHS - over[k])[phase]
            cells.append(product.share * (rows.flow[k] * months - rows.base[phase][k]))
        return summed(cells)

    return Today(fills, _moved(grid, moved))


def _together(
    grid: Grid, rows: Strata, product: Product, per_month: Live, year: int, *, joining: bool
) -> tuple[Live, Live]:
    """A user's spending with the drug, and the drug's share of it, by stratum."""
    gross = product.join_gross if joining else product.gross
    assert gross is not None
    title, engine = product.name.capitalize(), ENGINE
    cost = grid.one(
        f"{title}: cost of a user", "USD a year", per_month * MONTHS * gross[year], engine, "usd"
    )
    with_others = grid.row(
        f"{title}: with other drugs", "USD a year", lambda k: rows.spend[k] + cost, engine, "usd"
    )
    share = grid.row(
        f"{title}: its share",
        "share",
        lambda k: where(with_others[k] > 0, cost / with_others[k], 0),
        engine,
        "share",
    )
    return with_others, share


def _phase(rows: Strata, spend: Live, phase: int) -> Live:
    """Standard spending of one phase."""
    first, second = smallest(spend, rows.in_deductible), smallest(spend, rows.at_threshold)
    return (first, second - first, spend - second)[phase]


def _flat(
    run: Run, grid: Grid, year: int, found: Prices, rows: Strata, product: Product, per_month: Live
) -> tuple[Live, Live]:
    """Months in which a user of today with the flat copay meets deductible and threshold."""
    assert product.copay is not None
    assert product.join_gross is not None
    title = product.name.capitalize()
    grid.title(f"{title} with the flat copay, a broad reading")
    counts = run.said("terms.copay_counts_to_troop")
    copay = grid.one(
        "Copays that count to TrOOP",
        "USD a month",
        where(counts, product.copay[year] * per_month, 0),
        "",
        "cents",
    )
    towards = grid.one(
        "Fills that count to the deductible",
        "USD a month",
        (1 - found.exempt) * product.join_gross[year] * per_month,
        "",
        "cents",
    )
    early = grid.one(
        "Paid before the deductible is met",
        "USD a month",
        where(found.exempt > 0, copay, towards),
        "",
        "cents",
    )
    flow, after, least = rows.flow, rows.after, rows.least

    def met(k: int) -> Live:
        return rows.deductible / largest(flow[k] + towards, least)

    over = grid.row(
        "Threshold met",
        "month, 12: not in the year",
        lambda k: smallest(
            MONTHS,
            largest(
                rows.threshold / largest(flow[k] + early, least),
                (rows.threshold - (early - copay + flow[k] - after[k]) * met(k))
                / largest(after[k] + copay, least),
            ),
        ),
        "benefit.year_phases",
        "month",
    )
    under = grid.row(
        "Deductible met, or the threshold",
        "month",
        lambda k: smallest(met(k), over[k]),
        "benefit.year_phases",
        "month",
    )
    return under, over
