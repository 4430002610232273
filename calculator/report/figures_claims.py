"""Pictures of a plan's claims: who paid by phase, and persistence against the scenario's curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.model.arrays import Array
from calculator.report.figures import (
    BOTTOM,
    COLOURS,
    LABEL_GAP,
    LEFT,
    SIZE,
    TOP,
    Layer,
    Theme,
    bar,
    beside,
    blank,
    by_year,
    places,
    spread,
)
from calculator.report.figures_part_d import LAYERS
from calculator.report.figures_selection import note, scales, tinted
from calculator.report.words import dollars, share

HEIGHT = 380
LABELS = 122  # right margin with labels in it, pixels
SLANTED = 70  # bottom margin with slanted names in it, pixels
SHADE = 0.2  # of a band, so that lines on it can be read
ALL = "All"
# Payers of which a figure may not be shown, together.
REST = Layer("rest", "Others", "text", ".")
EVERY_LAYER = (*LAYERS, REST)
# Who a sentence names, and which payers it stands for.
GROUPS = {
    "the plan": ("plan",),
    "members": ("member",),
    "the manufacturer": ("manufacturer",),
    "the low-income subsidy": ("lics",),
    "Medicare": ("reinsurance", "selected_subsidy"),
}


@dataclass(frozen=True)
class Paid:
    """Who owes what of claims, by the phase in which a claim begins; all of them last."""

    phases: tuple[str, ...]
    gross: Array  # (P,) USD
    owed: Mapping[str, Array]  # payer -> (P,) USD


def paid(summary: Mapping[str, Any]) -> Paid | None:
    """The picture's numbers from the summary of an adjudication; none where gross is not shown.

    Only all phases where some figure of a phase is not shown, and payers that are not shown as one.
    """
    if summary["payers"]["gross"] is None:
        return None
    rows = summary["phases"]
    if any(amount is None for row in rows.values() for amount in row.values()):
        rows = {}
    named = {name.capitalize(): row for name, row in rows.items() if row["gross"] > 0.0}
    named[ALL] = summary["payers"]
    payers = [layer.payer for layer in LAYERS if layer.payer in summary["payers"]]
    hidden = [payer for payer in payers if summary["payers"][payer] is None]
    owed = {
        payer: np.array([row[payer] for row in named.values()])
        for payer in payers
        if payer not in hidden
    }
    if hidden:
        gross = np.array([row["gross"] for row in named.values()])
        owed[REST.payer] = gross - sum(owed.values(), np.zeros(len(named)))
    return Paid(
        phases=tuple(named),
        gross=np.array([row["gross"] for row in named.values()]),
        owed={payer: usd for payer, usd in owed.items() if np.any(usd)},
    )


def paid_title(found: Paid) -> str:
    """The finding in one sentence: the two who owe most of a dollar."""
    gross = float(found.gross[-1])
    if gross <= 0.0:
        return "These claims come to nothing."
    cents = {
        name: 100.0 * sum(float(found.owed[payer][-1]) for payer in of if payer in found.owed)
        for name, of in GROUPS.items()
    }
    known = [name for name, of in GROUPS.items() if REST.payer not in found.owed or all(
        payer in found.owed for payer in of)]  # fmt: skip
    if len(known) < 2:
        return f"These claims come to {dollars(gross)}."
    (first, most), (second, next_most) = sorted(
        ((name, cents[name] / gross) for name in known), key=lambda item: -item[1]
    )[:2]
    verb = "owe" if first == "members" else "owes"
    return (
        f"Of each dollar of these claims, {first} {verb} {most:.0f} cents and {second} "
        f"{next_most:.0f}."
    )


def paid_alt(found: Paid) -> str:
    """The same picture in words."""
    told = []
    for at, phase in enumerate(found.phases):
        parts = [
            f"{layer.label} {share(float(found.owed[layer.payer][at] / found.gross[at]))}"
            for layer in EVERY_LAYER
            if layer.payer in found.owed and found.gross[at]
        ]
        told.append(f"{phase}, {dollars(float(found.gross[at]))}: {', '.join(parts)}")
    return "Stacked bars by phase of the benefit. " + "; ".join(told) + "."


PAID_NOTE = (
    "By the phase in which a claim begins, per dollar of gross cost; above each bar its share of"
    " all gross cost."
)


def paid_figure(found: Paid, theme: Theme) -> go.Figure:
    """Stacked bars of each phase per dollar of its gross, with names beside the last."""
    figure = blank(theme, HEIGHT, {"l": LEFT, "r": LABELS, "t": TOP, "b": SLANTED})
    count = len(found.phases)
    (at,), width = places(count, paired=False)
    parts = {
        payer: np.divide(usd, found.gross, out=np.zeros(count), where=found.gross > 0.0)
        for payer, usd in found.owed.items()
    }
    layers = [layer for layer in EVERY_LAYER if layer.payer in parts]
    for layer in layers:
        says = [
            f"{layer.label}, {phase}<br>{dollars(float(usd))}, {share(float(part))} of gross"
            for phase, usd, part in zip(
                found.phases, found.owed[layer.payer], parts[layer.payer], strict=True
            )
        ]
        bar(figure, theme, layer, at, parts[layer.payer], width, joined=True, says=says)
    top = sum((np.maximum(part, 0.0) for part in parts.values()), np.zeros(count))
    whole = float(found.gross[-1]) or 1.0
    for x, y, usd in zip(at, top, found.gross, strict=True):
        figure.add_annotation(
            x=x, y=y, text=f"{float(usd) / whole:.0%}", showarrow=False, yanchor="bottom",
            font={"size": SIZE},
        )  # fmt: skip
    below = float(sum((np.minimum(part, 0.0) for part in parts.values()), np.zeros(count)).min())
    limits = below * 1.15, float(top.max(initial=1.0)) * 1.12
    by_year(figure, theme, found.phases, limits, "USD per dollar of gross cost")
    figure.update_yaxes(tickformat=".2f")
    # A phone has no room for the phases side by side.
    figure.update_xaxes(autotickangles=[0, 45])
    labels = [
        (f"{layer.label} {_cents(float(parts[layer.payer][-1]))}", layer.colour,
         float(parts[layer.payer][-1]))
        for layer in layers
    ]  # fmt: skip
    beside(figure, theme, float(at[-1]) + width / 2, limits, labels)
    return figure


def _cents(part: float) -> str:
    return "<1¢" if 0.0 < part < 0.005 else f"{100.0 * part:.0f}¢"


# ------------------------------------------------------------------------------------ persistence


@dataclass(frozen=True)
class Persisting:
    """Share still on therapy: what claims show, what the scenario has, and what was published."""

    months: Array  # (M,) at which the claims tell it
    shares: Array  # (M,)
    low: Array  # (M,) 95% band; nan where there is none
    high: Array
    people: Array  # (M,) still under observation, at least so many
    scenario: Array  # (N,) by month from 0
    published: Mapping[str, Array]  # name -> (N,)
    starters: int
    of_model: bool  # fills under the model, not for uses covered today

    @property
    def last(self) -> int:
        """Where in `months` the comparison is made: at a year, or the nearest that is known."""
        return max(0, int((self.months <= 12).sum()) - 1)


def persisting_title(found: Persisting) -> str:
    """The finding in one sentence: the claims against the scenario, at a year or the last month."""
    month = int(found.months[found.last])
    own, has = float(found.shares[found.last]), float(found.scenario[month])
    low, high = float(found.low[found.last]), float(found.high[found.last])
    when = "month" if month == 1 else "months"
    said = f"After {month} {when} {share(own)} are still on therapy; the scenario has {share(has)}"
    if not np.isfinite(low):
        return f"{said}."
    if low <= has <= high:
        return f"{said}, within the band of these claims."
    return f"{said}, {'above' if has > high else 'below'} the band of these claims."


def persisting_alt(found: Persisting) -> str:
    """The same picture in words."""
    points = [
        f"{int(month)} months {share(float(own))}, scenario {share(float(found.scenario[at]))}"
        for month, at, own in zip(found.months, found.months.astype(int), found.shares, strict=True)
    ]
    return "Curves of the share still on therapy by month. " + "; ".join(points) + "."


def persisting_note(found: Persisting) -> str:
    """Whose fills these are, and what the grey lines are."""
    whose = (
        "Fills under the model."
        if found.of_model
        else "Fills for uses covered today, a proxy for the model's."
    )
    return (
        f"{whose} At least {found.starters:,} new users followed, Kaplan-Meier with its 95% band;"
        " no point rests on fewer than 11 people. Thin lines: the other published curves, before"
        " the effects of age and dual eligibility."
    )


def persisting_figure(found: Persisting, theme: Theme) -> go.Figure:
    """The claims' points with their band, the scenario's curve, and the published ones behind."""
    colours = COLOURS[theme]
    figure = blank(theme, HEIGHT, {"l": LEFT, "r": LABELS, "t": TOP, "b": BOTTOM + 20})
    until = len(found.scenario) - 1
    month = np.arange(until + 1)
    for name, curve in found.published.items():
        figure.add_scatter(
            x=month, y=curve, mode="lines", name=name, hoverinfo="skip",
            line={"color": colours["low_income"], "width": 1, "dash": "dot"},
        )  # fmt: skip
    known = np.isfinite(found.low)
    edge_x = np.concatenate([[0.0], found.months[known]])
    figure.add_scatter(
        x=np.concatenate([edge_x, edge_x[::-1]]),
        y=np.concatenate([[1.0], found.high[known], found.low[known][::-1], [1.0]]),
        mode="lines", line={"width": 0}, fill="toself", hoverinfo="skip", name="95% band",
        fillcolor=tinted(colours["plan"], SHADE),
    )  # fmt: skip
    figure.add_scatter(
        x=month, y=found.scenario, mode="lines", name="scenario",
        line={"color": colours["cost"], "width": 3, "dash": "dash"},
        customdata=[f"Scenario, {m} months<br>{share(float(s))}" for m, s in
                    zip(month, found.scenario, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    says = [
        f"These claims, {int(m)} months<br>{share(float(s))}, at least {int(n):,} people"
        for m, s, n in zip(found.months, found.shares, found.people, strict=True)
    ]
    figure.add_scatter(
        x=np.concatenate([[0.0], found.months]),
        y=np.concatenate([[1.0], found.shares]),
        mode="lines+markers", name="these claims",
        line={"color": colours["plan"], "width": 3}, marker={"size": 7},
        customdata=["Start", *says], hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    lowest = min(float(found.scenario.min()), float(np.nanmin([*found.low, *found.shares])))
    lowest = min([lowest, *(float(curve.min()) for curve in found.published.values())])
    limits = (max(0.0, lowest - 0.05), 1.02)
    scales(
        figure,
        theme,
        ("Months since the start of therapy", (0.0, float(until))),
        ("Share still on therapy", limits),
        x={"tickformat": ",d", "nticks": 8},
        y={"tickprefix": "", "tickformat": ".0%", "tickvals": None, "ticktext": None,
           "tickmode": "auto", "zeroline": False},
    )  # fmt: skip
    _names(figure, theme, found, limits)
    return figure


def _names(figure: go.Figure, theme: Theme, found: Persisting, limits: tuple[float, float]) -> None:
    """The curves' names beside their ends, that of the claims above its last point."""
    colours = COLOURS[theme]
    until = float(len(found.scenario) - 1)
    ends = [
        (f"scenario {share(float(found.scenario[-1]))}", "cost", float(found.scenario[-1])),
        *((name, "low_income", float(curve[-1])) for name, curve in found.published.items()),
    ]
    pixels = (HEIGHT - TOP - BOTTOM - 20) / (limits[1] - limits[0])
    wanted = [(end - limits[0]) * pixels for *_, end in ends]
    for (text, colour, y), want, at in zip(
        ends, wanted, spread(wanted, LABEL_GAP, 8.0), strict=True
    ):
        figure.add_annotation(
            x=until, y=y, ax=16, ay=want - at, xanchor="left", text=text, showarrow=True,
            arrowhead=0, arrowwidth=1.5, arrowcolor=colours[colour], standoff=0,
            font={"size": SIZE, "color": colours["text"]},
        )  # fmt: skip
    x, y = float(found.months[-1]), float(found.shares[-1])
    side = "right" if x > until / 2 else "left"
    note(figure, theme, x, y, f"these claims {share(y)}", xanchor=side, yanchor="bottom", yshift=10)
