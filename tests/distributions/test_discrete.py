"""Binary pairwise models against plain enumeration; the categorical against its definition."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore.distributions import BoltzmannBinary, Categorical

SEEDS, LEVEL = st.integers(0, 2**31), 1e-9


def couplings(rng, dim, scale=1.0):
    weights = scale * rng.standard_normal((dim, dim))
    weights = weights + weights.T
    np.fill_diagonal(weights, 0)
    return weights, scale * rng.standard_normal(dim)


def enumerated(weights, biases):
    """All states in counting order and their probabilities, one state at a time."""
    dim = len(biases)
    states = list(itertools.product([0, 1], repeat=dim))
    logs = []
    for x in states:
        pairs = sum(weights[i, j] * x[i] * x[j] for i in range(dim) for j in range(i))
        logs.append(pairs + sum(biases[i] * x[i] for i in range(dim)))
    logs = np.array(logs)
    p = np.exp(logs - logs.max())
    return np.array(states, dtype=float), p / p.sum()


@given(SEEDS, st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_everything_is_the_enumeration(seed, dim):
    weights, biases = couplings(np.random.default_rng(seed), dim)
    law = BoltzmannBinary(weights, biases)
    states, p = enumerated(weights, biases)
    np.testing.assert_allclose(np.exp(law.log_density(states)), p, rtol=1e-11)
    np.testing.assert_array_equal(law.states()[0], states)
    np.testing.assert_allclose(law.states()[1], p, rtol=1e-11)
    mean = p @ states
    np.testing.assert_allclose(law.mean, mean, rtol=1e-11)
    off = states - mean
    np.testing.assert_allclose(law.covariance, (off.T * p) @ off, rtol=1e-9, atol=1e-13)
    for i in range(dim):
        on, out = states.copy(), states.copy()
        on[:, i], out[:, i] = 1, 0
        odds = law.log_density(on) - law.log_density(out)
        np.testing.assert_allclose(law.conditional_log_odds(states)[:, i], odds, atol=1e-11)


def test_draws_have_the_states_frequencies():
    weights, biases = couplings(np.random.default_rng(3), 4)
    law = BoltzmannBinary(weights, biases)
    draws = law.sample(20000, rng=None)
    assert draws.shape == (20000, 4)
    counts = np.bincount((draws @ [8, 4, 2, 1]).astype(int), minlength=16)
    gap = np.abs(np.cumsum(counts / 20000) - np.cumsum(enumerated(weights, biases)[1])).max()
    assert gap <= math.sqrt(math.log(2 / LEVEL) / 40000)
    np.testing.assert_array_equal(law.sample(9, rng=1), law.sample(9, rng=1))
    assert law.sample(0, rng=1).shape == (0, 4)


def test_twenty_bits_exactly_and_more_unnormalised():
    biases = np.linspace(-3, 3, 20)
    law = BoltzmannBinary(np.zeros((20, 20)), biases)
    np.testing.assert_allclose(law.mean, 1 / (1 + np.exp(-biases)), rtol=1e-12)
    x = np.ones(20)
    np.testing.assert_allclose(law.log_density(x), -np.log1p(np.exp(-biases)).sum(), rtol=1e-12)
    big = BoltzmannBinary(np.ones((30, 30)) - np.eye(30), np.zeros(30))
    assert not big.normalised
    assert big.log_density(np.ones(30)) == 30 * 29 / 2
    np.testing.assert_array_equal(big.conditional_log_odds(np.ones((2, 30))), 29)
    for ask in (lambda: big.mean, lambda: big.covariance, lambda: big.sample(1, rng=0), big.states):
        with pytest.raises(ValueError, match="dim"):
            ask()


def test_huge_couplings_do_not_overflow():
    weights, biases = couplings(np.random.default_rng(0), 5, scale=1e5)
    law = BoltzmannBinary(weights, biases)
    states, p = enumerated(weights, biases)
    np.testing.assert_allclose(np.exp(law.log_density(states)), p, atol=1e-9)
    assert np.isfinite(law.mean).all()


def test_leading_shapes_and_layouts():
    law = BoltzmannBinary(*couplings(np.random.default_rng(1), 3))
    states = law.states()[0][:6]
    whole, odds = law.log_density(states), law.conditional_log_odds(states)
    for i, row in enumerate(states):
        np.testing.assert_allclose(law.log_density(row), whole[i], rtol=1e-13)
        np.testing.assert_allclose(law.conditional_log_odds(row), odds[i], rtol=1e-13)
    np.testing.assert_allclose(law.log_density(states.reshape(2, 3, 3)), whole.reshape(2, 3))
    frozen = np.asfortranarray(states.astype(np.float32))
    frozen.flags.writeable = False
    for other in (states.astype(int), states.astype(bool), frozen):
        np.testing.assert_allclose(law.log_density(other), whole, rtol=1e-13)
        assert law.conditional_log_odds(other).dtype == np.float64


def test_binary_errors():
    law = BoltzmannBinary(*couplings(np.random.default_rng(1), 3))
    for f in (law.log_density, law.conditional_log_odds):
        for bad in ([0.5, 0, 1], [0, 1, 2], [0, 1], [np.nan, 0, 1], 1.0):
            with pytest.raises(ValueError, match="^x must"):
                f(bad)
    with pytest.raises(AttributeError, match="no score"):
        law.score  # noqa: B018
    with pytest.raises(ValueError, match="diagonal"):
        BoltzmannBinary(np.eye(2), [0, 0])
    with pytest.raises(ValueError, match="symmetric"):
        BoltzmannBinary([[0.0, 1.0], [2.0, 0.0]], [0, 0])
    with pytest.raises(ValueError, match="biases"):
        BoltzmannBinary(np.zeros((2, 2)), [0, 0, 0])
    with pytest.raises(NotImplementedError, match="not closed"):
        law.diffuse(0.5, 1.0)


LOGITS = st.lists(st.one_of(st.floats(-700, 700), st.just(-np.inf)), min_size=1, max_size=6)


@given(LOGITS.filter(lambda l: max(l) > -np.inf))
@settings(max_examples=60, deadline=None)
def test_categorical_is_the_softmax(logits):
    law, top = Categorical(logits), max(logits)
    weights = [math.exp(l - top) for l in logits]
    p = np.array(weights) / math.fsum(weights)
    np.testing.assert_allclose(law.mean, p, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(
        np.exp(law.log_density(np.arange(len(p)))), p, rtol=1e-11, atol=1e-300
    )
    np.testing.assert_allclose(law.covariance, np.diag(p) - np.outer(p, p), rtol=1e-9, atol=1e-12)
    draws = law.sample(50, rng=None)
    assert (law.probabilities[draws] > 0).all()


def test_categorical_of_huge_and_shifted_logits():
    x = np.array([[0, 1], [2, 1]])
    law, moved = Categorical([1.0, 2.0, 4.0]), Categorical([1e8 + 1, 1e8 + 2, 1e8 + 4])
    np.testing.assert_allclose(law.log_density(x), moved.log_density(x), rtol=1e-13)
    assert law.log_density(x).shape == (2, 2)
    assert law.log_density(2) == law.log_density([2])[0]
    np.testing.assert_allclose(Categorical([0, -1e300]).log_density([0, 1]), [0, -1e300])
    np.testing.assert_array_equal(Categorical([0, -np.inf]).log_density([0, 1]), [0, -np.inf])


def test_categorical_draws():
    law = Categorical([-np.inf, 0.3, -np.inf, 1.0, -0.5, -np.inf])
    draws = law.sample(20000, rng=None)
    assert draws.dtype.kind == "i"
    frequency = np.bincount(draws, minlength=6) / 20000
    gap = np.abs(np.cumsum(frequency) - np.cumsum(law.probabilities)).max()
    assert gap <= math.sqrt(math.log(2 / LEVEL) / 40000)
    np.testing.assert_array_equal(frequency[[0, 2, 5]], 0)


@pytest.mark.parametrize("k", [1, 2, 7, 100, 3000])
@pytest.mark.parametrize("n", [1, 40, 3000, 70_000])
def test_categorical_draws_given_the_uniform_numbers(k, n):
    class Given(np.random.Generator):
        def random(self, size=None, dtype=np.float64, out=None):
            out[...], self.left = self.left[: len(out)], self.left[len(out) :]
            return out

    rng = np.random.default_rng()
    p = rng.exponential(size=k) ** 6 * (rng.random(k) < 0.8)
    p[k // 2] = 1.0
    u, given = rng.permutation((np.arange(n) + rng.random(n)) / n), Given(np.random.PCG64())
    u[:1] = 1 - 2.0**-53
    given.left = u
    with np.errstate(divide="ignore"):
        codes = Categorical(np.log(p)).sample(n, rng=given)
    below = np.concatenate([[0.0], np.cumsum(p / p.sum())])
    assert (below[codes] <= u + 1e-13).all()
    assert (u <= below[codes + 1] + 1e-13).all()
    assert (p[codes] > 0).all()


def test_categorical_errors():
    for bad in ([np.nan, 0], [np.inf, 0], [-np.inf, -np.inf], [], [[0.0, 1.0]], 3.0):
        with pytest.raises(ValueError, match="^logits"):
            Categorical(bad)
    law = Categorical([0.0, 1.0])
    for bad in ([2], [-1], [0.5], [np.nan]):
        with pytest.raises(ValueError, match="^x must"):
            law.log_density(bad)
    with pytest.raises(ValueError, match="^n must"):
        law.sample(-1, rng=0)
    with pytest.raises(TypeError, match="^rng must"):
        law.sample(2, rng="seed")
