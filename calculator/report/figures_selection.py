"""Pictures of adverse selection: value against movers, and the cost curves. Data in, Figure out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.analysis.selection_curves import Curves
from calculator.model.arrays import Array
from calculator.plan_selection import SelectionCheck
from calculator.report.figures import (
    BOTTOM,
    COLOURS,
    LABEL_GAP,
    LEFT,
    SIZE,
    TOP,
    Theme,
    blank,
    round_step,
    spread,
)
from calculator.report.table import cents
from calculator.report.words import share

MARGIN = {"l": LEFT + 6, "r": 14, "t": TOP, "b": BOTTOM + 20}
NAMES = 126  # right margin with the curves' names in it, pixels
SHADE = 0.16  # of a filled area, so that lines on it can be read
POINTS = 61
BEYOND = 1.15  # how far past the last thing marked an axis goes
MOVERS_AXIS = "Eligible outside who move in a year, %"
SHARE_AXIS = "Share of enrollment in plans that joined, %"
PMPM_AXIS = "USD per member per month (PMPM)"


@dataclass(frozen=True)
class Worth:
    """What joining is worth over the share of movers."""

    movers: Array  # (N,) share of the eligible outside who move in a year, from 0
    pmpm: Array  # (N,) USD per own member-month


def movers_to_try(check: SelectionCheck) -> Array:
    """Shares of movers for the picture: past the range's end, and past a break-even."""
    last = max(check.movers_high, check.breakeven_movers or 0.0)
    return np.linspace(0.0, min(1.0, BEYOND * last), POINTS)


def tinted(colour: str, part: float) -> str:
    """A colour that lets through what is behind it.

    >>> tinted("#12445C", 0.5)
    'rgba(18, 68, 92, 0.5)'
    """
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {part:g})"


def scales(
    figure: go.Figure,
    theme: Theme,
    across: tuple[str, tuple[float, float]],
    upwards: tuple[str, tuple[float, float]],
    **more: Mapping[str, Any],
) -> None:
    """Two number axes with their titles and limits; x in per cent, y in dollars unless told."""
    colours = COLOURS[theme]
    font = {"size": SIZE, "color": colours["text"]}
    axis: dict[str, Any] = {
        "fixedrange": True,
        "automargin": False,
        "tickfont": font,
        "gridcolor": colours["grid"],
        "zeroline": False,
        "nticks": 6,
    }

    def titled(text: str, limits: tuple[float, float], standoff: int) -> dict[str, Any]:
        title = {"text": text, "standoff": standoff, "font": font}
        return {**axis, "title": title, "range": list(limits)}

    figure.update_layout(
        xaxis={**titled(*across, 8), "showgrid": False, "tickformat": ".0%", **more.get("x", {})},
        yaxis={
            **titled(*upwards, 6),
            **dollar_ticks(sorted_pair(upwards[1])),
            "zeroline": True,
            "zerolinecolor": colours["text"],
            **more.get("y", {}),
        },
    )


def sorted_pair(limits: tuple[float, float]) -> tuple[float, float]:
    """The lower one first."""
    return min(limits), max(limits)


def dollar_ticks(limits: tuple[float, float], most: int = 6) -> dict[str, Any]:
    """Round amounts between limits, each with its sign before the dollar.

    >>> dollar_ticks((-1.2, 0.4))["ticktext"]
    ['−$1.00', '−$0.50', '$0.00']
    >>> dollar_ticks((-9.0, 12.0))["ticktext"]
    ['−$5', '$0', '$5', '$10']
    """
    step = round_step((limits[1] - limits[0]) / most)
    count = np.arange(np.ceil(limits[0] / step), np.floor(limits[1] / step) + 1.0)
    values = [float(step * k) for k in count]
    decimals = 0 if step >= 1.0 and step.is_integer() else 2
    return {"tickvals": values, "ticktext": [cents(value, decimals) for value in values]}


