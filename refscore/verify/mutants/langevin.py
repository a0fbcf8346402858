"""Mistakes in the unadjusted Langevin step and its laws."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake


def _step(score, x, eta, noise, *, drift=0.5, spread=None):
    spread = np.sqrt(eta) if spread is None else spread
    return x + drift * eta * score(x) + spread * noise


@mistake("langevin_noise_sd_is_step", port="langevin_step", source="M01: edward #722")
def _(score, x, step_size, noise):
    """The noise has standard deviation η: the square root is missing."""
    return _step(score, x, step_size, noise, spread=step_size)


@mistake("langevin_drift_not_halved", port="langevin_step", source="conventions 5")
def _(score, x, step_size, noise):
    """The drift is η s, the noise √η z: temperature one half."""
    return _step(score, x, step_size, noise, drift=1.0)


@mistake("langevin_noise_doubled", port="langevin_step", source="M25: ½h drift with √(2h) noise")
def _(score, x, step_size, noise):
    """The noise is √(2η) beside a halved drift: temperature two."""
    return _step(score, x, step_size, noise, spread=np.sqrt(2 * step_size))


@mistake("langevin_drift_sign", port="langevin_step", source="O01, R24")
def _(score, x, step_size, noise):
    """The drift follows the energy's gradient uphill."""
    return _step(score, x, step_size, noise, drift=-0.5)


@mistake("langevin_without_noise", port="langevin_step", source="seeds 000, 001: gradient ascent")
def _(score, x, step_size, noise):
    """No noise is added."""
    return _step(score, x, step_size, noise, spread=0.0)


@mistake("langevin_shared_noise", port="langevin_step", source="O26")
def _(score, x, step_size, noise):
    """All chains share the first chain's noise."""
    return _step(score, x, step_size, np.broadcast_to(noise[:1], noise.shape))


@mistake("langevin_noise_repeated", port="langevin_step", source="N09: half a batch drawn twice")
def _(score, x, step_size, noise=None, *, rng=None):
    """The noise repeats within the batch: rows a period apart have the same."""
    if noise is None:
        first = np.random.default_rng(rng).standard_normal(((len(x) + 1) // 2, x.shape[1]))
        noise = np.concatenate([first, first])[: len(x)]
    return _step(score, x, step_size, noise)


@mistake("langevin_noise_clipped", port="langevin_step", source="classic: a truncated normal")
def _(score, x, step_size, noise):
    """The noise is clipped at three standard deviations."""
    return _step(score, x, step_size, np.clip(noise, -3, 3))


@mistake("langevin_noise_mirrored", port="langevin_step", source="classic: antithetic rows")
def _(score, x, step_size, noise=None, *, rng=None):
    """The second half of a batch has the first half's noise, in reverse order."""
    if noise is None:
        first = np.random.default_rng(rng).standard_normal(((len(x) + 1) // 2, x.shape[1]))
        noise = np.concatenate([first, first[::-1]])[: len(x)]
    return _step(score, x, step_size, noise)


@mistake(
    "langevin_spelling_h", port="langevin_step", source="M-family, FP17: ncsn against its paper"
)
def _(score, x, step_size, noise):
    """The step is spelled h: twice the step size."""
    return _step(score, x, 2 * step_size, noise)


@mistake("langevin_noise_before_drift", port="langevin_step", source="classic")
def _(score, x, step_size, noise):
    """The score is evaluated at the noised point."""
    moved = x + np.sqrt(step_size) * noise
    return moved + 0.5 * step_size * score(moved)


@mistake(
    "langevin_seed_fixed", port="langevin_step", source="N20: a generator made anew in every step"
)
def _(score, x, step_size, noise=None, *, rng=None):
    """The generator is made anew, with the same seed, in every call."""
    if noise is None:
        noise = np.random.default_rng(0).standard_normal(x.shape)
        return _step(score, x, step_size, noise)
    return _step(score, x, step_size, np.random.default_rng(0).standard_normal(x.shape))


@mistake("langevin_score_clamped", port="langevin_step", source="conventions 5: clamp ±5")
def _(score, x, step_size, noise):
    """The score's entries are clamped to [-5, 5]."""
    return _step(lambda y: np.clip(score(y), -5, 5), x, step_size, noise)


@mistake("langevin_score_normalised", port="langevin_step", source="classic: a clipped gradient")
def _(score, x, step_size, noise):
    """The score is divided by its length where that is above one."""
    s = score(x)
    length = np.maximum(np.linalg.norm(s, axis=-1, keepdims=True), 1)
    return _step(lambda y: s / length, x, step_size, noise)


@mistake("law_drift_not_halved", port="langevin_law", source="M25")
def _(law, step_size, n_steps, mean, covariance):
    """The contraction is I - η P without the half."""
    return _propagated(law, step_size, n_steps, mean, covariance, 1.0)


def _propagated(law, eta, n, mean, cov, drift):
    m = np.eye(len(law.mean)) - drift * eta * np.linalg.inv(law.covariance)
    for _ in range(n):
        mean, cov = law.mean + m @ (mean - law.mean), m @ cov @ m.T + eta * np.eye(len(m))
    return {"mean": mean, "covariance": cov}


@mistake("law_one_step_short", port="langevin_law", source="R31: off by one")
def _(law, step_size, n_steps, mean, covariance):
    """One step too few."""
    return _propagated(law, step_size, max(n_steps - 1, 0), mean, covariance, 0.5)


@mistake(
    "stationary_is_target", port="langevin_stationary", source="erratum J6b: samples are exact"
)
def _(law, step_size):
    """The stationary law is taken to be the target."""
    return {"mean": law.mean, "covariance": law.covariance}


@mistake("stationary_bias_doubled", port="langevin_stationary", source="M25")
def _(law, step_size):
    """The inflation has η/2 where η/4 belongs."""
    d = len(law.mean)
    precision = np.linalg.inv(law.covariance)
    inflated = law.covariance @ np.linalg.inv(np.eye(d) - 0.5 * step_size * precision)
    return {"mean": law.mean, "covariance": inflated}
