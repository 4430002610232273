"""Cohort: who is on therapy in each branch, months down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from calculator.model.arrays import MONTHS
from calculator.report.workbook.book import Sheet
from calculator.report.workbook.cells import (
    Live,
    blank,
    largest,
    live,
    smallest,
    sumproduct,
    total,
    where,
)
from calculator.report.workbook.layout import FIRST, Block, Column
from calculator.report.workbook.medicaid_curve import Facts, Life
from calculator.report.workbook.medicaid_people import PEOPLE
from calculator.report.workbook.medicaid_program import Program
from calculator.report.workbook.medicaid_uptake import Use

BRANCHES = {"stay_out": "Staying out", "join": "Joining"}
# Columns that one branch takes at most.
MOST_COLUMNS = 17


@dataclass(frozen=True)
class Opening:
    """Who is on therapy, or has stopped, when the horizon begins."""

    weight: dict[str, Column]  # by months of therapy behind them, over the share that came so far
    stopped: Live


NOBODY = Opening({}, live(0))


@dataclass(frozen=True)
class Treated:
    """One branch's treated people by month."""

    active: Column
    starts: Column
    on_therapy: Column
    stops: Column
    stopped: Column
    fills: Column | None  # those given by month, else of the people on therapy
    effect: Column | None  # change in medical cost, USD


def history(
    program: Program, sheet: Sheet, column: int, span: int, use: Use, eligible: Column, facts: Facts
) -> tuple[Opening, int]:
    """The months of the state's own coverage before the horizon, and who is left of them."""
    if span == 0:
        return NOBODY, column
    sheet.widths[column] = 2.0
    block = Block(sheet, column + 1, span)
    block.section("Own coverage before the first month")
    days = [_month(program.months[0], place - span) for place in range(span)]
    month = block.filled("Month", "first day", lambda m: days[m], number="date")
    active = _active(program, block, month.column)
    if use.path is None:
        assert use.initiation is not None
        own = use.initiation["stay_out"]
        wanted, rate = (
            None,
            block.filled(
                "Initiation",
                "share a year",
                lambda m: own[0],
                "medicaid_inputs._coverages",
                "share",
            ),
        )
    else:
        path = use.path
        given = block.filled("Given", path.unit, path.given, "medicaid_inputs._fills", "tenths")
        rate = None
        wanted = block.filled(
            "Fills",
            "fills",
            lambda m: use.ratio * path.fills(use.rated[0], given[m]),
            "medicaid_inputs._coverages",
            "people",
        )
    people = _treated(
        block, facts, facts.stay_out, active, None, NOBODY.stopped, days[0].month,
        lambda _: eligible[0], rate, wanted, effect=False,
    )  # fmt: skip
    life = facts.stay_out
    last = span - 1
    left = Block(sheet, block.next + 1, span + 1)
    sheet.widths[block.next] = 2.0
    left.section("On therapy when the first month begins")
    left.filled("Months of therapy behind them", "months", float)
    stock = left.filled(
        "People",
        PEOPLE,
        lambda a: (
            live(0)
            if a == 0
            else active[last] * people.starts[span - a] * life.starting[a] * facts.kept[a]
        ),
        "medicaid_inputs._stock",
        "tenths",
    )
    # Conditional on having come so far: what follows is this times the share still on therapy.

    def over(curve: Column, title: str) -> Column:
        return left.filled(
            f"Over the share that came so far, {title}",
            PEOPLE,
            lambda a: where(curve[a] > 0, stock[a] / curve[a], 0),
            "cohort.project",
            "tenths",
        )

    weight = {
        "join": over(facts.join.starting, "joining"),
        "stay_out": over(facts.stay_out.starting, "staying out"),
    }
    stopped = left.column("Stopped before", PEOPLE, "medicaid_inputs._stock", "tenths").put(
        (people.stopped[last] + people.on_therapy[last]) * facts.stay - total(stock.whole)
    )
    return Opening(weight, stopped), left.next


