"""Pictures as plotly figures: data in, Figure out. Nothing here knows a page or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.model.arrays import Array
from calculator.model.ledger import Ledger
from calculator.part_d_decision import PlanDecision
from calculator.report.verdict import PAYERS
from calculator.report.words import MINUS, dollars, share

Theme = Literal["light", "dark"]

# A payer keeps its colour on every chart; each theme has its own set.
COLOURS: Mapping[Theme, Mapping[str, str]] = {
    "light": {
        "plan": "#12445C",
        "member": "#B87400",
        "manufacturer": "#A63C9E",
        "medicare": "#2F9C72",
        "low_income": "#6B7681",
        "page": "#FFFFFF",
        "text": "#16242C",
        "grid": "#D5DCE0",
    },
    "dark": {
        "plan": "#6EBCF3",
        "member": "#F4BD69",
        "manufacturer": "#C94FDB",
        "medicare": "#B4EFCF",
        "low_income": "#98ABB3",
        "page": "#11191E",
        "text": "#E6EDF0",
        "grid": "#33434C",
    },
}
FONT = '"Source Sans", "Source Sans Pro", sans-serif'
MODEL_DRUGS = "model_drugs"
INCENTIVES = (("obesity_capitation", "cms_incentive"), ("extra_reinsurance", "cms_incentive"))


@dataclass(frozen=True)
class Segment:
    """A payer as one layer of a bar: its colour's name, and a pattern where a colour repeats."""

    payer: str
    label: str
    colour: str
    pattern: str = ""


# From the axis upwards; a payer whose cost falls hangs below it.
SEGMENTS = (
    Segment("plan", "Plan", "plan"),
    Segment("dir", "Rebate", "manufacturer"),
    Segment("manufacturer", "Discount", "manufacturer", "/"),
    Segment("member", "Member", "member"),
    Segment("lics", "Low-income", "low_income"),
    Segment("reinsurance", "Reinsurance", "medicare"),
    Segment("selected_subsidy", "Drug subsidy", "medicare", "."),
    Segment("cms_incentive", "Incentives", "medicare", "x"),
    Segment("bridge", "Bridge", "medicare", "-"),
)
# Who a sentence names, and which payers it stands for.
GROUPS = {
    "the manufacturer": ("dir", "manufacturer"),
    "members": ("member",),
    "the low-income subsidy": ("lics",),
    "Medicare": ("reinsurance", "selected_subsidy", "cms_incentive", "bridge"),
}


@dataclass(frozen=True)
class DrugPayers:
    """Who pays for the model drugs, USD PMPM by plan year and payer, in both branches."""

    years: tuple[int, ...]
    plan: str  # what a sentence calls the plan
    stay_out: Mapping[str, Array]
    join: Mapping[str, Array]
    months: Array  # member-months by year
    beyond: float  # USD PMPM that Medicare's incentives pay above the plan's cost, all years

    def cents(self, branch: str = "join") -> dict[str, float]:
        """Each payer's part of a gross dollar over all years, in cents; empty without fills."""
        paid = self.join if branch == "join" else self.stay_out
        sums = {payer: float(amounts @ self.months) for payer, amounts in paid.items()}
        gross = sum(sums.values())
        return {payer: 100.0 * usd / gross for payer, usd in sums.items()} if gross > 0.0 else {}


def drug_payers(decision: PlanDecision) -> DrugPayers:
    """Who pays for the model drugs in the central run. What Medicare adds comes off the plan."""
    result = decision.evaluation.result
    months = np.broadcast_to(result.member_months, result.value.shape)[0]

    def pmpm(amounts: Array) -> Array:
        return np.asarray(np.broadcast_to(amounts, result.value.shape)[0] / months)

    def paid(ledger: Ledger) -> tuple[dict[str, Array], Array]:
        found = {
            payer: pmpm(amounts) for (line, payer), amounts in ledger.items() if line == MODEL_DRUGS
        }
        plan = found.get("plan", np.zeros(len(months)))
        added = sum((pmpm(ledger[row]) for row in INCENTIVES if row in ledger), np.zeros(1))
        # A payment above the cost is a gain, not a part of the drug's price.
        taken_over = np.clip(added, 0.0, np.maximum(plan, 0.0))
        found["plan"] = plan - taken_over
        found["cms_incentive"] = taken_over
        order = [segment.payer for segment in SEGMENTS]
        shown = {payer: found[payer] for payer in order if np.any(found.get(payer, 0.0))}
        return shown, np.broadcast_to(added - taken_over, plan.shape)

    join, beyond = paid(result.join.ledger)
    return DrugPayers(
        years=decision.years,
        plan=PAYERS[decision.scenario.plan.type],
        stay_out=paid(result.stay_out.ledger)[0],
        join=join,
        months=months,
        beyond=float(beyond @ months / months.sum()),
    )


