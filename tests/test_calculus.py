"""Rotation and the nearest gradient field, against algebra done by hand and by SciPy."""

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov

from refscore.calculus import conservative_projection, curl, symmetric_part
from refscore.distributions import GaussianMixture
from refscore.fields import Affine
from refscore.networks import MLP

RNG = np.random.default_rng(0)


def random_case(dim):
    root = RNG.standard_normal((dim, dim))
    covariance = root @ root.T + 0.3 * np.eye(dim)
    return RNG.standard_normal((dim, dim)), *RNG.standard_normal((2, dim)), covariance


def test_curl_and_symmetric_part_split_the_jacobian():
    net, x = MLP.initialise([3, 5, 4, 3], rng=0), RNG.standard_normal((2, 4, 3))
    jacobian = net.jacobian(x)
    for i in range(3):
        for j in range(3):
            rotation = jacobian[..., i, j] - jacobian[..., j, i]
            np.testing.assert_array_equal(curl(net, x)[..., i, j], rotation)
            mean = (jacobian[..., i, j] + jacobian[..., j, i]) / 2
            np.testing.assert_array_equal(symmetric_part(net, x)[..., i, j], mean)
    assert np.abs(curl(net, x)).max() > 0.1


def test_curl_of_a_turn_is_its_matrix_twice_and_of_a_score_is_zero():
    turn = np.array([[0.0, -1.5], [1.5, 0.0]])
    np.testing.assert_array_equal(curl(Affine(turn), [1.0, 2.0]), 2 * turn)
    mixture = GaussianMixture([0.4, 0.6], RNG.standard_normal((2, 3)), [0.5, 1.2])
    assert np.abs(curl(mixture.score, RNG.standard_normal((9, 3)))).max() < 1e-14


@pytest.mark.parametrize("dim", [1, 2, 3, 6])
def test_projection_solves_the_lyapunov_equation(dim):
    A, b, mu, S = random_case(dim)
    B, c = conservative_projection(A, b, mu, S)
    np.testing.assert_allclose(B, solve_continuous_lyapunov(S, A @ S + S @ A.T), atol=1e-11)
    np.testing.assert_array_equal(B, B.T)
    np.testing.assert_allclose(c + B @ mu, b + A @ mu, atol=1e-13)
    residual = np.linalg.solve(S, A - B)
    np.testing.assert_allclose(residual, -residual.T, atol=1e-11)


def test_projection_in_two_dimensions_by_hand():
    """S = diag(1, 4): B₁₂ = (4 A₁₂ + A₂₁)/5, the diagonal kept."""
    B, c = conservative_projection([[1, 2], [-3, 5]], [7, 11], [1, -1], np.diag([1, 4]))
    np.testing.assert_allclose(B, [[1, 1], [1, 5]], atol=1e-15)
    np.testing.assert_allclose(c, [7 - 1, 11 - 4], atol=1e-14)


def test_projection_is_nearest_in_mean_square():
    A, b, mu, S = random_case(3)
    B, c = conservative_projection(A, b, mu, S)

    def distance(matrix, offset):
        gap = A - matrix
        return np.trace(gap @ S @ gap.T) + np.sum((gap @ mu + b - offset) ** 2)

    best = distance(B, c)
    for _ in range(20):
        turn = RNG.standard_normal((3, 3))
        assert distance(B + 0.1 * (turn + turn.T), c) > best
        assert distance(B, c + 0.1 * RNG.standard_normal(3)) > best


def test_projection_keeps_a_gradient_field_and_refuses_bad_covariances():
    A, b, mu, S = random_case(3)
    B, c = conservative_projection(A + A.T, b, mu, S)
    np.testing.assert_allclose(B, A + A.T, atol=1e-13)
    np.testing.assert_allclose(c, b, atol=1e-13)
    with pytest.raises(ValueError, match="covariance must be positive definite"):
        conservative_projection(A, b, mu, -S)
    with pytest.raises(ValueError, match="mean must have shape"):
        conservative_projection(A, b, mu[:2], S)


def test_projection_keeps_a_gradient_field_at_a_high_condition_number():
    rng = np.random.default_rng(3)
    for dim in (2, 4):
        A = rng.standard_normal((dim, dim))
        A, Q = A + A.T, np.linalg.qr(rng.standard_normal((dim, dim)))[0]
        S = Q * np.logspace(0, -12, dim) @ Q.T
        B, c = conservative_projection(A, np.ones(dim), np.ones(dim), 0.5 * (S + S.T))
        np.testing.assert_allclose(B, A, rtol=0, atol=1e-13)
        np.testing.assert_allclose(c, np.ones(dim), atol=1e-12)


def test_overflow_in_vector_calculus_is_silent():
    turn = Affine([[0.0, 1.5e308], [-1.5e308, 1e308]])
    assert curl(turn, np.zeros(2))[0, 1] == np.inf
    np.testing.assert_array_equal(symmetric_part(turn, np.zeros(2)), [[0, 0], [0, 1e308]])
