"""What each sponsor gains by joining, from tables over the joining share (model section 9). USD.

The worth of being in or out of a running model is a table on nodes of the joining share, per
sponsor or per archetype; between nodes it is linear, beyond the end nodes it is held.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calculator.model.arrays import Array, Number, array
from calculator.model.joining import ROUNDING, Gains, Members, Rounds, meets


@dataclass(frozen=True)
class Payoffs:
    """What S sponsors earn in G cells of terms, from tables of A archetypes on N nodes."""

    shares: Array  # (S,) of the launch rule's denominator
    nodes: Array  # (N,) joining share, a sponsor's own included where it is inside
    inside: Array  # (G, A, N) in a running model, the risk charge taken off
    outside: Array  # (G, A, N) out of a running model
    archetype: Rounds  # (S,) row of the tables
    size: Array  # (S,) what the tables' unit is multiplied by to USD
    none: Array  # (G, S) with no model
    hurdle: Array  # (G, S) asked for being inside
    application_cost: Array  # (G, S) paid for applying, launch or not
    tie: Array  # (G, S) a gain up to this is rounding, and is 0

    @property
    def cells(self) -> int:
        """Number of cells of terms."""
        return len(self.inside)

    def take(self, cells: Rounds) -> Payoffs:
        """The same sponsors in some of the cells."""
        names = ("inside", "outside", "none", "hurdle", "application_cost", "tie")
        return replace(self, **{name: getattr(self, name)[cells] for name in names})


def tabulated(
    shares: Array,
    nodes: Array,
    inside: Array,
    outside: Array,
    *,
    none: Number = 0.0,
    risk_charge: Number = 0.0,
    hurdle: Number = 0.0,
    application_cost: Number = 0.0,
    archetype: object = None,
    size: Number = 1.0,
) -> Payoffs:
    """Check the shapes and put one market, or G cells of one, together.

    shares (S,); nodes (N,) rising within 0 to 1; inside, outside (S, N) or (G, S, N) in USD, or
    with `archetype` (S,) given (A, N) or (G, A, N) in USD per unit of `size` (S,); risk_charge
    broadcasts to these; none, hurdle, application_cost broadcast to (G, S), in USD per sponsor.
    ValueError names what does not fit.

    >>> tabulated([0.6, 0.4], [0, 1], [[1, 2], [3, 4]], [[0, 0], [0, 0]]).inside.shape
    (1, 2, 2)
    """
    shares, nodes = array(shares), array(nodes)
    if shares.ndim != 1 or not shares.size:
        raise ValueError("shares must be (S,) with at least one sponsor")
    if not np.all(shares >= 0) or shares.sum() > 1 + 1e-9:
        raise ValueError("shares must be at least 0 and sum to at most 1")
    if nodes.ndim != 1 or len(nodes) < 2 or not np.all(np.diff(nodes) > 0):
        raise ValueError("nodes must be (N,), at least two, rising")
    if nodes[0] < 0 or nodes[-1] > 1:
        raise ValueError("nodes must lie within 0 to 1")
    rows = np.arange(len(shares)) if archetype is None else np.asarray(archetype)
    if rows.shape != shares.shape or not np.issubdtype(rows.dtype, np.integer):
        raise ValueError("archetype must be (S,) whole numbers")
    inner, outer = _table("inside", array(inside)), _table("outside", array(outside))
    kinds = inner.shape[1]
    if archetype is None and kinds != len(shares):
        raise ValueError("inside must have a row per sponsor, or archetype must be given")
    if rows.min() < 0 or rows.max() >= kinds:
        raise ValueError("archetype must name rows of inside")
    if outer.shape[1:] != inner.shape[1:] or inner.shape[2] != len(nodes):
        raise ValueError("inside and outside must have the same rows, and a column per node")
    charge = _table("risk_charge", np.atleast_2d(array(risk_charge)))
    sponsor = {"none": none, "hurdle": hurdle, "application_cost": application_cost}
    flat = {name: np.atleast_2d(array(value)) for name, value in sponsor.items()}
    cells = max(len(one) for one in (inner, outer, charge, *flat.values()))
    wide = (cells, *inner.shape[1:])
    try:
        inner, outer, charge = (np.broadcast_to(one, wide) for one in (inner, outer, charge))
        flat = {name: np.broadcast_to(one, (cells, len(shares))) for name, one in flat.items()}
        sizes = np.broadcast_to(array(size), shares.shape)
    except ValueError:
        raise ValueError(
            f"risk_charge must broadcast to {wide}, none, hurdle and application_cost to "
            f"{(cells, len(shares))}, size to {shares.shape}"
        ) from None
    inner = inner - charge
    if not all(np.isfinite(one).all() for one in (shares, inner, outer, sizes, *flat.values())):
        raise ValueError("payoffs must be finite")
    most = np.maximum(np.abs(inner), np.abs(outer)).max(axis=2)[:, rows] * np.abs(sizes)
    tie = ROUNDING * (most + sum(np.abs(one) for one in flat.values()))
    return Payoffs(
        shares=shares,
        nodes=nodes,
        inside=np.ascontiguousarray(inner),
        outside=np.ascontiguousarray(outer),
        archetype=rows.astype(np.int64),
        size=array(sizes),
        none=array(flat["none"]),
        hurdle=array(flat["hurdle"]),
        application_cost=array(flat["application_cost"]),
        tie=array(tie),
    )


def _table(name: str, value: Array) -> Array:
    """A table with its axis of cells."""
    if value.ndim not in (2, 3):
        raise ValueError(f"{name} must be (rows, nodes) or (cells, rows, nodes)")
    return value[None] if value.ndim == 2 else value


def interpolate(payoffs: Payoffs, table: Array, share: Array) -> Array:
    """`table` (G, A, N) at each sponsor's own joining share (B, S), USD; G is 1 or B."""
    nodes = payoffs.nodes
    left, weight = between_nodes(nodes, share)
    cell = np.arange(len(table))[:, None] * table.shape[1]
    place = (cell + payoffs.archetype) * len(nodes) + left
    below = table.reshape(-1).take(place)
    above = table.reshape(-1).take(place + 1)
    return array(payoffs.size * (below + weight * (above - below)))


