"""Estimates of gradients over classes: numbers of the usual example, means over many draws."""

import numpy as np
import pytest
from functions_of_codes import Exponential, assert_mean

from refscore.discrete import gradients as g

THETA, TARGET = 0.2, 0.45
PAIR = np.log([1 - THETA, THETA])


class Squared:
    """(y_2 - t)²."""

    def __call__(self, y):
        return (y[..., 1] - TARGET) ** 2

    def gradient(self, y):
        return np.stack([0 * y[..., 0], 2 * (y[..., 1] - TARGET)], axis=-1)


LOGITS = np.array([0.4, 1.3, -0.6])
F = Exponential(3)


def variance(moments):
    return np.diag(moments.covariance)


# --- the usual example: θ = .2, f = (b - .45)² -----------------------------------------------


def test_exact_gradient_of_the_example():
    np.testing.assert_allclose(g.expectation_gradient(PAIR, Squared()), [-0.016, 0.016])
    assert g.expectation(PAIR, Squared()) == pytest.approx(0.8 * 0.2025 + 0.2 * 0.3025)


def test_score_function_variance_and_its_best_baseline():
    assert g.score_function_moments(PAIR, Squared()).covariance[1, 1] == pytest.approx(0.012769)
    best = g.best_baseline(PAIR, Squared())
    assert best == pytest.approx(0.8 * 0.3025 + 0.2 * 0.2025)
    assert variance(g.score_function_moments(PAIR, Squared(), baseline=best)).max() < 1e-30


def test_straight_through_has_the_wrong_sign():
    mean = g.straight_through_moments(PAIR, Squared()).mean
    np.testing.assert_allclose(mean, [0.08, -0.08])
    bias = mean - g.expectation_gradient(PAIR, Squared())
    assert bias[1] == pytest.approx(THETA * (1 - THETA) * (2 * THETA - 1))


def test_relaxed_means_and_where_their_sign_turns():
    means = [g.relaxed_moments(PAIR, Squared(), tau).mean[1] for tau in (1, 0.5, 0.1)]
    np.testing.assert_allclose(means, [-0.0231, -0.0188, 0.0066], atol=5e-5)
    for tau in (0.174637, 6.550783):
        below, above = (g.relaxed_moments(PAIR, Squared(), tau * s).mean[1] for s in (0.999, 1.001))
        assert below * above < 0


def test_relaxed_gradient_tends_to_the_discrete_one_as_its_variance_grows():
    # θ(1-θ) times: gap/τ -> (2θ-1) ∫ f' log(y/(1-y)) dy = 2θ-1; τ variance -> ∫ f'² y(1-y) dy
    taus = np.array([0.01, 0.005])
    found = [g.relaxed_moments(PAIR, Squared(), tau) for tau in taus]
    gap = np.array([m.mean[1] - 0.016 for m in found]) / taus
    grown = np.array([variance(m)[1] for m in found]) * taus
    weight, t = THETA * (1 - THETA), TARGET
    assert 2 * gap[1] - gap[0] == pytest.approx(weight * (2 * THETA - 1), rel=1e-3)
    bend = 4 * (1 / 20 - t / 6 + t**2 / 6)
    assert 2 * grown[1] - grown[0] == pytest.approx(weight * bend, rel=1e-3)


def test_leave_one_out_of_two_classes_has_variance_of_order_one_over_n_squared():
    # f is affine in the one score there is: c is exact, and the rest comes from E f alone
    few, many = (variance(g.leave_one_out_moments(PAIR, Squared(), n))[1] for n in (10, 1000))
    plain = variance(g.score_function_moments(PAIR, Squared()))[1]
    assert few < plain / 10
    assert many < plain / 1000


def test_relaxed_expectation_of_three_classes():
    nodes = g.concrete_nodes(np.log([0.2, 0.5, 0.3]), 0.7)
    np.testing.assert_allclose(nodes.mean(nodes.points), [0.2236, 0.4657, 0.3107], atol=5e-5)
    rounded = np.eye(3)[nodes.points.argmax(1)]
    np.testing.assert_allclose(nodes.mean(rounded), [0.2, 0.5, 0.3], rtol=1e-12)


