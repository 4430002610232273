"""Who is on therapy, month by month: the Bridge, the plan's members, and who comes."""

from __future__ import annotations

from dataclasses import dataclass

from calculator.model.arrays import MONTHS
from calculator.report.workbook.cells import (
    Live,
    largest,
    live,
    smallest,
    sumproduct,
    total,
    where,
)
from calculator.report.workbook.layout import FIRST, Block, Column
from calculator.report.workbook.part_d_persistence import Calendar, Persistence
from calculator.report.workbook.part_d_run import COHORT, Run

PEOPLE = "tenths"


@dataclass
class Bridge:
    """The Bridge per eligible member, by month of its axis."""

    began: Column
    on: Column
    stopped: Column
    carried: Column
    starters: Column
    restarts: Column


def bridge(run: Run, axis: Calendar, lasting: Persistence, block: Block) -> Bridge:
    """Columns of the Bridge on the sheet of cohorts, as bridge_inputs.bridge runs it."""
    block.section("The Bridge, per eligible member")
    unit = "per eligible"
    engine = "cohort.project"
    running = block.filled("Bridge runs", "1 or 0", axis.active)
    continuing = block.column("Still on", unit, engine, "exact")
    stops = block.column("Stop", unit, engine, "exact")
    restarts = block.column("Start again", unit, engine, "exact")
    never = block.column("Never treated", unit, engine, "exact")
    starters = block.column("Start", unit, engine, "exact")
    began = block.column("Begin", unit, number="exact")
    on = block.column("On therapy", unit, number="exact")
    stopped = block.column("Have stopped", unit, engine, "exact")
    carried = block.column("Carry the effect", unit, "cohort.carried_effect", "exact")
    initiation = run.assumed("uptake.bridge_initiation")
    new_year = 0
    for month in range(axis.before + axis.count):
        if month > axis.closes:
            # Nobody is left on it: what is carried fades.
            carried.put(carried[month - 1] * lasting.fade)
            if month < axis.before:
                stopped.put(stopped[month - 1] * lasting.stay)
            continue
        if month == 0 or axis.date(month).month == 1:
            new_year = month
        before = stopped[month - 1] if month else live(0)
        still = continuing.put(
            sumproduct(began.part(0, month), lasting.bridge_alive.span(1, month))
            if month
            else live(0)
        )
        left = stops.put(
            on[month - 1] * lasting.stay - running[month] * still if month else live(0)
        )
        again = restarts.put(running[month] * lasting.restart * before)
        untreated = never.put(largest(running[month] - still - left - before * lasting.stay, 0))
        starting = running[month] * initiation / MONTHS * never[new_year]
        begin = began.put(starters.put(smallest(starting, untreated)) + again)
        on.put(running[month] * (still + begin))
        has = stopped.put(largest(before * lasting.stay + left - again, 0))
        pool = has + again
        share = where(pool > 0, again / pool, 0)
        fading = carried[month - 1] * lasting.fade if month else live(0)
        carried.put((fading + left) * (1 - share))
    block.gap()
    return Bridge(began, on, stopped, carried, starters, restarts)


@dataclass
class Group:
    """A treated group by month of the horizon. People."""

    opening: Column | None
    began: Column
    on: Column
    stops: Column
    restarts: Column
    stopped: Column
    starters: Column


@dataclass
class Opening:
    """Who comes from the Bridge on the day of joining."""

    per_survivor: Live | None  # people by age of therapy over the share who come that far
    ages: int
    people: Live
    stopped: Live
    carried: Live


def opening(
    run: Run, axis: Calendar, lasting: Persistence, found: Bridge, eligible: Live
) -> Opening | None:
    """The Bridge's stock by age of therapy, beside the ages; none where it opens with the model."""
    if not axis.precedes:
        return None
    block = lasting.block
    assert block is not None
    last = axis.before - 1
    stock = None
    leaving = live(0)
    go_on: Live | None = None
    if axis.converts:
        stock, before_day, go_on = _stock(run, axis, lasting, found, eligible, block)
        leaving = total(before_day) * (1 - run.assumed("uptake.bridge_conversion"))
    sheet = block.sheet
    at = block.next + 1
    labels = (
        ("Go on under the plan", live(0) if go_on is None else total(go_on)),
        ("Stopped before or on the day", (found.stopped[last] + leaving) * eligible),
        ("Of them, in the effect they carry", (found.carried[last] + leaving) * eligible),
    )
    cells = []
    for place, (label, cell) in enumerate(labels):
        sheet.put(FIRST + place, at, label)
        cells.append(sheet.put(FIRST + place, at + 1, cell, PEOPLE))
    sheet.widths[at] = 34.0
    return Opening(stock, axis.before + 1, *cells)


def _stock(
    run: Run, axis: Calendar, lasting: Persistence, found: Bridge, eligible: Live, block: Block
) -> tuple[Live, Live, Live]:
    """By age of therapy: people over the share who come that far, per eligible, and people."""
    ages = axis.before + 1
    block.gap()
    block.section("From the Bridge")
    stock = block.column(
        "On the Bridge on its last day", "per eligible", "cohort.stock_by_age", "exact"
    )
    people = block.column("Go on under the plan", "people", "bridge_inputs.bridge", PEOPLE)
    over = block.column("Over the share who come that far", "people", "", PEOPLE)
    conversion = run.assumed("uptake.bridge_conversion")
    for column in (stock, people, over):
        column.row += lasting.curve.count - ages
    for age in range(ages - 1, -1, -1):
        held = found.began[axis.before - age] * lasting.bridge_alive.at(age - 1) if age else live(0)
        go_on = people.put(stock.put(held) * conversion * eligible)
        share = lasting.curve.at(age)
        over.put(where(share > 0, go_on / share, 0))
    return over.whole, stock.whole, people.whole


