"""Pictures of the frontier: terms that launch the model, and what richer terms move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.analysis.frontier import Frontier
from calculator.model.arrays import Array
from calculator.model.joining import Members
from calculator.report.figures import COLOURS, LEFT, SIZE, Theme, blank
from calculator.report.figures_selection import note, scales
from calculator.report.market import Moved
from calculator.report.table import cents
from calculator.report.words import dollars, share

Shown = Literal["joining", "willing"]
WORDS: Mapping[Shown, str] = {
    "joining": "join without a launch rule",
    "willing": "gain if the rule is only just met",
}
# Steps between lines of federal cost, USD PMPM: the least that draws at most so many lines.
STEPS = (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0)
LINES = 6
# Ways over the map on which labels of cost are tried, in shares of its sides: from, to.
WAYS = ((0.08, 0.4, 0.85, 0.95), (0.0, 0.0, 1.0, 1.0), (0.5, 0.05, 0.95, 0.9))
LEFT_OF = 0.6  # share of the map's width beyond which a mark's words stand left of it
CHANGE_AXIS = "Change from least to most terms, USD PMPM"


def frontier_title(found: Frontier, width: int) -> str:
    """The finding in one sentence for one corridor: what launches, and at what cost."""
    launches = found.launches[width] > 0.0
    corridor = share(float(found.corridor[width]))
    if not launches.any():
        return f"With a corridor from {corridor} no terms in this range launch the model."
    if launches.all():
        return f"With a corridor from {corridor} the model launches on any terms, even on none."
    cost = np.where(launches, found.federal_pmpm[width], np.nan)
    least = cents(float(np.nanmin(cost)), 2)
    alone = found.capitation[launches[:, 0]]
    half = found.reinsurance[launches[0]]
    ways = [f"{dollars(float(alone[0]), 0)} a month per {found.per} member"] if len(alone) else []
    ways += [f"{share(float(half[0]))} extra reinsurance"] if len(half) else []
    takes = f"it takes {' or '.join(ways)}" if ways else "it takes both incentives together"
    alike = ", whatever the corridor" if _alike(found) else f" with a corridor from {corridor}"
    return f"To launch {takes}{alike}; the cheapest mix costs Medicare {least} PMPM."


def _alike(found: Frontier) -> bool:
    """Whether the same terms launch at every corridor."""
    return len(found.corridor) > 1 and bool((found.launches == found.launches[0]).all())


def frontier_alt(found: Frontier, width: int, shown: Shown) -> str:
    """The same picture in words."""
    grid = _grid(found, shown)[width]
    launches = found.launches[width] > 0.0
    costs = found.federal_pmpm[width][launches]
    launch = "No terms launch." if not launches.any() else (
        f"The model launches on {share(float(launches.mean()))} of the terms, at a federal cost of"
        f" {cents(float(costs.min()), 2)} to {cents(float(costs.max()), 2)} PMPM of all enrollees."
    )  # fmt: skip
    return (
        f"Heat map with a corridor from {share(float(found.corridor[width]))}: the share of"
        f" enrollees in plans that {WORDS[shown]}, over obesity capitation of $0 to"
        f" {dollars(float(found.capitation[-1]), 0)} a month and extra reinsurance of 0% to"
        f" {share(float(found.reinsurance[-1]))}; from {share(float(grid.min()))} to"
        f" {share(float(grid.max()))}. {launch}"
    )


def frontier_note(found: Frontier, width: int) -> str:
    """What a reader must know to read the map."""
    notes = [
        "Blue is the share of enrollees in plans that join, grey stays out. The thick line is where"
        " the model starts to launch, thin lines are Medicare's cost, USD per member of any plan a"
        " month, incentives and all."
    ]
    own = found.announced
    if _own_here(found, width) is None:
        notes.append(
            f"The package's own terms ({dollars(own[0], 0)} a month, {share(own[1])} reinsured,"
            f" corridor from {share(own[2])}) are not on this map."
        )
    if not np.all(found.proven[width] > 0.0):
        notes.append("Where gains fall as more join, that nothing launches is not proven.")
    return " ".join(notes)


def _grid(found: Frontier, shown: Shown) -> Array:
    return found.joining_share if shown == "joining" else found.willing_share


def _own_here(found: Frontier, width: int) -> tuple[float, float] | None:
    """The package's own capitation and reinsurance, if they lie on this map."""
    capitation, reinsurance, corridor = found.announced
    here = bool(np.isclose(corridor, found.corridor[width]))
    inside = capitation <= found.capitation[-1] and reinsurance <= found.reinsurance[-1]
    return (capitation, reinsurance) if here and inside else None


