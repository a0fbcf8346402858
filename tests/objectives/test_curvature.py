"""Curvature propagation: the implicit loss from products with a factor of the curvature."""

import itertools

import numpy as np
import pytest

from refscore.estimation import diagonal_precision, fit, fit_implicit, train
from refscore.fields import Affine
from refscore.networks import MLP
from refscore.objectives import (
    curvature_propagation_loss,
    curvature_propagation_loss_and_gradient,
    curvature_propagation_loss_gradient,
    implicit_loss,
    implicit_loss_and_gradient,
)
from tests.objectives import plain

RNG = np.random.default_rng()
X = RNG.standard_normal((6, 3))
W, B = RNG.standard_normal((4, 3)), RNG.standard_normal(4)
RIDGES = MLP([W, -W.T], [B, np.zeros(3)])


def factor(x, theta=None):
    """C = D^½ W with −J = CᵀC, D the slopes of tanh(W x + b)."""
    return np.sqrt(1 - np.tanh(x @ W.T + B) ** 2)[..., None] * W


def test_the_mean_over_all_signs_is_the_implicit_loss():
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=4)))
    probes = np.tile(signs, (6, 1, 1))
    want = implicit_loss(RIDGES, X)
    for given in (factor, factor(X)):
        got = curvature_propagation_loss(RIDGES, X, given, probes)
        np.testing.assert_allclose(got, want, rtol=1e-12)


def test_every_estimate_of_the_curvature_is_at_least_zero():
    half = 0.5 * np.sum(RIDGES(X) ** 2, axis=1)
    loss = curvature_propagation_loss(RIDGES, X, factor, rng=0, n_probes=1)
    assert (loss <= half).all()
    again = curvature_propagation_loss(RIDGES, X, factor, rng=0, n_probes=1)
    np.testing.assert_array_equal(loss, again)


def test_one_factor_may_serve_every_point_and_leading_shapes_are_kept():
    root, probes = RNG.standard_normal((2, 3)), RNG.standard_normal((6, 5, 2))
    field = Affine(-root.T @ root)
    got = curvature_propagation_loss(field, X, root, probes)
    want = [
        0.5 * np.sum(field(x) ** 2) - np.mean(np.sum((v @ root) ** 2, axis=1))
        for x, v in zip(X, probes, strict=True)
    ]
    np.testing.assert_allclose(got, want, rtol=1e-12)
    shaped = curvature_propagation_loss(field, X.reshape(2, 3, 3), root, probes.reshape(2, 3, 5, 2))
    np.testing.assert_allclose(shaped.ravel(), got)
    assert curvature_propagation_loss(field, np.zeros((0, 3)), root).shape == (0,)


@pytest.mark.parametrize(
    "given", [np.ones((2, 2)), np.ones((5, 2, 3)), np.ones(3), np.ones((0, 3)), 1.0]
)
def test_factors_of_another_shape_are_refused_by_name(given):
    with pytest.raises(ValueError, match="factor must have"):
        curvature_propagation_loss(RIDGES, X, given)


# --- its gradient ----------------------------------------------------------------------------

WIDTHS, PROBES = (3, 4, 3), RNG.standard_normal((6, 5, 4))


def moving(x, theta):
    """`factor` of the network with parameters θ, for autograd or NumPy."""
    np_ = pytest.importorskip("autograd.numpy")
    weight, bias = np_.reshape(theta[:12], (4, 3)), theta[12:16]
    return (1 / np_.cosh(np_.dot(x, weight.T) + bias))[:, :, None] * weight


def slope_of(x, theta):
    """∂C_ki/∂θ (n, 4, 3, p), written out."""
    weight, bias = theta[:12].reshape(4, 3), theta[12:16]
    z = x @ weight.T + bias
    g = 1 / np.cosh(z)
    slope = np.zeros((len(x), 4, 3, len(theta)))
    for k in range(4):
        bent = -(np.tanh(z[:, k]) * g[:, k])[:, None] * weight[k]
        for j in range(3):
            slope[:, k, :, 3 * k + j] = bent * x[:, j : j + 1]
            slope[:, k, j, 3 * k + j] += g[:, k]
        slope[:, k, :, 12 + k] = bent
    return slope


