"""Uncertain inputs as draws: what a run reads that has a range, and one scrambled Sobol table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calculator import medicaid_inputs, part_d_inputs
from calculator.assumptions import Register, nearest
from calculator.errors import InputError
from calculator.model.arrays import Array, array
from calculator.register import A_DATE, day_word
from calculator.scenario import PlanScenario, Scenario, StateScenario
from calculator.schema import Dated, Range

# A range of beta and lognormal is a 95% interval; the ends of the others are ends.
TAIL = 0.025
# What a decision reads beside the inputs of the model.
READ_LATER = ("assumptions.payment.discount_rate",)
FEW_POINTS = 8
MOST_DRAWS = 2**15
# A Sobol point can lie at 0, where a lognormal has no value.
SMALLEST = 2.0**-40
ROUNDING = 1e-9


# ----------------------------------------------------------------------------- what is uncertain


@dataclass(frozen=True)
class UncertainInput:
    """One uncertainty: an entry with a range, its dated values and what moves with it.

    parts: path to set (with its date where the entry has several dates), value and range; all take
    the same quantile of their own range.
    """

    path: str  # the entry's, without a date
    label: str
    unit: str
    status: str
    parts: tuple[tuple[str, float, Range], ...]
    limits: tuple[tuple[float, float], ...]  # what each part's entry may be

    def at(self, quantiles: Array) -> dict[str, Array]:
        """Values of every part at these quantiles (0 to 1), held within what its entry may be."""
        found = {}
        for (path, value, spread), limits in zip(self.parts, self.limits, strict=True):
            try:
                drawn = quantile(value, spread, quantiles)
            except ValueError as error:
                given = f"{spread.low:g} to {spread.high:g}"
                raise InputError(f"{path}.range", str(error), given) from None
            found[path] = array(np.clip(drawn, *limits))
        return found


class _Recorder(Register):
    """A register that remembers which dated values were read."""

    def __init__(self, register: Register) -> None:
        super().__init__(register.tree, register.entries)
        self.own_source = register.own_source
        self.seen: dict[str, set[dt.date]] = {}

    def dated(self, path: str, day: dt.date) -> tuple[dt.date, Dated]:
        since, found = super().dated(path, day)
        self.seen.setdefault(path, set()).add(since)
        return since, found


def uncertain_inputs(scenario: Scenario) -> tuple[UncertainInput, ...]:
    """Every uncertainty that a run of the scenario reads, its own fields included.

    A value that is not read (of another year, another program, another persistence curve) is left
    out; one that others grow from is in, and what follows from it moves with it. An entry that
    `moves_with` another is part of that one. InputError for a range without a number, or one that
    does not hold its value.
    """
    register = _Recorder(scenario.register())
    if isinstance(scenario, StateScenario):
        medicaid_inputs.build_inputs(scenario, register)
    else:
        assert isinstance(scenario, PlanScenario)
        part_d_inputs.build_inputs(scenario, register, FEW_POINTS)
    for path in READ_LATER:
        register.number(path)
    ranged = {path: _ranged(register, path) for path in register.entries if path in register.seen}
    ranged = {path: parts for path, parts in ranged.items() if parts}
    groups: dict[str, list[str]] = {}
    for path in ranged:
        leader = register.entries[path].moves_with
        groups.setdefault(f"assumptions.{leader}" if leader else path, []).append(path)
    found = []
    for leader, paths in groups.items():
        # Named by the one the others move with, if that is uncertain itself.
        first = leader if leader in paths else paths[0]
        ordered = [first, *(path for path in paths if path != first)]
        entry = register.entries[first]
        status = entry.values[max(register.seen[first])].status
        parts = tuple(part for path in ordered for part in ranged[path])
        limits = tuple(register.bounds(name) for name, _, _ in parts)
        found.append(UncertainInput(first, entry.label, entry.unit, status, parts, limits))
    return tuple(found)


def _ranged(register: _Recorder, path: str) -> list[tuple[str, float, Range]]:
    """The dated values of an entry that were read and have a range: path, value, range."""
    entry = register.entries[path]
    parts = []
    for day in sorted(register.seen[path]):
        dated = entry.values[day]
        if dated.range is None:
            continue
        low, high = dated.range.low, dated.range.high
        number = dated.value
        if (
            entry.kind != "number"
            or isinstance(number, bool)
            or not isinstance(number, float | int)
        ):
            raise InputError(
                f"{path}.range", "none: only a number has a range", f"{low:g} to {high:g}"
            )
        if not low <= number <= high:
            allowed = f"a range that holds the value {number:g}"
            raise InputError(f"{path}.range", allowed, f"{low:g} to {high:g}")
        name = path if len(entry.values) == 1 else f"{path}.{day_word(day)}"
        parts.append((name, float(number), dated.range))
    return parts


# ------------------------------------------------------------------------------------- quantiles


def quantile(value: float, spread: Range, at: Array) -> Array:
    """The quantiles `at` (0 to 1) of an uncertain value.

    triangular: from low to high, its mode at the value; uniform: from low to high; normal and
    lognormal: the median at the value, low and high the 95% interval, each side with its own
    spread; beta: low and high its 95% interval. A range without width is the value. ValueError
    where low and high are not possible for the distribution.

    >>> half = np.array([0.5])
    >>> float(quantile(3.0, Range(low=1, high=9, dist="lognormal"), half)[0])
    3.0
    >>> float(quantile(3.0, Range(low=3, high=3, dist="beta"), half)[0])
    3.0
    >>> ends = quantile(3.0, Range(low=1, high=4, dist="normal"), np.array([0.025, 0.975]))
    >>> np.round(ends, 9).tolist()
    [1.0, 4.0]
    """
    from scipy import special, stats

    low, high = spread.low, spread.high
    if low == high:
        return np.full(np.shape(at), value)
    if spread.dist == "uniform":
        return array(low + (high - low) * at)
    if spread.dist == "triangular":
        return array(stats.triang.ppf(at, (value - low) / (high - low), low, high - low))
    step = special.ndtri(at) / special.ndtri(1.0 - TAIL)
    if spread.dist == "normal":
        return array(value + step * np.where(step < 0.0, value - low, high - value))
    if spread.dist == "lognormal":
        if low <= 0.0:
            raise ValueError("a lognormal range lies above 0")
        side = np.where(step < 0.0, np.log(value / low), np.log(high / value))
        return array(value * np.exp(step * side))
    if not 0.0 < low < high < 1.0:
        raise ValueError("a beta range lies between 0 and 1")
    return array(special.betaincinv(*_beta(low, high), at))


def _beta(low: float, high: float) -> tuple[float, float]:
    """The beta distribution whose 95% interval is low to high."""
    from scipy import optimize, special

    deviation = (high - low) / (2.0 * special.ndtri(1.0 - TAIL))
    middle = (low + high) / 2.0
    size = max(middle * (1.0 - middle) / deviation**2 - 1.0, 0.5)

    def gap(logs: Array) -> Array:
        first, second = np.exp(logs)
        ends = [special.betainc(first, second, end) for end in (low, high)]
        return array(ends) - [TAIL, 1.0 - TAIL]

    found = optimize.root(gap, np.log([middle * size, (1.0 - middle) * size]))
    if not found.success:
        raise ValueError("no beta distribution has this range")
    first, second = np.exp(found.x)
    return float(first), float(second)


# ---------------------------------------------------------------------------------------- a table


@dataclass(frozen=True)
class Draws:
    """One table of draws: N draws of every uncertain input."""

    inputs: tuple[UncertainInput, ...]
    seed: int
    asked: int  # as asked for; `count` is the next power of two
    quantiles: Array  # (N, inputs) 0 to 1
    cases: Mapping[str, Array]  # path to set -> (N,)
    correlations: Mapping[str, Mapping[str, float]]  # rank correlations, as the scenario gives them

    @property
    def count(self) -> int:
        """Number of draws N."""
        return len(self.quantiles)

    def of(self, path: str) -> Array:
        """Drawn values of one uncertainty, its first part's, (N,)."""
        for one in self.inputs:
            if one.path == path:
                return self.cases[one.parts[0][0]]
        raise InputError("path", nearest(path, [one.path for one in self.inputs]), path)


