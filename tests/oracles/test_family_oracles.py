"""The oracles of other model families against closed forms, scipy and mpmath."""

from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm, wasserstein_distance

from refscore.oracles import families

RNG = np.random.default_rng(41)
A = RNG.standard_normal((3, 3))
MEAN, S = np.array([0.3, -0.7, 1.1]), A @ A.T + 0.4 * np.eye(3)
X = RNG.standard_normal((4, 3))


def line(mean, sd):
    return SimpleNamespace(kind="gaussian", mean=np.array([mean]), covariance=np.array([[sd**2]]))


P, Q = line(0.3, 0.9), line(-0.4, 1.2)


def test_factors_multiply_to_the_density_and_regressions_give_them():
    factors = families.conditionals(MEAN, S, X)
    whole = multivariate_normal(MEAN, S).logpdf(X)
    np.testing.assert_allclose(factors.sum(1), whole, rtol=1e-12)
    B, s = families.regressions(S)
    z = (X - MEAN - (X - MEAN) @ B.T) / s
    np.testing.assert_allclose(factors, norm.logpdf(z) - np.log(s), rtol=1e-11)
    back = families.ordered_draws(MEAN, S, z)
    np.testing.assert_allclose(back, X, rtol=1e-12)


def test_latent_models_are_joint_gaussians():
    w, sigma = RNG.standard_normal((3, 2)), 0.6
    law = multivariate_normal(MEAN, w @ w.T + sigma**2 * np.eye(3))
    np.testing.assert_allclose(
        families.latent_log_density(w, MEAN, sigma, X), law.logpdf(X), rtol=1e-12
    )
    mean, covariance = families.latent_posterior(w, MEAN, sigma, X)
    inner = w.T @ w + sigma**2 * np.eye(2)
    np.testing.assert_allclose(mean, np.linalg.solve(inner, w.T @ (X - MEAN).T).T, rtol=1e-11)
    np.testing.assert_allclose(covariance, sigma**2 * np.linalg.inv(inner), rtol=1e-10)
    at_best = families.latent_bound(w, MEAN, sigma, X, mean, covariance)
    np.testing.assert_allclose(at_best, law.logpdf(X), rtol=1e-11)
    q, C = RNG.standard_normal((4, 2)), np.array([[0.5, 0.2], [0.2, 0.9]])
    missing = 0.5 * (
        np.trace(np.linalg.solve(covariance, C)) - 2
        + ((q - mean) * np.linalg.solve(covariance, (q - mean).T).T).sum(1)
        + np.linalg.slogdet(covariance)[1] - np.linalg.slogdet(C)[1]
    )  # fmt: skip
    bound = families.latent_bound(w, MEAN, sigma, X, q, C)
    np.testing.assert_allclose(bound + missing, law.logpdf(X), rtol=1e-11)


