"""Ancestral and implicit steps: tables, limits, and what is refused."""

from types import SimpleNamespace

import numpy as np
import pytest

from refscore import diffusion, distributions, laws, processes

VP = processes.VP()
LAW = distributions.GaussianMixture([0.4, 0.6], [[1.0, 0.2], [-1.5, 0.6]], [0.3, 0.8])
X = np.array([[0.3, -1.2], [2.0, 0.4], [-0.7, 0.9]])
Z = np.array([[1.0, -0.3], [0.2, 2.0], [-1.4, 0.1]])


def test_full_eta_is_the_ancestral_step_with_small_variance():
    got = diffusion.ddim(VP, LAW, 1.0)(X, 0.6, 0.45, Z)
    assert np.allclose(got, diffusion.ancestral(VP, LAW)(X, 0.6, 0.45, Z), rtol=1e-13)


@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
def test_data_at_one_point_stay_exactly_in_law(eta):
    """With one point the posterior of X_s is exact, so no step errs, however long it is."""
    point = distributions.Gaussian([0.7, -0.2], 1e-18 * np.eye(2))
    alpha, sigma = VP.marginal(0.9)
    step = diffusion.ddim(VP, point, eta)
    got = laws.sampler_law(step, alpha * point.mean, sigma**2 * np.eye(2), [0.9, 0.4, 0.3, 0.05])
    a, b = VP.marginal(0.05)
    assert np.allclose(got.mean, a * point.mean, rtol=1e-9)
    assert np.allclose(got.covariance, b**2 * np.eye(2), rtol=1e-9)


def test_a_table_by_its_index_is_a_process():
    betas = np.linspace(1e-3, 0.3, 40)
    kept = np.concatenate([[1.0], np.cumprod(1 - betas)])

    class Table(SimpleNamespace):
        final_time = 40

        def marginal(self, t):
            return np.sqrt(kept[int(t)]), np.sqrt(1 - kept[int(t)])

        drift = diffusion = None

    step = diffusion.ancestral(Table(), LAW, "large")
    t = 23
    score = LAW.diffuse(np.sqrt(kept[t]), np.sqrt(1 - kept[t])).score(X)
    right = (X + betas[t - 1] * score) / np.sqrt(1 - betas[t - 1]) + np.sqrt(betas[t - 1]) * Z
    assert np.allclose(step(X, t, t - 1, Z), right, rtol=1e-12)


@pytest.mark.parametrize("make", [diffusion.ancestral, diffusion.ddim])
def test_close_times_lose_no_digits(make):
    """(x' - x)/h stays right where alphas of neighbouring times agree to nine digits."""
    step, t, h = make(VP, LAW), 0.5, 1e-9
    noise = np.zeros_like(X) if step.noises else None
    beta = 0.1 + 19.9 * t
    pull = 1.0 if make is diffusion.ancestral else 0.5
    velocity = beta * (0.5 * X + pull * diffusion.diffused(VP, LAW, t).score(X))
    moved = step.plan(t, t - h)
    ends = moved(X, noise) - X
    assert np.allclose(ends / (t - (t - h)), velocity, rtol=1e-5, atol=1e-6)


def test_the_step_to_time_zero_adds_no_noise():
    for step in (
        diffusion.ancestral(VP, LAW), diffusion.ancestral(VP, LAW, "large"),
        diffusion.ddim(VP, LAW, 0.7),
    ):  # fmt: skip
        got = step(X, 0.02, 0.0, Z)
        assert np.allclose(got, step.denoised(X, 0.02), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: diffusion.ancestral(VP, LAW, "medium"), "variance must be one of small, large"),
        (lambda: diffusion.ddim(VP, LAW, -0.1), "eta must be at least 0"),
        (lambda: diffusion.ddim(VP, LAW, 2.0)(X, 0.9, 0.1, Z), "eta must be at most 1.0"),
        (lambda: diffusion.ddim(_Empty(), LAW)(X, 1.0, 0.5), "alpha above 0"),
        (lambda: diffusion.ddim(_Rising(), LAW)(X, 1.0, 0.5), "sigma/alpha must fall"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()


class _Empty:
    final_time, drift, diffusion = 1.0, None, None

    def marginal(self, t):
        return 1.0 - t, t


class _Rising(_Empty):
    def marginal(self, t):
        return 1.0, 2.0 - t
