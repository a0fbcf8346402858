"""Densities from an energy: any normaliser, any sign, derivatives given or from autograd."""

import math

import autograd.numpy as anp
import numpy as np
import pytest
import scipy.integrate
import scipy.stats as stats
from hypothesis import given, settings
from hypothesis import strategies as st

from refscore.distributions import Banana, Energy
from tests.distributions.common import (
    check_by_quadrature,
    check_derivatives,
    check_follows,
    check_rowwise,
    check_sample_by_quadrature,
)

SEEDS = st.integers(0, 2**31)


def double_well(x):
    return (x[:, 0] ** 2 - 1) ** 2 - 5.0


def coupled(x):
    return 0.25 * anp.sum(x**4, axis=1) + anp.cos(x[:, 0] * x[:, 1]) - 40.0


def coupled_gradient(x):
    a, b = x[:, 0], x[:, 1]
    s = anp.sin(a * b)
    return x**3 - anp.stack([b * s, a * s], axis=1)


def coupled_hessian(x):
    a, b = x[:, 0], x[:, 1]
    s, c = np.sin(a * b), np.cos(a * b)
    h = np.empty((len(x), 2, 2))
    h[:, 0, 0], h[:, 1, 1] = 3 * a**2 - b**2 * c, 3 * b**2 - a**2 * c
    h[:, 0, 1] = h[:, 1, 0] = -s - a * b * c
    return h


