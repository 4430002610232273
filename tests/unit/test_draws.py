"""Draws of what is uncertain: the same from the same seed, and the ranges they are drawn from."""

import math

import numpy as np
import pytest

from calculator import load_assumptions
from calculator.analysis.draws import draws, quantile, ranged
from calculator.errors import InputError
from calculator.schema import Range

MOVERS = "assumptions.selection.movers"
INITIATION = "assumptions.selection.mover_initiation"
ELASTICITY = "assumptions.selection.premium_semi_elasticity"
KNOWN = "assumptions.selection.priced_from_year"
PATHS = (MOVERS, INITIATION, ELASTICITY, KNOWN)
ENDS = np.array([0.025, 0.975])


@pytest.fixture(scope="module")
def register():
    return load_assumptions()


def with_range(register, path, value, low, high, dist):
    spread = {"low": low, "high": high, "dist": dist}
    return register.with_value(path, {"value": value, "range": spread})


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(register):
    first, again, other = (draws(register, PATHS, 64, seed) for seed in (7, 7, 8))
    assert list(first) == [MOVERS, INITIATION, ELASTICITY]
    for path, values in first.items():
        assert values.tobytes() == again[path].tobytes()
        assert values.tobytes() != other[path].tobytes()


def test_what_is_taken_as_known_is_not_drawn(register):
    assert ranged(register, KNOWN) is None
    assert draws(register, [KNOWN], 8, 1) == {}
    assert draws(register, [], 8, 1) == {}
    # A user's plain value has no range: it is taken as known.
    assert draws(register.with_value(MOVERS, 0.2), [MOVERS], 8, 1) == {}


@pytest.mark.parametrize(
    ("low", "high"), [(0.06, 0.24), (0.001, 0.01), (0.9, 0.99), (0.1, 0.9), (0.49, 0.51)]
)
def test_a_beta_range_is_its_95_percent_interval(low, high):
    spread = Range(low=low, high=high, dist="beta")
    assert quantile(math.nan, spread, ENDS) == pytest.approx([low, high], rel=1e-5)
    many = quantile((low + high) / 2, spread, np.linspace(0.001, 0.999, 999))
    assert np.all(np.diff(many) > 0.0)
    assert many[0] > 0.0
    assert many[-1] < 1.0


@pytest.mark.parametrize(("value", "low", "high"), [(0.08, 0.027, 0.167), (1000, 800, 2400)])
def test_a_lognormal_range_is_its_95_percent_interval_and_its_value_the_median(value, low, high):
    spread = Range(low=low, high=high, dist="lognormal")
    at = np.array([0.025, 0.5, 0.975])
    assert quantile(value, spread, at) == pytest.approx([low, value, high], rel=1e-9)
    # On each side the logarithm is normal: one standard deviation is 1 / 1.96 of the way.
    at = np.array([0.158655254, 0.841344746])
    one = [value * (low / value) ** (1 / 1.959964), value * (high / value) ** (1 / 1.959964)]
    assert quantile(value, spread, at) == pytest.approx(one, rel=1e-6)


def test_a_triangular_range_has_ends_and_its_mode_at_the_value():
    spread = Range(low=0.5, high=1.0, dist="triangular")
    at = np.array([0.0, 0.6, 1.0])
    # Below the mode lies (mode - low) / (high - low) of it.
    assert quantile(0.8, spread, at) == pytest.approx([0.5, 0.8, 1.0])
    # The first half of the triangle, by hand: F = (x - low)^2 / ((high - low) (mode - low)).
    assert quantile(0.8, spread, np.array([0.15])) == pytest.approx([0.5 + math.sqrt(0.15 * 0.15)])
    for mode in (0.5, 1.0):
        assert quantile(mode, spread, np.array([0.0, 1.0])) == pytest.approx([0.5, 1.0])


def test_a_uniform_range_is_even_from_end_to_end():
    spread = Range(low=2.0, high=6.0, dist="uniform")
    at = np.array([0.0, 0.25, 1.0])
    assert quantile(5.0, spread, at) == pytest.approx([2.0, 3.0, 6.0])


@pytest.mark.parametrize("dist", ["beta", "lognormal", "triangular", "uniform"])
def test_a_range_without_width_is_the_value(dist):
    spread = Range(low=0.3, high=0.3, dist=dist)
    assert quantile(0.3, spread, np.linspace(0, 1, 5)).tolist() == [0.3] * 5


def test_draws_are_the_quantiles_of_an_even_table(register):
    """256 points of a Sobol table: each 256th of every column holds one, so the ends are near."""
    found = draws(register, PATHS, 256, 3)
    for path, values in found.items():
        value, spread = ranged(register, path)
        slices = quantile(value, spread, np.arange(1, 256) / 256)
        assert np.all(np.bincount(np.searchsorted(slices, values), minlength=256) == 1)
    inside = (found[MOVERS] > 0.06) & (found[MOVERS] < 0.24)
    assert inside.mean() == pytest.approx(0.95, abs=1 / 256)
    assert found[INITIATION].min() >= 0.5
    assert found[INITIATION].max() <= 1.0
    # Columns are not one another: nothing moves together that nobody said does.
    ranks = [np.argsort(np.argsort(values)) for values in found.values()]
    assert np.abs(np.corrcoef(ranks) - np.eye(3)).max() < 0.1


@pytest.mark.parametrize("count", [0, -4, 3, 6, 100, 127])
def test_a_count_that_is_no_power_of_two_is_refused(register, count):
    with pytest.raises(InputError) as refused:
        draws(register, PATHS, count, 1)
    assert str(refused.value) == f"draws: allowed is a power of two; given was {count}"


@pytest.mark.parametrize("count", [1, 2, 128])
def test_powers_of_two_are_drawn(register, count):
    assert {len(values) for values in draws(register, PATHS, count, 1).values()} == {count}


@pytest.mark.parametrize(
    ("path", "value", "low", "high", "dist", "said"),
    [
        (MOVERS, 0.5, 0.0, 0.9, "beta", "between 0 and 1"),
        (MOVERS, 0.5, 0.1, 1.0, "beta", "between 0 and 1"),
        (ELASTICITY, 0.1, 0.0, 0.2, "lognormal", "above 0"),
    ],
)
def test_a_range_its_distribution_cannot_have_is_refused(
    register, path, value, low, high, dist, said
):
    impossible = with_range(register, path, value, low, high, dist)
    with pytest.raises(InputError) as refused:
        draws(impossible, [path], 8, 1)
    assert refused.value.field == f"{path}.range"
    assert said in refused.value.allowed
    assert refused.value.given == f"{low:g} to {high:g}"


def test_every_shipped_range_can_be_drawn(register):
    """No assumption of the package has a range that its distribution cannot have."""
    paths = [path for path in register.entries if ranged(register, path) is not None]
    assert len(paths) > 30
    for path, values in draws(register, paths, 16, 1).items():
        entry = register.entries[path]
        assert np.all(np.isfinite(values)), path
        for end in (values.min(), values.max()):
            entry.checked(path, float(end))
