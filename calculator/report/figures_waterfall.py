"""From stay out to join by cause: a waterfall of the payer's own result. Data in, Figure out."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.report.causes import EITHER, RECEIVED, SPENT, Causes
from calculator.report.figures import COLOURS, SIZE, Theme, blank
from calculator.report.figures_medicaid import SCALES
from calculator.report.figures_selection import dollar_ticks
from calculator.report.marks import NOT_PUBLISHED, Marks
from calculator.report.table import cents, signed
from calculator.report.words import dollars

NIL = 1e-11  # of the largest amount: what adding in another order may leave
SMALL = 0.01  # of the largest change; two or more of these stand together
SHOWN = 3  # causes that the title names
WORTH_NAMING = 0.1  # of the largest of them
LETTERS = 21  # of a line beside the bars, so that they have room on a phone
LINE, GAP, LEAST = 15, 9, 33  # heights of a line, between rows, and of a row, pixels
BAR = 17
MARGIN = {"l": 142, "r": 66, "t": 6, "b": 44}


@dataclass(frozen=True)
class Bar:
    """One step of the waterfall, in USD PMPM or USD; marks say what it rests on."""

    label: str
    usd: float
    said: str
    marks: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()  # the causes of a bar that groups small ones
    way: str = EITHER  # of its kind


@dataclass(frozen=True)
class Waterfall:
    """The payer's result from stay out to join: a plan's in USD PMPM, a state's in USD."""

    payer: str
    state: bool
    period: str | None  # None: all of them
    until: str
    stay_out: float
    join: float
    bars: tuple[Bar, ...]

    @property
    def value(self) -> float:
        """What joining changes."""
        return self.join - self.stay_out

    def amount(self, usd: float) -> str:
        """An amount as the picture writes it."""
        return dollars(usd) if self.state else cents(usd, 2)

    def change(self, usd: float) -> str:
        """A change with its sign, also where it is a gain."""
        return signed(usd, None if self.state else 2)

    @property
    def nothing(self) -> bool:
        """Whether no cause moves anything."""
        return not any(bar.usd for bar in self.bars)


def waterfall(causes: Causes, marks: Marks, until: str, period: str | None = None) -> Waterfall:
    """The steps of one period or of all: nil causes left out, small ones together and named."""
    rows = causes.rows(marks, period)
    bars = []
    for label, group in groupby(rows, key=lambda row: row.kind.bar):
        parts = list(group)
        said = dict.fromkeys(mark for row in parts for mark in row.marks)
        usd = sum(row.change for row in parts)
        kind = parts[0].kind
        bars.append(Bar(label, usd, kind.said, tuple(said), way=kind.way))
    largest = max((abs(bar.usd) for bar in bars), default=0.0)
    nil = NIL * max((abs(end) for row in rows for end in (row.stay_out, row.join)), default=0.0)
    bars = [replace(bar, usd=0.0) if abs(bar.usd) <= nil else bar for bar in bars]
    known = [bar for bar in bars if bar.usd or NOT_PUBLISHED in bar.marks]
    small = [bar for bar in known if 0.0 < abs(bar.usd) < SMALL * largest]
    if len(small) > 1:
        known = [bar for bar in known if bar not in small]
        usd = sum(bar.usd for bar in small)
        names = tuple(bar.label for bar in small)
        said = dict.fromkeys(mark for bar in small for mark in bar.marks)
        several = f"{len(small)} smaller causes"
        known.append(Bar(several, usd, "smaller causes", tuple(said), names))
    return Waterfall(
        payer=causes.payer,
        state=causes.state,
        period=period,
        until=until,
        stay_out=causes.over(causes.result("stay_out"), period),
        join=causes.over(causes.result("join"), period),
        bars=tuple(known),
    )


# ------------------------------------------------------------------------------------------ words


def waterfall_title(found: Waterfall) -> str:
    """The finding: what is spent and what comes in for it, the rest, and what that leaves."""
    when = _when(found)
    begin = f"In {when}, " if found.period else ""
    if found.nothing:
        return f"{begin or 'Cause by cause, '}joining changes nothing for {found.payer}."
    moved = sorted((b for b in found.bars if b.usd and not b.parts), key=lambda b: -abs(b.usd))
    named = [b for b in moved[:SHOWN] if abs(b.usd) >= WORTH_NAMING * abs(moved[0].usd)]
    costs_first = named[0].usd < 0.0
    clauses = {
        gains: _clause(found, [bar for bar in named if (bar.usd > 0.0) == gains], back=costs_first)
        for gains in (not costs_first, costs_first)
    }
    said = "; ".join([*filter(None, clauses.values()), *_rest(found, named)])
    unit = "" if found.state else " PMPM"
    first = found.amount(abs(named[0].usd))
    return f"{begin}{said.replace(first, first + unit, 1)}; in all, joining {_worth(found)}."


