"""Laws on boxes and half-lines against scipy, 60-digit formulas and quadrature."""

import math

import mpmath
import numpy as np
import pytest
import scipy.stats as stats
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore.distributions import Gaussian, HalfNormal, SmoothedUniform, TruncatedNormal, Uniform
from tests.distributions.common import (
    check_by_quadrature,
    check_derivatives,
    check_errors,
    check_far,
    check_follows,
    check_rowwise,
    nodes,
)

SEEDS = st.integers(0, 2**31)
BOX = Uniform([-1.0, 2.0], [0.5, 5.0])
SMOOTH = SmoothedUniform([-1.0, 2.0], [0.5, 5.0], [0.3, 2.0])
CUT = TruncatedNormal([0.0, 1.0], [1.0, 2.0], [-0.7, -np.inf], [1.5, 3.0])
HALF = HalfNormal([1.0, 2.5])


def exact_window(x, low, high, sigma):
    """log p, score and slope of the smoothed uniform by the formulas of A9, many digits."""
    with mpmath.workdps(80 + 2 * int(max(0, math.log10(abs(x) / sigma + 1)))):
        x, low, high, s = (mpmath.mpf(v) for v in (x, low, high, sigma))
        if x - low < high - x:
            value, score, slope = exact_window(low + high - x, low, high, s)
            return value, -score, slope
        b, a = (x - high) / s, (x - low) / s

        def phi(z):
            return mpmath.exp(-z * z / 2) / mpmath.sqrt(2 * mpmath.pi)

        mass = (mpmath.erfc(b / mpmath.sqrt(2)) - mpmath.erfc(a / mpmath.sqrt(2))) / 2
        score = (phi(a) - phi(b)) / (s * mass)
        slope = (b * phi(b) - a * phi(a)) / (s * s * mass) - score**2
        return mpmath.log(mass) - mpmath.log(high - low), score, slope


