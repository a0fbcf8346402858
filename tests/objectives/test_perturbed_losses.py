"""Losses on perturbed data: kernel densities, Gaussian kernels, the control variate's limits."""

import itertools

import numpy as np
import pytest

from refscore.fields import Affine
from refscore.networks import MLP
from refscore.objectives import (
    controlled_denoising_loss,
    controlled_denoising_loss_and_gradient,
    controlled_denoising_loss_gradient,
    denoising_loss,
    denoising_loss_gradient,
    explicit_loss,
    explicit_loss_and_gradient,
    gaussian_denoising_loss,
    gaussian_denoising_loss_and_gradient,
    implicit_loss,
    implicit_loss_gradient,
)
from tests.objectives import plain

WIDTHS = (3, 5, 4, 3)
RNG = np.random.default_rng(2)
NET = MLP.initialise(WIDTHS, rng=1).with_parameters(0.7 * RNG.standard_normal(59))
X, NOISE, DATA = RNG.standard_normal((3, 6, 3))
C = np.array([[0.5, 0.2, -0.1], [0.2, 0.9, 0.3], [-0.1, 0.3, 0.4]])
L = np.linalg.cholesky(C)


def kernel_score(x, data, h):
    """∇ log of the kernel density at one point, by the quotient."""
    kernels = np.array([np.exp(-np.sum((x - y) ** 2) / (2 * h**2)) for y in data])
    return sum(k * (y - x) / h**2 for k, y in zip(kernels, data, strict=True)) / kernels.sum()


def test_explicit_loss_is_the_formula():
    got = explicit_loss(NET, X, DATA[:4], 0.8)
    want = [0.5 * np.sum((NET(x) - kernel_score(x, DATA[:4], 0.8)) ** 2) for x in X]
    np.testing.assert_allclose(got, want, rtol=1e-12)
    np.testing.assert_allclose(explicit_loss_and_gradient(NET, X, DATA[:4], 0.8)[0], got.mean())


def test_explicit_loss_far_from_all_data_is_that_of_the_nearest():
    field, x = Affine(np.zeros((2, 2))), np.array([[1e3, 0.0]])
    loss = explicit_loss(field, x, [[0.0, 0.0], [1.0, 0.0]], 0.5)
    np.testing.assert_allclose(loss, 0.5 * (999 / 0.25) ** 2, rtol=1e-14)


@pytest.mark.parametrize(
    ("data", "bandwidth", "message"),
    [
        (DATA[:, :2], 0.5, r"data must have shape \(any, 3\)"),
        (DATA[:0], 0.5, "data must have shape"),
        (DATA, 0.0, "bandwidth must be positive"),
    ],
)
def test_bad_data_are_refused_by_name(data, bandwidth, message):
    with pytest.raises(ValueError, match=message):
        explicit_loss(NET, X, data, bandwidth)


def test_gaussian_denoising_regresses_on_the_score_of_the_kernel():
    noisy = 0.6 * X + NOISE @ L.T
    want = [
        0.5 * np.sum((NET(y) + np.linalg.solve(C, y - 0.6 * x)) ** 2)
        for x, y in zip(X, noisy, strict=True)
    ]
    got = gaussian_denoising_loss(NET, X, 0.6, C, NOISE)
    np.testing.assert_allclose(got, want, rtol=1e-12)
    mean, gradient = gaussian_denoising_loss_and_gradient(NET, X, 0.6, C, NOISE)
    np.testing.assert_allclose(mean, got.mean())
    target = -np.linalg.solve(C, (noisy - 0.6 * X).T).T

    def field_at(theta, x):
        return plain.mlp(*plain.unflatten_mlp(theta, WIDTHS), x)

    loss = plain.mean_over_points(plain.against, field_at, noisy, target)
    np.testing.assert_allclose(gradient, plain.complex_step(loss, NET.parameters), atol=1e-11)


def test_gaussian_denoising_with_an_isotropic_kernel_is_denoising():
    got = gaussian_denoising_loss(NET, X, 1.0, 0.09 * np.eye(3), NOISE)
    np.testing.assert_allclose(got, denoising_loss(NET, X, 0.3, NOISE), rtol=1e-12)
    shaped = gaussian_denoising_loss(NET, X.reshape(2, 3, 3), -0.4, C, NOISE.reshape(2, 3, 3))
    np.testing.assert_allclose(shaped.ravel(), gaussian_denoising_loss(NET, X, -0.4, C, NOISE))
    assert gaussian_denoising_loss(NET, np.zeros((0, 3)), 1.0, C).shape == (0,)


def test_gaussian_denoising_refuses_what_is_no_covariance():
    with pytest.raises(ValueError, match="covariance must be positive definite"):
        gaussian_denoising_loss(NET, X, 1.0, np.diag([1.0, 1.0, -1.0]), NOISE)
    with pytest.raises(ValueError, match=r"covariance must have shape \(3, 3\)"):
        gaussian_denoising_loss(NET, X, 1.0, np.eye(2), NOISE)


@pytest.mark.parametrize("sigma", [0.3, np.array([0.1, 0.2, 0.4, 0.8, 1.6, 3.2])])
def test_controlled_loss_is_the_denoising_loss_less_its_control_variate(sigma):
    z, s = NOISE, np.broadcast_to(sigma, 6)
    variate = np.sum(z * NET(X), axis=1) / s + (np.sum(z**2, axis=1) - 3) / (2 * s**2)
    want = denoising_loss(NET, X, sigma, z) - variate
    got = controlled_denoising_loss(NET, X, sigma, z)
    np.testing.assert_allclose(got, want, rtol=1e-12)
    np.testing.assert_allclose(
        controlled_denoising_loss_and_gradient(NET, X, sigma, z)[0], got.mean()
    )


