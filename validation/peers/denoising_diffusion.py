"""denoising-diffusion-pytorch: EDM's weights, preconditioning and levels; min-SNR weights."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace
from unittest import mock

import torch

from refscore.verify import replay
from validation.peers.stand_ins import modules

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


SUBJECTS = [EDM(), MinSNR()]
