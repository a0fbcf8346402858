"""Moments of estimates over bits, by sums over all bits and by quadrature of the logistic law."""

import itertools

import mpmath as mp
import numpy as np
import pytest
from functions_of_codes import assert_mean
from scipy.integrate import quad
from scipy.special import expit

from refscore.discrete import gradients as g


class Waves:
    """exp(w·b) cos(Σ b)."""

    w = np.array([0.7, -0.4, 0.9])

    def __call__(self, b):
        return np.exp(b @ self.w[: b.shape[-1]]) * np.cos(b.sum(-1))

    def gradient(self, b):
        w = self.w[: b.shape[-1]]
        size = np.exp(b @ w)[..., None]
        return size * (w * np.cos(b.sum(-1))[..., None] - np.sin(b.sum(-1))[..., None])


LOGITS, F = np.array([-0.7, 0.4, 1.1]), Waves()


def _all(logits):
    bits = np.array(list(itertools.product((0.0, 1.0), repeat=len(logits))))
    theta = 1 / (1 + np.exp(-np.asarray(logits)))
    return bits, np.prod(np.where(bits == 1, theta, 1 - theta), -1), theta


def _compare(moments, weights, estimates):
    mean = weights @ estimates
    np.testing.assert_allclose(moments.mean, mean, rtol=1e-12)
    covariance = np.einsum("n,ni,nj->ij", weights, estimates - mean, estimates - mean)
    np.testing.assert_allclose(moments.covariance, covariance, rtol=1e-12, atol=1e-15)


def test_score_function_and_straight_through_by_enumeration():
    bits, weights, theta = _all(LOGITS)
    moments = g.bernoulli_score_function_moments(LOGITS, F, baseline=0.3)
    _compare(moments, weights, (F(bits) - 0.3)[:, None] * (bits - theta))
    moments = g.bernoulli_straight_through_moments(LOGITS, F)
    _compare(moments, weights, theta * (1 - theta) * F.gradient(bits))


@pytest.mark.parametrize("tau", [0.05, 0.7, 6.0])
@pytest.mark.parametrize("l", [-0.7, 12.0])
def test_one_relaxed_bit_by_quadrature(l, tau):
    """y = σ((l + s)/τ) with s of the density 1/(4 cosh²(s/2))."""

    def estimate(s):
        z = (l + s) / tau
        slope = F.gradient(np.array([[expit(z)]]))[0, 0]
        return slope * expit(z) * expit(-z) / tau

    edges = np.unique(np.r_[-l + np.linspace(-40, 40, 81) * tau, -40, -20, 0, 20, 40])
    edges = edges[np.abs(edges) <= 40 + abs(l)]
    powers = [
        sum(quad(lambda s, p=p: estimate(s) ** p * expit(s) * expit(-s), a, b, epsabs=1e-16)[0]
            for a, b in zip(edges, edges[1:]))
        for p in (1, 2)
    ]  # fmt: skip
    mean, covariance = g.bernoulli_relaxed_moments([l], F, tau)
    assert mean[0] == pytest.approx(powers[0], rel=1e-9)
    assert covariance[0, 0] == pytest.approx(powers[1] - powers[0] ** 2, rel=1e-9)


def test_two_relaxed_bits_are_what_draws_have():
    draws = g.bernoulli_relaxed_gradient(LOGITS[:2], F, 0.5, n_draws=40_000)
    mean, covariance = g.bernoulli_relaxed_moments(LOGITS[:2], F, 0.5)
    assert_mean(draws, mean)
    assert_mean((draws - mean) ** 2, np.diag(covariance))
    assert_mean((draws[:, 0] - mean[0]) * (draws[:, 1] - mean[1]), covariance[0, 1])
    with pytest.raises(ValueError, match="at most 2 bits, got 3"):
        g.bernoulli_relaxed_moments(LOGITS, F, 0.5)


def test_leave_one_out_over_all_pairs_of_bits():
    """Two draws of two bits: every pair of vectors stands for its uniform numbers."""
    bits, weights, theta = _all(LOGITS[:2])
    u = np.where(bits == 1, 1 - theta / 2, (1 - theta) / 2)
    total = 0
    for i, j in itertools.product(range(4), repeat=2):
        got = g.bernoulli_leave_one_out_gradient(LOGITS[:2], F, u[[i, j]])
        values = F(bits[[i, j]])
        want = (values - values[::-1])[:, None] * (bits[[i, j]] - theta)
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-15)
        total = total + weights[i] * weights[j] * got.mean(0)
    np.testing.assert_allclose(total, g.bernoulli_expectation_gradient(LOGITS[:2], F), rtol=1e-12)
    with pytest.raises(ValueError, match="uniforms must hold at least two"):
        g.bernoulli_leave_one_out_gradient(LOGITS, F, np.full((1, 3), 0.4))


def test_a_baseline_for_every_draw():
    u = np.random.default_rng(0).random((4, 3))
    every = g.bernoulli_score_function_gradient(LOGITS, F, u, baseline=np.arange(4.0))
    for i in range(4):
        one = g.bernoulli_score_function_gradient(LOGITS, F, u, baseline=float(i))
        np.testing.assert_array_equal(every[i], one[i])
    with pytest.raises(ValueError, match="baseline must be a number or have the shape"):
        g.bernoulli_score_function_gradient(LOGITS, F, u, baseline=np.zeros(3))


def test_no_vectors_of_bits_have_no_gradients():
    names = ("arm", "disarm", "bernoulli_score_function", "bernoulli_straight_through")
    for name in names:
        assert getattr(g, f"{name}_gradient")(np.zeros((0, 3)), F, rng=0).shape == (1, 0, 3)
    assert g.bernoulli_relaxed_gradient(np.zeros((0, 3)), F, 0.5, rng=0).shape == (1, 0, 3)


@pytest.mark.parametrize("logits", [[38.0, -50.0, 0.3], [-60.0, 300.0, 700.0]])
def test_bits_that_hardly_change_keep_their_digits(logits):
    with mp.workdps(700):
        theta = [1 / (1 + mp.exp(-mp.mpf(l))) for l in logits]
        want = [0.0] * 3
        for i, bits in itertools.product(range(3), itertools.product((0, 1), repeat=3)):
            chance = mp.mpf(1)
            for j in range(3):
                if j != i:
                    chance *= theta[j] if bits[j] else 1 - theta[j]
            value = mp.mpf(float(F(np.array(bits, dtype=float))))
            want[i] += (1 if bits[i] else -1) * chance * value * theta[i] * (1 - theta[i])
    want = [float(w) for w in want]
    assert min(map(abs, want)) > 0
    for got in (
        g.bernoulli_expectation_gradient(logits, F),
        g.bernoulli_score_function_moments(logits, F, baseline=0.4).mean,
        g.arm_moments(logits, F).mean,
    ):
        np.testing.assert_allclose(got, want, rtol=1e-13)
    slow = g.bernoulli_score_function_gradient(logits[:1], F, [[0.5]])
    side = 1 if logits[0] > 0 else -1
    bit = np.array([float(logits[0] > 0)])
    assert slow[0, 0] == pytest.approx(side * F(bit) * np.exp(-abs(logits[0])), rel=1e-12)
    relaxed = g.bernoulli_relaxed_gradient(logits[:1], F, 1.0, [[0.5]])
    assert relaxed[0, 0] == pytest.approx(F.gradient(bit)[0] * np.exp(-abs(logits[0])), rel=1e-12)
