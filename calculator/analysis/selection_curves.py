"""Average and marginal cost against the joining share, and what selection wastes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from calculator.decision import evaluate
from calculator.errors import InputError
from calculator.model.arrays import Array, array, sign_changes, straight_root
from calculator.scenario import PlanScenario

JOINING_SHARE = "assumptions.selection.joining_share"
POINTS = 39
LOWEST = 0.05


@dataclass(frozen=True)
class Curves:
    """Cost and demand over the joining share, USD PMPM of members of plans that joined."""

    share: Array  # (N,) joining share
    average_cost: Array  # what the model adds to a joining plan's cost, those who come included
    marginal_cost: Array
    demand: Array  # premium difference at which so many choose a plan that joined
    equilibrium: float | None  # share at which demand meets average cost; none in the range
    efficient: float | None  # share at which demand meets marginal cost
    welfare_loss: float | None  # triangle between them, USD PMPM of all members
    adverse: bool  # average cost falls as more join

    def to_dict(self) -> dict[str, Any]:
        """Plain data, unrounded; nan is none."""
        return {
            key: [float(x) if np.isfinite(x) else None for x in value]
            if isinstance(value, np.ndarray)
            else value
            for key, value in asdict(self).items()
        }


def curves(scenario: PlanScenario, resolution: str = "full") -> Curves:
    """Curves of one plan taken as typical of those that join (Einav, Finkelstein, Cullen 2010).

    Cost is the engine's net cost before pricing, over the horizon. Demand is straight: the joining
    share of the assumptions at equal premiums, and the premium response of active choosers.
    """
    if scenario.plan.type == "egwp":
        raise InputError("plan.type", "a plan that members choose", "egwp")
    within = scenario.with_settings({"selection.include": True})
    share = np.linspace(LOWEST, 1.0, POINTS)
    found = evaluate(within, {JOINING_SHARE: share}, resolution).result
    months = np.broadcast_to(found.join_months, (POINTS, found.join_months.shape[1]))
    own = np.broadcast_to(found.member_months, months.shape).sum(axis=1)
    cost = (found.net_cost * months).sum(axis=1) / own
    register = scenario.register()
    base = float(register.number(JOINING_SHARE)[0])
    response = float(register.number("assumptions.selection.premium_semi_elasticity")[0])
    demand = demanded_premium(share, base, response)
    marginal = marginal_cost(share, cost)
    equilibrium, efficient = crossing(share, demand - cost), crossing(share, demand - marginal)
    loss = None
    if equilibrium is not None and efficient is not None:
        loss = triangle(share, demand, marginal, equilibrium, efficient)
    return Curves(
        share=share,
        average_cost=array(cost),
        marginal_cost=marginal,
        demand=demand,
        equilibrium=equilibrium,
        efficient=efficient,
        welfare_loss=loss,
        adverse=bool(cost[-1] < cost[0]),
    )


def demanded_premium(share: Array, base: float, response: float) -> Array:
    """Premium difference at which a share chooses plans that joined, USD PMPM.

    share = base x (1 - response x premium).

    >>> demanded_premium(np.array([0.6, 0.3]), 0.6, 0.1).tolist()
    [0.0, 5.0]
    """
    if response == 0.0:
        return np.full(share.shape, np.nan)
    return array((1.0 - share / base) / response)


def marginal_cost(share: Array, average_cost: Array) -> Array:
    """Cost of the last share that joins: the slope of share x average cost.

    >>> share = np.linspace(0.1, 1.0, 10)
    >>> bool(np.allclose(marginal_cost(share, 3.0 + 0.0 * share), 3.0))
    True
    """
    return array(np.gradient(share * average_cost, share, edge_order=2))


def crossing(share: Array, gap: Array) -> float | None:
    """The largest share at which a gap is 0, on straight lines; none where it keeps its sign."""
    where = sign_changes(gap)
    if len(where) == 0 or not np.all(np.isfinite(gap)):
        return None
    return straight_root(share, gap, int(where[-1]))


def triangle(
    share: Array, demand: Array, marginal: Array, equilibrium: float, efficient: float
) -> float:
    """Surplus between demand and marginal cost that the equilibrium leaves, USD PMPM.

    >>> s = np.linspace(0.0, 1.0, 101)
    >>> round(triangle(s, 1.0 - s, 0.0 * s, 0.5, 1.0), 6)
    0.125
    """
    low, high = sorted((equilibrium, efficient))
    at = np.linspace(low, high, 201)
    gap = np.interp(at, share, demand) - np.interp(at, share, marginal)
    return float(abs(np.trapezoid(gap, at)))