@pytest.mark.parametrize("rows_at_once", [4096, 5, 1])
def test_controlled_gradient_is_the_complex_step_in_blocks_of_any_size(rows_at_once, monkeypatch):
    monkeypatch.setattr(NET, "rows_at_once", rows_at_once)
    sigma = 0.2

    def loss(theta):
        def s(x):
            return plain.mlp(*plain.unflatten_mlp(theta, WIDTHS), x)[0]

        each = [
            0.5 * sum((s(x + sigma * z) + z / sigma) ** 2) - z @ s(x) / sigma
            for x, z in zip(X, NOISE, strict=True)
        ]
        return sum(each) / len(each)

    got = controlled_denoising_loss_gradient(NET, X, sigma, NOISE)
    np.testing.assert_allclose(got, plain.complex_step(loss, NET.parameters), atol=1e-12)


def test_the_gradient_stays_bounded_as_the_noise_vanishes():
    """Over all signs it is nearly the implicit gradient with Hutchinson's trace; plain blows up."""
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
    x, z = np.tile(X[0], (8, 1)), signs
    got = controlled_denoising_loss_gradient(NET, x, 1e-5, z)
    np.testing.assert_allclose(got, implicit_loss_gradient(NET, X[:1]), atol=1e-4)
    single = controlled_denoising_loss_gradient(NET, X[:1], 1e-5, NOISE[:1])
    assert np.abs(single).max() < 1e2
    assert np.abs(denoising_loss_gradient(NET, X[:1], 1e-5, NOISE[:1])).max() > 1e4


def test_the_variance_tends_to_its_limit_and_the_plain_one_does_not():
    """One point: 2‖sym J‖² over Gaussian z, by Gauss-Hermite nodes; d/(2σ⁴) without control."""
    field, sigma = Affine([[0.4, -1.0], [0.2, 0.9]], [0.3, -0.5]), 1e-3
    z, w = np.polynomial.hermite_e.hermegauss(4)
    z, w = np.array(list(itertools.product(z, z))), np.outer(w, w).ravel() / w.sum() ** 2
    x = np.tile([0.7, -0.2], (16, 1))
    values = controlled_denoising_loss(field, x, sigma, z) - 1 / sigma**2
    variance = w @ (values - w @ values) ** 2
    symmetric = 0.5 * (field.matrix + field.matrix.T)
    np.testing.assert_allclose(variance, 2 * np.sum(symmetric**2), rtol=1e-4)
    np.testing.assert_allclose(w @ values, implicit_loss(field, x[0]), rtol=1e-4)
    plain_values = denoising_loss(field, x, sigma, z)
    spread = w @ (plain_values - w @ plain_values) ** 2
    np.testing.assert_allclose(sigma**4 * spread, 1.0, rtol=1e-4)


def test_controlled_shapes_and_bad_input():
    shaped = controlled_denoising_loss(NET, X.reshape(2, 3, 3), 0.3, NOISE.reshape(2, 3, 3))
    np.testing.assert_allclose(shaped.ravel(), controlled_denoising_loss(NET, X, 0.3, NOISE))
    assert controlled_denoising_loss(NET, np.zeros((0, 3)), 0.5).shape == (0,)
    assert controlled_denoising_loss(NET, X[0], 0.5, NOISE[0]).shape == ()
    with pytest.raises(ValueError, match="sigma must be positive"):
        controlled_denoising_loss(NET, X, 0.0, NOISE)
    with pytest.raises(ValueError, match="noise must have the shape of x"):
        controlled_denoising_loss(NET, X, 0.5, NOISE[0])
    with pytest.raises(ValueError, match="at least one point"):
        controlled_denoising_loss_gradient(NET, np.zeros((0, 3)), 0.5)


def test_drawn_noise_is_reproducible():
    for loss in (controlled_denoising_loss, denoising_loss):
        np.testing.assert_array_equal(loss(NET, X, 0.5, rng=3), loss(NET, X, 0.5, rng=3))
    first, second = (gaussian_denoising_loss(NET, X, 0.5, C, rng=seed) for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_the_centred_controlled_loss_keeps_its_digits_as_the_noise_vanishes():
    sigma, d = 0.3, X.shape[1]
    whole = controlled_denoising_loss(NET, X, sigma, NOISE)
    centred = controlled_denoising_loss(NET, X, sigma, NOISE, centred=True)
    np.testing.assert_allclose(whole - centred, 0.5 * d / sigma**2, rtol=1e-12)
    mean, slope = controlled_denoising_loss_and_gradient(NET, X, sigma, NOISE, centred=True)
    np.testing.assert_allclose(mean, centred.mean(), rtol=1e-12)
    np.testing.assert_array_equal(slope, controlled_denoising_loss_gradient(NET, X, sigma, NOISE))
    s, along = NET(X), np.einsum("ni,nij,nj->n", NOISE, NET.jacobian(X), NOISE)
    limit = 0.5 * (s**2).sum(1) + along
    tiny = controlled_denoising_loss(NET, X, 1e-8, NOISE, centred=True)
    np.testing.assert_allclose(tiny, limit, atol=1e-5)
    with pytest.raises(TypeError, match="centred must be True or False"):
        controlled_denoising_loss(NET, X, sigma, NOISE, centred=0.5)