def power_of_two(count: int) -> int:
    """The count, or the next power of two above it; an InputError below 1.

    >>> power_of_two(512), power_of_two(1000)
    (512, 1024)
    """
    if not 1 <= count <= MOST_DRAWS:
        raise InputError("draws", f"a number from 1 to {MOST_DRAWS:,}", count)
    return int(1 << (count - 1).bit_length())


def draws(
    scenario: Scenario,
    count: int,
    seed: int,
    inputs: Sequence[UncertainInput] | None = None,
) -> Draws:
    """`count` draws (rounded up to a power of two) of the scenario's uncertain inputs.

    One scrambled Sobol sequence, so the same seed gives the same draws; rank correlations are the
    scenario's. inputs: those to draw, by default all of `uncertain_inputs`. InputError for a range
    that its distribution cannot have and for correlations that cannot be.
    """
    chosen = uncertain_inputs(scenario) if inputs is None else tuple(inputs)
    size = power_of_two(count)
    given = scenario.uncertainty.correlations
    table = uniforms(size, len(chosen), seed)
    if given:
        # Checked against all there are, so that some of them can be drawn alone.
        every = uncertain_inputs(scenario)
        places = [[one.path for one in every].index(one.path) for one in chosen]
        table = correlated(table, rank_correlations(given, every)[np.ix_(places, places)])
    return Draws(chosen, seed, count, table, drawn(chosen, table), given)


