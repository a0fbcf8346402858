"""The maximum mean discrepancy against loops, closed forms and its own properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore.discrepancies import energy_distance, median_bandwidth, mmd
from tests.discrepancies import pairwise

SEEDS = st.integers(0, 2**31)


@given(SEEDS, st.sampled_from([(2, 3), (40, 7), (320, 10), (340, 330)]), st.integers(1, 5),
       st.sampled_from(["rbf", "imq", "energy"]), st.sampled_from([0.05, 0.7, 40.0]),
       st.sampled_from([0.5, 0.8]), st.sampled_from(["V", "U"]), st.booleans(),
       st.sampled_from([0.0, 1e6, 1e8]), st.sampled_from([1.0, 1e-3, 1e5]))  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_equals_a_loop_wherever_the_points_lie(
    seed, sizes, d, kernel, h, exponent, statistic, weighted, offset, spread
):
    rng = np.random.default_rng(seed)
    x, y = (offset + spread * rng.standard_normal((n, d)) for n in sizes)
    v, w = (rng.uniform(size=n) if weighted else None for n in sizes)
    want, size = pairwise.mmd(x, y, kernel, h * spread, exponent, statistic, v, w)
    bandwidth = None if kernel == "energy" else h * spread
    got = mmd(x, y, kernel=kernel, bandwidth=bandwidth, exponent=exponent, statistic=statistic,
              x_weights=v, y_weights=w)  # fmt: skip
    assert abs(got - want) <= 1e-12 * size


@pytest.mark.parametrize("kernel", ["rbf", "imq", "energy"])
def test_samples_far_apart_keep_their_digits(kernel):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 330, 3))
    y[::3] += 1e6
    h = None if kernel == "energy" else 0.3
    want, size = pairwise.mmd(x, y, kernel, 0.3, 0.5, "V")
    assert abs(mmd(x, y, kernel=kernel, bandwidth=h) - want) <= 1e-12 * size


@pytest.mark.parametrize("kernel", ["rbf", "imq", "energy"])
def test_a_sample_against_itself_is_zero_and_the_order_does_not_matter(kernel):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((330, 2)), 1 + rng.standard_normal((40, 2))
    h = None if kernel == "energy" else 0.9
    assert abs(mmd(x, x, kernel=kernel, bandwidth=h)) < 1e-14
    assert abs(mmd(x, x[::-1], kernel=kernel, bandwidth=h)) < 1e-14
    there = mmd(x, y, kernel=kernel, bandwidth=h)
    assert mmd(y, x, kernel=kernel, bandwidth=h) == pytest.approx(there, rel=1e-12)
    assert there > 0


def test_the_unbiased_one_has_mean_zero_for_equal_laws():
    rng = np.random.default_rng()
    x, y = rng.standard_normal((2, 400, 30, 2))
    for kernel, h in (("rbf", 1.0), ("imq", 1.0), ("energy", None)):
        values = [mmd(a, b, kernel=kernel, bandwidth=h, statistic="U") for a, b in zip(x, y)]
        assert abs(np.mean(values)) < 6 * np.std(values) / np.sqrt(len(values))


def test_two_gaussians_in_closed_form():
    """E exp(-(X - Y)²/2h²) = (1 + (s² + t²)/h²)^(-1/2) exp(-(m - n)²/2(h² + s² + t²))."""
    z, w = np.polynomial.hermite_e.hermegauss(60)
    (m, s), (n, t), h = (0.3, 0.8), (-0.5, 1.1), 1.6

    def mean(m, s, n, t):
        spread = h * h + s * s + t * t
        return h / np.sqrt(spread) * np.exp(-((m - n) ** 2) / 2 / spread)

    want = mean(m, s, m, s) + mean(n, t, n, t) - 2 * mean(m, s, n, t)
    got = mmd((m + s * z)[:, None], (n + t * z)[:, None], bandwidth=h, x_weights=w, y_weights=w)
    assert got == pytest.approx(want, rel=1e-9)


def test_the_energy_kernel_is_the_energy_distance():
    rng = np.random.default_rng(2)
    for d in (1, 3):
        x, y = rng.standard_normal((50, d)), rng.standard_normal((70, d)) + 0.4
        for statistic in "VU":
            both = [f(x, y, statistic=statistic) for f in (
                energy_distance, lambda x, y, statistic: mmd(x, y, kernel="energy",
                                                             statistic=statistic))]  # fmt: skip
            assert both[0] == pytest.approx(both[1], rel=1e-11)


def test_the_median_bandwidth_is_the_median_of_all_distances():
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((31, 2)), rng.standard_normal((20, 2))
    z = np.concatenate([x, y])
    pairs = np.triu_indices(51, 1)
    want = np.median(np.linalg.norm(z[pairs[0]] - z[pairs[1]], axis=1))
    assert median_bandwidth(x, y) == pytest.approx(want, rel=1e-14)
    assert median_bandwidth(z) == pytest.approx(want, rel=1e-14)
    assert mmd(x, y) == mmd(x, y, bandwidth=median_bandwidth(x, y))


def test_the_median_bandwidth_of_many_points_is_that_of_a_thousand_evenly_spaced():
    x = np.random.default_rng(4).standard_normal((20_000, 3))
    rows = np.linspace(0, 19_999, 1000).round().astype(int)
    assert median_bandwidth(x) == median_bandwidth(x[rows])
    assert median_bandwidth(x[:7000], x[7000:]) == median_bandwidth(x)
    with pytest.raises(ValueError, match="x and y must have a median distance that is positive"):
        median_bandwidth(np.zeros((5, 2)))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y": np.zeros((4, 3))}, "x and y must share one dimension, got 2 and 3"),
        ({"y": [[0.0, 1.0], [np.inf, 2.0]]}, r"y must be finite, got inf at index \(1, 0\)"),
        ({"x": np.zeros(3)}, r"x must have shape \(\.\.\., n, d\)"),
        ({"kernel": "energy", "bandwidth": 1.0}, "bandwidth must be None"),
        ({"kernel": "laplace"}, "kernel must be"),
        ({"y_weights": [1.0, -1.0]}, "y_weights must be at least 0, got -1.0 at row 1"),
        ({"y": np.zeros((1, 2)), "statistic": "U"}, "y must hold at least 2 points"),
        ({"x": np.zeros((3, 2)), "y": np.zeros((3, 2)), "bandwidth": None}, "give bandwidth"),
    ],
)
def test_bad_input_is_named(change, words):
    given = {"x": np.eye(2), "y": np.eye(2) + 1, "bandwidth": 1.0} | change
    with pytest.raises((ValueError, TypeError), match=words):
        mmd(given.pop("x"), given.pop("y"), **given)


def test_v_of_a_sample_and_itself_in_another_order_is_never_negative():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((40, 1 + seed % 3))
        y = rng.permutation(x)
        for kernel in ("rbf", "imq", "energy"):
            assert 0 <= mmd(x, y, kernel=kernel) < 1e-14
        assert 0 <= energy_distance(x, y) < 1e-14
