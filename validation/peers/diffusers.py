"""diffusers: the SNR of its schedulers, clamped as its training scripts clamp it; its schedulers.

A scheduler works with tables in float32; the step to level 0 that ends its runs is left out.
"""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace
from unittest import mock

import diffusers
import torch
from diffusers.training_utils import compute_snr

from validation.peers.levels import above_zero, noisy_sampler, noisy_step, sampler, step
from validation.samplers import diffusers as sampling

VERSION = version_of("diffusers")


def min_snr_weight(snr, gamma, prediction):
    """`compute_snr` of a schedule with these SNRs; the weight as in its train_text_to_image.py."""
    kept = snr.double() / (1 + snr.double())
    found = compute_snr(SimpleNamespace(alphas_cumprod=kept), torch.arange(len(snr)))
    clamped = torch.stack([found, gamma * torch.ones_like(found)], dim=1).min(dim=1)[0]
    return clamped / {"noise": found, "velocity": found + 1, "data": 1}[prediction]


WEIGHT = SimpleNamespace(
    name="diffusers, min-SNR", framework="torch", dtype="float32", version=VERSION,
    min_snr_weight=min_snr_weight,
)  # fmt: skip


def multistep(order, kind="dpmsolver++", **options):
    made = sampling.run(
        diffusers.DPMSolverMultistepScheduler, **sampling.LAST, solver_order=order,
        algorithm_type=kind, **options,
    )  # fmt: skip
    return above_zero(made)


SCHEDULERS = SimpleNamespace(
    name="diffusers, schedulers", framework="torch", dtype="float32", version=VERSION,
    exponential_step=step(multistep(1)),
    heun_step=step(above_zero(
        sampling.run(diffusers.HeunDiscreteScheduler, 2, **sampling.SIGMA))),
    ancestral_step=noisy_step(above_zero(
        sampling.run(diffusers.DDPMScheduler, **sampling.PLAIN))),
    sde_dpm_step=noisy_step(multistep(1, "sde-dpmsolver++")),
    dpm_multistep_sample=sampler(multistep(2)),
    dpm_multistep_3_sample=sampler(multistep(3)),
    sde_dpm_multistep_sample=noisy_sampler(multistep(2, "sde-dpmsolver++")),
)  # fmt: skip


class Tables:
    """Named tables of betas, grids of whole timesteps, Karras's levels."""

    name, framework, dtype, version = "diffusers, tables", "torch", "float32", VERSION
    _NAMES = {"cosine": "squaredcos_cap_v2"}
    _ENDS = {"scaled_linear": (0.85, 12.0)}

    def discrete_schedule(self, name, n_steps):
        low, high = self._ENDS.get(name, (0.1, 20.0))
        made = diffusers.DDPMScheduler(
            n_steps, low / n_steps, high / n_steps, self._NAMES.get(name, name)
        )
        return made.betas, made.alphas_cumprod

    def integer_grid(self, n_train, n_steps, spacing):
        made = diffusers.DDIMScheduler(n_train, timestep_spacing=spacing)
        made.set_timesteps(n_steps)
        return made.timesteps

    def karras_sigmas(self, n_levels, sigma_min, sigma_max, rho):
        made = diffusers.EDMEulerScheduler(sigma_min, sigma_max, rho=rho)
        made.set_timesteps(n_levels)
        return made.sigmas[:-1]


def planted(denoise, x, levels):
    """DPM-Solver++ (2M) whose last prediction is never remembered anew."""
    kind = diffusers.DPMSolverMultistepScheduler
    second = kind.multistep_dpm_solver_second_order_update

    def wrong(self, outputs, **options):
        return second(self, [outputs[-1], outputs[-1]], **options)

    with mock.patch.object(kind, "multistep_dpm_solver_second_order_update", wrong):
        return multistep(2)(denoise, x, levels)


PLANTED = SimpleNamespace(
    name="diffusers, planted: 2M forgets its last prediction", framework="torch", dtype="float32",
    version=VERSION, dpm_multistep_sample=sampler(planted),
    expected_failures={"dpm_multistep_value": "planted"},
)  # fmt: skip
SUBJECTS = [WEIGHT, Tables(), SCHEDULERS, PLANTED]
