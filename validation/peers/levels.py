"""Samplers that know levels s = σ/α and x/α, as `validation.samplers` runs them, as ports.

A run is `run(denoise, x, levels)`, its noise from torch.randn; a port is told times of VP.
"""

from __future__ import annotations

import numpy as np
import torch

from refscore.verify import NotOffered
from validation.samplers.noise import Given, Zeros, drawn

LOW, HIGH = 0.1, 20.0


def alpha_and_level(t):
    """α and σ/α of the VP process with β from .1 to 20 at time t."""
    B = LOW * t + (HIGH - LOW) * t**2 / 2
    return np.exp(-B / 2), np.sqrt(np.expm1(B))


def time_of(level: float) -> float:
    B = np.log1p(level**2)
    return 2 * B / (LOW + np.sqrt(LOW**2 + 2 * (HIGH - LOW) * B))


def between(run, score_at, x, times, noise=None):
    """What a run makes of x at times[0], at times[-1], by the given draws or by zeros."""
    alpha, levels = alpha_and_level(np.array(times, dtype=float))

    def denoise(y, level):
        a = 1 / np.sqrt(1 + float(level) ** 2)
        return y + (a * float(level)) ** 2 * score_at(a * y, time_of(float(level))) / a

    draw = Zeros() if noise is None else Given([z.numpy() for z in noise])
    with drawn(draw), torch.no_grad():
        return alpha[-1] * run(denoise, x / alpha[0], levels)


def above_zero(run):
    """The run, for samplers whose schedules have no level 0."""

    def declining(denoise, x, levels):
        if levels[-1] == 0:
            raise NotOffered("its schedules end above level 0")
        return run(denoise, x, levels)

    return declining


def step(run):
    """A port from t to s without noise."""
    return lambda score_at, x, t, s: between(run, score_at, x, (t, s))


def noisy_step(run):
    """A port from t to s with one draw."""
    return lambda score_at, x, t, s, noise: between(run, score_at, x, (t, s), noise[None])


def sampler(run):
    """A port over times without noise."""
    return lambda score_at, x_T, times: between(run, score_at, x_T, times)


def noisy_sampler(run):
    """A port over times with one draw a step."""
    return lambda score_at, x_T, times, noise: between(run, score_at, x_T, times, noise)
