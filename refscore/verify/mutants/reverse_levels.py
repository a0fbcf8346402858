"""Mistakes in steps back to data: clocks, step sizes, roots and levels of the coefficients."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.rates import pair
from refscore.verify.mutants.reverse import _drift, _euler
from refscore.verify.mutants.reverse_ancestral import _ancestral, _ddim, _guess, _posterior, _spread
from refscore.verify.mutants.reverse_samplers import _run


@mistake("reverse_clock_mirrored", port="euler_maruyama_step", source="R23: t and 1 - t")
def _(score_at, x, t, s, noise):
    """Drift, noise and score are all taken at time 1 - t."""
    return _euler(score_at, x, 1 - t, 0.0, noise, h=t - s)


@mistake("reverse_step_fixed", port="euler_maruyama_step", source="R15: score_sde_pytorch")
def _(score_at, x, t, s, noise):
    """Every step is 1/1000 long, whatever the times."""
    return _euler(score_at, x, t, s, noise, h=1e-3)


@mistake("reverse_noise_without_step", port="euler_maruyama_step", source="M01: √h left out")
def _(score_at, x, t, s, noise):
    """The noise is g z, without √h."""
    return _euler(score_at, x, t, s, noise, spread=1 / np.sqrt(t - s))


@mistake("sampler_steps_from_zero", port="reverse_sample", source="R15: t_0/N on a cut grid")
def _(score_at, x_T, times, noise):
    """Every step is the first time over N, though the grid does not end at 0."""
    ends = times[:-1] - times[0] / (len(times) - 1)
    return _run(score_at, x_T, times, noise, ends=ends)


@mistake("sampler_step_fixed", port="reverse_sample", source="R15: dt = 1/N, N = 1000")
def _(score_at, x_T, times, noise):
    """Every step is 1/1000 long, whatever the number of steps."""
    return _run(score_at, x_T, times, noise, ends=times[:-1] - 1e-3)


@mistake("sampler_unit_steps", port="reverse_sample", source="R15: dt = 1/N")
def _(score_at, x_T, times, noise):
    """Every step is 1/N long, as if the times went from 1 to 0."""
    return _run(score_at, x_T, times, noise, ends=times[:-1] - 1 / (len(times) - 1))


@mistake("sampler_follows_flow", port="reverse_sample", source="R33, R34: ODE for SDE")
def _(score_at, x_T, times, noise):
    """The probability flow is followed, without noise."""
    return _run(lambda x, t: 0.5 * score_at(x, t), x_T, times, 0 * noise)


@mistake("sampler_clipped_at_end", port="reverse_sample", source="conventions 5: clamp to [-1, 1]")
def _(score_at, x_T, times, noise):
    """The samples are clipped to [-1, 1], which unbounded data are not."""
    return np.clip(_run(score_at, x_T, times, noise), -1, 1)


@mistake("ancestral_beta_as_sd", port="ancestral_step", source="R35: β for √β")
def _(score_at, x, t, s, noise):
    """The noise has β itself for its standard deviation."""
    return _ancestral(score_at, x, t, s, noise, spread=_posterior(t, s)[3])


def _of_noise(score_at, x, t, s, noise, *, root=None, kept=None):
    """DDPM's algorithm 2: (x - β/√(1 - ᾱ) ε)/√(1 - β) + √β̃ z."""
    (alpha_t, sigma), (alpha_s, _), b = pair(t), pair(s), _posterior(t, s)[3]
    root, kept = root or sigma, kept or alpha_t / alpha_s
    eps = -sigma * score_at(x, t)
    return (x - b / root * eps) / kept + _spread(t, s) * noise


@mistake("ancestral_root_missing", port="ancestral_step", source="classic: (1 - α) ε alone")
def _(score_at, x, t, s, noise):
    """The noise prediction is not divided by √(1 - ᾱ)."""
    return _of_noise(score_at, x, t, s, noise, root=1.0)


@mistake("ancestral_root_per_step", port="ancestral_step", source="R02: √(1 - α) for √(1 - ᾱ)")
def _(score_at, x, t, s, noise):
    """The noise prediction is divided by the root of the step's β, not of the cumulative one."""
    b = _posterior(t, s)[3]
    return _of_noise(score_at, x, t, s, noise, root=np.sqrt(b))


@mistake("ancestral_not_rescaled", port="ancestral_step", source="classic: 1/√α left out")
def _(score_at, x, t, s, noise):
    """The mean is not divided by √(1 - β)."""
    return _of_noise(score_at, x, t, s, noise, kept=1.0)


@mistake("ancestral_score_at_end", port="ancestral_step", source="R02: index shifted by one")
def _(score_at, x, t, s, noise):
    """The score is asked at the time the step ends at."""
    alpha, sigma = pair(t)
    return _ancestral(score_at, x, t, s, noise, guess=(x + sigma**2 * score_at(x, s)) / alpha)


@mistake("ddim_guess_at_end", port="ddim_step", source="R02: ᾱ_prev at both ends")
def _(score_at, x, t, s, eta, noise):
    """The data are guessed with α and σ of the time the step ends at."""
    (alpha, sigma), eps = pair(s), -pair(t)[1] * score_at(x, t)
    return _ddim(score_at, x, t, s, eta, noise, guess=(x - sigma * eps) / alpha, eps=eps)


@mistake("ddim_noise_eta_variance", port="ddim_step", source="R35")
def _(score_at, x, t, s, eta, noise):
    """The noise has η times the variance for its standard deviation."""
    return _ddim(score_at, x, t, s, eta, noise, spread=eta * _posterior(t, s)[2])


@mistake("ddim_direction_not_rooted", port="ddim_step", source="R35: σ² for σ")
def _(score_at, x, t, s, eta, noise):
    """The direction has the variance that is left, not its root."""
    rest = pair(s)[1] ** 2 - eta**2 * _posterior(t, s)[2]
    return _ddim(score_at, x, t, s, eta, noise, rest=np.maximum(rest, 0) ** 2)


@mistake("ddim_score_in_direction", port="ddim_step", source="O24: the score for ε")
def _(score_at, x, t, s, eta, noise):
    """The direction has the score, with its own sign and scale."""
    guess = _guess(score_at, x, t)
    return _ddim(score_at, x, t, s, eta, noise, guess=guess, eps=score_at(x, t))


@mistake("ddim_eta_squared", port="ddim_step", source="R21: η² for η")
def _(score_at, x, t, s, eta, noise):
    """η² stands for η throughout."""
    return _ddim(score_at, x, t, s, eta**2, noise)


@mistake("direction_ignored_without_half", port="reverse_drift", source="R33; F8")
def _(score_at, x, t, stochasticity, time_direction):
    """(1 + l²)g² s stands for both directions, without the half."""
    return _drift(score_at, x, t, 0, "backward", 1 + stochasticity**2)


@mistake("direction_ignored_level_not_squared", port="reverse_drift", source="F8: l for l²")
def _(score_at, x, t, stochasticity, time_direction):
    """½(1 + l)g² s stands for both directions."""
    return _drift(score_at, x, t, 0, "backward", (1 + stochasticity) / 2)


@mistake("direction_negated", port="reverse_drift", source="F8; R23: the clock, not the field")
def _(score_at, x, t, stochasticity, time_direction):
    """For forward time the backward drift is negated."""
    sign = {"backward": 1.0, "forward": -1.0}[time_direction]
    return sign * _drift(score_at, x, t, stochasticity, "backward")