def _month(first: dt.date, after: int) -> dt.date:
    place = first.year * MONTHS + first.month - 1 + after
    return dt.date(place // MONTHS, place % MONTHS + 1, 1)


def _active(program: Program, block: Block, days: int) -> Column:
    """1 in the months of the state's own coverage; `days` is the column with their first days."""
    stance = program.scenario.state.stance
    if stance == "ending":
        ends = program.inputs.word("state.coverage_ends")
        return block.filled(
            "Own coverage in force",
            "1: yes",
            lambda t: where(block.sheet.range(FIRST + t, days, 1, 1) <= ends, 1, 0),
            "medicaid_inputs._coverages",
        )
    return block.filled(
        "Own coverage in force",
        "1: yes",
        lambda _: float(stance == "covering"),
        "medicaid_inputs._coverages",
    )


def branch(
    program: Program,
    block: Block,
    name: str,
    use: Use,
    eligible: Column,
    facts: Facts,
    opening: Opening,
) -> Treated:
    """One branch's people and fills over the horizon."""
    block.gap()
    block.section(f"{BRANCHES[name]}: who is on therapy")
    joining = name == "join"
    active = (
        block.filled("Covered", "1: yes", lambda _: 1.0, "medicaid_inputs._coverages")
        if joining
        else _active(program, block, 0)
    )
    return _treated(
        block, facts, facts.join if joining else facts.stay_out, active,
        opening.weight.get(name), opening.stopped, program.months[0].month, lambda t: eligible[t],
        None if use.initiation is None else use.initiation[name],
        None if use.fills is None else use.fills[name],
        effect=True,
    )  # fmt: skip


def _treated(
    block: Block,
    facts: Facts,
    life: Life,
    active: Column,
    weight: Column | None,
    opening: Live,
    first_month: int,
    eligible: Callable[[int], Live],
    initiation: Column | None,
    given: Column | None,
    *,
    effect: bool,
) -> Treated:
    """Starters, stock and those who stopped, month by month (cohort.project, only_where)."""
    project, masked = "cohort.project", "cohort.only_where"
    before = _before(block, facts, weight, life.starting, "on therapy before", None)
    begun = before
    if life.treated is not life.starting and effect:
        begun = _before(block, facts, weight, life.treated, "and within the cap", None)
    carried = (
        _before(block, facts, weight, life.treated, "medical effect", facts.effect)
        if effect
        else None
    )
    continuing = block.column("Going on with therapy", PEOPLE, project, "tenths")
    if given is None:
        never = block.column("Never treated", PEOPLE, project, "people")
        yearly = block.column("Never treated as the year began", PEOPLE, project, "people")
    starters = block.column("Start", PEOPLE, project, "tenths")
    starts = starters
    if given is None:
        restarts = block.column("Start again", PEOPLE, project, "tenths")
        starts = block.column("Start or start again", PEOPLE, masked, "tenths")
    on = block.column("On therapy", PEOPLE, masked, "tenths")
    stops = block.column("Stop", PEOPLE, masked, "tenths")
    stopped = block.column("Have stopped", PEOPLE, masked, "tenths")
    if effect:
        carrying = block.column(
            "Stopped, still with the effect", PEOPLE, "cohort.carried_effect", "tenths"
        )
        cost = block.column("Change in medical cost", "USD", "medicaid.medical_effect", "usd")
    last = life.rows_back - 1

    def begun_before(t: int, back: Column, *, now: bool) -> Live | None:
        """Of those who started in the horizon, by now (or before the month)."""
        stop = t + 1 if now else t
        if stop == 0:
            return None
        return sumproduct(starts.part(0, stop), back.part(last - t, last - t + stop))

    def plus(*parts: Live | None) -> Live:
        known = [part for part in parts if part is not None]
        found = known[0] if known else live(0)
        for part in known[1:]:
            found = found + part
        return found

    for t in range(block.count):
        stayed = stopped[t - 1] * facts.stay if t else opening * facts.stay
        continuing.put(
            plus(before[t] if before else None, begun_before(t, life.starting_back, now=False))
        )
        if given is None:
            assert initiation is not None
            left = live(0) if t == 0 else on[t - 1] * facts.stay - continuing[t]
            free = eligible(t) * active[t] - continuing[t] - left - stayed
            never.put(largest(free, 0))
            fresh = t == 0 or (first_month - 1 + t) % MONTHS == 0
            yearly.put(never[t] if fresh else yearly[t - 1])
            starters.put(smallest(initiation[t] / MONTHS * yearly[t], never[t]) * active[t])
            again = stopped[t - 1] if t else opening
            restarts.put(facts.restart * again * active[t])
            starts.put(starters[t] + restarts[t])
            on.put(active[t] * (continuing[t] + starts[t]))
        else:
            wanted = given[t] * active[t] / facts.fills
            starters.put(largest(wanted - continuing[t], 0) * active[t])
            treated = begun_before(t, life.treated_back if effect else life.starting_back, now=True)
            on.put(active[t] * plus(begun[t] if begun else None, treated))
        if t == 0:
            # Who comes when nothing is covered, or is beyond the cap, stops on arrival.
            stops.put(live(0) if not before else before[0] - (on[0] - starts[0]))
        else:
            stops.put(facts.stay * on[t - 1] - (on[t] - starts[t]))
        if given is None and t == 0:
            stayed = largest(stayed, facts.restart * opening)
        back_on = restarts[t] if given is None else None
        stopped.put(
            largest(stayed + stops[t] - back_on if back_on is not None else stayed + stops[t], 0)
        )
        if effect:
            kept = stops[t] if t == 0 else carrying[t - 1] * facts.fade + stops[t]
            if given is None:
                pool = stopped[t] + restarts[t]
                kept = kept * (1 - where(pool > 0, restarts[t] / pool, 0))
            carrying.put(kept)
            begun_effect = begun_before(t, life.effect_back, now=True)
            cost.put(
                (
                    active[t] * plus(carried[t] if carried else None, begun_effect)
                    + carrying[t] * facts.first_effect
                )
                / MONTHS
            )
    fills = None
    if effect:
        fills = block.column("Fills", "fills", "medicaid._branch", "tenths")
        for t in range(block.count):
            people = on[t] * facts.fills
            if given is None:
                fills.put(people)
            elif facts.cap is None:
                fills.put(given[t] * active[t])
            else:
                fills.put(where(blank(facts.cap), given[t] * active[t], people))
    return Treated(active, starts, on, stops, stopped, fills, cost if effect else None)


def _before(
    block: Block,
    facts: Facts,
    weight: Column | None,
    curve: Column,
    what: str,
    times: Column | None,
) -> Column | None:
    """Of those treated when the horizon begins, by month: how many go on, or their effect."""
    if weight is None:
        return None
    ages = weight.written
    column = block.column(
        f"Treated before: {what}",
        PEOPLE if times is None else "USD a year",
        "cohort.project",
        "tenths",
    )
    for t in range(block.count):
        parts = [weight.whole, curve.part(t, t + ages)]
        if times is not None:
            parts.append(times.part(t, t + ages))
        column.put(facts.kept[t] * sumproduct(*parts))
    return column
