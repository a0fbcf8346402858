"""Posteriors by quadrature and by the information form; diffused laws by convolution."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
from scipy import integrate

from refscore.oracles import bayes, scores

from .cases import LAWS, MIXTURE, law, points, spd

ALPHA, SIGMA = 0.8, 0.6
CLOSED = {name: LAWS[name] for name in ("gaussian", "mixture", "empirical")}
LINE = law("mixture", weights=[0.6, 0.4], means=[[2.0], [-2.0]], covariances=[[[0.25]], [[0.04]]])


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("sigma", [1e-3, 0.6, 50.0])
def test_tweedie_is_the_score_formula(name, sigma):
    """A6: mean (y + s^2 score)/a, covariance (s^2 I + s^4 grad score)/a^2 of the diffused law."""
    p, y = CLOSED[name], points(name)
    mean, covariance = bayes.tweedie(p, y, ALPHA, sigma)
    q = bayes.diffused(p, ALPHA, sigma)
    formula = (y + sigma**2 * scores.score(q, y)) / ALPHA
    spread = (sigma**2 * np.eye(3) + sigma**4 * scores.score_jacobian(q, y)) / ALPHA**2
    scale = max(1.0, sigma) ** 2
    np.testing.assert_allclose(mean, formula, rtol=1e-9, atol=1e-12 * scale)
    np.testing.assert_allclose(covariance, spread, rtol=1e-7, atol=1e-12 * scale**2)


def test_tweedie_by_quadrature():
    for y in (-2.0, -0.3, 1.1):

        def weighted(f, y=y):
            def term(x):
                noise = np.exp(-((y - ALPHA * x) ** 2) / (2 * SIGMA**2))
                return f(x) * noise * np.exp(scores.log_density(LINE, [x]))

            return integrate.quad(term, -9, 9, points=[-2, 0, 2], epsabs=1e-14, limit=300)[0]

        mass = weighted(lambda x: 1)
        mean = weighted(lambda x: x) / mass
        got, covariance = bayes.tweedie(LINE, np.array([y]), ALPHA, SIGMA)
        assert got[0] == pytest.approx(mean, abs=1e-11)
        variance = weighted(lambda x, mean=mean: (x - mean) ** 2) / mass
        assert covariance[0, 0] == pytest.approx(variance, rel=1e-10)


def test_tweedie_keeps_tiny_posteriors():
    """sigma = 1e-9: covariance sigma^2/alpha^2 I to relative sigma^2, where S - S drops it all."""
    _, covariance = bayes.tweedie(CLOSED["gaussian"], points("gaussian"), ALPHA, 1e-9)
    np.testing.assert_allclose(covariance * 1e18 * ALPHA**2, [np.eye(3)] * 4, atol=1e-12)


H = np.array([[1.0, -0.5, 0.3], [0.2, 2.0, 1.0]])
R, Y = spd(2, 9), np.array([0.7, -1.2])


@pytest.mark.parametrize("name", ["gaussian", "mixture"])
@pytest.mark.parametrize("weight", [0.3, 1.0, 4.0])
def test_posterior_is_the_normalised_tilt(name, weight):
    """log p(x|y) - log p(x) - w log N(y; Hx, R) is one constant; the law has mass one by form."""
    p, x = CLOSED[name], points(name, n=12)
    q = bayes.posterior(p, H, Y, R, weight)
    gap = Y - x @ H.T
    tilt = -weight / 2 * np.einsum("ni,ij,nj->n", gap, np.linalg.inv(R), gap)
    constants = scores.log_density(q, x) - scores.log_density(p, x) - tilt
    np.testing.assert_allclose(constants, constants[0], atol=1e-10 * np.abs(tilt).max())
    # A7's information form, component precision P + w H^T R^-1 H, in mpmath
    first = 0 if name == "mixture" else None
    prior = p.covariances[0] if name == "mixture" else p.covariance
    got = q.covariances[first] if name == "mixture" else q.covariance
    with mp.workdps(40):
        s, h, r = (mp.matrix(a.tolist()) for a in (prior, H, R))
        exact = mp.inverse(mp.inverse(s) + mp.mpf(weight) * h.T * mp.inverse(r) * h)
    np.testing.assert_allclose(got, np.array(exact.tolist(), dtype=float), rtol=1e-12)


def test_posterior_limits():
    assert bayes.posterior(MIXTURE, H, Y, R, 0.0) is MIXTURE
    sharp = bayes.posterior(CLOSED["gaussian"], np.eye(3), np.ones(3), 1e-20 * np.eye(3))
    np.testing.assert_allclose(sharp.mean, np.ones(3), atol=1e-15)
    np.testing.assert_allclose(sharp.covariance * 1e20, np.eye(3), atol=1e-12)


def test_diffused_laws_are_convolutions():
    flat = law("uniform", low=[-1.0], high=[2.0])
    for p in (LINE, flat, law("empirical", data=np.array([[0.0], [1.0]]), bandwidth=0.2)):
        for alpha in (0.8, -0.8):
            q = bayes.diffused(p, alpha, SIGMA)
            for y in (-1.3, 0.4, 2.5):

                def term(x, y=y, p=p, alpha=alpha):
                    noise = np.exp(-((y - alpha * x) ** 2) / (2 * SIGMA**2))
                    return noise * np.exp(scores.log_density(p, [x]))

                ends = (-1, 2) if p is flat else (-9, 9)
                exact = integrate.quad(term, *ends, points=[-0.5, 0, 1], epsabs=1e-14, limit=300)[0]
                exact /= SIGMA * np.sqrt(2 * np.pi)
                assert np.exp(scores.log_density(q, [y])) == pytest.approx(exact, rel=1e-10)


def test_diffusing_twice_is_diffusing_once():
    for p in (*CLOSED.values(), law("uniform", low=-np.ones(3), high=np.ones(3))):
        twice = bayes.diffused(bayes.diffused(p, 0.8, 0.6), 0.5, 0.3)
        once = bayes.diffused(p, 0.4, np.hypot(0.3, 0.3))
        x = points("gaussian")
        np.testing.assert_allclose(scores.score(twice, x), scores.score(once, x), rtol=1e-12)
    with pytest.raises(ValueError):
        bayes.diffused(LAWS["laplace"], 1.0, 1.0)
