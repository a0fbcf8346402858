"""Divergences by their definition, by their best critic, and in closed form for Gaussians."""

import numpy as np
import pytest

from refscore.distributions import Gaussian
from refscore.families import (
    DIVERGENCES,
    critic_bound,
    f_divergence,
    importance_log_normaliser,
    importance_variance,
    optimal_critic,
    wasserstein_1_gaussian,
)

P, Q = Gaussian([0.3], 0.81), Gaussian([-0.4], 1.44)
Z = np.linspace(-13, 13, 521)
W = np.exp(-Z * Z / 2) / np.exp(-Z * Z / 2).sum()
M, R = 0.7, 0.81 / 1.44  # difference of means, ratio of variances
CLOSED = {
    "kl": 0.5 * (R - 1 - np.log(R) + M**2 / 1.44),
    "reverse kl": 0.5 * (1 / R - 1 + np.log(R) + M**2 / 0.81),
    "pearson": 1.44 / np.sqrt(0.81 * 2.07) * np.exp(M**2 / 2.07) - 1,
    "hellinger": 2 - 2 * np.sqrt(2 * 0.9 * 1.2 / 2.25) * np.exp(-(M**2) / 4 / 2.25),
}


def odds(x):
    return P.log_density(x[:, None]) - Q.log_density(x[:, None])


@pytest.mark.parametrize("name", DIVERGENCES)
def test_definition_and_best_critic_agree(name):
    at_p, at_q = odds(0.3 + 0.9 * Z), odds(-0.4 + 1.2 * Z)
    value = f_divergence(name, at_q, W)
    best = [optimal_critic(name, a) for a in (at_p, at_q)]
    np.testing.assert_allclose(critic_bound(name, *best, W, W), value, rtol=1e-9)
    if name in CLOSED:
        np.testing.assert_allclose(value, CLOSED[name], rtol=1e-9)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_equal_laws_are_at_no_distance(name):
    zero = {"gan": -np.log(4)}.get(name, 0.0)
    np.testing.assert_allclose(f_divergence(name, np.zeros(3)), zero, atol=1e-15)


def test_the_game_is_twice_the_jensen_shannon_divergence_less_log_4():
    at_q = odds(-0.4 + 1.2 * Z)
    twice = f_divergence("jensen-shannon", at_q, W)
    np.testing.assert_allclose(f_divergence("gan", at_q, W), twice - np.log(4), rtol=1e-12)


def test_values_without_a_finite_conjugate_are_refused():
    with pytest.raises(ValueError, match="critic_y must stay below 0"):
        critic_bound("gan", [-1.0], [0.5])
    with pytest.raises(ValueError, match="name must be one of kl, "):
        optimal_critic("wasserstein", [0.0])


def test_wasserstein_1_of_points_and_of_equal_deviations():
    assert wasserstein_1_gaussian(1.0, 0.5, -2.0, 0.5) == 3.0
    np.testing.assert_allclose(wasserstein_1_gaussian(0, 2.0, 0, 0.0), 2 * np.sqrt(2 / np.pi))


def test_importance_variance_is_that_of_draws():
    """1e6 weights for d = 2, τ = 1.2: their variance, within 5 of its standard errors."""
    x = 1.2 * np.random.default_rng(5).standard_normal((10**6, 2))
    log_p = -0.5 * (x**2).sum(1)
    log_q = -0.5 * (x**2).sum(1) / 1.44 - np.log(2 * np.pi * 1.44)
    w = np.exp(log_p - log_q) / (2 * np.pi)
    off = (w - 1) ** 2
    assert abs(off.mean() - importance_variance(2, 1.2)) < 5 * off.std() / 1000
    near = importance_log_normaliser(log_p, log_q) - np.log(2 * np.pi)
    assert abs(near) < 5 * w.std() / 1000
    assert importance_variance(3, 0.7) == np.inf
    assert importance_variance(5, 1.0) == 0.0
