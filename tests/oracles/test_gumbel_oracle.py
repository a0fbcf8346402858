"""Oracles of Gumbel draws and relaxed rows beside mpmath and SciPy."""

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

from refscore.oracles import gumbel

RNG = np.random.default_rng(0)
LOGITS, TAU = RNG.normal(size=(3, 3)), 0.7
Y = np.array([[0.3, 0.45, 0.25], [0.9, 0.06, 0.04], [0.2, 0.2, 0.6]])


def by_hand(y, logits, tau):
    """Maddison, Mnih and Teh's density in 30 digits."""
    with mpmath.workdps(30):
        weights = [mpmath.exp(float(l)) for l in logits]
        powers = [w * mpmath.mpf(float(v)) ** -tau for w, v in zip(weights, y)]
        jacobian = mpmath.fprod(float(v) for v in y)
        k = len(y)
        density = mpmath.factorial(k - 1) * mpmath.mpf(tau) ** (k - 1)
        return float(mpmath.log(density * mpmath.fprod(powers) / jacobian / sum(powers) ** k))


@pytest.mark.parametrize("tau", [0.05, 0.7, 3.0])
def test_the_density_by_its_formula(tau):
    want = [by_hand(y, logits, tau) for y, logits in zip(Y, LOGITS)]
    np.testing.assert_allclose(gumbel.log_density(Y, LOGITS, tau), want, rtol=1e-13)
    np.testing.assert_allclose(gumbel.ratio_log_density(np.log(Y), LOGITS, tau),
                               want + np.log(Y).sum(1), rtol=1e-12)  # fmt: skip


def test_its_gradient_by_a_difference_of_formulas():
    h, want = 1e-5, np.empty((3, 3))
    for i, k in np.ndindex(3, 3):
        up, down = (by_hand(Y[i], LOGITS[i] + s * h * np.eye(3)[k], TAU) for s in (1, -1))
        want[i, k] = (up - down) / (2 * h)
    np.testing.assert_allclose(gumbel.log_density_gradient(Y, LOGITS, TAU), want, atol=1e-8)


def test_the_mean_of_relaxed_rows_by_nested_quadrature():
    found = gumbel.mean(np.log([0.2, 0.5, 0.3]), 0.7)
    np.testing.assert_allclose(found, [0.2236, 0.4657, 0.3107], atol=5e-5)
    assert found.sum() == pytest.approx(1, abs=1e-6)
    logit = 0.6

    def integrand(g):
        return stats.logistic.pdf(g) / (1 + np.exp(-(logit + g) / 0.7))

    want = integrate.quad(integrand, -40, 40, epsabs=1e-11)[0]
    assert gumbel.mean(np.array([logit, 0.0]), 0.7)[0] == pytest.approx(want, abs=1e-6)


def test_the_log_ratio_of_relaxed_laws_by_the_densities_formula():
    g = RNG.gumbel(size=(3, 3))
    z = (LOGITS + g) / TAU
    y = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    want = [by_hand(*row, TAU) - by_hand(row[0], other, 1.4)
            for row, other in zip(zip(y, LOGITS), LOGITS[::-1])]  # fmt: skip
    found = gumbel.log_ratio(LOGITS, LOGITS[::-1], TAU, 1.4, g)
    np.testing.assert_allclose(np.asarray(found, dtype=float), want, rtol=1e-12)


@pytest.mark.parametrize("apart", [0.3, -4.0])
def test_the_divergence_of_two_logistic_laws_by_quadrature(apart):
    p, q = stats.logistic(apart).logpdf, stats.logistic.logpdf
    want = integrate.quad(lambda x: np.exp(p(x)) * (p(x) - q(x)), -45, 45, limit=200)[0]
    found = gumbel.divergence([apart, 1.0], [0.5, 1.5])
    assert found == pytest.approx(want, rel=1e-9)


def test_log_odds_of_bits_are_logistic():
    law, z = stats.logistic(LOGITS[0] / TAU, 1 / TAU), np.array([-2.0, 0.1, 3.0])
    np.testing.assert_allclose(gumbel.bit_log_odds_density(z, LOGITS[0], TAU), law.logpdf(z))
    np.testing.assert_allclose(gumbel.bit_log_odds_below(z, LOGITS[0], TAU), law.cdf(z))
    u = np.array([0.02, 0.5, 0.97])
    np.testing.assert_allclose(gumbel.bit_log_odds(LOGITS[0], TAU, u), law.ppf(u))


def test_the_largest_is_gumbel():
    values = np.array([0.3, 2.0, 4.0])
    there = stats.gumbel_r(np.log(np.exp(LOGITS).sum(1)))
    np.testing.assert_allclose(gumbel.largest_log_density(LOGITS, values), there.logpdf(values))
    numbers = gumbel.numbers([0.1, 0.9])
    np.testing.assert_allclose(numbers, stats.gumbel_r.ppf([0.1, 0.9]), rtol=1e-13)


def test_truncated_numbers_have_the_probability_of_the_free_ones():
    g = RNG.normal(size=(3, 3))
    x = gumbel.truncated(LOGITS, [1, 0, 2], g)
    for row, logits, free, best in zip(x, LOGITS, g, (1, 0, 2)):
        for k in set(range(3)) - {best}:
            law = stats.gumbel_r(logits[k])
            want = stats.gumbel_r.cdf(free[k])
            assert law.cdf(row[k]) / law.cdf(row[best]) == pytest.approx(want)


def test_rows_bits_and_their_derivatives():
    g, c, h = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3)), 1e-6
    y = gumbel.relaxed(LOGITS, TAU, g)
    want = np.exp((LOGITS + g) / TAU)
    np.testing.assert_allclose(y, want / want.sum(1, keepdims=True), rtol=1e-14)
    slope = (gumbel.relaxed(LOGITS, TAU + h, g) - gumbel.relaxed(LOGITS, TAU - h, g)) / (2 * h)
    found = gumbel.temperature_gradient(LOGITS, TAU, c, g)
    np.testing.assert_allclose(found, (c * slope).sum(1), atol=1e-8)
    up, down = (gumbel.relaxed(LOGITS + s * h * np.eye(3)[1], TAU, g) for s in (1, -1))
    slope = (up - down) / (2 * h)
    found = gumbel.relaxed_gradient(LOGITS, TAU, c, g)[:, 1]
    np.testing.assert_allclose(found, (c * slope).sum(1), atol=1e-8)
    u, logit = np.array([0.2, 0.7]), np.array([0.5, -1.0])
    bits = gumbel.bit(logit, TAU, u)
    np.testing.assert_allclose(bits, 1 / (1 + np.exp(-(logit + np.log(u / (1 - u))) / TAU)))
    two = gumbel.log_density(np.stack([bits, 1 - bits], 1), np.stack([logit, 0 * logit], 1), TAU)
    np.testing.assert_allclose(gumbel.bit_log_density(bits, logit, TAU), two, rtol=1e-10)


def test_orders_and_their_probabilities():
    assert gumbel.places([[1.0, 2.0, 2.0]], [[0.5, 0.5, 0.5]], 3).tolist() == [[1, 2, 0]]
    p = gumbel.probabilities(LOGITS[:1])[0]
    found = gumbel.ordered_log_probability(LOGITS[:1], [[2, 0]])
    assert np.exp(found[0]) == pytest.approx(p[2] * p[0] / (1 - p[2]))
