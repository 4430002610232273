"""Who joins when what each sponsor gains depends on who else joins (model section 9).

A joining set is stable (a pure Nash equilibrium) when every member's gain is at least 0 and every
other sponsor's at most 0. An indifferent sponsor is stable on either side: from everybody it stays,
from nobody it does not come.

Leaving rounds from everybody and joining rounds from nobody end at the greatest and the least
stable set where no gain falls from above 0 to 0, or from 0 below it, as others join. A gain that is
nondecreasing in the joining set is so; the sign is all that the argument uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from calculator.model.arrays import Array, array

Members = npt.NDArray[np.bool_]
Rounds = npt.NDArray[np.int64]
# Joining sets (B, S) to what each sponsor gains by being in rather than out, given the others.
Gains = Callable[[Members], Array]
Method = Literal["best response", "every subset", "starts"]

ENUMERATED = 12  # up to so many sponsors every subset is looked at
STARTS = 64  # random ones, where nothing is proven
STEPS = 4  # changes per sponsor before a start is given up
ROUNDING = 1e-12


def meets(share: Array, rule: float) -> Members:
    """Whether a joining share reaches the launch rule; a sum of shares is rounded.

    >>> bool(meets(np.array([0.1, 0.2, 0.3, 0.2]).sum(), 0.8))
    True
    """
    return np.asarray(share >= rule - ROUNDING)


def of_function(gain: Callable[[int, Members], float]) -> Gains:
    """Gains from a function of one sponsor and the members (S,), itself not among them."""

    def gains(members: Members) -> Array:
        found = np.empty(members.shape)
        for row, column in np.ndindex(*members.shape):
            others = members[row].copy()
            others[column] = False
            found[row, column] = gain(column, others)
        return found

    return gains


def unstable(members: Members, gained: Array) -> Members:
    """Who would rather be on the other side, (B, S).

    >>> unstable(np.array([[True, True, False, False]]), np.array([[-1.0, 0.0, 0.0, 1.0]]))
    array([[ True, False, False,  True]])
    """
    return np.where(members, gained < 0, gained > 0)


def every_set(sponsors: int) -> Members:
    """All joining sets (2^S, S); row r holds the sponsors whose bit is set in r.

    >>> every_set(2).tolist()
    [[False, False], [True, False], [False, True], [True, True]]
    """
    return np.asarray((np.arange(2**sponsors)[:, None] >> np.arange(sponsors)) & 1, dtype=bool)


def keeps_its_sign(gained: Array, asked: Members) -> bool:
    """Whether no gain's sign falls as one more sponsor joins; `gained` is of `every_set`.

    asked (2^S, S): where it matters, such as where the model runs with the sponsor in it.
    """
    sponsors = gained.shape[1]
    rows = np.arange(len(gained))
    sign = np.sign(gained)
    for other in range(sponsors):
        fewer = rows[(rows >> other) & 1 == 0]
        falls = (sign[fewer] > sign[fewer | 1 << other]) & asked[fewer]
        falls[:, other] = False
        if falls.any():
            return False
    return True


@dataclass(frozen=True)
class Path:
    """Rounds of best response in one direction."""

    members: Members  # (R+1, S) who is in at first and after each round
    share: Array  # (R+1,) their share of the denominator
    moved: Rounds  # (S,) the round in which each sponsor moved, 0 if it did not
    stable: bool  # nobody would go back


def path(gains: Gains, shares: Array, leaving: bool) -> Path:
    """From everybody the order of leaving, or from nobody the order of joining.

    In a round all who lose by being in leave (all who gain by it join); nobody goes back, so there
    are at most S rounds.

    >>> unravelling = of_function(lambda j, members: members.sum() - j - 0.5)
    >>> path(unravelling, np.full(3, 0.3), leaving=True).moved.tolist()
    [3, 2, 1]
    """
    now = np.full((1, len(shares)), leaving)
    moved = np.zeros(len(shares), dtype=np.int64)
    seen = [now[0]]
    while True:
        would = unstable(now, gains(now))[0]
        going = would & (now[0] == leaving)
        if not going.any():
            break
        now = now ^ going
        moved[going] = len(seen)
        seen.append(now[0])
    members = np.array(seen)
    return Path(members, array(members @ shares), moved, not would.any())


def leave(
    gains_of: Callable[[Members, Rounds], Array], members: Members
) -> tuple[Members, Members]:
    """Round by round all who lose by being in leave: last sets (B, S), whether stable (B,).

    gains_of takes the sets that lost somebody in the last round, and their rows in `members`.
    """
    members = members.copy()
    stable = np.zeros(len(members), dtype=bool)
    moving = np.arange(len(members))
    while moving.size:
        now = members[moving]
        would = unstable(now, gains_of(now, moving))
        stable[moving] = ~would.any(axis=1)
        members[moving] = now & ~would
        moving = moving[(now & would).any(axis=1)]
    return members, stable


def settle(
    gains_of: Callable[[Members, Rounds], Array],
    members: Members,
    steps: int,
    rng: np.random.Generator | None = None,
) -> tuple[Members, Members]:
    """Change one sponsor at a time until nobody wants to change: sets (B, S), found (B,).

    Of those who want to change, the one with most at stake does; with `rng` one of them at random.
    gains_of takes the sets still moving and their rows in `members`: each may be another market's.
    """
    members = members.copy()
    found = np.zeros(len(members), dtype=bool)
    moving = np.arange(len(members))
    for _ in range(steps):
        now = members[moving]
        gained = gains_of(now, moving)
        would = unstable(now, gained)
        wants = would.any(axis=1)
        found[moving[~wants]] = True
        moving = moving[wants]
        if not moving.size:
            break
        pressure = np.abs(gained) if rng is None else rng.random(gained.shape)
        chosen = np.where(would, pressure, -1.0).argmax(axis=1)
        members[moving, chosen[wants]] ^= True
    return members, found


def changes_in_a_circle(gains: Gains, start: Members, steps: int) -> Members | None:
    """Sets (L, S) that one change at a time, each a gain to who makes it, leads back to.

    The last set is the first again. None where nobody wants to change, or after `steps`.

    >>> pennies = of_function(lambda j, members: 1 if members[1 - j] == (j == 0) else -1)
    >>> changes_in_a_circle(pennies, np.array([True, True]), 10).astype(int).tolist()
    [[1, 1], [1, 0], [0, 0], [0, 1], [1, 1]]
    """
    seen = {start.tobytes(): 0}
    sets = [start]
    for _ in range(steps):
        after, found = settle(lambda members, _: gains(members), sets[-1][None], 1)
        if found[0]:
            return None
        sets.append(after[0])
        key = after[0].tobytes()
        if key in seen:
            return np.array(sets[seen[key] :])
        seen[key] = len(sets) - 1
    return None


@dataclass(frozen=True)
class Joining:
    """The stable sets of one market, and how they were found.

    `proven`: without a rule, `greatest` and `least` are so among all stable sets, or there is none;
    with a rule, `launching` is the stable set of the greatest share that meets it, or none does.
    """

    method: Method
    proven: bool
    keeps_its_sign: bool  # best response from both ends gives the extremes
    sets: Members  # (K, S) stable sets, the greatest share first; all of them if every subset
    ordered: bool  # the first of them holds, and the last is held by, all the others
    launching: Members | None  # (S,)
    cycle: Members | None  # (L, S) where no stable set was found: changes that lead back
    leaving: Path  # from everybody
    joining: Path  # from nobody

    @property
    def greatest(self) -> Members | None:
        """The stable set of the greatest joining share, (S,)."""
        return self.sets[0] if len(self.sets) else None

    @property
    def least(self) -> Members | None:
        """The stable set of the least joining share, (S,)."""
        return self.sets[-1] if len(self.sets) else None

    @property
    def no_pure_equilibrium(self) -> bool:
        """No joining set is stable: proven where every subset was looked at, else none found."""
        return not len(self.sets)

    @property
    def label(self) -> str:
        """What stands beside the answer."""
        return "proven" if self.proven else "not proven"


def solve(
    gains: Gains,
    shares: Array,
    *,
    seed: int,
    rule: float | None = None,
    sign_kept: bool = False,
) -> Joining:
    """Stable sets by best response, by every subset up to 12 sponsors, or from many starts.

    shares (S,) of the denominator; `seed` draws the starts; `rule` only says which sets launch: it
    has to be in `gains` already. `sign_kept`: it is known that no gain's sign falls as others join
    (with a rule: where the model runs with the sponsor in it). Up to 12 sponsors it is looked up.

    >>> everyone = solve(of_function(lambda j, members: 1.0), np.full(3, 0.3), seed=1)
    >>> everyone.sets.tolist(), everyone.label
    ([[True, True, True]], 'proven')
    """
    count = len(shares)
    leaving, joining = (path(gains, shares, one) for one in (True, False))
    ends = np.array([leaving.members[-1], joining.members[-1]])
    enumerated = count <= ENUMERATED
    if enumerated:
        tried = every_set(count)
        gained = gains(tried)
        held = ~unstable(tried, gained).any(axis=1)
        share = np.where(tried, 0.0, shares) + (tried @ shares)[:, None]
        asked = np.ones_like(tried) if rule is None else meets(share, rule)
        sign_kept = keeps_its_sign(gained, asked)
    elif sign_kept:
        nobody = np.zeros(count, dtype=bool)
        tried = np.array([*ends, nobody])
        held = ~unstable(tried, gains(tried)).any(axis=1)
    if not enumerated and (not sign_kept or not held.any()):
        tried, held = _from_many_starts(gains, ends, np.random.default_rng(seed))
    sets = _largest_first(tried[held], shares)
    launching = None
    if rule is None:
        launching = sets[0] if len(sets) and sets[0].any() else None
    elif len(sets) and meets(sets[0] @ shares, rule):
        launching = sets[0]
    cycle = None
    if not len(sets):
        steps = 2**count if enumerated else 2 * STEPS * count
        cycle = changes_in_a_circle(gains, np.ones(count, dtype=bool), steps)
    return Joining(
        method="best response" if sign_kept else "every subset" if enumerated else "starts",
        proven=sign_kept or enumerated,
        keeps_its_sign=sign_kept,
        sets=sets,
        ordered=bool(len(sets)) and bool((sets <= sets[0]).all() and (sets >= sets[-1]).all()),
        launching=launching,
        cycle=cycle,
        leaving=leaving,
        joining=joining,
    )


def _from_many_starts(
    gains: Gains, ends: Members, rng: np.random.Generator
) -> tuple[Members, Members]:
    """Sets and whether they are stable: changed one at a time from both ends and random starts."""
    count = ends.shape[1]

    def gains_of(members: Members, _: Rounds) -> Array:
        return gains(members)

    both = np.array([np.full(count, True), np.full(count, False)])
    plain, found = settle(gains_of, both, STEPS * count)
    starts = np.concatenate([ends, rng.random((STARTS, count)) < rng.random((STARTS, 1))])
    drawn, drawn_found = settle(gains_of, starts, STEPS * count, rng)
    return np.concatenate([plain, drawn]), np.concatenate([found, drawn_found])


def _largest_first(sets: Members, shares: Array) -> Members:
    """Each set once, the greatest share first, then the one with more members."""
    if not len(sets):
        return sets
    sets = np.unique(sets, axis=0)[::-1]
    order = np.lexsort((-sets.sum(axis=1), -np.round(sets @ shares, 12)))
    return np.asarray(sets[order])
