"""Mistakes in who gets which noise: steps back to data whose points share the first point's."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.reverse_ancestral import _ancestral, _ddim
from refscore.verify.mutants.reverse_samplers import _run


def _first(noise):
    """The first point's noise for all of them; points are on the last axis but one."""
    return np.broadcast_to(noise[..., :1, :], noise.shape)


@mistake("ancestral_noise_shared", port="ancestral_step", source="O26")
def _(score_at, x, t, s, noise):
    """All points share the first point's noise."""
    return _ancestral(score_at, x, t, s, _first(noise))


@mistake("ddim_noise_shared", port="ddim_step", source="O26")
def _(score_at, x, t, s, eta, noise):
    """All points share the first point's noise."""
    return _ddim(score_at, x, t, s, eta, _first(noise))


@mistake("sampler_noise_shared", port="reverse_sample", source="O26")
def _(score_at, x_T, times, noise):
    """In every step all points share the first point's noise."""
    return _run(score_at, x_T, times, _first(noise))


@mistake("stochastic_heun_noise_shared", port="stochastic_heun_step", source="O26")
def _(score_at, x, t, s, noise):
    """All points share the first point's noise."""
    return library.stochastic_heun_step(score_at, x, t, s, _first(noise))


@mistake("sde_dpm_noise_shared", port="sde_dpm_step", source="O26")
def _(score_at, x, t, s, noise):
    """All points share the first point's noise."""
    return library.sde_dpm_step(score_at, x, t, s, _first(noise))
