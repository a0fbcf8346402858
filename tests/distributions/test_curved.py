"""Curved targets: exact densities, scores, Jacobians, moments and draws."""

import math

import mpmath
import numpy as np
import pytest
import scipy.stats as stats
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore.distributions import Banana, Checkerboard, Funnel, Ring, SmoothedUniform, TwoMoons
from refscore.distributions.arcs import Arc
from tests.distributions.common import (
    LEVEL,
    check_by_quadrature,
    check_derivatives,
    check_errors,
    check_far,
    check_follows,
    check_rowwise,
    check_sample_by_quadrature,
    far_points,
)

SEEDS = st.integers(0, 2**31)
PLANE = {  # law, box that holds its mass, panels for the quadrature
    "banana": (Banana(0.4, 1.3), [-12, -14], [12, 60], 24),
    "funnel": (Funnel(2, 0.8), [-7, -90], [7, 90], 40),
    "ring": (Ring(2.0, 0.3), [-5, -5], [5, 5], 12),
    "thin ring": (Ring(1.0, 0.05), [-1.6, -1.6], [1.6, 1.6], 32),
    "arc": (Arc(2.0, 0.4, [1.0, -2.0], 0.7, 1.9), [-5, -8], [7, 4], 12),
    "moons": (TwoMoons(), [-3, -3], [3, 3], 24),
    "wide moons": (TwoMoons(2.0, 0.5, 0.3), [-7, -7], [7, 7], 12),
    "board": (Checkerboard(), [-3, -3], [3, 3], 24),
    "odd board": (Checkerboard(3, 2.0, 0.4), [-6, -6], [6, 6], 12),
}


@pytest.mark.parametrize("name", PLANE)
def test_normalised_with_exact_moments_stein_and_draws(name):
    law, low, high, count = PLANE[name]
    x, p = check_by_quadrature(law, low, high, count)
    check_sample_by_quadrature(law, x, p)


@given(SEEDS, st.sampled_from(sorted(PLANE)))
@settings(max_examples=40, deadline=None)
def test_derivatives(seed, name):
    law, rng = PLANE[name][0], np.random.default_rng(seed)
    x = law.sample(4, rng=rng)
    x[2:] += rng.standard_normal((2, 2))
    check_derivatives(law, x, h=1e-3, tolerance=3e-6)


@given(SEEDS, st.integers(2, 6))
@settings(max_examples=20, deadline=None)
def test_funnel_is_its_two_gaussians(seed, dim):
    rng = np.random.default_rng(seed)
    law = Funnel(dim, rng.uniform(0.5, 3))
    x = law.sample(8, rng=rng)
    expected = stats.norm(0, law.scale).logpdf(x[:, 0])
    expected = expected + stats.norm(0, np.exp(x[:, :1] / 2)).logpdf(x[:, 1:]).sum(-1)
    np.testing.assert_allclose(law.log_density(x), expected, rtol=1e-11, atol=1e-11)
    check_derivatives(law, np.clip(x, -3, 3))


def test_funnel_and_banana_draws_coordinate_by_coordinate():
    draws = Funnel(3).sample(20000, rng=None)
    check_follows(draws[:, 0] / 3, stats.norm.cdf)
    for j in (1, 2):
        check_follows(draws[:, j] * np.exp(-draws[:, 0] / 2), stats.norm.cdf)
    draws = Banana(0.7, 2.0).sample(20000, rng=None)
    check_follows(draws[:, 0] / 2, stats.norm.cdf)
    check_follows(draws[:, 1] - 0.7 * (draws[:, 0] ** 2 - 4), stats.norm.cdf)


def test_funnel_moments():
    law = Funnel(4, 1.5)
    np.testing.assert_array_equal(law.mean, 0)
    variance = math.exp(1.5**2 / 2)
    np.testing.assert_allclose(np.diag(law.covariance), [2.25, variance, variance, variance])


