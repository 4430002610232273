"""Pictures of scenarios side by side, and of the way from one to another. Data in, Figure out."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.report.compare import Bridge, Column
from calculator.report.figures import (
    BOTTOM,
    COLOURS,
    RIGHT,
    SIZE,
    TOP,
    Theme,
    blank,
    by_year,
    round_step,
)
from calculator.report.figures_selection import scales
from calculator.report.table import signed
from calculator.report.words import dollars

LINE, BAR, GAP = 16, 20, 14  # heights of a line of the label, of a bar, and below it, pixels
LABEL_LETTERS = 46  # of a label's line, so that it fits on a phone
ROOM = 0.2  # of the picture's width on each side, for the figure at a bar's end
WIDE = 0.55
TITLE, LETTER = 26, 8  # widths of an upright title and of a letter beside an axis, pixels


@dataclass(frozen=True)
class Row:
    """A bar from one amount to another, USD, and its figure."""

    label: str
    start: float
    end: float
    says: str
    total: bool = False  # an amount, not a change


def money_ticks(limits: tuple[float, float], most: int) -> dict[str, Any]:
    """Round amounts between limits, short: −$1M.

    >>> money_ticks((-1.2e6, 0.2e6), 3)["ticktext"]
    ['−$1M', '−$500,000', '$0']
    """
    step = round_step((limits[1] - limits[0]) / most)
    count = range(math.ceil(limits[0] / step), math.floor(limits[1] / step) + 1)
    values = [step * k for k in count]
    texts = [dollars(value) if value else "$0" for value in values]
    return {"tickvals": values, "ticktext": [re.sub(r"\.0*(?=[MB]|$)", "", t) for t in texts]}


def total_rows(columns: Sequence[Column]) -> list[Row]:
    """The value of each scenario."""
    return [Row(one.name, 0.0, one.total, signed(one.total)) for one in columns]


def bridge_rows(found: Bridge, first: str, second: str) -> list[Row]:
    """From one scenario's value to the other's; steps below $0.50 are left out."""
    rows = [Row(first, 0.0, found.first, dollars(found.first), total=True)]
    level = found.first
    for step in found.steps:
        after = level + step.total
        if not step.still:
            rows.append(Row(step.label, level, after, signed(step.total)))
        level = after
    return [*rows, Row(second, 0.0, found.second, dollars(found.second), total=True)]


def rows_alt(rows: Sequence[Row], axis: str) -> str:
    """The same picture in words."""
    return f"Bars of {axis}. {'; '.join(f'{row.label}: {row.says}' for row in rows)}."


def rows_figure(rows: Sequence[Row], axis: str, theme: Theme) -> go.Figure:
    """A bar for each row, one below the other, its name above it and its figure at its end."""
    colours = COLOURS[theme]
    labels = [textwrap.wrap(row.label, LABEL_LETTERS) or [""] for row in rows]
    heights = [LINE * len(lines) + BAR + GAP for lines in labels]
    margin = {"l": 14, "r": 14, "t": 8, "b": 56}
    whole = float(sum(heights))
    figure = blank(theme, round(whole) + margin["t"] + margin["b"], margin)
    ends = [0.0, *(end for row in rows for end in (row.start, row.end))]
    low, high = min(ends), max(ends)
    room = (high - low or 1.0) * ROOM / (1.0 - 2 * ROOM)
    limits = low - room, high + room
    bars: list[dict[str, Any]] = []
    words: list[dict[str, Any]] = []
    ties: list[dict[str, Any]] = []
    below = 0.0
    for at, (row, lines, tall) in enumerate(zip(rows, labels, heights, strict=True)):
        middle = below + LINE * len(lines) + BAR / 2 + 2
        bars.append(_bar(row, middle, colours))
        words += [_name(lines, limits[0], below, colours, row), _figure_at(row, middle)]
        if at + 1 < len(rows) and rows[at + 1].start == row.end != 0.0:
            tie = {"color": colours["grid"], "width": 1}
            ties.append(
                {"type": "line", "x0": row.end, "x1": row.end, "y0": middle,
                 "y1": below + tall + BAR, "line": tie, "layer": "below"}
            )  # fmt: skip
        below += tall
    ties.append(
        {"type": "line", "x0": 0.0, "x1": 0.0, "y0": 0.0, "y1": whole,
         "line": {"color": colours["text"], "width": 1.2}, "layer": "below"}
    )  # fmt: skip
    figure.add_traces(bars)
    scales(
        figure,
        theme,
        (axis, limits),
        ("", (whole, 0.0)),
        x={**money_ticks(limits, 3), "tickformat": None, "showgrid": True},
        y={"visible": False},
    )
    figure.update_layout(barmode="overlay", annotations=words, shapes=ties)
    return figure


def _bar(row: Row, middle: float, colours: Mapping[str, str]) -> dict[str, Any]:
    change = row.end - row.start
    colour = "plan" if row.total else "gain" if change >= 0.0 else "cost"
    return {
        "type": "bar", "x": [change], "base": [row.start], "y": [middle], "orientation": "h",
        "width": BAR, "name": row.label,
        "marker": {
            "color": colours[colour],
            "pattern": {"shape": "" if row.total or change >= 0.0 else "/",
                        "fgcolor": colours["page"], "fillmode": "overlay", "solidity": 0.3,
                        "size": 6},
        },
        "customdata": [f"{row.label.replace('<', '&lt;')}<br>{row.says}"],
        "hovertemplate": "%{customdata}<extra></extra>",
    }  # fmt: skip


def _name(
    lines: Sequence[str], x: float, y: float, colours: Mapping[str, str], row: Row
) -> dict[str, Any]:
    text = "<br>".join(line.replace("<", "&lt;") for line in lines)
    return {
        "x": x, "y": y, "text": f"<b>{text}</b>" if row.total else text, "showarrow": False,
        "xanchor": "left", "yanchor": "top", "align": "left", "borderpad": 0,
        "bgcolor": colours["page"], "font": {"size": SIZE - 1, "color": colours["text"]},
    }  # fmt: skip


def _figure_at(row: Row, middle: float) -> dict[str, Any]:
    right = row.end >= row.start
    return {
        "x": row.end, "y": middle, "text": row.says, "showarrow": False, "borderpad": 0,
        "xanchor": "left" if right else "right", "xshift": 4 if right else -4,
        "font": {"size": SIZE - 1},
    }  # fmt: skip


def years_title(one: Column) -> str:
    """What a scenario's years have in common, or that their sign changes."""
    amounts = list(one.by_period.values())
    gains = [usd for usd in amounts if usd > 0.0]
    if len(gains) == len(amounts):
        return "Joining pays in every year."
    if not gains:
        return "Joining pays in no year."
    return f"Joining pays in {len(gains)} of {len(amounts)} years."


