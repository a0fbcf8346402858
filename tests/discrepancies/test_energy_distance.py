"""The energy distance against SciPy, loops and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from refscore.discrepancies import energy_distance
from refscore.oracles.discrepancies import energy_gaussian
from tests.discrepancies import pairwise

SEEDS = st.integers(0, 2**31)


@given(SEEDS, st.integers(2, 40), st.integers(2, 40), st.integers(1, 4), st.booleans(),
       st.sampled_from(["V", "U"]), st.sampled_from([0.0, 1e6, 1e8]))  # fmt: skip
@settings(max_examples=50, deadline=None)
def test_equals_a_loop(seed, n, m, d, weighted, statistic, offset):
    rng = np.random.default_rng(seed)
    x, y = offset + rng.standard_normal((n, d)), offset + 2 * rng.standard_normal((m, d))
    x[0] = y[0]
    v, w = (rng.uniform(size=k) if weighted else None for k in (n, m))
    want, size = pairwise.mmd(x, y, "energy", 1.0, 0.5, statistic, v, w)
    got = energy_distance(x, y, statistic=statistic, x_weights=v, y_weights=w)
    assert abs(got - want) <= 1e-12 * size


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_scipy_gives_the_root_on_the_line(seed):
    rng = np.random.default_rng(seed)
    x, y, v, w = rng.standard_normal(20), rng.exponential(size=30), rng.uniform(size=20), None
    want = stats.energy_distance(x, y, v, w) ** 2
    assert energy_distance(x[:, None], y[:, None], x_weights=v) == pytest.approx(want, rel=1e-9)


def test_gaussians_in_closed_form_within_sampling_error():
    """U over independent samples has the mean of the laws, within 6 standard errors."""
    rng = np.random.default_rng()
    x, y = rng.standard_normal((1000, 25, 1)), 0.6 + 1.5 * rng.standard_normal((1000, 20, 1))
    values = [energy_distance(a, b, statistic="U") for a, b in zip(x, y)]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - energy_gaussian(0.0, 1.0, 0.6, 1.5)) < 6 * error


def test_a_million_points_on_the_line_take_a_moment():
    x = np.linspace(0, 1, 1_000_000)[:, None]
    assert energy_distance(x, x + 0.5) == pytest.approx(2 * (2 * 0.125 / 3 + 0.5 * 0.25), rel=1e-5)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="x and y must share one dimension"):
        energy_distance(np.zeros((3, 1)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="statistic must be"):
        energy_distance(np.zeros((3, 1)), np.zeros((3, 1)), statistic="W")
    with pytest.raises(TypeError, match="progress must be True or False"):
        energy_distance(np.zeros((3, 1)), np.ones((3, 1)), progress="yes")
