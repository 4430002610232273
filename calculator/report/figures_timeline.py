"""A small timeline: the Bridge, the bid deadline and the model. Data in, Figure out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.report.dates import Moment
from calculator.report.figures import COLOURS, SIZE, Theme, blank

LANE, BAR = 26, 8  # of a moment with its words, and of a span's bar, pixels
MARGIN = {"l": 8, "r": 8, "t": 2, "b": 20}
# A letter's mean width, and the picture's on a phone, pixels: what fits there fits anywhere.
LETTER, PHONE = 6.2, 340


def timeline_alt(found: Sequence[Moment]) -> str:
    """The same picture in words."""
    return "Timeline. " + "; ".join(f"{one.label}: {one.said}" for one in found) + "."


def timeline_figure(found: Sequence[Moment], theme: Theme) -> go.Figure:
    """A lane for each span and day, its words beside it; what starts first is on top."""
    height = LANE * len(found)
    figure = blank(theme, height + MARGIN["t"] + MARGIN["b"], MARGIN)
    first = dt.date(min(one.day for one in found).year, 1, 1)
    last = dt.date(max(one.end or one.day for one in found).year + 1, 1, 1)
    colours = COLOURS[theme]
    shapes, words, dots = [], [], []
    for index, one in enumerate(found):
        y = LANE * index + 20
        ends = one.end or one.day
        room = PHONE * (1.0 - (one.day - first) / (last - first))
        left = LETTER * len(f"{one.label} {one.said}") <= room
        if one.end is None:
            dots.append((one.day, y))
        else:
            shapes.append(
                {
                    "type": "rect", "x0": one.day, "x1": ends, "y0": y - BAR / 2, "y1": y + BAR / 2,
                    "fillcolor": colours["plan" if one.model else "low_income"],
                    "line": {"width": 0},
                }
            )  # fmt: skip
        words.append(
            {
                "x": one.day if left else last, "y": y - BAR / 2 - 1, "text": _words(one),
                "showarrow": False, "xanchor": "left" if left else "right",
                "yanchor": "bottom", "borderpad": 0, "bgcolor": colours["page"],
                "font": {"size": SIZE - 1, "color": colours["text"]},
            }
        )  # fmt: skip
    figure.add_scatter(
        x=[day for day, _ in dots],
        y=[y for _, y in dots],
        mode="markers",
        marker={"symbol": "diamond", "size": 10, "color": colours["text"]},
        hoverinfo="skip",
    )
    figure.update_layout(
        shapes=shapes, annotations=words,
        xaxis=_years(first, last, theme),
        yaxis={"visible": False, "fixedrange": True, "range": [height, 0]},
    )  # fmt: skip
    return figure


def _words(one: Moment) -> str:
    return f"<b>{one.label}</b> {one.said}".replace("$", "&#36;")


def _years(first: dt.date, last: dt.date, theme: Theme) -> dict[str, Any]:
    colours = COLOURS[theme]
    years = range(first.year, last.year + 1)
    return {
        "type": "date", "fixedrange": True, "range": [first, last],
        "tickvals": [dt.date(year, 1, 1) for year in years][:-1],
        "ticktext": [str(year) for year in years][:-1],
        "ticklabelposition": "outside right",
        "tickfont": {"size": SIZE - 2, "color": colours["text"]},
        "gridcolor": colours["grid"], "showgrid": True, "zeroline": False,
    }  # fmt: skip
