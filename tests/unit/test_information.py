"""Value of information against closed forms of linear values of normal inputs."""

import math

import numpy as np
import pytest
from scipy import stats

from calculator.analysis import information
from calculator.analysis.information import Paths, Regression, evpi, evppi

DRAWS = 4_096
WEIGHTS = np.array([3.0, 2.0, 1.0, 0.0])


def mean_above(mean: float, spread: float, floor: float = 0.0) -> float:
    """E[max(N(mean, spread), floor)], the unit normal loss."""
    if spread == 0.0:
        return max(mean, floor)
    at = (mean - floor) / spread
    return floor + (mean - floor) * stats.norm.cdf(at) + spread * stats.norm.pdf(at)


def closed(constant: float, spread: float) -> float:
    """Value of learning the part of a value whose standard deviation is `spread`."""
    return mean_above(constant, spread) - max(constant, 0.0)


def normals(columns: int, seed: int = 1, draws: int = DRAWS) -> np.ndarray:
    """Scrambled Sobol draws of independent normals, (N, columns)."""
    engine = stats.qmc.Sobol(columns, scramble=True, rng=np.random.default_rng(seed))
    return stats.norm.ppf(engine.random(draws))


@pytest.fixture(scope="module")
def inputs():
    return normals(4)


@pytest.mark.parametrize("constant", [-4.0, -1.0, 0.0, 0.5, 3.0])
def test_evpi_is_the_unit_normal_loss(inputs, constant):
    values = constant + inputs @ WEIGHTS
    spread = math.hypot(*WEIGHTS)
    assert evpi(values) == pytest.approx(closed(constant, spread), abs=0.03)


@pytest.mark.parametrize("constant", [-4.0, -1.0, 0.0, 0.5, 3.0])
@pytest.mark.parametrize("known", [(0,), (1,), (2,), (3,), (0, 1), (0, 3), (1, 2, 3), (0, 1, 2, 3)])
def test_evppi_is_the_unit_normal_loss_of_what_is_learned(inputs, constant, known):
    values = constant + inputs @ WEIGHTS
    found = evppi(values, inputs[:, known])
    exact = closed(constant, math.hypot(*WEIGHTS[list(known)]))
    assert found.value == pytest.approx(exact, abs=3.0 * found.error + 0.01)
    assert 0.0 <= found.value <= evpi(values) + 1e-9
    assert found.error < 0.06


def test_all_inputs_together_are_perfect_information(inputs):
    values = 0.5 + inputs @ WEIGHTS
    assert evppi(values, inputs).value == pytest.approx(evpi(values), rel=1e-3)


def test_an_input_that_moves_nothing_is_worth_nothing():
    """Over many samples: the answer is about 0 where a plain fit would find something."""
    found, plain = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        values, learned = rng.normal(0.0, 5.0, 512) - 0.3, rng.normal(size=512)
        found.append(evppi(values, learned).value)
        fit = np.polynomial.Polynomial.fit(learned, values, 5)(learned)
        plain.append(np.maximum(fit, 0.0).mean() - max(values.mean(), 0.0))
    assert np.mean(found) < 0.35 * np.mean(plain)
    assert np.mean(found) < 0.015 * np.mean([closed(-0.3, 5.0)])


def test_the_standard_error_is_the_spread_between_samples():
    found = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        learned, noise = rng.normal(size=(2, 1024))
        found.append(evppi(-1.0 + 2.0 * learned + 2.0 * noise, learned))
    spread = np.std([one.value for one in found])
    assert np.mean([one.error for one in found]) == pytest.approx(spread, rel=0.35)
    hits = [abs(one.value - closed(-1.0, 2.0)) < 1.96 * one.error for one in found]
    assert np.mean(hits) > 0.9


def test_a_curved_value_of_a_skewed_input():
    """V = x^2 - 2 of a normal x, learned as exp(x) beside noise: E[max(V, 0)] by quadrature."""
    inputs = normals(2)
    values = inputs[:, 0] ** 2 - 2.0 + 4.0 * inputs[:, 1]
    grid = np.linspace(-9.0, 9.0, 200_001)
    exact = np.trapezoid(np.maximum(grid**2 - 2.0, 0.0) * stats.norm.pdf(grid), grid)
    found = evppi(values, np.exp(inputs[:, 0]))
    assert found.value == pytest.approx(exact, abs=3.0 * found.error)


