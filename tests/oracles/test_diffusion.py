"""Forward marginals two ways, and the probability flow by integrating it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from refscore.oracles import diffusion, scores, traces

from .cases import MIXTURE, law, spd

VP = SimpleNamespace(kind="vp", beta_min=0.1, beta_max=20.0)
SUB_VP = SimpleNamespace(kind="sub_vp", beta_min=0.1, beta_max=20.0)
VE = SimpleNamespace(kind="ve", sigma_min=0.01, sigma_max=50.0)
LOOSE_VE = SimpleNamespace(kind="ve", sigma_min=0.01, sigma_max=50.0, exact=False)
PROCESSES = [VP, SUB_VP, VE, LOOSE_VE]
DATA = law("gaussian", mean=np.array([0.5, -1.0, 2.0]), covariance=spd(3, 0))
X = np.random.default_rng(0).normal(size=(3, 3))


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize("t", [1e-5, 0.3, 1.0])
def test_marginal_against_the_moment_equations_and_closed_forms(process, t):
    alpha, sigma = diffusion.marginal(process, t)
    np.testing.assert_allclose((alpha, sigma), diffusion.marginal_by_ode(process, t), rtol=1e-9)
    area = 0.1 * t + 19.9 * t**2 / 2
    closed = {
        "vp": (np.exp(-area / 2), np.sqrt(-np.expm1(-area))),
        "sub_vp": (np.exp(-area / 2), -np.expm1(-area)),
    }
    grown = 0.01 * 5000.0**t
    closed["ve"] = (1.0, grown if process is LOOSE_VE else np.sqrt(grown**2 - 0.01**2))
    np.testing.assert_allclose((alpha, sigma), closed[process.kind], rtol=1e-12)


def test_marginals_at_zero():
    assert diffusion.marginal(VP, 0.0) == (1.0, 0.0) == diffusion.marginal(VE, 0.0)
    assert diffusion.marginal(LOOSE_VE, 0.0) == (1.0, 0.01)


def test_rates_are_those_of_the_marginals():
    """f = alpha'/alpha, g^2 = (sigma^2)' - 2 f sigma^2 by Richardson differences."""
    for process in PROCESSES:
        t, h = 0.4, 1e-3

        def moments(u, process=process):
            alpha, sigma = diffusion.marginal(process, u)
            return np.array([np.log(alpha), sigma**2])

        coarse = (moments(t + h) - moments(t - h)) / (2 * h)
        fine = (moments(t + h / 2) - moments(t - h / 2)) / h
        slope = (4 * fine - coarse) / 3
        f, g2 = diffusion.rates(process, t)
        assert f == pytest.approx(slope[0], rel=1e-8)
        assert g2 == pytest.approx(slope[1] - 2 * f * moments(t)[1], rel=1e-7)


@pytest.mark.parametrize("process", [VP, SUB_VP, VE])
def test_flow_map_is_the_flow_of_the_velocity(process):
    s, t = 0.05, 0.9

    def slope(u, y):
        x, _ = y[:9].reshape(3, 3), y[9:]
        velocity = diffusion.flow_velocity(DATA, process, x, u)
        return np.concatenate([velocity.ravel(), diffusion.flow_divergence(DATA, process, x, u)])

    start = np.concatenate([X.ravel(), np.zeros(3)])
    end = solve_ivp(slope, (s, t), start, method="DOP853", rtol=1e-9, atol=1e-10).y[:, -1]
    np.testing.assert_allclose(
        diffusion.flow_map(DATA, process, X, s, t).ravel(), end[:9], rtol=1e-7
    )
    np.testing.assert_allclose(diffusion.flow_log_det(DATA, process, s, t), end[9:], rtol=1e-7)


@pytest.mark.parametrize("process", [VP, VE])
def test_flow_carries_the_marginals(process):
    there = diffusion.flow_map(DATA, process, X, 0.0, 1.0)
    back = diffusion.flow_map(DATA, process, there, 1.0, 0.0)
    np.testing.assert_allclose(back, X, rtol=1e-9)
    # F11: log p_0 = log p_T(x_T) + log det
    end = scores.log_density(diffusion.law_at(DATA, process, 1.0), there)
    total = end + diffusion.flow_log_det(DATA, process, 0.0, 1.0)
    np.testing.assert_allclose(total, diffusion.log_likelihood(DATA, process, X), rtol=1e-10)


def test_likelihood_with_a_standard_prior():
    got = diffusion.log_likelihood_with_prior(DATA, VP, X, 1.0)
    shift = got - diffusion.log_likelihood(DATA, VP, X)
    end = diffusion.flow_map(DATA, VP, X, 0.0, 1.0)
    p_end = diffusion.law_at(DATA, VP, 1.0)
    prior = law("gaussian", mean=np.zeros(3), covariance=np.eye(3))
    expected = scores.log_density(prior, end) - scores.log_density(p_end, end)
    np.testing.assert_allclose(shift, expected, atol=1e-12)
    assert np.abs(shift).max() > 1e-4


def test_divergence_matrix_integrates_the_jacobian():
    """int (f I + 1/2 g^2 S_u^-1) du by Simpson's rule on a fine grid."""
    grid = np.linspace(0.1, 0.9, 401)
    terms = []
    for u in grid:
        f, g2 = diffusion.rates(VP, u)
        s = diffusion.law_at(DATA, VP, u).covariance
        terms.append(f * np.eye(3) + g2 / 2 * np.linalg.inv(s))
    weights = np.ones(401)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    exact = np.einsum("t,tij->ij", weights, np.array(terms)) * 0.002 / 3
    got = diffusion.divergence_matrix(DATA, VP, 0.1, 0.9)
    np.testing.assert_allclose(got, exact, atol=1e-8)
    assert np.trace(got) == pytest.approx(diffusion.flow_log_det(DATA, VP, 0.1, 0.9), rel=1e-12)
    assert traces.variance(got, "gaussian") > 0


def test_flow_of_a_mixture_satisfies_the_continuity_equation():
    """d/dt log p_t + v.grad log p_t + div v = 0, time derivative by Richardson."""
    t, h = 0.2, 1e-3

    def log_p(u):
        return scores.log_density(diffusion.law_at(MIXTURE, VP, u), X)

    coarse = (log_p(t + h) - log_p(t - h)) / (2 * h)
    fine = (log_p(t + h / 2) - log_p(t - h / 2)) / h
    slope = (4 * fine - coarse) / 3
    v = diffusion.flow_velocity(MIXTURE, VP, X, t)
    s = scores.score(diffusion.law_at(MIXTURE, VP, t), X)
    div = diffusion.flow_divergence(MIXTURE, VP, X, t)
    np.testing.assert_allclose(slope + np.sum(v * s, -1) + div, 0, atol=1e-7)
