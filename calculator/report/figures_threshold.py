"""The map of value over two inputs, and the line where joining breaks even. Data in, Figure out."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.model.arrays import Array, array
from calculator.model.joining import Members
from calculator.report.figures import COLOURS, LEFT, SIZE, Theme, blank, round_step
from calculator.report.figures_selection import dollar_ticks, note, scales, tinted
from calculator.report.table import cents
from calculator.report.uncertainty import amount, inside
from calculator.report.words import MINUS, share

ACROSS, UPWARDS = 34, 46  # letters of a line of an axis's title, so that it fits on a phone
HEIGHT = 460
LETTER_LINE = 17  # height of a line of an axis's title, pixels
INSIDE = 0.95  # share of the cells whose value the colours tell apart
LEFT_OF = 0.55  # share of the map's width beyond which a mark's words stand left of it


@dataclass(frozen=True)
class Side:
    """One input of the map."""

    label: str
    unit: str
    values: Array  # (N,), rising
    own: float | None  # the scenario's; none where it is not set
    root: float | None = None  # where it alone breaks even, within the values
    pays_above: bool = True  # whether joining pays above the root, or below it

    @property
    def turns(self) -> str:
        """On which side of the root joining pays."""
        return "above" if self.pays_above else "below"


@dataclass(frozen=True)
class Crossed:
    """Value over two inputs."""

    x: Side
    y: Side
    pmpm: Array  # (X, Y), USD PMPM
    central: float


def ticks(side: Side, most: int) -> dict[str, Any]:
    """Round values of an input on an axis.

    >>> ticks(Side("x", "share", np.linspace(0.0, 1.0, 3), None), 4)["ticktext"]
    ['0%', '25%', '50%', '75%', '100%']
    """
    low, high = float(side.values[0]), float(side.values[-1])
    step = round_step((high - low) / most)
    count = np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1.0)
    # Adding nothing takes the sign off a zero.
    values = [float(round(step * k, 12)) + 0.0 for k in count]
    return {"tickvals": values, "ticktext": [_short(value, side.unit) for value in values]}


def _short(value: float, unit: str) -> str:
    """A round value on an axis: $25K, 1M."""
    for size, letter in ((1e6, "M"), (1e3, "K")):
        if abs(value) >= 10 * size:
            text = f"{abs(value) / size:,.4g}{letter}"
            dollar = "$" if unit.startswith("USD") else ""
            return f"{MINUS if value < 0 else ''}{dollar}{text}"
    return amount(value, unit)


def map_title(found: Crossed) -> str:
    """The finding in one sentence: what of each input alone it takes, or what both together do."""
    pays = found.pmpm > 0.0
    x, y = inside(found.x.label), inside(found.y.label)
    if not pays.any():
        return f"Joining pays nowhere on this map, whatever {x} and {y}."
    if pays.all():
        return f"Joining pays everywhere on this map, whatever {x} and {y}."
    limits = [_limit(side) for side in (found.x, found.y)]
    known = [limit for limit in limits if limit]
    if not known:
        both = share(float(pays.mean()))
        alone = "stops it" if found.central > 0.0 else "is enough"
        return f"Joining pays on {both} of this map; neither input alone {alone}."
    if found.central > 0.0:
        return f"Joining pays as long as {' and '.join(known)}."
    return f"Joining pays if {' or '.join(known)}, all else as it is."


def _limit(side: Side) -> str:
    """Where an input alone turns the sign: x above $38.2; empty where it does not."""
    if side.own is None or side.root is None:
        return ""
    return f"{inside(side.label)} is {side.turns} {amount(_rounded(side.root), side.unit)}"


def _rounded(value: float) -> float:
    """Three significant figures."""
    return float(f"{value:.3g}")


def map_alt(found: Crossed) -> str:
    """The same picture in words."""
    x, y = found.x, found.y
    corners = [
        f"{cents(float(found.pmpm[i, j]), 2)} at {amount(float(x.values[i]), x.unit)} and"
        f" {amount(float(y.values[j]), y.unit)}"
        for i, j in ((0, 0), (-1, 0), (0, -1), (-1, -1))
    ]
    return (
        f"Heat map of the value of joining, PMPM, over {inside(x.label)} and {inside(y.label)}:"
        f" {'; '.join(corners)}. {map_title(found)}"
    )


def map_note(found: Crossed) -> str:
    """How to read the map, and whether the scenario is on it."""
    said = "The thick line is where joining breaks even; green pays, red-brown costs."
    if _own(found) is None:
        x, y = found.x, found.y
        owns = [
            f"{inside(side.label)} {'none' if side.own is None else amount(side.own, side.unit)}"
            for side in (x, y)
        ]
        said += f" The scenario ({owns[0]}, {owns[1]}) is not on this map."
    return said


def _own(found: Crossed) -> tuple[float, float] | None:
    """The scenario's own point, if it lies on the map."""
    own = found.x.own, found.y.own
    for side, at in zip((found.x, found.y), own, strict=True):
        if at is None or not float(side.values[0]) <= at <= float(side.values[-1]):
            return None
    return own  # type: ignore[return-value]


