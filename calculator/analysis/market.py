"""What sponsors earn inside and outside a running model, tabulated, and who then joins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calculator.analysis.draws import draws, uncertain_inputs
from calculator.analysis.sponsors import Sponsor
from calculator.assumptions import Register, load_assumptions
from calculator.decision import evaluate
from calculator.errors import InputError
from calculator.model import ledger, market, outcomes, risk, sponsors
from calculator.model.arrays import MONTHS, Array, array
from calculator.model.drug_costs import Costs
from calculator.model.inputs import Inputs, map_arrays
from calculator.model.joining import Members
from calculator.model.market import Market
from calculator.model.part_d import Result, Settled, settle
from calculator.model.sponsors import Payoffs
from calculator.part_d_decision import Evaluation
from calculator.scenario import PlanScenario, load_scenario

# Joining shares at which the engine is run. Who comes grows with (1 - s) / s, so between them
# results are taken as straight in 1 / s, and put on shares close enough for the market's own
# straight lines.
ENGINE_SHARES = (0.02, 0.06, 0.2, 0.4, 0.6, 0.8, 1.0)
SHARES = 41
DRAWS = 128
# What is uncertain in a sponsor's result: use, who comes, and persistence (with its curve's scale).
RISKS = (
    "assumptions.uptake.initiation",
    "assumptions.uptake.eligible_share",
    "assumptions.persistence.hazard_ratio_age_65",
    "assumptions.persistence.restart_one_year",
    "assumptions.selection.movers",
    "assumptions.selection.mover_initiation",
    "assumptions.spending.user_spend_ratio",
)
JOINING_SHARE = "assumptions.selection.joining_share"
# Not in the federal cost of the model: Part A and B, and what coding does to Part C.
APART = ("offsets", "part_c_coding")


@dataclass(frozen=True)
class Terms:
    """G cells of terms: the incentives of the frontier, the same in all years. Each (G,)."""

    capitation: Array  # USD PMPM for whom the package says
    reinsurance: Array  # share of the plan's net liability on model fills
    corridor: Array  # first threshold
    second: Array  # second threshold

    @property
    def cells(self) -> int:
        """Number of cells."""
        return len(self.capitation)


@dataclass(frozen=True)
class Kind:
    """Plans that are alike: a shipped scenario with an eligible share and an offset kept."""

    scenario: str
    eligible_share: float | None
    retained_share: float | None


@dataclass(frozen=True)
class Tables:
    """Results of G cells of terms, A kinds and N joining shares, USD PMPM of own members."""

    kinds: tuple[Kind, ...]
    nodes: Array  # (N,)
    months: Array  # (A,) member-months of a member over the horizon
    years: int
    inside: Array  # (G, A, N) the plan's result inside less that with no model, mean of draws
    outside: Array  # (G, A, N)
    tail: Array  # (G, A, N) mean loss in the worst 5% beyond the mean loss, inside
    bid_change: Array  # (G, A, N)
    federal_inside: Array  # (G, A, N) change of Medicare's cost against no model
    federal_outside: Array  # (G, A, N)

    @property
    def cells(self) -> int:
        """Number of cells of terms."""
        return len(self.inside)


def kinds_of(rows: Sequence[Sponsor]) -> tuple[tuple[Kind, ...], Array]:
    """The kinds of plans in a table, and which each sponsor is, (S,)."""
    own = [Kind(row.scenario, row.eligible_share, row.retained_share) for row in rows]
    kinds = tuple(dict.fromkeys(own))
    return kinds, np.array([kinds.index(kind) for kind in own])


def tabulate(
    kinds: Sequence[Kind],
    weights: Array,
    terms: Terms | None,
    package: str,
    *,
    settings: dict[str, object] | None = None,
    shares: Sequence[float] = ENGINE_SHARES,
    count: int = DRAWS,
    seed: int = 1,
) -> Tables:
    """Run the engine for each kind of plan at each joining share and in each cell of terms.

    weights (A,): each kind's share of all members, for the move of the national average bid. terms:
    none, the package as it stands, year by year, as one cell.
    count draws of what is uncertain, the same for all. Others' bids move with the joining share,
    by the mean of what joining plans add to theirs.
    """
    at = array(list(shares))
    runs = [_evaluate(kind, package, settings or {}, at, count, seed) for kind in kinds]
    paid = [_what_payment_reads(run) for run in runs]
    bidding = array([run.inputs.has_bid for run in runs])
    weight = weights * bidding / weights.sum()
    # Rivals that joined have raised their bids; those that did not have not.
    added = [_bid_change(run, terms, len(at), count) for run in paid]
    moved = array(sum(w * one for w, one in zip(weight, added, strict=True))) * at
    found = [_settled(run, terms, len(at), count, moved) for run in paid]

    def stacked(name: str) -> Array:
        return np.stack([getattr(one, name) for one in found], axis=1)

    return Tables(
        kinds=tuple(kinds),
        nodes=at,
        months=array([_months_per_member(run.inputs) for run in runs]),
        years=len(runs[0].inputs.years),
        inside=stacked("inside"),
        outside=stacked("outside"),
        tail=stacked("tail"),
        bid_change=stacked("bid_change"),
        federal_inside=stacked("federal_inside"),
        federal_outside=stacked("federal_outside"),
    )


def denser(tables: Tables, shares: int = SHARES) -> Tables:
    """The same tables on more joining shares, straight in 1 / s between those they have.

    Where nobody joins there is no plan to move to and no model runs: being outside is worth what no
    model is.
    """
    at = np.geomspace(tables.nodes[0], 1.0, shares)
    blend = weights_between(-1.0 / tables.nodes, -1.0 / at)

    def spread(table: Array) -> Array:
        dense = table @ blend.T
        return np.concatenate([dense[..., :1], dense], axis=-1)

    found = changed(tables, spread, nodes=np.concatenate([[0.0], at]))
    found.outside[..., 0] = 0.0
    found.federal_outside[..., 0] = 0.0
    return found


def changed(tables: Tables, change: Callable[[Array], Array], nodes: Array) -> Tables:
    """The tables with `change` applied to every result."""
    return replace(
        tables,
        nodes=nodes,
        inside=change(tables.inside),
        outside=change(tables.outside),
        tail=change(tables.tail),
        bid_change=change(tables.bid_change),
        federal_inside=change(tables.federal_inside),
        federal_outside=change(tables.federal_outside),
    )


def weights_between(nodes: Array, at: Array) -> Array:
    """Linear interpolation as a matrix, (points, nodes); nodes rise.

    >>> weights_between(np.array([0.0, 1.0, 3.0]), np.array([0.5, 2.0])).tolist()
    [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    """
    return np.stack([np.interp(at, nodes, row) for row in np.eye(len(nodes))], axis=1)


def _months_per_member(inputs: Inputs) -> float:
    """Member-months over the horizon for each member of the first year."""
    return float((inputs.members[0] / inputs.members[0, 0]).sum() * MONTHS)


def _evaluate(
    kind: Kind, package: str, settings: dict[str, object], at: Array, count: int, seed: int
) -> Evaluation:
    """One kind of plan over joining shares x draws, draws within shares."""
    scenario = load_scenario(kind.scenario)
    assert isinstance(scenario, PlanScenario)
    own = {
        "terms.package": package,
        "selection.include": scenario.plan.type != "egwp",
        # The fixed cost is a sponsor's, not a member's.
        "assumptions.administration.fixed_cost": 0.0,
        **settings,
    }
    if kind.retained_share is not None:
        own["plan.retained_share"] = kind.retained_share
    scenario = scenario.with_settings(own)
    risks = (*RISKS, f"assumptions.persistence.{scenario.therapy.curve}_scale")
    chosen = [one for one in uncertain_inputs(scenario) if one.path in risks]
    drawn = draws(scenario, count, seed, chosen).cases
    cases = {path: np.tile(values, len(at)) for path, values in drawn.items()}
    eligible = "assumptions.uptake.eligible_share"
    if kind.eligible_share is not None:
        shipped = float(scenario.register().number(eligible)[0])
        drawn_share = cases.get(eligible, np.full(len(at) * count, shipped))
        cases[eligible] = np.minimum(drawn_share * kind.eligible_share / shipped, 1.0)
    cases[JOINING_SHARE] = np.repeat(at, count)
    return evaluate(scenario, cases, resolution="workbook", draws=count)


def _what_payment_reads(run: Evaluation) -> Evaluation:
    """The run with one case of what only the drug costs read: it need not be repeated by cell."""

    def first(part: Any) -> Any:
        return map_arrays(part, lambda value: value[:1])

    inputs = run.inputs
    movers = inputs.movers
    if movers is not None:
        movers = replace(movers, people=movers.people[:1], initiation=movers.initiation[:1])
    light = replace(
        inputs,
        spend=inputs.spend[:1],
        weights=inputs.weights[:1],
        user_weights=inputs.user_weights[:1],
        class_mix=inputs.class_mix[:1],
        population=first(inputs.population),
        bridge=first(inputs.bridge),
        movers=movers,
    )
    return replace(run, inputs=light)


def _bid_change(run: Evaluation, terms: Terms | None, shares: int, count: int) -> Array:
    """What joining adds to the bid where rivals' bids rest, USD PMPM, (G, N).

    A bid is priced at a cost from which both incentives are taken as they stand, so it is a plane
    over them, and the corridor is not in it: three cells give all.
    """
    if terms is None:
        return _settled(run, None, shares, count, np.zeros((1, shares))).bid_change
    corner = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    three = Terms(*corner, np.repeat(terms.corridor[:1], 3), np.repeat(terms.second[:1], 3))
    found = _settled(run, three, shares, count, np.zeros((3, shares))).bid_change
    base, by_capitation, by_reinsurance = found
    return array(
        base
        + terms.capitation[:, None] * (by_capitation - base)
        + terms.reinsurance[:, None] * (by_reinsurance - base)
    )


@dataclass(frozen=True)
class _Found:
    """One kind's results, (G, N)."""

    inside: Array
    outside: Array
    tail: Array
    bid_change: Array
    federal_inside: Array
    federal_outside: Array


def _settled(run: Evaluation, terms: Terms | None, shares: int, count: int, moved: Array) -> _Found:
    """Pay one kind of plan in every cell of terms; moved (G, N): rivals' bids, USD PMPM."""
    cases = shares * count
    cells = len(moved)

    def tiled(value: Array) -> Array:
        return np.tile(value, (cells,) + (1,) * (value.ndim - 1)) if len(value) == cases else value

    inputs: Inputs = map_arrays(run.inputs, tiled)
    costs: Costs = map_arrays(run.costs, tiled)
    levers = inputs.levers

    def by_cell(values: Array) -> Array:
        return np.repeat(values, cases)[:, None] * np.ones((1, len(inputs.years)))

    rivals = np.repeat(moved.ravel(), count)
    if terms is not None:
        levers = replace(
            levers,
            capitation=by_cell(terms.capitation),
            extra_reinsurance=by_cell(terms.reinsurance),
            corridor_thresholds=(by_cell(terms.corridor), by_cell(terms.second)),
        )
    running = replace(
        inputs,
        levers=levers,
        rivals_bid_change=rivals,
        rivals_premium_change=rivals,
        rivals_lis_bid_change=rivals,
    )
    result = settle(running, costs, draws=count)
    still = np.zeros(1)
    nobody = settle(
        replace(
            run.inputs,
            movers=None,
            rivals_bid_change=still,
            rivals_premium_change=still,
            rivals_lis_bid_change=still,
        ),
        run.costs,
    )
    return _per_member(result, nobody, costs, running, cells, shares, count)


def _per_member(
    result: Result,
    nobody: Result,
    costs: Costs,
    inputs: Inputs,
    cells: int,
    shares: int,
    count: int,
) -> _Found:
    """Means and tails over draws, USD PMPM of own members, (G, N)."""
    shape = (cells * shares * count, result.member_months.shape[-1])
    months = np.broadcast_to(result.member_months, shape).sum(axis=1)

    def tabled(amounts: Array) -> Array:
        """USD a year (C, Y) to PMPM by cell, share and draw."""
        whole = np.broadcast_to(amounts, shape).sum(axis=1) / months
        return array(whole.reshape(cells, shares, count))

    def with_no_model(amounts: Array) -> Array:
        once = np.broadcast_to(amounts, (shares * count, shape[1]))
        return np.tile(once, (cells, 1))

    none = with_no_model(ledger.plan_result(nobody.stay_out.ledger))
    joined = tabled(ledger.plan_result(result.join.ledger) - none)
    stayed = tabled(ledger.plan_result(result.stay_out.ledger) - none)
    before = with_no_model(_federal(nobody.stay_out))
    # Who comes was a cost to Medicare where they came from, by their risk.
    at_risk = np.ones(1) if inputs.movers is None else inputs.movers.risk_ratio
    come = costs.come.sum(axis=-1) / result.member_months * at_risk[:, None]
    change = np.broadcast_to(result.join.bid - result.stay_out.bid, shape).mean(axis=1)
    return _Found(
        inside=joined.mean(axis=-1),
        outside=stayed.mean(axis=-1),
        tail=array(joined.mean(axis=-1) - risk.worst_mean(joined)),
        bid_change=change.reshape(cells, shares, count).mean(axis=-1),
        federal_inside=tabled(_federal(result.join) - before * (1.0 + come)).mean(axis=-1),
        federal_outside=tabled(_federal(result.stay_out) - before).mean(axis=-1),
    )


def _federal(branch: Settled) -> Array:
    """Medicare's cost of Part D and the incentives, USD a year, (C, Y)."""
    lines = outcomes.federal_by_line(branch)
    kept = [amounts for line, amounts in lines.items() if line not in APART]
    return array(sum(kept, start=np.zeros((1, 1))))


@dataclass(frozen=True)
class Sides:
    """A market ready to be solved, and what stands beside the game."""

    payoffs: Payoffs
    tables: Tables
    members: Array  # (S,)
    counted: Array  # (S,) share of the launch rule's denominator


def market_sides(
    rows: Sequence[Sponsor], tables: Tables, which: Array, register: Register
) -> Sides:
    """Sponsors' payoffs in USD over the horizon from tables PMPM."""
    members = array([row.members for row in rows])
    in_rule = array([row.members * row.counted for row in rows])
    months = members * tables.months[which]
    own_hurdle = float(register.number("assumptions.market.hurdle")[0])
    own_cost = float(register.number("assumptions.market.application_cost")[0])
    fixed = float(register.number("assumptions.administration.fixed_cost")[0]) * tables.years
    capital = float(register.number("assumptions.market.capital_rate")[0])
    hurdle = array([own_hurdle if row.hurdle_pmpm is None else row.hurdle_pmpm for row in rows])
    cost = [own_cost if row.application_cost is None else row.application_cost for row in rows]
    counted = in_rule / in_rule.sum()
    payoffs = sponsors.tabulated(
        counted,
        tables.nodes,
        tables.inside,
        tables.outside,
        risk_charge=capital * tables.tail,
        # Taking part costs a sponsor its fixed cost too, wherever it is inside.
        hurdle=hurdle * months + fixed,
        application_cost=array(cost),
        archetype=which,
        size=months,
    )
    return Sides(payoffs, tables, members, counted)


@dataclass(frozen=True)
class Solved:
    """A market of one set of terms."""

    sponsors: tuple[Sponsor, ...]
    sides: Sides
    market: Market
    package: str
    register: Register


def solve_shipped(
    rows: Sequence[Sponsor], package: str, rule: float | None, *, seed: int = 1, count: int = DRAWS
) -> Solved:
    """The market of a sponsor table under a terms package. rule: as in the assumptions, or none."""
    register = load_assumptions(package)
    kinds, which = kinds_of(rows)
    members = array([row.members for row in rows])
    weights = np.bincount(which, weights=members) / members.sum()
    tables = denser(tabulate(kinds, weights, None, package, seed=seed, count=count))
    sides = market_sides(rows, tables, which, register)
    found = market.solve_market(sides.payoffs, rule, seed=seed)
    return Solved(tuple(rows), sides, found, package, register)


def launch_rule(text: str | None, register: Register) -> float | None:
    """The launch rule of a command: as in the assumptions, a share, or none.

    >>> launch_rule("none", load_assumptions()) is None
    True
    """
    if text is None:
        return float(register.number("assumptions.market.launch_rule_share")[0])
    if text.strip().lower() == "none":
        return None
    try:
        number, percent = text.strip().removesuffix("%"), text.strip().endswith("%")
        rule = float(number) / (100.0 if percent else 1.0)
    except ValueError:
        rule = np.nan
    if not 0.0 < rule <= 1.0:
        raise InputError("--rule", "a share above 0 up to 1 (or 80%), or none", text)
    return rule


def market_dict(solved: Solved) -> dict[str, Any]:
    """A solved market as plain data, unrounded."""
    found, sides = solved.market, solved.sides
    names = [row.name for row in solved.sponsors]

    def of(members: Members | None) -> list[str] | None:
        if members is None:
            return None
        return [name for name, inside in zip(names, members, strict=True) if inside]

    free = found.without_rule
    rows = []
    for index, row in enumerate(solved.sponsors):
        kind = int(sides.payoffs.archetype[index])
        belief = None if found.belief is None else float(found.belief[index])
        rows.append(
            {
                "name": row.name,
                "scenario": row.scenario,
                "members": row.members,
                "share": float(sides.counted[index]),
                "leaves_in_round": int(free.leaving.moved[index]),
                "joins_in_round": int(free.joining.moved[index]),
                "veto": None if found.vetoes is None else bool(found.vetoes[index]),
                "belief_needed": belief if belief is None or np.isfinite(belief) else None,
                "inside_pmpm": sides.tables.inside[0, kind].tolist(),
                "outside_pmpm": sides.tables.outside[0, kind].tolist(),
                "tail_pmpm": sides.tables.tail[0, kind].tolist(),
            }
        )
    return {
        "terms": solved.package,
        "launch_rule": found.rule,
        "can_launch": found.can_launch,
        "launch_proven": found.launch_proven,
        "launching": of(found.launching),
        "good_faith_launch": found.good_faith_launch,
        "good_faith": of(found.good_faith),
        "nobody_is_stable": found.nobody_is_stable,
        "without_rule": {
            "greatest": of(free.greatest),
            "least": of(free.least),
            "proven": free.proven,
            "no_pure_equilibrium": free.no_pure_equilibrium,
            "leaving_share": free.leaving.share.tolist(),
            "joining_share": free.joining.share.tolist(),
        },
        "joining_shares": sides.tables.nodes.tolist(),
        "sponsors": rows,
    }
