"""Pictures of what draws say: how value is spread, and how widely it is spread in each year.

Data in, Figure out. Value is joining less staying out: positive is good for the payer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.drawn import Spread
from calculator.model import risk
from calculator.model.arrays import Array, array
from calculator.report.figures import BOTTOM, COLOURS, LEFT, SIZE, Theme, blank, round_step
from calculator.report.figures_selection import dollar_ticks, note, scales, tinted
from calculator.report.table import cents
from calculator.report.words import MINUS, dollars, share

TAIL = risk.TAIL  # of the draws on each side: between them lie 90%
BARS = (18, 40)  # of the histogram, at least and at most
BEYOND = 0.005  # share of draws on each side that an axis may leave out
ROW = 19  # height of a line of labels, pixels
LETTER, PHONE = 6.3, 268.0  # width of a letter, and of the axis on a phone, pixels
VALUE_AXIS = "Value of joining, USD PMPM"
DRAWS_AXIS = "Share of draws, %"
HEIGHT, YEARS_HEIGHT = 400, 320
MARGIN = {"l": LEFT + 4, "r": 14, "t": 10, "b": BOTTOM + 20}
UNITS = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"))


@dataclass(frozen=True)
class Years:
    """Value over draws by plan year, or by state fiscal year."""

    periods: tuple[str, ...]
    usd: Array  # (N, P)
    central: Array  # (P,)
    word: str = ""  # what stands before a year, such as "fiscal year "

    def at(self, part: float) -> Array:
        """A quantile of each year, USD, (P,)."""
        return array(np.quantile(self.usd, part, axis=0))

    @property
    def pays(self) -> Array:
        """Share of draws in which joining pays, by year, (P,)."""
        return risk.pays(self.usd.T)


# -------------------------------------------------------------------------------- the distribution


def spread_title(found: Spread) -> str:
    """The finding in one sentence: how bad the bad draws are, and how good the good ones."""
    worst, best = found.beyond(best=False), found.beyond(best=True)
    if worst >= 0.0:
        return f"Even the worst 5% of draws bring {cents(worst, 2)} PMPM on average."
    if best <= 0.0:
        return f"Even the best 5% of draws lose {cents(-best, 2)} PMPM on average."
    more = "more than" if -worst > best else "less than"
    return (
        f"The worst 5% of draws lose {cents(-worst, 2)} PMPM on average, {more} the"
        f" {cents(best, 2)} that the best 5% bring."
    )


def spread_alt(found: Spread, central: float) -> str:
    """The same picture in words."""
    low, high = found.middle
    return (
        f"Histogram of the value of joining over {len(found.values):,} draws, PMPM: joining pays in"
        f" {share(found.pays)} of them, the middle one is {cents(found.median, 2)}, 90% lie"
        f" between {cents(low, 2)} and {cents(high, 2)}, and the central run is"
        f" {cents(central, 2)}."
    )


def spread_note(found: Spread, central: float) -> str:
    """How to read the bars, and what the picture leaves out."""
    edges = _edges(found, central)
    out = float(np.mean((found.values < edges[0]) | (found.values > edges[-1])))
    notes = ["Each draw takes every uncertain input from its own range at once."]
    if found.values.size and found.values.min() < 0.0 < found.values.max():
        notes.append(
            "Right of the break-even line, green, joining pays; left of it, red-brown, it costs."
        )
    if out > 0.0:
        part = share(out) if out >= 0.0005 else "A few"
        notes.append(f"{part} of draws lie beyond the picture.")
    return " ".join(notes)


def bars_for(draws: int) -> int:
    """How many bars show the shape of so many draws and not their noise (after Rice's rule).

    >>> bars_for(512), bars_for(4096)
    (20, 40)
    """
    return int(np.clip(round(2.5 * draws ** (1.0 / 3.0)), *BARS))


def bins(limits: tuple[float, float], count: int) -> Array:
    """Edges of bars between two values, round ones, so that 0 is an edge.

    >>> bins((-1.0, 1.0), 4).tolist()
    [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    step = round_step(max(limits[1] - limits[0], 1e-9) / count)
    first, last = np.floor(limits[0] / step), np.ceil(limits[1] / step)
    return array(step * np.arange(first, max(last, first + 1.0) + 1.0))


def spread_figure(found: Spread, central: float, theme: Theme) -> go.Figure:
    """Share of draws by value, USD PMPM; break-even, the middle, the central run and 90% marked."""
    colours = COLOURS[theme]
    figure = blank(theme, HEIGHT, MARGIN)
    edges = _edges(found, central)
    counts, _ = np.histogram(found.values, edges)
    part = counts / len(found.values)
    middles, wide = (edges[1:] + edges[:-1]) / 2, float(edges[1] - edges[0])
    says = [
        f"{cents(float(a), 2)} to {cents(float(b), 2)} PMPM<br>{share(float(p))} of draws"
        for a, b, p in zip(edges[:-1], edges[1:], part, strict=True)
    ]
    for name, which in (("cost", middles < 0.0), ("gain", middles > 0.0)):
        if not part[which].any():
            continue
        figure.add_bar(
            x=middles[which], y=part[which], width=wide, name=name,
            marker={"color": colours[name], "line": {"color": colours["page"], "width": 1}},
            customdata=[text for text, yes in zip(says, which, strict=True) if yes],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    across = float(edges[0]) - wide / 2, float(edges[-1]) + wide / 2
    top = _marks(figure, theme, found, central, across, float(part.max()))
    scales(
        figure,
        theme,
        (VALUE_AXIS, across),
        (DRAWS_AXIS, (0.0, top)),
        x={**dollar_ticks(across, 7), "tickformat": None},
        y={**_share_ticks(float(part.max())), "zerolinecolor": colours["grid"]},
    )
    return figure


def _edges(found: Spread, central: float) -> Array:
    """Edges of the bars: over all but the last draws, the central run and break-even."""
    low, high = np.quantile(found.values, [BEYOND, 1.0 - BEYOND])
    limits = min(float(low), central, 0.0), max(float(high), central, 0.0)
    return bins(limits, bars_for(len(found.values)))


def _share_ticks(most: float) -> dict[str, object]:
    """Round shares from 0 to the highest bar.

    >>> _share_ticks(0.11)["ticktext"]
    ['0%', '5%', '10%']
    """
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.25, 0.5) if most / s <= 4.0)
    values = [float(step * k) for k in range(int(most / step + 1e-9) + 1)]
    return {"tickvals": values, "ticktext": [share(round(value, 4)) for value in values]}


def _marks(
    figure: go.Figure,
    theme: Theme,
    found: Spread,
    central: float,
    across: tuple[float, float],
    most: float,
) -> float:
    """Lines with their words in rows above the bars, and the range of 90%; the axis's upper end."""
    colours = COLOURS[theme]
    margin = figure.layout.margin
    inside = figure.layout.height - margin.t - margin.b
    low, high = found.middle
    marks = [
        (0.0, "break-even", {"color": colours["text"], "width": 2}),
        (found.median, f"middle draw {cents(found.median, 2)}",
         {"color": colours["text"], "width": 2, "dash": "dot"}),
        (central, f"central run {cents(central, 2)}",
         {"color": colours["plan"], "width": 3}),
    ]  # fmt: skip
    # The rows above the bars: 90%, then one for each mark, so that no two words meet.
    rows = len(marks) + 2
    one = most / (inside - rows * ROW) * ROW
    top = float(most + rows * one)
    for row, (x, text, line) in enumerate(marks):
        y = most + (row + 0.75) * one
        figure.add_shape(type="line", x0=x, x1=x, y0=0.0, y1=y, line=line)
        # A line of a row above runs through this row too.
        others = [at for at, _, _ in marks[row + 1 :]]
        side = _side(
            *((at - across[0]) / (across[1] - across[0]) for at in (x, *others)), text=text
        )
        note(figure, theme, x, y, text, xanchor=side, xshift=5 if side == "left" else -5)
    y = most + (len(marks) + 0.75) * one
    for x0, x1, y0, y1 in (
        (low, high, y, y),
        (low, low, y - 0.25 * one, y + 0.25 * one),
        (high, high, y - 0.25 * one, y + 0.25 * one),
    ):
        figure.add_shape(
            type="line", x0=x0, x1=x1, y0=y0, y1=y1,
            line={"color": colours["low_income"], "width": 2},
        )  # fmt: skip
    ends = np.clip([low, high], *across)
    at = (float(ends.mean()) - across[0]) / (across[1] - across[0])
    anchor = "left" if at < 0.35 else "right" if at > 0.65 else "center"
    x = {"left": across[0], "right": across[1], "center": float(ends.mean())}[anchor]
    note(
        figure, theme, x, y, f"90% of draws: {cents(low, 2)} to {cents(high, 2)}",
        xanchor=anchor, yshift=14,
    )  # fmt: skip
    return top


def room_of(text: str) -> float:
    """How much of the width of a phone's picture a line's words take."""
    return (LETTER * len(text) + 6.0) / PHONE


def _side(at: float, *others: float, text: str) -> str:
    """Which end of a line's words is at it: they fit, and lie on no other line if that can be.

    at, others: places of this line and of the others, as parts of the width.

    >>> _side(0.4, 0.5, text="break-even"), _side(0.6, 0.5, text="break-even")
    ('right', 'left')
    """

    def trouble(side: str) -> tuple[bool, int, bool]:
        ends = sorted((at, at + room_of(text) * (1.0 if side == "left" else -1.0)))
        lies_on = sum(ends[0] < other < ends[1] for other in others)
        # As far from the picture's end as can be, where nothing else decides.
        return ends[0] < 0.0 or ends[1] > 1.0, lies_on, (at > 0.5) == (side == "left")

    return min(("left", "right"), key=trouble)


# --------------------------------------------------------------------------------------- by year


def years_title(found: Years) -> str:
    """The finding in one sentence: how often joining pays in the first year and in the last."""
    first, last = found.periods[0], found.periods[-1]
    pays = [share(float(part)) for part in found.pays]
    said = f"Joining pays in {pays[0]} of draws in {found.word}{first}"
    if len(found.periods) == 1:
        return f"{said}."
    return f"{said} and " + (
        f"as often in {last}." if pays[0] == pays[-1] else f"in {pays[-1]} in {last}."
    )


def years_alt(found: Years) -> str:
    """The same picture in words."""
    low, mid, high = (found.at(part) for part in (TAIL, 0.5, 1.0 - TAIL))
    parts = [
        f"{year}: middle {dollars(float(m))}, 90% from {dollars(float(a))} to {dollars(float(b))}"
        for year, a, m, b in zip(found.periods, low, mid, high, strict=True)
    ]
    return f"Ranges of the value of joining by {found.word or 'year '}in USD. {'; '.join(parts)}."


YEARS_NOTE = (
    "Thin line: 90% of draws. Thick line: the middle half. Dot: the middle draw. Diamond: the"
    " central run."
)


def years_figure(found: Years, theme: Theme) -> go.Figure:
    """A range for each year: 90%, the middle half, the middle draw and the central run."""
    colours = COLOURS[theme]
    figure = blank(theme, YEARS_HEIGHT, {**MARGIN, "l": LEFT + 14, "t": 20, "b": 28})
    parts = (TAIL, 0.25, 0.5, 0.75, 1.0 - TAIL)
    low, lower, mid, upper, high = (found.at(part) for part in parts)
    at = np.arange(len(found.periods), dtype=float)
    for a, b, width, part, name in (
        (low, high, 3, 0.55, "90%"), (lower, upper, 12, 1.0, "half"),
    ):  # fmt: skip
        figure.add_scatter(
            x=[x for k in at for x in (k, k, None)],
            y=[y for pair in zip(a, b, strict=True) for y in (*map(float, pair), None)],
            mode="lines", name=name, hoverinfo="skip",
            line={"color": tinted(colours["plan"], part), "width": width},
        )  # fmt: skip
    says = [
        f"{found.word}{year}<br>middle draw {dollars(float(m))}<br>90% from {dollars(float(a))} to"
        f" {dollars(float(b))}<br>central run {dollars(float(c))}<br>pays in {share(float(p))}"
        for year, a, m, b, c, p in zip(
            found.periods, low, mid, high, found.central, found.pays, strict=True
        )
    ]
    for name, y, mark in (
        ("middle", mid, {"size": 9, "color": colours["page"],
                         "line": {"color": colours["text"], "width": 2}}),
        ("central", found.central, {"size": 11, "symbol": "diamond", "color": colours["member"],
                                    "line": {"color": colours["page"], "width": 1}}),
    ):  # fmt: skip
        figure.add_scatter(
            x=at + (0.16 if name == "central" else 0.0), y=y, mode="markers", name=name,
            marker=mark, customdata=says, hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    ends = [float(low.min()), float(high.max()), *map(float, found.central), 0.0]
    room = 0.08 * (max(ends) - min(ends) or 1.0)
    limits = min(ends) - room, max(ends) + 1.6 * room
    size = max(abs(limits[0]), abs(limits[1]))
    unit, word = next((one for one in UNITS if size >= 2 * one[0]), (1.0, ""))
    ticks = _ticks_in(dollar_ticks(limits)["tickvals"], unit)
    scales(
        figure,
        theme,
        ("", (-0.5, len(at) - 0.5)),
        (f"Value of joining, USD {word}".rstrip(), limits),
        x={"tickvals": list(at), "ticktext": list(found.periods), "tickformat": None},
        y=ticks,
    )
    _pays(figure, found, at, high)
    return figure


def _ticks_in(values: Sequence[float], unit: float) -> dict[str, object]:
    """Amounts on an axis in thousands, millions or billions.

    >>> _ticks_in([-1e6, 0.0, 1.5e6], 1e6)["ticktext"]
    ['−$1', '$0', '$1.5']
    """
    texts = [
        f"{MINUS if value < 0 else ''}${abs(value) / unit:,.6g}" for value in map(float, values)
    ]
    return {"tickvals": list(values), "ticktext": texts}


def _whole(part: float) -> str:
    """A share in whole per cent; a few of many are not none, nor all but a few all.

    >>> _whole(0.0), _whole(0.002), _whole(0.568), _whole(0.998)
    ('0%', '&lt;1%', '57%', '>99%')
    """
    if 0.0 < part < 0.005:
        return "&lt;1%"
    return ">99%" if 0.995 < part < 1.0 else share(round(part, 2))


def _pays(figure: go.Figure, found: Years, at: Array, high: Array) -> None:
    """How often joining pays in each year, above its range."""
    for x, y, part in zip(at, high, found.pays, strict=True):
        figure.add_annotation(
            x=float(x), y=float(y), text=f"{_whole(float(part))} pay", showarrow=False,
            yanchor="bottom", yshift=4, font={"size": SIZE - 1},
        )  # fmt: skip
