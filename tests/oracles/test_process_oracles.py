"""Transitions, bridges, tables and step moments a second way."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from refscore.oracles import diffusion, processes

KINDS = {
    "vp": SimpleNamespace(kind="vp", beta_min=0.1, beta_max=20.0),
    "sub_vp": SimpleNamespace(kind="sub_vp", beta_min=0.3, beta_max=4.0),
    "ve": SimpleNamespace(kind="ve", sigma_min=0.1, sigma_max=20.0),
    "edm": SimpleNamespace(kind="edm", sigma_max=80.0),
    "straight": SimpleNamespace(kind="straight"),
    "cosine": SimpleNamespace(kind="cosine", offset=0.008, final_time=1.0),
}
each = pytest.mark.parametrize("process", KINDS.values(), ids=KINDS)


@each
def test_rates_and_marginals_obey_the_moment_equations(process):
    """Marginals by the ODE of their own rates, from near the data on."""
    alpha, sigma = diffusion.marginal(process, 0.05)
    found = diffusion.moments_by_ode(
        lambda u: diffusion.rates(process, u), 0.05, 0.8, alpha, sigma**2
    )
    want = diffusion.marginal(process, 0.8)
    np.testing.assert_allclose((found[0], np.sqrt(found[1])), want, rtol=1e-10)


@each
def test_transitions_by_the_moment_equations(process):
    a, b = processes.transition(process, 0.2, 0.7)
    found = diffusion.moments_by_ode(lambda u: diffusion.rates(process, u), 0.2, 0.7, 1.0, 0.0)
    np.testing.assert_allclose((a, b), (found[0], np.sqrt(found[1])), rtol=1e-9)
    short = processes.transition(process, 0.4, 0.4 + 1e-9)[1]
    assert short**2 == pytest.approx(diffusion.rates(process, 0.4)[1] * 1e-9, rel=1e-6, abs=0)


@each
def test_velocities_are_differences_of_the_marginal(process):
    h = 1e-4
    ends = [np.array(diffusion.marginal(process, 0.4 + k * h)) for k in (-2, -1, 1, 2)]
    slope = (8 * (ends[2] - ends[1]) - (ends[3] - ends[0])) / (12 * h)
    np.testing.assert_allclose(processes.marginal_rates(process, 0.4), slope, rtol=1e-9, atol=1e-11)
    assert processes.log_snr(process, 0.4) == pytest.approx(
        np.log(np.divide(*diffusion.marginal(process, 0.4))), rel=1e-12
    )


def test_bridge_by_conditioning_three_values():
    s, t, e = 0.4, 0.9, 1.3
    full = processes.wiener_covariance(np.array([s, e, t]))
    weights = np.linalg.solve(full[:2, :2], full[:2, 2])
    left, right, variance = processes.bridge(t, s, e)
    np.testing.assert_allclose(weights, [left, right], rtol=1e-13)
    assert full[2, 2] - full[2, :2] @ weights == pytest.approx(variance, rel=1e-12)


@pytest.mark.parametrize("name", ["linear", "scaled_linear", "sigmoid", "cosine"])
def test_tables_as_published(name):
    n, u = 1000, np.linspace(0, 1, 1000)
    angle = (np.arange(n + 1) / n + 0.008) / 1.008 * np.pi / 2
    bars = np.cos(angle) ** 2 / np.cos(angle[0]) ** 2
    want = {
        "linear": np.linspace(1e-4, 0.02, n),
        "scaled_linear": np.linspace(0.00085**0.5, 0.012**0.5, n) ** 2,
        "sigmoid": (0.02 - 1e-4) / (1 + np.exp(-12 * (u - 0.5))) + 1e-4,
        "cosine": np.minimum(1 - bars[1:] / bars[:-1], 0.999),
    }[name]
    betas = processes.betas(name, n)
    np.testing.assert_allclose(betas.astype(float), want, rtol=1e-9)
    np.testing.assert_allclose(
        processes.alpha_bars(betas).astype(float), np.exp(np.cumsum(np.log1p(-want))), rtol=1e-9
    )


@pytest.mark.parametrize("milstein", [False, True])
def test_step_moments_by_quadrature(milstein):
    mu, vol, h = 0.5, 0.8, 0.13
    z, w = np.polynomial.hermite_e.hermegauss(60)
    w = w / w.sum()
    dw = np.sqrt(h) * z
    R = 1 + mu * h + vol * dw + milstein * vol**2 * (dw**2 - h) / 2
    Q = np.exp((mu - vol**2 / 2) * h + vol * dw)
    found = processes.geometric_step_moments(mu, vol, h, milstein)
    np.testing.assert_allclose(found, (w @ R, w @ R**2, w @ (R * Q)), rtol=1e-13)
    np.testing.assert_allclose(processes.geometric_moments(mu, vol, h), (w @ Q, w @ Q**2))


def test_path_error_by_the_covariance_of_a_fine_path():
    decay, vol, x0, times = 0.8, 0.5, 1.2, np.array([0.0, 0.3, 0.5, 1.0])
    c = np.array([0.4, 0.45, 0.5])
    u = (np.arange(100_000) + 0.5) / 100_000
    held = c[np.searchsorted(times, u) - 1]
    fine = np.mean((held - vol * np.exp(-decay * (1 - u))) ** 2)
    found = processes.linear_path_error(c, 0.6, decay, vol, times, x0)
    assert found == pytest.approx(fine + (0.6 - np.exp(-decay)) ** 2 * x0**2, rel=1e-8)


def test_grids_and_ladders():
    assert processes.integer_grid(10, 4, "linspace").tolist() == [9, 6, 3, 0]
    assert processes.integer_grid(10, 4, "leading").tolist() == [6, 4, 2, 0]
    assert processes.integer_grid(10, 4, "trailing").tolist() == [9, 7, 4, 1]  # 7.5 - 1, even
    np.testing.assert_allclose(processes.ladder_increments([5.0, 4.0, 3.0]), [3, np.sqrt(7), 3])
    np.testing.assert_allclose(processes.karras(3, 1.0, 9.0, 2.0), [9, 4, 1])
    for kind, limit, end in ("edm", 80.0, 80.0), ("vp", 1.0, np.sqrt(-np.expm1(-10.05))):
        assert diffusion.prior_std(KINDS[kind]) == pytest.approx(limit, rel=1e-12)
        assert diffusion.prior_std(KINDS[kind], "noise at the end") == pytest.approx(end, rel=1e-12)
