"""Denoising score matching on given noise, and its exact expectation for affine fields."""

import itertools

import numpy as np
import pytest

from refscore.distributions import GaussianMixture
from refscore.fields import Affine, Zero
from refscore.networks import MLP
from refscore.objectives import (
    denoising_loss,
    denoising_loss_and_gradient,
    denoising_loss_gradient,
)
from tests.objectives import plain

WIDTHS = (3, 5, 4, 3)
RNG = np.random.default_rng(0)
NET = MLP.initialise(WIDTHS, rng=1).with_parameters(0.7 * RNG.standard_normal(59))
MIXTURE = GaussianMixture([0.3, 0.7], RNG.standard_normal((2, 3)), [0.6, 1.1])
X, NOISE = RNG.standard_normal((2, 6, 3))
LEVELS = RNG.uniform(0.2, 2.0, 6)


@pytest.mark.parametrize("field", [NET, Zero(3), MIXTURE.score], ids=["net", "zero", "mixture"])
@pytest.mark.parametrize("sigma", [0.3, LEVELS], ids=["one level", "a level a point"])
def test_loss_on_given_noise_is_the_formula(field, sigma):
    rows = zip(X, NOISE, np.broadcast_to(sigma, 6), strict=True)
    want = [0.5 * np.sum((field(x + s * z) + z / s) ** 2) for x, z, s in rows]
    np.testing.assert_allclose(denoising_loss(field, X, sigma, NOISE), want, rtol=1e-13)


def test_affine_expectation_is_the_closed_form_in_the_moments():
    """½[tr(A(S + σ²I)Aᵀ) + ‖Aμ + b‖²] + tr A + d/(2σ²): all signs of data and of noise."""
    A, b, sigma = np.array([[1.0, -2.0], [0.5, 0.7]]), np.array([0.3, -1.1]), 0.4
    mean, covariance = np.array([1.0, -0.5]), np.array([[2.0, 0.3], [0.3, 0.5]])
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=4)))
    x, z = mean + signs[:, :2] @ np.linalg.cholesky(covariance).T, signs[:, 2:]
    loss, gradient = denoising_loss_and_gradient(Affine(A, b), x, sigma, z)
    noisy, residual = covariance + sigma**2 * np.eye(2), A @ mean + b
    want = 0.5 * (np.trace(A @ noisy @ A.T) + residual @ residual) + np.trace(A) + 1 / sigma**2
    matrix = A @ noisy + np.outer(residual, mean) + np.eye(2)
    np.testing.assert_allclose(loss, want, rtol=1e-14)
    np.testing.assert_allclose(gradient, [*matrix.ravel(), *residual], atol=1e-13)


@pytest.mark.parametrize("sigma", [0.3, LEVELS], ids=["one level", "a level a point"])
def test_network_gradient_is_the_complex_step(sigma):
    levels = np.broadcast_to(sigma, 6)[:, None]
    noisy, target = X + levels * NOISE, -NOISE / levels

    def field_at(theta, x):
        return plain.mlp(*plain.unflatten_mlp(theta, WIDTHS), x)

    mean = plain.mean_over_points(plain.against, field_at, noisy, target)
    want = plain.complex_step(mean, NET.parameters)
    np.testing.assert_allclose(denoising_loss_gradient(NET, X, sigma, NOISE), want, atol=1e-12)
    NET.rows_at_once = 4
    shape = () if np.ndim(sigma) == 0 else (2, 3)
    both = denoising_loss_and_gradient(
        NET, X.reshape(2, 3, 3), np.reshape(sigma, shape), NOISE.reshape(2, 3, 3)
    )
    np.testing.assert_allclose(both[1], want, atol=1e-12)
    np.testing.assert_allclose(both[0], denoising_loss(NET, X, sigma, NOISE).mean(), rtol=1e-13)


def test_the_exact_conditional_score_has_no_loss():
    """Data at one point: the score of N(x, σ²I) at x + σz is −z/σ."""
    x, sigma = np.array([1.0, -2.0]), 0.7
    field = Affine(-np.eye(2) / sigma**2, x / sigma**2)
    losses = denoising_loss(field, np.tile(x, (50, 1)), sigma, rng=0)
    assert losses.max() < 1e-28


def test_drawn_noise_is_reproducible_standard_normal_and_one_draw_a_point():
    big = np.zeros((200_000, 1))
    losses = denoising_loss(Zero(1), big, 0.5, rng=3)  # ½ z²/σ² = 2 z²
    assert abs(losses.mean() - 2.0) < 5 * 2 * np.sqrt(2 / len(big))
    assert abs(losses.var() - 8.0) < 5 * np.sqrt((16 * 60 - 8**2) / len(big))
    np.testing.assert_array_equal(losses, denoising_loss(Zero(1), big, 0.5, rng=3))


def test_leading_shapes_layouts_and_inputs():
    x, noise = np.asfortranarray(X), NOISE.astype(np.float32)
    noise.flags.writeable = False
    before = x.copy()
    got = denoising_loss(NET, x, 0.5, noise)
    loop = [denoising_loss(NET, row, 0.5, z) for row, z in zip(x, noise, strict=True)]
    np.testing.assert_allclose(got, loop, rtol=1e-13)
    assert np.array_equal(x, before)
    assert denoising_loss(NET, np.zeros((0, 3)), 0.5).shape == (0,)


@pytest.mark.parametrize(
    ("sigma", "message"),
    [
        (0.0, "sigma must be positive"),
        (-1.0, "sigma must be positive"),
        (np.inf, "sigma must be finite"),
        (np.ones(5), r"sigma must have shape \(6\)"),
        (np.array([1, 1, 1, 0, 1, 1]), "sigma must be positive"),
    ],
)
def test_bad_levels_are_refused_by_name(sigma, message):
    with pytest.raises(ValueError, match=message):
        denoising_loss(NET, X, sigma, NOISE)


def test_bad_noise_is_refused_by_name():
    with pytest.raises(ValueError, match="noise must have the shape of x"):
        denoising_loss(NET, X, 0.5, NOISE[0])


@pytest.mark.parametrize("sigma", [1e-310, 1.7e308])
def test_noise_levels_at_the_ends_of_the_range_are_silent(sigma):
    noise = np.array([[1.5, -2.0]])
    loss = denoising_loss(Affine(-np.eye(2)), [[1.0, 2.0]], sigma, noise)
    assert loss == np.inf or np.isnan(loss)
    denoising_loss_and_gradient(MLP.initialise([2, 3, 2], rng=0), [[1.0, 2.0]], sigma, noise)