@pytest.mark.parametrize("sigma", [1e-3, 0.1, 1.0, 30.0, 1e6])
@pytest.mark.parametrize("x", [-1e4, -300.0, -7.0, -0.3, 0.0, 0.01, 0.4, 0.8, 1.0, 1.5, 41.0])
def test_smoothed_uniform_keeps_its_digits(x, sigma):
    law = SmoothedUniform(0.0, 1.0, sigma)
    log_density, score, slope = (float(v) for v in exact_window(x, 0.0, 1.0, sigma))
    np.testing.assert_allclose(law.log_density([x]), log_density, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(law.score([x])[0], score, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(law.score.divergence([x]), slope, rtol=1e-10, atol=1e-300)


def test_smoothed_uniform_of_the_lecture():
    np.testing.assert_allclose(SmoothedUniform(0, 1, 0.1).score([-0.3]), 32.8, atol=0.05)


def test_smoothed_uniform_has_no_limit_off_the_support():
    levels = np.array([1e-2, 1e-3])  # Mills' ratio: s = y/σ² + 1/y - 2σ²/y³ + O(σ⁴), y = 0.3
    scores = [SmoothedUniform(0, 1, sigma).score([-0.3])[0] for sigma in levels]
    expected = 0.3 / levels**2 + 1 / 0.3 - 2 * levels**2 / 0.3**3
    np.testing.assert_allclose(scores, expected, rtol=1e-7)


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_smoothed_uniform_derivatives(seed):
    rng = np.random.default_rng(seed)
    low = rng.normal(size=3)
    law = SmoothedUniform(low, low + rng.uniform(0.1, 3, 3), rng.uniform(0.3, 2, 3))
    check_derivatives(law, law.mean + 2 * rng.standard_normal((4, 3)))


def test_smoothed_uniform_far_and_offset():
    check_far(SMOOTH)
    check_far(SmoothedUniform(0, 1, 0.01))
    np.testing.assert_allclose(SmoothedUniform(0, 1, 2.0).score([1e150]), [-2.5e149])
    moved = SmoothedUniform(1e8, 1e8 + 1, 0.25)
    still = SmoothedUniform(0, 1, 0.25)
    x = np.array([[-0.75], [0.25], [0.5], [2.0]])
    np.testing.assert_allclose(moved.score(x + 1e8), still.score(x), rtol=1e-12, atol=1e-12)


def test_by_quadrature():
    check_by_quadrature(SMOOTH, [-4, -15], [4, 22], 24)
    check_by_quadrature(BOX, BOX.low, BOX.high, 2, stein=False)
    check_by_quadrature(CUT, [-0.7, -20], [1.5, 3.0], 16, stein=False)
    check_by_quadrature(HALF, [0, 0], [12, 30], 16, stein=False)


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_truncated_normal_is_scipys(seed):
    rng = np.random.default_rng(seed)
    mean, sd = rng.normal(), rng.uniform(0.3, 3)
    low = rng.uniform(-4, 4)
    high = rng.choice([np.inf, low + rng.uniform(0.05, 6)])
    law = TruncatedNormal(mean, sd, low, high)
    other = stats.truncnorm((low - mean) / sd, (high - mean) / sd, mean, sd)
    x = law.sample(20, rng=rng)
    assert ((x >= low) & (x <= high)).all()
    np.testing.assert_allclose(law.log_density(x), other.logpdf(x[:, 0]), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(law.mean, other.mean(), rtol=1e-7)
    np.testing.assert_allclose(law.covariance[0, 0], other.var(), rtol=1e-6)


@pytest.mark.parametrize("low", [0.0, 5.0, 1e2, 1e8, 1e150])
def test_truncated_normal_far_in_the_tail(low):
    """Beyond b the law is b + Exp(b) as b grows: mean b + 1/b, at b = 5 by 60 digits."""
    law = TruncatedNormal(0.0, 1.0, low, np.inf)
    with mpmath.workdps(60):
        b = mpmath.mpf(low)
        if low < 1e3:
            tail = mpmath.erfc(b / mpmath.sqrt(2)) / 2
            ratio = mpmath.exp(-b * b / 2) / mpmath.sqrt(2 * mpmath.pi) / tail
            variance, at_edge = 1 + b * ratio - ratio**2, mpmath.log(ratio)
        else:
            variance, at_edge = 1 / b**2, mpmath.log(b)
    np.testing.assert_allclose(law.log_density([low]), float(at_edge), rtol=1e-12)
    np.testing.assert_allclose(law.covariance[0, 0], float(variance), rtol=1e-11)
    mirror = TruncatedNormal(0.0, 1.0, -np.inf, -low)
    np.testing.assert_allclose(mirror.log_density([-low]), float(at_edge), rtol=1e-12)
    np.testing.assert_array_equal(mirror.mean, -law.mean)


WINDOWS = [(-2.0, 3.0), (-0.3, 0.1), (0.5, 9.0), (1.5, 1.7), (4.0, np.inf), (-np.inf, -6.0)]
WINDOWS += [
    (1.0, np.inf),
    (-np.inf, np.inf),
    (-np.inf, 1.0),
    (-1e-9, 1e-9),
    (0.9, 1.95),
    (-60.0, 50.0),
]


@pytest.mark.parametrize(("low", "high"), WINDOWS)
def test_truncated_normal_draws(low, high):
    law = TruncatedNormal(0.0, 1.0, low, high)

    def cdf(x):
        sign = -1.0 if low > 0 else 1.0
        ends = [stats.norm.cdf(sign * v) for v in (low, high)]
        if high - low < 1e-6:
            return (x - low) / (high - low)
        return (stats.norm.cdf(sign * x) - ends[0]) / (ends[1] - ends[0])

    check_follows(law.sample(100000, rng=None)[:, 0], cdf)


def test_draws_far_in_the_tail_keep_their_spacing():
    """Above b = 1e6, b (X − b) is Exp(1) up to 1e-12."""
    draws = TruncatedNormal(-1e6, 1.0, 0.0, np.inf).sample(20000, rng=None)[:, 0]
    check_follows(1e6 * draws, stats.expon.cdf)


def test_a_thousand_truncated_coordinates():
    law = TruncatedNormal(np.linspace(-9, 9, 1000), 1.0, -1.0, 1.0)
    draws = law.sample(400, rng=None)
    assert (np.abs(draws) <= 1).all()
    bound = 2 * math.sqrt(math.log(2000 / 1e-9) / 800)
    assert np.abs(draws.mean(0) - law.mean).max() <= bound


def test_other_draws():
    for law, ones in [
        (BOX, [stats.uniform(-1, 1.5), stats.uniform(2, 3)]),
        (HALF, [stats.halfnorm(scale=1), stats.halfnorm(scale=2.5)]),
    ]:
        draws = law.sample(20000, rng=None)
        for j in (0, 1):
            check_follows(draws[:, j], ones[j].cdf)

    def cdf(x, w=3.0, s=2.0):
        """E Φ((x − U)/s) with U uniform: the integral of Φ is zΦ + φ."""
        a, b = (x - 2.0) / s, (x - 5.0) / s
        total = (
            a * stats.norm.cdf(a) + stats.norm.pdf(a) - b * stats.norm.cdf(b) - stats.norm.pdf(b)
        )
        return total * s / w

    check_follows(SMOOTH.sample(20000, rng=None)[:, 1], cdf)


@pytest.mark.parametrize("law", [BOX, CUT, HALF])
def test_outside_the_support_only_those_rows_are_nan(law):
    inside = law.sample(3, rng=0)
    outside = np.array([[-50.0, 2.5], [0.2, 60.0], [-3.0, -4.0]])
    if law is HALF:
        outside = -outside * [1, -1] - [60, 0]
    x = np.stack([inside, outside], axis=1).reshape(6, 2)
    is_out = np.tile([False, True], 3)
    np.testing.assert_array_equal(law.log_density(x) == -np.inf, is_out)
    for value in (law.score(x), law.score.jacobian(x), law.score.jvp(x, x)):
        flat = np.isnan(value.reshape(6, -1))
        np.testing.assert_array_equal(flat.all(axis=1), is_out)
        np.testing.assert_array_equal(flat.any(axis=1), is_out)
    np.testing.assert_array_equal(np.isnan(law.score.divergence(x)), is_out)
    assert (law.log_density([[1e150, 1e150]]) == -np.inf).all() or law is HALF


def test_the_boundary_belongs_to_the_support():
    assert BOX.log_density(BOX.low) == BOX.log_density(BOX.high) == -math.log(4.5)
    np.testing.assert_array_equal(BOX.score(BOX.low), 0)
    np.testing.assert_allclose(HALF.log_density([0.0, 0.0]), math.log(2 / math.pi / 2.5))


def test_half_normal_boundary_term():
    """E[score] = −√(2/π)/s, the boundary's p(0), where Stein's identity would give 0."""
    x, weight = nodes([0], [40], 40)
    for sd in (1.0, 2.5):
        law = HalfNormal(sd)
        expected = (weight * np.exp(law.log_density(x))) @ law.score(x)
        np.testing.assert_allclose(expected, -math.sqrt(2 / math.pi) / sd, rtol=1e-12)
    np.testing.assert_allclose(expected * 2.5, -0.798, atol=5e-4)


def test_half_normal_is_a_truncated_normal():
    other = TruncatedNormal(0, [1.0, 2.5], 0, np.inf)
    x = HALF.sample(20, rng=1)
    np.testing.assert_allclose(HALF.log_density(x), other.log_density(x), rtol=1e-13)
    np.testing.assert_allclose(HALF.mean, other.mean, rtol=1e-13)
    np.testing.assert_allclose(HALF.covariance, other.covariance, rtol=1e-12)


def test_diffused_uniform():
    law = BOX.diffuse(-2.0, 0.7)
    assert isinstance(law, SmoothedUniform)
    np.testing.assert_allclose(law.mean, -2 * BOX.mean)
    np.testing.assert_allclose(law.covariance, 4 * BOX.covariance + 0.49 * np.eye(2))
    twice, once = law.diffuse(0.5, 0.3), BOX.diffuse(-1.0, math.hypot(0.35, 0.3))
    x = np.random.default_rng(0).standard_normal((5, 2))
    np.testing.assert_allclose(twice.log_density(x), once.log_density(x), rtol=1e-13)
    np.testing.assert_allclose(BOX.diffuse(2.0, 0.0).high, 2 * BOX.high)
    assert isinstance(BOX.diffuse(2.0, 0.0), Uniform)
    assert isinstance(BOX.diffuse(0.0, 2.0), Gaussian)
    for law in (BOX, SMOOTH):
        with pytest.raises(ValueError, match="sigma"):
            law.diffuse(1.0, -1.0)
        with pytest.raises(ValueError, match="alpha"):
            law.diffuse(np.nan, 1.0)
    with pytest.raises(ValueError, match="alpha"):
        BOX.diffuse(0.0, 0.0)
    for law in (CUT, HALF):
        with pytest.raises(NotImplementedError, match="not closed"):
            law.diffuse(0.5, 1.0)


def test_shared_behaviour():
    for law in (BOX, SMOOTH, CUT, HALF):
        x = law.sample(6, rng=2)
        x[1] = [40.0, 50.0]
        check_rowwise(law, x)
        check_errors(law)


@pytest.mark.parametrize(
    ("build", "word"),
    [
        (lambda: Uniform(1, 1), "high"),
        (lambda: Uniform([0, 1], [1, 1]), "high"),
        (lambda: Uniform(-1.5e308, 1.5e308), "high"),
        (lambda: Uniform(0, np.inf), "high"),
        (lambda: SmoothedUniform(0, 1, 0), "sigma"),
        (lambda: SmoothedUniform([0, 0], [1, 1], [1, 1, 1]), "sigma"),
        (lambda: TruncatedNormal(0, 1, 2, 1), "high"),
        (lambda: TruncatedNormal(0, 1, np.nan, 1), "low"),
        (lambda: TruncatedNormal(0, -1, 0, 1), "sd"),
        (lambda: TruncatedNormal(np.inf, 1, 0, 1), "mean"),
        (lambda: HalfNormal(0), "sd"),
    ],
)
def test_bad_parameters_are_named(build, word):
    with pytest.raises(ValueError, match=word):
        build()
