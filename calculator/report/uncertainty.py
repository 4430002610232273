"""What could change the decision, in words and tables of text."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from calculator.analysis.sensitivity import Bar, Breakeven, Tornado
from calculator.analysis.threshold import Axis, Threshold
from calculator.register import A_DATE
from calculator.report.inputs import (
    MOST_ROWS,
    NOTHING,
    amount,
    by_year,
    here,
    inside,
    said,
    worth_words,
)
from calculator.report.learning import (
    indices_sentence,
    indices_text,
    information_notes,
    information_sentence,
    information_text,
)
from calculator.report.table import align, cents
from calculator.report.words import dollars, share

__all__ = [
    "MOST_ROWS",
    "NOTHING",
    "amount",
    "breakeven_sentence",
    "indices_sentence",
    "indices_text",
    "information_notes",
    "information_sentence",
    "information_text",
    "inside",
    "threshold_sentence",
    "threshold_text",
    "tornado_sentence",
    "tornado_text",
    "worth_words",
]

PAYS, COSTS, HERE = "+", "·", "@"

# --------------------------------------------------------------------------------------- tornado


def tornado_sentence(found: Tornado) -> str:
    """Which input moves the answer most, and how many alone turn it."""
    moving = [bar for bar in found.bars if bar.width >= NOTHING]
    if not moving:
        return "No input moves the answer by a cent PMPM over its own range."
    first = moving[0]
    low, high = sorted((first.pmpm_at_low, first.pmpm_at_high))
    opening = (
        f"{_named(first)} moves the answer most: from {cents(low, 2)} to {cents(high, 2)} per"
        " member per month (PMPM) over its range."
    )
    return f"{opening} {_turning(found)}"


def _turning(found: Tornado) -> str:
    turn = "stop it from paying" if found.pmpm > 0.0 else "make joining pay"
    turning = [bar for bar in found.bars if bar.turns(found.total)]
    if not turning:
        return f"No input alone would {turn} within its range."
    if len(turning) == 1:
        return f"{_named(turning[0])} alone would {turn} within its range."
    others = {1: "one", 2: "two", 3: "three", 4: "four"}.get(len(turning), f"{len(turning)}")
    return f"{others.capitalize()} inputs would each {turn} within their ranges."


def _named(bar: Bar) -> str:
    """A bar's label, and how many others move with it."""
    entries = {path.rsplit(".", 1)[0] if _dated(path) else path for path in bar.moved}
    more = len(entries) - 1
    if not more:
        return bar.label
    return f"{bar.label} (with {more} more that move{'s' if more == 1 else ''} together)"


def _dated(path: str) -> bool:
    return A_DATE.fullmatch(path.rsplit(".", 1)[-1]) is not None


def _low_own_high(bar: Bar) -> tuple[tuple[float, ...], ...]:
    """Low, own and high of an input, each over the dates of it that move."""
    dates = bar.dates()
    own, low, high = zip(*dates, strict=True) if dates else ((bar.own,), (bar.low,), (bar.high,))
    return low, own, high


def tornado_text(found: Tornado, *, every: bool = False) -> str:
    """The bars as a table, widest first; those below half a cent PMPM are counted, not shown."""
    moving = [bar for bar in found.bars if every or bar.width >= NOTHING]
    shown = moving if every else moving[:MOST_ROWS]
    rows = [
        [
            _named(bar),
            *(by_year(values, bar.unit, short=True) for values in _low_own_high(bar)),
            cents(bar.pmpm_at_low, 2),
            cents(bar.pmpm_at_high, 2),
            dollars(bar.total_at_low),
            dollars(bar.total_at_high),
        ]
        for bar in shown
    ]
    head = [
        f"Value here {cents(found.pmpm, 2)} PMPM, {dollars(found.total)}",
        *("low", "here", "high", "PMPM at low", "at high", "USD at low", "at high"),
    ]
    # Paths stand to the left at the end of their lines: what --set and the others take.
    heading, rule, *body = align(head, rows, total=False).split("\n")
    lines = [f"{heading}  path", rule]
    lines += [f"{line:<{len(rule)}}  {bar.path}" for line, bar in zip(body, shown, strict=True)]
    left, still = len(moving) - len(shown), len(found.bars) - len(moving)
    if left:
        lines.append(f"{left} more move it less; --all shows them.")
    if still and not every:
        lines.append(f"{still} more move it by less than half a cent PMPM.")
    lines += [
        f"No range: {one.label} ({one.path}), no number was published;"
        f" {said(one.value, one.unit)} is used."
        for one in found.without_range
    ]
    if any(bar.path == "plan.part_c_coding" for bar in found.bars):
        lines.append(
            "Part C coding has no published range: it is moved by what a treated member's drug"
            " costs in a year."
        )
    return "\n".join(lines)


# ------------------------------------------------------------------------------------ break-even