def test_ring_radius_has_rices_law():
    law = Ring(2.0, 0.5)
    check_follows(np.hypot(*law.sample(20000, rng=None).T), stats.rice(4.0, scale=0.5).cdf)
    r = np.linspace(0.05, 6, 30)
    x = np.stack([r * np.cos(r), r * np.sin(r)], axis=1)
    expected = stats.rice(4.0, scale=0.5).logpdf(r) - np.log(2 * math.pi * r)
    np.testing.assert_allclose(law.log_density(x), expected, rtol=1e-11, atol=1e-11)


def exact_arc(law, x):
    """log p, score and Jacobian of an Arc in 60 digits, from I₀, I₁, I₂ themselves."""
    with mpmath.workdps(60):
        R, w, k = (mpmath.mpf(v) for v in (law.radius, law.width, law.concentration))
        y = [mpmath.mpf(float(a)) - mpmath.mpf(float(c)) for a, c in zip(x, law.centre)]
        e = [mpmath.cos(law.direction), mpmath.sin(law.direction)]
        eta = [R * a / w**2 + k * b for a, b in zip(y, e)]
        n = mpmath.sqrt(eta[0] ** 2 + eta[1] ** 2)
        i0, i1, i2 = (mpmath.besseli(j, n) for j in (0, 1, 2))
        log_p = mpmath.log(i0 / mpmath.besseli(0, k)) - mpmath.log(2 * mpmath.pi * w**2)
        log_p -= (y[0] ** 2 + y[1] ** 2 + R**2) / (2 * w**2)
        a, gain = i1 / i0, R / w**2
        unit = [v / n for v in eta]
        score = [gain * a * u - v / w**2 for u, v in zip(unit, y)]
        h = i2 / i0 - a * a
        jac = [[gain**2 * ((i == j) * a / n + h * unit[i] * unit[j]) - (i == j) / w**2
                for j in (0, 1)] for i in (0, 1)]  # fmt: skip
        return float(log_p), np.array(score, float), np.array(jac, float)


@pytest.mark.parametrize("width", [3.0, 0.1, 0.033, 0.031, 1e-3, 1e-4])
@pytest.mark.parametrize("concentration", [0.0, 1.3, 300.0])
def test_arc_keeps_its_digits(width, concentration):
    law = Arc(1.0, width, [0.5, -0.25], 0.7, concentration)
    for x in [(1.3, 0.4), (0.5 + 1e-7, -0.25), (0.5 + math.cos(1), -0.25 + math.sin(1)), (9, 9)]:
        log_p, score, jacobian = exact_arc(law, x)
        np.testing.assert_allclose(law.log_density(x), log_p, rtol=1e-11, atol=1e-9)
        np.testing.assert_allclose(law.score(x), score, atol=1e-11 / width**2, rtol=1e-12)
        np.testing.assert_allclose(law.score.jacobian(x), jacobian, atol=1e-11 / width**2)


def test_the_centre_of_a_ring_is_regular():
    law = Ring(2.0, 0.5)
    np.testing.assert_array_equal(law.score([0.0, 0.0]), 0)
    expected = (-1 / 0.25 + 4 / (2 * 0.0625)) * np.eye(2)
    np.testing.assert_allclose(law.score.jacobian([0.0, 0.0]), expected, rtol=1e-14)


def test_moons_are_two_arcs_and_point_symmetric():
    law, x = TwoMoons(1.5, 0.2, 1.0), np.random.default_rng(0).standard_normal((9, 2))
    arcs = [Arc(1.5, 0.2, [-0.75, -0.375], math.pi / 2, 1.0)]
    arcs += [Arc(1.5, 0.2, [0.75, 0.375], -math.pi / 2, 1.0)]
    expected = np.logaddexp(*(a.log_density(x) for a in arcs)) - math.log(2)
    np.testing.assert_allclose(law.log_density(x), expected, rtol=1e-12)
    np.testing.assert_allclose(law.log_density(-x), expected, rtol=1e-12)
    np.testing.assert_allclose(law.score(-x), -law.score(x), rtol=1e-10)


