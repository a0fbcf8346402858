"""Trace formulas against enumeration of signs, exact cubature and angles on the circle."""

from __future__ import annotations

import numpy as np
import pytest

from refscore.oracles import traces

A = np.random.default_rng(0).normal(size=(4, 4))


@pytest.mark.parametrize("kind", ["gaussian", "rademacher", "sphere", "coordinate"])
def test_mean_and_variance_by_enumeration(kind):
    mean, variance = traces.enumerated_moments(A, kind)
    assert mean == pytest.approx(np.trace(A), rel=1e-12)
    assert traces.variance(A, kind) == pytest.approx(variance, rel=1e-11)


def test_circles():
    """The sphere in two dimensions and Steinhaus phases by equally spaced angles (exact)."""
    a, angle = A[:2, :2], 2 * np.pi * np.arange(16) / 16
    v = np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], 1)
    assert np.var(np.einsum("ni,ij,nj->n", v, a, v)) == pytest.approx(traces.variance(a, "sphere"))
    grid = np.stack([g.ravel() for g in np.meshgrid(angle, angle, angle)], 1)
    w = np.exp(1j * grid)
    forms = np.einsum("ni,ij,nj->n", w.conj(), A[:3, :3], w).real
    assert np.var(forms) == pytest.approx(traces.variance(A[:3, :3], "steinhaus"))


def test_fourth_moments():
    """Three-point entries {-sqrt 2, 0, sqrt 2}, P = 1/4, 1/2, 1/4, have kappa = 2."""
    values, chance = np.array([-np.sqrt(2), 0, np.sqrt(2)]), np.array([0.25, 0.5, 0.25])
    grids = np.stack([g.ravel() for g in np.meshgrid(*[values] * 4)], 1)
    weights = np.prod(np.stack([g.ravel() for g in np.meshgrid(*[chance] * 4)], 1), 1)
    forms = np.einsum("ni,ij,nj->n", grids, A, grids)
    variance = weights @ forms**2 - (weights @ forms) ** 2
    assert traces.fourth_moment_variance(A, 2.0) == pytest.approx(variance, rel=1e-12)
    assert traces.fourth_moment_variance(A, 3.0) == pytest.approx(traces.variance(A, "gaussian"))


def test_zero_variance_cases_are_exactly_zero():
    assert traces.variance(np.diag([1.0, 5.0, 1e9]), "rademacher") == 0
    assert traces.variance(0.1 * np.eye(7), "sphere") < 1e-35
    assert traces.variance(0.1 * np.eye(7), "coordinate") < 1e-35


def test_diagonal_and_curvature():
    signs, (nodes, weights) = traces.all_signs(4), traces.gauss_hermite(4)
    np.testing.assert_allclose(traces.diagonal(A, signs), np.diag(A), atol=1e-14)
    terms = signs * (signs @ A.T)
    np.testing.assert_allclose(np.var(terms, 0), traces.diagonal_variance(A), rtol=1e-12)
    terms = nodes * (nodes @ A.T)
    spread = weights @ terms**2 - (weights @ terms) ** 2
    np.testing.assert_allclose(spread, traces.diagonal_variance(A, "gaussian"), rtol=1e-12)
    h = np.diag(A.T @ A)
    np.testing.assert_allclose(traces.curvature_propagation(A, signs), h, rtol=1e-12)
    squares = (signs @ A) ** 2
    np.testing.assert_allclose(np.var(squares, 0), traces.curvature_variance(A, "rademacher"))
    squares = (nodes @ A) ** 2
    np.testing.assert_allclose(weights @ squares**2 - h**2, traces.curvature_variance(A))
    np.testing.assert_allclose(traces.curvature_variance(A), 2 * h**2, rtol=1e-13)
    fourth = 2 * (h**2 - (A**4).sum(0))
    np.testing.assert_allclose(traces.curvature_variance(A, "rademacher"), fourth, rtol=1e-12)


def test_hutchinson_on_all_signs():
    signs = traces.all_signs(4)
    assert traces.hutchinson(A, signs) == pytest.approx(np.trace(A), rel=1e-13)
    forms = [v @ A @ v for v in signs]
    got = traces.hutchinson_standard_error(A, signs)
    assert got == pytest.approx(np.sqrt(np.var(forms) / 15), rel=1e-13)


def test_low_rank_traces_are_exact():
    rng = np.random.default_rng(2)
    factor = rng.normal(size=(8, 3))
    low, sketch = factor @ factor.T, rng.normal(size=(8, 5))
    probes = rng.normal(size=(2, 8))
    assert traces.hutch_plus_plus(low, low @ sketch, probes) == pytest.approx(
        np.trace(low), rel=1e-11
    )
    assert traces.xtrace(low, sketch) == pytest.approx(np.trace(low), rel=1e-11)


def test_hutch_plus_plus_residual_variance():
    basis = np.random.default_rng(3).normal(size=(4, 2))
    nodes, weights = traces.gauss_hermite(4)
    values = np.array([traces.hutch_plus_plus(A, basis, v[None]) for v in nodes])
    mean = weights @ values
    assert mean == pytest.approx(np.trace(A), rel=1e-11)
    got = traces.hutch_plus_plus_variance(A, basis, 1)
    assert weights @ (values - mean) ** 2 == pytest.approx(got, rel=1e-10)
    p = np.eye(4) - basis @ np.linalg.pinv(basis)
    symmetric = p @ (A + A.T) @ p / 2
    assert got == pytest.approx(2 * np.sum(symmetric**2), rel=1e-10)
