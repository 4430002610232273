"""Value of information: what knowing an input before deciding is worth (model section 11).

Pure functions over draws. Amounts are USD by draw, (N,); what may be learned is a column by draw,
(N,) or (N, K) where several are learned together. What is expected of an amount by whoever has
learned them is a regression on them (Strong, Oakley and Brennan 2014, 10.1177/0272989X13505910).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from calculator.model.arrays import Array, array
from calculator.model.risk import evpi, standard_error

__all__ = ["Estimate", "Paths", "Regression", "best", "evpi", "evppi", "exit_evpi", "exit_evppi"]

# Highest power of one input, and of several together, in a regression.
ALONE, TOGETHER = 5, 3
# Draws for each coefficient: fewer would fit noise.
DRAWS_A_TERM = 8
# Standard errors by which an input must lower the error of leaving one draw out.
SURE = 2.0
SMALL = 1e-12


@dataclass(frozen=True)
class Estimate:
    """An amount with the standard error that comes from the number of draws."""

    value: float
    error: float


class Regression:
    """What is expected of an amount given what was learned, by least squares on polynomials.

    Each learned column enters as its normal scores, so that any distribution and any monotone
    scale give the same answer; terms are Hermite polynomials of them and their products. How far
    the terms go is chosen by the error of leaving one draw out. An input must lower that error by
    two standard errors, else it explains nothing; what a fit owes to chance (terms / draws of the
    residual variance) is taken back by shrinking it to the mean.

    >>> rng = np.random.default_rng(1)
    >>> learned, noise = rng.normal(size=(2, 4096))
    >>> fitted = Regression(learned)(3.0 * learned + noise)
    >>> bool(np.corrcoef(fitted, learned)[0, 1] > 0.999)
    True
    """

    def __init__(self, learned: Array) -> None:
        columns = np.atleast_2d(array(learned).T).T
        moving = columns[:, np.ptp(columns, axis=0) > 0.0]
        self.draws = len(columns)
        terms, self.ends = _terms(moving.shape[1], self.draws)
        basis = np.column_stack([np.ones(self.draws), *_products(_scores(moving), terms)])
        self.basis, _ = np.linalg.qr(basis)
        # The leverage of each draw under each of the nested sets of terms, (ends, N).
        self.leverage = np.cumsum(self.basis**2, axis=1)[:, self.ends].T

    def __call__(self, amounts: Array, *, rough: bool = False) -> Array:
        """The expectation by draw, of the shape of `amounts`: (N,), or (N, Y) column by column.

        rough: the fit as it is, with at least the first powers: what chance could make of it.
        """
        wide = np.atleast_2d(array(amounts).T).T
        mean = wide.mean(axis=0)
        centred = wide - mean
        size = np.maximum(centred.std(axis=0), np.finfo(float).tiny)
        centred = centred / size
        if not np.any(centred) or len(self.ends) == 1:
            return array(np.broadcast_to(mean, wide.shape).reshape(np.shape(amounts)))
        loads = self.basis.T @ centred
        # Squared error of each draw when it is left out, (ends, N).
        fits = [self.basis[:, : end + 1] @ loads[: end + 1] for end in self.ends]
        errors = [
            (((centred - fit) / np.maximum(1.0 - leverage, SMALL)[:, None]) ** 2).sum(axis=1)
            for fit, leverage in zip(fits, self.leverage, strict=True)
        ]
        chosen = 1 + int(np.argmin([error.sum() for error in errors[1:]]))
        fitted, used = fits[chosen], int(self.ends[chosen])
        if not rough:
            saved = errors[0] - errors[chosen]
            sure = saved.mean() > SURE * saved.std() / np.sqrt(self.draws)
            left = ((centred - fitted) ** 2).sum(axis=0) / max(self.draws - used - 1, 1)
            chance = used * left / self.draws
            kept = 1.0 - chance / np.maximum(fitted.var(axis=0), SMALL)
            fitted = fitted * np.sqrt(np.clip(kept, 0.0, 1.0)) if sure else 0.0 * fitted
        return array((mean + fitted * size).reshape(np.shape(amounts)))


def given(observed: Array, learned: Array | None) -> Callable[[Array], Array]:
    """What is expected given what is observed anyway and, if it is, what was learned before.

    What was learned explains what x leaves, so that an input that adds nothing changes nothing.
    """
    seen = np.atleast_2d(array(observed).T).T
    steps = [Regression(seen)]
    if learned is not None:
        steps.append(Regression(np.column_stack([seen, learned])))

    def expected(amounts: Array) -> Array:
        found = np.zeros_like(amounts)
        for step in steps:
            found = found + step(amounts - found)
        return array(found)

    return expected


def _terms(columns: int, draws: int) -> tuple[list[tuple[int, ...]], list[int]]:
    """Terms as the columns they multiply, in nested sets, and the last term of each set.

    First all columns alone, then their powers, then products of two, then of three.
    """
    sets: list[list[tuple[int, ...]]] = []
    powers = ALONE if columns == 1 else TOGETHER
    for power in range(1, powers + 1):
        sets.append([(column,) * power for column in range(columns)])
    if columns > 1:
        for power in range(2, TOGETHER + 1):
            mixed = combinations_with_replacement(range(columns), power)
            sets.append([term for term in mixed if len(set(term)) > 1])
    terms: list[tuple[int, ...]] = []
    ends = [0]
    for added in sets:
        if not added or (len(terms) + len(added) + 1) * DRAWS_A_TERM > draws:
            break
        terms += added
        ends.append(len(terms))
    return terms, ends


def _scores(columns: Array) -> Array:
    """Normal scores of each column: the normal quantiles of its ranks, (N, K)."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    if not columns.shape[1]:
        return columns
    return array(ndtri((rankdata(columns, axis=0) - 0.5) / len(columns)))


