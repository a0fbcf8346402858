"""Ports of the library: EDM's steps, exponential integrators, multistep samplers."""

from __future__ import annotations

import numpy as np

from refscore import diffusion as flows
from refscore.verify.setting import PROCESS, convention

__all__ = [
    "deis_sample",
    "dpm_multistep_3_sample",
    "dpm_multistep_sample",
    "dpm_solver_2_step",
    "dpm_solver_3_step",
    "dpm_solver_data_2_step",
    "edm_step",
    "exponential_multistep_sample",
    "exponential_step",
    "flow_midpoint_step",
    "heun_step",
    "lms_sample",
    "plms_sample",
    "sde_dpm_2_step",
    "sde_dpm_multistep_sample",
    "sde_dpm_step",
]


class Exponential:
    """The ports of one process."""

    def __init__(self, process):
        self.process = process

    def exponential_step(self, score_at, x, t, s):
        """The first-order exponential step."""
        return flows.exponential(self.process, score_at)(x, t, s)

    def heun_step(self, score_at, x, t, s):
        """EDM's Heun step."""
        return flows.edm(self.process, score_at)(x, t, s)

    def edm_step(
        self, score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise=None, *,
        rng=None,
    ):  # fmt: skip
        """EDM's Heun step with churn."""
        step = flows.edm(
            self.process, score_at, churn=churn, n_steps=n_steps, churn_min=churn_min,
            churn_max=churn_max, noise_scale=noise_scale,
        )  # fmt: skip
        return step(x, t, s, _drawn(noise, rng, np.shape(x)) if step.noises else None)

    def dpm_solver_2_step(self, score_at, x, t, s):
        """DPM-Solver-2."""
        return self._singlestep("dpm_solver_2_step", score_at, x, t, s, "noise")

    def dpm_solver_3_step(self, score_at, x, t, s):
        """DPM-Solver-3."""
        return flows.dpm_solver(self.process, score_at, 3)(x, t, s)

    def dpm_solver_data_2_step(self, score_at, x, t, s):
        """DPM-Solver++ 2S."""
        return self._singlestep("dpm_solver_data_2_step", score_at, x, t, s, "data")

    def _singlestep(self, port, score_at, x, t, s, prediction):
        """The midpoint rule as published; where declared, the line through both integrated."""
        whole = flows.dpm_solver(self.process, score_at, 2, prediction=prediction)(x, t, s)
        if convention(port, "singlestep_rule", "midpoint") == "midpoint":
            return whole
        first = flows.exponential(self.process, score_at)(x, t, s)
        z = self.process.log_snr(s) - self.process.log_snr(t)
        z = z if prediction == "noise" else -z
        return first + 2 * (1 / z - 1 / np.expm1(z)) * (whole - first)

    def flow_midpoint_step(self, score_at, x, t, s):
        """The midpoint step of the flow."""
        return flows.flow_matching(self.process, score_at, "midpoint")(x, t, s)

    def sde_dpm_step(self, score_at, x, t, s, noise=None, *, rng=None):
        """SDE-DPM-Solver++ 1."""
        step = flows.sde_dpm_multistep(self.process, score_at, 1)
        return step(x, t, s, _drawn(noise, rng, np.shape(x)))

    def sde_dpm_2_step(self, score_at, x, t, s, noise=None, *, rng=None):
        """SDE-DPM-Solver++ 2S."""
        step = flows.sde_dpm_solver(self.process, score_at)
        return step(x, t, s, _drawn(noise, rng, (2, *np.shape(x))))

    def dpm_multistep_sample(self, score_at, x_T, times):
        """DPM-Solver++ 2M."""
        return flows.sample(self._multistep("dpm_multistep_sample", score_at, 2), x_T, times)

    def dpm_multistep_3_sample(self, score_at, x_T, times):
        """DPM-Solver++ 3M."""
        return flows.sample(self._multistep("dpm_multistep_3_sample", score_at, 3), x_T, times)

    def _multistep(self, port, score_at, order):
        """The published rule, or the integrated one where that is declared."""
        if convention(port, "multistep_rule", "midpoint") == "midpoint":
            return flows.dpm_multistep(self.process, score_at, order)
        return flows.exponential_multistep(self.process, score_at, order)

    def exponential_multistep_sample(self, score_at, x_T, times, order):
        """Exponential Adams-Bashforth."""
        step = flows.exponential_multistep(self.process, score_at, order)
        return flows.sample(step, x_T, times)

    def sde_dpm_multistep_sample(self, score_at, x_T, times, noise=None, *, rng=None):
        """SDE-DPM-Solver++ 2M."""
        rule = convention("sde_dpm_multistep_sample", "multistep_rule", "midpoint")
        rule = "published" if rule == "midpoint" else "exact"
        step = flows.sde_dpm_multistep(self.process, score_at, 2, rule=rule)
        return flows.sample(step, x_T, times, noise=noise, rng=rng)

    def lms_sample(self, score_at, x_T, times, order):
        """Adams-Bashforth in σ/α."""
        return flows.sample(flows.adams_bashforth(self.process, score_at, order), x_T, times)

    def deis_sample(self, score_at, x_T, times, order):
        """Adams-Bashforth in time."""
        step = flows.adams_bashforth(self.process, score_at, order, variable="time")
        return flows.sample(step, x_T, times)

    def plms_sample(self, score_at, x_T, times):
        """Pseudo linear multistep."""
        return flows.sample(flows.plms(self.process, score_at), x_T, times)


_OWN = Exponential(PROCESS)
deis_sample = _OWN.deis_sample
dpm_multistep_3_sample = _OWN.dpm_multistep_3_sample
dpm_multistep_sample = _OWN.dpm_multistep_sample
dpm_solver_2_step = _OWN.dpm_solver_2_step
dpm_solver_3_step = _OWN.dpm_solver_3_step
dpm_solver_data_2_step = _OWN.dpm_solver_data_2_step
edm_step = _OWN.edm_step
exponential_multistep_sample = _OWN.exponential_multistep_sample
exponential_step = _OWN.exponential_step
flow_midpoint_step = _OWN.flow_midpoint_step
heun_step = _OWN.heun_step
lms_sample = _OWN.lms_sample
plms_sample = _OWN.plms_sample
sde_dpm_multistep_sample = _OWN.sde_dpm_multistep_sample
sde_dpm_2_step = _OWN.sde_dpm_2_step
sde_dpm_step = _OWN.sde_dpm_step


def _drawn(noise, rng, shape):
    return np.random.default_rng(rng).standard_normal(shape) if noise is None else noise