def years_alt(one: Column) -> str:
    """The same picture in words."""
    listed = "; ".join(f"{year} {signed(usd)}" for year, usd in one.by_period.items())
    return f"Bars of the value of joining by year, USD. {listed}."


def years_figure(one: Column, theme: Theme, height: int = 300) -> go.Figure:
    """A scenario's value by year, above and below zero."""
    colours = COLOURS[theme]
    figure = blank(theme, height, {"l": 0, "r": RIGHT, "t": TOP, "b": BOTTOM})
    amounts = list(one.by_period.values())
    gains = [usd >= 0.0 for usd in amounts]
    figure.add_bar(
        x=list(range(len(amounts))),
        y=amounts,
        width=WIDE,
        name="Value of joining",
        marker={
            "color": [colours["gain" if gain else "cost"] for gain in gains],
            "pattern": {
                "shape": ["" if gain else "/" for gain in gains],
                "fgcolor": colours["page"],
                "fillmode": "overlay",
                "solidity": 0.3,
                "size": 6,
            },
        },
        customdata=[f"{y}<br>{signed(usd)}" for y, usd in one.by_period.items()],
        hovertemplate="%{customdata}<extra></extra>",
    )
    for at, usd in enumerate(amounts):
        above = usd >= 0.0
        figure.add_annotation(
            x=at,
            y=usd,
            text=signed(usd),
            showarrow=False,
            yanchor="bottom" if above else "top",
            yshift=2 if above else -2,
            font={"size": SIZE - 1},
        )
    low, high = min(0.0, *amounts), max(0.0, *amounts)
    room = 0.16 * (high - low or 1.0)
    limits = low - room if low < 0.0 else 0.0, high + room if high > 0.0 else 0.0
    by_year(figure, theme, list(one.by_period), limits, "Value of joining, USD")
    ticks = money_ticks(limits, 5)
    widest = max(len(text) for text in ticks["ticktext"])
    figure.update_layout(margin={"l": TITLE + LETTER * widest}, yaxis={"tickprefix": "", **ticks})
    return figure