def gain_at(
    payoffs: Payoffs, share_inside: Array, share_outside: Array, rule: float | None = None
) -> Array:
    """What each sponsor gains by being in, (B, S), USD.

    gain_j = L(S+j) (in_j - risk_charge_j - hurdle_j - none_j) - L(S-j) (out_j - none_j)
             - application_cost_j

    share_inside, share_outside (B, S): the joining share with the sponsor and without it; L is
    whether it reaches the rule, and 1 if there is none.
    """
    inside = interpolate(payoffs, payoffs.inside, share_inside) - payoffs.hurdle - payoffs.none
    outside = interpolate(payoffs, payoffs.outside, share_outside) - payoffs.none
    if rule is not None:
        inside = inside * meets(share_inside, rule)
        outside = outside * meets(share_outside, rule)
    gained = inside - outside - payoffs.application_cost
    return np.where(np.abs(gained) <= payoffs.tie, 0.0, gained)


def gains(payoffs: Payoffs, members: Members, rule: float | None = None) -> Array:
    """Each sponsor's gain of being in rather than out, the others as in `members` (B, S).

    One cell serves any number of sets; G cells take one set each.

    >>> flat = tabulated([0.5, 0.4], [0, 1], [[3, 3], [3, 3]], [[1, 1], [1, 1]])
    >>> gains(flat, np.array([[True, True], [False, False]])).tolist()
    [[2.0, 2.0], [2.0, 2.0]]
    >>> gains(flat, np.array([[True, True], [False, False]]), rule=0.8).tolist()
    [[3.0, 3.0], [0.0, 0.0]]
    """
    share = (members @ payoffs.shares)[:, None]
    own = payoffs.shares
    return gain_at(
        payoffs, np.where(members, share, share + own), np.where(members, share - own, share), rule
    )


def game(payoffs: Payoffs, rule: float | None = None) -> Gains:
    """The gains of a one-cell market as `joining.solve` takes them."""
    return lambda members: gains(payoffs, members, rule)


def running_gains(payoffs: Payoffs, sponsor: int, rule: float | None = None) -> Array:
    """One sponsor's gain wherever the model can run with it in, (G, K), as more others join.

    K are the joining shares of the others at which the piecewise linear gain turns or jumps, in
    rising order and the jump from both sides, so extremes and signs between them are seen. Empty
    if the rule is out of reach.
    """
    share = float(payoffs.shares[sponsor])
    most = float(payoffs.shares.sum()) - share
    low = 0.0 if rule is None else max(0.0, rule - share)
    if low > most + ROUNDING:
        return np.empty((payoffs.cells, 0))
    most = max(low, most)
    turns = np.concatenate([payoffs.nodes, payoffs.nodes - share, [low, most, rule or 0.0]])
    others = np.unique(np.clip(turns, low, most))
    pivotal = others[:0] if rule is None or share == 0 else others[others <= rule + ROUNDING]
    others = others if rule is None else others[others >= rule - ROUNDING]
    row, size = payoffs.archetype[sponsor], payoffs.size[sponsor]
    none = payoffs.none[:, sponsor, None]
    at = np.concatenate([pivotal, others])
    gained = size * _along(payoffs.nodes, payoffs.inside[:, row], at + share)
    gained -= none + payoffs.hurdle[:, sponsor, None] + payoffs.application_cost[:, sponsor, None]
    outside = size * _along(payoffs.nodes, payoffs.outside[:, row], others)
    gained[:, len(pivotal) :] -= outside - none
    return np.where(np.abs(gained) <= payoffs.tie[:, sponsor, None], 0.0, gained)


def between_nodes(nodes: Array, share: Array) -> tuple[Rounds, Array]:
    """The node to the left of each share, and the weight of the one to its right."""
    left = np.clip(np.searchsorted(nodes, share, side="right") - 1, 0, len(nodes) - 2)
    return left, np.clip((share - nodes[left]) / np.diff(nodes)[left], 0.0, 1.0)


def _along(nodes: Array, table: Array, share: Array) -> Array:
    """A table (G, N) at the shares (K,), (G, K)."""
    left, weight = between_nodes(nodes, share)
    below = table[:, left]
    return array(below + weight * (table[:, left + 1] - below))


def signs(payoffs: Payoffs, rule: float | None = None) -> tuple[Members, Members]:
    """Per cell, whether best response is proven (G,) and who could be in a running model (G, S).

    Proven: no gain's sign falls as others join, wherever the model runs with the sponsor in it.
    Could be in: its gain is at least 0 at some joining share.
    """
    kept = np.ones(payoffs.cells, dtype=bool)
    possible = np.zeros((payoffs.cells, len(payoffs.shares)), dtype=bool)
    for sponsor in range(len(payoffs.shares)):
        gained = running_gains(payoffs, sponsor, rule)
        sign = np.sign(gained)
        kept &= (sign[:, 1:] >= sign[:, :-1]).all(axis=1)
        possible[:, sponsor] = (gained >= 0).any(axis=1)
    return kept, possible
