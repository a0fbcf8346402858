"""The nearest gradient field against a Lyapunov solve, its optimality and its closed form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov

from refscore.oracles import calculus

from .cases import spd

A = np.random.default_rng(0).normal(size=(4, 4))
B, M = np.arange(4.0), np.array([1.0, -1.0, 0.5, 2.0])


@pytest.mark.parametrize("condition", [1.0, 10.0, 1e6])
def test_against_lyapunov_and_the_weighted_mean(condition):
    s = spd(4, 1, condition)
    nearest, c = calculus.nearest_gradient(A, B, M, s)
    lyapunov = solve_continuous_lyapunov(s, A @ s + s @ A.T)
    np.testing.assert_allclose(nearest, lyapunov, atol=1e-14 * condition + 1e-13)
    # in the eigenbasis each pair is a weighted mean (a_ij l_j + a_ji l_i)/(l_i + l_j)
    values, q = np.linalg.eigh(s)
    turned = (q.T @ A @ q) * values
    mean = q @ ((turned + turned.T) / (values[:, None] + values)) @ q.T
    np.testing.assert_allclose(nearest, mean, atol=1e-15 * condition + 1e-13)
    np.testing.assert_allclose(c, B + (A - nearest) @ M, rtol=1e-12)
    assert np.abs(nearest - nearest.T).max() == 0


def test_optimality():
    s = spd(4, 1, 10.0)
    nearest, c = calculus.nearest_gradient(A, B, M, s)
    assert np.abs(calculus.symmetry_defect(A, nearest, s)).max() < 1e-14
    p = np.linalg.inv(s)
    residual = p @ (A - nearest)
    np.testing.assert_allclose(residual, -residual.T, atol=1e-12)  # A4: sym(P (A - B)) = 0
    best = calculus.distance_to_gradient(A, B, M, s)

    def distance(matrix, offset):
        gap, at_mean = A - matrix, (A - matrix) @ M + B - offset
        return np.trace(gap @ s @ gap.T) + at_mean @ at_mean

    assert distance(nearest, c) == pytest.approx(best, rel=1e-12)
    rng = np.random.default_rng(2)
    for _ in range(20):
        move = rng.normal(size=(4, 4))
        assert distance(nearest + 1e-3 * (move + move.T), c + 1e-3 * rng.normal(size=4)) > best


def test_a_gradient_field_is_its_own_nearest():
    symmetric = A + A.T
    nearest, c = calculus.nearest_gradient(symmetric, B, M, spd(4, 3, 1e3))
    np.testing.assert_allclose(nearest, symmetric, atol=1e-13)
    np.testing.assert_allclose(c, B, atol=1e-12)
