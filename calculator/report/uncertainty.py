"""What could change the decision, in words and tables of text."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from calculator.analysis.indices import Indices
from calculator.analysis.learning import Information
from calculator.analysis.sensitivity import Bar, Breakeven, Tornado
from calculator.analysis.threshold import Axis, Threshold
from calculator.register import A_DATE
from calculator.report.table import align, cents
from calculator.report.words import MINUS, dollars, share

# Half a cent PMPM is shown as nothing.
NOTHING = 0.005
MOST_ROWS = 15
# First words of labels that keep their capital.
NAMES = (
    *("Foundayo", "Mounjaro", "Ozempic", "Rybelsus", "Wegovy", "Zepbound"),
    *("Blue Health", "Danish", "Medicaid", "Medicare", "Part A", "Part C", "Part D", "Prime"),
)
# First words of units that are no words of a sentence, and those of a year of the calendar.
NO_UNIT = ("BMI", "index", "number", "ratio", "score")
YEARS = ("year", "model year")
# From here on a number is shown whole.
LARGE = 1000.0
PAYS, COSTS, HERE = "+", "·", "@"


def amount(value: float, unit: str) -> str:
    """An input's value in its own unit, short: a share, dollars, or a number.

    >>> amount(0.124, "share of members"), amount(245.0, "USD per fill"), amount(1.25, "ratio")
    ('12.4%', '$245', '1.25')
    >>> amount(400000.0, "USD per year"), amount(-0.5, "USD PMPM"), amount(0.0055, "share")
    ('$400,000', '−$0.50', '0.55%')
    """
    if math.isnan(value):
        return "not set"
    if unit.startswith("share"):
        small = 0.0 < abs(value) < 0.01
        return f"{MINUS if value < 0 else ''}{abs(value) * 100:.3g}%" if small else share(value)
    if unit.startswith("USD"):
        return dollars(value, 0) if float(value).is_integer() else dollars(value)
    if abs(value) >= LARGE:
        return f"{value:,.0f}".replace("-", MINUS)
    return f"{value:,.4g}".replace("-", MINUS)


def said(value: float, unit: str, *, short: bool = False) -> str:
    """An input's value with its unit, as a sentence says it; short: as a column does.

    >>> said(217.0, "USD per fill"), said(400000.0, "USD a year"), said(0.1, "share of members")
    ('$217 a fill', '$400,000 a year', '10%')
    >>> said(1.2558, "fills per 1,000 enrollees a quarter", short=True), said(1e8, "people")
    ('1.26 per 1,000', '100,000,000 people')
    >>> said(111.0, "USD a month per treated member"), said(float("nan"), "USD per fill")
    ('$111 a month per treated member', 'not set')
    >>> said(0.1, "USD per enrollee"), said(2030.0, "year"), said(1.5, "ratio")
    ('$0.10 an enrollee', '2030', '1.5')
    """
    unit = unit.partition(";")[0]
    shown = amount(value, unit)
    if math.isnan(value) or unit.startswith("share"):
        return shown
    if unit in YEARS:
        return f"{value:.0f}"
    if unit.startswith("USD"):
        of = unit.removeprefix("USD").strip()
        if of.startswith("per "):
            of = of.removeprefix("per ")
            of = f"{'an' if of[0] in 'aeiou' else 'a'} {of}"
        return f"{shown} {of}".strip()
    if short:
        shown = f"{value:,.3g}".replace("-", MINUS) if abs(value) < LARGE else shown
        unit = unit.removeprefix("fills ").removesuffix(" enrollees a quarter")
    return shown if unit.partition(" ")[0] in NO_UNIT else f"{shown} {unit}"


def by_year(values: Iterable[float], unit: str, *, short: bool = False) -> str:
    """One value, or from the lowest to the highest of several.

    >>> by_year([0.1, 0.103, 0.109], "share"), by_year([245.0], "USD per fill")
    ('10% to 10.9%', '$245 a fill')
    """
    every = list(values)
    known = [value for value in every if not math.isnan(value)]
    ends = [said(end, unit, short=short) for end in (min(known), max(known))] if known else []
    if len(known) < len(every):
        ends.insert(0, said(math.nan, unit))
    return " to ".join(dict.fromkeys(ends))


def here(by_date: Mapping[dt.date, float], unit: str) -> str:
    """The scenario's own value, or its values by year.

    >>> here({dt.date(2028, 1, 1): 0.1, dt.date(2029, 1, 1): 0.109}, "share")
    '10% to 10.9% by year'
    """
    words = by_year(by_date.values(), unit)
    return f"{words} by year" if len(set(by_date.values())) > 1 else words


def inside(label: str) -> str:
    """A label inside a sentence: its first letter small, unless its first word is a name.

    >>> inside("Share of members"), inside("BMI of members"), inside("Wegovy, list price")
    ('share of members', 'BMI of members', 'Wegovy, list price')
    """
    name = label.startswith(NAMES) or label[:2].isupper()
    return label if name else label[:1].lower() + label[1:]


def worth_words(pmpm: float) -> str:
    """What joining is worth, after "joining": costs, is worth, or changes nothing.

    >>> worth_words(-0.5), worth_words(0.2), worth_words(0.001)
    ('costs $0.50 PMPM', 'is worth $0.20 PMPM', 'changes nothing to within a cent PMPM')
    """
    if abs(pmpm) < NOTHING:
        return "changes nothing to within a cent PMPM"
    return f"{'costs' if pmpm < 0 else 'is worth'} {dollars(abs(pmpm), 2)} PMPM"


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


def _are(things: Sequence[object]) -> str:
    return "is" if len(things) == 1 else "are"


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


# ------------------------------------------------------------------------- value of information

WORTH_SAYING = 1.0  # USD
CHOICES = {"join": "joining", "wait": "waiting a year", "stay_out": "staying out"}


def information_sentence(found: Information) -> str:
    """What to learn first, or that nothing is worth learning; and what is best today."""
    who = "state" if found.program == "medicaid" else "plan"
    when = "the bid" if found.has_bid else "the decision"
    everything = found.perfect.with_exit
    now = f"Today {_choice(found)}."
    top = found.inputs[0] if found.inputs else None
    if everything < WORTH_SAYING or top is None:
        return (
            f"Nothing is worth learning before {when}: no value of the uncertain inputs would"
            f" change what is best for this {who}. {now}"
        )
    best = top.with_exit
    if best.value <= best.error:
        return (
            f"No single input is worth learning before {when}, to within the error of"
            f" {found.draws:,} draws; knowing every input would be worth {_usd(found, everything)}."
            f" {now}"
        )
    committed = top.committed.value
    kept = f"; {_usd(found, committed) if committed >= WORTH_SAYING else 'nothing'} to one that"
    kept += " could do neither"
    return (
        f"Learn this first: {top.label}. Knowing it before {when} is worth"
        f" {_usd(found, best.value)} to a {who} that may leave or wait{kept}. Knowing every input"
        f" would be worth {_usd(found, everything)}. {now}"
    )


def _usd(found: Information, usd: float) -> str:
    pmpm = found.pmpm(usd)
    return f"{dollars(usd)} ({cents(pmpm, 2)} PMPM)" if abs(pmpm) >= NOTHING else dollars(usd)


def _choice(found: Information) -> str:
    """What is best today, with leaving and waiting open."""
    now, word = found.now, CHOICES[found.now.choice]
    join = f"joining is worth {dollars(now.join)}"
    if found.now.choice == "join":
        return f"{word} is best, worth {dollars(now.join)} with leaving open"
    if found.now.choice == "wait" and now.wait is not None:
        return f"{word} is best, worth {dollars(now.wait)}; {join} with leaving open"
    return f"{word} is best; {join} with leaving open"


def information_text(found: Information) -> str:
    """The inputs as a ranked list, USD with standard errors; everything together last."""
    when = ("before the bid", "after the bid") if found.has_bid else ("before", "after")
    rows = []
    for one in found.inputs:
        estimates = (one.with_exit, one.committed, one.after)
        if all(part.value < WORTH_SAYING for part in estimates):
            continue
        cells = [_estimate(part.value, part.error) for part in estimates]
        rows.append([one.label, *cells, cents(found.pmpm(one.with_exit.value), 3)])
    shown = rows[:MOST_ROWS]
    perfect = found.perfect
    total = [
        dollars(usd) if usd >= WORTH_SAYING else "$0"
        for usd in (perfect.with_exit, perfect.committed, perfect.after)
    ]
    last = ["Everything", *total, cents(found.pmpm(perfect.with_exit), 3)]
    head = [
        "Worth of knowing, USD (standard error)",
        f"with exit, {when[0]}",
        f"committed, {when[0]}",
        f"with exit, {when[1]}",
        "PMPM",
    ]
    lines = [align(head, [*shown, last])]
    left, nothing = len(rows) - len(shown), len(found.inputs) - len(rows)
    if left:
        lines.append(f"{left} more are worth less.")
    if nothing:
        lines.append(f"{nothing} more are worth nothing at this number of draws.")
    return "\n".join([*lines, "", *information_notes(found)])


def _estimate(value: float, error: float) -> str:
    return f"{dollars(value)} ({dollars(error)})" if value >= WORTH_SAYING else "$0"


def information_notes(found: Information) -> list[str]:
    """What the figures mean, one line each."""
    leave = f"leaving after the first year costs {dollars(found.exit_cost)}"
    wait = "entering a year later is open" if found.can_wait else "nobody can enter later"
    lines = [
        f"With exit: {leave}, and {wait}. Committed: join to the end, or never.",
    ]
    if found.has_bid:
        lines += [
            "Before the bid: the choice is made on what was learned, and the bid is priced on it."
            " After the bid: only leaving can change; a plan that cannot leave gains nothing.",
            "Committed, if the bid were not priced on it, everything would be worth"
            f" {dollars(found.perfect.as_filed)}.",
        ]
    else:
        lines.append("Before: the choice is made on what was learned. After: only leaving changes.")
    if found.chosen:
        of = len(found.chosen) + len(found.inputs)
        names = " and ".join(inside(one.label) for one in found.chosen)
        lines.append(
            f"{len(found.chosen)} of the {of} inputs that are drawn {_are(found.chosen)} left out,"
            f" as whoever decides sets {'them' if len(found.chosen) > 1 else 'it'}: {names}."
        )
    rounded = f" ({found.asked:,} asked for)" if found.asked != found.draws else ""
    lines.append(
        f"{found.draws:,} draws{rounded}, seed {found.seed}: joining to the end pays in"
        f" {share(found.pays)} of them, on average {_usd(found, found.mean)}."
    )
    return lines


# ------------------------------------------------------------------------------- global indices


def indices_sentence(found: Indices) -> str:
    """Which input explains most of the spread of value."""
    if found.deviation < NOTHING:
        return "The value hardly varies over the ranges: there is no spread to explain."
    label, index = inside(found.inputs[0].label), found.found[0]
    together = (
        f"{_part(index.total)} with what it does together with others"
        if index.total > index.first
        else "and nothing more that these draws can tell with what it does together with others"
    )
    return (
        f"Most of the spread of value comes from {label}: {_part(index.first)} by itself,"
        f" {together}. All inputs by themselves explain {_part(found.alone)}."
    )


def _part(part: float) -> str:
    """A share of the variance in whole per cent; an estimate may lie a little outside 0 to 1."""
    return f"{min(max(part, 0.0), 1.0):.0%}"


def indices_text(found: Indices) -> str:
    """First-order and total indices, the greatest total first, with 95% half-widths."""
    shown = [
        (one, index)
        for one, index in zip(found.inputs, found.found, strict=True)
        if index.total >= NOTHING
    ][:MOST_ROWS]
    rows = [
        [
            one.label,
            f"{index.first:.3f}".replace("-", MINUS),
            f"{index.first_error:.3f}",
            f"{index.total:.3f}",
            f"{index.total_error:.3f}",
        ]
        for one, index in shown
    ]
    head = ["Share of the variance of value", "by itself", "± 95%", "in total", "± 95%"]
    lines = [align(head, rows, total=False)]
    if len(found.found) > len(shown):
        lines.append(f"{len(found.found) - len(shown)} more explain less.")
    rounded = f" ({found.asked:,} asked for)" if found.asked != found.draws else ""
    lines += [
        "",
        f"{found.draws:,} draws{rounded}, seed {found.seed}, {found.runs:,} runs; value"
        f" {cents(found.mean, 2)} PMPM on average, standard deviation"
        f" {cents(found.deviation, 2)}.",
        "Indices below their half-width may be nothing; more draws narrow it.",
    ]
    return "\n".join(lines)
