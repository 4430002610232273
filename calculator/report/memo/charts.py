"""Small pictures drawn by hand as SVG: they print in black and white and need no program.

Each has a title and its figures in words. Gains are solid and costs hatched, so no colour is
needed to tell them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from calculator.report.memo.html import Html, joined, safe, tag
from calculator.report.table import signed
from calculator.report.words import dollars

WIDE = 680.0
INK, SOFT, LINE, GAIN, COST = "#16242c", "#4a5961", "#c3ccd1", "#12445c", "#7a4a2c"
HATCHED = (
    '<pattern id="{name}-cost" width="5" height="5" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><rect width="5" height="5" fill="#fff"/>'
    f'<rect width="2.4" height="5" fill="{COST}"/></pattern>'
)
LETTERS = 6.0  # width of a letter, at most, in the units of the picture
ROW, TWO_LINES, BAR = 25.0, 34.0, 15.0
WRAP = 42  # letters of a label's line


@dataclass(frozen=True)
class Step:
    """A row of a walk from one amount to another: a change, or (total) the amount itself."""

    label: str
    amount: float
    total: bool = False


@dataclass(frozen=True)
class Span:
    """A row of a tornado: value at both ends of a range, and what the ends are."""

    label: str
    at_low: float
    at_high: float
    low: str
    high: str


def _svg(name: str, title: str, words: str, height: float, parts: Sequence[str]) -> Html:
    drawn = joined(
        [
            Html(
                f'<svg viewBox="0 0 {WIDE:g} {height:g}" role="img"'
                f' aria-labelledby="{name}-title {name}-desc">'
            ),
            Html(f'<title id="{name}-title">{safe(title)}</title>'),
            Html(f'<desc id="{name}-desc">{safe(words)}</desc>'),
            Html(f"<defs>{HATCHED.format(name=name)}</defs>"),
            *map(Html, parts),
            Html("</svg>"),
        ]
    )
    return tag("figure", tag("figcaption", title), drawn)


def _text(x: float, y: float, words: str, anchor: str = "start", weight: int = 400) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}"'
        f' fill="{INK}">{safe(words)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str = LINE) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"'
        ' stroke-width="1"/>'
    )


def _bar(name: str, x: float, y: float, width: float, height: float, *, gains: bool) -> str:
    fill = GAIN if gains else f"url(#{name}-cost)"
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.8):.1f}"'
        f' height="{max(height, 0.8):.1f}"'
        f' fill="{fill}" stroke="{GAIN if gains else COST}" stroke-width="1"/>'
    )


def by_period(name: str, title: str, periods: Sequence[str], amounts: Sequence[float]) -> Html:
    """Value by year as bars above and below zero, each with its figure."""
    top, tall, left = 22.0, 150.0, 10.0
    high, low = max(0.0, *amounts), min(0.0, *amounts)
    scale = tall / ((high - low) or 1.0)
    zero = top + high * scale
    step = (WIDE - 2 * left) / len(amounts)
    parts = []
    for at, (period, usd) in enumerate(zip(periods, amounts, strict=True)):
        middle = left + (at + 0.5) * step
        size = abs(usd) * scale
        above = usd >= 0.0
        wide = min(0.55 * step, 70.0)
        y = zero - size if above else zero
        parts.append(_bar(name, middle - wide / 2, y, wide, size, gains=above))
        parts.append(
            _text(middle, y - 6 if above else zero + size + 14, signed(usd), "middle", 600)
        )
        # The year stands on the other side of the line, where no bar is.
        parts.append(_text(middle, zero + 15 if above else zero - 6, period, "middle"))
    parts.append(_line(left, zero, WIDE - left, zero, INK))
    words = "; ".join(f"{a} {signed(usd)}" for a, usd in zip(periods, amounts, strict=True))
    return _svg(name, title, f"Bars by year: {words}.", top + tall + 26.0, parts)


def walk(name: str, title: str, steps: Sequence[Step]) -> Html:
    """From one amount to another by cause, row by row; each bar begins where the last one ended."""
    places, level = [], 0.0
    for step in steps:
        start = 0.0 if step.total else level
        level = step.amount if step.total else level + step.amount
        places.append((start, level))
    ends = [end for place in places for end in place]
    low, high = min(0.0, *ends), max(0.0, *ends)
    names = min(max(len(step.label) for step in steps) * LETTERS + 8.0, 250.0)
    room = 78.0  # for a figure beside a bar
    scale = (WIDE - names - 2 * room) / ((high - low) or 1.0)

    def x(usd: float) -> float:
        return names + room + (usd - low) * scale

    tall = ROW * len(steps) + 8.0
    parts = [_line(x(0.0), 2, x(0.0), tall - 4)]
    for at, (step, (start, end)) in enumerate(zip(steps, places, strict=True)):
        y = 4.0 + at * ROW
        left, right = sorted((x(start), x(end)))
        gains = step.amount >= 0.0
        weight = 600 if step.total else 400
        parts.append(_text(0, y + BAR - 3, step.label, weight=weight))
        parts.append(_bar(name, left, y, right - left, BAR, gains=gains))
        said = dollars(step.amount) if step.total else signed(step.amount)
        side = (right + 5, "start") if end >= start else (left - 5, "end")
        parts.append(_text(side[0], y + BAR - 3, said, side[1], weight))
        if at + 1 < len(steps):
            parts.append(_line(x(end), y + BAR, x(end), y + ROW, SOFT))
    words = "; ".join(f"{step.label} {signed(step.amount)}" for step in steps)
    return _svg(name, title, f"Bars, one after the other: {words}.", tall, parts)


def spans(name: str, title: str, central: float, rows: Sequence[Span]) -> Html:
    """A tornado: each input's range as a bar across the value here."""
    ends = [end for row in rows for end in (row.at_low, row.at_high)]
    low, high = min(central, *ends), max(central, *ends)
    names = min(max(len(row.label) for row in rows), WRAP) * LETTERS + 8.0
    room = 66.0
    scale = (WIDE - names - 2 * room) / ((high - low) or 1.0)

    def x(usd: float) -> float:
        return names + room + (usd - low) * scale

    labels = [wrap(row.label, WRAP)[:2] for row in rows]
    tops, top = [], 22.0
    for lines in labels:
        tops.append(top)
        top += ROW if len(lines) == 1 else TWO_LINES
    tall = top + 20.0
    parts = [_line(x(central), 18, x(central), tall - 22, INK)]
    parts.append(_text(x(central), 12, f"here {dollars(central, 2)}", "middle", 600))
    if low < 0.0 < high:
        parts.append(_line(x(0.0), 18, x(0.0), tall - 18))
        parts.append(_text(x(0.0), tall - 6, "$0", "middle"))
    for row, lines, y in zip(rows, labels, tops, strict=True):
        shift = 0.0 if len(lines) == 1 else 6.0
        for at, words in enumerate(lines):
            parts.append(_text(0, y + BAR - 3 + at * 12.0, words))
        for end in (row.at_low, row.at_high):
            left, right = sorted((x(central), x(end)))
            parts.append(_bar(name, left, y + shift, right - left, BAR, gains=end >= central))
        (worst, said), (best, better) = sorted(((row.at_low, row.low), (row.at_high, row.high)))
        under = y + shift + BAR - 3
        parts.append(_text(min(x(worst), x(central)) - 4, under, said, "end"))
        parts.append(_text(max(x(best), x(central)) + 4, under, better))
    each = "; ".join(
        f"{row.label}: {dollars(row.at_low, 2)} at {row.low},"
        f" {dollars(row.at_high, 2)} at {row.high}"
        for row in rows
    )
    said = f"Bars across the value here, {dollars(central, 2)} PMPM: {each}."
    return _svg(name, title, said, tall, parts)
