"""What every picture shares: colours, stacked bars by year, labels beside them.

Nothing here or in the modules named after it knows a page or a file: data in, Figure out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.model.arrays import Array

Theme = Literal["light", "dark"]

# A payer keeps its colour on every chart; each theme has its own set.
COLOURS: Mapping[Theme, Mapping[str, str]] = {
    "light": {
        "plan": "#12445C",
        "member": "#B87400",
        "manufacturer": "#A63C9E",
        "medicare": "#2F9C72",
        "federal": "#2F9C72",
        "low_income": "#6B7681",
        "state": "#7A2B1C",
        "gain": "#0F7F6C",
        "cost": "#A8441F",
        "neutral": "#F1EEE8",
        "page": "#FFFFFF",
        "text": "#16242C",
        "grid": "#D5DCE0",
    },
    "dark": {
        "plan": "#6EBCF3",
        "member": "#F4BD69",
        "manufacturer": "#C94FDB",
        "medicare": "#B4EFCF",
        "federal": "#B4EFCF",
        "low_income": "#98ABB3",
        "state": "#C9584A",
        "gain": "#5FD6BC",
        "cost": "#E08A5B",
        "neutral": "#26323A",
        "page": "#11191E",
        "text": "#E6EDF0",
        "grid": "#33434C",
    },
}
FONT = '"Source Sans", "Source Sans Pro", sans-serif'
CLEAR = "rgba(0,0,0,0)"
SIZE = 13  # of letters, pixels
TOP, BOTTOM, LEFT, RIGHT = 28, 34, 58, 8  # margins, pixels
LABEL_GAP = 17  # least distance of two labels, pixels
WIDE, PAIRED = 0.62, 0.36  # of a bar, and of one of two


@dataclass(frozen=True)
class Layer:
    """A payer as one layer of a bar: its colour's name, and a pattern where a colour repeats."""

    payer: str
    label: str
    colour: str
    pattern: str = ""


def blank(theme: Theme, height: int, margin: Mapping[str, int]) -> go.Figure:
    """A figure with nothing on it: letters, page and what shows when it is pointed at."""
    colours = COLOURS[theme]
    font = {"family": FONT, "size": SIZE, "color": colours["text"]}
    hover = {"bgcolor": colours["page"], "bordercolor": colours["grid"], "font": font}
    return go.Figure(
        layout={
            "template": "none",
            "height": height,
            "showlegend": False,
            "dragmode": False,
            "font": font,
            "paper_bgcolor": CLEAR,
            "plot_bgcolor": CLEAR,
            "margin": {**margin, "pad": 0},
            "hoverlabel": hover,
        }
    )


def round_step(size: float) -> float:
    """The least round step (1, 2, 2.5 or 5 times a power of ten) that is not below a size above 0.

    >>> round_step(0.3), round_step(2.1), round_step(70.0)
    (0.5, 2.5, 100.0)
    """
    ten = 10.0 ** np.floor(np.log10(size))
    least = size * (1.0 - 1e-9)  # a step that falls short by rounding alone is wide enough
    return float(next(ten * part for part in (1.0, 2.0, 2.5, 5.0, 10.0) if ten * part >= least))


def places(count: int, *, paired: bool) -> tuple[list[Array], float]:
    """Where the bars of each year stand, stay out before join, and how wide they are."""
    index = np.arange(count, dtype=float)
    if not paired:
        return [index], WIDE
    aside = PAIRED / 2 + 0.02
    return [index - aside, index + aside], PAIRED


def bar(
    figure: go.Figure,
    theme: Theme,
    layer: Layer,
    at: Array,
    amounts: Array,
    width: float,
    *,
    joined: bool,
    says: Sequence[str],
) -> None:
    """One layer of every bar of a branch; staying out is paler. says: what each one says."""
    colours = COLOURS[theme]
    figure.add_bar(
        x=at,
        y=amounts,
        width=width,
        name=layer.label,
        marker={
            "color": colours[layer.colour],
            "opacity": 1.0 if joined else 0.6,
            "line": {"color": colours["page"], "width": 1},
            "pattern": {
                "shape": layer.pattern,
                "fgcolor": colours["page"],
                "fillmode": "overlay",
                "solidity": 0.25,
                "size": 6,
            },
        },
        customdata=list(says),
        hovertemplate="%{customdata}<extra></extra>",
    )


def by_year(
    figure: go.Figure,
    theme: Theme,
    ticks: Sequence[str],
    limits: tuple[float, float],
    title: str,
) -> None:
    """Axes of stacked bars by year; dollars upwards."""
    colours = COLOURS[theme]
    font = {"size": SIZE, "color": colours["text"]}
    axis: dict[str, Any] = {"fixedrange": True, "automargin": False, "tickfont": font}
    figure.update_layout(
        barmode="relative",
        xaxis={
            **axis,
            "tickvals": list(range(len(ticks))),
            "ticktext": list(ticks),
            "range": [-0.55, len(ticks) - 0.45],
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={
            **axis,
            "title": {"text": title, "standoff": 6, "font": font},
            "range": list(limits),
            "tickprefix": "$",
            "nticks": 6,
            "gridcolor": colours["grid"],
            "zeroline": True,
            "zerolinecolor": colours["text"],
        },
    )


def beside(
    figure: go.Figure,
    theme: Theme,
    edge: float,
    limits: tuple[float, float],
    layers: Sequence[tuple[str, str, float]],
) -> None:
    """A label beside the last bar for each layer, tied to it by a line: text, colour, amount."""
    above, below, middles = 0.0, 0.0, []
    for _, _, amount in layers:
        if amount < 0.0:
            middles.append(below + amount / 2)
            below += amount
        else:
            middles.append(above + amount / 2)
            above += amount
    margin = figure.layout.margin
    pixels = (figure.layout.height - margin.t - margin.b) / (limits[1] - limits[0])
    placed = spread([m * pixels for m in middles], LABEL_GAP, limits[0] * pixels + 8)
    for (text, colour, _), middle, at in zip(layers, middles, placed, strict=True):
        figure.add_annotation(
            x=edge,
            y=middle,
            ax=16,
            ay=middle * pixels - at,
            xanchor="left",
            text=text.replace("<", "&lt;"),
            showarrow=True,
            arrowhead=0,
            arrowwidth=1.5,
            arrowcolor=COLOURS[theme][colour],
            standoff=0,
            font={"size": SIZE},
        )


def spread(wanted: Sequence[float], gap: float, low: float) -> list[float]:
    """Positions near the wanted ones, in their order from below, at least `gap` apart.

    Neighbours that would overlap share their shift; none lies below `low`.

    >>> spread([10.0, 11.0, 40.0], 4.0, 0.0)
    [8.5, 12.5, 40.0]
    >>> spread([0.0, 0.0], 4.0, 0.0)
    [0.0, 4.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    # Runs of touching labels: the mean of where its first would like to be, and its members.
    runs: list[tuple[float, list[int]]] = []
    for i in order:
        run = (max(wanted[i], low), [i])
        while runs and runs[-1][0] + gap * len(runs[-1][1]) > run[0]:
            before, members = runs.pop()
            joined = len(members) + len(run[1])
            start = before * len(members) + (run[0] - gap * len(members)) * len(run[1])
            run = (max(start / joined, low), members + run[1])
        runs.append(run)
    placed = [0.0] * len(wanted)
    for start, members in runs:
        for step, i in enumerate(members):
            placed[i] = start + gap * step
    return placed
