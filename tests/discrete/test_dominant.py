"""Where one class has almost all: gradients, scores and moments against 700 digits."""

import mpmath as mp
import numpy as np
import pytest

from refscore import discrete as d
from refscore.discrete import gradients as g

CASES = [
    ([0.0, -34.0], [0.3, 0.7]),
    ([-1.0, 39.0, 0.5], [0.3, 0.7, -1.1]),
    ([-300.0, 0.0, -310.0, -40.0], [2.0, 0.7, -1.1, 0.6]),
]


def _exact(logits, values, baseline=0.0):
    """Probabilities, the gradient, and the covariance of the score function's estimate."""
    with mp.workdps(700):
        e = [mp.exp(mp.mpf(l)) for l in logits]
        p = [x / sum(e) for x in e]
        f = [mp.mpf(v) for v in values]
        mean = sum(a * b for a, b in zip(p, f))
        gradient = [a * (b - mean) for a, b in zip(p, f)]
        K = range(len(p))
        draws = [[(f[k] - mp.mpf(baseline)) * ((j == k) - p[j]) for j in K] for k in K]
        covariance = [
            [sum(p[k] * (draws[k][i] - gradient[i]) * (draws[k][j] - gradient[j]) for k in K)
             for j in K] for i in K
        ]  # fmt: skip
        return p, np.array(gradient, dtype=float), np.array(covariance, dtype=float)


@pytest.mark.parametrize(("logits", "values"), CASES)
def test_exact_means_and_covariances(logits, values):
    _, gradient, _ = _exact(logits, values)
    np.testing.assert_allclose(d.expectation_gradient(logits, values), gradient, rtol=1e-13)
    np.testing.assert_allclose(
        g.leave_one_out_moments(logits, values, 3).mean, gradient, rtol=1e-13
    )
    for baseline in (0.0, 5.0, values[int(np.argmax(logits))]):
        _, _, covariance = _exact(logits, values, baseline)
        got = g.score_function_moments(logits, values, baseline=baseline)
        np.testing.assert_allclose(got.mean, gradient, rtol=1e-13)
        if np.diag(covariance).min() > 1e-200:
            np.testing.assert_allclose(got.covariance, covariance, rtol=1e-11)


@pytest.mark.parametrize(("logits", "values"), CASES)
def test_scores_of_the_likely_class(logits, values):
    p, _, _ = _exact(logits, values)
    b = int(np.argmax(logits))
    rest = float(sum(x for k, x in enumerate(p) if k != b))
    gumbels = np.zeros((2, len(logits)))
    got = g.score_function_gradient(logits, lambda y: 1 + 0 * y[..., 0], gumbels)
    assert got[0, b] == pytest.approx(rest, rel=1e-13)
    assert (g.leave_one_out_gradient(logits, lambda y: 0.1 + y[..., 0], gumbels) == 0).all()


def test_straight_through_over_two_classes():
    def square(b):
        return b[..., 0] ** 2

    square.gradient = lambda b: np.stack([2 * b[..., 0], 0 * b[..., 0]], -1)
    for gap in (34.0, 40.0, 200.0):
        mean = g.straight_through_moments([0.0, -gap], square).mean
        np.testing.assert_allclose(mean, 2 * np.exp(-gap) * np.array([1, -1]), rtol=1e-12)


@pytest.mark.parametrize("gap", [36.0, 40.0, 300.0])
def test_the_bounds_gradient(gap):
    log_joint = np.log([0.3, 0.7])
    want = np.exp(-gap) * (np.log(0.7 / 0.3) + gap) * np.array([-1, 1])
    np.testing.assert_allclose(d.elbo_gradient(log_joint, [0.0, -gap]), want, rtol=1e-12)


def test_relaxed_bits_pulled_back_from_log_odds():
    z = np.array([-700.0, -40.0, 40.0, 700.0, 0.3])
    want = [np.exp(-700.0), np.exp(-40.0), np.exp(-40.0), np.exp(-700.0), 0.25 / np.cosh(0.15) ** 2]
    got = d.binary_concrete_pullback(z, 0.5, np.full(5, 3.0), log_odds=True)
    np.testing.assert_allclose(got, 6 * np.array(want), rtol=1e-13)
    assert (
        d.binary_concrete_pullback([np.inf, -np.inf], 1.0, [1.0, 1.0], log_odds=True) == 0
    ).all()


def test_two_laws_of_huge_logits_have_a_divergence():
    huge, plain = [1e308, -1e308, 0.0], [0.0, 0.0, 0.0]
    assert d.concrete_kl(huge, huge, 0.3, 0.3, rng=0) == 0
    assert d.concrete_kl(huge, plain, 0.3, 0.3, rng=0) == np.inf
    assert d.concrete_kl(plain, huge, 0.3, 0.3, rng=0) == np.inf
    assert d.concrete_kl([0.0, -np.inf], [-np.inf, 0.0], 1.0, 1.0, rng=0) == np.inf
    assert d.concrete_kl(plain, plain, 1.0, 1.0, [1e308, -1e308, 0.0]) == 0
    assert np.isfinite(d.binary_concrete_log_density([0.5, 0.3], 0.0, 5e307)).all()


def test_differences_past_the_largest_number_are_no_nan():
    apart = [1e308, -1e308, 1e308]
    y, gradient = [0.5, 0.25, 0.25], np.array([0.25, -0.375, 0.125]) * 1e308
    np.testing.assert_allclose(d.gumbel_softmax_pullback(y, 1.0, apart), gradient, rtol=1e-14)
    logits = np.log(y)
    np.testing.assert_allclose(d.expectation_gradient(logits, apart), gradient, rtol=1e-14)
    np.testing.assert_allclose(d.elbo_gradient(apart, logits), gradient, rtol=1e-14)
    with pytest.raises(ValueError, match="log_y must be logarithms of shares, at most 0"):
        d.temperature_pullback([1e308, -1.0], 0.5, [1.0, 1.0])