def note(figure: go.Figure, theme: Theme, x: float, y: float, text: str, **more: Any) -> None:
    """A direct label on a piece of the page's colour, so that it can be read on anything."""
    figure.add_annotation(
        **{
            "x": x,
            "y": y,
            "text": text.replace("<", "&lt;"),
            "showarrow": False,
            "font": {"size": SIZE, "color": COLOURS[theme]["text"]},
            "bgcolor": tinted(COLOURS[theme]["page"], 0.9),
            "borderpad": 1,
            **more,
        }
    )


# ------------------------------------------------------------------------- value against movers


def movers_title(check: SelectionCheck) -> str:
    """The finding in one sentence: until which share of movers joining pays."""
    root, expected = check.breakeven_movers, share(check.movers)
    if root is None:
        pays = "at any share of movers" if check.value_without >= 0.0 else "at no share of movers"
        return (
            f"Joining pays {pays}: {cents(check.pmpm_without, 2)} PMPM if nobody moves,"
            f" {cents(check.pmpm_with, 2)} if {expected} do."
        )
    until = "until" if check.value_without >= 0.0 else "only from"
    stands = "below" if check.movers < root else "above"
    return (
        f"Joining pays {until} {share(root)} of the eligible outside move a year; the {expected}"
        f" expected are {stands} that."
    )


def movers_alt(check: SelectionCheck, worth: Worth) -> str:
    """The same picture in words."""
    root = check.breakeven_movers
    turns = "it does not cross zero" if root is None else f"it crosses zero at {share(root)}"
    return (
        "Line of the value of joining, PMPM, over the share of eligible members outside who move"
        f" in a year: {cents(float(worth.pmpm[0]), 2)} at none, {cents(check.pmpm_with, 2)} at the"
        f" expected {share(check.movers)}, {cents(float(worth.pmpm[-1]), 2)} at"
        f" {share(float(worth.movers[-1]))}; {turns}. The range is {share(check.movers_low)} to"
        f" {share(check.movers_high)}."
    )


