"""Mistakes in Euler's and Heun's steps along the reverse SDE and the probability flow."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.rates import beta, pair, shrink


def _euler(score_at, x, t, s, noise, *, drift=0.5, pull=1.0, spread=1.0, at=None, h=None):
    h, at, b = t - s if h is None else h, t if at is None else at, beta(t)
    slope = drift * shrink(t) * x + pull * b * score_at(x, at)
    return x + h * slope + spread * np.sqrt(b * h) * noise


@mistake("reverse_score_sign", port="euler_maruyama_step", source="R24: torchcfm #85")
def _(score_at, x, t, s, noise):
    """The score term has the wrong sign."""
    return _euler(score_at, x, t, s, noise, pull=-1.0)


@mistake("reverse_half_score", port="euler_maruyama_step", source="R34")
def _(score_at, x, t, s, noise):
    """The score has ½g², as in the probability flow, beside full noise."""
    return _euler(score_at, x, t, s, noise, pull=0.5)


@mistake("reverse_g_not_squared", port="euler_maruyama_step", source="classic: g for g²")
def _(score_at, x, t, s, noise):
    """The score has g where g² belongs."""
    return _euler(score_at, x, t, s, noise, pull=1 / np.sqrt(beta(t)))


@mistake("reverse_noise_g_squared", port="euler_maruyama_step", source="R35: variance for sd")
def _(score_at, x, t, s, noise):
    """The noise has g² where g belongs."""
    return _euler(score_at, x, t, s, noise, spread=np.sqrt(beta(t)))


@mistake("reverse_noise_without_g", port="euler_maruyama_step", source="classic")
def _(score_at, x, t, s, noise):
    """The noise is √h z, without g."""
    return _euler(score_at, x, t, s, noise, spread=1 / np.sqrt(beta(t)))


@mistake("reverse_noise_sd_is_step", port="euler_maruyama_step", source="M01; F1")
def _(score_at, x, t, s, noise):
    """The noise is g h z: the step without its root."""
    return _euler(score_at, x, t, s, noise, spread=np.sqrt(t - s))


@mistake("reverse_time_runs_forward", port="euler_maruyama_step", source="classic: dt > 0")
def _(score_at, x, t, s, noise):
    """dt is positive: drift and score are added the wrong way round."""
    return _euler(score_at, x, t, s, noise, drift=-0.5, pull=-1.0)


@mistake("reverse_drift_as_forward", port="euler_maruyama_step", source="R23: clock, not field")
def _(score_at, x, t, s, noise):
    """The forward drift keeps its sign; only the score term is turned."""
    return _euler(score_at, x, t, s, noise, drift=-0.5)


@mistake("reverse_drift_without_half", port="euler_maruyama_step", source="F09: factor 2")
def _(score_at, x, t, s, noise):
    """The drift is -βx without its half."""
    return _euler(score_at, x, t, s, noise, drift=1.0)


@mistake("reverse_score_at_end", port="euler_maruyama_step", source="R02: index shifted by one")
def _(score_at, x, t, s, noise):
    """The score is asked at the time the step ends at."""
    return _euler(score_at, x, t, s, noise, at=s)


@mistake("reverse_rates_at_end", port="euler_maruyama_step", source="R02: index shifted by one")
def _(score_at, x, t, s, noise):
    """f and g are taken at the time the step ends at."""
    return _euler(score_at, x, s, s, noise, at=t, h=t - s)


@mistake("reverse_time_mirrored", port="euler_maruyama_step", source="R23: t and 1 - t")
def _(score_at, x, t, s, noise):
    """The score is asked at time 1 - t."""
    return _euler(score_at, x, t, s, noise, at=1 - t)


@mistake("reverse_clean_score", port="euler_maruyama_step", source="erratum J12; S05")
def _(score_at, x, t, s, noise):
    """The score of the clean data is used at every time."""
    return _euler(score_at, x, t, s, noise, at=0.0)


@mistake(
    "reverse_without_noise", port="euler_maruyama_step", source="classic: the last rule always"
)
def _(score_at, x, t, s, noise):
    """No noise is added: the mean of the step."""
    return _euler(score_at, x, t, s, noise, spread=0.0)


@mistake("reverse_noise_before_score", port="euler_maruyama_step", source="classic")
def _(score_at, x, t, s, noise):
    """The drift is taken at the noised point."""
    return _euler(score_at, x + np.sqrt(beta(t) * (t - s)) * noise, t, s, 0.0)


@mistake("reverse_noise_shared", port="euler_maruyama_step", source="O26")
def _(score_at, x, t, s, noise):
    """All points share the first point's noise."""
    return _euler(score_at, x, t, s, np.broadcast_to(noise[:1], x.shape))


