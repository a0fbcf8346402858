"""Closed forms of objectives against cubature over Gaussian points, noise and probes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from refscore.oracles import fields, objectives, scores, traces
from refscore.oracles.bayes import diffused
from refscore.oracles.quadrature import expectation

from .cases import MIXTURE, law, spd
from .test_fields import AFFINE, MLP, PROBES, X

GAUSS = law("gaussian", mean=np.array([0.5, -1.0, 2.0]), covariance=spd(3, 0))
NODES, WEIGHTS = traces.gauss_hermite(3, 4)
DRAWS = GAUSS.mean + NODES @ np.linalg.cholesky(GAUSS.covariance).T


def test_pointwise_losses_by_loops():
    sliced = objectives.sliced(MLP, X, PROBES)
    reduced = objectives.variance_reduced_sliced(MLP, X, PROBES)
    for i, x in enumerate(X):
        s, j = fields.value(MLP, x), fields.jacobian(MLP, x)
        terms = [v @ j @ v + 0.5 * (v @ s) ** 2 for v in PROBES[i]]
        assert sliced[i] == pytest.approx(np.mean(terms), rel=1e-13)
        assert reduced[i] == pytest.approx(
            np.mean([v @ j @ v for v in PROBES[i]]) + 0.5 * s @ s, rel=1e-13
        )
        noisy = fields.value(MLP, x + 0.3 * PROBES[i, 0]) + PROBES[i, 0] / 0.3
        got = objectives.denoising(MLP, x[None], 0.3, PROBES[i, :1])[0]
        assert got == pytest.approx(0.5 * noisy @ noisy, rel=1e-13)


def test_affine_closed_forms_by_cubature():
    fisher = WEIGHTS @ objectives.fisher(AFFINE, GAUSS, DRAWS)
    implicit = WEIGHTS @ objectives.implicit(AFFINE, DRAWS)
    assert objectives.fisher_affine(AFFINE, GAUSS) == pytest.approx(fisher, rel=1e-12)
    assert objectives.implicit_affine(AFFINE, GAUSS) == pytest.approx(implicit, rel=1e-12)
    # B2: they differ by half the Fisher information
    gap = objectives.fisher_affine(AFFINE, GAUSS) - objectives.implicit_affine(AFFINE, GAUSS)
    assert gap == pytest.approx(objectives.implicit_constant(GAUSS), rel=1e-12)
    # B1's printed form
    a, s, p = AFFINE.matrix, GAUSS.covariance, np.linalg.inv(GAUSS.covariance)
    at_mean = a @ GAUSS.mean + AFFINE.offset
    printed = np.trace(a @ s @ a.T) + 2 * np.trace(a) + np.trace(p) + at_mean @ at_mean
    assert objectives.fisher_affine(AFFINE, GAUSS) == pytest.approx(printed / 2, rel=1e-12)


def test_fisher_affine_is_zero_at_the_score():
    p = np.linalg.inv(GAUSS.covariance)
    own = SimpleNamespace(kind="affine", matrix=-p, offset=p @ GAUSS.mean)
    assert objectives.fisher_affine(own, GAUSS) < 1e-27


@pytest.mark.parametrize("sigma", [0.05, 0.7])
def test_denoising_affine_by_cubature_and_as_printed(sigma):
    total = sum(
        w * WEIGHTS @ objectives.denoising(AFFINE, np.broadcast_to(x, NODES.shape), sigma, NODES)
        for w, x in zip(WEIGHTS, DRAWS)
    )
    got = objectives.denoising_affine(AFFINE, GAUSS, sigma)
    assert got == pytest.approx(total, rel=1e-11)
    # B5: explicit against q_sigma = denoising - constant
    smooth = diffused(GAUSS, 1.0, sigma)
    constant = objectives.denoising_constant(GAUSS, sigma)
    assert objectives.fisher_affine(AFFINE, smooth) == pytest.approx(got - constant, rel=1e-9)
    half = np.trace(np.linalg.inv(GAUSS.covariance + sigma**2 * np.eye(3))) / 2
    assert constant == pytest.approx(1.5 / sigma**2 - half, rel=1e-10)


def test_implicit_affine_needs_two_moments_only():
    line = law(
        "mixture", weights=[0.6, 0.4], means=[[2.0], [-2.0]], covariances=[[[0.25]], [[0.04]]]
    )
    field = SimpleNamespace(kind="affine", matrix=np.array([[-0.3]]), offset=np.array([0.2]))
    exact = expectation(line, lambda x: objectives.implicit(field, x))
    assert objectives.implicit_affine(field, line) == pytest.approx(exact, rel=1e-11)
    # the same for denoising, noise by cubature
    z, w = traces.gauss_hermite(1, 4)
    noisy = [
        expectation(line, lambda x, k=k: objectives.denoising(field, x, 0.5, 0 * x + k)) for k in z
    ]
    assert objectives.denoising_affine(field, line, 0.5) == pytest.approx(w @ noisy, rel=1e-10)


def test_denoising_constant_of_a_mixture_is_the_posterior_spread():
    """d/(2 s^2) - I/2 = E tr Cov[X|Y]/(2 s^4), through Tweedie's covariance."""
    from refscore.oracles.bayes import tweedie

    line = law(
        "mixture", weights=[0.6, 0.4], means=[[2.0], [-2.0]], covariances=[[[0.25]], [[0.04]]]
    )
    sigma = 0.5
    spread = expectation(
        diffused(line, 1.0, sigma), lambda y: tweedie(line, y, 1.0, sigma)[1][:, 0, 0]
    )
    got = objectives.denoising_constant(line, sigma)
    assert got == pytest.approx(spread / (2 * sigma**4), rel=1e-10)


