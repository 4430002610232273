"""A state's picture: its budget by fiscal year, federal on state, stay out beside join."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.model.arrays import Array
from calculator.report.budget import BRANCHES, PAYERS, Basis, Budget, share_of_state
from calculator.report.figures import LEFT, TOP, Layer, Theme, bar, beside, blank, by_year, places
from calculator.report.words import MINUS, dollars, share

LAYERS = (Layer("state", "State", "state"), Layer("federal", "Federal", "federal"))
LABELS, TICKS = 96, 52  # margins, pixels
YEAR = 12  # months
SCALES = ((1e9, "billion"), (1e6, "million"), (1e3, "thousand"))


def budget_figure(budget: Budget, basis: Basis, theme: Theme, height: int = 400) -> go.Figure:
    """Federal on state by fiscal year, stay out | join, and above each pair what joining adds."""
    figure = blank(theme, height, {"l": LEFT, "r": LABELS, "t": TOP, "b": TICKS})
    at, width = places(len(budget.years), paired=True)
    nothing = np.zeros(len(budget.years))
    totals = {
        branch: sum((budget.paid(branch, payer, basis) for payer in PAYERS), nothing)
        for branch in BRANCHES
    }
    tops = np.maximum(*totals.values())
    unit, word = next((s for s in SCALES if tops.max() >= 2 * s[0]), (1.0, ""))
    lowest = 0.0
    for branch, where in zip(BRANCHES, at, strict=True):
        name = branch.replace("_", " ")
        for layer in LAYERS:
            paid = budget.paid(branch, layer.payer, basis)
            lowest = min(lowest, float(paid.min()))
            says = [
                f"{layer.label}, {name}, fiscal year {year}<br>"
                f"{dollars(float(usd))} of {dollars(float(whole))}"
                for year, usd, whole in zip(budget.years, paid, totals[branch], strict=True)
            ]
            joined = branch == "join"
            bar(figure, theme, layer, where, paid / unit, width, joined=joined, says=says)
    limits = lowest * 1.15 / unit, float(tops.max()) * 1.14 / unit or 1.0
    ticks = [
        year if months == YEAR else f"{year}<br>{months} mo."
        for year, months in zip(budget.years, budget.months, strict=True)
    ]
    by_year(figure, theme, ticks, limits, f"USD {word}".strip())
    _added(figure, (totals["join"] - totals["stay_out"]) / unit, tops / unit)
    part = round(share_of_state(budget, basis), 2)
    texts = {"state": f"State {share(part)}", "federal": f"Federal {share(1.0 - part)}"}
    beside(
        figure,
        theme,
        float(at[-1][-1]) + width / 2,
        limits,
        [
            (
                texts[layer.payer],
                layer.colour,
                float(budget.paid("join", layer.payer, basis)[-1]) / unit,
            )
            for layer in LAYERS
        ],
    )
    return figure


def _added(figure: go.Figure, added: Array, tops: Array) -> None:
    """What joining adds in each year, in the axis's unit, above the pair."""
    for index, (amount, top) in enumerate(zip(added, tops, strict=True)):
        text = _short(float(amount))
        if any(digit in text for digit in "123456789"):
            figure.add_annotation(
                x=index, y=float(top), text=text, showarrow=False, yanchor="bottom",
                font={"size": 12},
            )  # fmt: skip


def _short(amount: float) -> str:
    """A change in the axis's unit with its sign, as short as it can be: +57, −0.8."""
    size = abs(amount)
    return f"{MINUS if amount < 0 else '+'}{size:,.{0 if size >= 9.95 else 1}f}"
