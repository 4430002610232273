"""One member's year as bars by month, and where phases begin. Data in, Figure out."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.model.arrays import MONTHS
from calculator.report.figures import COLOURS, Layer, Theme, bar, beside, blank, by_year
from calculator.report.figures_part_d import LAYERS
from calculator.report.member import MONTH_NAMES, MemberYear
from calculator.report.words import dollars

LEFT, LABELS, TOP, BOTTOM = 62, 132, 46, 30  # margins, pixels
WIDTH = 0.8  # of a bar
QUARTER = 3
ROOM = 1.06  # above the highest bar


def member_figure(found: MemberYear, theme: Theme, height: int = 380) -> go.Figure:
    """Stacked bars by month; dotted where the deductible and the threshold are met."""
    figure = blank(theme, height, {"l": LEFT, "r": LABELS, "t": TOP, "b": BOTTOM})
    at = np.arange(MONTHS, dtype=float)
    layers = [layer for layer in LAYERS if layer.payer in found.payers]
    top = np.zeros(MONTHS)
    for layer in layers:
        usd = found.monthly(layer.payer)
        says = [
            f"{layer.label}, {name} {found.case.year}<br>{dollars(float(amount))}"
            for name, amount in zip(MONTH_NAMES, usd, strict=True)
        ]
        bar(figure, theme, layer, at, usd, WIDTH, joined=True, says=says)
        top = np.asarray(top + usd)
    limits = 0.0, float(np.max(top)) * ROOM or 1.0
    ticks = [name[:3] if number % QUARTER == 0 else "" for number, name in enumerate(MONTH_NAMES)]
    by_year(figure, theme, ticks, limits, "USD a month at the counter")
    _phases(figure, found, theme)
    beside(
        figure,
        theme,
        float(at[-1]) + WIDTH / 2,
        limits,
        [(_label(layer, found), layer.colour, float(found.monthly(layer.payer)[-1]))
         for layer in layers],
    )  # fmt: skip
    return figure


def _label(layer: Layer, found: MemberYear) -> str:
    return f"{layer.label} {dollars(found.total(layer.payer))}"


def _phases(figure: go.Figure, found: MemberYear, theme: Theme) -> None:
    """A dotted line where a phase begins, with its name above; the second stands higher."""
    met = [
        (month - 0.5, text, lift)
        for month, text, lift in (
            (found.deductible_met, "deductible met", 2),
            (found.threshold_met, "threshold met", 17),
        )
        if month < MONTHS
    ]
    line = {"color": COLOURS[theme]["text"], "width": 1.5, "dash": "dot"}
    figure.layout.shapes = [
        {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": line}
        for x, _, _ in met
    ]
    figure.layout.annotations = [
        {
            "x": x,
            "y": 1.0,
            "yref": "paper",
            "yanchor": "bottom",
            "yshift": lift,
            "xanchor": "right" if x > MONTHS / 2 else "left",
            "text": text,
            "showarrow": False,
            "font": {"size": 12},
        }
        for x, text, lift in met
    ]