def _products(scores: Array, terms: list[tuple[int, ...]]) -> list[Array]:
    """Each term as the product of Hermite polynomials of its columns, (N,) each."""
    from numpy.polynomial.hermite_e import hermeval

    known: dict[tuple[int, int], Array] = {}
    found = []
    for term in terms:
        product = array(1.0)
        for column in sorted(set(term)):
            power = term.count(column)
            if (column, power) not in known:
                known[column, power] = array(hermeval(scores[:, column], np.eye(power + 1)[power]))
            product = product * known[column, power]
        found.append(product)
    return found


# ------------------------------------------------------------------------------- committed


def evppi(values: Array, learned: Array, before: Array | None = None) -> Estimate:
    """Expected value of knowing some inputs before a decision that is then kept, USD.

    E[max(E[V | learned], 0)] - max(E[V], 0). values: V by draw as it is for whoever has learned
    them (a bid is then priced on it); before: V for whoever has not, where that differs.

    >>> learned = np.linspace(-1.0, 1.0, 1001)
    >>> round(evppi(2.0 * learned, learned).value, 2), evppi(3.0 + learned, learned).value
    (0.5, 0.0)
    """
    regression = Regression(learned)
    known = values if before is None else before
    expected = regression(values)
    without = max(float(known.mean()), 0.0)
    found = float(np.maximum(expected, 0.0).mean()) - without
    # The rule's payoff by draw against deciding now; by the rough fit, or an input that seems to
    # move nothing would have no error.
    follows = np.where(regression(values, rough=True) > 0.0, values, 0.0)
    gain = follows - (known if without > 0.0 else 0.0)
    return _estimate(found, gain, known)


def _estimate(found: float, gain: Array, amounts: Array) -> Estimate:
    """Never below 0: what was learned may be left unused."""
    return Estimate(_above(found, amounts), standard_error(gain))


def _above(found: float, amounts: Array) -> float:
    """What is above 0 by more than the rounding of the amounts it is a difference of."""
    return found if found > SMALL * float(np.abs(amounts).max(initial=0.0)) else 0.0


# ------------------------------------------------------------------------------- with exit


@dataclass(frozen=True)
class Paths:
    """What joining, staying and entering a year later are worth by draw, USD.

    first: v1, the first year; later: W, all later years if the payer stays; entering: W', all of
    them if it enters a year later (None: it cannot wait); observed: x, what is seen by the time of
    the next bid, (N, K).
    """

    first: Array
    later: Array
    entering: Array | None
    observed: Array
    exit_cost: float

    @property
    def committed(self) -> Array:
        """The value of joining to the end, by draw."""
        return self.first + self.later


