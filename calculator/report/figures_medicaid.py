"""A state's pictures by fiscal year, stay out beside join: its budget, and who pays for drugs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.model.arrays import Array
from calculator.report.added import verb
from calculator.report.budget import BRANCHES, PAYERS, Basis, Budget, share_of_state
from calculator.report.figures import LEFT, TOP, Layer, Theme, bar, beside, blank, by_year, places
from calculator.report.payers_state import EVERY, StateSettled
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


# ------------------------------------------------------------------------- who pays each dollar


# From the axis upwards; plans that are paid more than fills cost them hang below it.
PAYING = tuple(Layer(key, one.short, one.colour, one.pattern) for key, one in EVERY.items())
PAYER_LABELS = 112  # right margin, pixels


def paying_figure(
    found: Mapping[str, StateSettled],
    years: Sequence[str],
    months: Sequence[int],
    theme: Theme,
    height: int = 400,
) -> go.Figure:
    """Who has paid once rebates are in, by fiscal year, stay out | join. months: of each year."""
    figure = blank(theme, height, {"l": LEFT, "r": PAYER_LABELS, "t": TOP, "b": TICKS})
    at, width = places(len(years), paired=True)
    most = max(float(one.total.max(initial=0.0)) for one in found.values())
    unit, word = next((s for s in SCALES if most >= 2 * s[0]), (1.0, ""))
    highs, lows = [1e-9], [0.0]
    for branch, where in zip(BRANCHES, at, strict=True):
        one, name = found[branch], branch.replace("_", " ")
        for layer in PAYING:
            usd = one.after[layer.payer]
            if not np.any(np.abs(usd) >= 1.0):
                continue
            says = [
                f"{layer.label}, {name}, fiscal year {year}<br>"
                f"{dollars(float(paid))} of {dollars(float(whole))}"
                for year, paid, whole in zip(years, usd, one.total, strict=True)
            ]
            joined = branch == "join"
            bar(figure, theme, layer, where, usd / unit, width, joined=joined, says=says)
        every = np.stack(list(one.after.values())) / unit
        highs.append(float(np.maximum(every, 0.0).sum(axis=0).max()))
        lows.append(float(np.minimum(every, 0.0).sum(axis=0).min()))
    limits = min(lows) * 1.15, max(highs) * 1.08
    ticks = [
        year if number == YEAR else f"{year}<br>{number} mo."
        for year, number in zip(years, months, strict=True)
    ]
    by_year(figure, theme, ticks, limits, f"USD {word}".strip())
    # Letters that would touch on a phone turn on their side.
    figure.update_xaxes(tickangle=0, tickfont={"size": 12})
    join = found["join"]
    whole = float(join.total.sum())
    beside(
        figure,
        theme,
        float(at[-1][-1]) + width / 2,
        limits,
        [
            (
                f"{layer.label} {share(round(float(usd.sum()) / whole, 2))}",
                layer.colour,
                float(usd[-1]) / unit,
            )
            for layer in PAYING
            for usd in (join.after[layer.payer],)
            if abs(float(usd.sum())) >= 1.0 and whole > 0.0
        ],
    )
    return figure


def paying_title(found: Mapping[str, StateSettled], state: str, what: str) -> str:
    """The finding in one sentence: the parts of a dollar when joining, over all years."""
    join = found["join"]
    whole = float(join.total.sum())
    if whole <= 0.0:
        return "No fill is paid for under these inputs."
    parts: dict[str, float] = {}
    for payer, usd in join.after.items():
        party = EVERY[payer].party or state
        parts[party] = parts.get(party, 0.0) + 100.0 * float(usd.sum()) / whole
    (first, most), (second, next_most), (third, least), *_ = sorted(
        parts.items(), key=lambda part: -part[1]
    )
    return (
        f"Of each dollar for {what}, {first} {verb(first, 'pay')} {most:.0f} cents, {second}"
        f" {next_most:.0f} and {third} {least:.0f}."
    )


def paying_alt(found: Mapping[str, StateSettled], years: Sequence[str], title: str) -> str:
    """The picture in words, for whoever cannot see it."""
    parts = []
    for layer in PAYING:
        out, into = (float(found[branch].after[layer.payer].sum()) for branch in BRANCHES)
        if abs(out) >= 1.0 or abs(into) >= 1.0:
            parts.append(f"{layer.label}: stay out {dollars(out)}, join {dollars(into)}")
    return (
        f"{title} Stacked bars by state fiscal year, {years[0]} to {years[-1]}: who has paid once"
        f" rebates are in. All years: {'; '.join(parts) or 'nothing'}."
    )


def paying_note(found: Mapping[str, StateSettled]) -> str:
    """What a reader must know to read the bars."""
    parts = [
        "In each pair the left bar is stay out, the right one join. Beside the last one: each"
        " payer's part when joining, all years. Accrual: a rebate counts when its fill does."
    ]
    if float(found["stay_out"].total.sum()) < 1.0:
        parts[0] = parts[0].partition(". ")[2]
        parts.insert(0, "Staying out, none of these fills is covered, so only join has bars.")
    if any(float(one.after["mco"].sum()) < -1.0 for one in found.values()):
        parts.append(
            "Plans lie below zero: capitation pays managed care more than fills cost it, for"
            " administration and margin."
        )
    return " ".join(parts)