def wanted(theta, points=X, probes=PROBES):
    """The mean loss in plain loops, θ complex."""
    total = 0.0
    for x, vs in zip(points, probes, strict=True):
        (first, last), (bias, end) = plain.unflatten_mlp(theta, WIDTHS)
        s = last @ np.tanh(first @ x + bias) + end
        c = (1 / np.cosh(first @ x + bias))[:, None] * first
        total = total + 0.5 * sum(s * s) - sum(sum((c.T @ v) ** 2) for v in vs) / len(vs)
    return total / len(points)


@pytest.mark.parametrize(
    ("given", "slope"),
    [
        (moving, None),
        (moving, slope_of(X, RIDGES.parameters)),
        (factor(X), slope_of(X, RIDGES.parameters)),
        (moving, lambda x, theta, w: np.tensordot(w, slope_of(x, theta), axes=3)),
    ],
    ids=["autograd", "array", "both arrays", "pulled back"],
)
def test_the_gradient_is_that_of_a_complex_step(given, slope):
    want = plain.complex_step(wanted, RIDGES.parameters)
    loss, got = curvature_propagation_loss_and_gradient(RIDGES, X, given, slope, PROBES)
    np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(loss, wanted(RIDGES.parameters), rtol=1e-12)
    alone = curvature_propagation_loss_gradient(RIDGES, X, given, slope, PROBES)
    np.testing.assert_array_equal(alone, got)


def test_one_factor_and_one_slope_may_serve_every_point():
    root, slope = RNG.standard_normal((2, 3)), RNG.standard_normal((2, 3, 12))
    field, probes = Affine(-root.T @ root), RNG.standard_normal((6, 5, 2))
    got = curvature_propagation_loss_gradient(field, X, root, slope, probes)
    tiled = np.tile(root, (6, 1, 1)), np.tile(slope, (6, 1, 1, 1))
    want = curvature_propagation_loss_gradient(field, X, *tiled, probes)
    np.testing.assert_allclose(got, want, rtol=1e-12)
    shaped = curvature_propagation_loss_gradient(
        field, X.reshape(2, 3, 3), root, slope, probes.reshape(2, 3, 5, 2)
    )
    np.testing.assert_allclose(shaped, want, rtol=1e-12)
    moved = [
        curvature_propagation_loss(
            field.with_parameters(field.parameters + step), X, root + slope @ step, probes
        ).mean()
        for step in 1e-6 * np.concatenate([np.eye(12), -np.eye(12)])
    ]
    apart = (np.array(moved[:12]) - moved[12:]) / 2e-6
    np.testing.assert_allclose(got, apart, rtol=1e-6, atol=1e-6)


def test_with_signs_and_a_diagonal_factor_it_is_the_implicit_loss():
    """‖Cᵀv‖² = Σ λ for C = diag √λ: the same minimum, found through the gradient."""
    x = X[:, :2] * [1.0, 2.0]
    field, signs = diagonal_precision(2).with_parameters([0.7, 1.9]), {"probe": "rademacher"}

    def root(x, theta):
        return np.sqrt(theta) * np.eye(2)

    def pulled(x, theta, weights):
        return np.einsum("nii->i", weights) / (2 * np.sqrt(theta))

    got = curvature_propagation_loss_and_gradient(field, x, root, pulled, rng=1, **signs)
    want = implicit_loss_and_gradient(field, x)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-12)
    np.testing.assert_allclose(got[1], want[1], rtol=1e-12)
    given = {"factor": root, "factor_gradient": pulled, **signs}
    fitted = fit("curvature_propagation", field, x, rng=1, **given)
    np.testing.assert_allclose(fitted.parameters, fit_implicit(field, x).parameters, rtol=1e-6)
    trained = train("curvature_propagation", field, x, steps=5, rng=1, **given)
    assert trained.parameters.shape == (2,)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (factor(X), None),
            TypeError,
            "factor, where factor_gradient is not given, must be a func",
        ),
        (
            (factor(X), np.ones((4, 3, 2))),
            ValueError,
            r"factor_gradient must have shape \(4, 3, 31",
        ),
        ((factor(X), lambda x, t, w: w), ValueError, "factor_gradient.* must have the shape of"),
        ((factor(X), np.full((4, 3, 31), np.nan)), ValueError, "factor_gradient must be finite"),
    ],
)
def test_slopes_that_do_not_fit_are_refused_by_name(arguments, error, message):
    with pytest.raises(error, match=message):
        curvature_propagation_loss_gradient(RIDGES, X, *arguments, PROBES)
    with pytest.raises(ValueError, match="at least one point"):
        curvature_propagation_loss_gradient(RIDGES, X[:0], np.ones((4, 3)), np.ones((4, 3, 31)))
