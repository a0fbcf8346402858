"""Mistakes in the scales of steps back to data: drifts, roots of tables, means, directions."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.rates import beta, pair, shrink
from refscore.verify.mutants.reverse import _euler
from refscore.verify.mutants.reverse_ancestral import _ancestral, _ddim, _guess, _posterior, _spread
from refscore.verify.mutants.reverse_steps import _slope


@mistake("reverse_without_drift", port="euler_maruyama_step", source="classic: f left out")
def _(score_at, x, t, s, noise):
    """The drift f x is left out."""
    return _euler(score_at, x, t, s, noise, drift=0.0)


@mistake("reverse_noise_doubled", port="euler_maruyama_step", source="M25: √2 of Langevin steps")
def _(score_at, x, t, s, noise):
    """The noise is √2 g √h z."""
    return _euler(score_at, x, t, s, noise, spread=np.sqrt(2.0))


@mistake("flow_rates_mirrored", port="flow_velocity", source="R23: t and 1 - t")
def _(score_at, x, t):
    """f and g are taken at time 1 - t, the score at t."""
    return -0.5 * shrink(1 - t) * x - 0.5 * beta(1 - t) * score_at(x, t)


@mistake("flow_heun_without_half", port="flow_heun_step", source="R33")
def _(score_at, x, t, s):
    """Both slopes have g² s without the half."""
    guess = x + (t - s) * _slope(score_at, x, t)
    return x + (t - s) / 2 * (_slope(score_at, x, t) + _slope(score_at, guess, s))


@mistake("ancestral_posterior_in_mean", port="ancestral_step", source="classic: β̃ for β")
def _(score_at, x, t, s, noise):
    """The posterior's variance stands for β in the mean: (x + β̃ s)/√(1 - β)."""
    mean = (x + _posterior(t, s)[2] * score_at(x, t)) * pair(s)[0] / pair(t)[0]
    return mean + _spread(t, s) * noise


@mistake("ancestral_weight_at_start", port="ancestral_step", source="DDPM equation 7; R02")
def _(score_at, x, t, s, noise):
    """The guessed data have √ᾱ_t in their weight for √ᾱ_s."""
    guess = pair(t)[0] / pair(s)[0] * _guess(score_at, x, t)
    return _ancestral(score_at, x, t, s, noise, guess=guess)


@mistake("ancestral_not_rooted", port="ancestral_step", source="classic: 1/α for 1/√α")
def _(score_at, x, t, s, noise):
    """The mean is divided by 1 - β, not by its root."""
    mean = (x + _posterior(t, s)[3] * score_at(x, t)) * (pair(s)[0] / pair(t)[0]) ** 2
    return mean + _spread(t, s) * noise


def _of_eps(score_at, x, t, s, eta, noise, eps, **changes):
    """The implicit step from a noise prediction, data and direction alike."""
    alpha, sigma = pair(t)
    guess = (x - sigma * eps) / alpha
    return _ddim(score_at, x, t, s, eta, noise, guess=guess, eps=eps, **changes)


@mistake("ddim_score_sign", port="ddim_step", source="R06: ε = +σ s")
def _(score_at, x, t, s, eta, noise):
    """The noise prediction has the wrong sign, in the data and in the direction."""
    return _of_eps(score_at, x, t, s, eta, noise, pair(t)[1] * score_at(x, t))


@mistake("ddim_score_unscaled", port="ddim_step", source="O24: ε = -s")
def _(score_at, x, t, s, eta, noise):
    """-s stands for the noise prediction, in the data and in the direction."""
    return _of_eps(score_at, x, t, s, eta, noise, -score_at(x, t))


@mistake("ddim_score_at_end", port="ddim_step", source="R02: index shifted by one")
def _(score_at, x, t, s, eta, noise):
    """The score is asked at the time the step ends at."""
    return _of_eps(score_at, x, t, s, eta, noise, -pair(t)[1] * score_at(x, s))


@mistake("ddim_score_at_end_but_last", port="ddim_step", source="R02: index shifted, cut at 0")
def _(score_at, x, t, s, eta, noise):
    """The score is asked at the time the step ends at, but for the last step, to time 0."""
    return _of_eps(score_at, x, t, s, eta, noise, -pair(t)[1] * score_at(x, s if s > 0 else t))


@mistake("ddim_not_rooted", port="ddim_step", source="F10; F26: ᾱ for √ᾱ at both ends")
def _(score_at, x, t, s, eta, noise):
    """The tables' ᾱ and 1 - ᾱ stand for their roots in the data, and ᾱ in where they go."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = pair(t), pair(s)
    eps = -sigma_t * score_at(x, t)
    guess = (x - sigma_t**2 * eps) / alpha_t**2
    end = alpha_s**2, sigma_s
    return _ddim(score_at, x, t, s, eta, noise, guess=guess, eps=eps, end=end)


@mistake("ddim_clipped_wide", port="ddim_step", source="conventions 5: clip_sample_range")
def _(score_at, x, t, s, eta, noise):
    """The guessed data are clipped to [-5, 5], beyond which data may well lie."""
    guess = np.clip(_guess(score_at, x, t), -5, 5)
    return _ddim(score_at, x, t, s, eta, noise, guess=guess)


@mistake("ddim_variance_as_sd", port="ddim_step", source="R35: η β̃ for η √β̃")
def _(score_at, x, t, s, eta, noise):
    """η times the variance is the standard deviation, in the noise and in the direction."""
    sd = eta * _posterior(t, s)[2]
    return _ddim(score_at, x, t, s, eta, noise, rest=pair(s)[1] ** 2 - sd**2, spread=sd)


@mistake("ddim_noise_eta_twice", port="ddim_step", source="R21: η in the noise again")
def _(score_at, x, t, s, eta, noise):
    """The noise has η² for η, the direction is right."""
    spread = eta**2 * np.sqrt(_posterior(t, s)[2])
    return _ddim(score_at, x, t, s, eta, noise, spread=spread)
