"""Mistakes in ancestral and implicit steps: tables, posteriors, last steps, clipping."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.rates import pair
from refscore.verify.setting import convention

SHIFT = 1e-3  # one entry of a table of 1000


def _posterior(t, s):
    """(weight of x, weight of x̂_0, β̃, β)."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = pair(t), pair(s)
    r = alpha_t / alpha_s
    b = sigma_t**2 - (r * sigma_s) ** 2
    v = b * (sigma_s / sigma_t) ** 2
    return r * sigma_s**2 / sigma_t**2, alpha_s * b / sigma_t**2, v, b


def _guess(score_at, x, t):
    alpha, sigma = pair(t)
    return (x + sigma**2 * score_at(x, t)) / alpha


def _ancestral(score_at, x, t, s, noise, *, guess=None, spread=None):
    of_x, of_guess, v, _ = _posterior(t, s)
    guess = _guess(score_at, x, t) if guess is None else guess
    return of_x * x + of_guess * guess + (_spread(t, s) if spread is None else spread) * noise


def _spread(t, s):
    """The standard deviation of a step, of the variance that is declared; none at time 0."""
    v, b = _posterior(t, s)[2:]
    large = convention("ancestral_step", "ancestral_variance", "small") == "large"
    return np.sqrt(b if large and s > 0 else v)


@mistake("ancestral_noise_variance", port="ancestral_step", source="R35")
def _(score_at, x, t, s, noise):
    """The noise has the variance for its standard deviation."""
    return _ancestral(score_at, x, t, s, noise, spread=_posterior(t, s)[2])


@mistake("ancestral_noise_at_last", port="ancestral_step", source="R01: lucidrains 1345a8a")
def _(score_at, x, t, s, noise):
    """The step to time 0 adds noise of variance β."""
    v, b = _posterior(t, s)[2:]
    return _ancestral(score_at, x, t, s, noise, spread=np.sqrt(b if s == 0 else v))


@mistake("ancestral_large_noise_at_last", port="ancestral_step", source="R01: no z = 0 at t = 1")
def _(score_at, x, t, s, noise):
    """Every step adds noise of the large variance β, also the one to time 0."""
    return _ancestral(score_at, x, t, s, noise, spread=np.sqrt(_posterior(t, s)[3]))


@mistake("ancestral_without_noise", port="ancestral_step", source="classic")
def _(score_at, x, t, s, noise):
    """No noise is added: the posterior's mean."""
    return _ancestral(score_at, x, t, s, noise, spread=0.0)


@mistake("ancestral_sigma_not_squared", port="ancestral_step", source="classic: sigma for sigma²")
def _(score_at, x, t, s, noise):
    """The data are guessed by (x + σ s)/α."""
    alpha, sigma = pair(t)
    return _ancestral(score_at, x, t, s, noise, guess=(x + sigma * score_at(x, t)) / alpha)


@mistake("ancestral_alpha_bar", port="ancestral_step", source="alpha for alpha-bar; F26")
def _(score_at, x, t, s, noise):
    """The data are guessed by division by ᾱ = α²."""
    alpha, sigma = pair(t)
    return _ancestral(score_at, x, t, s, noise, guess=(x + sigma**2 * score_at(x, t)) / alpha**2)


@mistake("ancestral_score_sign", port="ancestral_step", source="R06")
def _(score_at, x, t, s, noise):
    """The data are guessed with the score's sign reversed."""
    alpha, sigma = pair(t)
    return _ancestral(score_at, x, t, s, noise, guess=(x - sigma**2 * score_at(x, t)) / alpha)


@mistake("ancestral_clipped", port="ancestral_step", source="conventions 5: clip_sample=True")
def _(score_at, x, t, s, noise):
    """The guessed data are clipped to [-1, 1], which unbounded data are not."""
    return _ancestral(score_at, x, t, s, noise, guess=np.clip(_guess(score_at, x, t), -1, 1))


@mistake("ancestral_weights_exchanged", port="ancestral_step", source="DDPM equation 7, exchanged")
def _(score_at, x, t, s, noise):
    """The weights of the point and of the guessed data are exchanged."""
    of_x, of_guess, v, _ = _posterior(t, s)
    return of_guess * x + of_x * _guess(score_at, x, t) + _spread(t, s) * noise


@mistake("ancestral_renoised", port="ancestral_step", source="classic: x̂_0 noised anew")
def _(score_at, x, t, s, noise):
    """The guessed data are noised anew, without looking at x: α_s x̂_0 + σ_s z."""
    alpha, sigma = pair(s)
    return alpha * _guess(score_at, x, t) + sigma * noise


@mistake("ancestral_index_shift", port="ancestral_step", source="R02: lucidrains 42158d6")
def _(score_at, x, t, s, noise):
    """Both entries of the table are read one too early, the score is right."""
    early, earlier = t - SHIFT, max(s - SHIFT, 0.0)
    alpha, sigma = pair(early)
    guess = (x + sigma**2 * score_at(x, t)) / alpha
    return _ancestral(score_at, x, early, earlier, noise, guess=guess)


@mistake("ancestral_per_step_table", port="ancestral_step", source="per-step for cumulative tables")
def _(score_at, x, t, s, noise):
    """σ_t² of the guess is the step's own β, not the cumulative one."""
    alpha, b = pair(t)[0], _posterior(t, s)[3]
    return _ancestral(score_at, x, t, s, noise, guess=(x + b * score_at(x, t)) / alpha)


