"""A picture of a book: how value adds up as plans join, best first. Data in, Figure out."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.analysis.portfolio import CENT, Program
from calculator.report.figures import COLOURS, SIZE, Theme, blank
from calculator.report.figures_selection import dollar_ticks, note, scales
from calculator.report.portfolio import UNITS, running_total
from calculator.report.words import dollars

HEIGHT = 360
ROOM = 0.16  # above and below the line, share of its span
MARKED = 40  # plans whose points are told apart


def running_title(program: Program) -> str:
    """The finding in one sentence: where the sum is highest, and where it ends."""
    count, joining = len(program.plans), program.chosen.plans
    _, many = UNITS[program.program]
    if joining == count:
        return f"Every plan adds to the sum: {dollars(program.all_in.total)} with all in."
    if joining == 0:
        every = dollars(program.all_in.total)
        return f"No plan adds to the sum: {every} with all in."
    best, every = dollars(program.chosen.total), dollars(program.all_in.total)
    top = f"The sum is highest with the best {joining:,} of {count:,} {many}"
    return f"{top}, {best}; {every} with all in."


def running_alt(program: Program) -> str:
    """The same picture in words."""
    total = running_total(program)
    picks = sorted({0, len(total) // 4, len(total) // 2, program.chosen.plans, len(total) - 1})
    points = "; ".join(f"{pick:,} in: {dollars(float(total[pick]))}" for pick in picks)
    return f"Line of the running total of value as plans join, best first. {points}."


def running_note(program: Program) -> str:
    """How to read the line."""
    one, _ = UNITS[program.program]
    return (
        f"Each step to the right lets in the {one} with the next best value. The top is what it is"
        " worth if each may choose; the right end, if all join."
    )


def running_figure(program: Program, theme: Theme) -> go.Figure:
    """Running total of value over the number of plans that join, with the two ways marked."""
    colours = COLOURS[theme]
    total = running_total(program)
    count, joining = len(program.plans), program.chosen.plans
    _, many = UNITS[program.program]
    figure = blank(theme, HEIGHT, {"l": 74, "r": 20, "t": 30, "b": 52})
    names = ["nobody", *(plan.name for plan in program.plans)]
    says = [
        f"{number:,} in, the last {name.replace('<', '&lt;')}<br>{dollars(float(usd))}"
        for number, (name, usd) in enumerate(zip(names, total, strict=True))
    ]
    figure.add_scatter(
        x=np.arange(count + 1),
        y=total,
        mode="lines+markers" if count <= MARKED else "lines",
        name="running total",
        line={"color": colours["plan"], "width": 3},
        marker={"color": colours["plan"], "size": 6},
        customdata=says,
        hovertemplate="%{customdata}<extra></extra>",
    )
    spread = float(total.max() - total.min()) or 1.0
    limits = (float(total.min()) - ROOM * spread, float(total.max()) + ROOM * spread)
    ticks = dollar_ticks(limits)["tickvals"]
    marks = _marks(program)
    figure.add_scatter(
        x=[at for at, _ in marks],
        y=[float(total[at]) for at, _ in marks],
        mode="markers",
        cliponaxis=False,
        name="ways",
        marker={
            "color": colours["page"],
            "size": 11,
            "line": {"color": colours["plan"], "width": 3},
        },
        hoverinfo="skip",
    )
    for at, label in marks:
        # Letters stay inside the picture whichever end the mark is at.
        side = "left" if at < count / 3 else "right" if at > 2 * count / 3 else "center"
        top = at == joining and joining > 0
        note(
            figure, theme, at, float(total[at]), f"{label} {dollars(float(total[at]))}",
            xanchor=side, yanchor="bottom" if top else "top", yshift=9 if top else -9,
            font={"size": SIZE, "color": colours["text"]},
        )  # fmt: skip
    scales(
        figure,
        theme,
        (f"{many.capitalize()} that join, best first", (-0.02 * count, 1.02 * count)),
        ("Value, USD", limits),
        x={"tickformat": ",d", "nticks": min(count + 1, 8)},
        y={"ticktext": [_round(usd) for usd in ticks], "tickvals": ticks},
    )
    return figure


def _marks(program: Program) -> list[tuple[int, str]]:
    """Where the two ways are on the line, with what is said there."""
    count, joining = len(program.plans), program.chosen.plans
    if joining == count:
        return [(count, "all in")]
    if abs(program.chosen.total) < CENT:
        return [(count, "all in")]
    return [(joining, "each may choose"), (count, "all in")]


def _round(usd: float) -> str:
    """A round amount on an axis.

    >>> _round(-20e6), _round(2.5e6), _round(0.0)
    ('−$20M', '$2.5M', '$0')
    """
    text = dollars(usd) if usd else "$0"
    number, unit = (text[:-1], text[-1]) if text[-1] in "MB" else (text, "")
    return (number.rstrip("0").rstrip(".") if "." in number else number) + unit
