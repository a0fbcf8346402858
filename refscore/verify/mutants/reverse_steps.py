"""Mistakes in Heun's, ancestral, implicit and corrected steps back to data."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.rates import beta, shrink


def _slope(score_at, x, t, pull=1.0, at=None):
    """Minus the drift: ½βx + pull β s."""
    return 0.5 * shrink(t) * x + pull * beta(t) * score_at(x, t if at is None else at)


def _spread(t, s):
    return np.sqrt(beta(t) * (t - s))


def _heun(score_at, x, t, s, noise, *, pull=1.0, far=None, guess=None, g=None, weight=0.5):
    h = t - s
    first = _slope(score_at, x, t, pull)
    guess = x + h * first + _spread(t, s) * noise if guess is None else guess
    second = _slope(score_at, guess, s, pull) if far is None else far(guess)
    g = (np.sqrt(beta(t)) + np.sqrt(beta(s))) / 2 if g is None else g
    return x + weight * h * (first + second) + g * np.sqrt(h) * noise


@mistake("stochastic_heun_far_score_at_t", port="stochastic_heun_step", source="R02")
def _(score_at, x, t, s, noise):
    """The second score is asked at the first time."""
    return _heun(score_at, x, t, s, noise, far=lambda y: _slope(score_at, y, s, at=t))


@mistake("stochastic_heun_guess_without_noise", port="stochastic_heun_step", source="classic")
def _(score_at, x, t, s, noise):
    """The guess has no noise."""
    guess = x + (t - s) * _slope(score_at, x, t)
    return _heun(score_at, x, t, s, noise, guess=guess)


@mistake("stochastic_heun_not_halved", port="stochastic_heun_step", source="classic")
def _(score_at, x, t, s, noise):
    """The slopes are added, not averaged."""
    return _heun(score_at, x, t, s, noise, weight=1.0)


@mistake("stochastic_heun_is_euler", port="stochastic_heun_step", source="second stage lost")
def _(score_at, x, t, s, noise):
    """The second stage is lost: Euler's step."""
    return x + (t - s) * _slope(score_at, x, t) + _spread(t, s) * noise


@mistake("stochastic_heun_noise_of_start", port="stochastic_heun_step", source="classic")
def _(score_at, x, t, s, noise):
    """The noise has g at the first time alone."""
    return _heun(score_at, x, t, s, noise, g=np.sqrt(beta(t)))


@mistake("stochastic_heun_flow_slopes", port="stochastic_heun_step", source="R34")
def _(score_at, x, t, s, noise):
    """The slopes are the probability flow's, ½g² s, beside full noise."""
    return _heun(score_at, x, t, s, noise, pull=0.5)


def _flow(score_at, x, t, at=None):
    return _slope(score_at, x, t, 0.5, at)


@mistake("flow_euler_without_half", port="flow_euler_step", source="R33")
def _(score_at, x, t, s):
    """The score has g² without the half."""
    return x + (t - s) * _slope(score_at, x, t)


@mistake("flow_euler_score_sign", port="flow_euler_step", source="R24: torchcfm #85")
def _(score_at, x, t, s):
    """The score term has the wrong sign."""
    return x + (t - s) * _slope(score_at, x, t, -0.5)


@mistake("flow_euler_runs_forward", port="flow_euler_step", source="classic: dt > 0")
def _(score_at, x, t, s):
    """dt is positive."""
    return x - (t - s) * _flow(score_at, x, t)


@mistake("flow_euler_time_mirrored", port="flow_euler_step", source="R23: LightningDiT #89")
def _(score_at, x, t, s):
    """The velocity is taken at time 1 - t."""
    return x + (t - s) * _flow(score_at, x, 1 - t)


@mistake("flow_euler_at_end", port="flow_euler_step", source="R02: index shifted by one")
def _(score_at, x, t, s):
    """The velocity is taken at the time the step ends at."""
    return x + (t - s) * _flow(score_at, x, s)


@mistake("flow_euler_g_not_squared", port="flow_euler_step", source="classic: g for g²")
def _(score_at, x, t, s):
    """The score has g where g² belongs."""
    return x + (t - s) * _slope(score_at, x, t, 0.5 / np.sqrt(beta(t)))


def _flow_heun(score_at, x, t, s, far=None, reach=1.0, weight=0.5):
    first = _flow(score_at, x, t)
    guess = x + reach * (t - s) * first
    second = _flow(score_at, guess, s) if far is None else far(guess)
    return x + weight * (t - s) * (first + second)


