"""Implicit score matching: hand-written losses, Gaussian moments, complex-step gradients."""

import numpy as np
import pytest

from refscore.distributions import GaussianMixture
from refscore.fields import Affine, Zero
from refscore.networks import MLP
from refscore.nodes import trapezoid
from refscore.objectives import (
    fisher_loss,
    implicit_loss,
    implicit_loss_and_gradient,
    implicit_loss_gradient,
)
from tests.objectives import plain

A = np.array([[1.0, -2.0], [0.5, 0.7]])
B = np.array([0.3, -1.1])
MEAN, COVARIANCE = np.array([1.0, -0.5]), np.array([[2.0, 0.3], [0.3, 0.5]])
WIDTHS = (3, 5, 4, 3)
NET = MLP.initialise(WIDTHS, rng=1).with_parameters(
    0.7 * np.random.default_rng(2).standard_normal(59)
)
X = np.random.default_rng(3).standard_normal((6, 3))


def sigma_points():
    """Four points with exactly the mean and covariance above."""
    signs = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    return MEAN + signs @ np.linalg.cholesky(COVARIANCE).T


def test_loss_is_half_the_square_plus_the_trace():
    want = [plain.implicit(*plain.mlp(NET.weights, NET.biases, row)) for row in X]
    np.testing.assert_allclose(implicit_loss(NET, X), want, rtol=1e-13)


def test_affine_mean_is_the_closed_form_in_the_moments():
    """J = ½[tr(A S Aᵀ) + ‖A μ + b‖²] + tr A, with ∂A = A(S + μμᵀ) + bμᵀ + I, ∂b = A μ + b."""
    loss, gradient = implicit_loss_and_gradient(Affine(A, B), sigma_points())
    residual = A @ MEAN + B
    want = 0.5 * (np.trace(A @ COVARIANCE @ A.T) + residual @ residual) + np.trace(A)
    matrix = A @ COVARIANCE + np.outer(residual, MEAN) + np.eye(2)
    np.testing.assert_allclose(loss, want, rtol=1e-14)
    np.testing.assert_allclose(gradient, [*matrix.ravel(), *residual], atol=1e-14)


def test_network_gradient_is_the_complex_step():
    mean = plain.mean_over_points(
        plain.implicit,
        lambda theta, x: plain.mlp(*plain.unflatten_mlp(theta, WIDTHS), x),
        X,
    )
    want = plain.complex_step(mean, NET.parameters)
    loss, gradient = implicit_loss_and_gradient(NET, X)
    np.testing.assert_allclose(gradient, want, atol=1e-13)
    np.testing.assert_allclose(implicit_loss_gradient(NET, X), want, atol=1e-13)
    np.testing.assert_allclose(loss, implicit_loss(NET, X).mean(), rtol=1e-14)


def test_two_networks_in_a_sum_do_not_disturb_each_other():
    other = MLP.initialise(WIDTHS, rng=9)
    field = NET + other
    local = field.linearise(X)
    want = local.gradient(value=local.value, divergence=np.ones(6)) / 6
    loss, gradient = implicit_loss_and_gradient(field, X)
    np.testing.assert_allclose(gradient, want, atol=1e-14)
    direct = 0.5 * np.sum((NET(X) + other(X)) ** 2, axis=1) + NET.divergence(X)
    np.testing.assert_allclose(loss, np.mean(direct + other.divergence(X)), rtol=1e-13)
    np.testing.assert_allclose(implicit_loss(field, X), direct + other.divergence(X), rtol=1e-13)


@pytest.mark.parametrize("field", [NET, Affine(np.eye(3)) - 2.0 * NET], ids=["net", "sum"])
def test_blocks_and_leading_shapes_change_nothing(field):
    whole = implicit_loss_and_gradient(field, X)
    field.rows_at_once = 4
    loss, gradient = implicit_loss_and_gradient(field, X.reshape(2, 3, 3))
    np.testing.assert_allclose(loss, whole[0], rtol=1e-14)
    np.testing.assert_allclose(gradient, whole[1], rtol=1e-12, atol=1e-14)
    losses = implicit_loss(field, X.reshape(2, 3, 3))
    loop = [[implicit_loss(field, point) for point in row] for row in X.reshape(2, 3, 3)]
    np.testing.assert_allclose(losses, loop, rtol=1e-13)
    assert implicit_loss(field, np.zeros((2, 0, 3))).shape == (2, 0)


def test_implicit_differs_from_fisher_by_the_targets_own_square_on_a_mixture():
    """F = J + ½ E‖∇ log π‖², by quadrature, for a field that is not affine."""
    law = GaussianMixture([0.3, 0.7], [[-1.0], [1.5]], [0.4, 0.8])
    nodes = trapezoid(-12.0, 14.0, 1500).under(law.log_density)
    field = MLP.initialise([1, 4, 3, 1], rng=5) + 0.5 * law.score
    explicit = nodes.mean(fisher_loss(field, law.score, nodes.points))
    constant = nodes.mean(fisher_loss(Zero(1), law.score, nodes.points))
    implicit = nodes.mean(implicit_loss(field, nodes.points))
    np.testing.assert_allclose(explicit, implicit + constant, rtol=1e-11)


def test_a_score_has_losses_and_an_empty_gradient():
    law = GaussianMixture([0.3, 0.7], [[-1.0, 0.0], [1.5, 1.0]], [0.4, 0.8])
    x = sigma_points()
    jacobian = law.score.jacobian(x)
    want = 0.5 * np.sum(law.score(x) ** 2, axis=1) + jacobian[:, 0, 0] + jacobian[:, 1, 1]
    np.testing.assert_allclose(implicit_loss(law.score, x), want, rtol=1e-13)
    assert implicit_loss_gradient(law.score, x).shape == (0,)


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(TypeError, match="field must be a refscore Field, got function"):
        implicit_loss(lambda x: x, X)
    with pytest.raises(ValueError, match=r"x must have shape \(..., 3\)"):
        implicit_loss(NET, X[:, :2])
    with pytest.raises(ValueError, match="x must hold at least one point"):
        implicit_loss_gradient(NET, X[:0])