def test_latent_fit_keeps_the_trace_and_the_large_eigenvalues():
    x = RNG.standard_normal((9, 4)) @ np.diag([2.0, 1.5, 0.4, 0.3])
    mean, covariance = families.latent_fit(x, 2)
    sample = np.cov(x.T, bias=True)
    np.testing.assert_allclose(mean, x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(np.trace(covariance), np.trace(sample), rtol=1e-12)
    values, own = np.linalg.eigvalsh(sample), np.linalg.eigvalsh(covariance)
    np.testing.assert_allclose(own[2:], values[2:], rtol=1e-12)
    np.testing.assert_allclose(own[:2], values[:2].mean(), rtol=1e-12)


CLOSED = {
    "kl": 0.5 * (0.5625 - 1 - np.log(0.5625) + 0.49 / 1.44),
    "reverse kl": 0.5 * (1 / 0.5625 - 1 + np.log(0.5625) + 0.49 / 0.81),
    "pearson": 1.44 / np.sqrt(0.81 * 2.07) * np.exp(0.49 / 2.07) - 1,
    "hellinger": 2 - 2 * np.sqrt(2 * 0.9 * 1.2 / 2.25) * np.exp(-0.49 / 9),
}


@pytest.mark.parametrize("name", CLOSED)
def test_divergences_of_gaussians(name):
    assert families.f_divergence(name, P, Q) == pytest.approx(CLOSED[name], rel=1e-10)


def test_jensen_shannon_divergences():
    def integrand(x):
        p, q = mpmath.npdf(x, 0.3, 0.9), mpmath.npdf(x, -0.4, 1.2)
        return p * mpmath.log(2 * p / (p + q)) / 2 + q * mpmath.log(2 * q / (p + q)) / 2

    want = float(mpmath.quad(integrand, [-14, -4, 0, 4, 14]))
    assert families.jensen_shannon(P, Q) == pytest.approx(want, rel=1e-9)
    twice = families.f_divergence("jensen-shannon", P, Q)
    assert twice == pytest.approx(2 * want, rel=1e-9)
    assert families.f_divergence("gan", P, Q) == pytest.approx(2 * want - np.log(4), rel=1e-9)
    assert families.jensen_shannon_of_atoms([1, 3], [2, 6]) == pytest.approx(0.0, abs=1e-15)
    atoms = families.jensen_shannon_of_atoms([3, 1], [1, 1])
    m = np.array([0.625, 0.375])
    entropy = [-(v * np.log(v)).sum() for v in (m, np.array([0.75, 0.25]), np.array([0.5, 0.5]))]
    assert atoms == pytest.approx(entropy[0] - (entropy[1] + entropy[2]) / 2, rel=1e-13)


@pytest.mark.parametrize(
    "name", ["kl", "reverse kl", "pearson", "hellinger", "jensen-shannon", "gan"]
)
def test_conjugates_are_suprema(name):
    """f*(t) of one value against the largest r t - f(r) on a grid of r."""
    f = families._F[name][0]
    t = families.critic(name, np.array([0.4]))[0]
    r = np.exp(np.linspace(-6, 6, 200_001))
    largest = (r * t - f(r)).max()
    one = np.ones(1)
    got = families.critic_bound(name, 0 * one, t * one, one, one)
    assert -got == pytest.approx(largest, rel=1e-8)


def test_games_and_generators():
    a, b = np.array([0.3, -1.2]), np.array([0.8, 0.1, -0.5])
    d, e = 1 / (1 + np.exp(-a)), 1 / (1 + np.exp(-b))
    assert families.game(a, b) == pytest.approx(np.log(d).mean() + np.log(1 - e).mean(), rel=1e-13)
    want = np.append((1 - d) / 2, -e / 3)
    np.testing.assert_allclose(families.game_slopes(a, b), want, rtol=1e-13)
    for name, loss, slope in (
        ("saturating", np.log(1 - e).mean(), -e / 3),
        ("non-saturating", -np.log(e).mean(), -(1 - e) / 3),
        ("likelihood", -np.exp(b).mean(), -np.exp(b) / 3),
    ):
        got = families.generator(name, b)
        assert got[0] == pytest.approx(loss, rel=1e-13)
        np.testing.assert_allclose(got[1], slope, rtol=1e-12)


def test_discriminators_are_ratios():
    x = np.array([[0.2], [-1.4]])
    p, q = norm.pdf(x[:, 0], 0.3, 0.9), norm.pdf(x[:, 0], -0.4, 1.2)
    np.testing.assert_allclose(families.discriminator(P, Q, x), p / (p + q), rtol=1e-13)
    slope = -(x - 0.3) / 0.81 + (x + 0.4) / 1.44
    np.testing.assert_allclose(families.score_difference(P, Q, x), slope, rtol=1e-12)


def test_wasserstein_1_is_scipys_of_quantiles():
    u = (np.arange(200_000) + 0.5) / 200_000
    want = wasserstein_distance(norm.ppf(u, 0.3, 0.9), norm.ppf(u, -0.4, 1.2))
    assert families.wasserstein_1(P, Q) == pytest.approx(want, rel=1e-5)
    assert families.wasserstein_1(P, line(1.0, 0.9)) == pytest.approx(0.7, rel=1e-12)


def test_normalisers_of_gaussian_energies():
    energy = SimpleNamespace(
        kind="polynomial", exponents=np.array([[2.0, 0], [1, 1], [0, 2]]),
        coefficients=np.array([0.5, 0.4, 0.75]),
    )  # fmt: skip
    precision = np.array([[1.0, 0.4], [0.4, 1.5]])
    log_z, monomials = families.normaliser(energy, -12.0, 12.0)
    assert log_z == pytest.approx(np.log(2 * np.pi) - 0.5 * np.log(np.linalg.det(precision)))
    inverse = np.linalg.inv(precision)
    np.testing.assert_allclose(monomials, [inverse[0, 0], inverse[0, 1], inverse[1, 1]], rtol=1e-10)
    x = np.array([[1.0, 2.0]])
    got = families.likelihood_gradient(energy, x, -12.0, 12.0)
    np.testing.assert_allclose(got, monomials - [1, 2, 4], rtol=1e-12)


@pytest.mark.parametrize(("dim", "scale"), [(1, 1.4), (7, 0.8), (2, 0.75)])
def test_importance_variance_in_closed_form(dim, scale):
    want = (scale**2 / np.sqrt(2 * scale**2 - 1)) ** dim - 1
    assert families.importance_variance(dim, scale) == pytest.approx(want, rel=1e-11)
    logs = np.array([0.3, -0.2]), np.array([-1.0, 0.4])
    mean = (np.exp(1.3) + np.exp(-0.6)) / 2
    assert families.importance_estimate(*logs) == pytest.approx(np.log(mean), rel=1e-14)
