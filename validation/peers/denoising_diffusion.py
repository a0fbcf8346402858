"""denoising-diffusion-pytorch: EDM's formulas; min-SNR weights; tables; samplers."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace
from unittest import mock

import torch

from refscore.verify import NotOffered, replay
from validation.peers.levels import above_zero, noisy_step, sampler, step
from validation.peers.stand_ins import modules
from validation.samplers import ddpm_pytorch as sampling

UNUSED = ("torchvision", "PIL", "ema_pytorch", "accelerate")
_NAMES = ("denoising_diffusion_pytorch", "elucidated_diffusion")
gaussian, elucidated = modules("denoising_diffusion_pytorch", _NAMES, UNUSED)
VERSION = version_of("denoising-diffusion-pytorch")
Elucidated = elucidated.ElucidatedDiffusion


class EDM:
    """ElucidatedDiffusion's own formulas."""

    name, framework, version = "denoising-diffusion-pytorch, EDM", "torch", VERSION

    def edm_weight(self, sigmas, sigma_data):
        return Elucidated.loss_weight(SimpleNamespace(sigma_data=sigma_data), sigmas)

    def edm_preconditioning(self, sigmas, sigma_data):
        own = SimpleNamespace(sigma_data=sigma_data)
        formulas = (Elucidated.c_skip, Elucidated.c_out, Elucidated.c_in, Elucidated.c_noise)
        return tuple(formula(own, sigmas) for formula in formulas)

    def edm_sigmas(self, normals, p_mean, p_std):
        own = SimpleNamespace(P_mean=p_mean, P_std=p_std, device="cpu")
        with replay(normals):
            return Elucidated.noise_distribution(own, len(normals))


class Tables:
    """Its own tables of betas, in float64; its sigmoid is another."""

    name, framework, version = "denoising-diffusion-pytorch, tables", "torch", VERSION

    def discrete_schedule(self, name, n_steps):
        made = {"linear": gaussian.linear_beta_schedule, "cosine": gaussian.cosine_beta_schedule}
        if name not in made:
            raise NotOffered("it has linear and cosine tables")
        betas = made[name](n_steps)
        return betas, torch.cumprod(1 - betas, dim=0)


def karras_sigmas(n_levels, sigma_min, sigma_max, rho):
    own = SimpleNamespace(num_sample_steps=n_levels, rho=rho, device="cpu",
                          sigma_min=sigma_min, sigma_max=sigma_max)  # fmt: skip
    return Elucidated.sample_schedule(own)[:-1].double()


LEVELS = SimpleNamespace(
    name="denoising-diffusion-pytorch, levels", framework="torch", dtype="float32",
    version=VERSION, karras_sigmas=karras_sigmas,
)  # fmt: skip
STEPS = SimpleNamespace(
    name="denoising-diffusion-pytorch, samplers", framework="torch", version=VERSION,
    ancestral_step=noisy_step(above_zero(sampling.in_time(sampling.CONTINUOUS, False))),
    heun_step=step(sampling.karras("sample")),
    dpm_multistep_sample=sampler(sampling.karras("sample_using_dpmpp")),
)  # fmt: skip


class MinSNR:
    """GaussianDiffusion's min-SNR weights, kept in float32, of a schedule with these SNRs."""

    name, framework, version = "denoising-diffusion-pytorch, min-SNR", "torch", VERSION
    dtype = "float32"
    _OBJECTIVES = {"noise": "pred_noise", "velocity": "pred_v", "data": "pred_x0"}

    def min_snr_weight(self, snr, gamma, prediction):
        falling = snr.double().sort(descending=True)
        kept = falling.values / (1 + falling.values)
        betas = 1 - kept / torch.cat([kept.new_ones(1), kept[:-1]])
        model = mock.MagicMock(channels=1, out_dim=1, self_condition=False,
                               random_or_learned_sinusoidal_cond=False)  # fmt: skip
        with mock.patch.object(gaussian, "linear_beta_schedule", return_value=betas):
            made = gaussian.GaussianDiffusion(
                model, image_size=1, timesteps=len(snr), beta_schedule="linear",
                objective=self._OBJECTIVES[prediction], min_snr_loss_weight=True,
                min_snr_gamma=gamma,
            )  # fmt: skip
        return made.loss_weight[falling.indices.argsort()]


SUBJECTS = [EDM(), MinSNR(), Tables(), LEVELS, STEPS]