KINDS = {
    "energy alone": Energy(coupled, 2),
    "with gradient": Energy(coupled, 2, coupled_gradient),
    "with both": Energy(coupled, 2, coupled_gradient, coupled_hessian),
}


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_given_or_found_agree(kind):
    law, x = KINDS[kind], np.random.default_rng(0).standard_normal((6, 2))
    np.testing.assert_allclose(law.score(x), -coupled_gradient(x), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(law.score.jacobian(x), -coupled_hessian(x), rtol=1e-11, atol=1e-12)
    check_derivatives(law, x)
    check_rowwise(law, 2 * x)


@given(SEEDS, st.floats(-1e3, 1e3))
@settings(max_examples=20, deadline=None)
def test_the_score_ignores_the_normaliser(seed, constant):
    x = np.random.default_rng(seed).standard_normal((4, 2))
    moved = Energy(lambda y: coupled(y) + constant, 2)
    np.testing.assert_allclose(moved.score(x), KINDS["with both"].score(x), rtol=1e-9, atol=1e-9)
    one, two = moved.normalise(-6, 6), KINDS["energy alone"].normalise(-6, 6)
    np.testing.assert_allclose(one.log_density(x), two.log_density(x), rtol=1e-10, atol=1e-10)


def test_one_dimensional_normaliser_against_adaptive_quadrature():
    law = Energy(double_well, 1).normalise(-4, 4)
    density = lambda t, k=0: t**k * math.exp(-((t * t - 1) ** 2) + 5)  # noqa: E731
    z, second = (
        scipy.integrate.quad(density, -4, 4, args=(k,), epsabs=1e-12, epsrel=1e-12)[0]
        for k in (0, 2)
    )
    np.testing.assert_allclose(law.log_normaliser, math.log(z), rtol=1e-13)
    np.testing.assert_allclose(law.mean, 0, atol=1e-14)
    np.testing.assert_allclose(law.covariance, [[second / z]], rtol=1e-12)
    check_by_quadrature(law, [-5], [5], 32)


def test_two_dimensional_normaliser_is_the_bananas():
    banana = Banana(0.3, 1.2)
    law = Energy(lambda x: -banana.log_density(x) - 7.0, 2, lambda x: -banana.score(x))
    law = law.normalise([-10, -15], [10, 40])
    np.testing.assert_allclose(law.log_normaliser, 7.0, rtol=1e-12)
    np.testing.assert_allclose(law.mean, banana.mean, atol=1e-11)
    np.testing.assert_allclose(law.covariance, banana.covariance, rtol=1e-10, atol=1e-11)
    x, p = check_by_quadrature(law, [-10, -15], [10, 40], 24)
    check_sample_by_quadrature(law, x, p, n=3000)


def test_draws_follow_the_law():
    normal = Energy(lambda x: 0.5 * ((x[:, 0] - 3) / 0.2) ** 2 - 1e3, 1).normalise(0, 6)
    check_follows(normal.sample(20000, rng=None)[:, 0], stats.norm(3, 0.2).cdf)
    wells = Energy(double_well, 1).normalise(-4, 4)
    grid = np.linspace(-4, 4, 40001)
    density = np.exp(wells.log_density(grid[:, None]))
    cdf = np.concatenate([[0], np.cumsum(0.5 * (density[1:] + density[:-1]) * 2e-4)])
    check_follows(wells.sample(20000, rng=None)[:, 0], lambda v: np.interp(v, grid, cdf))
    np.testing.assert_array_equal(wells.sample(700, rng=5), wells.sample(700, rng=5))
    assert wells.sample(0, rng=0).shape == (0, 1)


def test_cut_conditions_on_the_box():
    law = Energy(lambda x: x[:, 0], 1).normalise(0, 2, cut=True)
    x = [[-0.1], [0.0], [1.0], [2.0], [2.1]]
    inside = -np.array([0.0, 1.0, 2.0]) - math.log(1 - math.exp(-2))
    np.testing.assert_allclose(law.log_density(x), [-np.inf, *inside, -np.inf], rtol=1e-13)
    np.testing.assert_array_equal(law.score(x)[:, 0], [np.nan, -1, -1, -1, np.nan])
    np.testing.assert_array_equal(np.isnan(law.score.jacobian(x))[:, 0, 0], [1, 0, 0, 0, 1])
    np.testing.assert_array_equal(np.isnan(law.score.divergence(x)), [1, 0, 0, 0, 1])
    np.testing.assert_array_equal(np.isnan(law.score.jvp(x, x))[:, 0], [1, 0, 0, 0, 1])
    check_follows(law.sample(20000, rng=None)[:, 0], stats.truncexpon(2).cdf)


def test_infinite_energy_is_zero_density():
    def energy(x):
        return np.where(np.abs(x[:, 0]) < 1, 0.0, np.inf)

    law = Energy(energy, 1)
    np.testing.assert_array_equal(law.log_density([[0.0], [3.0]]), [0, -np.inf])
    np.testing.assert_allclose(law.normalise(-2, 2).log_normaliser, math.log(2), rtol=1e-13)


@pytest.mark.parametrize(
    ("box", "word"),
    [
        (lambda law: law.normalise(-1, 1), "hold the mass"),
        (lambda law: law.normalise(1, -1), "high"),
        (lambda law: law.normalise(0, [1, 2, 3]), "high"),
        (lambda law: law.normalise(np.nan, 1), "low"),
        (lambda law: law.normalise(-5, 5, tolerance=0), "tolerance"),
        (lambda law: law.normalise(-5, 5, tolerance=1e-30), "did not settle"),
    ],
)
def test_boxes_that_will_not_do(box, word):
    with pytest.raises(ValueError, match=word):
        box(Energy(double_well, 1))


def test_an_unresolved_kink_is_refused_and_an_aligned_one_is_not():
    def energy(x):
        return np.abs(x[:, 0] - 0.1234)

    with pytest.raises(ValueError, match="did not settle"):
        Energy(energy, 1).normalise(-40, 50, tolerance=1e-14)
    aligned = Energy(energy, 1).normalise(0.1234 - 40, 0.1234 + 40)
    np.testing.assert_allclose(aligned.log_normaliser, math.log(2), rtol=1e-12)


def test_errors_name_the_argument():
    with pytest.raises(TypeError, match="energy"):
        Energy(None, 2)
    with pytest.raises(TypeError, match="hessian"):
        Energy(coupled, 2, None, 3)
    with pytest.raises(ValueError, match="dim"):
        Energy(coupled, 0)
    with pytest.raises(ValueError, match=r"energy must return shape \(3,\)"):
        Energy(lambda x: x, 2).log_density(np.ones((3, 2)))
    with pytest.raises(ValueError, match="gradient must return shape"):
        Energy(coupled, 2, coupled).score(np.ones((3, 2)))
    with pytest.raises(ValueError, match="NaN"):
        Energy(lambda x: x[:, 0] * np.nan, 1).log_density([1.0])
    with pytest.raises(ValueError, match="dim 1 or 2"):
        Energy(coupled, 3).normalise(-1, 1)
    law = KINDS["energy alone"]
    for bad in ([np.nan, 1.0], [1.0, 2.0, 3.0], 1.0):
        with pytest.raises(ValueError, match="^x must"):
            law.score(bad)
    with pytest.raises(NotImplementedError, match="sampler"):
        law.sample(3, rng=0)
    with pytest.raises(NotImplementedError, match="not closed"):
        law.diffuse(0.5, 1.0)


def test_the_callers_array_is_safe_from_the_energy():
    def rude(x):
        x *= 0.0
        return x[:, 0]

    x = np.ones((3, 1))
    np.testing.assert_array_equal(Energy(rude, 1).log_density(x), 0)
    np.testing.assert_array_equal(x, 1)
