"""Closed forms on perturbed data against cubature, limits, differences and drawn numbers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from refscore.oracles import fields, objectives, perturbed, scores, traces

from .cases import law, spd
from .test_fields import AFFINE, MLP, PROBES, X

GAUSS = law("gaussian", mean=np.array([0.5, -1.0, 2.0]), covariance=spd(3, 0))
C = spd(3, 1)
NODES, WEIGHTS = traces.gauss_hermite(6, 3)
ROOT = np.linalg.cholesky(GAUSS.covariance)
DRAWS, NOISE = GAUSS.mean + NODES[:, :3] @ ROOT.T, NODES[:, 3:]
Z = PROBES[:, 0]


def variance(values):
    return WEIGHTS @ (values - WEIGHTS @ values) ** 2


def test_pointwise_losses_by_loops():
    data, h = X[::-1] + 0.3, 0.9
    explicit = perturbed.explicit(MLP, X, data, h)
    gaussian = perturbed.gaussian_denoising(MLP, X, 0.7, C, Z)
    difference = perturbed.finite_difference(MLP, X, 0.3, PROBES)
    penalised = perturbed.regularised_implicit(MLP, X, 0.4)
    root = np.linalg.cholesky(C)
    for i, x in enumerate(X):
        s, j = fields.value(MLP, x), fields.jacobian(MLP, x)
        kernels = [np.exp(-((x - y) ** 2).sum() / (2 * h**2)) for y in data]
        pull = sum(k * (y - x) for k, y in zip(kernels, data)) / sum(kernels) / h**2
        assert explicit[i] == pytest.approx(0.5 * ((s - pull) ** 2).sum(), rel=1e-12)
        residual = fields.value(MLP, 0.7 * x + root @ Z[i]) + np.linalg.solve(root.T, Z[i])
        assert gaussian[i] == pytest.approx(0.5 * residual @ residual, rel=1e-12)
        terms = [
            v @ (fields.value(MLP, x + 0.3 * v) - fields.value(MLP, x - 0.3 * v)) / 0.6
            + 0.5 * (v @ s) ** 2
            for v in PROBES[i]
        ]
        assert difference[i] == pytest.approx(np.mean(terms), rel=1e-12)
        want = 0.5 * s @ s + np.trace(j) + 0.4 * sum(np.diag(j) ** 2)
        assert penalised[i] == pytest.approx(want, rel=1e-12)


def test_the_controlled_loss_in_its_other_form():
    got = perturbed.controlled_denoising(MLP, X, 0.3, Z)
    noised, s = fields.value(MLP, X + 0.3 * Z), fields.value(MLP, X)
    d = X.shape[-1]
    want = 0.5 * (noised**2).sum(-1) + (Z * (noised - s)).sum(-1) / 0.3 + d / (2 * 0.09)
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_variances_by_cubature():
    for sigma in (0.3, 1.4):
        plain = variance(objectives.denoising(AFFINE, DRAWS, sigma, NOISE))
        held = variance(perturbed.controlled_denoising(AFFINE, DRAWS, sigma, NOISE))
        assert perturbed.denoising_variance(AFFINE, GAUSS, sigma) == pytest.approx(plain, rel=1e-11)
        assert perturbed.controlled_variance(AFFINE, GAUSS, sigma) == pytest.approx(held, rel=1e-11)


def test_variances_as_the_noise_vanishes():
    symmetric = 0.5 * (AFFINE.matrix + AFFINE.matrix.T)
    limit = variance(objectives.implicit(AFFINE, DRAWS)) + 2 * (symmetric**2).sum()
    assert perturbed.controlled_variance(AFFINE, GAUSS, 1e-7) == pytest.approx(limit, rel=1e-11)
    scaled = 1e-4**4 * perturbed.denoising_variance(AFFINE, GAUSS, 1e-4)
    assert scaled == pytest.approx(3 / 2, rel=1e-6)


def test_means_by_cubature():
    got = WEIGHTS @ perturbed.gaussian_denoising(AFFINE, DRAWS, 0.7, C, NOISE)
    assert perturbed.gaussian_denoising_affine(AFFINE, GAUSS, 0.7, C) == pytest.approx(got)
    line, data = SimpleNamespace(kind="affine", matrix=[[0.7]], offset=[0.4]), [[0.3], [-1.2]]
    moments = law("gaussian", mean=np.mean(data, axis=0), covariance=np.array([[0.75**2]]))
    want = objectives.denoising_affine(line, moments, 0.5)
    assert perturbed.denoising_mean_1d(line, data, 0.5) == pytest.approx(want, rel=1e-12)


def test_kernel_constant_by_drawn_nodes():
    """E ½‖∇log q(y) + z/h‖², what denoising cannot explain, by Gauss-Hermite nodes."""
    data, h = np.array([[0.2, -0.4], [1.0, 0.1], [-0.3, 0.6]]), 1.2
    z, w = traces.gauss_hermite(2, 24)
    kernel = law("empirical", data=data, bandwidth=h)
    want = np.mean(
        [w @ (0.5 * ((scores.score(kernel, y + h * z) + z / h) ** 2).sum(-1)) for y in data]
    )
    assert perturbed.kernel_constant(data, h) == pytest.approx(want, rel=1e-8)


def test_fits_are_where_the_closed_forms_are_least():
    matrix, offset = perturbed.noised_score(GAUSS, 0.6)
    np.testing.assert_allclose(
        matrix, -np.linalg.inv(GAUSS.covariance + 0.36 * np.eye(3)), rtol=1e-12
    )
    np.testing.assert_allclose(offset, -matrix @ GAUSS.mean, rtol=1e-12)
    matrix, offset = perturbed.regularised_fit(GAUSS, 0.4)
    second = GAUSS.covariance + np.outer(GAUSS.mean, GAUSS.mean)
    slope = matrix @ second + np.outer(offset, GAUSS.mean) + np.eye(3)
    np.testing.assert_allclose(slope + 0.8 * np.diag(np.diag(matrix)), 0, atol=1e-13)
    np.testing.assert_allclose(matrix @ GAUSS.mean + offset, 0, atol=1e-13)


def test_noise_slope_is_half_the_laplacian_of_the_implicit_loss():
    rng = np.random.default_rng(5)
    weights = (rng.standard_normal((4, 3)), rng.standard_normal((3, 4)))
    net = SimpleNamespace(kind="mlp", weights=weights, biases=(rng.standard_normal(4), np.ones(3)))
    for field in (net, AFFINE):
        total = 0.0
        for e in np.eye(3):

            def second(h, e=e, field=field):
                sides = objectives.implicit(field, X + h * e) + objectives.implicit(
                    field, X - h * e
                )
                return (sides - 2 * objectives.implicit(field, X)) / h**2

            total = total + (4 * second(5e-3) - second(1e-2)) / 3
        np.testing.assert_allclose(perturbed.noise_slope(field, X), total / 2, rtol=1e-5, atol=1e-6)


def test_curvature_and_kink_by_hand():
    factor = np.array([[[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]]])
    probes = np.array([[[1.0, -2.0], [0.5, 3.0]]])
    back = probes[0] @ factor[0]
    s = fields.value(AFFINE, X[:1])
    want = 0.5 * (s**2).sum() - np.mean((back**2).sum(-1))
    got = perturbed.curvature_propagation(AFFINE, X[:1], factor, probes)
    np.testing.assert_allclose(got, [want], rtol=1e-13)
    assert perturbed.kinked_fisher(1.0, 2.0) == 0.125
