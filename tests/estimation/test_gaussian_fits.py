"""Gaussians by score matching: maximum likelihood without restrictions, not with them."""

import numpy as np
import pytest

from refscore.estimation import GaussianFit, fit_gaussian, fit_implicit
from refscore.fields import Affine
from refscore.objectives import implicit_loss_and_gradient

RNG = np.random.default_rng(3)
S = np.array([[1.3, 0.4, 0.1], [0.4, 0.7, 0.2], [0.1, 0.2, 2.0]])
X = RNG.standard_normal((300, 3)) @ np.linalg.cholesky(S).T + [1.0, 2.0, -3.0]
CHAIN = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1]])


def test_it_is_maximum_likelihood_with_one_over_n():
    fit = fit_gaussian(X)
    assert isinstance(fit, GaussianFit)
    np.testing.assert_allclose(fit.precision, np.linalg.inv(np.cov(X.T, bias=True)), rtol=1e-12)
    np.testing.assert_allclose(fit.mean, X.mean(0), rtol=1e-14)
    loss, gradient = implicit_loss_and_gradient(fit.field, X)
    np.testing.assert_allclose(fit.loss, loss, rtol=1e-12)
    assert np.abs(gradient).max() < 1e-12


def test_far_from_the_origin_and_of_unequal_scale():
    scale, shift = np.array([1e-6, 1.0, 1e6]), np.array([1.0, -1e6, 1e12])
    fit = fit_gaussian(X * scale + shift)
    want = np.linalg.inv(np.cov(X.T, bias=True))
    np.testing.assert_allclose(fit.precision * np.outer(scale, scale), want, rtol=1e-3)


def test_a_pattern_is_the_least_of_the_loss_among_its_precisions():
    fit = fit_gaussian(X, CHAIN)
    assert fit.precision[0, 2] == fit.precision[2, 0] == 0
    for step in 1e-3 * RNG.standard_normal((20, 3, 3)):
        K = fit.precision + (step + step.T) * CHAIN
        other = implicit_loss_and_gradient(Affine(-K, K @ fit.mean), X)[0]
        assert other > fit.loss
    likelihood = np.linalg.inv(fit.precision)  # would match S on the pattern
    assert np.abs((likelihood - np.cov(X.T, bias=True)) * CHAIN).max() > 1e-4


def test_standard_errors_are_those_of_repeated_samples():
    n, repeats = 400, 400
    root = np.linalg.cholesky(S).T
    for pattern in (None, CHAIN):
        fits = [
            fit_gaussian(RNG.standard_normal((n, 3)) @ root + 5, pattern) for _ in range(repeats)
        ]
        spread = np.std([fit.parameters for fit in fits], axis=0)
        ratio = np.mean([fit.standard_errors for fit in fits], axis=0) / spread
        assert np.abs(ratio - 1).max() < 4.5 / np.sqrt(2 * repeats) + 0.02


def test_symmetric_precision_equals_the_affine_fit():
    """Unrestricted, even the affine field without symmetry ends at the same precision."""
    fit, affine = fit_gaussian(X), fit_implicit(Affine(np.eye(3)), X)
    np.testing.assert_allclose(-affine.field.matrix, fit.precision, atol=1e-12)
    np.testing.assert_allclose(affine.field.offset, fit.precision @ fit.mean, atol=1e-11)


def test_an_indefinite_restricted_precision_is_said():
    x = np.array([[2.0, 1.9, 1.9], [-2.0, -1.9, -1.9], [0.1, -0.1, 0.05], [-0.1, 0.1, -0.05],
                  [0.02, 0.1, -0.1], [-0.02, -0.1, 0.1]])  # fmt: skip
    found = [fit_gaussian(x[:, order], CHAIN) for order in ([0, 1, 2], [1, 0, 2], [0, 2, 1])]
    for fit in found:
        assert fit.converged == (np.linalg.eigvalsh(fit.precision)[0] > 0)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((0, 3)), "at least one point"),
        (X[:1], "more points than coordinates, got 1 point in 3"),
        (X[:3], "more points than coordinates, got 3 points in 3"),
        (np.where([False, False, True], 4.0, X), "column 2 of x is constant"),
        (np.where([False, True, True], 0.0, X), "columns 1 and 2 of x are constant"),
        (np.c_[X[:, :2], 3 * X[:, 1] - 7], "columns 1 and 2 of x are collinear"),
        (np.where(np.arange(300)[:, None] == 7, np.nan, X), r"nan at index \(7, 0\)"),
    ],
)
def test_data_that_determine_nothing_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        fit_gaussian(x)
    if x.size and "point" not in message:
        with pytest.raises(ValueError, match=message):
            fit_implicit(Affine(np.eye(3)), x)


@pytest.mark.parametrize(
    "pattern", [np.ones((2, 2)), 2 * np.eye(3), 1 - np.eye(3), np.triu(np.ones((3, 3)))]
)
def test_bad_patterns_are_refused(pattern):
    with pytest.raises(ValueError, match="pattern must"):
        fit_gaussian(X, pattern)
