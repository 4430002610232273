"""A drug plan's picture: who pays for its drugs, by year and branch. Data in, Figure out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.model.arrays import Array
from calculator.part_d_decision import PlanDecision
from calculator.report.figures import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Layer,
    Theme,
    bar,
    beside,
    blank,
    by_year,
    places,
)
from calculator.report.payers import EVERY, Scope, settled
from calculator.report.verdict import PAYERS
from calculator.report.words import MINUS, dollars, share

# A pattern where a colour repeats.
PATTERNS = {
    "manufacturer": "/",
    "member_premium": "/",
    "selected_subsidy": ".",
    "direct_subsidy": "\\",
    "federal_premium": "+",
    "corridor": "|",
    "cms_incentive": "x",
    "bridge": "-",
}
# From the axis upwards; a payer whose cost falls hangs below it.
LAYERS = tuple(
    Layer(key, payer.label, payer.colour, PATTERNS.get(key, "")) for key, payer in EVERY.items()
)
# Who a sentence names, and which payers it stands for.
GROUPS = {
    "the manufacturer": ("dir", "manufacturer"),
    "members": ("member", "member_premium"),
    "the low-income subsidy": ("lics",),
    "Medicare": (
        *("reinsurance", "selected_subsidy", "direct_subsidy", "federal_premium", "corridor"),
        *("cms_incentive", "bridge"),
    ),
}
WHAT: Mapping[Scope, str] = {
    "model": "the model drugs",
    "drugs": "all drugs of the plan",
    "plan": "drugs and administration",
}
DOLLAR: Mapping[Scope, str] = {
    "model": "model-drug dollar",
    "drugs": "drug dollar",
    "plan": "dollar for drugs and administration",
}


@dataclass(frozen=True)
class DrugPayers:
    """Who pays for drugs, USD PMPM by plan year and payer, in both branches."""

    years: tuple[int, ...]
    plan: str  # what a sentence calls the plan
    stay_out: Mapping[str, Array]
    join: Mapping[str, Array]
    months: Array  # member-months by year
    beyond: float  # USD PMPM that Medicare's incentives pay above the plan's cost, all years
    scope: Scope = "model"

    def cents(self, branch: str = "join") -> dict[str, float]:
        """Each payer's part of a gross dollar over all years, in cents; empty without fills."""
        paid = self.join if branch == "join" else self.stay_out
        sums = {payer: float(amounts @ self.months) for payer, amounts in paid.items()}
        gross = sum(sums.values())
        return {payer: 100.0 * usd / gross for payer, usd in sums.items()} if gross > 0.0 else {}


def drug_payers(decision: PlanDecision, scope: Scope = "model") -> DrugPayers:
    """Who pays in the central run. What Medicare's incentives pay for drugs comes off the plan."""
    result = decision.evaluation.result
    months = np.broadcast_to(result.member_months, result.value.shape)[0]

    def paid(branch: str) -> tuple[dict[str, Array], Array]:
        found = {
            payer: np.asarray(np.broadcast_to(usd, months.shape) / months)
            for payer, usd in settled(decision, scope, branch).after.items()
        }
        if scope == "plan" or "cms_incentive" not in found:
            return found, np.zeros(len(months))
        added = found["cms_incentive"]
        plan = found.get("plan", np.zeros(len(months))) + added
        # A payment above the cost is a gain, not a part of the drug's price.
        taken_over = np.clip(added, 0.0, np.maximum(plan, 0.0))
        found["plan"], found["cms_incentive"] = plan - taken_over, taken_over
        return {payer: found[payer] for payer in EVERY if np.any(found.get(payer, 0.0))}, (
            added - taken_over
        )

    join, beyond = paid("join")
    return DrugPayers(
        years=decision.years,
        plan=PAYERS[decision.scenario.plan.type],
        stay_out=paid("stay_out")[0],
        join=join,
        months=months,
        beyond=float(beyond @ months / months.sum()),
        scope=scope,
    )