def breakeven_sentence(found: Breakeven, label: str, unit: str) -> str:
    """Where joining is worth nothing along one input and which side pays, or that it nowhere is."""
    low, high = said(found.low, unit), said(found.high, unit)
    if not found.read:
        return f"{label} is not used in this run; it moves nothing."
    alone = _alone(found.linked)
    if found.still:
        worth = worth_words(found.value_at_low)
        return f"{label} moves nothing in this run: joining {worth} at {low} as at {high}.{alone}"
    ends = (
        f"joining {worth_words(found.value_at_low)} at {low} and"
        f" {worth_words(found.value_at_high)} at {high}"
    )
    if found.root is None:
        own = here(found.by_date, unit)
        return f"{label}: none in this range (here {own}); {ends}.{alone}"
    at = said(found.root, unit)
    side = "below" if found.pays_below else "above"
    if found.crossings == 1:
        pays = f"It pays {side} {at}"
    else:
        pays = f"It pays just {side} {at}, one of {found.crossings} such values in the range"
    return (
        f"Joining is worth nothing where {inside(label)} is {at}"
        f" (here {here(found.by_date, unit)}). {pays}: {ends}.{alone}"
    )


def _alone(linked: Sequence[str]) -> str:
    """That an input moves without those that a tornado moves with it."""
    if not linked:
        return ""
    many = f"the {len(linked)} more that move" if len(linked) > 1 else "the one more that moves"
    return f" This moves this one alone; {many} with it in the tornado stay{_s(linked)} as here."


def _s(things: Sequence[str]) -> str:
    return "s" if len(things) == 1 else ""


# --------------------------------------------------------------------------- two inputs at once


def threshold_sentence(found: Threshold) -> str:
    """Where on the map joining pays, and where the scenario lies."""
    x, y = inside(found.x.label), inside(found.y.label)
    now = f"Here ({_at(found.x)}, {_at(found.y)}) joining {worth_words(found.own)}."
    pays = found.value > 0.0
    more = "".join(_of_axis(*one) for one in zip((found.x, found.y), found.still, strict=True))
    if not pays.any():
        return f"Joining pays nowhere on this map, whatever {x} and {y}. {now}{more}"
    if pays.all():
        return f"Joining pays everywhere on this map, whatever {x} and {y}. {now}{more}"
    beside = "" if found.still[1] else _beside(found)
    return f"Joining pays on {share(found.pays)} of this map. {now}{beside}{more}"


def _at(axis: Axis) -> str:
    return f"{inside(axis.label)} {here(axis.by_date, axis.unit)}"


def _of_axis(axis: Axis, still: bool) -> str:
    """That an input moves nothing, or that it moves without those that a tornado moves with it."""
    if still:
        return f" {axis.label} moves nothing in this run."
    if not axis.linked:
        return ""
    return f" {axis.label}:{_alone(axis.linked)}"


def _beside(found: Threshold) -> str:
    """What the second input would have to be, the first as it is."""
    if math.isnan(found.x.own) or not found.contour:
        return ""
    step = float(found.x.values[1] - found.x.values[0])
    near = [point for point in found.contour if abs(point[0] - found.x.own) <= step / 2.0]
    if not near:
        return ""
    own = found.y.own if not math.isnan(found.y.own) else float(found.y.values[0])
    x, y = min(near, key=lambda point: abs(point[1] - own))
    return (
        f" At {inside(found.x.label)} {said(x, found.x.unit)} it is worth nothing where"
        f" {inside(found.y.label)} is {said(y, found.y.unit)}."
    )


def threshold_text(found: Threshold) -> str:
    """The map as letters: + joining pays, · it costs, @ the scenario."""
    rows, columns = found.value.shape
    place = [_nearest(axis) for axis in (found.y, found.x)]
    lines = []
    marks = [said(found.y.values[row], found.y.unit, short=True) for row in range(rows)]
    width = max(map(len, marks))
    for row in reversed(range(rows)):
        cells = [
            HERE if [row, column] == place else PAYS if found.value[row, column] > 0.0 else COSTS
            for column in range(columns)
        ]
        named = row in (0, rows - 1, rows // 2)
        lines.append(f"{marks[row] if named else '':>{width}} | {' '.join(cells)}")
    low, high = (said(found.x.values[end], found.x.unit, short=True) for end in (0, -1))
    rule = "-" * (2 * columns - 1)
    gap = " " * max(2 * columns - 1 - len(low) - len(high), 1)
    lines += [f"{'':>{width}} +-{rule}", f"{'':>{width}}   {low}{gap}{high}"]
    key = f"{PAYS} joining pays   {COSTS} it costs"
    if None not in place:
        key += f"   {HERE} as in the scenario"
    top = f"{found.y.label} (up) by {inside(found.x.label)} (across)"
    return "\n".join([top, "", *lines, "", key])


def _nearest(axis: Axis) -> int | None:
    """The grid point nearest to the scenario's own value; None where that is off the map."""
    low, high = axis.values[0], axis.values[-1]
    if math.isnan(axis.own) or not low <= axis.own <= high:
        return None
    return int(np.argmin(np.abs(axis.values - axis.own)))
