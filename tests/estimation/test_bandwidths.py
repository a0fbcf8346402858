"""Kernel densities: their formula, their mass, their error, and the choice of a bandwidth."""

import itertools

import mpmath
import numpy as np
import pytest
from scipy import integrate

from refscore.distributions import Empirical, Gaussian, GaussianMixture
from refscore.estimation import (
    kernel_mise,
    leave_one_out,
    likelihood_bandwidth,
    optimal_bandwidth,
)

RNG = np.random.default_rng(12)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_kernel_density_is_its_formula_in_fifty_digits(dim):
    data, x, h = RNG.standard_normal((4, dim)), 3 * RNG.standard_normal((5, dim)), 0.3
    got = Empirical(data, h).log_density(x)
    with mpmath.workdps(50):
        for value, point in zip(got, x, strict=True):
            kernels = [
                mpmath.exp(-sum((mpmath.mpf(a) - mpmath.mpf(b)) ** 2 for a, b in zip(point, z))
                           / (2 * mpmath.mpf(h) ** 2))
                for z in data
            ]  # fmt: skip
            want = mpmath.log(
                sum(kernels) / 4 / (2 * mpmath.pi * mpmath.mpf(h) ** 2) ** (mpmath.mpf(dim) / 2)
            )
            assert value == pytest.approx(float(want), rel=1e-13)


@pytest.mark.parametrize("dim", [2, 3])
def test_kernel_density_integrates_to_one(dim):
    """With 1/h for 1/h^d the sum would be h^(d−1): .4, .16."""
    data, h, step = RNG.standard_normal((3, dim)), 0.4, 0.3
    sides = [np.arange(lo - 4, hi + 4, step) for lo, hi in zip(data.min(0), data.max(0))]
    x = np.stack(np.meshgrid(*sides, indexing="ij"), -1).reshape(-1, dim)
    assert np.exp(Empirical(data, h).log_density(x)).sum() * step**dim == pytest.approx(
        1, rel=1e-12
    )


@pytest.mark.parametrize("n", [1, 2, 7])
def test_mean_integrated_squared_error_is_variance_plus_squared_bias(n):
    """E p̂ and E p̂² at every x by quadrature over the draw, then over x."""
    h = 0.6

    def normal(t, s=1.0):
        return np.exp(-t * t / (2 * s * s)) / (np.sqrt(2 * np.pi) * s)

    def error(x):
        first = integrate.quad(lambda y: normal(y) * normal(x - y, h), -12, 12, epsabs=1e-13)[0]
        second = integrate.quad(lambda y: normal(y) * normal(x - y, h) ** 2, -12, 12, epsabs=1e-13)[
            0
        ]
        return (second - first**2) / n + (first - normal(x)) ** 2

    grid = np.arange(-10, 10, 0.2)
    want = 0.2 * sum(map(error, grid))
    assert kernel_mise(Gaussian([0.0], 1.0), n, h) == pytest.approx(want, rel=1e-9)


def test_mean_integrated_squared_error_is_the_mean_over_all_samples():
    """Two draws from a law that is nearly two points: every sample enumerated."""
    spread, h, ends = 1e-3, 0.5, (-1.0, 1.0)
    law = GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [spread**2, spread**2])
    x = np.arange(-8, 8, 2e-4)[:, None]
    truth = np.exp(law.log_density(x))
    errors = [
        (np.exp(Empirical(np.array(pair)[:, None], h).log_density(x)) - truth) ** 2
        for pair in itertools.product(ends, repeat=2)
    ]
    want = np.mean([e.sum() * 2e-4 for e in errors])
    assert kernel_mise(law, 2, h) == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("dim", [1, 2, 4])
def test_the_printed_formula_for_normal_data(dim):
    n, h = 15, 0.8
    bracket = h**-dim / n + (1 - 1 / n) * (1 + h * h) ** (-dim / 2)
    bracket += 1 - 2 * (1 + h * h / 2) ** (-dim / 2)
    want = (4 * np.pi) ** (-dim / 2) * bracket
    assert kernel_mise(Gaussian(np.zeros(dim), 1.0), n, h) == pytest.approx(want, rel=1e-13, abs=0)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_draws_have_the_mean_error(dim):
    law, n, h, repeats = Gaussian(np.zeros(dim), 1.0), 20, 0.7, 400
    errors = []
    for data in law.sample(n * repeats, rng=RNG).reshape(repeats, n, dim):
        gap2 = ((data[:, None] - data) ** 2).sum(-1)
        own = Gaussian(np.zeros(dim), 1 + h * h)
        square = np.exp(-gap2 / (4 * h * h)).mean() / (4 * np.pi * h * h) ** (dim / 2)
        cross = np.exp(own.log_density(data)).mean()
        errors.append(square - 2 * cross + (4 * np.pi) ** (-dim / 2))
    error = np.std(errors) / np.sqrt(repeats)
    assert abs(np.mean(errors) - kernel_mise(law, n, h)) < 5 * error


