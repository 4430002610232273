"""The treated people of both branches by plan year: from the sheet of cohorts to what is paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calculator.model.arrays import MONTHS
from calculator.report.workbook import part_d_cohort as cohort
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import Live, live, sumproduct, total
from calculator.report.workbook.layout import Block, Column, Steps
from calculator.report.workbook.part_d_movers import Movers, movers
from calculator.report.workbook.part_d_persistence import (
    Calendar,
    Persistence,
    calendar,
    persistence,
)
from calculator.report.workbook.part_d_run import COHORT, WINDOWS, Run
from calculator.report.workbook.part_d_windows import windows, windows_sheet


@dataclass
class Treated:
    """A branch's treated people, by plan year."""

    starts: Live | None  # prior authorizations
    years: Live  # treated member-years
    effect: Live  # Part A and B effect, USD
    fills: Live | None = None  # of the Bridge, or of own coverage


@dataclass
class People:
    """Both branches' people by plan year, and the windows of those who join."""

    members: Live
    eligible: Live
    join: Treated
    stay_out: Treated
    own_years: Live  # treated member-years of own members when joining
    windows: list[Live]  # own members, a column a year
    coming: list[list[Live]]  # who comes: by year and group
    movers: Movers | None
    month_numbers: list[Live]  # months of each plan year, from 0
    own_months: list[Live]  # months on therapy of own members when joining


def people(run: Run) -> People:
    """Lay out persistence, the cohorts, selection and the windows."""
    axis = calendar(run)
    sheet = run.book.sheet(COHORT)
    lasting = persistence(run, axis)
    block = cohort.month_axis(run, axis)
    years = range(len(run.years))
    number = run.inputs.number
    trend = number("plan.member_trend")
    steps_row = 6 + axis.before + axis.count + 1
    sheet.row = steps_row
    steps = Steps(sheet, "By plan year")
    steps.heading(run.names)
    members = steps.row(
        "Members",
        "people",
        [number("plan.members") * (1 + trend) ** y for y in years],
        "part_d_inputs.build_inputs",
        "people",
    )
    eligible = steps.row(
        "Eligible members",
        "people",
        [members[y] * run.assumed("uptake.eligible_share") for y in years],
        "",
        "tenths",
    )
    under = cohort.bridge(run, axis, lasting, block)
    start = cohort.opening(run, axis, lasting, under, eligible[0])
    initiation = run.yearly("assumptions.uptake.initiation")
    own = cohort.project(
        block,
        axis,
        "Members when joining",
        list(eligible),
        initiation,
        lasting,
        start=start,
        stopped_before=start.stopped if start else None,
    )
    groups, ratios, found = [own], [], None
    if run.has_bid:
        found = movers(run, eligible, start.people if start else 0.0)
        for g, title in enumerate(("Who comes, without", "Who comes, with")):
            arriving = None
            if own.opening is not None:
                arriving = [found.bridge[g] * own.opening[t] for t in range(axis.count)]
            groups.append(
                cohort.project(
                    block,
                    axis,
                    f"{title} low-income subsidy",
                    list(found.people[g]),
                    list(found.initiation),
                    lasting,
                    arriving=arriving,
                )
            )
        ratios = found.bridge
    block.section("All of them")
    carried = cohort.carried(block, axis, groups, lasting, start.carried if start else None)
    times = 1 + cohort.added(ratios) if ratios else live(1)
    effect = cohort.on_therapy_effect(block, axis, groups, lasting, start, times)
    first = lasting.first_effect

    def by_year(column: Column) -> list[Live]:
        return [column.part(y * MONTHS, (y + 1) * MONTHS) for y in years]

    def summed_up(columns: Sequence[Column]) -> list[Live]:
        parts = [by_year(column) for column in columns]
        return [total(*(part[y] for part in parts)) for y in years]

    def row(label: str, unit: str, cells: Sequence[Live], engine: str = "people.people") -> Live:
        return steps.row(label, unit, cells, engine, "usd" if unit == "USD" else "tenths")

    starts = summed_up([c for g in groups for c in (g.starters, g.restarts)])
    if start is not None:
        starts[0] = starts[0] + start.people * times
    months_on = summed_up([g.on for g in groups])
    row(
        "On therapy in December",
        "people",
        [cohort.added([g.on[(y + 1) * MONTHS - 1] for g in groups]) for y in years],
    )
    join = Treated(
        row("Prior authorizations when joining", "people", starts),
        row("Treated when joining", "member-years", [m / MONTHS for m in months_on]),
        row(
            "Part A and B effect when joining",
            "USD",
            [
                total(one) / MONTHS + total(two) / MONTHS * first
                for one, two in zip(by_year(effect), by_year(carried), strict=True)
            ],
            "offsets.medical_offsets",
        ),
    )
    own_years = join.years
    if len(groups) > 1:
        own_years = row(
            "Own members treated when joining",
            "member-years",
            [m / MONTHS for m in summed_up([own.on])],
        )
    if run.evaluation.inputs.supplement is None:
        stay_out = _bridge_years(run, axis, under, lasting, row, eligible[0], block)
    else:
        stay_out = _own_coverage(
            run, axis, block, lasting, start, list(eligible), initiation, row, by_year
        )
    windows, coming = _windows(run, axis, groups, lasting)
    months = Column(sheet, 6, 1, "", None)
    months.written = axis.before + axis.count
    return People(
        members,
        eligible,
        join,
        stay_out,
        own_years,
        windows,
        coming,
        found,
        [months.part(axis.before + y * MONTHS, axis.before + (y + 1) * MONTHS) for y in years],
        summed_up([own.on]),
    )


