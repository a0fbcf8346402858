"""Wasserstein distances on the line against linear programmes, SciPy and hand counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from refscore.discrepancies import wasserstein_1d
from refscore.oracles.discrepancies import wasserstein_programme

SEEDS = st.integers(0, 2**31)


@given(SEEDS, st.integers(1, 7), st.integers(1, 7), st.sampled_from([1.0, 1.5, 2.0, 4.0]),
       st.booleans())  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_no_transport_plan_is_cheaper(seed, n, m, p, weighted):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal(n), rng.integers(-2, 3, m) / 2
    v, w = (rng.dirichlet(np.ones(k)) if weighted else None for k in (n, m))
    want = wasserstein_programme(x, y, p, v, w)
    assert wasserstein_1d(x, y, p, x_weights=v, y_weights=w) == pytest.approx(want, rel=1e-7)


@given(SEEDS, st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_scipy_agrees_for_power_one(seed, n, m):
    rng = np.random.default_rng(seed)
    x, y, v = rng.standard_normal(n), rng.standard_cauchy(m), rng.uniform(size=n)
    assert wasserstein_1d(x, y) == pytest.approx(stats.wasserstein_distance(x, y), rel=1e-10)
    want = stats.wasserstein_distance(x, y, v)
    assert wasserstein_1d(x, y, x_weights=v) == pytest.approx(want, rel=1e-10)


@given(SEEDS, st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 2, 3.5, np.inf]))
@settings(max_examples=40, deadline=None)
def test_different_sizes_equal_both_samples_repeated_to_one(seed, n, m, p):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal(n), rng.standard_normal(m)
    gaps = np.abs(np.sort(np.repeat(x, m)) - np.sort(np.repeat(y, n)))
    want = gaps.max() if np.isinf(p) else np.mean(gaps**p) ** (1 / p)
    assert wasserstein_1d(x, y, p) == pytest.approx(want, rel=1e-12)
    whole = np.full(n, 3.0), np.full(m, 0.1)
    assert wasserstein_1d(x, y, p, x_weights=whole[0], y_weights=whole[1]) == pytest.approx(
        want, rel=1e-9 if np.isfinite(p) else 0.5
    )


def test_by_hand():
    assert wasserstein_1d([0.0, 3.0], [1.0, 1.0]) == 1.5
    assert wasserstein_1d([3.0, 0.0], [1.0, 1.0], 2) == pytest.approx(np.sqrt(2.5), rel=1e-15)
    assert wasserstein_1d([0.0, 0.0, 6.0], [3.0]) == 3.0
    assert wasserstein_1d([0.0, 1.0], [0.0, 1.0, 5.0], x_weights=[1, 1], y_weights=[1, 1, 0]) == 0
    assert wasserstein_1d([0.0, 9.0], [0.0], np.inf, x_weights=[1, 0]) == 0
    assert wasserstein_1d([0.0, 4.0], [0.0, 1.0], np.inf) == 3.0
    assert wasserstein_1d([[1.0], [2.0]], [2.0, 1.0]) == 0


@pytest.mark.parametrize("scale", [1e-200, 1e8, 1e200])
def test_any_scale_and_any_offset(scale):
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal(30), rng.standard_normal(41)
    for p in (1, 3, np.inf):
        want = scale * wasserstein_1d(x, y, p)
        assert wasserstein_1d(scale * x, scale * y, p) == pytest.approx(want, rel=1e-12)
    x, y = np.round(x * 1e3) / 1024, np.round(y * 1e3) / 1024
    assert wasserstein_1d(x + 1e8, y + 1e8, 2) == pytest.approx(wasserstein_1d(x, y, 2), rel=1e-7)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([0.0, np.nan], [1.0]), r"x must be finite, got nan at index \(1,\)"),
        (([], [1.0]), "x must hold at least one number"),
        (([0.0], [1.0], 0.5), "p must be one number, at least 1"),
        (([0.0], [1.0], np.nan), "p must be one number, at least 1"),
        (([1e308], [-1e308]), "x and y"),
    ],
)
def test_bad_input_is_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        wasserstein_1d(*arguments)
    with pytest.raises(ValueError, match="y_weights must have shape"):
        wasserstein_1d([0.0], [1.0, 2.0], y_weights=[1.0])


@pytest.mark.parametrize("p", [1, 2, 8, 20, np.inf])
def test_rounded_sums_of_weights_leave_no_mass_between_jumps(p):
    x = np.arange(10.0)
    assert wasserstein_1d(x, x, p, y_weights=np.ones(10)) == 0
    assert wasserstein_1d(x, x, p, x_weights=np.full(10, 0.1), y_weights=np.full(10, 3.0)) == 0
    tenths = {"x_weights": [0.3, 0.7], "y_weights": [0.1, 0.1, 0.1, 0.7]}
    assert wasserstein_1d([0, 10.0], [0, 0, 0, 10.0], p, **tenths) == 0
    assert wasserstein_1d([0, -10.0], [0, 0, 0, -10.0], p, **tenths) == 0


@given(SEEDS, st.integers(1, 3000), st.integers(2, 5))
@settings(max_examples=30, deadline=None)
def test_points_split_in_parts_are_the_same_law(seed, n, parts):
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal(n), rng.uniform(0.1, 1, n)
    shares = rng.dirichlet(np.ones(parts), n) + 0.01
    shares *= (w / shares.sum(1))[:, None]
    mixed = rng.permutation(n * parts)
    many, weights = np.repeat(x, parts)[mixed], shares.ravel()[mixed]
    assert wasserstein_1d(x, many, np.inf, x_weights=w, y_weights=weights) == 0


def test_a_million_equal_weights_are_no_weights():
    x = np.random.default_rng(4).standard_normal(10**6)
    assert wasserstein_1d(x, x, np.inf, y_weights=np.full(10**6, 0.1)) == 0


def test_a_small_weight_counts():
    for sign in (1, -1):
        found = wasserstein_1d([0, sign * 1e8], [0.0], 2, x_weights=[1, 1e-12])
        assert found == pytest.approx(100.0, rel=1e-3)
