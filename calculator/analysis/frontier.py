"""What terms would fill the room: joining and federal cost over the incentives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calculator.analysis.market import (
    Tables,
    Terms,
    changed,
    denser,
    kinds_of,
    market_sides,
    tabulate,
    weights_between,
)
from calculator.analysis.sponsors import Sponsor
from calculator.assumptions import Register, load_assumptions
from calculator.model import market, outcomes
from calculator.model.arrays import MONTHS, Array, array
from calculator.model.joining import Members
from calculator.model.market import Cells
from calculator.model.sponsors import between_nodes

STEPS = 41  # along each axis
CORRIDORS = (1.0, 0.5, 0.2)  # thresholds against the statute's
CAPITATION_TO = 200.0  # USD PMPM
# Terms at which the engine is run; between them straight lines.
CAPITATION_NODES, REINSURANCE_NODES = 7, 5
DRAWS = 64
# Joining shares between the nodes at which the interpolation is compared with the engine.
HALF_WAY = (0.5, 0.9)
PRICED = "assumptions.payment.priced_share"
UPTAKE = "assumptions.uptake.initiation"
CAPITAL = "assumptions.market.capital_rate"


@dataclass(frozen=True)
class Package:
    """One set of incentives and what it does."""

    capitation: float  # USD a month for each member that `Frontier.per` names
    reinsurance: float  # share
    corridor: float  # first threshold
    joining_share: float
    federal_cost: float  # USD a year, all enrollees
    federal_pmpm: float


@dataclass(frozen=True)
class Frontier:
    """Who joins and what it costs Medicare over a grid of terms; X capitation, Y reinsurance, Z.

    Grids are (Z, X, Y), Z the corridor's first threshold.
    """

    capitation: Array  # (X,) USD a month for each member that `per` names
    reinsurance: Array  # (Y,)
    corridor: Array  # (Z,)
    rule: float | None
    joining_share: Array  # greatest set that is stable without a rule
    willing_share: Array  # who gains when the share just meets the rule; without one as above
    launches: Array  # 1 where the model launches
    proven: Array  # 1 where that is proven
    federal_cost: Array  # USD a year, of who joins where it launches; nan elsewhere
    federal_pmpm: Array  # of it per member of any plan
    bid_change: Array  # mean of joining plans, USD PMPM; nan where nobody is in
    gain: Array  # mean of joining plans' result against no model, USD PMPM
    cheapest: Package | None
    announced: tuple[float, float, float]  # the package's own terms
    per: str  # for whom the capitation is paid: enrolled, eligible or treated members
    package: str
    value_error: float  # largest error of interpolation in a plan's result, USD PMPM
    federal_error: float


def frontier(
    rows: Sequence[Sponsor],
    package: str,
    rule: float | None,
    *,
    settings: Mapping[str, object] | None = None,
    capitation_to: float = CAPITATION_TO,
    corridors: Sequence[float] = CORRIDORS,
    steps: int = STEPS,
    count: int = DRAWS,
    seed: int = 1,
    progress: Callable[[str], None] = lambda said: None,
) -> Frontier:
    """Joining, launch and federal cost over capitation x reinsurance x corridor width.

    The engine is run at a few terms and joining shares; `value_error` and `federal_error` are the
    largest gaps to the engine at terms and joining shares (from a half on) half-way between.
    """
    register = _register(package, settings or {})
    kinds, which = kinds_of(rows)
    members = array([row.members for row in rows])
    weights = np.bincount(which, weights=members) / members.sum()
    at_capitation = np.linspace(0.0, capitation_to, CAPITATION_NODES)
    at_reinsurance = np.linspace(0.0, 1.0, REINSURANCE_NODES)
    width = array(list(corridors))
    first, second = (
        width * register.neutral(f"terms.corridor.{name}_threshold")[0]
        for name in ("first", "second")
    )

    def cells_of(capitation: Array, reinsurance: Array) -> Terms:
        """Every combination as cells, the corridor slowest."""
        shape = (len(width), len(capitation), len(reinsurance))
        paid, share = array(capitation)[:, None], array(reinsurance)

        def spread(values: Array) -> Array:
            return array(np.broadcast_to(values, shape)).ravel()

        widths = (spread(one[:, None, None]) for one in (first, second))
        return Terms(spread(paid), spread(share), *widths)

    nodes = cells_of(at_capitation, at_reinsurance)
    progress("running the engine at nodes of the terms")
    own = dict(settings or {})
    found = denser(tabulate(kinds, weights, nodes, package, settings=own, count=count, seed=seed))
    capitation = np.linspace(0.0, capitation_to, steps)
    reinsurance = np.linspace(0.0, 1.0, steps)

    def between(table: Array, at: tuple[Array, Array]) -> Array:
        """A table at nodes (G, ...) at other capitations and reinsurances (G', ...)."""
        cube = table.reshape(len(width), CAPITATION_NODES, REINSURANCE_NODES, -1)
        left = weights_between(at_capitation, at[0])
        right = weights_between(at_reinsurance, at[1])
        wide = np.einsum("xi,zijn,yj->zxyn", left, cube, right, optimize=True)
        return array(wide.reshape(-1, *table.shape[1:]))

    def tables_at(at: tuple[Array, Array]) -> Tables:
        return changed(found, lambda table: between(table, at), found.nodes)

    progress("checking the interpolation half-way")
    halves = ((at_capitation[1:] + at_capitation[:-1]) / 2.0,
              (at_reinsurance[1:] + at_reinsurance[:-1]) / 2.0)  # fmt: skip
    exact = tabulate(
        kinds, weights, cells_of(*halves), package, settings=own, shares=HALF_WAY,
        count=count, seed=seed,
    )  # fmt: skip
    near = tables_at(halves)

    def error(name: str) -> float:
        """Largest gap to the engine at terms and joining shares half-way between nodes."""
        at_share = [
            _at_share(near, getattr(near, name), np.full(exact.cells, share))
            for share in exact.nodes
        ]
        return float(np.abs(np.stack(at_share, axis=-1) - getattr(exact, name)).max())

    progress("solving the market in every cell")
    tables = tables_at((capitation, reinsurance))
    sides = market_sides(rows, tables, which, register)
    free = market.solve_cells(sides.payoffs, None)
    ruled = free if rule is None else market.solve_cells(sides.payoffs, rule)
    launches = ruled.launches
    joiners = Joiners(tables, which, members, ruled.members, ruled.share)
    federal = joiners.federal()
    grid = (len(width), steps, steps)

    def shaped(values: Array | Members) -> Array:
        return array(values).reshape(grid)

    enrolled = float(members.sum()) * MONTHS
    willing = free.share if ruled.good_faith_share is None else ruled.good_faith_share
    cost = np.where(launches, federal * enrolled, np.nan)
    frontier_found = Frontier(
        capitation=capitation,
        reinsurance=reinsurance,
        corridor=first,
        rule=rule,
        joining_share=shaped(free.share),
        willing_share=shaped(willing),
        launches=shaped(launches),
        proven=shaped(ruled.proven),
        federal_cost=shaped(cost),
        federal_pmpm=shaped(np.where(launches, federal, np.nan)),
        bid_change=shaped(joiners.mean(tables.bid_change)),
        gain=shaped(joiners.mean(tables.inside)),
        cheapest=None,
        announced=_own_terms(register),
        per=register.word("terms.obesity_capitation.per"),
        package=package,
        value_error=error("inside"),
        federal_error=error("federal_inside"),
    )
    return replace(frontier_found, cheapest=_cheapest(frontier_found, ruled))


def variants(
    rows: Sequence[Sponsor],
    package: str,
    rule: float | None,
    *,
    steps: int = STEPS,
    progress: Callable[[str], None] = lambda said: None,
) -> dict[str, Frontier]:
    """The frontier as it is, and as uptake, pricing and risk aversion move: label -> frontier."""
    register = load_assumptions(package)
    initiation = register.entries[UPTAKE].values
    high = initiation[max(initiation)].range
    assert high is not None
    averse = register.entries[CAPITAL].values
    most = averse[max(averse)].range
    assert most is not None
    changes: dict[str, dict[str, object]] = {
        "as assumed": {},
        f"{high.low:.0%} of the eligible start in a year": {UPTAKE: high.low},
        f"{high.high:.0%} of the eligible start in a year": {UPTAKE: high.high},
        "nothing is priced into the bid": {PRICED: 0.0},
        "all of the cost is priced into the bid": {PRICED: 1.0},
        "sponsors do not mind risk": {CAPITAL: 0.0},
        f"capital costs {most.high:.0%}": {CAPITAL: most.high},
    }
    found = {}
    for label, settings in changes.items():
        progress(label)
        found[label] = frontier(rows, package, rule, settings=settings, steps=steps)
    return found


def _register(package: str, settings: Mapping[str, object]) -> Register:
    register = load_assumptions(package)
    for path, value in settings.items():
        register = register.with_value(path, value)
    return register


def _own_terms(register: Register) -> tuple[float, float, float]:
    """Capitation, reinsurance and corridor of the package itself."""
    paths = (
        "terms.obesity_capitation.amount",
        "terms.extra_reinsurance.share",
        "terms.corridor.first_threshold",
    )
    first, second, third = (float(register.number(path)[0]) for path in paths)
    return first, second, third


def _at_share(tables: Tables, table: Array, share: Array) -> Array:
    """A table (G, A, N) at one joining share a cell (G,), (G, A)."""
    left, weight = between_nodes(tables.nodes, share)
    cell = np.arange(len(share))
    below, above = table[cell, :, left], table[cell, :, left + 1]
    return array(below + weight[:, None] * (above - below))


@dataclass(frozen=True)
class Joiners:
    """Who is in, in each of G cells, of S sponsors of A kinds."""

    tables: Tables
    which: Array  # (S,) kind of each sponsor
    members: Array  # (S,)
    inside: Members  # (G, S)
    share: Array  # (G,)

    def mean(self, table: Array) -> Array:
        """Mean of a table PMPM over members of plans that are in, (G,); nan where nobody is."""
        amount = _at_share(self.tables, table, self.share)[:, self.which]
        counted = self.inside * self.members
        return outcomes.ratio((amount * counted).sum(axis=1), counted.sum(axis=1))

    def federal(self) -> Array:
        """Federal cost PMPM of all members, of plans that are in and that are not, (G,)."""
        within = _at_share(self.tables, self.tables.federal_inside, self.share)[:, self.which]
        without = _at_share(self.tables, self.tables.federal_outside, self.share)[:, self.which]
        amount = np.where(self.inside, within, without)
        return array((amount * self.members).sum(axis=1) / self.members.sum())


def _cheapest(found: Frontier, ruled: Cells) -> Package | None:
    """The launching cell that costs Medicare least; none where nothing launches."""
    if not np.any(np.isfinite(found.federal_cost)):
        return None
    z, x, y = np.unravel_index(int(np.nanargmin(found.federal_cost)), found.federal_cost.shape)
    share = ruled.share.reshape(found.federal_cost.shape)
    return Package(
        capitation=float(found.capitation[x]),
        reinsurance=float(found.reinsurance[y]),
        corridor=float(found.corridor[z]),
        joining_share=float(share[z, x, y]),
        federal_cost=float(found.federal_cost[z, x, y]),
        federal_pmpm=float(found.federal_pmpm[z, x, y]),
    )


def to_dict(found: Frontier) -> dict[str, Any]:
    """Plain data, unrounded; nan is none."""
    grids = (
        "joining_share",
        "willing_share",
        "launches",
        "proven",
        "federal_cost",
        "federal_pmpm",
        "bid_change",
        "gain",
    )
    plain: dict[str, Any] = {
        "package": found.package,
        "capitation_per": found.per,
        "launch_rule": found.rule,
        "axes": {
            "corridor": found.corridor.tolist(),
            "capitation": found.capitation.tolist(),
            "reinsurance": found.reinsurance.tolist(),
        },
        "own_terms": dict(
            zip(("capitation", "reinsurance", "corridor"), found.announced, strict=True)
        ),
        "cheapest": None if found.cheapest is None else vars(found.cheapest),
        "interpolation_error": {
            "value_pmpm": found.value_error,
            "federal_pmpm": found.federal_error,
        },
    }
    for name in grids:
        wide = getattr(found, name)
        plain[name] = [_without_nan(layer) for layer in wide]
    return plain


def _without_nan(layer: Array) -> list[list[float | None]]:
    """A table (X, Y) as lists, nan as none."""
    return [[float(x) if np.isfinite(x) else None for x in row] for row in layer]
