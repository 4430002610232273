"""Dollars from what is bought to who pays, as a picture and a table share them.

A flow has columns of nodes, from what is bought to who has paid. What enters a node leaves it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from calculator.report.words import dollars

CENT = 0.005  # USD
LEAST = 1e-4  # of all dollars: a thinner band cannot be seen


@dataclass(frozen=True)
class Node:
    """A block of a flow: its key, its label, its colour's name and its column from the left."""

    key: str
    label: str
    colour: str
    column: int
    back: str = ""  # its label where it receives; "": To and its label


@dataclass(frozen=True)
class Link:
    """Dollars from one node to another; always above 0."""

    source: str
    target: str
    usd: float


@dataclass(frozen=True)
class Line:
    """A payer in the table beside the picture: USD at the counter and in the end."""

    label: str
    colour: str
    before: float
    after: float


@dataclass(frozen=True)
class Flow:
    """What is bought and who pays for it, USD."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    lines: tuple[Line, ...]
    turned: tuple[Node, ...]  # payers below 0, who stand on the left as receiving

    @property
    def total(self) -> float:
        """What is bought, USD: the sum of either column of the table."""
        return sum(line.before for line in self.lines)

    def into(self, key: str) -> float:
        """USD that enter a node from the left."""
        return sum(link.usd for link in self.links if link.target == key)

    def out_of(self, key: str) -> float:
        """USD that leave a node to the right."""
        return sum(link.usd for link in self.links if link.source == key)

    def size(self, key: str) -> float:
        """USD that pass a node."""
        return max(self.into(key), self.out_of(key))


def connected(
    nodes: Sequence[Node], amounts: Mapping[tuple[str, str], float], lines: Sequence[Line]
) -> Flow:
    """A flow of amounts between nodes. A payer in the last column may have amounts below 0.

    A band cannot have a width below 0. A payer who receives stands in the first column instead,
    beside what is bought, so that what enters the node between still leaves it.

    >>> nodes = [Node("drug", "Drug", "text", 0), Node("plan", "Plan", "plan", 1),
    ...          Node("rebate", "Rebate", "manufacturer", 2), Node("us", "Medicare", "medicare", 2)]
    >>> found = connected(nodes, {("drug", "plan"): 100.0, ("plan", "rebate"): 110.0,
    ...                           ("plan", "us"): -10.0}, [])
    >>> [(link.source, link.target, link.usd) for link in found.links]
    [('drug', 'plan', 100.0), ('plan', 'rebate', 110.0), ('to us', 'plan', 10.0)]
    >>> found.into("plan") == found.out_of("plan")
    True
    """
    known = {node.key: node for node in nodes}
    turned: list[Node] = []
    links = []
    for (source, target), usd in amounts.items():
        if usd >= CENT:
            links.append(Link(source, target, usd))
        elif usd <= -CENT:
            node = known[target]
            label = node.back or f"To {node.label.lower()}"
            back = replace(node, key=f"to {node.key}", label=label, column=0)
            turned.append(back)
            links.append(Link(back.key, source, -usd))
    used = {key for link in links for key in (link.source, link.target)}
    return Flow(
        nodes=tuple(node for node in (*nodes, *turned) if node.key in used),
        links=tuple(links),
        lines=tuple(line for line in lines if abs(line.before) >= CENT or abs(line.after) >= CENT),
        turned=tuple(turned),
    )


def listed(parts: Sequence[str]) -> str:
    """Parts as one phrase: a; a and b; a, b and c.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else list(parts))


def flow_alt(found: Flow, title: str) -> str:
    """The flow in words, for whoever cannot see it."""
    known = {node.key: node.label for node in found.nodes}
    bands = [
        f"{known[link.source]} to {known[link.target]} {dollars(link.usd)}" for link in found.links
    ]
    return f"{title} A flow from what is bought to who pays. {'; '.join(bands)}."


def too_thin(found: Flow) -> str:
    """Which blocks cannot be seen, in a sentence; "" where all can."""
    whole = sum(found.out_of(node.key) for node in found.nodes if node.column == 0)
    thin = [node.label.lower() for node in found.nodes if found.size(node.key) < LEAST * whole]
    if not thin:
        return ""
    return f"Too thin to see: {listed(list(dict.fromkeys(thin)))}; the table has it."