def map_figure(found: Crossed, theme: Theme) -> go.Figure:
    """Value over two inputs: gain and cost apart, the line where it breaks even, the scenario."""
    colours = COLOURS[theme]
    x, y, grid = found.x, found.y, found.pmpm
    x_title, y_title = _axis(x, ACROSS), _axis(y, UPWARDS)
    margin = {
        "l": LEFT + 14 + LETTER_LINE * (len(y_title) - 1),
        "r": 72,
        "t": 14,
        "b": 60 + LETTER_LINE * (len(x_title) - 1),
    }
    figure = blank(theme, HEIGHT, margin)
    end = _end(grid)
    tick = dollar_ticks((-end, end), 4)
    figure.add_heatmap(
        x=x.values, y=y.values, z=grid.T, zmin=-end, zmax=end, zsmooth="best",
        colorscale=[[0.0, colours["cost"]], [0.5, colours["neutral"]], [1.0, colours["gain"]]],
        colorbar={
            "title": {"text": "Value, USD PMPM", "side": "right",
                      "font": {"size": 12, "color": colours["text"]}},
            "thickness": 10, "len": 1.0, "outlinewidth": 0, "x": 1.01, "xpad": 2, "ypad": 0,
            "tickfont": {"size": 12, "color": colours["text"]}, **tick,
        },
        customdata=np.array([[_says(found, i, j) for i in range(len(x.values))]
                             for j in range(len(y.values))]),
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    if grid.min() < 0.0 < grid.max():
        for colour, thick in (("page", 6), ("text", 2.5)):
            figure.add_contour(
                x=x.values, y=y.values, z=grid.T, name="break-even", showscale=False,
                hoverinfo="skip",
                contours={"start": 0.0, "end": 0.0, "size": 1.0, "coloring": "none"},
                line={"color": colours[colour], "width": thick, "smoothing": 0.6},
            )  # fmt: skip
    _sides(figure, theme, found)
    _own_point(figure, theme, found)
    across, up = _limits(x), _limits(y)
    scales(
        figure,
        theme,
        ("<br>".join(x_title), across),
        ("<br>".join(y_title), up),
        x={**ticks(x, 5), "tickformat": None, "ticklabelstandoff": 6},
        y={**ticks(y, 6), "ticklabelstandoff": 6, "zeroline": False, "showgrid": False},
    )
    return figure


def _axis(side: Side, letters: int) -> list[str]:
    """A title with its unit, in lines."""
    unit = "%" if side.unit.startswith("share") else side.unit
    text = side.label if unit in ("number", "ratio", "index") else f"{side.label}, {unit}"
    return textwrap.wrap(text.replace("<", "&lt;"), letters)


def _limits(side: Side) -> tuple[float, float]:
    """From the first cell's edge to the last one's."""
    half = float(side.values[1] - side.values[0]) / 2
    return float(side.values[0]) - half, float(side.values[-1]) + half


def _end(grid: Array) -> float:
    """Where the colours end, USD PMPM, the same for gain and cost."""
    return float(np.quantile(np.abs(grid), INSIDE)) or 1.0


def _says(found: Crossed, i: int, j: int) -> str:
    x, y = found.x, found.y
    return (
        f"{x.label}: {amount(float(x.values[i]), x.unit)}<br>"
        f"{y.label}: {amount(float(y.values[j]), y.unit)}<br>"
        f"value {cents(float(found.pmpm[i, j]), 2)} PMPM"
    )


def _sides(figure: go.Figure, theme: Theme, found: Crossed) -> None:
    """What each side of the line is, said where it is deepest and no mark stands."""
    grid = found.pmpm
    xs, ys = (
        (side.values - side.values[0]) / (side.values[-1] - side.values[0])
        for side in (found.x, found.y)
    )
    own = _own(found)
    for which, text in ((grid > 0.0, "joining pays"), (grid < 0.0, "joining costs")):
        if which.mean() < 0.06:
            continue
        # The cell farthest from the other side, from the edges and from the scenario's point.
        room = _room(which, xs, ys, own and (_part(found.x, own[0]), _part(found.y, own[1])))
        i, j = np.unravel_index(int(np.argmax(room)), room.shape)
        figure.add_annotation(
            x=float(found.x.values[i]), y=float(found.y.values[j]), text=f"<b>{text}</b>",
            showarrow=False, font={"size": SIZE, "color": COLOURS[theme]["text"]},
            bgcolor=tinted(COLOURS[theme]["page"], 0.75), borderpad=2,
        )  # fmt: skip


def _part(side: Side, at: float) -> float:
    return float((at - side.values[0]) / (side.values[-1] - side.values[0]))


def _room(which: Members, xs: Array, ys: Array, own: tuple[float, float] | None) -> Array:
    """How far each cell of one side is from the other side, the edges and the mark, (X, Y)."""
    at = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1)
    edge = np.minimum(at, 1.0 - at)
    # Words are wide and low: three times as much room is wanted across as upwards.
    room = np.minimum(edge[..., 0] / 3.0, edge[..., 1])
    others = [at[~which]]
    if own is not None:
        # The mark's own words lie beside it, up to this far on a phone.
        way = 0.6 if own[0] <= LEFT_OF else -0.6
        others.append(np.array([(own[0] + way * k / 6, own[1] + 0.02) for k in range(7)]))
    for points in others:
        for point in points:
            gap = np.abs(at - point)
            room = np.minimum(room, np.maximum(gap[..., 0] / 3.0, gap[..., 1]))
    return array(np.where(which, room, -1.0))


def _own_point(figure: go.Figure, theme: Theme, found: Crossed) -> None:
    """The scenario as it is, with its value."""
    own = _own(found)
    if own is None:
        return
    colours = COLOURS[theme]
    figure.add_scatter(
        x=[own[0]], y=[own[1]], mode="markers", name="scenario", cliponaxis=False,
        hoverinfo="skip",
        marker={"symbol": "diamond", "size": 15, "color": colours["page"],
                "line": {"color": colours["text"], "width": 2}},
    )  # fmt: skip
    left, high = _part(found.x, own[0]) > LEFT_OF, _part(found.y, own[1]) > 0.9
    note(
        figure, theme, *own, f"this scenario {cents(found.central, 2)}",
        xanchor="right" if left else "left", xshift=-12 if left else 12,
        yanchor="top" if high else "bottom", yshift=-2 if high else 2,
    )  # fmt: skip
