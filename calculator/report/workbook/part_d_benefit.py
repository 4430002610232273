"""The benefit of one plan year: from strata and windows to fills by phase and claims by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calculator.model.arrays import MONTHS
from calculator.model.benefit import CLASSES
from calculator.report.workbook.cells import (
    Live,
    sumproduct,
    total,
)
from calculator.report.workbook.part_d_grid import GROUP_NAMES, STRATA, Grid
from calculator.report.workbook.part_d_months import Spells, months, over_windows
from calculator.report.workbook.part_d_prices import PHASES, Prices
from calculator.report.workbook.part_d_run import Run
from calculator.report.workbook.part_d_strata import Strata, strata
from calculator.report.workbook.part_d_today import today

# Cells by group, phase and class.
Table = list[list[list[Live]]]


@dataclass
class Benefit:
    """One plan year's results."""

    fills: list[list[Live]]  # model fills of own members by group and phase
    more_fills: list[list[Live]] | None  # of those who come
    today: dict[str, list[list[list[Live]]]]  # branch -> product -> group, phase: fills
    stay_out: Table  # claims of other drugs, USD
    alone: Table
    join: Table
    rows: Strata


def benefit(
    run: Run,
    year: int,
    found: Prices,
    members: Live,
    spells: Live,
    coming: Sequence[Live],
    more: Sequence[Live],
) -> Benefit:
    """Lay out the sheet of one year.

    spells: own members' column of windows; coming: those of who comes, by group (or none); more:
    people who come in this year, by group.
    """
    name = run.names[year]
    sheet = run.book.sheet(f"Benefit {name}")
    count = run.evaluation.inputs.weights[0].size
    grid = Grid(sheet, count)
    sheet.title(
        f"The Part D benefit in {name}",
        "A stratum of spending a column. Who meets the deductible and the threshold in which"
        " month, with and without therapy.",
    )
    heads = ["", "Unit", "Engine", "Begins", "Lasts", "Ends"]
    for group in ("non-LIS", "LIS"):
        heads += [f"{group} {place}" for place in range(grid.each)]
    sheet.heading(sheet.row, 0, heads)
    sheet.frozen = (sheet.row, STRATA)
    for column, width in enumerate((44, 20, 26, 7, 7, 7, *[11] * count)):
        sheet.widths[column] = width
    rows = strata(run, grid, year, found)
    met = months(run, grid, year, found, rows)
    own = over_windows(grid, met, [spells, spells], "Spells of members")
    theirs = None
    if coming:
        theirs = over_windows(grid, met, list(coming), "Spells of those who come for the drug")
    per_month = run.assumed("persistence.fills_per_month")

    grid.title("Model fills")
    fills = _fills(grid, rows.users, own, per_month, "of members")
    more_fills = None
    if theirs is not None:
        more_fills = _fills(grid, rows.within, theirs, per_month, "of those who come")
    users = today(run, grid, year, found, rows, members)
    shifted = {branch: one.moved for branch, one in users.items()}

    grid.title("Other drugs: claims by group, phase and class, USD a year")
    columns = ["Members", "GLP-1 users of today move", "the same when joining", "Model users move"]
    columns += ["Who comes", "They move"] if theirs else []
    columns += ["Stay out", "Join without who comes"] + (["Join"] if theirs else [])
    sheet.heading(sheet.row, STRATA, columns)
    tables: tuple[Table, Table, Table] = ([], [], [])
    for g, group in enumerate(GROUP_NAMES):
        for phase, when in enumerate(PHASES):
            for c, kind in enumerate(CLASSES):
                cells = _claims(grid, rows, g, phase, c, members, shifted, own, theirs, more)
                row = grid.told(f"{kind.replace('_', '-')}, {when}, {group}", "USD", "")
                put = sheet.across(row, STRATA, cells, "usd")
                base, stay, join, move = (put[i] for i in range(4))
                at = STRATA + len(cells)
                outs = [base + stay, base + join + move]
                if theirs:
                    outs.append(base + join + move + put[4] + put[5])
                ends = sheet.across(row, at, outs, "usd")
                for table, cell in zip(tables, [*ends, ends[len(outs) - 1]], strict=False):
                    _place(table, g, phase, cell)
    return Benefit(
        fills,
        more_fills,
        {branch: one.fills for branch, one in users.items()},
        tables[0],
        tables[1],
        tables[2],
        rows,
    )


def _place(table: Table, group: int, phase: int, cell: Live) -> None:
    while len(table) <= group:
        table.append([])
    while len(table[group]) <= phase:
        table[group].append([])
    table[group][phase].append(cell)


def _moved(rows: Strata, spells: Spells, phase: int, cut: slice, count: Live) -> Live:
    """What spells move between phases in each stratum of a group, USD, as an array."""
    flow, base = rows.flow[cut], rows.base[phase][cut]
    first = spells.months_before_deductible[cut]
    until = spells.months_before_threshold[cut]
    elapsed = (first, until - first, MONTHS * count - until)[phase]
    return flow * elapsed - count * base


def _claims(
    grid: Grid,
    rows: Strata,
    g: int,
    phase: int,
    c: int,
    members: Live,
    shifted: dict[str, list[Live]],
    own: Spells,
    theirs: Spells | None,
    more: Sequence[Live],
) -> list[Live]:
    cut = slice(g * grid.each, (g + 1) * grid.each)
    mix, users = rows.mix[c][cut], rows.users[cut]
    cells = [members * sumproduct(rows.members[cut], mix, rows.base[phase][cut])]
    cells += [
        members * sumproduct(users, mix, shifted[branch][phase][cut])
        for branch in ("stay_out", "join")
    ]
    cells.append(sumproduct(users, mix, _moved(rows, own, phase, cut, own.count[g])))
    if theirs is not None:
        within = rows.within[cut]
        cells.append(more[g] * sumproduct(within, mix, rows.base[phase][cut]))
        cells.append(sumproduct(within, mix, _moved(rows, theirs, phase, cut, theirs.count[g])))
    return cells


def _fills(
    grid: Grid, weights: Live, spells: Spells, per_month: Live, who: str
) -> list[list[Live]]:
    """Fills by group and phase: before the deductible, until the threshold, above it."""
    found = []
    for g, name in enumerate(GROUP_NAMES):
        cut = slice(g * grid.each, (g + 1) * grid.each)
        early, below = spells.early[cut], spells.below[cut]
        everyone = spells.on[g] * total(weights[cut])
        cells = (
            per_month * sumproduct(weights[cut], early),
            per_month * sumproduct(weights[cut], below - early),
            per_month * (everyone - sumproduct(weights[cut], below)),
        )
        found.append(
            [
                grid.one(
                    f"Fills {when}, {who} {name}",
                    "fills",
                    cell,
                    "spell_table._over_windows",
                    "tenths",
                )
                for when, cell in zip(PHASES, cells, strict=True)
            ]
        )
    return found