@mistake("flow_heun_far_score_at_t", port="flow_heun_step", source="wrong second stage")
def _(score_at, x, t, s):
    """The second score is asked at the first time."""
    return _flow_heun(score_at, x, t, s, lambda y: _flow(score_at, y, s, at=t))


@mistake("flow_heun_far_rates_at_t", port="flow_heun_step", source="wrong second stage")
def _(score_at, x, t, s):
    """f and g of the second stage are those of the first time."""
    return _flow_heun(score_at, x, t, s, lambda y: _flow(score_at, y, t, at=s))


@mistake("flow_heun_second_at_start", port="flow_heun_step", source="wrong second stage")
def _(score_at, x, t, s):
    """The second slope is taken at x, not at the guess."""
    return _flow_heun(score_at, x, t, s, reach=0.0)


@mistake("flow_heun_half_guess", port="flow_heun_step", source="the midpoint rule mixed in")
def _(score_at, x, t, s):
    """The guess goes half the way only."""
    return _flow_heun(score_at, x, t, s, reach=0.5)


@mistake("flow_heun_not_halved", port="flow_heun_step", source="classic")
def _(score_at, x, t, s):
    """The slopes are added, not averaged."""
    return _flow_heun(score_at, x, t, s, weight=1.0)


@mistake("flow_heun_is_euler", port="flow_heun_step", source="second stage lost")
def _(score_at, x, t, s):
    """The second stage is lost: Euler's step."""
    return x + (t - s) * _flow(score_at, x, t)


def _corrected(score_at, x, t, s, step_size, noise, *, at=None, pull=0.5, spread=None):
    y = x + (t - s) * _slope(score_at, x, t) + _spread(t, s) * noise[0]
    spread = np.sqrt(step_size) if spread is None else spread
    return y + pull * step_size * score_at(y, s if at is None else at) + spread * noise[1]


@mistake("corrector_without_half", port="predictor_corrector_step", source="conventions 5")
def _(score_at, x, t, s, step_size, noise):
    """The corrector's drift is η s beside √η z."""
    return _corrected(score_at, x, t, s, step_size, noise, pull=1.0)


@mistake("corrector_noise_doubled", port="predictor_corrector_step", source="M25")
def _(score_at, x, t, s, step_size, noise):
    """The corrector's noise is √(2η) beside ½η s."""
    return _corrected(score_at, x, t, s, step_size, noise, spread=np.sqrt(2 * step_size))


@mistake("corrector_noise_sd_is_step", port="predictor_corrector_step", source="M01")
def _(score_at, x, t, s, step_size, noise):
    """The corrector's noise is η z: the root is missing."""
    return _corrected(score_at, x, t, s, step_size, noise, spread=step_size)


@mistake("corrector_at_start", port="predictor_corrector_step", source="R02: index shifted by one")
def _(score_at, x, t, s, step_size, noise):
    """The corrector's score is asked at t, after the predictor came to s."""
    return _corrected(score_at, x, t, s, step_size, noise, at=t)


@mistake("corrector_left_out", port="predictor_corrector_step", source="classic")
def _(score_at, x, t, s, step_size, noise):
    """The corrector is left out."""
    return _corrected(score_at, x, t, s, 0.0, noise)


@mistake("corrector_first", port="predictor_corrector_step", source="conventions 5: score_sde")
def _(score_at, x, t, s, step_size, noise):
    """The corrector comes first, at time t."""
    y = x + 0.5 * step_size * score_at(x, t) + np.sqrt(step_size) * noise[0]
    return y + (t - s) * _slope(score_at, y, t) + _spread(t, s) * noise[1]


@mistake("corrector_same_noise", port="predictor_corrector_step", source="J17: one noise twice")
def _(score_at, x, t, s, step_size, noise):
    """Predictor and corrector share one noise."""
    return _corrected(score_at, x, t, s, step_size, (noise[0], noise[0]))


@mistake("corrector_batch_size", port="predictor_corrector_step", source="M19: rows coupled")
def _(score_at, x, t, s, step_size, noise):
    """The corrector's step is sized by the batch's mean norms, so that rows move each other."""
    size = step_size * np.linalg.norm(noise[1], axis=-1).mean() ** 2 / x.shape[-1]
    return _corrected(score_at, x, t, s, size, noise)
