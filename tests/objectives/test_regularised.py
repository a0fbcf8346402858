"""Implicit matching at noised points, the squared diagonal as a penalty, propagated curvature."""

import numpy as np
import pytest

from refscore.distributions import GaussianMixture
from refscore.fields import Affine
from refscore.networks import MLP
from refscore.objectives import (
    implicit_loss,
    implicit_loss_and_gradient,
    noisy_implicit_loss,
    noisy_implicit_loss_and_gradient,
    regularised_implicit_loss,
    regularised_implicit_loss_and_gradient,
    regularised_implicit_loss_gradient,
)
from tests.objectives import plain

WIDTHS = (3, 5, 4, 3)
RNG = np.random.default_rng(3)
NET = MLP.initialise(WIDTHS, rng=1).with_parameters(0.7 * RNG.standard_normal(59))
DEEP = MLP.initialise((3, 4, 5, 4, 3), rng=2)
MIXTURE = GaussianMixture([0.3, 0.7], RNG.standard_normal((2, 3)), [0.6, 1.1])
X, NOISE = RNG.standard_normal((2, 6, 3))
LEVELS = RNG.uniform(0.2, 2.0, 6)


@pytest.mark.parametrize("sigma", [0.4, LEVELS], ids=["one level", "a level a point"])
def test_noisy_loss_is_the_implicit_loss_at_noised_points(sigma):
    noised = X + np.broadcast_to(sigma, 6)[:, None] * NOISE
    got = noisy_implicit_loss(NET, X, sigma, NOISE)
    np.testing.assert_allclose(got, implicit_loss(NET, noised), rtol=1e-14)
    mean, gradient = noisy_implicit_loss_and_gradient(NET, X, sigma, NOISE)
    want = implicit_loss_and_gradient(NET, noised)
    np.testing.assert_allclose(mean, want[0])
    np.testing.assert_allclose(gradient, want[1])


def test_noisy_loss_beyond_the_range_is_silent():
    loss = noisy_implicit_loss(Affine(-np.eye(2)), [[1.0, 2.0]], 1.7e308, [[1.5, -2.0]])
    assert not np.isfinite(loss).all()


def regularised(s, jacobian, strength):
    diagonal = np.diag(jacobian)
    return 0.5 * sum(s * s) + sum(diagonal) + strength * sum(diagonal**2)


@pytest.mark.parametrize("field", [NET, DEEP, MIXTURE.score], ids=["net", "deep", "mixture"])
@pytest.mark.parametrize("rows_at_once", [4096, 7, 1])
def test_regularised_loss_is_the_formula_in_blocks_of_any_size(field, rows_at_once, monkeypatch):
    monkeypatch.setattr(field, "rows_at_once", rows_at_once)
    want = [regularised(field(x), field.jacobian(x), 0.3) for x in X]
    np.testing.assert_allclose(regularised_implicit_loss(field, X, 0.3), want, rtol=1e-12)


@pytest.mark.parametrize("net", [NET, DEEP], ids=["net", "deep"])
def test_regularised_gradient_is_the_complex_step(net):
    widths = (3, *(len(b) for b in net.biases))

    def field_at(theta, x):
        return plain.mlp(*plain.unflatten_mlp(theta, widths), x)

    strengths = np.full(len(X), 0.3)
    mean = plain.mean_over_points(regularised, field_at, X, strengths)
    loss, gradient = regularised_implicit_loss_and_gradient(net, X, 0.3)
    np.testing.assert_allclose(gradient, plain.complex_step(mean, net.parameters), atol=1e-12)
    np.testing.assert_allclose(loss, regularised_implicit_loss(net, X, 0.3).mean())


def test_no_strength_is_the_implicit_loss_and_fields_without_parameters_have_no_gradient():
    loss = regularised_implicit_loss(NET, X, 0.0)
    np.testing.assert_allclose(loss, implicit_loss(NET, X), rtol=1e-13)
    assert regularised_implicit_loss_gradient(MIXTURE.score, X, 0.5).shape == (0,)


def test_regularised_shapes_and_bad_input():
    shaped = regularised_implicit_loss(NET, X.reshape(2, 3, 3), 0.3)
    np.testing.assert_allclose(shaped.ravel(), regularised_implicit_loss(NET, X, 0.3))
    assert regularised_implicit_loss(NET, X[0], 0.3).shape == ()
    assert regularised_implicit_loss(NET, np.zeros((0, 3)), 0.3).shape == (0,)
    with pytest.raises(ValueError, match="strength must be at least 0"):
        regularised_implicit_loss(NET, X, -0.1)
    with pytest.raises(ValueError, match="at least one point"):
        regularised_implicit_loss_gradient(NET, np.zeros((0, 3)), 0.5)
