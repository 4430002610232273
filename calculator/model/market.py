"""Whether the model launches, and who joins: one market, or every cell of terms (section 9). USD.

`sponsors.py` says what each gains, `joining.py` finds the joining sets; here are the launch rule's
questions and the report.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calculator.model.arrays import Array, Number, array
from calculator.model.joining import STEPS, Joining, Members, Rounds, leave, meets, settle, solve
from calculator.model.sponsors import Payoffs, gain_at, gains, game, interpolate, signs


def vetoes(shares: Array, rule: float, reachable: float = 1.0) -> Members:
    """Without whom the rule cannot be met: reachable - share < rule.

    `reachable` is the share of the denominator that could join at all.

    >>> vetoes(np.array([0.25, 0.20, 0.15]), 0.8).tolist()
    [True, False, False]
    """
    return ~meets(reachable - array(shares), rule)


def launch_belief(
    inside: Number,
    outside: Number,
    none: Number,
    application_cost: Number,
    pivotal: npt.ArrayLike = False,
) -> Array:
    """The least probability that the model runs if it applies at which applying pays a sponsor.

    inside: in a running model, risk charge and hurdle taken off; outside, none: out of a running
    one, and with no model; USD, they broadcast. Applying pays if

        p (inside - none) - q (outside - none) >= application_cost,

    q being the probability that the model runs without it: 0 if `pivotal`, else p. So
    p = application_cost / (inside - outside), for a pivotal sponsor / (inside - none). 0 where it
    always pays, NaN where no belief is enough.

    >>> launch_belief([10.0, 10.0, 10.0], [6.0, 6.0, 9.0], 0.0, 2.0, [False, True, False]).tolist()
    [0.5, 0.2, nan]
    >>> float(launch_belief(10.0, 6.0, 0.0, 0.0))
    0.0
    """
    better = array(inside) - np.where(np.asarray(pivotal, dtype=bool), array(none), array(outside))
    cost = np.broadcast_to(array(application_cost), better.shape)
    needed = np.divide(np.maximum(cost, 0.0), better, out=np.zeros(better.shape), where=better > 0)
    return np.where(better >= cost, needed, np.nan)


@dataclass(frozen=True)
class Market:
    """Whether one market launches, and who joins."""

    rule: float | None
    can_launch: bool  # some stable set meets the rule; without one: somebody joins
    launch_proven: bool  # a launching set is its own proof; its absence may be "not proven"
    launching: Members | None  # (S,) such a set, the greatest found
    nobody_is_stable: bool  # under the rule; nearly always so, and no answer
    good_faith: Members | None  # (S,) gain >= 0 when the share just meets the rule
    good_faith_launch: bool | None  # they make up the rule
    vetoes: Members | None  # (S,)
    belief: Array | None  # (S,) needed for applying to pay; NaN: none is enough
    under_rule: Joining | None  # stable sets of the market with the rule
    without_rule: Joining  # and without it: greatest, least, the order of leaving and of joining

    @property
    def launch_label(self) -> str:
        """What stands beside `can_launch`."""
        return "proven" if self.launch_proven else "not proven"


def solve_market(payoffs: Payoffs, rule: float | None, *, seed: int) -> Market:
    """Everything reported of one market; `seed` draws the starts where there is no proof.

    rule: the joiners' share of the denominator at which the model launches, above 0 to 1, or None.

    >>> from calculator.model.sponsors import tabulated
    >>> market = solve_market(
    ...     tabulated([0.5, 0.4], [0, 1], [[3, 3], [1, 1]], [[0, 0], [2, 2]]), rule=0.8, seed=1
    ... )
    >>> market.can_launch, market.without_rule.greatest.tolist()
    (True, [True, False])
    """
    if payoffs.cells != 1:
        raise ValueError("solve_market takes one cell; solve_cells takes many")
    _check_rule(rule)
    shares = payoffs.shares
    kept, _ = signs(payoffs)
    without = solve(game(payoffs), shares, seed=seed, sign_kept=bool(kept[0]))
    nobody = np.zeros((1, len(shares)), dtype=bool)
    nobody_is_stable = bool((gains(payoffs, nobody, rule) <= 0).all())
    if rule is None:
        found = without.launching
        return Market(
            rule=None,
            can_launch=found is not None,
            launch_proven=without.proven or found is not None,
            launching=found,
            nobody_is_stable=nobody_is_stable,
            good_faith=None,
            good_faith_launch=None,
            vetoes=None,
            belief=None,
            under_rule=None,
            without_rule=without,
        )
    kept, possible = signs(payoffs, rule)
    under = solve(game(payoffs, rule), shares, seed=seed, rule=rule, sign_kept=bool(kept[0]))
    can = under.launching is not None
    hopeless = not meets(possible[0] @ shares, rule)
    willing = good_faith(payoffs, rule)[0]
    needed = vetoes(shares, rule, float(shares.sum()))
    return Market(
        rule=rule,
        can_launch=can,
        launch_proven=can or under.proven or hopeless,
        launching=under.launching,
        nobody_is_stable=nobody_is_stable,
        good_faith=willing,
        good_faith_launch=bool(meets(willing @ shares, rule)),
        vetoes=needed,
        belief=beliefs(payoffs, rule, needed)[0],
        under_rule=under,
        without_rule=without,
    )


def good_faith(payoffs: Payoffs, rule: float) -> Members:
    """Who gains at least 0 when the joining share just meets the rule, (G, S).

    Without it the share falls short, so each compares being in with no model at all.
    """
    shape = (payoffs.cells, len(payoffs.shares))
    inside = np.broadcast_to(np.maximum(rule, payoffs.shares), shape)
    return np.asarray(gain_at(payoffs, inside, inside - payoffs.shares, rule) >= 0)


def beliefs(payoffs: Payoffs, rule: float, pivotal: Members) -> Array:
    """The launch belief each sponsor needs, (G, S).

    At the least share at which the model runs: for those in `pivotal` (S,) the rule itself, for the
    others the rule without them and the rule and their own share with them.
    """
    shape = (payoffs.cells, len(payoffs.shares))
    total = payoffs.shares.sum()
    alone = np.maximum(rule, payoffs.shares)
    with_it = np.where(pivotal, alone, np.minimum(rule + payoffs.shares, total))
    inside = interpolate(payoffs, payoffs.inside, np.broadcast_to(with_it, shape)) - payoffs.hurdle
    outside = interpolate(payoffs, payoffs.outside, np.full(shape, rule))
    return launch_belief(inside, outside, payoffs.none, payoffs.application_cost, pivotal)


def _check_rule(rule: float | None) -> None:
    if rule is not None and not 0 < rule <= 1:
        raise ValueError("rule must be above 0 and at most 1, or None")


@dataclass(frozen=True)
class Cells:
    """One joining set for each of G cells of terms."""

    members: Members  # (G, S) the set that was found; who would apply, if it does not launch
    share: Array  # (G,) of the denominator
    stable: Members  # (G,) whether it is stable; False where no stable set was found
    launches: Members  # (G,) stable, and it meets the rule; without one: with somebody in it
    proven: Members  # (G,) with a rule: `launches`; without: that it is the greatest
    good_faith_share: Array | None  # (G,) share of those who gain when the rule is just met


def solve_cells(payoffs: Payoffs, rule: float | None) -> Cells:
    """The market in every cell of terms, from everybody in.

    All who lose leave, round by round; where gains keep their sign that ends at the greatest
    launching set. Elsewhere, if it has not launched, sponsors change one at a time from everybody:
    a stable set is found or not, and "does not launch" is then not proven.

    >>> from calculator.model.sponsors import tabulated
    >>> cells = solve_cells(tabulated([0.5, 0.4], [0, 1], np.full((2, 2, 2), [[[3]], [[-1]]]),
    ...                             np.zeros((2, 2, 2)), application_cost=0.5), rule=0.8)
    >>> cells.share.round(3).tolist(), cells.launches.tolist(), cells.proven.tolist()
    ([0.9, 0.0], [True, False], [True, True])
    """
    _check_rule(rule)
    shares = payoffs.shares

    def gains_of(members: Members, cells: Rounds) -> Array:
        return gains(payoffs.take(cells), members, rule)

    def runs(members: Members) -> Members:
        share = members @ shares
        return np.asarray(share > 0) if rule is None else meets(share, rule)

    kept, possible = signs(payoffs, rule)
    hopeless = ~runs(possible)
    members, stable = leave(gains_of, np.ones_like(possible))
    again = np.flatnonzero(~kept & ~hopeless & ~(stable & runs(members)))
    tried, found = settle(
        lambda sets, rows: gains_of(sets, again[rows]),
        np.ones_like(possible[again]),
        STEPS * len(shares),
    )
    better = found & (runs(tried) | ~stable[again])
    members[again[better]] = tried[better]
    stable[again[better]] = True
    launches = stable & runs(members)
    return Cells(
        members=members,
        share=array(members @ shares),
        stable=stable,
        launches=launches,
        proven=kept | hopeless | (launches if rule is not None else False),
        good_faith_share=None if rule is None else array(good_faith(payoffs, rule) @ shares),
    )