def test_two_that_matter_only_together():
    inputs = normals(3)
    values = 3.0 * inputs[:, 0] * inputs[:, 1] + inputs[:, 2]
    single = evppi(values, inputs[:, 0])
    together = evppi(values, inputs[:, :2])
    # E[max(3 x y, 0)] = 3 E|x y| / 2 = 3 / pi.
    assert together.value == pytest.approx(3.0 / math.pi, abs=3.0 * together.error)
    assert single.value < 0.1


def test_scale_and_sign_of_an_input_do_not_matter(inputs):
    values = 0.5 + inputs @ WEIGHTS
    plain = evppi(values, inputs[:, 0])
    assert evppi(values, np.exp(0.1 * inputs[:, 0])).value == pytest.approx(plain.value)
    assert evppi(values, -7.0 * inputs[:, 0]).value == pytest.approx(plain.value, rel=1e-9)
    many = evppi(1e9 * values, inputs[:, 0])
    assert many.value == pytest.approx(1e9 * plain.value)
    assert many.error == pytest.approx(1e9 * plain.error)


def test_what_does_not_vary_teaches_nothing(inputs):
    values = inputs @ WEIGHTS - 1.0
    assert evppi(values, np.full(DRAWS, 3.0)).value == 0.0
    assert evppi(np.full(DRAWS, 3.0), inputs[:, 0]).value == 0.0
    assert evppi(values[:4], inputs[:4, 0]).value >= 0.0


def test_a_decision_that_never_changes_has_nothing_to_learn(inputs):
    for constant in (-100.0, 100.0):
        values = constant + inputs @ WEIGHTS
        assert evpi(values) == 0.0
        assert evppi(values, inputs[:, 0]).value == pytest.approx(0.0, abs=1e-12)


def test_a_regression_keeps_means_and_columns(inputs):
    costs = np.column_stack([inputs @ WEIGHTS, np.exp(inputs[:, 0]), np.full(DRAWS, 2.0)])
    regression = Regression(inputs[:, 0])
    fitted = regression(costs)
    assert fitted.shape == costs.shape
    assert fitted.mean(axis=0) == pytest.approx(costs.mean(axis=0))
    assert np.mean((fitted[:, 0] - 3.0 * inputs[:, 0]) ** 2) < 0.02
    assert np.mean((fitted[:, 1] - costs[:, 1]) ** 2) < 0.01
    assert fitted[:, 2] == pytest.approx(np.full(DRAWS, 2.0))


# ----------------------------------------------------------------------------- with exit

EXIT = 0.8
FIRST, LATER = -0.5, 0.4
# W = 0.4 + x + z: x is seen in the first year, z only by whoever finds it out.
SEEN, HIDDEN = 1.5, 2.0


@pytest.fixture(scope="module")
def paths():
    seen, hidden, noise = normals(3, seed=5, draws=2**15).T
    later = LATER + SEEN * seen + HIDDEN * hidden
    first = FIRST + 0.3 * noise
    return Paths(first, later, later - 0.3, seen, EXIT), hidden


def test_joining_and_waiting_are_their_closed_forms(paths):
    found = information.best(paths[0])
    assert found.join == pytest.approx(FIRST + mean_above(LATER, SEEN, -EXIT), abs=0.01)
    assert found.wait == pytest.approx(mean_above(LATER - 0.3, SEEN), abs=0.01)
    assert found.value == max(found.join, found.wait)
    assert found.choice == ("join" if found.join > found.wait else "wait")


def test_learning_after_the_bid_changes_exit_only(paths):
    path, hidden = paths
    spread = math.hypot(SEEN, HIDDEN)
    exact = mean_above(LATER, spread, -EXIT) - mean_above(LATER, SEEN, -EXIT)
    assert information.after_evpi(path) == pytest.approx(exact, abs=0.01)
    found = information.after_evppi(path, hidden)
    assert found.value == pytest.approx(exact, abs=3.0 * found.error)
    # What the first year shows anyway need not be learned.
    assert information.after_evppi(path, path.observed).value == pytest.approx(0.0, abs=0.005)


