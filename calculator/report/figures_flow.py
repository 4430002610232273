"""The flow from what is bought to who pays. Data in, Figure out.

Blocks are placed here, not by the browser, so that every label stands beside its own block and
none on another, at any width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]

from calculator.report.figures import CLEAR, COLOURS, LABEL_GAP, Theme, blank, spread
from calculator.report.flow import LEAST, Flow, Node
from calculator.report.words import dollars, share

EDGE = 6  # margin at the left and right of blocks, pixels
LABELS = 128  # right margin with labels in it, pixels
HEAD, FOOT = 34, 10  # margins above and below, pixels
PAD = 14  # between blocks of a column, pixels
THICK = 12  # of a block, pixels
INSIDE = 1e-3  # a place of exactly 0 is not taken as one
VEIL = 0.42  # how much of a band's colour shows
PAPER = {
    "xref": "paper",
    "yref": "paper",
    "xanchor": "left",
    "showarrow": False,
    "font": {"size": 12},
}
BEHIND = 0.6  # how much of the page shows behind letters on a band
TWO_LINES = 32  # least distance of two labels of two lines, pixels


def flow_figure(flow: Flow, heads: Sequence[str], theme: Theme, height: int = 430) -> go.Figure:
    """Bands between blocks, each block with its dollars. heads: what each column is."""
    colours = COLOURS[theme]
    figure = blank(theme, height, {"l": EDGE, "r": LABELS, "t": HEAD, "b": FOOT})
    if not flow.links:
        figure.update_layout(xaxis={"visible": False}, yaxis={"visible": False})
        return figure
    inner = height - HEAD - FOOT
    columns = _columns(flow)
    places = _places(flow, columns, inner)
    order = {node.key: number for number, node in enumerate(flow.nodes)}
    labels = {node.key: node.label for node in flow.nodes}
    last = len(columns) - 1
    whole = sum(flow.size(node.key) for node in columns[0])
    figure.add_trace(
        go.Sankey(
            arrangement="fixed",
            domain={"x": [0.0, 1.0], "y": [0.0, 1.0]},
            node={
                "label": [""] * len(flow.nodes),
                "x": [max(INSIDE, node.column / last) for node in flow.nodes],
                "y": [places[node.key] / inner for node in flow.nodes],
                "color": [colours[node.colour] for node in flow.nodes],
                "line": {"width": 0},
                "pad": PAD,
                "thickness": THICK,
                "customdata": [
                    f"{node.label}<br>{dollars(flow.size(node.key))}, "
                    f"{share(flow.size(node.key) / whole)} of all"
                    for node in flow.nodes
                ],
                "hovertemplate": "%{customdata}<extra></extra>",
            },
            link={
                "source": [order[link.source] for link in flow.links],
                "target": [order[link.target] for link in flow.links],
                "value": [link.usd for link in flow.links],
                "color": [
                    _veiled(colours[flow.nodes[order[link.target]].colour]) for link in flow.links
                ],
                "customdata": [
                    f"{labels[link.source]} to {labels[link.target]}<br>{dollars(link.usd)}"
                    for link in flow.links
                ],
                "hovertemplate": "%{customdata}<extra></extra>",
            },
        )
    )
    notes = [
        note
        for column, nodes in enumerate(columns)
        for note in _labels(theme, flow, nodes, column, last, places, inner)
    ]
    notes += [_head(head, column, last) for column, head in enumerate(heads)]
    # All at once: each one added alone would have all before it checked again.
    figure.update_layout(annotations=notes)
    return figure


def _head(text: str, column: int, last: int) -> dict[str, Any]:
    """What a column is, above it."""
    return {
        **PAPER,
        "x": column / last,
        "y": 1.0,
        "yanchor": "top",
        "xshift": -THICK // 2 if column else 0,
        "yshift": HEAD - 4,
        "text": f"<b>{text}</b>",
    }


def _columns(flow: Flow) -> list[list[Node]]:
    count = 1 + max(node.column for node in flow.nodes)
    return [[node for node in flow.nodes if node.column == at] for at in range(count)]


def _places(flow: Flow, columns: Sequence[Sequence[Node]], inner: float) -> dict[str, float]:
    """The middle of each block, pixels from above, at the scale that the browser takes.

    The largest column fills the height, with PAD between its blocks; others are centred.
    """
    pad = min(PAD, inner / max(1, max(len(nodes) for nodes in columns) - 1))
    scale = min(
        (inner - (len(nodes) - 1) * pad) / sum(flow.size(node.key) for node in nodes)
        for nodes in columns
    )
    places = {}
    for nodes in columns:
        sizes = [scale * flow.size(node.key) for node in nodes]
        room = inner - sum(sizes)
        gap = min(room / len(nodes), 3.0 * PAD)
        top = (inner - sum(sizes) - gap * (len(nodes) - 1)) / 2
        for node, size in zip(nodes, sizes, strict=True):
            places[node.key] = min(max(top + size / 2, 1.0), inner - 1.0)
            top += size + gap
    return places


def _labels(
    theme: Theme,
    flow: Flow,
    nodes: Sequence[Node],
    column: int,
    last: int,
    places: dict[str, float],
    inner: float,
) -> list[dict[str, Any]]:
    """A label beside each block; those of the last column in one line, the others in two.

    What passes a block to one of the same name has its label there.
    """
    shown = [
        node
        for node in nodes
        if flow.size(node.key) >= LEAST * flow.total and not _passes(flow, node)
    ]
    at_end = column == last
    gap = LABEL_GAP if at_end else TWO_LINES
    # Positions are read from below, as those of bars are.
    wanted = [inner - places[node.key] for node in shown]
    placed = spread(wanted, gap, gap / 2)
    over = max(0.0, max(placed, default=0.0) + gap / 2 - inner - HEAD / 3)
    between = " " if at_end else "<br>"
    return [
        {
            **PAPER,
            "x": column / last,
            "y": (at - over) / inner,
            "yanchor": "middle",
            "xshift": THICK if at_end else THICK + 2,
            "align": "left",
            "text": f"{node.label}{between}{dollars(flow.size(node.key))}".replace("$", "&#36;"),
            "borderpad": 1,
            # Letters lie on bands here; the page shows through behind them.
            "bgcolor": CLEAR if at_end else _veiled(COLOURS[theme]["page"], BEHIND),
        }
        for node, at in zip(shown, placed, strict=True)
    ]


def _passes(flow: Flow, node: Node) -> bool:
    """Whether all that leaves a block enters another of the same name."""
    labels = {one.key: one.label for one in flow.nodes}
    targets = [labels[link.target] for link in flow.links if link.source == node.key]
    return targets == [node.label]


def _veiled(colour: str, part: float = VEIL) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{part})"
