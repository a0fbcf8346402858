"""The score oracles against mpmath derivatives of densities written from their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from refscore.oracles import scores

from .cases import LAWS, MIXTURE, law, points, spd
from .precise import derivatives

SMOOTH_FAR = [n for n in LAWS if n not in ("truncated_normal", "half_normal", "funnel", "banana")]


def close(actual, exact, relative=1e-13, least=1e-300):
    """Relative to the largest entry of the row or matrix, entries below `least` being zero."""
    exact = np.asarray(exact)
    finite = np.isfinite(exact)
    assert np.array_equal(np.asarray(actual)[~finite], exact[~finite])
    gap, scale = np.abs(np.where(finite, actual - exact, 0)), np.abs(np.where(finite, exact, 0))
    assert gap.max() <= relative * max(scale.max(), least)


@pytest.mark.parametrize("name", LAWS)
def test_density_score_and_jacobian_are_those_of_the_definition(name):
    x = points(name)
    got = scores.log_density(LAWS[name], x), scores.score(LAWS[name], x)
    jacobians, divergences = scores.score_jacobian(LAWS[name], x), scores.divergence(LAWS[name], x)
    for i, row in enumerate(x):
        value, gradient, hessian = derivatives(LAWS[name], row, 120)
        close(got[0][i], value)
        close(got[1][i], gradient)
        close(jacobians[i], hessian, 2e-13, 1e-40)
        assert abs(divergences[i] - np.trace(hessian)) <= 2e-13 * max(np.abs(hessian).max(), 1e-40)


@pytest.mark.parametrize("name", SMOOTH_FAR)
@pytest.mark.parametrize("size", [1e3, 1e150])
def test_far_points(name, size):
    if name in ("generalised_normal", "ill_gaussian") and size > 1e4:
        with np.errstate(all="raise"):  # the log density leaves float64: -inf, unremarked
            return np.testing.assert_array_equal(
                scores.log_density(LAWS[name], points(name, n=2, size=size)), -np.inf
            )
    x = points(name, n=1, size=size)
    for i, row in enumerate(x):
        value, gradient, hessian = derivatives(LAWS[name], row, 1400 if size > 1e4 else 200)
        close(scores.log_density(LAWS[name], x)[i], value)
        close(scores.score(LAWS[name], x)[i], gradient)
        if name not in ("logistic", "heavy_student_t", "student_t", "near_gaussian_t"):
            close(scores.score_jacobian(LAWS[name], x)[i], hessian, 1e-12, 1e-40)


def test_a_tie_of_far_components_is_decided_exactly():
    """At x = (0, 1e150) both quadratic forms are equal to 300 digits; the weights decide."""
    equal = law(
        "mixture",
        weights=np.array([0.25, 0.75]),
        means=np.array([[1.0, 0.0], [-1.0, 0.0]]),
        covariances=np.array([np.diag([1.0, 2.0]), np.diag([2.0, 2.0])]),
    )
    x = np.array([[0.0, 1e150]])
    # log r_1 - log r_2 = log(1/3) + log(2)/2 - 1/2 + 1/4
    odds = np.exp(np.log(1 / 3) + np.log(2) / 2 - 0.25)
    close(scores.responsibilities(equal, x)[0], np.array([odds, 1]) / (1 + odds))


def test_small_scores_keep_their_relative_accuracy():
    flat = LAWS["wide_smoothed_uniform"]
    x = np.array([[-0.98, 0.999, 1.002]])
    _, gradient, hessian = derivatives(flat, x[0], 600)
    np.testing.assert_allclose(scores.score(flat, x)[0], gradient, rtol=1e-12)
    np.testing.assert_allclose(
        np.diag(scores.score_jacobian(flat, x)[0]), np.diag(hessian), rtol=1e-11
    )


def test_known_values():
    bump = law("smoothed_uniform", low=np.zeros(1), high=np.ones(1), sigma=0.1)
    assert scores.score(bump, np.array([[-0.3]]))[0, 0] == pytest.approx(32.8, abs=0.05)
    box = law("uniform", low=np.zeros(2), high=np.array([1.0, 2.0]))
    x = np.array([[0.5, 0.5], [0.5, 3.0]])
    np.testing.assert_array_equal(scores.log_density(box, x), [-np.log(2), -np.inf])
    np.testing.assert_array_equal(scores.score(box, x), [[0, 0], [np.nan, np.nan]])


@pytest.mark.parametrize("name", LAWS)
def test_leading_shapes_and_rowwise(name):
    x = points(name, n=6).reshape(2, 3, -1)
    for f in (scores.log_density, scores.score, scores.score_jacobian, scores.divergence):
        whole = f(LAWS[name], x)
        assert whole.shape[:2] == (2, 3)
        assert whole.dtype == np.float64
        np.testing.assert_array_equal(whole[1, 2], f(LAWS[name], x[1, 2]))


def test_an_affine_map_of_a_mixture_moves_its_score_by_the_chain_rule():
    """s_Y(y) = B^-T s_X(B^-1 y) with an ill-conditioned diagonal B."""
    b = np.diag([1.0, 2.0**20, 2.0**-20])
    moved = law(
        "mixture",
        weights=MIXTURE.weights,
        means=MIXTURE.means @ b,
        covariances=np.array([b @ c @ b for c in MIXTURE.covariances]),
    )
    x = points("mixture")
    expected = scores.score(MIXTURE, x) @ np.linalg.inv(b)
    np.testing.assert_allclose(scores.score(moved, x @ b), expected, rtol=1e-12)


def test_indefinite_covariances_are_refused():
    with pytest.raises(ValueError):
        scores.log_density(law("gaussian", mean=np.zeros(2), covariance=np.ones((2, 2))), [[0, 0]])


def test_high_dimension_stays_affordable():
    s = spd(20, 4, 1e6)
    x = np.random.default_rng(0).normal(size=(50, 20))
    got = scores.score(law("gaussian", mean=np.zeros(20), covariance=s), x)
    np.testing.assert_allclose(got @ s, -x, rtol=1e-8, atol=1e-9)
