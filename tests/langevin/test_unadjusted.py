"""The unadjusted step: three spellings of one map, rowwise, nothing written to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refscore.distributions import GaussianMixture
from refscore.langevin import gradient_ascent, preconditioned, spellings, ula

MIXTURE = GaussianMixture(
    np.array([0.3, 0.7]),
    np.array([[-2.0, 0.5], [1.0, -1.0]]),
    np.array([[[1.0, 0.4], [0.4, 0.5]], [[0.6, -0.2], [-0.2, 1.5]]]),
)


@given(st.floats(1e-6, 10), st.integers(0, 2**31))
def test_three_spellings_are_one_map(eta, seed):
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, 5, 2))
    s = MIXTURE.score(x)
    eps, h = spellings.epsilon_from_step_size(eta), spellings.h_from_step_size(eta)
    expected = x + 0.5 * eta * s + np.sqrt(eta) * z
    for size, by_hand in (
        (spellings.step_size_from_epsilon(eps), x + 0.5 * eps**2 * s + eps * z),
        (spellings.step_size_from_h(h), x + h * s + np.sqrt(2 * h) * z),
    ):
        assert size == pytest.approx(eta, rel=1e-15, abs=0)
        found = ula(MIXTURE.score, size)(x, z)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(found, by_hand, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("lead", [(), (4,), (2, 3), (0,)])
def test_rowwise_and_untouched(lead):
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(2, *lead, 2))
    x.flags.writeable = z.flags.writeable = False
    step = ula(MIXTURE.score, 0.3)
    found = step(x, z)
    assert found.shape == x.shape
    for i in np.ndindex(lead):
        np.testing.assert_allclose(found[i], step(x[i], z[i]), rtol=1e-13)


def test_a_score_that_returns_its_argument_is_safe():
    x, z = np.ones((3, 1)), np.zeros((3, 1))
    np.testing.assert_array_equal(ula(lambda y: y, 2.0)(x, z), 2 * np.ones((3, 1)))
    np.testing.assert_array_equal(x, 1.0)


def test_single_precision_is_taken_to_double():
    step = ula(lambda x: -x, 0.25)
    assert step(np.ones((2, 1), np.float32), np.ones((2, 1), int)).dtype == np.float64


def test_bad_input_is_named():
    step = ula(lambda x: x[..., :1], 0.1)
    with pytest.raises(ValueError, match="noise must have the shape of x"):
        step(np.ones((3, 2)), np.ones(2))
    with pytest.raises(ValueError, match=r"score\(x\) must have the shape of x"):
        step(np.ones((3, 2)), np.ones((3, 2)))
    for size in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="step_size"):
            ula(MIXTURE.score, size)


def test_a_score_that_writes_to_its_argument_does_not_reach_the_chain():
    def score(x):
        x *= -1
        return x

    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(ula(score, 0.2)(x, np.zeros(2)), 0.9 * x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_overflow_is_infinite_without_a_warning():
    assert ula(lambda x: x, 10.0)([1e308], [1e308]) == np.inf


def test_preconditioned_is_langevin_in_other_coordinates():
    """With G = L Lᵀ, y = L⁻¹ x moves by the plain step on the law of y."""
    rng = np.random.default_rng(1)
    x, z = rng.normal(size=(2, 5, 2))
    G = np.array([[0.7, 0.3], [0.3, 1.4]])
    L = np.linalg.cholesky(G)
    found = preconditioned(MIXTURE.score, 0.3, G)(x, z)
    y = np.linalg.solve(L, x.T).T
    plain = ula(lambda y: MIXTURE.score(y @ L.T) @ L, 0.3)(y, z)
    np.testing.assert_allclose(found, plain @ L.T, rtol=1e-12)
    i = 3
    by_hand = x[i] + 0.15 * G @ MIXTURE.score(x[i]) + np.sqrt(0.3) * L @ z[i]
    np.testing.assert_allclose(found[i], by_hand, rtol=1e-13)


def test_a_preconditioner_must_fit():
    for bad in ([[1.0, 2.0], [2.0, 1.0]], [[1.0, 0.1], [0.0, 1.0]], np.eye(2)[:1]):
        with pytest.raises(ValueError, match="preconditioner must be"):
            preconditioned(MIXTURE.score, 0.3, bad)
    with pytest.raises(ValueError, match=r"x must have shape \(\.\.\., 3\)"):
        preconditioned(lambda x: -x, 0.3, np.eye(3))(np.zeros(2), np.zeros(2))


def test_gradient_ascent_is_the_step_without_noise():
    x = np.random.default_rng(2).normal(size=(5, 2))
    step = gradient_ascent(MIXTURE.score, 0.3)
    np.testing.assert_array_equal(step(x), ula(MIXTURE.score, 0.3)(x, np.zeros_like(x)))
    assert step.parts == ()
