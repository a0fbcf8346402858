"""Contrastive divergence and noise-contrastive estimation against plain loops and exact bounds."""

import numpy as np
import pytest

from refscore.distributions import ExponentialFamily, Gaussian, GaussianMixture
from refscore.estimation import (
    PolynomialEnergy,
    contrastive_divergence_gradient,
    noise_contrastive_fit,
    noise_contrastive_loss,
    noise_contrastive_loss_and_gradient,
)

RNG = np.random.default_rng(0)
POWERS = [[2, 0], [1, 1], [0, 4], [1, 0]]
ENERGY = PolynomialEnergy(POWERS, [0.7, -0.3, 0.2, 0.4])
X = RNG.standard_normal((5, 2))
LINE = ExponentialFamily([-0.4, 0.1], 1, lambda x: np.concatenate([x**2, x], 1), lambda x: 2 * x)
NORMAL = Gaussian([0.0], 1.0)


def test_polynomial_energy_and_its_gradients():
    x, y = X.T
    want = 0.7 * x**2 - 0.3 * x * y + 0.2 * y**4 + 0.4 * x
    np.testing.assert_allclose(ENERGY(X), want, rtol=1e-14)
    slope = np.stack([1.4 * x - 0.3 * y + 0.4, -0.3 * x + 0.8 * y**3], -1)
    np.testing.assert_allclose(ENERGY.gradient(X), slope, rtol=1e-13)
    np.testing.assert_allclose(
        ENERGY.parameter_gradient(X), np.stack([x**2, x * y, y**4, x], -1), rtol=1e-14
    )
    np.testing.assert_allclose(ENERGY.gradient(np.zeros((1, 2))), [[0.4, 0.0]])
    assert ENERGY(X.reshape(5, 1, 2)).shape == (5, 1)


def test_the_chain_is_the_plain_loop():
    z = RNG.standard_normal((3, 5, 2))
    end = X.copy()
    for now in z:
        end = end - 0.1 * ENERGY.gradient(end) + np.sqrt(0.2) * now
    want = (ENERGY.parameter_gradient(X) - ENERGY.parameter_gradient(end)).mean(0)
    np.testing.assert_allclose(
        contrastive_divergence_gradient(ENERGY, X, 0.2, 3, z), want, rtol=1e-12
    )


def test_an_exponential_family_is_the_energy_with_the_sign_of_theta():
    family = ExponentialFamily(
        -ENERGY.parameters,
        2,
        ENERGY.parameter_gradient,
        lambda x: np.stack(
            [PolynomialEnergy([row], [1.0]).gradient(x) for row in ENERGY.exponents], 1
        ),
    )
    got = contrastive_divergence_gradient(family, X, 0.2, 2, rng=3)
    np.testing.assert_allclose(got, -contrastive_divergence_gradient(ENERGY, X, 0.2, 2, rng=3))


def test_descending_the_gradient_ends_at_the_biased_precision():
    """N(0, v): θ* = (1 − √(1 − 2h/v))/h with h = η/2, on data and noise of all four signs."""
    v, h = 1.5, 0.2
    x = np.sqrt(v) * np.array([1.0, 1.0, -1.0, -1.0])[:, None]
    z = np.array([1.0, -1.0, 1.0, -1.0])[None, :, None]
    theta = np.array([0.2])
    for _ in range(500):
        energy = PolynomialEnergy([[2]], theta)
        theta = theta - 0.5 * contrastive_divergence_gradient(energy, x, 2 * h, 1, z)
    np.testing.assert_allclose(2 * theta, (1 - np.sqrt(1 - 2 * h / v)) / h, rtol=1e-10)


def test_more_steps_from_the_model_leave_no_gradient_on_average():
    """Data drawn from the chain's own law N(0, 1/θ (1 − ηθ/4)⁻¹): the mean gradient is 0."""
    eta = 0.4
    x = RNG.standard_normal((200_000, 1)) / np.sqrt(1 - eta / 4)
    got = contrastive_divergence_gradient(PolynomialEnergy([[2]], [0.5]), x, eta, 5, rng=1)
    assert abs(got[0]) < 5 * 2 * x.var() * np.sqrt(1 / len(x))


def test_noise_contrastive_loss_is_the_formula():
    model, noise = (
        GaussianMixture([0.4, 0.6], [[0.0, 1.0], [1.0, 0.0]], [0.5, 1.2]),
        Gaussian(np.zeros(2), 2.0),
    )
    y = RNG.standard_normal((8, 2))
    nu = len(y) / len(X)

    def chance(p):
        odds = np.exp(model.log_density(p) - noise.log_density(p)) / nu
        return odds / (1 + odds)

    want = -np.log(chance(X)).mean() - nu * np.log(1 - chance(y)).mean()
    got = noise_contrastive_loss(model.log_density, noise.log_density, X, y)
    np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("gap", [1e4, -1e4, 1e300])
def test_noise_contrastive_loss_far_out(gap):
    y = RNG.standard_normal((4, 1))
    got = noise_contrastive_loss(lambda p: np.full(len(p), gap), lambda p: np.zeros(len(p)), y, y)
    np.testing.assert_allclose(got, abs(gap), rtol=1e-12)