def project(
    block: Block,
    axis: Calendar,
    title: str,
    eligible: list[Live],
    initiation: list[Live],
    lasting: Persistence,
    *,
    own_coverage: bool = False,
    start: Opening | None = None,
    arriving: list[Live] | None = None,
    stopped_before: Live | None = None,
) -> Group:
    """Columns of one group, as model.cohort.project has them.

    eligible, initiation: by plan year. start: who arrives by age of therapy; arriving: their
    number still on therapy by month where that is known from another group.
    """
    alive = lasting.own_alive if own_coverage else lasting.alive
    curve = lasting.own_curve if own_coverage else lasting.curve
    assert alive is not None
    assert curve is not None
    block.section(title)
    unit, engine = "people", "cohort.project"
    came = None
    if arriving or (start is not None and start.per_survivor is not None):
        came = block.column("Came on therapy, still on", unit, engine, PEOPLE)
    continuing = block.column("Still on", unit, engine, PEOPLE)
    stops = block.column("Stop", unit, engine, PEOPLE)
    restarts = block.column("Start again", unit, engine, PEOPLE)
    never = block.column("Never treated", unit, engine, PEOPLE)
    starters = block.column("Start", unit, engine, PEOPLE)
    began = block.column("Begin", unit, "", PEOPLE)
    on = block.column("On therapy", unit, "", PEOPLE)
    stopped = block.column("Have stopped", unit, engine, PEOPLE)
    for column in (came, continuing, stops, restarts, never, starters, began, on, stopped):
        if column is not None:
            column.row += axis.before
    for month in range(axis.count):
        year = month // MONTHS
        before = stopped[month - 1] if month else (stopped_before or live(0))
        still = live(0)
        if month:
            still = sumproduct(began.part(0, month), alive.span(1, month))
        if came is not None:
            if arriving is not None:
                here = came.put(arriving[month])
            else:
                assert start is not None
                assert start.per_survivor is not None
                ages = curve.span(month, month + start.ages - 1)
                here = came.put(lasting.kept.at(month) * sumproduct(start.per_survivor, ages))
            still = still + here if month else here
        still = continuing.put(still)
        left = stops.put(on[month - 1] * lasting.stay - still if month else live(0))
        again = restarts.put(lasting.restart * before)
        untreated = never.put(largest(eligible[year] - still - left - before * lasting.stay, 0))
        january = never[year * MONTHS]
        start_now = starters.put(smallest(initiation[year] / MONTHS * january, untreated))
        begin = began.put(start_now + again)
        on.put(still + begin)
        stopped.put(largest(before * lasting.stay + left - again, 0))
    block.gap()
    return Group(came, began, on, stops, restarts, stopped, starters)


def carried(
    block: Block, axis: Calendar, groups: list[Group], lasting: Persistence, start: Live | None
) -> Column:
    """People after stopping who still carry the effect, model.cohort.carried_effect."""
    column = block.column(
        "Carry the effect after stopping", "people", "cohort.carried_effect", PEOPLE
    )
    column.row += axis.before
    for month in range(axis.count):
        stops, again, pool = (
            added([getattr(group, name)[month] for group in groups])
            for name in ("stops", "restarts", "stopped")
        )
        pool = pool + again
        share = where(pool > 0, again / pool, 0)
        before = column[month - 1] if month else (start or live(0))
        column.put((before * lasting.fade + stops) * (1 - share))
    return column


def on_therapy_effect(
    block: Block,
    axis: Calendar,
    groups: list[Group],
    lasting: Persistence,
    start: Opening | None,
    times: Live,
    *,
    own_coverage: bool = False,
) -> Column:
    """Part A and B effect of those on therapy, at a yearly rate, by month."""
    alive = lasting.own_alive_effect if own_coverage else lasting.alive_effect
    curve = lasting.own_curve_effect if own_coverage else lasting.curve_effect
    assert alive is not None
    assert curve is not None
    column = block.column(
        "Effect of those on therapy", "USD a year", "offsets.medical_offsets", "usd"
    )
    column.row += axis.before
    for month in range(axis.count):
        starts = added([group.began.part(0, month + 1) for group in groups])
        found = sumproduct(starts, alive.span(0, month))
        if start is not None and start.per_survivor is not None:
            ages = curve.span(month, month + start.ages - 1)
            found = found + times * lasting.kept.at(month) * sumproduct(start.per_survivor, ages)
        column.put(found)
    block.gap()
    return column


def added(cells: list[Live]) -> Live:
    """Cells or ranges added one by one."""
    found = cells[0]
    for one in cells[1:]:
        found = found + one
    return found


def month_axis(run: Run, axis: Calendar) -> Block:
    """The sheet of cohorts with its months."""
    sheet = run.book.sheet(COHORT)
    sheet.title(
        "Cohort",
        "Who starts, stays, stops and starts again, month by month: first the Bridge, then the"
        " plan's members; by plan year below.",
    )
    count = axis.before + axis.count
    block = Block(sheet, 0, count)
    block.filled("Month", "first day", axis.date, number="date")
    block.filled("In the horizon", "month, from 0", lambda month: month - axis.before)
    sheet.widths[0] = 34.0
    sheet.heights[3] = 45.0
    sheet.frozen = (6, 2)
    return block
