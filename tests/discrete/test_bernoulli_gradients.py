"""Estimates of gradients over bits: what links them, their means and variances, bad input."""

import numpy as np
import pytest
from functions_of_codes import assert_mean
from scipy.special import expit

from refscore.discrete import gradients as g


class Product:
    """exp(w·b) + b_1 b_2 b_3 - b_1."""

    w = np.array([0.7, -0.4, 0.9])

    def __call__(self, b):
        return np.exp(b @ self.w) + b.prod(-1) - b[..., 0]

    def gradient(self, b):
        others = np.stack([b[..., 1] * b[..., 2], b[..., 0] * b[..., 2], b[..., 0] * b[..., 1]], -1)
        return np.exp(b @ self.w)[..., None] * self.w + others - np.eye(3)[0]


LOGITS, F = np.array([-0.7, 0.4, 1.1]), Product()


def test_the_usual_example():
    """θ = .2, f = (b - .45)²: θ(1-θ)(.55² - .45²)."""

    def f(b):
        return (b[..., 0] - 0.45) ** 2

    assert g.bernoulli_expectation_gradient(np.log([0.25]), f) == pytest.approx(0.016)
    assert g.bernoulli_expectation(np.log([0.25]), f) == pytest.approx(0.2225)


def test_exact_gradient_is_the_derivative_of_the_expectation():
    step = 1e-5 * np.eye(3)
    slopes = [
        (g.bernoulli_expectation(LOGITS + e, F) - g.bernoulli_expectation(LOGITS - e, F)) / 2e-5
        for e in step
    ]
    np.testing.assert_allclose(g.bernoulli_expectation_gradient(LOGITS, F), slopes, rtol=1e-8)


@pytest.mark.parametrize("name", ["arm", "disarm"])
def test_antithetic_estimates_have_the_moments_that_enumeration_gives(name):
    drawn = getattr(g, f"{name}_gradient")(LOGITS, F, n_draws=20_000)
    moments = getattr(g, f"{name}_moments")(LOGITS, F)
    exact = g.bernoulli_expectation_gradient(LOGITS, F)
    np.testing.assert_allclose(moments.mean, exact, rtol=1e-12)
    assert_mean(drawn, exact)
    assert_mean((drawn - exact) ** 2, np.diag(moments.covariance))
    assert_mean((drawn[:, 0] - exact[0]) * (drawn[:, 1] - exact[1]), moments.covariance[0, 1])


def test_disarm_is_arm_without_part_of_its_variance():
    more = g.arm_moments(LOGITS, F).covariance - g.disarm_moments(LOGITS, F).covariance
    assert (np.diag(more) > 0).all()
    np.testing.assert_allclose(more, np.diag(np.diag(more)), atol=1e-14)


def test_score_function_over_bits_is_unbiased():
    drawn = g.bernoulli_score_function_gradient(LOGITS, F, n_draws=20_000, baseline=1.2)
    assert_mean(drawn, g.bernoulli_expectation_gradient(LOGITS, F))


def test_score_function_and_straight_through_on_given_numbers():
    u = np.array([[0.9, 0.1, 0.6], [0.2, 0.8, 0.3]])
    theta = 1 / (1 + np.exp(-LOGITS))
    bits = (u > 1 - theta).astype(float)
    np.testing.assert_array_equal(bits, [[1, 0, 1], [0, 1, 1]])
    want = (F(bits) - 0.5)[:, None] * (bits - theta)
    got = g.bernoulli_score_function_gradient(LOGITS, F, u, baseline=0.5)
    np.testing.assert_allclose(got, want)
    got = g.bernoulli_straight_through_gradient(LOGITS, F, u)
    np.testing.assert_allclose(got, theta * (1 - theta) * F.gradient(bits))
    tie = g.bernoulli_score_function_gradient([0.0], lambda b: 1 + b[..., 0], [[0.5]])
    assert tie == -0.5  # u = σ(-l) is no bit, nor its mirror
    assert g.disarm_gradient([0.0], lambda b: 1 + b[..., 0], [[0.5]]) == 0


ALL = ("bernoulli_score_function_gradient", "bernoulli_straight_through_gradient", "arm_gradient",
       "disarm_gradient")  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_rows_of_logits_are_vectors_of_their_own(name):
    logits = np.random.default_rng(1).normal(size=(4, 3))
    u = np.random.default_rng(2).random((5, 4, 3))
    got = getattr(g, name)(logits, F, u)
    for i in range(4):
        np.testing.assert_allclose(got[:, i], getattr(g, name)(logits[i], F, u[:, i]), rtol=1e-12)


@pytest.mark.parametrize("logits", [[1e4, -1e4, 0.0], [np.inf, -np.inf, 0.2], [-np.inf] * 3])
def test_extreme_logits_stay_finite(logits):
    u = np.array([[0.0, 0.5, 1 - 2.0**-53], [0.999, 0.0, 0.0], [0.3, 0.2, 0.9]])
    for name in ALL:
        assert np.isfinite(getattr(g, name)(logits, F, u)).all()
        if name != "arm_gradient":  # in whose estimate every bit has the difference of all
            found = getattr(g, name)(logits, F, np.maximum(u, 1e-9))
            assert (found[:, np.abs(logits) > 1e3] == 0).all()
    if np.isfinite(logits).all():
        assert np.isfinite(g.bernoulli_relaxed_gradient(logits, F, 1e-3, u)).all()
    sure = np.clip(logits, 0, 1)  # the bits that do not change; the third is left
    ends = F(np.stack([np.append(sure[:2], 1.0), np.append(sure[:2], 0.0)]))
    theta = expit(logits[2])
    exact = [0, 0, theta * (1 - theta) * (ends[0] - ends[1])]
    np.testing.assert_allclose(g.bernoulli_expectation_gradient(logits, F), exact, atol=1e-15)
    assert np.isfinite(g.arm_moments(logits, F).covariance).all()


def test_one_draw_where_no_number_is_said():
    for name in ALL:
        assert getattr(g, name)(LOGITS, F, rng=0).shape == (1, 3)
    assert g.bernoulli_relaxed_gradient(LOGITS, F, 0.7, rng=0).shape == (1, 3)


def test_bad_input_is_refused():
    for bad in ([np.nan], [], 0.3):
        with pytest.raises(ValueError, match="logits"):
            g.arm_gradient(bad, F, rng=0)
    with pytest.raises(ValueError, match=r"logits must have shape \(d,\)"):
        g.bernoulli_expectation(np.zeros((2, 3)), F)
    with pytest.raises(ValueError, match=r"logits must have shape \(d,\)"):
        g.disarm_moments(np.zeros((2, 3)), F)
    with pytest.raises(ValueError, match="at most 20 bits, got 21"):
        g.bernoulli_expectation(np.zeros(21), F)
    with pytest.raises(ValueError, match="at most 12 bits, got 13"):
        g.arm_moments(np.zeros(13), F)
    with pytest.raises(ValueError, match="temperature must be positive"):
        g.bernoulli_relaxed_gradient(LOGITS, F, 0.0, rng=0)
    with pytest.raises(ValueError, match="uniforms must lie in"):
        g.arm_gradient(LOGITS, F, np.full((2, 3), -0.1))
    with pytest.raises(TypeError, match=r"f must offer .gradient"):
        g.bernoulli_straight_through_gradient(LOGITS, lambda b: b.sum(-1), rng=0)