def _clause(found: Waterfall, bars: Sequence[Bar], *, back: bool) -> str:
    """Where amounts go or come from: $3.35 comes from rebates and $1.32 is saved on other drugs.

    back: of what is spent, named before.
    """
    verbs = [_verb(bar, back=back) for bar in bars]
    parts = []
    for bar, verb, before in zip(bars, verbs, [None, *verbs], strict=False):
        # What is said once need not be said again: $3 comes back from rebates and $1 from ...
        again = verb.rsplit(" ", 1)[1] if verb == before else verb
        parts.append(f"{found.amount(abs(bar.usd))} {again} {bar.said}")
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _verb(bar: Bar, *, back: bool) -> str:
    """What an amount does, before the name of its cause."""
    if bar.usd < 0.0:
        return "less comes from" if bar.way == RECEIVED else "goes to"
    if bar.way == SPENT:
        return "is saved on"
    return "comes back from" if back else "comes from"


def _rest(found: Waterfall, named: Sequence[Bar]) -> list[str]:
    """What the causes that are not named come to, so that the sentence adds up."""
    shown = [found.value, *(-bar.usd for bar in named)]
    # Cents, as they are shown, add up to the cent.
    rest = sum(shown if found.state else (round(usd, 2) for usd in shown))
    amount = found.amount(abs(rest))
    if len(named) == len(found.bars) or not any(digit in "123456789" for digit in amount):
        return []
    return [f"the rest {'brings' if rest > 0.0 else 'costs'} {amount}"]


def _worth(found: Waterfall) -> str:
    """What joining does to the payer, as its verdict says it."""
    amount = found.amount(abs(found.value))
    if not any(digit in "123456789" for digit in amount):
        return f"changes nothing for {found.payer}"
    if found.value < 0.0:
        return f"costs {found.payer} {amount}"
    return f"saves {found.payer} {amount}" if found.state else f"is worth {amount} to {found.payer}"


def _when(found: Waterfall) -> str:
    year = "fiscal year " if found.state else ""
    return f"{year}{found.period}" if found.period else f"all years to {found.until}"


def waterfall_note(found: Waterfall) -> str:
    """What a reader must know to read the bars."""
    when = _when(found)
    parts = [
        f"{when[:1].upper()}{when[1:]}. A bar to the right is a gain for {found.payer}, to the left"
        " a cost; they sum to what joining changes."
    ]
    parts += [f"Smaller causes: {', '.join(bar.parts)}." for bar in found.bars if bar.parts]
    return " ".join(parts)


def waterfall_alt(found: Waterfall) -> str:
    """The same picture in words, for whoever cannot see it."""
    steps = "; ".join(
        f"{bar.label} {found.change(bar.usd)}" + (f" ({', '.join(bar.marks)})" if bar.marks else "")
        for bar in found.bars
    )
    return (
        f"Waterfall from stay out, result {found.amount(found.stay_out)}, to join, result"
        f" {found.amount(found.join)}, {_when(found)}. {steps}."
    )


# ---------------------------------------------------------------------------------------- picture


@dataclass(frozen=True)
class _Row:
    """A row of the picture: where its bar begins and ends, and what stands beside it."""

    lines: tuple[str, ...]
    start: float
    end: float
    number: str
    colour: str
    middle: float  # pixels from above
    says: str


def waterfall_figure(found: Waterfall, theme: Theme) -> go.Figure:
    """A horizontal waterfall: zero is staying out, the last bar what joining changes."""
    rows, height = _rows(found)
    figure = blank(theme, round(height) + MARGIN["t"] + MARGIN["b"], MARGIN)
    unit, word = _unit(found, rows)
    colours = COLOURS[theme]
    figure.add_trace(_bars(rows, theme, unit))
    # Set all at once: added one by one, each would be checked with all before it.
    figure.update_layout(
        annotations=[one for row in rows for one in _beside(row, theme)],
        shapes=[
            *_connectors(rows, theme, unit),
            _rule(rows[-1], theme),
            _from_here(rows[0], theme),
        ],
        barmode="overlay",
        yaxis={"visible": False, "fixedrange": True, "range": [height, 0.0]},
    )
    font = {"size": SIZE, "color": colours["text"]}
    figure.update_xaxes(
        **_ticks([edge / unit for row in rows for edge in (row.start, row.end)]),
        title={"text": f"{word} against staying out", "standoff": 4, "font": font},
        tickfont={"size": SIZE - 1, "color": colours["text"]},
        gridcolor=colours["grid"],
        zerolinecolor=colours["text"],
        zeroline=True,
        fixedrange=True,
    )
    return figure


