"""Ports of the library: steps back from noise to data, samplers, and their exact laws."""

from __future__ import annotations

import numpy as np

from refscore import diffusion as flows
from refscore import distributions, laws
from refscore.verify.setting import PROCESS, convention

__all__ = [
    "ancestral_step",
    "ddim_step",
    "euler_maruyama_step",
    "flow_euler_step",
    "flow_heun_step",
    "predictor_corrector_step",
    "reverse_drift",
    "reverse_family_step",
    "reverse_sample",
    "sampler_density",
    "sampler_law",
    "stochastic_heun_step",
]

SAMPLERS = {
    "euler_maruyama": flows.euler_maruyama,
    "stochastic_heun": flows.stochastic_heun,
    "flow_euler": flows.flow_euler,
    "flow_heun": flows.flow_heun,
    "ancestral_small": flows.ancestral,
    "ancestral_large": lambda process, law: flows.ancestral(process, law, "large"),
    "ddim": flows.ddim,
    "ddim_half": lambda process, law: flows.ddim(process, law, 0.5),
}


class Reverse:
    """The ports of one process."""

    def __init__(self, process):
        self.process = process

    def reverse_drift(self, score_at, x, t, stochasticity, time_direction):
        """The family's drift."""
        p = self.process
        drift = flows.reversal(p.drift, p.diffusion, score_at, stochasticity, time_direction)
        return drift(x, t)

    def euler_maruyama_step(self, score_at, x, t, s, noise=None, *, rng=None):
        """One Euler-Maruyama step of the reverse SDE."""
        return _stepped(flows.euler_maruyama(self.process, score_at), x, t, s, noise, rng)

    def reverse_family_step(self, score_at, x, t, s, stochasticity, noise=None, *, rng=None):
        """One Euler-Maruyama step of the family."""
        step = flows.euler_maruyama(self.process, score_at, stochasticity)
        return _stepped(step, x, t, s, noise, rng)

    def stochastic_heun_step(self, score_at, x, t, s, noise=None, *, rng=None):
        """One Heun step of the reverse SDE."""
        return _stepped(flows.stochastic_heun(self.process, score_at), x, t, s, noise, rng)

    def flow_euler_step(self, score_at, x, t, s):
        """One Euler step of the probability flow."""
        return flows.flow_euler(self.process, score_at)(x, t, s)

    def flow_heun_step(self, score_at, x, t, s):
        """One Heun step of the probability flow."""
        return flows.flow_heun(self.process, score_at)(x, t, s)

    def ancestral_step(self, score_at, x, t, s, noise=None, *, rng=None):
        """One ancestral step with the posterior's variance, or that which is declared."""
        variance = convention("ancestral_step", "ancestral_variance", "small")
        return _stepped(flows.ancestral(self.process, score_at, variance), x, t, s, noise, rng)

    def ddim_step(self, score_at, x, t, s, eta, noise=None, *, rng=None):
        """One implicit step."""
        return _stepped(flows.ddim(self.process, score_at, eta), x, t, s, noise, rng)

    def predictor_corrector_step(self, score_at, x, t, s, step_size, noise=None, *, rng=None):
        """An Euler-Maruyama step and a Langevin step."""
        predictor = flows.euler_maruyama(self.process, score_at)
        step = flows.predictor_corrector(predictor, step_size=step_size)
        return _stepped(step, x, t, s, noise, rng)

    def reverse_sample(self, score_at, x_T, times, noise=None, *, rng=None):
        """Euler-Maruyama over descending times."""
        step = flows.euler_maruyama(self.process, score_at)
        last = convention("reverse_sample", "reverse_last", "noise")
        return flows.sample(step, x_T, times, noise=noise, rng=rng, last=last)

    def sampler_law(self, law, sampler, times, mean, covariance, last):
        """The exact law on Gaussian data."""
        step = SAMPLERS[sampler](self.process, _of(law))
        p = laws.sampler_law(step, mean, covariance, times, last=last)
        return {"mean": p.mean, "covariance": p.covariance}

    def sampler_density(self, law, sampler, times, mean, covariance, points):
        """The exact density on data on the line."""
        step, start = SAMPLERS[sampler](self.process, _of(law)), distributions.Gaussian(
            mean, covariance
        )  # fmt: skip
        return laws.sampler_density(step, start, times, points, *INTERVAL)


INTERVAL = -14.0, 14.0

_OWN = Reverse(PROCESS)
reverse_drift = _OWN.reverse_drift
euler_maruyama_step = _OWN.euler_maruyama_step
reverse_family_step = _OWN.reverse_family_step
stochastic_heun_step = _OWN.stochastic_heun_step
flow_euler_step = _OWN.flow_euler_step
flow_heun_step = _OWN.flow_heun_step
ancestral_step = _OWN.ancestral_step
ddim_step = _OWN.ddim_step
predictor_corrector_step = _OWN.predictor_corrector_step
reverse_sample = _OWN.reverse_sample
sampler_law = _OWN.sampler_law
sampler_density = _OWN.sampler_density


def _stepped(step, x, t, s, noise, rng):
    """One step on the given noise, which a step without any does not look at, or on drawn noise."""
    if step.noises == 0:
        return step(x, t, s)
    if noise is None:
        shape = np.shape(x) if step.noises == 1 else (step.noises, *np.shape(x))
        noise = np.random.default_rng(rng).standard_normal(shape)
    return step(x, t, s, noise)


def _of(law):
    from refscore.verify import library

    return library.distribution(law)
