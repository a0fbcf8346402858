"""A sample against a law's quantile function: closed forms and fine samples of the law."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import ndtr, ndtri

from refscore.discrepancies import wasserstein_1d, wasserstein_quantile

SEEDS = st.integers(0, 2**31)


def _density(x):
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


@given(SEEDS, st.sampled_from([1, 2, 9, 300]))
@settings(max_examples=15, deadline=None)
def test_squares_against_a_normal_law_in_closed_form(seed, n):
    """∫ (x_i − Q)² over all pieces, with ∫ Q du = φ(low) − φ(high)."""
    x = np.sort(0.4 + 1.3 * np.random.default_rng(seed).standard_normal(n))
    phi = _density(ndtri(np.arange(n + 1) / n))
    want = np.sqrt(np.mean(x**2) + 1 - 2 * np.sum(x * (phi[:-1] - phi[1:])))
    assert wasserstein_quantile(x, ndtri, 2) == pytest.approx(want, rel=1e-10)


@given(SEEDS, st.sampled_from([1, 2, 9, 300]))
@settings(max_examples=15, deadline=None)
def test_power_one_against_a_normal_law_in_closed_form(seed, n):
    """∫ |F_n − Φ|, piece by piece, cut where Φ crosses the step."""
    x = np.sort(0.4 + 1.3 * np.random.default_rng(seed).standard_normal(n))

    def primitive(t):
        return t * ndtr(t) + _density(t)

    want = primitive(x[0]) + primitive(-x[-1])
    for i, (a, b) in enumerate(zip(x, x[1:]), 1):
        cut = np.clip(ndtri(i / n), a, b)
        for low, high in ((a, cut), (cut, b)):
            want += abs(primitive(high) - primitive(low) - i / n * (high - low))
    assert wasserstein_quantile(x, ndtri) == pytest.approx(want, rel=1e-11)


def test_one_point_against_named_laws():
    for p, moment in ((1, np.sqrt(2 / np.pi)), (2, 1.0), (4, 3.0)):
        assert wasserstein_quantile([0.0], ndtri, p) == pytest.approx(moment ** (1 / p), rel=1e-12)
    assert wasserstein_quantile([0.7], lambda u: u) == pytest.approx((0.49 + 0.09) / 2, rel=1e-14)
    jumps = wasserstein_quantile([-2.0, 3.0], lambda u: np.where(u < 0.3, -2.0, 3.0))
    assert jumps == pytest.approx(1.0, rel=1e-12)
    heavy = wasserstein_quantile([0.0], stats.t(5).ppf)
    assert heavy == pytest.approx(stats.t(5).expect(abs), rel=1e-8)


def test_weights_are_repeated_points():
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal(80), rng.integers(0, 4, 80)
    want = wasserstein_quantile(np.repeat(x, w), ndtri, 2)
    assert wasserstein_quantile(x, ndtri, 2, weights=w) == pytest.approx(want, rel=1e-10)


def test_a_fine_sample_of_the_law_comes_near():
    x = np.random.default_rng(2).standard_normal(400)
    fine = ndtri((np.arange(400_000) + 0.5) / 400_000)
    want = wasserstein_1d(x, fine, 2)
    assert wasserstein_quantile(x, ndtri, 2) == pytest.approx(want, rel=1e-3)


def test_an_offset_costs_no_more_than_the_rounding_of_the_points():
    x = np.random.default_rng(3).standard_normal(100) + 1e8
    want = wasserstein_quantile(x - 1e8, ndtri, 2)
    got = wasserstein_quantile(x, lambda u: ndtri(u) + 1e8, 2)
    assert got == pytest.approx(want, rel=1e-6)


@pytest.mark.parametrize(
    ("quantile", "p", "words"),
    [
        (stats.cauchy.ppf, 1, "lighter tails"),
        (stats.t(2.2).ppf, 2, "lighter tails"),
        (lambda u: -u, 1, "quantile must not fall"),
        (lambda u: u[:1], 1, r"quantile\(u\) must have the shape of u"),
        (lambda u: u * np.nan, 1, r"quantile\(u\) must be finite"),
        (ndtri, np.inf, "p must be finite"),
        (ndtri, 0.5, "p must be one number, at least 1"),
        (3.0, 1, "quantile must be a function"),
    ],
)
def test_bad_input_is_named(quantile, p, words):
    with pytest.raises((ValueError, TypeError), match=words):
        wasserstein_quantile([0.1, 0.5, -1.0], quantile, p)


def test_a_point_without_weight_is_no_point():
    found = wasserstein_quantile([-1, 0.3, 2, 1e9], ndtri, 2, weights=[1, 1, 1, 0])
    assert found == pytest.approx(wasserstein_quantile([-1, 0.3, 2], ndtri, 2), rel=1e-12)
    again = wasserstein_quantile([-1, 1e9, 0.3, -1e12, 2], ndtri, 2, weights=[1, 0, 1, 0, 1])
    assert again == pytest.approx(found, rel=1e-12)


RARE = {
    "an atom, far and rare": ([-1.0] * 10, 1, [0.0, 1e6], [1 - 3e-6, 3e-6]),
    "all there is": ([0.0], 1, [0.0, 1e3], [1 - 1e-6, 1e-6]),
    "beside the middle": ([0.0], 1, [0.0, 1.0], [0.499, 0.501]),
    "steps": (np.arange(37) % 9, 3, np.arange(21), stats.binom(20, 0.3).pmf(np.arange(21))),
}


@pytest.mark.parametrize("name", RARE)
def test_nothing_hides_between_nodes(name):
    x, p, atoms, masses = RARE[name]
    ends = np.cumsum(masses)[:-1]
    got = wasserstein_quantile(x, lambda u: np.asarray(atoms)[np.searchsorted(ends, u)], p)
    assert got == pytest.approx(wasserstein_1d(x, atoms, p, y_weights=masses), rel=1e-9)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_any_scale(scale):
    found = wasserstein_quantile([0.0], lambda u: scale * ndtri(u), 2)
    assert found == pytest.approx(scale, rel=1e-12, abs=0)


def test_a_flat_law_with_a_narrow_tail():
    def quantile(u):
        return np.where(u <= 1 - 1e-5, 0.0, -1e6 * np.log(np.minimum((1 - u) / 1e-5, 1.0)))

    assert wasserstein_quantile([-1.0] * 20, quantile) == pytest.approx(11, rel=1e-9)


def test_a_tail_that_has_no_mean_is_refused_however_rare():
    def quantile(u):
        return ndtri(u) + 1e-14 * (1 - u) ** -1.2

    with pytest.raises(ValueError, match="lighter tails"):
        wasserstein_quantile([0.0, 0.5], quantile)