@dataclass(frozen=True)
class Best:
    """What each choice is worth today, USD: join (and leave if that is better), wait, neither."""

    join: float
    wait: float | None

    @property
    def value(self) -> float:
        """V*: the best of them."""
        return max(self.join, self.wait or 0.0, 0.0)

    @property
    def choice(self) -> str:
        """join, wait or stay_out."""
        if self.value <= 0.0:
            return "stay_out"
        return "join" if self.join >= self.value else "wait"


def best(paths: Paths) -> Best:
    """The choice today of a payer that may leave after a year at a cost, or enter a year later.

    V_join = E[v1] + E[max(E[W | x], -X)];  V_wait = E[max(E[W' | x], 0)].

    >>> loss = Paths(np.full(8, -1.0), np.full(8, -9.0), None, np.arange(8.0), exit_cost=2.0)
    >>> best(loss).join, best(loss).choice
    (-3.0, 'stay_out')
    """
    plan = _plan(paths, None)
    wait = None if plan.wait is None else float(plan.wait.mean())
    return Best(float(plan.join.mean()), wait)


def exit_evpi(paths: Paths, known: Paths | None = None) -> float:
    """Expected value of perfect information with exit, USD.

    E[max(v1 + max(W, -X), max(W', 0))] - V*. known: the paths for whoever knows the draw (a bid is
    then priced at its own cost), where they differ. When exit costs more than any loss and nobody
    can wait, this is `evpi(v1 + W)`.
    """
    seen = paths if known is None else known
    worth = seen.first + np.maximum(seen.later, -seen.exit_cost)
    otherwise = array(0.0) if seen.entering is None else np.maximum(seen.entering, 0.0)
    gain = float(np.maximum(worth, otherwise).mean()) - best(paths).value
    return _above(gain, paths.committed)


def exit_evppi(paths: Paths, learned: Array, known: Paths | None = None) -> Estimate:
    """Expected value of knowing some inputs before the decision, with exit, USD.

    E[max(V_join(learned), V_wait(learned), 0)] - V*, each choice with x and what was learned.
    known: the paths for whoever has learned them, where they differ.
    """
    seen = paths if known is None else known
    now = best(paths)
    after, without, regression = _plan(seen, learned), _plan(paths, None), Regression(learned)
    # Together, so that an input moves both choices or neither.
    choices = np.column_stack(
        [after.join, array(0.0 * after.join) if after.wait is None else after.wait]
    )
    found = float(np.maximum(regression(choices).max(axis=1), 0.0).mean()) - now.value
    rough = regression(choices, rough=True)
    follows = np.where(
        rough.max(axis=1) > 0.0, choices[np.arange(len(rough)), rough.argmax(axis=1)], 0.0
    )
    paid = {"join": without.join, "wait": without.wait, "stay_out": None}[now.choice]
    return _estimate(found, follows - (0.0 if paid is None else paid), paths.committed)


def after_evpi(paths: Paths) -> float:
    """What perfect information is worth to a payer that has joined: it may leave, USD.

    E[max(W, -X)] - E[max(E[W | x], -X)].
    """
    knows = paths.first + np.maximum(paths.later, -paths.exit_cost)
    return _above(float((knows - _plan(paths, None).join).mean()), paths.later)


def after_evppi(paths: Paths, learned: Array) -> Estimate:
    """What knowing some inputs is worth to a payer that has joined: it may leave, USD.

    E[max(E[W | x, learned], -X)] - E[max(E[W | x], -X)].
    """
    without, informed = _plan(paths, None), _plan(paths, learned)
    gain = informed.join - without.join
    return _estimate(float(gain.mean()), gain, paths.later)


@dataclass(frozen=True)
class _Plan:
    """What joining and waiting pay by draw, with what is done at the next bid."""

    join: Array
    wait: Array | None


def _plan(paths: Paths, learned: Array | None) -> _Plan:
    """Stay or leave, enter or not, on x and what was learned before.

    The rules come from expectations, what they pay from the draws: so E[max(E[W | x], -X)] is what
    following the rule brings, and a misfit of the regression lowers it and makes no value.
    """
    expected = given(paths.observed, learned)
    stays = expected(paths.later) > -paths.exit_cost
    join = array(paths.first + np.where(stays, paths.later, -paths.exit_cost))
    if paths.entering is None:
        return _Plan(join, None)
    return _Plan(join, array(np.where(expected(paths.entering) > 0.0, paths.entering, 0.0)))