def movers_figure(
    check: SelectionCheck, worth: Worth, theme: Theme, height: int = 350
) -> go.Figure:
    """Value over movers: gain above zero, cost below, the expected share and its range marked."""
    colours = COLOURS[theme]
    figure = blank(theme, height, MARGIN)
    root = check.breakeven_movers
    at = worth.movers if root is None else np.sort(np.append(worth.movers, root))
    pmpm = np.interp(at, worth.movers, worth.pmpm)
    if root is not None:
        pmpm[at == root] = 0.0
    low, high = min(0.0, float(pmpm.min())), max(0.0, float(pmpm.max()))
    room = 0.16 * (high - low or 1.0)
    limits = low - room, high + 1.4 * room
    _band(figure, theme, check, limits)
    for name, part in (("gain", np.maximum(pmpm, 0.0)), ("cost", np.minimum(pmpm, 0.0))):
        if np.any(part):
            figure.add_scatter(
                x=at, y=part, mode="lines", fill="tozeroy", name=name, hoverinfo="skip",
                line={"width": 0}, fillcolor=tinted(colours[name], SHADE),
            )  # fmt: skip
    figure.add_scatter(
        x=at,
        y=pmpm,
        mode="lines",
        name="value",
        line={"color": colours["plan"], "width": 3},
        customdata=[
            f"{share(float(r))} move a year<br>joining is worth {cents(float(v), 2)} PMPM"
            for r, v in zip(at, pmpm, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    _expected(figure, theme, check, falls=bool(pmpm[-1] < pmpm[0]))
    if root is not None:
        figure.add_scatter(
            x=[root], y=[0.0], mode="markers", name="break-even", hoverinfo="skip",
            marker={"symbol": "diamond", "size": 12, "color": colours["page"],
                    "line": {"color": colours["text"], "width": 2}},
        )  # fmt: skip
        right = root > 0.6 * float(at[-1])
        note(
            figure, theme, root, 0.0, f"breaks even at {share(root)}",
            xanchor="right" if right else "left", xshift=-10 if right else 10,
            yanchor="bottom" if pmpm[-1] < pmpm[0] and not right else "top",
            yshift=6 if pmpm[-1] < pmpm[0] and not right else -6,
        )  # fmt: skip
    scales(figure, theme, (MOVERS_AXIS, (0.0, float(at[-1]))), (PMPM_AXIS, limits))
    return figure


def _band(
    figure: go.Figure, theme: Theme, check: SelectionCheck, limits: tuple[float, float]
) -> None:
    """The range of movers, said at the top of the picture."""
    figure.add_shape(
        type="rect", x0=check.movers_low, x1=check.movers_high, y0=limits[0], y1=limits[1],
        fillcolor=tinted(COLOURS[theme]["low_income"], SHADE), line={"width": 0}, layer="below",
    )  # fmt: skip
    note(
        figure, theme, (check.movers_low + check.movers_high) / 2, limits[1],
        f"range {share(check.movers_low)} to {share(check.movers_high)}", yanchor="top",
        bgcolor="rgba(0,0,0,0)",
    )  # fmt: skip


def _expected(figure: go.Figure, theme: Theme, check: SelectionCheck, *, falls: bool) -> None:
    """The expected share of movers and its value."""
    colours = COLOURS[theme]
    figure.add_scatter(
        x=[check.movers], y=[check.pmpm_with], mode="markers", name="expected", hoverinfo="skip",
        marker={"size": 12, "color": colours["plan"],
                "line": {"color": colours["page"], "width": 2}},
    )  # fmt: skip
    note(
        figure, theme, check.movers, check.pmpm_with,
        f"expected {share(check.movers)}: {cents(check.pmpm_with, 2)}",
        xanchor="left", xshift=10, yanchor="bottom" if falls else "top", yshift=6 if falls else -6,
    )  # fmt: skip


# --------------------------------------------------------------------------------- cost curves


def curves_title(found: Curves) -> str:
    """The finding in one sentence: where choice settles, where it should, what that wastes."""
    direction = "Cost falls" if found.adverse else "Cost does not fall"
    if found.welfare_loss is None or found.equilibrium is None or found.efficient is None:
        return f"{direction} as more plans join, and demand crosses it nowhere from 5% to all."
    said = f"{direction} as more plans join: choice settles at {share(found.equilibrium)} joining"
    gap = found.efficient - found.equilibrium
    if abs(gap) < 0.0005:
        return f"{said}, as it should at marginal cost."
    which = "too few" if gap > 0.0 else "too many"
    loss = cents(found.welfare_loss, 2)
    return f"{said}, {which} against {share(found.efficient)}, and wastes {loss} PMPM."


def curves_alt(found: Curves) -> str:
    """The same picture in words."""
    ends = [
        f"{name} from {cents(float(line[0]), 2)} to {cents(float(line[-1]), 2)}"
        for name, line in (
            ("average cost", found.average_cost),
            ("marginal cost", found.marginal_cost),
            ("demand", found.demand),
        )
        if np.all(np.isfinite(line))
    ]
    crossing = "The curves do not cross."
    if found.equilibrium is not None and found.efficient is not None:
        crossing = (
            f"Demand meets average cost at {share(found.equilibrium)} and marginal cost at"
            f" {share(found.efficient)}."
        )
    first, last = share(float(found.share[0])), share(float(found.share[-1]))
    return f"Lines over the joining share, {first} to {last}: {'; '.join(ends)}. {crossing}"


def curves_note(found: Curves) -> str:
    """What a reader must know: demand is assumed, and what the picture leaves out above."""
    notes = [
        "Cost is this plan's, from the engine, the plan taken as typical of those that join."
        " Demand is an assumption: a straight line through the joining share of the inputs at"
        " equal premiums, as steep as active choosers are taken to respond to premiums."
    ]
    if found.welfare_loss is not None:
        notes.append("The shaded triangle is what the difference between the two wastes.")
    top = _curve_limits(found)[1]
    if float(np.max(found.average_cost)) > top:
        first = cents(float(found.average_cost[0]), 2)
        notes.append(f"Where 5% join, average cost is {first}; that lies above the picture.")
    return " ".join(notes)


def curves_figure(found: Curves, theme: Theme, height: int = 400) -> go.Figure:
    """Average cost, marginal cost and demand over the joining share, the triangle shaded."""
    colours = COLOURS[theme]
    figure = blank(theme, height, {**MARGIN, "r": NAMES})
    limits = _curve_limits(found)
    labels: list[tuple[str, str, Array]] = []
    if found.equilibrium is not None and found.efficient is not None:
        left, right = sorted((found.equilibrium, found.efficient))
        at = np.linspace(left, right, 41)
        top, bottom = (np.interp(at, found.share, y) for y in (found.demand, found.marginal_cost))
        figure.add_scatter(
            x=np.concatenate([at, at[::-1]]), y=np.concatenate([top, bottom[::-1]]),
            mode="lines", fill="toself", name="waste", hoverinfo="skip", line={"width": 0},
            fillcolor=tinted(colours["cost"], 0.45),
        )  # fmt: skip
    for name, line, colour, dash in (
        ("Average cost", found.average_cost, "plan", "solid"),
        ("Marginal cost", found.marginal_cost, "plan", "dash"),
        ("Demand (assumed)", found.demand, "member", "solid"),
    ):
        if not np.all(np.isfinite(line)):
            continue
        figure.add_scatter(
            x=found.share, y=line, mode="lines", name=name,
            line={"color": colours[colour], "width": 3, "dash": dash},
            customdata=[
                f"{name}<br>{cents(float(v), 2)} PMPM where {share(float(s))} joins"
                for s, v in zip(found.share, line, strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
        labels.append((name, colour, line))
    _at_the_end(figure, theme, found, labels, limits)
    for point, line, word, above in (
        (found.equilibrium, found.average_cost, "settles at", True),
        (found.efficient, found.marginal_cost, "efficient at", False),
    ):
        if point is None:
            continue
        y = float(np.interp(point, found.share, line))
        figure.add_scatter(
            x=[point], y=[y], mode="markers", name=word, hoverinfo="skip",
            marker={"size": 10, "color": colours["page"],
                    "line": {"color": colours["text"], "width": 2}},
        )  # fmt: skip
        # Demand falls, so there is room above it at the right and below it at the left.
        note(
            figure, theme, point, y, f"{word} {share(point)}",
            xanchor="left" if above else "right", xshift=6 if above else -6,
            yanchor="bottom" if above else "top", yshift=6 if above else -6,
        )  # fmt: skip
    scales(figure, theme, (SHARE_AXIS, (0.0, 1.0)), (PMPM_AXIS, limits))
    return figure


def _curve_limits(found: Curves) -> tuple[float, float]:
    """Dollars shown: all of demand, and cost as far as it can be compared with it."""
    lines = [found.average_cost, found.marginal_cost, found.demand]
    known = [line[np.isfinite(line)] for line in lines]
    low = min(float(line.min()) for line in known if len(line))
    high = max(float(line.max()) for line in known if len(line))
    if len(known[2]):
        high = min(high, 1.1 * max(float(known[2].max()), 1.0))
    room = 0.06 * (high - low or 1.0)
    return low - room, high + room


def _at_the_end(
    figure: go.Figure,
    theme: Theme,
    found: Curves,
    labels: Sequence[tuple[str, str, Array]],
    limits: tuple[float, float],
) -> None:
    """Each curve's name beside its end, tied to it by a line."""
    margin = figure.layout.margin
    pixels = (figure.layout.height - margin.t - margin.b) / (limits[1] - limits[0])
    ends = [min(max(float(line[-1]), limits[0]), limits[1]) for _, _, line in labels]
    placed = spread([end * pixels for end in ends], LABEL_GAP, limits[0] * pixels + 8)
    for (name, colour, _), end, at in zip(labels, ends, placed, strict=True):
        figure.add_annotation(
            x=float(found.share[-1]), y=end, ax=16, ay=end * pixels - at, xanchor="left",
            text=name, showarrow=True, arrowhead=0, arrowwidth=1.5, standoff=0,
            arrowcolor=COLOURS[theme][colour], font={"size": SIZE},
        )  # fmt: skip
