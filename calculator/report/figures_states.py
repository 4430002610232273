"""All states as tiles of one size, so that the small ones can be read too. No map is fetched."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.analysis.states import COVERED, StateRow
from calculator.report.figures import CLEAR, COLOURS, Theme, blank
from calculator.report.screen import COVERS, Screen
from calculator.report.words import MINUS, dollars

# About where each state lies.
GRID = """
AK .. .. .. .. .. .. .. .. .. ME
.. .. .. .. .. .. .. .. .. VT NH
WA ID MT ND MN IL WI MI NY RI MA
OR NV WY SD IA IN OH PA NJ CT ..
CA UT CO NE MO KY WV VA MD DE ..
.. AZ NM KS AR TN NC SC DC .. ..
.. .. .. OK LA MS AL GA .. .. ..
HI .. .. TX .. .. .. .. FL .. ..
"""
PLACES = {
    abbr: (column, row)
    for row, line in enumerate(GRID.split("\n")[1:-1])
    for column, abbr in enumerate(line.split())
    if abbr != ".."
}
COLUMNS, ROWS = 11, 8
INSIDE = 0.9  # share of states whose value the colours tell apart; the others take the last one
GAP = 0.46  # half a tile's side


def scale_end(found: Screen) -> float:
    """Value per enrollee a year at the end of the colours, USD, the same for gain and cost."""
    sizes = sorted(abs(row.value_per_enrollee_year or 0.0) for row in found.known)
    if not sizes or sizes[-1] == 0.0:
        return 1.0
    return float(np.ceil(sizes[int(INSIDE * (len(sizes) - 1))] + 1e-9))


def mixed(start: str, end: str, part: float) -> str:
    """A colour between two.

    >>> mixed("#000000", "#ffffff", 0.5)
    '#808080'
    """
    both = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in (start, end)]
    return "#" + "".join(
        f"{round(first + (last - first) * part):02x}" for first, last in zip(*both, strict=True)
    )


def tile_colour(value: float, end: float, theme: Theme) -> str:
    """A tile's colour: neutral at nothing, the full colour from the end of the scale on."""
    colours = COLOURS[theme]
    part = min(abs(value) / end, 1.0)
    return mixed(colours["neutral"], colours["gain" if value > 0 else "cost"], part)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2), 0 to 1."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def readable(behind: str) -> str:
    """Black or white letters, whichever stand out more: at least 4.5 : 1 on any colour."""

    def contrast(letters: str) -> float:
        both = sorted(luminance(colour) + 0.05 for colour in (letters, behind))
        return both[1] / both[0]

    return max(("#000000", "#ffffff"), key=contrast)


def states_figure(found: Screen, theme: Theme, height: int = 430) -> go.Figure:
    """A tile for each state: its value per enrollee a year, and whether it covers the use today."""
    colours = COLOURS[theme]
    figure = blank(theme, height, {"l": 2, "r": 2, "t": 4, "b": 44})
    end = scale_end(found)
    for row in found.rows:
        column, line = PLACES[row.abbr]
        value = row.value_per_enrollee_year
        fill = CLEAR if value is None else tile_colour(value, end, theme)
        covers = row.covers_today in COVERED
        outline = colours["text"] if covers else colours["grid"]
        figure.add_shape(
            type="rect",
            x0=column - GAP,
            x1=column + GAP,
            y0=line - GAP,
            y1=line + GAP,
            fillcolor=fill,
            line={
                "color": outline,
                "width": 2.5 if covers else 1,
                "dash": "dot" if value is None else "solid",
            },
            layer="below",
        )
    _letters(figure, found, colours, end, theme)
    _legend(figure, colours, end)
    hidden = {"visible": False, "fixedrange": True}
    figure.update_layout(
        xaxis={**hidden, "range": [-0.55, COLUMNS - 0.45]},
        yaxis={**hidden, "range": [ROWS - 0.4, -0.55]},
    )
    return figure


def _letters(
    figure: go.Figure, found: Screen, colours: Mapping[str, str], end: float, theme: Theme
) -> None:
    """The state's two letters and its value; what it says when it is pointed at."""
    values = [row.value_per_enrollee_year for row in found.rows]
    inks = [
        colours["text"] if value is None else readable(tile_colour(value, end, theme))
        for value in values
    ]
    figure.add_scatter(
        x=[PLACES[row.abbr][0] for row in found.rows],
        y=[PLACES[row.abbr][1] for row in found.rows],
        mode="text",
        text=[
            f"<b>{row.abbr}</b><br>{_short(value)}"
            for row, value in zip(found.rows, values, strict=True)
        ],
        textfont={"size": 11, "color": inks},
        customdata=[_says(row) for row in found.rows],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _short(value: float | None) -> str:
    if value is None:
        return "gap"
    text = f"{abs(value):.1f}"
    return text if text == "0.0" else f"{MINUS if value < 0 else '+'}{text}"


def _says(row: StateRow) -> str:
    if row.value_per_enrollee_year is None:
        return f"{row.state}<br>gap: no enrollment by group was found"
    return (
        f"{row.state}<br>{dollars(row.value_per_enrollee_year, 2)} per enrollee a year, "
        f"{dollars(row.value or 0.0)} in all<br>covers obesity use today: "
        f"{COVERS[row.covers_today]}"
    )


def _legend(figure: go.Figure, colours: Mapping[str, str], end: float) -> None:
    """What the colours say, below the tiles."""
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="markers",
        marker={
            "color": [0.0],
            "cmin": -end,
            "cmax": end,
            "colorscale": [
                [0.0, colours["cost"]],
                [0.5, colours["neutral"]],
                [1.0, colours["gain"]],
            ],
            "colorbar": {
                "orientation": "h",
                "x": 0.5,
                "y": -0.01,
                "yanchor": "top",
                "len": 0.62,
                "thickness": 10,
                "outlinewidth": 0,
                "tickvals": [-end, 0, end],
                "ticktext": [
                    f"pays ${end:,.0f} or more",
                    "$0",
                    f"gains ${end:,.0f} or more",
                ],
                "tickfont": {"size": 12},
            },
        },
        hoverinfo="skip",
    )
