"""The oracles of discrete gradients against differences, quadrature of mpmath, and each other."""

from types import SimpleNamespace

import mpmath
import numpy as np
import pytest

from refscore.oracles import discrete_gradient_moments as moments
from refscore.oracles import discrete_gradients as oracle

QUADRATIC = SimpleNamespace(
    kind="quadratic", matrix=np.array([[1.0, 0.4, -2], [0.3, 0, 1], [0.5, -1, 2]]),
    linear=np.array([0.2, -1, 0.6]), constant=0.3,
)  # fmt: skip
EXPONENTIAL = SimpleNamespace(
    kind="exponential_sum", directions=np.array([[0.8, -0.3, 0.5], [-0.4, 1.1, 0.2]]),
    amplitudes=np.array([0.7, -0.9]),
)  # fmt: skip
SQUARED = SimpleNamespace(
    kind="quadratic", matrix=np.diag([0.0, 2.0]), linear=np.array([0.0, -0.9]), constant=0.2025
)
LOGITS, PAIR = np.array([0.4, 1.3, -0.6]), np.log([0.8, 0.2])


def _difference(function, at, step=1e-5):
    each = step * np.eye(len(at))
    return np.array([(function(at + e) - function(at - e)) / (2 * step) for e in each])


@pytest.mark.parametrize("f", [QUADRATIC, EXPONENTIAL])
def test_slopes_and_exact_gradients_are_derivatives(f):
    y = np.array([0.2, 0.5, 0.3])
    np.testing.assert_allclose(
        oracle.slope(f, y), _difference(lambda a: oracle.value(f, a), y), rtol=1e-8
    )

    def expectation(logits):
        p = np.exp(logits) / np.exp(logits).sum()
        return sum(p[k] * oracle.value(f, np.eye(3)[k]) for k in range(3))

    np.testing.assert_allclose(
        oracle.expectation_gradient(LOGITS, f), _difference(expectation, LOGITS), rtol=1e-8
    )

    def over_bits(logits):
        p = 1 / (1 + np.exp(-logits))
        all_bits = np.indices((2, 2, 2)).reshape(3, -1).T
        return sum(
            np.where(b == 1, p, 1 - p).prod() * oracle.value(f, 1.0 * b) for b in all_bits
        )  # fmt: skip

    np.testing.assert_allclose(
        oracle.bernoulli_expectation_gradient(LOGITS, f), _difference(over_bits, LOGITS), rtol=1e-8
    )


def test_numbers_of_the_usual_example():
    assert oracle.expectation_gradient(PAIR, SQUARED)[1] == pytest.approx(0.016)
    assert moments.score_function_moments(PAIR, SQUARED, 0.0)[1][1] == pytest.approx(0.012769)
    assert moments.best_baseline(PAIR, SQUARED) == pytest.approx(0.8 * 0.3025 + 0.2 * 0.2025)
    assert moments.straight_through_mean(PAIR, SQUARED)[1] == pytest.approx(-0.08)
    for tau, mean in ((1.0, -0.0231), (0.5, -0.0188), (0.1, 0.0066)):
        assert moments.relaxed_moments(PAIR, SQUARED, tau)[0][1] == pytest.approx(mean, abs=5e-5)
    for tau in (0.174637, 6.550783):
        assert abs(moments.relaxed_moments(PAIR, SQUARED, tau)[0][1]) < 1e-7


def test_relaxed_moments_against_mpmath():
    tau, apart = mpmath.mpf("0.7"), mpmath.log(mpmath.mpf("0.25"))

    def term(u, power):
        y = 1 / (1 + mpmath.exp(-(apart + mpmath.log(u / (1 - u))) / tau))
        return (y * (1 - y) * 2 * (y - mpmath.mpf("0.45")) / tau) ** power

    first, second = (
        mpmath.quad(lambda u, p=p: term(u, p), [0, 0.2, 0.5, 0.8, 0.95, 1]) for p in (1, 2)
    )
    mean, variance = moments.relaxed_moments(PAIR, SQUARED, 0.7)
    assert mean[1] == pytest.approx(float(first), rel=1e-9)
    assert variance[1] == pytest.approx(float(second - first**2), rel=1e-9)


def test_straight_through_relaxed_mean_against_mpmath():
    tau, apart = mpmath.mpf("0.7"), mpmath.log(mpmath.mpf("0.25"))

    def term(u):
        y = 1 / (1 + mpmath.exp(-(apart + mpmath.log(u / (1 - u))) / tau))
        return y * (1 - y) * 2 * ((1 if y > 0.5 else 0) - mpmath.mpf("0.45")) / tau

    mean = mpmath.quad(term, [0, 0.3, 0.6, 0.8, 0.95, 1])  # the winner changes at u = .8
    got = moments.straight_through_relaxed_mean(PAIR, SQUARED, 0.7)[1]
    assert got == pytest.approx(float(mean), rel=1e-9)


@pytest.mark.parametrize("f", [QUADRATIC, EXPONENTIAL])
def test_estimates_have_the_exact_gradient_as_their_mean(f):
    exact = oracle.expectation_gradient(LOGITS, f)
    np.testing.assert_allclose(moments.score_function_moments(LOGITS, f, 0.4)[0], exact)
    np.testing.assert_allclose(moments.leave_one_out_moments(LOGITS, f, 3)[0], exact)
    exact = oracle.bernoulli_expectation_gradient(LOGITS, f)
    for estimate in (oracle.arm, oracle.disarm):
        np.testing.assert_allclose(moments.antithetic_moments(LOGITS, f, estimate)[0], exact)


def test_relax_and_rebar_centre_on_the_exact_gradient():
    rng = np.random.default_rng()
    gumbels, uniforms = rng.gumbel(size=(800, 3)), rng.random((800, 3))

    def surrogate(z):
        return 0.3 * z @ QUADRATIC.linear

    exact = oracle.expectation_gradient(LOGITS, EXPONENTIAL)
    for estimate in (
        lambda g, u: oracle.rebar(LOGITS, EXPONENTIAL, 0.6, 0.9, g, u),
        lambda g, u: oracle.relax(LOGITS, EXPONENTIAL, surrogate, g, u),
    ):
        drawn = np.array([estimate(g[None], u[None]) for g, u in zip(gumbels, uniforms)])
        error = drawn.std(0, ddof=1) / np.sqrt(len(drawn))
        assert (np.abs(drawn.mean(0) - exact) < 6 * error).all()
