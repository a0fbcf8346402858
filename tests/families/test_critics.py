"""Divergences by their definition, by their best critic, and in closed form for Gaussians."""

from functools import partial

import mpmath
import numpy as np
import pytest

from refscore import nodes
from refscore.distributions import Gaussian
from refscore.estimation import PolynomialEnergy
from refscore.families import (
    DIVERGENCES,
    critic_bound,
    f_divergence,
    generator_loss,
    importance_log_normaliser,
    importance_variance,
    jensen_shannon,
    likelihood_gradient,
    log_normaliser,
    log_ratio,
    log_ratio_bound,
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


def test_a_generator_is_told_nothing_of_the_data():
    for kind in ("saturating", "non-saturating", "likelihood"):
        assert generator_loss([0.3, -1.0], kind).x.shape == (0,)
    with pytest.raises(ValueError, match="kind must be 'saturating'"):
        generator_loss([0.3], "hinge")


def test_values_without_a_finite_conjugate_are_refused():
    for name, limit in (
        ("reverse kl", 0),
        ("hellinger", 1),
        ("jensen-shannon", np.log(2)),
        ("gan", 0),
    ):
        with pytest.raises(ValueError, match=f"critic_y must stay below {limit:g}"):
            critic_bound(name, [-1.0], [limit])
        assert np.isfinite(critic_bound(name, [limit], [limit - 1e-9]))
    with pytest.raises(ValueError, match="name must be one of kl, "):
        optimal_critic("wasserstein", [0.0])


@pytest.mark.parametrize("name", DIVERGENCES)
def test_a_log_ratio_is_a_critic_of_its_own(name):
    """The bound of half the log ratio, by its values; of the log ratio itself, the divergence."""
    at_p, at_q = odds(0.3 + 0.9 * Z), odds(-0.4 + 1.2 * Z)
    half = [optimal_critic(name, a / 2) for a in (at_p, at_q)]
    bound = critic_bound(name, *half, W, W)
    np.testing.assert_allclose(log_ratio_bound(name, at_p / 2, at_q / 2, W, W), bound, rtol=1e-11)
    value = f_divergence(name, at_q, W)
    assert bound < value - 1e-3
    np.testing.assert_allclose(log_ratio_bound(name, at_p, at_q, W, W), value, rtol=1e-11)


def test_divergences_of_laws_far_apart_are_finite():
    """Log ratios to 1780 at nodes of weight 0, to 700 at others: where r alone overflows."""
    p, q, grid = Gaussian([0.0], 1.0), Gaussian([0.0], 0.01), nodes.trapezoid(-6.0, 6.0, 4000)
    at_p, at_q = (grid.under(law.log_density) for law in (p, q))
    a, b = (log_ratio(p, q, at.points) for at in (at_p, at_q))
    w = at_p.weights, at_q.weights
    assert b.max() > 1000
    true = {
        "kl": 0.5 * (99 - np.log(100)), "reverse kl": 0.5 * (0.01 - 1 + np.log(100)),
        "hellinger": 2 - 2 * np.sqrt(2 * 0.1 / 1.01),
        "jensen-shannon": 2 * jensen_shannon(p, q, at_p, at_q),
    }  # fmt: skip
    true["gan"] = true["jensen-shannon"] - np.log(4)
    for name, value in true.items():
        unseen = 1.3e-4 if name == "kl" else 1e-8  # E_q e^a lacks p's mass beyond 3.86
        np.testing.assert_allclose(log_ratio_bound(name, a, b, *w), value, atol=unseen)
        np.testing.assert_allclose(f_divergence(name, b, w[1]), value, rtol=3e-3)  # q's nodes
    assert f_divergence("pearson", b, w[1]) == np.inf


def test_large_log_ratios_by_their_limits():
    """f(r) = −1 − log r for the game and (r + 1) log 2 − 1 − log r for 2 JSD, to O(1/r)."""
    for a in (50.0, 710.0, 746.0, 1e5):
        assert f_divergence("gan", [a]) == -1 - a
    at_700 = f_divergence("jensen-shannon", [700.0])
    np.testing.assert_allclose(at_700, np.exp(700.0) * np.log(2), rtol=1e-13)
    at_710 = np.log(2) * np.exp(10.0)
    np.testing.assert_allclose(
        f_divergence("jensen-shannon", [710.0]) * np.exp(-700.0), at_710, rtol=1e-12
    )
    assert f_divergence("jensen-shannon", [1e5]) == np.inf
    np.testing.assert_allclose(f_divergence("jensen-shannon", [-1e5]), np.log(2), rtol=1e-15)
    np.testing.assert_allclose(f_divergence("jensen-shannon", [1e-9]), 0.25e-18, rtol=1e-8)
    near, far = (f_divergence("jensen-shannon", [2.0 + s]) for s in (-1e-12, 1e-12))
    np.testing.assert_allclose(near, far, rtol=1e-11)


def test_critics_at_their_limit_are_named_or_count_for_nothing():
    """The best critic of log ratio 100 is its limit; f* there is finite as the log ratio's."""
    best = optimal_critic("hellinger", [0.0, 100.0])
    with pytest.raises(ValueError, match="got 1: a best critic may round to it, then log_ratio_b"):
        critic_bound("hellinger", best, best)
    assert critic_bound("hellinger", best[:1], best, None, [1.0, 0.0]) == 0.0
    off = log_ratio_bound("hellinger", [0.0], [100.0])
    np.testing.assert_allclose(off, -np.expm1(50.0), rtol=1e-14)
    np.testing.assert_allclose(
        log_ratio_bound("jensen-shannon", [0.0], [36.0]), np.log(2) - 36.0, rtol=1e-15
    )


def test_critics_past_the_range_of_floats_are_told_where_to_go():
    """−e^{−a} at a = −710, 2(e^a − 1) at 710: f* of their log ratio is finite."""
    for name, a in (("reverse kl", -710.0), ("pearson", 710.0)):
        best = optimal_critic(name, [0.0, a])
        for inputs in ((best[:1], best), (best, best[:1])):
            with pytest.raises(ValueError, match="must be finite, .* log_ratio_bound takes log p"):
                critic_bound(name, *inputs)
    with pytest.raises(ValueError, match="critic_y must be finite, got nan"):
        critic_bound("kl", [0.0], [np.nan])
    assert log_ratio_bound("reverse kl", [0.0], [-710.0]) == 710.0


def test_the_jensen_shannon_divergence_is_never_negative():
    p = Gaussian([0.0], 1.0)
    for shift in 10.0 ** -np.arange(7, 12):
        q = Gaussian([shift], 1.0)
        assert jensen_shannon(p, q, *(nodes.gauss_hermite(law, 20) for law in (p, q))) >= 0


def test_wasserstein_1_of_points_and_of_equal_deviations():
    assert wasserstein_1_gaussian(1.0, 0.5, -2.0, 0.5) == 3.0
    np.testing.assert_allclose(wasserstein_1_gaussian(0, 2.0, 0, 0.0), 2 * np.sqrt(2 / np.pi))


class Kinked:
    """|x − .3|, to which the rule settles where a panel ends there."""

    dim = 1

    def __call__(self, x):
        return np.abs(x[:, 0] - 0.3)

    def gradient(self, x):
        return np.sign(x - 0.3)

    parameter_gradient = gradient


def test_normalisers_of_boxes_and_of_rough_energies():
    """½ x² on [−1, 1] is a truncated normal law."""
    half = PolynomialEnergy([[2]], [0.5])
    with pytest.raises(ValueError, match="cut=True conditions on the box"):
        log_normaliser(half, -1, 1)
    inside, peak = 0.6826894921370859, np.exp(-0.5) / np.sqrt(2 * np.pi)
    log_z = np.log(2 * np.pi) / 2 + np.log(inside)
    np.testing.assert_allclose(log_normaliser(half, -1, 1, cut=True), log_z, rtol=1e-12)
    gradient = likelihood_gradient(half, [[0.5], [0.1]], -1, 1, cut=True)
    np.testing.assert_allclose(gradient, 1 - 2 * peak / inside - 0.13, rtol=1e-11)
    for found in (log_normaliser, partial(likelihood_gradient, x=[[0.5]])):
        with pytest.raises(ValueError, match="did not settle to 1e-10: .* or a larger tolerance"):
            found(Kinked(), low=-31, high=40)
    z = log_normaliser(Kinked(), -31, 40, tolerance=1e-3)
    np.testing.assert_allclose(z, np.log(2), atol=2e-3)
    np.testing.assert_allclose(log_normaliser(Kinked(), -39.7, 40.3), np.log(2), rtol=1e-12)
    slope = likelihood_gradient(Kinked(), [[0.5]], -31, 40, tolerance=1e-3)
    np.testing.assert_allclose(slope, -1, atol=0.05)


def test_importance_variance_is_that_of_draws():
    """1e6 weights for d = 2, τ = 1.2: their variance, within 5 of its standard errors."""
    x = 1.2 * np.random.default_rng(5).standard_normal((10**6, 2))
    log_p = -0.5 * (x**2).sum(1)
    log_q = -0.5 * (x**2).sum(1) / 1.44 - np.log(2 * np.pi * 1.44)
    w = np.exp(log_p - log_q) / (2 * np.pi)
    off = (w - 1) ** 2
    assert abs(off.mean() - importance_variance(2, 1.2)) < 5 * off.std() / 1000
    assert importance_log_normaliser([0.25], [-1.0]) == 1.25
    with pytest.raises(ValueError, match="must hold a number"):
        importance_log_normaliser([], [])
    near = importance_log_normaliser(log_p, log_q) - np.log(2 * np.pi)
    assert abs(near) < 5 * w.std() / 1000
    assert importance_variance(3, 0.7) == np.inf
    assert importance_variance(5, 1.0) == 0.0
    assert importance_variance(1, 1e-200) == np.inf
    np.testing.assert_allclose(importance_variance(1, 1e200), 1e200 / np.sqrt(2), rtol=1e-12)


@pytest.mark.parametrize("dim", [1, 10, 10**6])
def test_importance_variance_keeps_its_digits(dim):
    """Near τ = 1, near τ² = ½ and where the two forms meet, against 60 digits."""
    steps = [*10.0 ** np.arange(-15, 0), *-(10.0 ** np.arange(-15, -1))]
    ends = [0.7071067811865476, 0.70710679, 0.7072, 2.0, np.nextafter(2, 3), 7.0]
    for scale in [*(1 + np.array(steps)), *ends]:
        with mpmath.workdps(60):
            square = mpmath.mpf(float(scale)) ** 2
            log = dim * mpmath.log(square / mpmath.sqrt(2 * square - 1))
            want = float(mpmath.expm1(log)) if log < 709 else np.inf
        got = importance_variance(dim, float(scale))
        np.testing.assert_allclose(got, want, rtol=2e-15 * max(1.0, float(log)))
    assert importance_variance(dim, 0.7071067811865475) == np.inf