def frontier_figure(
    found: Frontier, width: int, shown: Shown, theme: Theme, height: int = 470
) -> go.Figure:
    """Who joins over both incentives: launch line, federal cost lines, own and cheapest terms."""
    colours = COLOURS[theme]
    figure = blank(theme, height, {"l": LEFT + 14, "r": 72, "t": 14, "b": 60})
    x, y, grid = found.capitation, found.reinsurance, _grid(found, shown)[width]
    launches, cost = found.launches[width], found.federal_pmpm[width]
    figure.add_heatmap(
        x=x,
        y=y,
        z=grid.T,
        zmin=0.0,
        zmax=1.0,
        colorscale=[[0.0, colours["grid"]], [1.0, colours["plan"]]],
        colorbar={
            "title": {"text": "Share of enrollees, %", "side": "right",
                      "font": {"size": 12, "color": colours["text"]}},
            "thickness": 10, "len": 1.0, "outlinewidth": 0, "x": 1.01, "xpad": 2, "ypad": 0,
            "tickvals": [0.0, 0.25, 0.5, 0.75, 1.0],
            "ticktext": ["0%", "25%", "50%", "75%", "100%"],
            "tickfont": {"size": 12, "color": colours["text"]},
        },
        customdata=np.array(
            [[_says(found, width, i, j, shown) for i in range(len(x))] for j in range(len(y))]
        ),
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    marks = _marked(found, width)
    taken = [(a / float(x[-1]), b / float(y[-1])) for (a, b), _, _ in marks]
    line = _on_the_line(found, width) if launches.any() and not launches.all() else None
    if line is not None:
        taken.append((line[0] / (len(x) - 1), line[1] / (len(y) - 1) + 0.02))
    _cost_lines(figure, theme, x, y, cost, taken)
    if line is not None:
        edge = _edges(x, y, launches)
        for colour, thick in (("page", 6), ("text", 2.5)):
            figure.add_scatter(
                x=edge[0], y=edge[1], mode="lines", name="launch", hoverinfo="skip",
                line={"color": colours[colour], "width": thick},
            )  # fmt: skip
        i, j = line
        note(
            figure, theme, float(x[i]), float(y[j]), "launches above this line", xanchor="left",
            yanchor="bottom", xshift=12, yshift=6,
        )  # fmt: skip
    _marks(figure, theme, found, marks)
    scales(
        figure,
        theme,
        (f"Obesity capitation, USD a month per {found.per} member", _to_edges(x)),
        ("Extra reinsurance, % of plans' net cost", _to_edges(y)),
        x={"tickformat": ",.0f", "tickprefix": "$", "ticklabelstandoff": 8},
        y={
            "tickvals": [0.0, 0.2, 0.4, 0.6, 0.8, 1.0],
            "ticktext": ["0%", "20%", "40%", "60%", "80%", "100%"],
            "ticklabelstandoff": 8,
            "zeroline": False,
            "showgrid": False,
        },
    )
    return figure


def _to_edges(at: Array) -> tuple[float, float]:
    """From the first cell's edge to the last one's."""
    half = float(at[1] - at[0]) / 2
    return float(at[0]) - half, float(at[-1]) + half


def _says(found: Frontier, width: int, i: int, j: int, shown: Shown) -> str:
    part = share(float(_grid(found, shown)[width, i, j]))
    terms = (
        f"{dollars(float(found.capitation[i]), 0)} a month, {share(float(found.reinsurance[j]))}"
        " reinsured"
    )
    if found.launches[width, i, j] <= 0.0:
        proof = "" if found.proven[width, i, j] > 0.0 else " (not proven)"
        return f"{terms}<br>{part} {WORDS[shown]}<br>does not launch{proof}"
    cost = cents(float(found.federal_pmpm[width, i, j]), 2)
    return f"{terms}<br>{part} {WORDS[shown]}<br>launches, federal cost {cost} PMPM"


def cost_levels(cost: Array) -> list[float]:
    """Round amounts of federal cost within a map, USD PMPM.

    >>> cost_levels(np.array([[0.55, np.nan], [1.2, 2.9]]))
    [1.0, 1.5, 2.0, 2.5]
    """
    known = cost[np.isfinite(cost)]
    if len(known) == 0:
        return []
    low, high = float(known.min()), float(known.max())
    step = next((size for size in STEPS if (high - low) / size <= LINES), STEPS[-1])
    first = np.ceil(low / step + 1e-9)
    return [float(round(step * k, 2)) for k in np.arange(first, np.floor(high / step) + 1.0)]


def _cost_lines(
    figure: go.Figure,
    theme: Theme,
    x: Array,
    y: Array,
    cost: Array,
    taken: Sequence[tuple[float, float]],
) -> None:
    """Lines of equal federal cost, each labelled where nothing else is said.

    taken: where marks and their words begin, in shares of the map's sides.
    """
    colours = COLOURS[theme]
    levels = cost_levels(cost)
    for level in levels:
        for colour, thick in (("page", 3.5), ("text", 1.0)):
            figure.add_contour(
                x=x, y=y, z=cost.T, name="federal cost", showscale=False, hoverinfo="skip",
                connectgaps=False,
                contours={"start": level, "end": level, "size": 1.0, "coloring": "none"},
                line={"color": colours[colour], "width": thick, "dash": "solid"},
            )  # fmt: skip
    for level in levels:
        spots = [spot for way in WAYS if (spot := _along(cost, way, level)) is not None]
        free = [spot for spot in spots if not any(_meets(spot, mark) for mark in taken)]
        if free:
            across, upwards = free[0]
            note(
                figure, theme, float(x[0] + across * (x[-1] - x[0])),
                float(y[0] + upwards * (y[-1] - y[0])), cents(level, 2),
                font={"size": 12, "color": colours["text"]},
            )  # fmt: skip


def _along(
    cost: Array, way: tuple[float, float, float, float], level: float
) -> tuple[float, float] | None:
    """Where cost reaches a level on a straight way over the map, in shares of its sides."""
    part = np.linspace(0.0, 1.0, 101)
    across, upwards = way[0] + part * (way[2] - way[0]), way[1] + part * (way[3] - way[1])
    steps_x, steps_y = cost.shape
    at = cost[
        np.round(across * (steps_x - 1)).astype(int), np.round(upwards * (steps_y - 1)).astype(int)
    ]
    known = np.flatnonzero(np.isfinite(at))
    if len(known) == 0 or not at[known].min() <= level <= at[known].max():
        return None
    best = known[int(np.argmin(np.abs(at[known] - level)))]
    return float(across[best]), float(upwards[best])


def _meets(spot: tuple[float, float], mark: tuple[float, float]) -> bool:
    """Whether a short label would lie on a mark or on the words beside it, on a phone."""
    side = spot[0] - mark[0] if mark[0] <= LEFT_OF else mark[0] - spot[0]
    return -0.1 < side < 0.7 and abs(spot[1] - mark[1] - 0.02) < 0.07


def _edges(x: Array, y: Array, launches: Members) -> tuple[list[float | None], list[float | None]]:
    """The line between cells that launch and cells that do not, as pieces along their edges."""
    right, up = (x[1] - x[0]) / 2, (y[1] - y[0]) / 2
    across: list[float | None] = []
    upwards: list[float | None] = []
    for i, j in np.argwhere(launches[1:] != launches[:-1]):
        across += [float(x[i] + right)] * 2 + [None]
        upwards += [float(y[j] - up), float(y[j] + up), None]
    for i, j in np.argwhere(launches[:, 1:] != launches[:, :-1]):
        across += [float(x[i] - right), float(x[i] + right), None]
        upwards += [float(y[j] + up)] * 2 + [None]
    return across, upwards


def _on_the_line(found: Frontier, width: int) -> tuple[int, int]:
    """A cell on the launch line where its label has room: far from the marks, not at an edge."""
    launches = found.launches[width] > 0.0
    steps_x, steps_y = launches.shape
    firsts = [
        (int(np.argmax(launches[:, j])), j)
        for j in range(2, steps_y - 4)
        if launches[:, j].any() and not launches[:, j].all()
    ]
    room = [cell for cell in firsts if cell[0] < 0.55 * steps_x] or firsts
    if not room:
        inside = np.argwhere(launches)
        return int(inside[0][0]), int(inside[0][1])
    best = found.cheapest
    marked = [found.announced[:2]] + ([(best.capitation, best.reinsurance)] if best else [])

    def apart(cell: tuple[int, int]) -> float:
        return min(abs(float(found.reinsurance[cell[1]]) - mark[1]) for mark in marked)

    return max(room, key=apart)


Mark = tuple[tuple[float, float], str, str]  # terms, symbol, words


def _marked(found: Frontier, width: int) -> list[Mark]:
    """The package's own terms and the cheapest that launch, where they are on this map."""
    marks: list[Mark] = []
    own, best = _own_here(found, width), found.cheapest
    if own is not None:
        name = "announced terms" if found.package.startswith("announced") else "the package's terms"
        marks.append((own, "diamond", name))
    if best is not None and np.isclose(best.corridor, found.corridor[width]):
        words = f"cheapest: {dollars(best.capitation, 0)} and {share(best.reinsurance)}"
        marks.append(((best.capitation, best.reinsurance), "star", words))
    return marks


def _marks(figure: go.Figure, theme: Theme, found: Frontier, marks: Sequence[Mark]) -> None:
    """Symbols with their words beside them."""
    colours = COLOURS[theme]
    for (x, y), symbol, text in marks:
        figure.add_scatter(
            x=[x], y=[y], mode="markers", name=text, cliponaxis=False, hoverinfo="skip",
            marker={"symbol": symbol, "size": 15, "color": colours["page"],
                    "line": {"color": colours["text"], "width": 2}},
        )  # fmt: skip
        left = x > LEFT_OF * float(found.capitation[-1])
        high = y > 0.9 * float(found.reinsurance[-1])
        note(
            figure, theme, x, y, text, xanchor="right" if left else "left",
            xshift=-12 if left else 12, yanchor="top" if high else "bottom",
            yshift=-2 if high else 2,
        )  # fmt: skip


# --------------------------------------------------------------------------------- what terms move


def moved_title(rows: Sequence[tuple[str, Moved]]) -> str:
    """The finding in one sentence: where richer terms go when all of the cost is priced.

    rows: label and what moves; the last one is the run with all of the cost priced into the bid.
    """
    amounts = rows[-1][1]
    part = amounts.into_bids
    said = (
        f"bids fall by {cents(amounts.bids_fall, 2)} and results rise by"
        f" {cents(amounts.results_rise, 2)} PMPM"
    )
    if part is None:
        return f"With all of the cost priced, {said}."
    goes = "lower bids" if part > 0.5 else "raise results"
    return f"With all of the cost priced, richer terms mostly {goes}: {said}."


def moved_alt(rows: Sequence[tuple[str, Moved]]) -> str:
    """The same picture in words."""
    parts = [
        f"{label}: bids {cents(-one.bids_fall, 2)}, results {cents(one.results_rise, 2)}"
        for label, one in rows
    ]
    return (
        "Bars of the change from the least terms that launch to the most of the grid, PMPM. "
        + "; ".join(parts)
        + "."
    )


def moved_figure(rows: Sequence[tuple[str, Moved]], theme: Theme) -> go.Figure:
    """Two bars a run: what lowers bids, and what raises plans' results."""
    colours = COLOURS[theme]
    figure = blank(theme, 66 * len(rows) + 74, {"l": 24, "r": 8, "t": 8, "b": 50})
    bars = [(one.bids_fall, one.results_rise) for _, one in rows]
    high = max(0.01, max(max(pair) for pair in bars))
    low = min(0.0, min(min(pair) for pair in bars))
    at = np.arange(len(rows), dtype=float)
    for which, (name, colour, pattern) in enumerate(
        (("Bids fall", "low_income", "/"), ("Results rise", "plan", ""))
    ):
        amounts = [pair[which] for pair in bars]
        where = at + 0.02 + 0.27 * which
        figure.add_bar(
            x=amounts,
            y=where,
            orientation="h",
            width=0.25,
            name=name,
            marker={
                "color": colours[colour],
                "pattern": {
                    "shape": pattern, "fgcolor": colours["page"], "fillmode": "overlay",
                    "solidity": 0.25, "size": 6,
                },
            },
            hovertemplate=[f"{name} by {cents(usd, 2)} PMPM<extra></extra>" for usd in amounts],
        )  # fmt: skip
        for y, usd in zip(where, amounts, strict=True):
            figure.add_annotation(
                x=max(usd, 0.0), y=y, text=f"{name.lower()} by {cents(usd, 2)}", showarrow=False,
                xanchor="left", xshift=5, font={"size": 12},
            )  # fmt: skip
    for row, (label, _) in zip(at, rows, strict=True):
        figure.add_annotation(
            x=low, y=row - 0.28, text=label.replace("<", "&lt;"), showarrow=False,
            xanchor="left", font={"size": SIZE},
        )  # fmt: skip
    scales(
        figure,
        theme,
        (CHANGE_AXIS, (low, 1.75 * high)),
        ("", (len(rows) - 0.5, -0.5)),
        x={"tickformat": ",.2f", "tickprefix": "$"},
        y={"visible": False},
    )
    figure.update_layout(barmode="overlay")
    return figure
