"""Estimators on random variables and functions: unbiased by enumeration, moved and permuted alike.

A draw is forced to a class, or to a cell of the uniform numbers on which the estimate is affine, so
that means and covariances are finite sums.
"""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from refscore.discrete import gradients as g
from refscore.strategies.draws import normals

few = settings(max_examples=15, deadline=None)


class Quadratic:
    """v·y + c·y²/2: any values at the classes, and a slope that depends on y."""

    def __init__(self, v, c):
        self.v, self.c = v, c

    def __call__(self, y):
        return y @ self.v + 0.5 * y**2 @ self.c

    def gradient(self, y):
        return self.v + self.c * y


@st.composite
def variables(draw, least=1):
    """Logits (K,), some -inf and some far apart, their probabilities, a function and another."""
    k = draw(st.integers(least, 6))
    logits = draw(st.sampled_from((0.5, 2.0, 30.0))) * draw(normals(k))
    possible = draw(st.lists(st.booleans(), min_size=k, max_size=k).filter(any))
    logits = np.where(possible, logits, -np.inf)
    weights = np.exp(logits - logits.max())
    f, other = (Quadratic(*draw(normals(2, k))) for _ in range(2))
    return logits, weights / weights.sum(), f, other


def forcing(logits):
    """Gumbel numbers (K, K) whose k-th row draws class k."""
    return 1e3 * np.eye(len(logits)) - np.where(np.isfinite(logits), logits, 0.0)


def possible_rows(logits, weights):
    rows = np.isfinite(logits)
    return forcing(logits)[rows], weights[rows]


def moments(weights, estimates):
    mean = weights @ estimates
    return mean, (weights[:, None] * (estimates - mean)).T @ (estimates - mean)


def close(found, wanted, name=""):
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11, err_msg=name)


@few
@given(variables(), st.floats(-3, 3))
def test_score_functions_are_unbiased_and_have_their_moments(variable, baseline):
    logits, weights, f, other = variable
    gumbels, weights = possible_rows(logits, weights)
    exact = g.expectation_gradient(logits, f)
    estimates = g.score_function_gradient(logits, f, gumbels, baseline=baseline)
    mean, covariance = moments(weights, estimates)
    close(mean, exact)
    found = g.score_function_moments(logits, f, baseline=baseline)
    close(found.mean, exact)
    close(found.covariance, covariance)
    close(weights @ g.control_variate_gradient(logits, f, other, gumbels), exact)
    best = g.best_baseline(logits, f)  # a parabola in β, its bottom at the best
    least = np.trace(g.score_function_moments(logits, f, baseline=best).covariance)
    score = g.score_function_gradient(logits, lambda b: 1 + 0 * b[..., 0], gumbels)
    close(np.trace(covariance) - least, (baseline - best) ** 2 * (weights @ score**2).sum())


@few
@given(variables())
def test_leaving_one_of_two_out_is_unbiased_and_has_its_moments(variable):
    logits, weights, f, _ = variable
    gumbels, weights = possible_rows(logits, weights)
    i, j = np.indices((len(weights),) * 2).reshape(2, -1)
    pairs, each = np.stack([gumbels[i], gumbels[j]]), weights[i] * weights[j]
    rows = np.broadcast_to(logits, pairs.shape[1:])
    mean, covariance = moments(each, g.leave_one_out_gradient(rows, f, pairs).mean(0))
    close(mean, g.expectation_gradient(logits, f))
    found = g.leave_one_out_moments(logits, f, 2)
    close(found.mean, mean)
    close(found.covariance, covariance)


@few
@given(variables())
def test_straight_through_has_its_moments_and_no_bias_for_affine_functions(variable):
    logits, weights, f, _ = variable
    gumbels, weights = possible_rows(logits, weights)
    mean, covariance = moments(weights, g.straight_through_gradient(logits, f, gumbels))
    found = g.straight_through_moments(logits, f)
    close(found.mean, mean)
    close(found.covariance, covariance)
    line = Quadratic(f.v, 0 * f.v)
    mean = weights @ g.straight_through_gradient(logits, line, gumbels)
    close(mean, g.expectation_gradient(logits, line))


ESTIMATES = {
    "score function": lambda l, f, gumbels, u: g.score_function_gradient(l, f, gumbels),
    "leave one out": lambda l, f, gumbels, u: g.leave_one_out_gradient(l, f, gumbels),
    "control variate": lambda l, f, gumbels, u: g.control_variate_gradient(l, f, f, gumbels),
    "straight-through": lambda l, f, gumbels, u: g.straight_through_gradient(l, f, gumbels),
    "relaxed": lambda l, f, gumbels, u: g.relaxed_gradient(l, f, 0.7, gumbels),
    "both": lambda l, f, gumbels, u: g.straight_through_relaxed_gradient(l, f, 0.7, gumbels),
    "rebar": lambda l, f, gumbels, u: g.rebar_gradient(l, f, 0.7, 0.9, gumbels, u),
    "exact": lambda l, f, gumbels, u: g.expectation_gradient(l, f),
}