def test_the_optimal_bandwidth_is_a_minimum_and_shrinks_at_the_known_rate():
    law = GaussianMixture([0.3, 0.7], [[-1.0, 0.0], [1.0, 0.5]], [0.4, 0.8])
    h = optimal_bandwidth(law, 200)
    around = [kernel_mise(law, 200, h * t) for t in (0.99, 1.0, 1.01)]
    assert around[1] < min(around[0], around[2])
    for dim in (1, 2):  # h* ~ (4/(d+2))^(1/(d+4)) n^(-1/(d+4))
        normal, n = Gaussian(np.zeros(dim), 1.0), 10**9
        rule = (4 / (dim + 2) / n) ** (1 / (dim + 4))
        assert optimal_bandwidth(normal, n) == pytest.approx(rule, rel=0.02)
    assert optimal_bandwidth(Gaussian([0.0], 9.0), 50) == pytest.approx(
        3 * optimal_bandwidth(Gaussian([0.0], 1.0), 50), rel=1e-5
    )


def test_leave_one_out_is_the_density_of_the_others():
    data = np.r_[RNG.standard_normal((9, 2)), [[30.0, -20.0]]]
    want = [Empirical(np.delete(data, i, 0), 0.4).log_density(data[i]) for i in range(10)]
    np.testing.assert_allclose(leave_one_out(data, 0.4), want, rtol=1e-11)


def test_the_likelihood_bandwidth_is_a_maximum_and_scales_with_the_data():
    data = RNG.standard_normal((80, 2))
    h = likelihood_bandwidth(data)
    around = [leave_one_out(data, h * t).mean() for t in (0.5, 0.99, 1.0, 1.01, 2.0)]
    assert np.argmax(around) == 2
    for scale in (1e-300, 1e-3, 1e150):
        assert likelihood_bandwidth(scale * data) == pytest.approx(scale * h, rel=1e-5, abs=0)
    assert likelihood_bandwidth(data + 1000.0) == pytest.approx(h, rel=1e-5)


def test_the_likelihood_bandwidth_of_two_points_is_their_distance_over_root_d():
    """log likelihood −d log h − r²/2h²: h² = r²/d."""
    for dim in (1, 3):
        data = np.zeros((2, dim))
        data[1, 0] = 2.5
        assert likelihood_bandwidth(data) == pytest.approx(2.5 / np.sqrt(dim), rel=1e-6)


def test_some_equal_rows_are_welcome_but_not_all():
    data = RNG.standard_normal((10, 2))
    assert np.isfinite(likelihood_bandwidth(np.r_[data, data[:3]]))
    with pytest.raises(ValueError, match="data must hold a point that occurs once: each of the 20"):
        likelihood_bandwidth(np.r_[data, data])


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (leave_one_out, (np.zeros((1, 2)), 0.5), "data must have shape .* at least 2 points"),
        (leave_one_out, (np.zeros((0, 2)), 0.5), "data must have shape .* at least 2 points"),
        (leave_one_out, (np.eye(3), 0.0), "bandwidth must be positive"),
        (leave_one_out, (np.diag([1, 1, np.nan]), 1.0), r"data must be finite, .* index \(2, 2\)"),
        (likelihood_bandwidth, (np.ones((4, 2)),), "data must hold a point that occurs once"),
        (kernel_mise, (Gaussian([0.0], 1.0), 0, 0.5), "n must be at least 1"),
        (kernel_mise, (Gaussian([0.0], 1.0), 3, -0.5), "bandwidth must be positive"),
        (kernel_mise, (Gaussian([0.0, 0.0], np.ones((2, 2))), 3, 0.5), "law must have a density"),
    ],
)
def test_bad_input_is_refused_by_name(function, arguments, message):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=message):
        function(*arguments)


def test_only_gaussian_laws_have_a_closed_error():
    with pytest.raises(TypeError, match="law must be a Gaussian or a GaussianMixture"):
        kernel_mise(Empirical(np.eye(2), 0.5), 3, 0.5)
