"""Langevin laws against step-by-step propagation in mpmath; W2 against its trace formula."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from refscore.oracles import langevin, scores

from .cases import law, spd

TARGET = law("gaussian", mean=np.array([1.0, -2.0, 0.5]), covariance=spd(3, 0, 20.0))
M0, C0 = np.array([5.0, 0.0, -3.0]), spd(3, 7, 50.0)


def propagated(target, eta, k, m0, c0):
    with mp.workdps(50):
        m, s = mp.matrix(target.mean.tolist()), mp.matrix(target.covariance.tolist())
        a = mp.eye(3) - mp.mpf(eta) / 2 * mp.inverse(s)
        mean, cov = mp.matrix(m0.tolist()), mp.matrix(c0.tolist())
        for _ in range(k):
            mean, cov = m + a * (mean - m), a * cov * a.T + mp.mpf(eta) * mp.eye(3)
        return [np.array(v.tolist(), dtype=float) for v in (mean, cov)]


@pytest.mark.parametrize("eta", [1e-6, 0.01, 0.1, 0.5])  # the last diverges: 4 * 0.05 < 0.5
@pytest.mark.parametrize("k", [0, 1, 7, 100])
def test_law_after_k_steps(eta, k):
    got = langevin.law_after(TARGET, eta, k, M0, C0)
    mean, covariance = propagated(TARGET, eta, k, M0, C0)
    np.testing.assert_allclose(got.mean, mean.ravel(), rtol=1e-12, atol=1e-13 * np.abs(mean).max())
    scale = np.abs(covariance).max()
    np.testing.assert_allclose(got.covariance, covariance, rtol=1e-12, atol=1e-13 * scale)


def test_special_step_sizes():
    """eta = 2 l (r = 0) and eta = 4 l (r = -1)."""
    line = law("gaussian", mean=[0.0], covariance=[[1.0]])
    for eta, k, variance in ((2.0, 3, 2.0), (4.0, 3, 12.5), (2.0, 0, 0.5)):
        assert langevin.law_after(line, eta, k, [0.0], [[0.5]]).covariance[0, 0] == variance


def test_stationary_law_is_fixed_and_reached():
    eta = 0.1
    fixed = langevin.stationary(TARGET, eta)
    s = TARGET.covariance
    np.testing.assert_allclose(
        fixed.covariance, s @ np.linalg.inv(np.eye(3) - eta / 4 * np.linalg.inv(s)), rtol=1e-12
    )
    after = propagated(TARGET, eta, 1, TARGET.mean, fixed.covariance)[1]
    np.testing.assert_allclose(after, fixed.covariance, rtol=1e-12, atol=1e-14)
    late = langevin.law_after(TARGET, eta, 10**4, M0, C0)
    np.testing.assert_allclose(late.covariance, fixed.covariance, rtol=1e-12, atol=1e-14)
    with pytest.raises(ValueError):
        langevin.stationary(TARGET, 0.2001)


def test_one_step_from_the_target():
    eta = 0.1
    exact = propagated(TARGET, eta, 1, TARGET.mean, TARGET.covariance)[1]
    np.testing.assert_allclose(langevin.one_step_covariance(TARGET, eta), exact, rtol=1e-12)
    assert langevin.one_step_covariance(law("gaussian", mean=[0.0], covariance=[[1.0]]), 0.3)[
        0, 0
    ] == pytest.approx(1 + 0.09 / 4, rel=1e-15)


def test_step_and_spellings():
    rng = np.random.default_rng(0)
    x, z, eta = rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), 0.2
    names = langevin.spellings(eta)
    s = -(x - TARGET.mean) @ np.linalg.inv(TARGET.covariance)
    expected = langevin.step(TARGET, x, eta, z)
    eps, h = names["eps"], names["h"]
    np.testing.assert_allclose(expected, x + eps**2 / 2 * s + eps * z, rtol=1e-12)
    np.testing.assert_allclose(expected, x + h * s + np.sqrt(2 * h) * z, rtol=1e-12)


def test_wasserstein_against_the_trace_formula():
    p, q = TARGET, law("gaussian", mean=M0, covariance=C0)
    with mp.workdps(40):
        a, b = (mp.matrix(v.covariance.tolist()) for v in (p, q))
        root = mp.sqrtm(a)
        trace = a + b - 2 * mp.sqrtm(root * b * root)
        exact = mp.sqrt(float(np.sum((p.mean - M0) ** 2)) + mp.fsum(trace[i, i] for i in range(3)))
    assert langevin.wasserstein_gaussian(p, q) == pytest.approx(float(exact.real), rel=1e-13)
    assert langevin.wasserstein_gaussian(q, p) == pytest.approx(float(exact.real), rel=1e-13)
    assert langevin.wasserstein_gaussian(p, p) < 1e-15


def test_tiny_distances_and_bias():
    near = langevin.stationary(TARGET, 1e-8)
    bias = langevin.stationary_bias(TARGET, 1e-8)
    assert langevin.wasserstein_gaussian(TARGET, near) == pytest.approx(bias, rel=1e-6)
    values = np.linalg.eigvalsh(TARGET.covariance)
    assert bias == pytest.approx(np.sqrt(np.sum((1e-8 / (8 * np.sqrt(values))) ** 2)), rel=1e-6)
    far = np.sqrt(4 * values**2 / (4 * values - 0.1)) - np.sqrt(values)
    assert langevin.stationary_bias(TARGET, 0.1) == pytest.approx(np.linalg.norm(far), rel=1e-12)


def test_only_gaussian_targets():
    with pytest.raises(ValueError):
        langevin.stationary(law("laplace", location=[0.0], scale=[1.0]), 0.1)
    assert scores.mean(TARGET).shape == (3,)