@mistake("reverse_noise_repeated", port="euler_maruyama_step", source="N09")
def _(score_at, x, t, s, noise=None, *, rng=None):
    """The noise that is drawn repeats within the batch."""
    if noise is None:
        half = np.random.default_rng(rng).standard_normal(((len(x) + 1) // 2, x.shape[1]))
        noise = np.concatenate([half, half])[: len(x)]
    return _euler(score_at, x, t, s, noise)


@mistake("reverse_clipped", port="euler_maruyama_step", source="conventions 5: clip_sample")
def _(score_at, x, t, s, noise):
    """The points are clipped to [-1, 1], which unbounded data are not."""
    return np.clip(_euler(score_at, x, t, s, noise), -1, 1)


@mistake("reverse_score_preconditioned", port="euler_maruyama_step", source="O24: noise for score")
def _(score_at, x, t, s, noise):
    """The noise prediction -σs stands for the score, but for its sign."""
    return _euler(score_at, x, t, s, noise, pull=pair(t)[1])


def _family(score_at, x, t, s, level, noise, pull, spread):
    return _euler(score_at, x, t, s, noise, pull=pull, spread=spread)


@mistake("family_level_not_squared", port="reverse_family_step", source="classic: l for l²")
def _(score_at, x, t, s, stochasticity, noise):
    """The score has ½(1 + l)g²."""
    level = stochasticity
    return _family(score_at, x, t, s, level, noise, (1 + level) / 2, level)


@mistake("family_noise_level_squared", port="reverse_family_step", source="R21: l² for l")
def _(score_at, x, t, s, stochasticity, noise):
    """The noise has l² g."""
    level = stochasticity
    return _family(score_at, x, t, s, level, noise, (1 + level**2) / 2, level**2)


@mistake("family_forward_share", port="reverse_family_step", source="F8: the other direction's")
def _(score_at, x, t, s, stochasticity, noise):
    """The score has ½(1 - l²)g², which is for dt > 0."""
    level = stochasticity
    return _family(score_at, x, t, s, level, noise, (1 - level**2) / 2, level)


@mistake("family_without_flow", port="reverse_family_step", source="classic: l²/2 alone")
def _(score_at, x, t, s, stochasticity, noise):
    """The score has ½l²g²: the flow's half is missing."""
    level = stochasticity
    return _family(score_at, x, t, s, level, noise, level**2 / 2, level)


@mistake("family_without_half", port="reverse_family_step", source="R33, R34")
def _(score_at, x, t, s, stochasticity, noise):
    """The score has (1 + l²)g² without the half."""
    level = stochasticity
    return _family(score_at, x, t, s, level, noise, 1 + level**2, level)


@mistake("family_full_noise", port="reverse_family_step", source="classic: l in the drift only")
def _(score_at, x, t, s, stochasticity, noise):
    """The noise is g whatever l is."""
    return _family(score_at, x, t, s, stochasticity, noise, (1 + stochasticity**2) / 2, 1.0)


@mistake("family_full_score", port="reverse_family_step", source="classic: l in the noise only")
def _(score_at, x, t, s, stochasticity, noise):
    """The score has g² whatever l is."""
    return _family(score_at, x, t, s, stochasticity, noise, 1.0, stochasticity)


def _drift(score_at, x, t, level, when, share=None, drift=-0.5, power=1.0):
    signs = {"backward": 1 + level**2, "forward": 1 - level**2}
    share = signs[when] / 2 if share is None else share
    return drift * shrink(t) * x - share * beta(t) ** power * score_at(x, t)


@mistake("direction_swapped", port="reverse_drift", source="F8")
def _(score_at, x, t, stochasticity, time_direction):
    """The two directions of time are exchanged."""
    other = {"backward": "forward", "forward": "backward"}[time_direction]
    return _drift(score_at, x, t, stochasticity, other)


@mistake("direction_ignored", port="reverse_drift", source="F8")
def _(score_at, x, t, stochasticity, time_direction):
    """The backward drift is returned for both directions."""
    return _drift(score_at, x, t, stochasticity, "backward")


@mistake("reversal_level_not_squared", port="reverse_drift", source="classic: l for l²")
def _(score_at, x, t, stochasticity, time_direction):
    """l stands where l² belongs."""
    return _drift(score_at, x, t, np.sqrt(stochasticity), time_direction)


@mistake("reversal_level_ignored", port="reverse_drift", source="only l = 1 is thought of")
def _(score_at, x, t, stochasticity, time_direction):
    """The drift of l = 1 is returned for every l."""
    return _drift(score_at, x, t, 1.0, time_direction)


@mistake("reversal_without_half", port="reverse_drift", source="R33")
def _(score_at, x, t, stochasticity, time_direction):
    """The half is missing."""
    level = stochasticity**2
    share = 1 + level if time_direction == "backward" else 1 - level
    return _drift(score_at, x, t, 0, time_direction, share)


@mistake("reversal_g_not_squared", port="reverse_drift", source="classic: g for g²")
def _(score_at, x, t, stochasticity, time_direction):
    """g stands where g² belongs."""
    return _drift(score_at, x, t, stochasticity, time_direction, power=0.5)


@mistake("reversal_negated", port="reverse_drift", source="R23: the clock is reversed twice")
def _(score_at, x, t, stochasticity, time_direction):
    """The drift of the reversed clock, minus the right one."""
    return -_drift(score_at, x, t, stochasticity, time_direction)


@mistake("reversal_score_sign", port="reverse_drift", source="R24")
def _(score_at, x, t, stochasticity, time_direction):
    """The score term has the wrong sign."""
    return 2 * _drift(score_at, x, t, 0, "backward", 0.0) - _drift(
        score_at, x, t, stochasticity, time_direction
    )