def _ddim(score_at, x, t, s, eta, noise, *, guess=None, eps=None, rest=None, spread=None, end=None):
    alpha, sigma = pair(s) if end is None else end
    v = _posterior(t, s)[2]
    if guess is None or eps is None:
        noised = -pair(t)[1] * score_at(x, t)
        guess = (x - pair(t)[1] * noised) / pair(t)[0] if guess is None else guess
        eps = noised if eps is None else eps
    rest = sigma**2 - eta**2 * v if rest is None else rest
    spread = eta * np.sqrt(v) if spread is None else spread
    return alpha * guess + np.sqrt(np.maximum(rest, 0)) * eps + spread * noise


@mistake("ddim_noise_sign", port="ddim_step", source="R06: lucidrains 37334ae")
def _(score_at, x, t, s, eta, noise):
    """The direction has the noise's sign reversed."""
    return _ddim(score_at, x, t, s, eta, noise, eps=pair(t)[1] * score_at(x, t))


@mistake("ddim_data_as_noise", port="ddim_step", source="R07: diffusers #2094")
def _(score_at, x, t, s, eta, noise):
    """The guessed data stand for the noise in the direction."""
    return _ddim(score_at, x, t, s, eta, noise, eps=_guess(score_at, x, t))


@mistake("ddim_score_as_noise", port="ddim_step", source="O24: σ counted twice")
def _(score_at, x, t, s, eta, noise):
    """The direction has -s, the noise without its σ."""
    return _ddim(score_at, x, t, s, eta, noise, eps=-score_at(x, t))


@mistake("ddim_variance_of_t", port="ddim_step", source="R20: CoursIA #16158")
def _(score_at, x, t, s, eta, noise):
    """The noise has variance η²σ_t², and the direction what that leaves."""
    v = (eta * pair(t)[1]) ** 2
    return _ddim(score_at, x, t, s, eta, noise, rest=pair(s)[1] ** 2 - v, spread=np.sqrt(v))


@mistake("ddim_direction_eta", port="ddim_step", source="R21: DDPM_inversion #12")
def _(score_at, x, t, s, eta, noise):
    """The direction has η times the variance, not η²: right for η = 0 and 1 alone."""
    rest = pair(s)[1] ** 2 - eta * _posterior(t, s)[2]
    return _ddim(score_at, x, t, s, eta, noise, rest=rest)


@mistake("ddim_direction_full", port="ddim_step", source="classic: variance added on top")
def _(score_at, x, t, s, eta, noise):
    """The direction keeps all of σ_s, and noise is added on top."""
    return _ddim(score_at, x, t, s, eta, noise, rest=pair(s)[1] ** 2)


@mistake("ddim_index_shift", port="ddim_step", source="R02: lucidrains 42158d6, aec2a26")
def _(score_at, x, t, s, eta, noise):
    """Both entries of the table are read one too early, the noise prediction is right."""
    early, earlier = t - SHIFT, max(s - SHIFT, 0.0)
    eps = -pair(t)[1] * score_at(x, t)
    alpha, sigma = pair(early)
    return _ddim(score_at, x, early, earlier, eta, noise, guess=(x - sigma * eps) / alpha, eps=eps)


@mistake("ddim_last_not_one", port="ddim_step", source="R03: stable-diffusion util.py")
def _(score_at, x, t, s, eta, noise):
    """The last step goes to the table's first entry, not to α = 1, σ = 0."""
    return _ddim(score_at, x, t, max(s, SHIFT), eta, noise)


@mistake("ddim_noise_at_last", port="ddim_step", source="R01: deepinv #1103")
def _(score_at, x, t, s, eta, noise):
    """The step to time 0 adds noise of variance η²β."""
    b = _posterior(t, s)[3]
    spread = eta * np.sqrt(b) if s == 0 else None
    return _ddim(score_at, x, t, s, eta, noise, spread=spread)


@mistake("ddim_eta_ignored", port="ddim_step", source="classic: always η = 1")
def _(score_at, x, t, s, eta, noise):
    """η is taken for 1."""
    return _ddim(score_at, x, t, s, 1.0, noise)


@mistake("ddim_always_implicit", port="ddim_step", source="classic: always η = 0")
def _(score_at, x, t, s, eta, noise):
    """η is taken for 0."""
    return _ddim(score_at, x, t, s, 0.0, noise)


@mistake("ddim_noise_variance", port="ddim_step", source="R35")
def _(score_at, x, t, s, eta, noise):
    """The noise has the variance for its standard deviation."""
    return _ddim(score_at, x, t, s, eta, noise, spread=eta**2 * _posterior(t, s)[2])


@mistake("ddim_clipped", port="ddim_step", source="R08: lucidrains 6dda508; clip_sample")
def _(score_at, x, t, s, eta, noise):
    """The guessed data are clipped to [-1, 1], the noise is not derived from them anew."""
    return _ddim(score_at, x, t, s, eta, noise, guess=np.clip(_guess(score_at, x, t), -1, 1))


@mistake("ddim_clipped_consistently", port="ddim_step", source="conventions 5: clip_sample")
def _(score_at, x, t, s, eta, noise):
    """The guessed data are clipped to [-1, 1], and the noise is derived from them anew."""
    guess, (alpha, sigma) = np.clip(_guess(score_at, x, t), -1, 1), pair(t)
    return _ddim(score_at, x, t, s, eta, noise, guess=guess, eps=(x - alpha * guess) / sigma)


@mistake("ddim_alpha_bar", port="ddim_step", source="F10: the root is missing")
def _(score_at, x, t, s, eta, noise):
    """The data are carried to ᾱ_s = α_s² instead of α_s."""
    alpha, sigma = pair(s)
    return _ddim(score_at, x, t, s, eta, noise, end=(alpha**2, sigma))