@few
@given(variables(), st.integers(0, 2**32 - 1))
def test_logits_may_be_moved_and_classes_renamed(variable, seed):
    logits, _, f, _ = variable
    rng, k = np.random.default_rng(seed), len(logits)
    gumbels, u, order = rng.gumbel(size=(4, k)), rng.random((4, k)), rng.permutation(k)
    renamed = Quadratic(f.v[order], f.c[order])
    for name, estimate in ESTIMATES.items():
        found = estimate(logits, f, gumbels, u)
        close(found.sum(-1), 0.0, name)  # one logit is one too many
        assert (found[..., np.isneginf(logits)] == 0).all(), name
        close(estimate(logits + 5.0, f, gumbels, u), found, name)
        close(estimate(logits[order], renamed, gumbels[:, order], u[:, order]), found[..., order])


@st.composite
def bits(draw):
    """Log odds (d,), some infinite, and a function with any value at each vector of bits."""
    d = draw(st.integers(1, 3))
    logits = draw(st.sampled_from((0.5, 2.0, 5.0))) * draw(normals(d))
    logits[draw(st.integers(0, d - 1))] += draw(st.sampled_from((0.0, 0.0, np.inf, -np.inf)))
    table = draw(normals(2**d))
    return logits, lambda b: table[(b @ 2 ** np.arange(d)).astype(int)]


def cells(logits):
    """Middles of the cells of the uniform numbers in which bits and their mirrors are constant,
    how likely they are, and how wide."""
    q, taken = expit(-np.abs(logits)), np.arange(len(logits))
    middles, widths = np.array([q / 2, 0.5 + 0 * q, 1 - q / 2]), np.array([q, 1 - 2 * q, q])
    places = np.array(list(itertools.product(range(3), repeat=len(q))))
    widths = widths[places, taken]
    inside = (widths > 0).all(1)
    return middles[places, taken][inside], widths.prod(1)[inside], widths[inside]


@few
@given(bits(), st.floats(-3, 3))
def test_estimates_over_bits_are_unbiased_and_have_their_moments(variable, baseline):
    logits, f = variable
    u, weights, widths = cells(logits)
    drawn = (u > expit(-logits)).astype(float)
    close(g.bernoulli_expectation(logits, f), weights @ f(drawn))
    exact = (weights * f(drawn)) @ (drawn - expit(logits))
    close(g.bernoulli_expectation_gradient(logits, f), exact)
    plain = g.bernoulli_score_function_gradient(logits, f, u, baseline=baseline)
    close(weights @ plain, exact)
    mean, covariance = moments(weights, g.disarm_gradient(logits, f, u))
    close(mean, exact)
    close(g.disarm_moments(logits, f).covariance, covariance)
    merged = g.arm_gradient(logits, f, u)
    mean, covariance = moments(weights, merged)
    close(mean, exact)
    rise = 4 * (
        g.arm_gradient(logits, f, u + widths / 4) - merged
    )  # over a cell, in its own number
    close(g.arm_moments(logits, f).covariance, covariance + np.diag(weights @ rise**2 / 12))


@few
@given(variables(least=2), st.integers(0, 2**32 - 1))
def test_a_bit_is_a_pair_of_classes(variable, seed):
    _, _, f, other = variable
    logit, u = other.v[:1], np.random.default_rng(seed).random((5, 1))
    gumbels = np.column_stack([np.zeros(5), np.log(u) - np.log1p(-u)])

    def pair(y):
        return np.concatenate([1 - y, y], -1)

    def of_bit(y):
        return f_of_pair(pair(y))

    f_of_pair = Quadratic(f.v[:2], f.c[:2])
    of_bit.gradient = lambda y: f_of_pair.gradient(pair(y)) @ [[-1.0], [1.0]]
    two = np.append(0.0, logit)
    for bit, classes, more in (
        (g.bernoulli_score_function_gradient, g.score_function_gradient, ()),
        (g.bernoulli_straight_through_gradient, g.straight_through_gradient, ()),
        (g.bernoulli_relaxed_gradient, g.relaxed_gradient, (0.6,)),
    ):
        close(bit(logit, of_bit, *more, u), classes(two, f_of_pair, *more, gumbels)[:, 1:])
    close(
        g.bernoulli_expectation_gradient(logit, of_bit), g.expectation_gradient(two, f_of_pair)[1:]
    )
