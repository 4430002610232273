"""A picture of the market: sponsors leaving in rounds. Data in, Figure out."""

from __future__ import annotations

from dataclasses import dataclass

import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.analysis.market import Solved
from calculator.report.figures import COLOURS, LEFT, SIZE, Theme, blank
from calculator.report.figures_selection import note, scales
from calculator.report.words import share

ROW = 44  # height of a round, pixels
ROUNDS = 12  # drawn at most; the table below has all
NAMED = 30  # sponsors whose parts of a bar are told apart by lines
NAMES = 4  # of a round's sponsors that a picture's words name


@dataclass(frozen=True)
class Round:
    """One step of leaving: who is in, and who leaves next."""

    label: str
    share: float  # of enrollees in plans that are in
    leave: tuple[str, ...]  # who leaves from here


def rounds(solved: Solved) -> list[Round]:
    """From everybody in, without a rule, until nobody else leaves."""
    leaving = solved.market.without_rule.leaving
    names = [sponsor.name for sponsor in solved.sponsors]
    return [
        Round(
            label="All in" if step == 0 else f"Round {step}",
            share=float(left),
            leave=tuple(
                name for name, moved in zip(names, leaving.moved, strict=True) if moved == step + 1
            ),
        )
        for step, left in enumerate(leaving.share)
    ]


def rounds_title(solved: Solved) -> str:
    """The finding in one sentence: how much is left, and after how many rounds."""
    steps = rounds(solved)
    if len(steps) == 1:
        return "Everybody stays: no sponsor gains by leaving."
    left, count = steps[-1].share, len(steps) - 1
    within = "one round" if count == 1 else f"{count} rounds"
    rest = f"plans with {share(left)} of enrollees" if left > 0.0 else "nobody"
    if not solved.market.without_rule.leaving.stable:
        return f"Leaving ends after {within} with {rest}, and some would then come back."
    return f"From everybody in, {rest} {'are' if left > 0.0 else 'is'} left after {within}."


def rounds_alt(solved: Solved) -> str:
    """The same picture in words."""
    steps = rounds(solved)
    parts = [f"{step.label}: {share(step.share)}{_going(step)}" for step in steps]
    return f"Bars of the share of enrollees in plans that are in. {'; '.join(parts)}."


def _going(step: Round) -> str:
    if not step.leave:
        return ""
    rest = len(step.leave) - NAMES
    named = ", ".join(step.leave[:NAMES]) + (f" and {rest} more" if rest > 0 else "")
    return f", then {named} leave" + ("s" if len(step.leave) == 1 else "")


def rounds_note(solved: Solved) -> str:
    """How to read the bars."""
    steps = rounds(solved)
    notes = [
        "Blue is in, hatched leaves in the next round, grey is out. In each round every sponsor"
        " that loses by being in leaves, without a launch rule."
    ]
    if solved.market.rule is not None:
        notes.append(f"The line is the launch rule of {share(solved.market.rule)}.")
    if len(steps) > ROUNDS:
        notes.append(f"The first {ROUNDS - 1} of {len(steps)} steps and the last are drawn.")
    return " ".join(notes)


def rounds_figure(solved: Solved, theme: Theme) -> go.Figure:
    """A bar for each round, a part for each sponsor: in, leaving next, out."""
    colours = COLOURS[theme]
    steps = rounds(solved)
    drawn = list(range(len(steps)))
    if len(steps) > ROUNDS:
        drawn = [*drawn[: ROUNDS - 1], drawn[-1]]
    height = ROW * len(drawn) + 84
    figure = blank(theme, height, {"l": LEFT + 8, "r": 52, "t": 26, "b": 50})
    moved = solved.market.without_rule.leaving.moved
    shares = solved.sides.counted
    # Who stays longest stands first, so that bars shorten from the right.
    order = sorted(range(len(shares)), key=lambda i: (moved[i] or len(steps) + 1) * -1)
    rows = list(range(len(drawn)))
    lines = {"color": colours["page"], "width": 1 if len(shares) <= NAMED else 0}
    for sponsor in order:
        gone = [bool(0 < moved[sponsor] <= step) for step in drawn]
        going = [bool(moved[sponsor] == step + 1) for step in drawn]
        name = solved.sponsors[sponsor].name
        figure.add_bar(
            x=[float(shares[sponsor])] * len(rows),
            y=rows,
            orientation="h",
            width=0.66,
            name=name,
            marker={
                "color": [colours["grid"] if out else colours["plan"] for out in gone],
                "line": lines,
                "pattern": {
                    "shape": ["/" if leaves else "" for leaves in going],
                    "fgcolor": colours["page"],
                    "fillmode": "overlay",
                    "solidity": 0.35,
                    "size": 7,
                },
            },
            customdata=[
                f"{name.replace('<', '&lt;')}<br>{share(float(shares[sponsor]))} of enrollees, "
                + ("out" if out else "leaves next" if leaves else "in")
                for out, leaves in zip(gone, going, strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    for row, step in zip(rows, drawn, strict=True):
        figure.add_annotation(
            x=1.0, y=row, text=f"<b>{share(steps[step].share)}</b>", showarrow=False,
            xanchor="left", xshift=6, font={"size": SIZE},
        )  # fmt: skip
    rule = solved.market.rule
    if rule is not None:
        figure.add_shape(
            type="line", x0=rule, x1=rule, y0=-0.5, y1=len(rows) - 0.5,
            line={"color": colours["text"], "width": 2, "dash": "dot"},
        )  # fmt: skip
        note(
            figure, theme, rule, -0.5, f"launch rule {share(rule)}", yanchor="bottom",
            xanchor="right" if rule > 0.5 else "left", xshift=28 if rule > 0.5 else -28,
        )  # fmt: skip
    scales(
        figure,
        theme,
        ("Share of enrollees, %", (0.0, 1.0)),
        ("", (len(rows) - 0.5, -0.5)),
        y={
            "tickvals": rows,
            "ticktext": [steps[step].label for step in drawn],
            "showgrid": False,
            "zeroline": False,
        },
    )
    figure.update_layout(barmode="stack")
    return figure
