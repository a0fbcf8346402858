"""Leapfrog: there and back, volume, order, its invariant; the step without a test."""

import by_hand
import numpy as np
import pytest

from refscore import langevin, laws
from refscore.distributions import Gaussian, GaussianMixture

MIXTURE = GaussianMixture(by_hand.WEIGHTS, by_hand.MEANS, by_hand.COVARIANCES)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_leapfrog_is_the_loop_and_runs_back(n):
    x, v = np.random.default_rng(0).normal(size=(2, 6, 2))
    y, w = langevin.leapfrog(MIXTURE.score, x, v, 0.3, n)
    for i in range(6):
        expected = by_hand.leapfrog(x[i], v[i], 0.3, n)
        np.testing.assert_allclose((y[i], w[i]), expected, rtol=1e-10, atol=1e-12)
    back, turned = langevin.leapfrog(MIXTURE.score, y, -w, 0.3, n)
    np.testing.assert_allclose(back, x, atol=1e-12)
    np.testing.assert_allclose(-turned, v, atol=1e-12)


def test_leapfrog_keeps_volume():
    def flow(p):
        return np.concatenate(langevin.leapfrog(MIXTURE.score, p[:, :2], p[:, 2:], 0.5, 4), axis=1)

    at, h = np.array([0.3, -0.4, 0.8, 0.1]), 1e-5
    J = (flow(at + h * np.eye(4)) - flow(at - h * np.eye(4))) / (2 * h)
    assert np.linalg.det(J) == pytest.approx(1.0, abs=1e-8)


def test_the_energy_error_is_of_second_order():
    x, v = np.random.default_rng(1).normal(size=(2, 2))
    errors = []
    for n in (20, 40, 80):
        y, w = langevin.leapfrog(MIXTURE.score, x, v, 1.0 / n, n)
        errors.append(abs(by_hand.energy(y, w) - by_hand.energy(x, v)))
    assert np.log2(np.array(errors[:-1]) / errors[1:]) == pytest.approx(2.0, abs=0.05)


def test_the_invariant_of_leapfrog_on_a_standard_normal():
    x, v = np.random.default_rng(2).normal(size=(2, 50, 1))
    h = 1.3
    y, w = langevin.leapfrog(Gaussian([0.0], 1.0).score, x, v, h, 5)
    before, after = ((1 - h**2 / 4) * q**2 + p**2 for q, p in ((x, v), (y, w)))
    np.testing.assert_allclose(after, before, rtol=1e-12)


def test_without_the_test_every_trajectory_is_taken():
    x, v = np.random.default_rng(3).normal(size=(2, 4, 2))
    step = langevin.hmc(None, MIXTURE.score, 1.5, 3, adjusted=False)
    assert step.parts == ("normal",)
    expected, _ = langevin.leapfrog(MIXTURE.score, x, v, 1.5, 3)
    np.testing.assert_array_equal(step(x, v), expected)


def test_unadjusted_hmc_has_the_law_of_the_shadow_energy():
    """On N(0, 1): (1 − h²/4) x² + v² is kept, so that the variance of x is 1/(1 − h²/4)."""
    for h, n in ((0.5, 3), (1.2, 2), (1.9, 5)):
        step = langevin.hmc(None, Gaussian([0.0], 1.0).score, h, n, adjusted=False)
        found = laws.stationary_law(laws.affine_map_of(step, 1)).covariance
        np.testing.assert_allclose(found, 1 / (1 - h**2 / 4), rtol=1e-9)


def test_a_trajectory_that_blows_up_is_rejected():
    step = langevin.hmc(
        lambda x: -(x[..., 0] ** 4), lambda x: -4 * x**3 if np.isfinite(x).all() else 1 / 0, 3.0, 9
    )
    x = np.array([[9.0], [0.0]])
    found, taken = step.inform(x, (np.array([[1.0], [0.0]]), np.array([0.0, 0.5])))
    np.testing.assert_array_equal(found, x)
    assert taken.tolist() == [False, True]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"step_size": 0}, ValueError, "step_size"),
        ({"n_leapfrog": 0}, ValueError, "n_leapfrog"),
        ({"n_leapfrog": 2.0}, TypeError, "n_leapfrog"),
        ({"adjusted": "no"}, TypeError, "adjusted"),
        ({"log_density": None}, TypeError, "log_density"),
        ({"score": 3}, TypeError, "score"),
    ],
)
def test_bad_arguments_are_named(arguments, error, words):
    good = {"log_density": MIXTURE.log_density, "score": MIXTURE.score, "step_size": 0.1}
    with pytest.raises(error, match=words):
        langevin.hmc(**(good | {"n_leapfrog": 3} | arguments))


def test_leapfrog_refuses_a_velocity_of_another_shape():
    with pytest.raises(ValueError, match="v must have the shape of x"):
        langevin.leapfrog(MIXTURE.score, np.zeros((3, 2)), np.zeros(2), 0.1)