def test_expected_sliced_by_enumeration():
    signs = np.broadcast_to(traces.all_signs(3), (4, 8, 3))
    got = objectives.expected_sliced(MLP, X, np.eye(3))
    np.testing.assert_allclose(got, objectives.sliced(MLP, X, signs), rtol=1e-12)
    np.testing.assert_allclose(got, objectives.implicit(MLP, X), rtol=1e-12)
    root = np.array([[1.0, 0, 0], [2.0, 0.5, 0], [0.3, 0.1, 0.7]])
    skew = signs @ root.T
    np.testing.assert_allclose(
        objectives.expected_sliced(MLP, X, root @ root.T),
        objectives.sliced(MLP, X, skew),
        rtol=1e-12,
    )
    gap = fields.value(MLP, X) - scores.score(MIXTURE, X)
    loops = np.mean((skew @ gap[..., None])[..., 0] ** 2, axis=1) / 2
    np.testing.assert_allclose(
        objectives.sliced_fisher(MLP, MIXTURE, X, root @ root.T), loops, rtol=1e-12
    )


@pytest.mark.parametrize("reduced", [False, True])
@pytest.mark.parametrize("kind", ["gaussian", "rademacher", "sphere", "coordinate"])
def test_sliced_variances(kind, reduced):
    field, m = AFFINE, 2
    points, weights = DRAWS, WEIGHTS
    nodes, node_weights = traces.gauss_hermite(3, 4)
    points4 = GAUSS.mean + nodes @ np.linalg.cholesky(GAUSS.covariance).T
    per_point = []
    for x in points4[:5]:
        s, j = fields.value(field, x), fields.jacobian(field, x)
        form = j if reduced else j + np.outer(s, s) / 2
        per_point.append(traces.enumerated_moments(form, kind)[1])
    got = objectives.sliced_probe_variance(field, points4[:5], kind, reduced)
    np.testing.assert_allclose(got, per_point, rtol=1e-9)
    mean = weights @ objectives.implicit(field, points)
    across = weights @ (objectives.implicit(field, points) - mean) ** 2
    inside = node_weights @ objectives.sliced_probe_variance(field, points4, kind, reduced)
    total = objectives.sliced_variance_affine(field, GAUSS, kind, m, reduced)
    assert total == pytest.approx(across + inside / m, rel=1e-11)