def test_gradient_is_the_difference_of_losses():
    x, y = RNG.standard_normal((6, 1)), RNG.standard_normal((9, 1))

    def loss(theta):
        family = LINE.with_theta(theta[:2])
        return noise_contrastive_loss(
            lambda p: family.log_density(p) - theta[2], NORMAL.log_density, x, y
        )

    theta = np.array([-0.4, 0.1, 0.7])
    value, gradient = noise_contrastive_loss_and_gradient(LINE, 0.7, NORMAL.log_density, x, y)
    steps = 1e-5 * np.eye(3)
    want = [(loss(theta + s) - loss(theta - s)) / 2e-5 for s in steps]
    np.testing.assert_allclose(value, loss(theta), rtol=1e-13)
    np.testing.assert_allclose(gradient, want, atol=1e-9)


@pytest.mark.parametrize("ratio", [1, 4])
def test_fit_attains_its_covariance(ratio):
    """Noise of the data's law: n Cov(θ^) = (1 + 1/ν) Cov(F)⁻¹, for F = (x², x): ½ and 1."""
    n, repeats, found, stated = 400, 300, [], []
    for _ in range(repeats):
        x, y = RNG.standard_normal((n, 1)), RNG.standard_normal((n * ratio, 1))
        fit = noise_contrastive_fit(LINE, NORMAL.log_density, x, y)
        found.append([*fit.parameters, fit.log_normaliser])
        stated.append(n * np.diagonal(fit.covariance)[:2])
    bound = (1 + 1 / ratio) * np.array([0.5, 1.0])
    got = n * np.var(found, axis=0)
    np.testing.assert_allclose(got[:2], bound, rtol=5 * np.sqrt(2 / repeats) + 10 / n)
    truth = [-0.5, 0.0, 0.5 * np.log(2 * np.pi)]
    error = np.sqrt(np.array([*got]) / n / repeats)
    assert np.all(np.abs(np.mean(found, axis=0) - truth) < 5 * error + 4 / n)
    slack = 5 * np.std(stated, axis=0) / np.sqrt(repeats) + 10 / n * bound
    assert np.all(np.abs(np.mean(stated, axis=0) - bound) < slack)


def test_fit_has_no_gradient_left_and_estimates_its_errors():
    x, y = 0.8 * RNG.standard_normal((20_000, 1)) + 0.3, 1.5 * RNG.standard_normal((40_000, 1))
    noise = Gaussian([0.0], 2.25)
    fit = noise_contrastive_fit(LINE, noise.log_density, x, y)
    _, gradient = noise_contrastive_loss_and_gradient(
        LINE.with_theta(fit.parameters), fit.log_normaliser, noise.log_density, x, y
    )
    np.testing.assert_allclose(gradient, 0.0, atol=1e-10)
    log_z = 0.5 * np.log(2 * np.pi * 0.64) + 0.3**2 / (2 * 0.64)
    truth = np.array([-0.5 / 0.64, 0.3 / 0.64, log_z])
    estimate = np.array([*fit.parameters, fit.log_normaliser])
    assert np.all(np.abs(estimate - truth) < 5 * fit.standard_errors)


def test_samples_that_separate_have_no_fit():
    x, y = np.full((5, 1), 3.0) + 0.1 * X[:, :1], -3.0 + 0.1 * X[:, :1]
    with pytest.raises(ValueError, match="no minimum"):
        noise_contrastive_fit(LINE, NORMAL.log_density, x, y)


def test_dependent_features_have_no_fit():
    twice = ExponentialFamily([0.0, 0.0], 1, lambda x: np.repeat(x, 2, 1), lambda x: x)
    x = RNG.standard_normal((20, 1))
    with pytest.raises(ValueError, match="dependent"):
        noise_contrastive_fit(twice, NORMAL.log_density, x, x + 0.1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: PolynomialEnergy([[0.5]], [1.0]), ValueError, "exponents must be whole"),
        (lambda: PolynomialEnergy([[-1]], [1.0]), ValueError, "exponents must be whole"),
        (lambda: PolynomialEnergy([[1]], [1.0, 2.0]), ValueError, "parameters must have shape"),
        (lambda: contrastive_divergence_gradient(ENERGY, X, 0.0, 1), ValueError, "step_size"),
        (lambda: contrastive_divergence_gradient(ENERGY, X, 0.1, 0), ValueError, "n_steps"),
        (lambda: contrastive_divergence_gradient(ENERGY, X[0], 0.1, 1), ValueError, "x must hold"),
        (lambda: contrastive_divergence_gradient(ENERGY, X, 0.1, 1, X), ValueError, "noise must"),
        (lambda: contrastive_divergence_gradient(len, X, 0.1, 1), TypeError, "energy must offer"),
        (lambda: noise_contrastive_loss(1.0, len, X, X), TypeError, "log_model must be a function"),
        (lambda: noise_contrastive_loss(sum, len, X, X), ValueError, "must return shape"),
        (lambda: noise_contrastive_loss(sum, len, X, X[:0]), ValueError, "y must hold"),
        (lambda: noise_contrastive_fit(NORMAL, len, X, X), TypeError, "ExponentialFamily"),
    ],
)
def test_bad_arguments_are_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call()