def payers_title(payers: DrugPayers) -> str:
    """The finding in one sentence: the two largest payers of a model-drug dollar."""
    cents = payers.cents()
    if not cents:
        return "No model drug is filled under these inputs."
    groups = {name: sum(cents.get(payer, 0.0) for payer in of) for name, of in GROUPS.items()}
    groups[payers.plan] = cents.get("plan", 0.0)
    (first, most), (second, next_most) = sorted(groups.items(), key=lambda item: -item[1])[:2]
    return f"Of each model-drug dollar, {first} pays {most:.0f} cents and {second} {next_most:.0f}."


def payers_note(payers: DrugPayers) -> str:
    """What a reader must know to read the bars: staying out, and a payer below the axis."""
    cents, notes = payers.cents(), []
    if payers.stay_out:
        notes.append("In each pair the left bar is stay out, the right one join.")
    elif cents:
        notes.append("Staying out, the plan covers none of these fills, so only join has bars.")
    if cents.get("reinsurance", 0.0) < 0.0:
        notes.append(
            "Reinsurance lies below zero: Medicare shares in the rebate, and that is more than the "
            "reinsurance these fills earn."
        )
    if payers.beyond > 0.005:
        notes.append(
            f"Medicare's incentives also pay the plan {dollars(payers.beyond, 2)} PMPM more than "
            "these fills cost it; that is not drawn."
        )
    if cents and not payers.stay_out:
        notes.append("Above each bar stands the gross cost, before rebates.")
    return " ".join(notes)


def payers_alt(payers: DrugPayers) -> str:
    """The same picture in words, for whoever cannot see it."""
    cents = payers.cents()
    parts = [
        f"{segment.label} {_cents(cents[segment.payer])}"
        for segment in SEGMENTS
        if segment.payer in cents
    ]
    years = f"{payers.years[0]} to {payers.years[-1]}"
    listed = "; ".join(parts) or "nothing"
    return f"Stacked bars by year, {years}: who pays for the model drugs, join. {listed}."


def _cents(amount: float) -> str:
    if 0.0 < abs(amount) < 0.5:
        return "<1¢"
    return f"{amount:.0f}¢".replace("-", MINUS)


WIDE, PAIRED = 0.62, 0.36
TOP, BOTTOM, LABELS = 28, 34, 118  # margins, pixels
LABEL_GAP = 17  # least distance of two labels, pixels


