"""Ratio matching by enumeration, at any size of the log odds, and its gradient."""

import itertools
import math

import numpy as np
import pytest

from refscore.distributions import BoltzmannBinary
from refscore.objectives import (
    BoltzmannLogOdds,
    ratio_loss,
    ratio_loss_and_gradient,
    ratio_loss_gradient,
)

RNG = np.random.default_rng(2)
UPPER = np.triu(RNG.standard_normal((4, 4)), 1)
WEIGHTS, BIASES = UPPER + UPPER.T, RNG.standard_normal(4)
LAW, MODEL = BoltzmannBinary(WEIGHTS, BIASES), BoltzmannLogOdds(WEIGHTS, BIASES)
STATES, P = LAW.states()


def neighbours(x):
    """x with one bit flipped, for every bit."""
    for i in range(len(x)):
        other = np.array(x)
        other[i] = 1 - other[i]
        yield other


def test_log_odds_are_those_of_the_law():
    want = [[LAW.log_density(x) - LAW.log_density(y) for y in neighbours(x)] for x in STATES]
    np.testing.assert_allclose(MODEL(STATES), want, atol=1e-13)


def test_loss_is_the_square_of_one_over_one_plus_the_ratio():
    want = [
        sum((1 + math.exp(LAW.log_density(x) - LAW.log_density(y))) ** -2 for y in neighbours(x))
        for x in STATES
    ]
    np.testing.assert_allclose(ratio_loss(MODEL, STATES), want, rtol=1e-13)
    np.testing.assert_allclose(
        ratio_loss(MODEL, STATES.reshape(4, 4, 4)), np.reshape(want, (4, 4)), rtol=1e-13
    )


def test_mean_loss_is_least_at_the_truth():
    best = P @ ratio_loss(MODEL, STATES)
    for _ in range(20):
        other = MODEL.with_parameters(MODEL.parameters + 0.3 * RNG.standard_normal(10))
        assert P @ ratio_loss(other, STATES) > best


def test_gradient_is_the_difference_quotient():
    x = STATES[[1, 3, 6, 6, 11]]
    got = ratio_loss_gradient(MODEL, x)
    loss, again = ratio_loss_and_gradient(MODEL, x)
    np.testing.assert_array_equal(again, got)
    np.testing.assert_allclose(loss, ratio_loss(MODEL, x).mean(), rtol=1e-13)
    step = 1e-6
    for k, unit in enumerate(np.eye(10)):
        both = [ratio_loss(MODEL.with_parameters(MODEL.parameters + c * step * unit), x).mean()
                for c in (1, -1)]  # fmt: skip
        assert got[k] == pytest.approx((both[0] - both[1]) / (2 * step), abs=1e-9)


def test_a_law_that_is_not_pairwise_serves_as_a_function():
    table = RNG.standard_normal((2, 2, 2))

    def log_odds(x):
        k = x.astype(int)
        there = [table[tuple(np.where(np.arange(3) == i, 1 - k, k).T)] for i in range(3)]
        return table[tuple(k.T)][:, None] - np.stack(there, -1)

    states = np.array(list(itertools.product([0, 1], repeat=3)))
    r = np.exp(log_odds(states))
    np.testing.assert_allclose(ratio_loss(log_odds, states), ((1 + r) ** -2.0).sum(1), rtol=1e-13)
    with pytest.raises(TypeError, match=r"log_odds\.pullback must be a function"):
        ratio_loss_gradient(log_odds, states)


@pytest.mark.parametrize("u", [1e4, 1e300, 800.0, 350.0, 40.0, 1e-300])
def test_any_log_odds_are_answered_to_full_accuracy(u):
    one = np.ones((1, 1))
    assert ratio_loss(lambda x: -u * x, one)[0] == pytest.approx(1 / (1 + math.exp(-u)) ** 2)
    small = math.exp(-2 * u) / (1 + math.exp(-u)) ** 2
    assert ratio_loss(lambda x: u * x, one)[0] == pytest.approx(small, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: ratio_loss(MODEL, [[0, 1, 0.5, 1]]),
            "only 0 and 1, got 0.5 in row 0, coordinate 2",
        ),
        (lambda: ratio_loss(MODEL, [[0, 1, -1, 1]]), "x must hold only 0 and 1"),
        (lambda: ratio_loss(MODEL, [[0, 1, 1]]), r"x must have shape \(..., 4\)"),
        (lambda: ratio_loss(lambda x: x[:, :1], STATES), r"log_odds\(x\) must have the shape of x"),
        (lambda: ratio_loss(lambda x: np.nan * x, STATES), r"log_odds\(x\) must be finite"),
        (lambda: ratio_loss_gradient(MODEL, STATES[:0]), "at least one point"),
        (lambda: MODEL.with_parameters([1.0]), "theta must have the shape of parameters"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()