def payers_title(payers: DrugPayers) -> str:
    """The finding in one sentence: the two largest payers of a dollar."""
    cents = payers.cents()
    if not cents:
        return "No model drug is filled under these inputs."
    groups = {name: sum(cents.get(payer, 0.0) for payer in of) for name, of in GROUPS.items()}
    groups[payers.plan] = cents.get("plan", 0.0)
    (first, most), (second, next_most) = sorted(groups.items(), key=lambda item: -item[1])[:2]
    if payers.scope != "model":
        first, second = (
            name.replace("the manufacturer", "manufacturers") for name in (first, second)
        )
    pays = "pay" if first in ("members", "manufacturers") else "pays"
    return (
        f"Of each {DOLLAR[payers.scope]}, {first} {pays} {most:.0f} cents and {second}"
        f" {next_most:.0f}."
    )


def payers_note(payers: DrugPayers) -> str:
    """What a reader must know to read the bars: staying out, and a payer below the axis."""
    cents, notes = payers.cents(), []
    if payers.stay_out:
        notes.append("In each pair the left bar is stay out, the right one join.")
    elif cents:
        notes.append("Staying out, the plan covers none of these fills, so only join has bars.")
    if payers.scope != "model":
        notes.append("Beside the last bars: each payer's part of a dollar when joining, all years.")
    if cents.get("plan", 0.0) < 0.0:
        notes.append("The plan lies below zero: it is paid more than it spends.")
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
        f"{layer.label} {_cents(cents[layer.payer])}" for layer in LAYERS if layer.payer in cents
    ]
    years = f"{payers.years[0]} to {payers.years[-1]}"
    listed = "; ".join(parts) or "nothing"
    return f"Stacked bars by year, {years}: who pays for {WHAT[payers.scope]}, join. {listed}."


def _cents(amount: float) -> str:
    if 0.0 < abs(amount) < 0.5:
        return "<1¢"
    return f"{amount:.0f}¢".replace("-", MINUS)


LABELS = 118  # right margin with labels in it, pixels


def payers_figure(payers: DrugPayers, theme: Theme, height: int = 400) -> go.Figure:
    """Stacked bars by year, stay out | join, with each payer's cents of the dollar beside them."""
    paired = bool(payers.stay_out)
    margin = {"l": LEFT, "r": LABELS if payers.join else RIGHT, "t": TOP, "b": BOTTOM}
    figure = blank(theme, height, margin)
    at, width = places(len(payers.years), paired=paired)
    branches = [("stay out", payers.stay_out)] if paired else []
    branches.append(("join", payers.join))

    nothing = np.zeros(len(payers.years))
    heights: list[Array] = []
    for (name, paid), where in zip(branches, at, strict=True):
        gross = sum(paid.values(), nothing)
        heights.append(sum((np.maximum(a, 0.0) for a in paid.values()), nothing))
        for layer in LAYERS:
            if layer.payer not in paid:
                continue
            amounts = paid[layer.payer]
            part = np.divide(amounts, gross, out=np.zeros_like(gross), where=gross > 0.0)
            says = [
                f"{layer.label}, {name}, {year}<br>"
                f"{dollars(float(usd))} PMPM, {share(float(of))} of gross"
                for year, usd, of in zip(payers.years, amounts, part, strict=True)
            ]
            bar(figure, theme, layer, where, amounts, width, joined=name == "join", says=says)
        for x, top, usd in zip(where, heights[-1], gross, strict=True):
            # Two bars side by side leave no room for figures above them on a phone.
            if usd > 0.0 and not paired:
                figure.add_annotation(
                    x=x, y=top, text=dollars(float(usd)), showarrow=False, yanchor="bottom",
                    font={"size": 12},
                )  # fmt: skip

    below = sum((np.minimum(a, 0.0) for a in payers.join.values()), nothing)
    high = max((float(h.max()) for h in heights), default=0.0) * 1.12 or 1.0
    limits = float(below.min()) * 1.15, high
    ticks = [str(year) for year in payers.years]
    by_year(figure, theme, ticks, limits, "USD per member per month (PMPM)")
    if payers.join:
        cents = payers.cents()
        beside(
            figure,
            theme,
            float(at[-1][-1]) + width / 2,
            limits,
            [
                (
                    f"{layer.label} {_cents(cents.get(layer.payer, 0.0))}",
                    layer.colour,
                    float(payers.join[layer.payer][-1]),
                )
                for layer in LAYERS
                if layer.payer in payers.join
            ],
        )
    return figure
