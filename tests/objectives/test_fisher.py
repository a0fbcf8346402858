"""The explicit loss and the Fisher divergence against algebra and quadrature."""

import numpy as np
import pytest

from refscore.distributions import Gaussian, GaussianMixture
from refscore.fields import Affine, Zero
from refscore.networks import MLP
from refscore.nodes import gauss_hermite, trapezoid
from refscore.objectives import (
    fisher_divergence,
    fisher_loss,
    fisher_loss_and_gradient,
    fisher_loss_gradient,
)
from tests.objectives import plain

WIDTHS = (3, 5, 4, 3)
RNG = np.random.default_rng(0)
NET = MLP.initialise(WIDTHS, rng=1).with_parameters(0.7 * RNG.standard_normal(59))
MIXTURE = GaussianMixture([0.3, 0.7], RNG.standard_normal((2, 3)), [0.6, 1.1])
X = RNG.standard_normal((6, 3))
A, B = np.array([[1.0, -2.0], [0.5, 0.7]]), np.array([0.3, -1.1])
MEAN, COVARIANCE = np.array([1.0, -0.5]), np.array([[2.0, 0.3], [0.3, 0.5]])


def test_loss_is_half_the_squared_gap():
    want = [0.5 * np.sum((NET(x) - MIXTURE.score(x)) ** 2) for x in X]
    np.testing.assert_allclose(fisher_loss(NET, MIXTURE.score, X), want, rtol=1e-13)
    np.testing.assert_allclose(
        fisher_loss(NET, lambda x: -x, X[0]), plain.against(NET(X[0]), 0, -X[0])
    )


def test_gradient_is_the_complex_step():
    def field_at(theta, x):
        return plain.mlp(*plain.unflatten_mlp(theta, WIDTHS), x)

    mean = plain.mean_over_points(plain.against, field_at, X, MIXTURE.score(X))
    want = plain.complex_step(mean, NET.parameters)
    np.testing.assert_allclose(fisher_loss_gradient(NET, MIXTURE.score, X), want, atol=1e-13)
    NET.rows_at_once = 4  # blocks see their own targets
    loss, gradient = fisher_loss_and_gradient(NET, MIXTURE.score, X)
    np.testing.assert_allclose(gradient, want, atol=1e-13)
    np.testing.assert_allclose(loss, np.real(mean(NET.parameters)), rtol=1e-13)


def test_affine_against_a_gaussian_is_the_closed_form():
    P, residual = np.linalg.inv(COVARIANCE), A @ MEAN + B
    want = np.trace(A @ COVARIANCE @ A.T) + 2 * np.trace(A) + np.trace(P) + residual @ residual
    law = Gaussian(MEAN, COVARIANCE)
    exact = fisher_divergence(Affine(A, B), law)
    np.testing.assert_allclose(exact, 0.5 * want, rtol=1e-14)
    nodes = gauss_hermite(law, 3)
    np.testing.assert_allclose(fisher_divergence(Affine(A, B), law, nodes), exact, rtol=1e-13)
    split = Affine(2 * A, B) - 0.5 * Affine(2 * A) + Zero(2)
    np.testing.assert_allclose(fisher_divergence(split, law), exact, rtol=1e-14)


def test_it_is_zero_at_the_score_to_rounding_and_asymmetric():
    first, second = Gaussian([0.0], [[1.0]]), Gaussian([1.0], [[4.0]])
    assert fisher_divergence(first.score, first) == 0.0
    assert fisher_divergence(Gaussian(MEAN, COVARIANCE).score, Gaussian(MEAN, COVARIANCE)) < 1e-30
    # ½ E(−x + (x − 1)/4)²: under N(1, 4) and N(0, 1)
    forward, backward = (
        fisher_divergence(first.score, second),
        fisher_divergence(second.score, first),
    )
    np.testing.assert_allclose(forward, 0.5 * (9 / 16 * 4 + 1), rtol=1e-14)
    np.testing.assert_allclose(backward, 0.5 * (9 / 16 + 1 / 16), rtol=1e-14)


def test_near_the_score_small_divergences_are_not_lost():
    S = np.diag([1e-8, 1.0])
    field = Affine(-np.diag([1e8 * (1 + 1e-9), 1.0]))
    np.testing.assert_allclose(
        fisher_divergence(field, Gaussian(np.zeros(2), S)), 0.5e8 * 1e-18, rtol=1e-6
    )


def test_mixtures_by_nodes_barely_see_their_weights_across_a_gap():
    """.5/.5 against .9/.1 of N(±a, 1): the divergence falls to 3.8e-8 at a = 6."""
    got = []
    for a in (1.0, 2.0, 4.0, 6.0):
        even, odd = (GaussianMixture(w, [[-a], [a]], [1.0, 1.0]) for w in ([0.5, 0.5], [0.9, 0.1]))
        nodes = trapezoid(-a - 12, a + 12, 3000).under(even.log_density)
        got.append(fisher_divergence(odd.score, even, nodes))
    np.testing.assert_allclose(got, [0.171, 0.0999, 5.4e-4, 3.8e-8], rtol=0.02)


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match=r"nodes are needed .* MLP and a GaussianMixture"):
        fisher_divergence(NET, MIXTURE)
    with pytest.raises(TypeError, match="target must be a function"):
        fisher_loss(NET, X, X)
    with pytest.raises(ValueError, match=r"target\(x\) must have shape \(6, 3\)"):
        fisher_loss(NET, lambda x: x[:, :1], X)
    with pytest.raises(ValueError, match="field and law must have one dim, got 2 and 3"):
        fisher_divergence(Affine(A), Gaussian(np.zeros(3), np.eye(3)))


def test_sums_and_multiples_of_gaussian_scores_are_affine():
    law = Gaussian(np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 0.5]]))
    information = -law.score.divergence(law.mean)  # E|s|² = tr S⁻¹
    assert fisher_divergence(2 * law.score, law) == pytest.approx(0.5 * information, rel=1e-12)
    tripled = law.score + law.score - (-1) * law.score
    assert fisher_divergence(tripled, law) == pytest.approx(2 * information, rel=1e-12)
    assert fisher_divergence(law.score / 2, law) == pytest.approx(information / 8, rel=1e-12)
    assert not MIXTURE_SCORE.affine


MIXTURE_SCORE = GaussianMixture([0.5, 0.5], [[0.0], [1.0]], [1.0, 1.0]).score


def test_a_singular_law_is_refused_by_name_and_overflow_is_silent():
    with pytest.raises(ValueError, match="law.covariance must be positive definite"):
        fisher_divergence(Zero(2), Gaussian([0.0, 0.0], 0.0))
    law = Gaussian([0.0, 0.0], 1.0)
    assert fisher_divergence(1e200 * law.score, law) == np.inf


def test_a_target_that_writes_to_its_argument_does_not_reach_the_points():
    def target(x):
        x *= -1
        return x

    x = np.array([[1.0, 2.0]])
    np.testing.assert_array_equal(fisher_loss(Zero(2), target, x), [2.5])
    np.testing.assert_array_equal(x, [[1.0, 2.0]])