def _rows(found: Waterfall) -> tuple[list[_Row], float]:
    """Every row from stay out to join, and the height of all of them, pixels."""
    level = below = 0.0
    rows = []
    steps: list[tuple[str, str, float, float, str, str]] = [
        ("Stay out", f"result {found.amount(found.stay_out)}", 0.0, 0.0, "", "low_income")
    ]
    for bar in found.bars:
        colour = "gain" if bar.usd > 0.0 else "cost"
        under = ", ".join(bar.marks)
        steps.append((bar.label, under, level, level + bar.usd, found.change(bar.usd), colour))
        level += bar.usd
    last = f"result {found.amount(found.join)}"
    # Blue is the model, whoever the payer is.
    steps.append(("Join", last, 0.0, found.value, found.change(found.value), "plan"))
    for label, under, start, end, number, colour in steps:
        lines = tuple(textwrap.wrap(label, LETTERS)) + tuple(textwrap.wrap(under, LETTERS + 3))
        tall = max(LEAST, LINE * len(lines) + GAP)
        says = f"{label}<br>{number or under}"
        rows.append(
            _Row(_dressed(label, lines), start, end, number, colour, below + tall / 2, says)
        )
        below += tall
    return rows, below


def _dressed(label: str, lines: Sequence[str]) -> tuple[str, ...]:
    """Lines of a row's name; what a number rests on is set apart from the name."""
    name = len(textwrap.wrap(label, LETTERS))
    ends = label in ("Stay out", "Join")
    safe = [line.replace("<", "&lt;") for line in lines]
    return tuple(
        f"<b>{line}</b>" if ends and index < name else line if index < name else f"<i>{line}</i>"
        for index, line in enumerate(safe)
    )


def _bars(rows: Sequence[_Row], theme: Theme, unit: float) -> dict[str, Any]:
    colours = COLOURS[theme]
    return {
        "type": "bar",
        "orientation": "h",
        "width": BAR,
        "y": [row.middle for row in rows],
        "x": [(row.end - row.start) / unit for row in rows],
        "base": [row.start / unit for row in rows],
        "marker": {"color": [colours[row.colour] for row in rows], "line": {"width": 0}},
        "customdata": [row.says for row in rows],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _beside(row: _Row, theme: Theme) -> list[dict[str, Any]]:
    """The name on the left, the number on the right, each in a column of its own."""
    font = {"size": SIZE - 1, "color": COLOURS[theme]["text"]}
    common = {"y": row.middle, "yref": "y", "xref": "paper", "showarrow": False,
              "yanchor": "middle", "borderpad": 0}  # fmt: skip
    name = {
        **common, "x": 0.0, "xanchor": "left", "xshift": -MARGIN["l"] + 2, "align": "left",
        "text": "<br>".join(row.lines), "font": font,
    }  # fmt: skip
    if not row.number:
        return [name]
    bold = f"<b>{row.number}</b>" if row.lines[0] == "<b>Join</b>" else row.number
    number = {
        **common, "x": 1.0, "xanchor": "right", "xshift": MARGIN["r"] - 2, "align": "right",
        "text": bold, "font": {**font, "size": SIZE},
    }  # fmt: skip
    return [name, number]


def _connectors(rows: Sequence[_Row], theme: Theme, unit: float) -> list[dict[str, Any]]:
    """A line from where a bar ends to where the next one begins."""
    line = {"color": COLOURS[theme]["text"], "width": 1, "dash": "dot"}
    return [
        {
            "type": "line", "x0": row.end / unit, "x1": row.end / unit,
            "y0": row.middle, "y1": after.middle, "line": line, "layer": "below",
        }
        for row, after in pairwise(rows)
    ]  # fmt: skip


def _rule(row: _Row, theme: Theme) -> dict[str, Any]:
    """The line above the last row, as over a sum."""
    y = row.middle - LEAST / 2 - 1
    return {
        "type": "line", "xref": "paper", "x0": 0.0, "x1": 1.0, "y0": y, "y1": y,
        "line": {"color": COLOURS[theme]["grid"], "width": 1.5},
    }  # fmt: skip


def _from_here(row: _Row, theme: Theme) -> dict[str, Any]:
    """Staying out: grey, and where everything begins."""
    return {
        "type": "rect", "xsizemode": "pixel", "xanchor": 0.0, "x0": -3, "x1": 3,
        "y0": row.middle - BAR / 2, "y1": row.middle + BAR / 2,
        "fillcolor": COLOURS[theme][row.colour], "line": {"width": 0},
    }  # fmt: skip


def _unit(found: Waterfall, rows: Sequence[_Row]) -> tuple[float, str]:
    """What the axis counts in, USD, and what it is called."""
    if not found.state:
        return 1.0, "USD PMPM"
    reach = max(abs(row.end) for row in rows)
    unit, word = next((s for s in SCALES if reach >= 2.0 * s[0]), (1.0, ""))
    return unit, f"USD {word}".strip()


def _ticks(edges: Sequence[float]) -> dict[str, Any]:
    """Limits with room at both ends, and few round ticks, so that they fit on a phone."""
    low, high = min(edges), max(edges)
    room = (high - low or 1.0) * 0.04
    limits = low - room, high + room
    ticks = dollar_ticks(limits, 3)
    return {"range": list(limits), **ticks}
