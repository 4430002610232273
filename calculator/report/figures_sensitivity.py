"""The tornado: what each input alone does to the value. Data in, Figure out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.report.figures import COLOURS, SIZE, Theme, blank
from calculator.report.figures_selection import dollar_ticks, note, scales, tinted
from calculator.report.table import cents

DRAWN = 12  # inputs in the picture; the table below it has the rest
LINE, BAR, GAP = 16, 20, 14  # heights of a line of the label, of a bar, and below it, pixels
LABEL_LETTERS = 46  # of a label's line, so that it fits on a phone
ENDS = 0.24  # of the picture's width on each side, for what is printed at a bar's ends
VALUE_AXIS = "Value of joining, USD PMPM"


@dataclass(frozen=True)
class Moved:
    """One input at both ends of its own range."""

    label: str
    low: str  # the range's ends as they are printed
    high: str
    at_low: float  # value there, USD PMPM
    at_high: float
    badge: str = ""  # what its value rests on, where a reader must know: assumed

    @property
    def named(self) -> str:
        """The label with what its value rests on."""
        return f"{self.label} ({self.badge})" if self.badge else self.label


def tornado_alt(rows: Sequence[Moved], central: float) -> str:
    """The same picture in words."""
    parts = [
        f"{row.label}: {cents(row.at_low, 2)} at {row.low}, {cents(row.at_high, 2)} at {row.high}"
        for row in rows[:DRAWN]
    ]
    return (
        "Bars of the value of joining at both ends of each input's own range, PMPM, widest first,"
        f" around the central run at {cents(central, 2)}. {'; '.join(parts)}."
    )


TORNADO_NOTE = (
    "Each input alone over its own range, all others as in the central run. What is printed at a"
    " bar's ends is the input. Blue: the high end of the input; grey hatched: the low end. Dotted"
    " line: break-even."
)


def tornado_figure(rows: Sequence[Moved], central: float, theme: Theme) -> go.Figure:
    """A bar for each of the widest inputs, its own range printed at both ends."""
    colours = COLOURS[theme]
    rows = rows[:DRAWN]
    labels = [textwrap.wrap(row.named, LABEL_LETTERS) or [""] for row in rows]
    heights = [LINE * len(lines) + BAR + GAP for lines in labels]
    margin = {"l": 14, "r": 14, "t": 30, "b": 56}
    total = float(sum(heights))
    figure = blank(theme, round(total) + margin["t"] + margin["b"], margin)
    values = [value for row in rows for value in (row.at_low, row.at_high)]
    low, high = min([central, *values]), max([central, *values])
    room = (high - low or 1.0) * ENDS / (1.0 - 2 * ENDS)
    limits = low - room, high + room
    below = 0.0
    # Set all at once: added one by one, each would be checked with all before it.
    bars: list[dict[str, Any]] = []
    words: list[dict[str, Any]] = []
    for row, lines, tall in zip(rows, labels, heights, strict=True):
        middle = below + LINE * len(lines) + BAR / 2 + 2
        words.append(_label(theme, limits[0], below, lines))
        for bar, end in _ends(theme, row, central, middle):
            bars.append(bar)
            words.append(end)
        below += tall
    figure.add_traces(bars)
    figure.update_layout(annotations=words)
    _upright(figure, central, total, {"color": colours["plan"], "width": 2})
    _said_above(figure, theme, central, limits, f"central run {cents(central, 2)}")
    if limits[0] < 0.0 < limits[1]:
        _upright(figure, 0.0, total, {"color": colours["text"], "width": 1.5, "dash": "dot"})
        apart = abs(central) / (limits[1] - limits[0]) > 0.5
        if apart:
            _said_above(figure, theme, 0.0, limits, "break-even")
    scales(
        figure,
        theme,
        (VALUE_AXIS, limits),
        ("", (total, 0.0)),
        x={**dollar_ticks(limits, 5), "tickformat": None, "showgrid": True},
        y={"visible": False},
    )
    figure.update_layout(barmode="overlay")
    return figure


def _label(theme: Theme, x: float, y: float, lines: Sequence[str]) -> dict[str, Any]:
    """An input's name above its bar."""
    return {
        "x": x, "y": y, "text": "<br>".join(line.replace("<", "&lt;") for line in lines),
        "showarrow": False, "xanchor": "left", "yanchor": "top", "align": "left", "borderpad": 0,
        "bgcolor": COLOURS[theme]["page"],
        "font": {"size": SIZE - 1, "color": COLOURS[theme]["text"]},
    }  # fmt: skip


def _ends(
    theme: Theme, row: Moved, central: float, middle: float
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """The bar of one input, from the central run to each end of its range, and what is printed.

    Where both ends are on one side, each has half of the bar.
    """
    colours = COLOURS[theme]
    one_side = (row.at_low - central) * (row.at_high - central) > 0.0
    for value, text, name, colour, pattern, at in (
        (row.at_low, row.low, "low", "low_income", "/", middle - BAR / 4),
        (row.at_high, row.high, "high", "plan", "", middle + BAR / 4),
    ):
        y = at if one_side else middle
        bar = {
            "type": "bar", "x": [value - central], "base": [central], "y": [y],
            "orientation": "h", "name": name, "width": BAR / 2 if one_side else BAR,
            "marker": {
                "color": colours[colour],
                "pattern": {"shape": pattern, "fgcolor": colours["page"], "fillmode": "overlay",
                            "solidity": 0.3, "size": 6},
            },
            "hovertemplate": (
                f"{row.label.replace('<', '&lt;')}<br>at {text}: {cents(value, 2)} PMPM"
                "<extra></extra>"
            ),
        }  # fmt: skip
        other = row.at_high if name == "low" else row.at_low
        right = value > central or (value == central and other < central)
        end = {
            "x": value, "y": y, "text": text, "showarrow": False,
            "xanchor": "left" if right else "right", "xshift": 4 if right else -4,
            "borderpad": 0, "bgcolor": tinted(colours["page"], 0.8),
            "font": {"size": SIZE - 2 if one_side else SIZE - 1},
        }  # fmt: skip
        yield bar, end


def _upright(figure: go.Figure, x: float, total: float, line: Mapping[str, Any]) -> None:
    figure.add_shape(type="line", x0=x, x1=x, y0=0.0, y1=total, line=dict(line), layer="below")


def _said_above(
    figure: go.Figure, theme: Theme, x: float, limits: tuple[float, float], text: str
) -> None:
    part = (x - limits[0]) / (limits[1] - limits[0])
    anchor = "left" if part < 0.25 else "right" if part > 0.75 else "center"
    note(figure, theme, x, 0.0, text, xanchor=anchor, yanchor="bottom", yshift=4)
