"""What could change the decision, in words and tables of text."""

from __future__ import annotations

import math

import numpy as np

from calculator.analysis.indices import Indices
from calculator.analysis.learning import Information
from calculator.analysis.sensitivity import Bar, Breakeven, Tornado
from calculator.analysis.threshold import Axis, Threshold
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
PAYS, COSTS, HERE = "+", "·", "@"


def amount(value: float, unit: str) -> str:
    """An input's value in its own unit, short: a share, dollars, or a number.

    >>> amount(0.124, "share of members"), amount(245.0, "USD per fill"), amount(1.25, "ratio")
    ('12.4%', '$245', '1.25')
    >>> amount(400000.0, "USD per year"), amount(-0.5, "USD PMPM"), amount(0.0055, "share")
    ('$400,000', '−$0.50', '0.55%')
    """
    if math.isnan(value):
        return "none"
    if unit.startswith("share"):
        small = 0.0 < abs(value) < 0.01
        return f"{MINUS if value < 0 else ''}{abs(value) * 100:.3g}%" if small else share(value)
    if unit.startswith("USD"):
        return dollars(value, 0) if float(value).is_integer() else dollars(value)
    return f"{value:,.4g}".replace("-", MINUS)


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
    said = (
        f"{_named(first)} moves the answer most: from {cents(low, 2)} to {cents(high, 2)} per"
        " member per month (PMPM) over its range."
    )
    return f"{said} {_turning(found)}"


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
    """A bar's label, and what moves with it."""
    entries = {path.rsplit(".", 1)[0] if _dated(path) else path for path in bar.moved}
    return bar.label if len(entries) <= 1 else f"{bar.label} (and what moves with it)"


def _dated(path: str) -> bool:
    return path.rsplit(".", 1)[-1][:4].isdigit()


def tornado_text(found: Tornado, *, every: bool = False) -> str:
    """The bars as a table, widest first; those below half a cent PMPM are counted, not shown."""
    moving = [bar for bar in found.bars if every or bar.width >= NOTHING]
    shown = moving if every else moving[:MOST_ROWS]
    rows = [
        [
            bar.label,
            amount(bar.low, bar.unit),
            amount(bar.own, bar.unit),
            amount(bar.high, bar.unit),
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
    lines = [align(head, rows, total=False)]
    left, still = len(moving) - len(shown), len(found.bars) - len(moving)
    if left:
        lines.append(f"{left} more move it less; --all shows them.")
    if still and not every:
        lines.append(f"{still} more move it by less than half a cent PMPM.")
    lines += [
        f"No range: {one.label} ({one.path}), no number was published;"
        f" {amount(one.value, one.unit)} is used."
        for one in found.without_range
    ]
    if any(bar.path == "plan.part_c_coding" for bar in found.bars):
        lines.append(
            "Part C coding has no published range: it is moved by what a treated member's drug"
            " costs in a year."
        )
    return "\n".join(lines)


# ------------------------------------------------------------------------------------ break-even


def breakeven_sentence(found: Breakeven, label: str, unit: str, own: float) -> str:
    """Where joining is worth nothing along one input, or that it nowhere is."""
    low, high = amount(found.low, unit), amount(found.high, unit)
    ends = (
        f"joining {worth_words(found.value_at_low)} at {low} and"
        f" {worth_words(found.value_at_high)} at {high}"
    )
    if not found.read:
        return f"{label} is not used in this run; it moves nothing."
    if found.root is None:
        return f"{label}: none in this range; {ends}."
    at = amount(found.root, unit)
    here = f" (here {amount(own, unit)})"
    return f"Joining is worth nothing where {inside(label)} is {at}{here}: {ends}."


# --------------------------------------------------------------------------- two inputs at once


def threshold_sentence(found: Threshold) -> str:
    """Where on the map joining pays, and where the scenario lies."""
    x, y = inside(found.x.label), inside(found.y.label)
    here = f"Here ({_at(found.x)}, {_at(found.y)}) joining {worth_words(found.own)}."
    pays = found.value > 0.0
    if not pays.any():
        return f"Joining pays nowhere on this map, whatever {x} and {y}. {here}"
    if pays.all():
        return f"Joining pays everywhere on this map, whatever {x} and {y}. {here}"
    return f"Joining pays on {share(found.pays)} of this map. {here}{_beside(found)}"


def _at(axis: Axis) -> str:
    return f"{inside(axis.label)} {amount(axis.own, axis.unit)}"


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
        f" At {inside(found.x.label)} {amount(x, found.x.unit)} it is worth nothing where"
        f" {inside(found.y.label)} is {amount(y, found.y.unit)}."
    )


def threshold_text(found: Threshold) -> str:
    """The map as letters: + joining pays, · it costs, @ the scenario."""
    rows, columns = found.value.shape
    place = [_nearest(axis) for axis in (found.y, found.x)]
    lines = []
    marks = [amount(found.y.values[row], found.y.unit) for row in range(rows)]
    width = max(map(len, marks))
    for row in reversed(range(rows)):
        cells = [
            HERE if [row, column] == place else PAYS if found.value[row, column] > 0.0 else COSTS
            for column in range(columns)
        ]
        named = row in (0, rows - 1, rows // 2)
        lines.append(f"{marks[row] if named else '':>{width}} | {' '.join(cells)}")
    low, high = (amount(found.x.values[end], found.x.unit) for end in (0, -1))
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
            "Committed, if the bid did not know it, everything would be worth"
            f" {dollars(found.perfect.as_filed)}.",
        ]
    else:
        lines.append("Before: the choice is made on what was learned. After: only leaving changes.")
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
