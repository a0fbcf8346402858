"""p ∝ exp(θ·F(x)): linear in θ, derivatives from the feature map, log Z by quadrature."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore.distributions import ExponentialFamily, Gaussian
from tests.distributions.common import (
    check_by_quadrature,
    check_derivatives,
    check_rowwise,
    check_sample_by_quadrature,
)

SEEDS = st.integers(0, 2**31)


def polynomial(theta, laplacian=True):
    """F = (x₁, x₂, −x₁², −x₂², x₁ x₂, −x₁⁴), written out by hand."""

    def features(x):
        a, b = x[:, 0], x[:, 1]
        return np.stack([a, b, -(a**2), -(b**2), a * b, -(a**4)], axis=1)

    def gradient(x):
        a, b, one, nil = x[:, 0], x[:, 1], np.ones(len(x)), np.zeros(len(x))
        first = np.stack([one, nil, -2 * a, nil, b, -4 * a**3], axis=1)
        second = np.stack([nil, one, nil, -2 * b, a, nil], axis=1)
        return np.stack([first, second], axis=2)

    def hessian(x):
        h = np.zeros((len(x), 6, 2, 2))
        h[:, 2, 0, 0] = h[:, 3, 1, 1] = -2
        h[:, 4, 0, 1] = h[:, 4, 1, 0] = 1
        h[:, 5, 0, 0] = -12 * x[:, 0] ** 2
        return h

    def trace(x):
        return np.trace(hessian(x), axis1=2, axis2=3)

    return ExponentialFamily(theta, 2, features, gradient, hessian, trace if laplacian else None)


QUARTIC = [0.3, -0.5, -1.0, 0.8, 0.4, 0.5]


@given(SEEDS, st.booleans())
@settings(max_examples=25, deadline=None)
def test_derivatives(seed, laplacian):
    rng = np.random.default_rng(seed)
    check_derivatives(polynomial(rng.standard_normal(6), laplacian), rng.standard_normal((5, 2)))


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_everything_is_linear_in_theta(seed):
    rng = np.random.default_rng(seed)
    a, b, x = rng.standard_normal(6), rng.standard_normal(6), rng.standard_normal((5, 2))
    one, two, both = polynomial(a), polynomial(b), polynomial(2 * a - b)
    assert np.array_equal(one.with_theta(b).log_density(x), two.log_density(x))
    for f in ("log_density", "score"):
        expected = 2 * getattr(one, f)(x) - getattr(two, f)(x)
        np.testing.assert_allclose(getattr(both, f)(x), expected, rtol=1e-11, atol=1e-11)
    expected = 2 * one.score.divergence(x) - two.score.divergence(x)
    np.testing.assert_allclose(both.score.divergence(x), expected, rtol=1e-11, atol=1e-11)


def test_the_gaussian_member_is_the_gaussian():
    precision = np.array([[1.4, -0.3], [-0.3, 0.9]])
    mean = np.array([0.5, -1.0])
    law = Gaussian(mean, np.linalg.inv(precision))
    natural = precision @ mean
    family = polynomial([*natural, 0.7, 0.45, 0.3, 0.0])
    x = np.random.default_rng(0).standard_normal((7, 2))
    np.testing.assert_allclose(family.score(x), law.score(x), rtol=1e-12, atol=1e-12)
    normalised = family.normalise(-12, 12)
    assert not family.normalised
    assert normalised.normalised
    np.testing.assert_allclose(normalised.log_density(x), law.log_density(x), rtol=1e-11)
    np.testing.assert_allclose(normalised.mean, mean, rtol=1e-11)
    np.testing.assert_allclose(normalised.covariance, law.covariance, rtol=1e-10)
    log_z = math.log(2 * math.pi) - 0.5 * np.linalg.slogdet(precision)[1] + 0.5 * natural @ mean
    np.testing.assert_allclose(normalised.log_normaliser, log_z, rtol=1e-12)


def test_gradient_of_the_log_normaliser_is_the_mean_feature():
    """∂ log Z/∂θ = E F, log Z by the library, E F by the test's own nodes."""
    family, h = polynomial(QUARTIC), 1e-3
    law = family.normalise([-4, -8], [4, 8])
    x, p = check_by_quadrature(law, [-4, -8], [4, 8], 16)
    check_sample_by_quadrature(law, x, p, n=3000)
    mean = p @ family.features(x)
    for k in range(6):
        step = h * np.eye(6)[k]
        up, down = (
            family.with_theta(family.theta + s * step).normalise([-5, -9], [5, 9]).log_normaliser
            for s in (1, -1)
        )
        np.testing.assert_allclose((up - down) / (2 * h), mean[k], rtol=1e-4, atol=1e-5)


def test_rowwise():
    check_rowwise(polynomial(QUARTIC), 2 * np.random.default_rng(1).standard_normal((6, 2)))


def test_errors_name_the_argument():
    family = polynomial(QUARTIC)

    def features(x):
        return x

    with pytest.raises(ValueError, match="theta"):
        polynomial([[1.0, 2.0]])
    with pytest.raises(ValueError, match="theta"):
        family.with_theta([1.0, 2.0])
    with pytest.raises(ValueError, match="theta"):
        polynomial([np.nan] * 6)
    with pytest.raises(TypeError, match="gradient"):
        ExponentialFamily([1.0], 1, features, 3)
    with pytest.raises(TypeError, match="gradient"):
        ExponentialFamily([1.0], 1, features, None)
    with pytest.raises(ValueError, match="gradient must return shape"):
        ExponentialFamily([1.0], 1, features, features).score([[1.0]])
    plain = ExponentialFamily(family.theta, 2, family.features, family.gradient)
    with pytest.raises(ValueError, match="hessian was not given"):
        plain.score.jacobian([1.0, 2.0])
    for bad in ([np.nan, 1.0], [1.0, 2.0, 3.0], 1.0):
        with pytest.raises(ValueError, match="^x must"):
            family.log_density(bad)
    with pytest.raises(NotImplementedError, match="sampler"):
        family.sample(3, rng=0)
    with pytest.raises(NotImplementedError, match="mean"):
        family.mean  # noqa: B018


def test_a_divergent_member_cannot_be_normalised():
    with pytest.raises(ValueError, match="hold the mass"):
        polynomial([0, 0, -1.0, 1.0, 0, 0]).normalise(-3, 3)