def test_perfect_information_with_exit_by_quadrature(paths):
    """E[max(v1 + max(W, -X), max(W - 0.3, 0))] over W and v1, less V*."""
    path, _ = paths
    spread = math.hypot(SEEN, HIDDEN)
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    weights = weights / weights.sum()
    later = LATER + spread * nodes[:, None]
    first = FIRST + 0.3 * nodes[None, :]
    worth = np.maximum(first + np.maximum(later, -EXIT), np.maximum(later - 0.3, 0.0))
    exact = weights @ worth @ weights - max(
        FIRST + mean_above(LATER, SEEN, -EXIT), mean_above(LATER - 0.3, SEEN)
    )
    assert information.exit_evpi(path) == pytest.approx(exact, abs=0.02)


def test_knowing_one_input_with_exit_by_quadrature(paths):
    """Given z, stay, leave or enter on x: both choices by the unit normal loss, then the better."""
    path, hidden = paths
    grid = np.linspace(-8.0, 8.0, 16_001)
    given = [LATER + HIDDEN * z for z in grid]
    join = FIRST + np.array([mean_above(mean, SEEN, -EXIT) for mean in given])
    wait = np.array([mean_above(mean - 0.3, SEEN) for mean in given])
    top = np.maximum(np.maximum(join, wait), 0.0)
    exact = np.trapezoid(top * stats.norm.pdf(grid), grid) - information.best(path).value
    found = information.exit_evppi(path, hidden)
    assert found.value == pytest.approx(exact, abs=3.0 * found.error + 0.005)


@pytest.mark.parametrize("constant", [-1.0, 0.5])
def test_exit_dearer_than_any_loss_is_the_committed_case(inputs, constant):
    """And nobody can wait: entering later is left out."""
    later = inputs @ WEIGHTS
    first = constant + 0.2 * inputs[:, 2]
    committed = first + later
    dearer = 10.0 - later.min()
    path = Paths(first, later, None, inputs[:, 0], dearer)
    assert information.exit_evpi(path) == pytest.approx(evpi(committed), abs=1e-12)
    for column in range(4):
        alone, with_exit = (
            evppi(committed, inputs[:, column]),
            information.exit_evppi(path, inputs[:, column]),
        )
        assert with_exit.value == pytest.approx(alone.value, abs=1e-9)
        assert with_exit.error == pytest.approx(alone.error, rel=1e-6)
        assert information.after_evppi(path, inputs[:, column]).value == 0.0
    assert information.after_evpi(path) == 0.0
    # Waiting that is worth less in every draw changes nothing either.
    worse = Paths(first, later, np.minimum(committed, 0.0) - 1.0, inputs[:, 0], dearer)
    assert information.exit_evpi(worse) == pytest.approx(evpi(committed), abs=1e-3)
    assert information.best(worse).wait == pytest.approx(0.0, abs=1e-3)


def test_exit_never_lowers_what_joining_is_worth(paths):
    path, _ = paths
    joins = [
        information.best(Paths(path.first, path.later, None, path.observed, cost)).join
        for cost in (0.0, 0.5, 2.0, 50.0, math.inf)
    ]
    assert joins == sorted(joins, reverse=True)
    assert joins[-1] == pytest.approx(path.committed.mean())


def test_information_changes_what_a_bid_knows(inputs):
    """A bid priced in full at what was learned leaves no gain to choose by.

    c = cost of a year, bid at its mean: V = E[c] - c - 1. Learned before the bid: V = -1.
    """
    cost = 5.0 + inputs[:, 0]
    as_filed = cost.mean() - cost - 1.0
    priced = np.full(DRAWS, -1.0)
    assert evppi(as_filed, inputs[:, 0]).value == pytest.approx(closed(-1.0, 1.0), abs=0.02)
    assert evppi(priced, inputs[:, 0], before=as_filed).value == 0.0
