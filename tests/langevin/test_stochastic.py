"""Stochastic gradients: unbiased minibatches by enumeration, the exact law of their noise."""

import itertools

import numpy as np
import pytest

from refscore import langevin, laws
from refscore.distributions import Gaussian

DATA = np.array([[0.3, -1.0], [1.2, 0.4], [-0.7, 2.0], [0.1, 0.1], [2.5, -0.3]])
PRECISION = np.array([[1.5, 0.4], [0.4, 0.8]])


def prior(x):
    return -0.5 * x


def likelihood(x, y):
    """N(y; x, P⁻¹) with a cubic term, so that nothing is linear by luck."""
    return (y - x) @ PRECISION - 0.1 * (x - y) ** 3


def full(x):
    return prior(x) + sum(likelihood(x, y) for y in DATA)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_mean_over_all_batches_is_the_full_score(size):
    gradient = langevin.minibatch_score(prior, likelihood, DATA, size)
    x = np.array([0.4, -0.9])
    batches = np.array(list(itertools.product((np.arange(5) + 0.5) / 5, repeat=size)))
    found = gradient(np.tile(x, (len(batches), 1)), batches)
    np.testing.assert_allclose(found.mean(0), full(x), rtol=1e-12)
    assert found.std(0).min() > 0.1


def test_a_batch_is_what_its_numbers_say():
    gradient = langevin.minibatch_score(None, likelihood, DATA, 2)
    x = np.array([[0.4, -0.9], [1.0, 2.0]])
    found = gradient(x, [[0.0, 0.999], [0.2, 1.0]])
    for i, (j, k) in enumerate(((0, 4), (1, 4))):
        expected = 2.5 * (likelihood(x[i], DATA[j]) + likelihood(x[i], DATA[k]))
        np.testing.assert_allclose(found[i], expected, rtol=1e-13)


def test_the_step_is_langevin_with_that_score():
    gradient = langevin.minibatch_score(prior, likelihood, DATA, 3)
    step = langevin.sgld(gradient, 0.04)
    assert step.parts == ("normal", "uniforms")
    assert step.noise_shapes((7, 2)) == ((7, 2), (7, 3))
    rng = np.random.default_rng(0)
    x, z, u = rng.normal(size=(7, 2)), rng.normal(size=(7, 2)), rng.random((7, 3))
    expected = x + 0.02 * gradient(x, u) + 0.2 * z
    np.testing.assert_allclose(step(x, (z, u)), expected, rtol=1e-14)
    run = langevin.run(step, x, 10, rng=1)
    same = langevin.run(step, x[:, None], 10, rng=1)
    np.testing.assert_array_equal(run.x, same.x[:, 0])


def test_gaussian_gradient_noise_widens_the_law():
    """ŝ = s + τ ξ: as if every step had noise of variance η + η² τ²/4."""
    S, eta, tau = np.array([[2.0, 0.6], [0.6, 0.5]]), 0.3, 1.7
    target = Gaussian([1.0, -2.0], S)
    step = langevin.sgld(lambda x, xi: target.score(x) + tau * xi, eta)
    A = laws.affine_map_of(lambda x, z: step(x, (z[:, :2], z[:, 2:])), 2, noise_dim=4)
    found = laws.stationary_law(A).covariance
    P = np.linalg.inv(S)
    expected = (1 + eta * tau**2 / 4) * S @ np.linalg.inv(np.eye(2) - eta / 4 * P)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_gradient_may_name_its_own_noise():
    class Dropout:
        parts = ("uniform",)

        def __call__(self, x, u):
            return -x * (u < 0.5)[..., None] * 2

    step = langevin.sgld(Dropout(), 0.1)
    assert step.parts == ("normal", "uniform")
    found = step(np.ones((2, 3)), (np.zeros((2, 3)), np.array([0.1, 0.9])))
    np.testing.assert_allclose(found, [[0.9] * 3, [1.0] * 3], rtol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"data": np.zeros((0, 2))}, ValueError, "data must have shape"),
        ({"data": np.zeros(3)}, ValueError, "data must have shape"),
        ({"data": [[np.nan]]}, ValueError, "data must be finite"),
        ({"batch_size": 0}, ValueError, "batch_size"),
        ({"batch_size": 1.5}, TypeError, "batch_size"),
        ({"prior_score": 3}, TypeError, "prior_score"),
        ({"likelihood_score": None}, TypeError, "likelihood_score"),
    ],
)
def test_bad_arguments_are_named(arguments, error, words):
    good = {"prior_score": prior, "likelihood_score": likelihood, "data": DATA, "batch_size": 2}
    with pytest.raises(error, match=words):
        langevin.minibatch_score(**(good | arguments))


def test_bad_noise_and_terms_are_named():
    gradient = langevin.minibatch_score(None, likelihood, DATA, 2)
    with pytest.raises(ValueError, match="uniforms must have the shape"):
        gradient(np.zeros((3, 2)), np.zeros(2))
    for bad in (np.nan, -0.1, 1.1):
        with pytest.raises(ValueError, match=r"uniforms must lie in \[0, 1\]"):
            gradient(np.zeros(2), [0.5, bad])
    flat = langevin.minibatch_score(None, lambda x, y: y[..., 0], DATA, 2)
    with pytest.raises(ValueError, match="likelihood_score must have the shape"):
        flat(np.zeros(2), [0.5, 0.5])
    with pytest.raises(ValueError, match="gradient"):
        langevin.sgld(lambda x, xi: x[..., 0], 0.1)(np.zeros(2), (np.zeros(2), np.zeros(2)))