def _bridge_years(
    run: Run,
    axis: Calendar,
    under: cohort.Bridge,
    lasting: Persistence,
    row: object,
    eligible: Live,
    block: Block,
) -> Treated:
    """What the Bridge is inside the horizon, and what it leaves behind, when staying out."""
    assert callable(row)
    years = range(len(run.years))
    effects = None
    if axis.closes > axis.before:
        effects = block.column(
            "Effect of those on the Bridge", "USD a year per eligible", "offsets.medical_offsets"
        )
        effects.row += axis.before
        for month in range(axis.before, axis.before + axis.count):
            if month >= axis.closes:
                effects.put(live(0))
                continue
            began = under.began.part(0, month + 1)
            effects.put(sumproduct(began, lasting.bridge_effect.span(0, month)))
    on, effect, fills = [], [], []
    for y in years:
        first = axis.before + y * MONTHS
        last = min(first + MONTHS, axis.closes)
        running = total(under.on.part(first, last)) if last > first else live(0)
        on.append(eligible * running / MONTHS)
        fills.append(eligible * lasting.fills_per_month * running)
        behind = total(under.carried.part(first, first + MONTHS)) / MONTHS
        carried = behind * lasting.first_effect
        if effects is not None:
            carried = carried + total(effects.part(y * MONTHS, (y + 1) * MONTHS)) / MONTHS
        effect.append(eligible * carried)
    return Treated(
        None,
        row("Treated under the Bridge", "member-years", on),
        row("Part A and B effect when staying out", "USD", effect, "offsets.medical_offsets"),
        row("Bridge fills", "fills", fills, "drug_costs._bridge"),
    )


def _own_coverage(
    run: Run,
    axis: Calendar,
    block: Block,
    lasting: Persistence,
    start: cohort.Opening | None,
    eligible: list[Live],
    initiation: list[Live],
    row: object,
    by_year: object,
) -> Treated:
    """Obesity use that is covered today as a supplement, when staying out."""
    assert callable(row)
    assert callable(by_year)
    ratio = run.inputs.number("own_coverage.initiation_ratio")
    group = cohort.project(
        block,
        axis,
        "Members under own coverage",
        eligible,
        [one * ratio for one in initiation],
        lasting,
        own_coverage=True,
        start=start,
        stopped_before=start.stopped if start else None,
    )
    block.section("All of them")
    carried = cohort.carried(block, axis, [group], lasting, start.carried if start else None)
    effect = cohort.on_therapy_effect(
        block, axis, [group], lasting, start, live(1), own_coverage=True
    )
    starts = [
        total(a, b) for a, b in zip(by_year(group.starters), by_year(group.restarts), strict=True)
    ]
    if start is not None:
        starts[0] = starts[0] + start.people
    on = [total(one) for one in by_year(group.on)]
    return Treated(
        row("Prior authorizations under own coverage", "people", starts),
        row("Treated under own coverage", "member-years", [one / MONTHS for one in on]),
        row(
            "Part A and B effect when staying out",
            "USD",
            [
                total(one) / MONTHS + total(two) / MONTHS * lasting.first_effect
                for one, two in zip(by_year(effect), by_year(carried), strict=True)
            ],
            "offsets.medical_offsets",
        ),
        row("Fills under own coverage", "fills", [lasting.fills_per_month * one for one in on]),
    )


def _windows(
    run: Run, axis: Calendar, groups: list[cohort.Group], lasting: Persistence
) -> tuple[list[Live], list[list[Live]]]:
    """Spells by window: own members by year; who comes by year and group."""
    sheet: Sheet = run.book.sheet(WINDOWS)
    block = windows_sheet(run)
    width = 3 + len(groups) * (len(run.years) + 1)
    side = Block(sheet, width + 1, MONTHS)
    side.filled("Month of the year", "from 0", lambda month: month)
    titles = ("Members", "Who comes, non-LIS", "Who comes, LIS")
    by_group = [
        windows(run, axis, block, side, group, lasting, title)
        for group, title in zip(groups, titles, strict=False)
    ]
    own, *coming = by_group
    return own, [[one[y] for one in coming] for y in range(len(run.years))]
