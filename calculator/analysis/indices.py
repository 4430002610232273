"""Global sensitivity: how much of the spread of an answer each uncertain input explains.

Sobol indices by SALib (extra `gsa`): Saltelli's design, first-order and total.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from calculator.analysis.draws import (
    UncertainInput,
    drawn,
    draws,
    power_of_two,
    uncertain_inputs,
)
from calculator.decision import evaluate
from calculator.errors import InputError
from calculator.model.arrays import Array, array
from calculator.part_d_decision import Evaluation
from calculator.result import Progress
from calculator.scenario import Scenario

# Rows evaluated at once: what bounds memory.
CHUNK = 4096
# Draws behind the cost that a bid expects.
EXPECTED_DRAWS = 1024
# Fewer draws say nothing of a variance; more runs than these take hours.
LEAST, MOST_RUNS = 16, 2**19
RESAMPLES, LEVEL = 100, 0.95


@dataclass(frozen=True)
class Index:
    """What one input explains of the variance of the answer, with 95% half-widths."""

    name: str
    first: float  # alone
    first_error: float
    total: float  # alone and together with others
    total_error: float


@dataclass(frozen=True)
class Indices:
    """Sobol indices of every uncertain input of a scenario, the greatest total first."""

    inputs: tuple[UncertainInput, ...]  # in the order of `found`
    found: tuple[Index, ...]
    draws: int
    asked: int
    seed: int
    runs: int
    mean: float  # value of joining, USD PMPM
    deviation: float

    @property
    def alone(self) -> float:
        """What all inputs explain each by itself; the rest is what they do together."""
        return sum(one.first for one in self.found)


def sobol_indices(
    run: Callable[[Array], Array],
    names: Sequence[str],
    count: int,
    seed: int,
    progress: Progress | None = None,
) -> tuple[tuple[Index, ...], Array]:
    """Indices of any function of independent inputs, and its values.

    run takes quantiles (R, D) from 0 to 1 and gives (R,); it is called on parts of count * (D + 2)
    rows. progress(done, rows) after each. InputError where SALib is not installed.
    """
    if importlib.util.find_spec("SALib") is None:
        allowed = 'the extra gsa: pip install "balance-calculator[gsa]"'
        raise InputError("SALib", allowed, "not installed")
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol as sample

    problem = {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}
    generator = np.random.default_rng(seed)
    rows = array(sample.sample(problem, count, calc_second_order=False, seed=generator))
    parts = []
    for start in range(0, len(rows), CHUNK):
        parts.append(array(run(rows[start : start + CHUNK])))
        if progress:
            progress(min(start + CHUNK, len(rows)), len(rows))
    values = np.concatenate(parts)
    if np.ptp(values) <= 1e-12 * (1.0 + np.abs(values).max()):
        nothing = tuple(Index(name, 0.0, 0.0, 0.0, 0.0) for name in names)
        return nothing, values
    # SALib takes 0 for no seed.
    found = analyze.analyze(
        problem, values, calc_second_order=False, num_resamples=RESAMPLES, conf_level=LEVEL,
        seed=seed + 1,
    )  # fmt: skip
    columns = (found[key] for key in ("S1", "S1_conf", "ST", "ST_conf"))
    return tuple(
        Index(name, *map(float, row)) for name, *row in zip(names, *columns, strict=True)
    ), values


def runs_needed(scenario: Scenario, count: int) -> int:
    """Runs behind `indices`: draws x (uncertain inputs + 2)."""
    return power_of_two(count) * (len(uncertain_inputs(scenario)) + 2)


def indices(
    scenario: Scenario,
    count: int = 512,
    seed: int = 1,
    *,
    resolution: str = "full",
    progress: Progress | None = None,
) -> Indices:
    """What each uncertain input explains of the spread of the value of joining, USD PMPM.

    Inputs vary independently (rank correlations are not used). A bid is priced at the mean cost of
    draws, the same for every run, so that each run's answer is its own inputs'.
    """
    inputs = uncertain_inputs(scenario)
    if not inputs:
        raise InputError("scenario", "at least one input with a range", "none")
    size = power_of_two(count)
    rows = size * (len(inputs) + 2)
    if size < LEAST or rows > MOST_RUNS:
        most = 1 << ((MOST_RUNS // (len(inputs) + 2)).bit_length() - 1)
        raise InputError(
            "draws", f"a number from {LEAST} to {most:,} for {len(inputs)} inputs", count
        )
    expected = _expected(scenario, seed, resolution)
    before = 0

    def told(done: int, count: int) -> None:
        if progress:
            progress(before + min(CHUNK, rows - before) * done // max(count, 1), rows)

    def run(quantiles: Array) -> Array:
        nonlocal before
        result = evaluate(
            scenario,
            drawn(inputs, quantiles),
            resolution,
            draws=len(quantiles),
            interpolate=True,
            expected=expected,
            progress=told,
        ).result
        before += len(quantiles)
        months = np.broadcast_to(result.member_months, result.value.shape).sum(axis=1)
        return array(np.broadcast_to(result.value.sum(axis=1) / months, (len(quantiles),)))

    found, values = sobol_indices(run, [one.path for one in inputs], size, seed, progress)
    order = sorted(range(len(inputs)), key=lambda index: -found[index].total)
    return Indices(
        inputs=tuple(inputs[index] for index in order),
        found=tuple(found[index] for index in order),
        draws=size,
        asked=count,
        seed=seed,
        runs=len(values),
        mean=float(values.mean()),
        deviation=float(values.std()),
    )


def _expected(scenario: Scenario, seed: int, resolution: str) -> Callable[[Array], Array] | None:
    """The cost that a bid expects, by year: the mean of a set of draws; None without a bid.

    With movers two costs are priced, without them first and then with them, in the same order on
    every run.
    """
    table = draws(scenario, EXPECTED_DRAWS, seed)
    means: list[Array] = []

    def mean(cost: Array) -> Array:
        means.append(cost.mean(axis=0, keepdims=True))
        return array(np.broadcast_to(means[-1], cost.shape))

    run = evaluate(
        scenario, table.cases, resolution, draws=table.count, interpolate=True, expected=mean
    )
    if not isinstance(run, Evaluation) or not run.inputs.has_bid or not means:
        return None
    calls = 0

    def known(cost: Array) -> Array:
        nonlocal calls
        found = means[calls % len(means)]
        calls += 1
        return array(np.broadcast_to(found, cost.shape))

    return known


def indices_dict(found: Indices) -> dict[str, Any]:
    """Plain data, unrounded."""
    return {
        "draws": found.draws,
        "asked": found.asked,
        "seed": found.seed,
        "runs": found.runs,
        "mean_pmpm": found.mean,
        "standard_deviation_pmpm": found.deviation,
        "inputs": [
            {
                "path": one.path,
                "label": one.label,
                "unit": one.unit,
                "status": one.status,
                "first_order": index.first,
                "first_order_95": index.first_error,
                "total": index.total,
                "total_95": index.total_error,
            }
            for one, index in zip(found.inputs, found.found, strict=True)
        ],
    }