# --- means over many draws -------------------------------------------------------------------

UNBIASED = {
    "score function": lambda **k: g.score_function_gradient(LOGITS, F, baseline=0.7, **k),
    "leave one out": lambda **k: g.leave_one_out_gradient(LOGITS, F, **k),
    "control variate": lambda **k: g.control_variate_gradient(LOGITS, F, Exponential(3), **k),
    "rebar": lambda **k: g.rebar_gradient(LOGITS, F, 0.6, 0.9, **k),
    "relax": lambda **k: g.relax_gradient(LOGITS, F, g.Relaxed(Exponential(3), 1.4, 1.3), **k),
}


@pytest.mark.parametrize("name", UNBIASED)
def test_unbiased_estimates_centre_on_the_exact_gradient(name):
    estimates = UNBIASED[name](rng=None, n_draws=20_000)
    assert_mean(estimates, g.expectation_gradient(LOGITS, F))


@pytest.mark.parametrize("hard", [False, True])
def test_relaxed_estimates_have_the_moments_that_quadrature_gives(hard):
    estimate = g.straight_through_relaxed_gradient if hard else g.relaxed_gradient
    drawn = estimate(LOGITS, F, 0.8, n_draws=20_000)
    moments = g.relaxed_moments(LOGITS, F, 0.8, straight_through=hard)
    assert_mean(drawn, moments.mean)
    assert_mean((drawn - moments.mean) ** 2, variance(moments))


def test_means_of_four_draws_have_the_moments_of_leaving_one_out():
    groups = np.broadcast_to(LOGITS, (10_000, 3))
    means = g.leave_one_out_gradient(groups, F, n_draws=4).mean(0)
    moments = g.leave_one_out_moments(LOGITS, F, 4)
    assert_mean(means, moments.mean)
    assert_mean((means - moments.mean) ** 2, variance(moments))


def test_covariances_are_whole_matrices_that_sum_to_zero():
    for moments in (
        g.score_function_moments(LOGITS, F),
        g.leave_one_out_moments(LOGITS, F, 3),
        g.straight_through_moments(LOGITS, F),
        g.relaxed_moments(LOGITS, F, 0.8),
    ):
        assert moments.covariance.shape == (3, 3)
        np.testing.assert_allclose(moments.covariance.sum(0), 0, atol=1e-12)
        assert moments.covariance[0, 1] != 0


def test_rebar_without_its_scale_is_the_score_function():
    gumbels, uniforms = np.random.default_rng(3).gumbel(size=(5, 3)), np.full((5, 3), 0.4)
    got = g.rebar_gradient(LOGITS, F, 0.6, 0.0, gumbels, uniforms)
    np.testing.assert_allclose(got, g.score_function_gradient(LOGITS, F, gumbels), atol=1e-15)


def test_rebar_has_a_smaller_variance_than_the_score_function():
    plain = g.score_function_moments(LOGITS, F)
    drawn = g.rebar_gradient(LOGITS, F, 0.6, 1.0, n_draws=20_000)
    assert drawn.var(0).sum() < 0.5 * variance(plain).sum()


def test_running_baseline_knows_the_draws_before_alone():
    values = np.array([3.0, 1.0, 4.0, 1.0])
    np.testing.assert_allclose(
        g.running_baseline(values, decay=0.5, start=2.0), [2, 2.5, 1.75, 2.875]
    )
    later = g.running_baseline(np.r_[values[:2], 9, 9], decay=0.5, start=2.0)
    np.testing.assert_array_equal(later[:3], [2, 2.5, 1.75])


def test_values_at_the_classes_stand_for_the_function():
    values = F(np.eye(3))
    for function in (g.expectation, g.expectation_gradient, g.best_baseline):
        np.testing.assert_allclose(function(LOGITS, values), function(LOGITS, F))


def test_the_same_seed_gives_the_same_draws():
    for estimate in UNBIASED.values():
        one, two, other = (estimate(rng=seed, n_draws=6) for seed in (5, 5, 6))
        np.testing.assert_array_equal(one, two)
        assert not np.array_equal(one, other)