def uniforms(count: int, width: int, seed: int) -> Array:
    """`count` points (a power of two) of one scrambled Sobol sequence, (count, width) in 0 to 1."""
    from scipy.stats import qmc

    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError("seed", "a whole number from 0 up", seed)
    if width == 0:
        return np.zeros((count, 0))
    engine = qmc.Sobol(width, scramble=True, rng=np.random.default_rng(seed))
    return array(np.clip(engine.random(count), SMALLEST, 1.0 - SMALLEST))


def drawn(inputs: Sequence[UncertainInput], quantiles: Array) -> dict[str, Array]:
    """Uncertain inputs at their quantiles, (N, inputs), as cases of a run: path to set -> (N,)."""
    cases: dict[str, Array] = {}
    for column, one in enumerate(inputs):
        cases.update(one.at(quantiles[:, column]))
    return cases


def rank_correlations(
    given: Mapping[str, Mapping[str, float]], inputs: Sequence[UncertainInput]
) -> Array:
    """Rank correlations by path as a matrix, (inputs, inputs).

    A path may be that of any part of an uncertainty, with or without its date. An InputError names
    a path that is not uncertain here, with the nearest that are; a number outside -1 to 1; and a
    pair that is one uncertainty, or is given twice with two numbers.
    """
    field = "uncertainty.correlations"
    places: dict[str, int] = {}
    for column, one in enumerate(inputs):
        for path, _, _ in one.parts:
            entry, _, last = path.rpartition(".")
            places[path] = places[entry if A_DATE.fullmatch(last) else path] = column
        places[one.path] = column

    def place(path: str) -> int:
        if path not in places:
            known = [one.path for one in inputs]
            raise InputError(field, f"an uncertain input: {nearest(path, known)}", path)
        return places[path]

    matrix = np.full((len(inputs), len(inputs)), np.nan)
    np.fill_diagonal(matrix, 1.0)
    for first, pairs in given.items():
        row = place(first)
        for second, number in pairs.items():
            column, pair = place(second), f"{first} with {second}"
            if not -1.0 <= number <= 1.0:
                raise InputError(field, f"a number from -1 to 1 for {pair}", number)
            known = matrix[row, column]
            if row == column and number != 1.0:
                raise InputError(field, f"1 for {pair}: they are one uncertainty", number)
            if not np.isnan(known) and known != number:
                raise InputError(field, f"one number for {pair}, and the same both ways", number)
            matrix[row, column] = matrix[column, row] = number
    return array(np.nan_to_num(matrix))


def correlated(table: Array, rank: Array) -> Array:
    """Columns with these rank correlations, by a Gaussian copula; each stays as even as it was.

    table (N, D): independent quantiles; rank (D, D). An InputError where no set of inputs can have
    these correlations with each other. Columns without any are left as they are.

    >>> even = (np.arange(8)[:, None] + 0.5) / 8
    >>> one = correlated(np.hstack([even, even[::-1]]), np.ones((2, 2)))
    >>> bool(np.allclose(one[:, 0], one[:, 1]))
    True
    """
    from scipy import special

    # A normal pair with this correlation has the rank correlation asked for.
    normal = 2.0 * np.sin(np.pi / 6.0 * rank)
    np.fill_diagonal(normal, 1.0)
    bound = np.flatnonzero((np.abs(normal - np.eye(len(normal))) > 0.0).any(axis=1))
    if len(bound) == 0:
        return table
    values, vectors = np.linalg.eigh(normal[np.ix_(bound, bound)])
    if values.min() < -ROUNDING:
        raise InputError(
            "uncertainty.correlations",
            "numbers that can hold together (a positive semidefinite matrix)",
            f"a smallest eigenvalue of {values.min():.3g}",
        )
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    # Triangular, so that the first inputs of a group keep their own columns.
    mix = array(np.linalg.qr(root.T, mode="r")).T
    mix = mix * np.where(np.diag(mix) < 0.0, -1.0, 1.0)
    moved = table.copy()
    moved[:, bound] = special.ndtr(special.ndtri(table[:, bound]) @ mix.T)
    return array(np.clip(moved, SMALLEST, 1.0 - SMALLEST))