def payers_figure(payers: DrugPayers, theme: Theme, height: int = 400) -> go.Figure:
    """Stacked bars by year, stay out | join, with each payer's cents of the dollar beside them."""
    colours = COLOURS[theme]
    figure = go.Figure(layout={"template": "none"})
    paired = bool(payers.stay_out)
    width = PAIRED if paired else WIDE
    index = np.arange(len(payers.years), dtype=float)
    branches = ([("stay out", payers.stay_out, index - width / 2 - 0.02)] if paired else []) + [
        ("join", payers.join, index + (width / 2 + 0.02 if paired else 0.0))
    ]

    heights: list[Array] = []
    for name, paid, at in branches:
        gross = sum(paid.values(), np.zeros(len(index)))
        heights += [sum((np.maximum(a, 0.0) for a in paid.values()), np.zeros(len(index)))]
        for segment in SEGMENTS:
            if segment.payer not in paid:
                continue
            amounts = paid[segment.payer]
            part = np.divide(amounts, gross, out=np.zeros_like(gross), where=gross > 0.0)
            figure.add_bar(
                x=at,
                y=amounts,
                width=width,
                name=segment.label,
                marker={
                    "color": colours[segment.colour],
                    "opacity": 1.0 if name == "join" else 0.6,
                    "line": {"color": colours["page"], "width": 1},
                    "pattern": {
                        "shape": segment.pattern,
                        "fgcolor": colours["page"],
                        "fillmode": "overlay",
                        "solidity": 0.25,
                        "size": 6,
                    },
                },
                customdata=[
                    (str(year), dollars(float(usd)), share(float(of)))
                    for year, usd, of in zip(payers.years, amounts, part, strict=True)
                ],
                hovertemplate=(
                    f"{segment.label}, {name}, %{{customdata[0]}}<br>"
                    "%{customdata[1]} PMPM, %{customdata[2]} of gross<extra></extra>"
                ),
            )
        for x, top, usd in zip(at, heights[-1], gross, strict=True):
            # Two bars side by side leave no room for figures above them on a phone.
            if usd > 0.0 and not paired:
                figure.add_annotation(
                    x=x, y=top, text=dollars(float(usd)), showarrow=False, yanchor="bottom",
                    font={"size": 12},
                )  # fmt: skip

    below = sum((np.minimum(a, 0.0) for a in payers.join.values()), np.zeros(len(index)))
    low = float(below.min()) * 1.15
    high = max((float(h.max()) for h in heights), default=0.0) * 1.12 or 1.0
    _frame(figure, payers, colours, height, (low, high))
    if payers.join:
        edge = float(branches[-1][2][-1]) + width / 2
        _direct_labels(figure, payers, colours, edge, (low, high), height)
    return figure


def _frame(
    figure: go.Figure,
    payers: DrugPayers,
    colours: Mapping[str, str],
    height: int,
    limits: tuple[float, float],
) -> None:
    font = {"size": 13, "color": colours["text"]}
    axis = {"fixedrange": True, "automargin": False, "tickfont": font}
    figure.update_layout(
        barmode="relative",
        height=height,
        showlegend=False,
        dragmode=False,
        font={"family": FONT, **font},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        margin={"l": 58, "r": LABELS if payers.join else 8, "t": TOP, "b": BOTTOM, "pad": 0},
        hoverlabel={
            "bgcolor": colours["page"],
            "bordercolor": colours["grid"],
            "font": {"family": FONT, **font},
        },
        xaxis={
            **axis,
            "tickvals": list(range(len(payers.years))),
            "ticktext": [str(year) for year in payers.years],
            "range": [-0.55, len(payers.years) - 0.45],
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={
            **axis,
            "title": {"text": "USD per member per month (PMPM)", "standoff": 6, "font": font},
            "range": list(limits),
            "tickprefix": "$",
            "nticks": 6,
            "gridcolor": colours["grid"],
            "zeroline": True,
            "zerolinecolor": colours["text"],
        },
    )


def _direct_labels(
    figure: go.Figure,
    payers: DrugPayers,
    colours: Mapping[str, str],
    edge: float,
    limits: tuple[float, float],
    height: int,
) -> None:
    """Each payer's name and cents beside the last bar, tied to its layer by a line."""
    cents = payers.cents()
    named = [s for s in SEGMENTS if s.payer in payers.join]
    above, below, middles = 0.0, 0.0, []
    for segment in named:
        amount = float(payers.join[segment.payer][-1])
        if amount < 0.0:
            middles.append(below + amount / 2)
            below += amount
        else:
            middles.append(above + amount / 2)
            above += amount
    pixels = (height - TOP - BOTTOM) / (limits[1] - limits[0])
    placed = spread([m * pixels for m in middles], LABEL_GAP, limits[0] * pixels + 8)
    for segment, middle, at in zip(named, middles, placed, strict=True):
        figure.add_annotation(
            x=edge,
            y=middle,
            ax=16,
            ay=middle * pixels - at,
            xanchor="left",
            text=f"{segment.label} {_cents(cents.get(segment.payer, 0.0))}".replace("<", "&lt;"),
            showarrow=True,
            arrowhead=0,
            arrowwidth=1.5,
            arrowcolor=colours[segment.colour],
            standoff=0,
            font={"size": 13},
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
