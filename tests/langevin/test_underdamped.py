"""Splittings against their letters written out, and their exact laws on a Gaussian."""

import by_hand
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore import langevin, laws
from refscore.distributions import Gaussian, GaussianMixture

MIXTURE = GaussianMixture(by_hand.WEIGHTS, by_hand.MEANS, by_hand.COVARIANCES)
SCHEMES = ("BAOAB", "ABOBA", "OBABO", "OABAO")


def one_array(step, dim):
    """The step with its noise side by side, as `laws.affine_map_of` hands it."""
    if len(step.parts) == 1:
        return step
    return lambda x, z: step(x, (z[..., :dim], z[..., dim:]))


def map_of(scheme, score, dim, h, gamma):
    step = langevin.underdamped(score, h, gamma, scheme)
    return laws.affine_map_of(one_array(step, dim), 2 * dim, noise_dim=dim * len(step.parts))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.01, 0.8), st.floats(1e-3, 5))
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_letters_in_their_order(scheme, seed, h, gamma):
    x, v, z, y = np.random.default_rng(seed).normal(size=(4, 3, 2))
    step = langevin.underdamped(MIXTURE.score, h, gamma, scheme)
    noise = (z, y) if scheme[0] == "O" else (z,)
    found = step(np.concatenate([x, v], -1), noise if len(noise) == 2 else z)
    for i in range(3):
        by = getattr(by_hand, scheme.lower())
        expected = np.concatenate(by(x[i], v[i], *(part[i] for part in noise), h, gamma))
        np.testing.assert_allclose(found[i], expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("h", [0.3, 1.0, 1.9])
@pytest.mark.parametrize("gamma", [0.1, 1.0, 7.0])
def test_variances_on_a_standard_normal_do_not_depend_on_the_friction(h, gamma):
    shadow = 1 - h**2 / 4
    expected = {
        "BAOAB": (1.0, shadow), "ABOBA": (1.0, 1 / shadow), "OBABO": (1 / shadow, 1.0),
        "OABAO": (shadow, 1.0),
    }  # fmt: skip
    for scheme, variances in expected.items():
        law = laws.stationary_law(map_of(scheme, Gaussian([0.0], 1.0).score, 1, h, gamma))
        np.testing.assert_allclose(law.covariance, np.diag(variances), rtol=1e-8, atol=1e-8)


def test_on_a_correlated_gaussian_the_eigenvalues_see_their_own_step():
    """Var x of OBABO along an eigenvector of S: λ/(1 − h²/(4λ)); the mean is kept."""
    mean, S, h = np.array([1.0, -2.0]), np.array([[2.0, 0.6], [0.6, 0.5]]), 0.8
    law = laws.stationary_law(map_of("OBABO", Gaussian(mean, S).score, 2, h, 0.7))
    expected = S @ np.linalg.inv(np.eye(2) - h**2 / 4 * np.linalg.inv(S))
    np.testing.assert_allclose(law.covariance[:2, :2], expected, rtol=1e-8)
    np.testing.assert_allclose(law.covariance[2:, 2:], np.eye(2), atol=1e-8)
    np.testing.assert_allclose(law.mean, [*mean, 0, 0], atol=1e-9)
    baoab = laws.stationary_law(map_of("BAOAB", Gaussian(mean, S).score, 2, h, 0.7))
    np.testing.assert_allclose(baoab.covariance[:2, :2], S, rtol=1e-8)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_friction_it_is_leapfrog_and_runs_back(scheme):
    x, v, z = np.random.default_rng(1).normal(size=(3, 5, 2))
    step = langevin.underdamped(MIXTURE.score, 0.4, 0.0, scheme)
    noise = z if len(step.parts) == 1 else (z, z)
    there = step(np.concatenate([x, v], -1), noise)
    back = step(np.concatenate([there[:, :2], -there[:, 2:]], -1), noise)
    np.testing.assert_allclose(back, np.concatenate([x, -v], -1), atol=1e-12)
    if scheme in ("BAOAB", "OBABO"):
        expected = np.concatenate(langevin.leapfrog(MIXTURE.score, x, v, 0.4), -1)
        np.testing.assert_allclose(there, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_run_asks_for_one_score_a_step(scheme):
    calls = []

    def score(x):
        calls.append(x.shape)
        return -x

    step = langevin.underdamped(score, 0.3, 1.0, scheme)
    result = langevin.run(step, np.zeros((7, 4)), 20, rng=np.random.default_rng(0))
    assert len(calls) <= 21
    assert set(calls) == {(7, 2)}
    assert result.x.shape == (7, 4)
    x, rng = np.zeros((7, 4)), np.random.default_rng(0)
    for _ in range(20):
        noise = tuple(rng.standard_normal((7, 2)) for _ in step.parts)
        x = step(x, noise if len(noise) > 1 else noise[0])
    np.testing.assert_array_equal(result.x, x)


def test_friction_is_exact_for_every_step_size():
    """Free motion: v after a step is e^{−γh} v + noise of variance 1 − e^{−2γh}."""
    for h, gamma in ((0.1, 2.0), (50.0, 3.0), (1e-12, 1.0)):
        A = map_of("BAOAB", lambda x: 0 * x, 1, h, gamma)
        assert A.matrix[1, 1] == pytest.approx(np.exp(-gamma * h))
        assert A.noise_matrix[1, 0] ** 2 == pytest.approx(-np.expm1(-2 * gamma * h), rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"friction": -0.1}, "friction must be at least 0"),
        ({"friction": np.nan}, "friction"),
        ({"step_size": 0.0}, "step_size"),
        ({"scheme": "BABO"}, "scheme must be one of BAOAB"),
        ({"scheme": None}, "scheme must be one of BAOAB"),
    ],
)
def test_bad_arguments_are_named(arguments, words):
    good = {"score": MIXTURE.score, "step_size": 0.1, "friction": 1.0}
    with pytest.raises(ValueError, match=words):
        langevin.underdamped(**(good | arguments))


def test_a_state_has_an_even_number_of_coordinates():
    step = langevin.underdamped(MIXTURE.score, 0.1, 1.0)
    with pytest.raises(ValueError, match=r"shape \(..., 2d\)"):
        step(np.zeros((4, 3)), np.zeros((4, 1)))
    with pytest.raises(ValueError, match=r"noise must have the shape \(4, 2\)"):
        step(np.zeros((4, 4)), np.zeros((4, 4)))