def test_board_is_the_sum_over_its_even_squares():
    law, x = Checkerboard(4, 1.0, 0.2), np.random.default_rng(0).uniform(-3, 3, (9, 2))
    total = 0
    for i in range(4):
        for j in range(4):
            if (i + j) % 2 == 0:
                corner = np.array([i - 2.0, j - 2.0])
                total = total + np.exp(SmoothedUniform(corner, corner + 1, 0.2).log_density(x)) / 8
    np.testing.assert_allclose(law.log_density(x), np.log(total), rtol=1e-11)


def test_far_points():
    for name in ("ring", "thin ring", "arc", "moons", "wide moons", "board", "odd board"):
        check_far(PLANE[name][0])
    radial = Ring(2.0, 0.5).score([3e150, 4e150])
    np.testing.assert_allclose(radial, [-1.2e151, -1.6e151], rtol=1e-12)
    for law in (Banana(0.4, 1.3), Banana(0.0, 2.0), Funnel(2), Funnel(5)):
        for radius in (1e3, 1e8, 1e100, 1e150, 1e300):
            x = far_points(law.dim, radius)
            values = [law.log_density(x), law.score(x), law.score.jacobian(x)]
            values += [law.score.divergence(x)]
            assert not any(np.isnan(v).any() for v in values)
    check_far(Banana(0.0, 2.0))
    steep = Funnel(2).score([-1000.0, 1e-300])[1]
    np.testing.assert_allclose(steep, -math.exp(1000 - 300 * math.log(10)), rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.6, -1.7])
@pytest.mark.parametrize("name", ["ring", "arc", "wide moons", "odd board"])
def test_diffusion_is_the_convolution(name, alpha):
    """p̃(y) = E N(y; αX, σ²I) by quadrature, and the moments."""
    law, low, high, count = PLANE[name]
    diffused = law.diffuse(alpha, 0.5)
    assert type(diffused) is type(law)
    moments = alpha**2 * law.covariance + 0.25 * np.eye(2)
    np.testing.assert_allclose(diffused.mean, alpha * law.mean, atol=1e-14)
    np.testing.assert_allclose(diffused.covariance, moments, rtol=1e-12, atol=1e-12)
    x, p = check_by_quadrature(law, low, high, count, stein=False)
    for y in diffused.sample(3, rng=4):
        kernel = np.exp(-((y - alpha * x) ** 2).sum(-1) / 0.5) / (2 * math.pi * 0.25)
        np.testing.assert_allclose(math.exp(diffused.log_density(y)), p @ kernel, rtol=1e-9)
    with pytest.raises(ValueError, match="alpha"):
        law.diffuse(0.0, 1.0)
    with pytest.raises(ValueError, match="sigma"):
        law.diffuse(1.0, -1.0)


def test_what_is_not_closed_says_so():
    for law in (Funnel(3), Banana(1, 1)):
        with pytest.raises(NotImplementedError, match="not closed"):
            law.diffuse(0.5, 1.0)


def test_shared_behaviour():
    for law in [Funnel(3, 1.0), *(row[0] for row in PLANE.values())]:
        check_rowwise(law, 1.5 * np.random.default_rng(3).standard_normal((6, law.dim)))
        check_errors(law)


@pytest.mark.parametrize(
    ("build", "word"),
    [
        (lambda: Funnel(1), "dim"),
        (lambda: Funnel(3, 0), "scale"),
        (lambda: Banana(np.nan, 1), "curvature"),
        (lambda: Banana(1, -1), "scale"),
        (lambda: Ring(0, 1), "radius"),
        (lambda: Ring(1, 0), "width"),
        (lambda: Arc(1, 1, [0, 0, 0]), "centre"),
        (lambda: TwoMoons(concentration=-1), "concentration"),
        (lambda: Checkerboard(1), "cells"),
        (lambda: Checkerboard(sigma=0), "sigma"),
    ],
)
def test_bad_parameters_are_named(build, word):
    with pytest.raises(ValueError, match=word):
        build()


def test_moons_draw_both_moons_evenly():
    """The sign is a fair coin: Hoeffding's bound on its mean."""
    x = TwoMoons(width=0.01, concentration=50.0).sample(20000, rng=None)
    assert abs(np.sign(x[:, 1]).mean()) <= math.sqrt(2 * math.log(2 / LEVEL) / 20000)
