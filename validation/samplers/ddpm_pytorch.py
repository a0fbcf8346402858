"""denoising-diffusion-pytorch's samplers, data scaled down so that no clamp to [-1, 1] acts."""

from __future__ import annotations

from importlib.metadata import version
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch

from validation.peers.stand_ins import modules
from validation.samplers import references as r
from validation.samplers import stochastic_references as q
from validation.samplers.measure import Sampler

UNUSED = ("torchvision", "PIL", "ema_pytorch", "accelerate")
_NAMES = ("denoising_diffusion_pytorch", "elucidated_diffusion",
          "continuous_time_gaussian_diffusion",
          "v_param_continuous_time_gaussian_diffusion")  # fmt: skip
gaussian, elucidated, continuous, velocity = modules("denoising_diffusion_pytorch", _NAMES, UNUSED)
LIBRARY = f"denoising-diffusion-pytorch {version('denoising-diffusion-pytorch')}"
SMALL = 2.0**-10


def karras(name):
    """`sample` and `sample_using_dpmpp` of ElucidatedDiffusion, their start drawn first."""

    def sample(denoise, x, levels):
        at = torch.from_numpy(levels * SMALL)
        own = SimpleNamespace(
            channels=x.shape[1], image_size=1, device="cpu", num_sample_steps=len(levels) - 1,
            S_tmin=0.0, S_tmax=1e9, S_churn=0.0, S_noise=1.0, self_condition=False,
            sample_schedule=lambda n: at,
            preconditioned_network_forward=lambda y, s, *_, **__: SMALL * denoise(
                y.flatten(1) / SMALL, float(s) / SMALL)[..., None, None],
        )  # fmt: skip
        inner, first = torch.randn, iter([x / levels[0]])

        def randn(shape, device=None):
            given = next(first, None)
            given = inner(tuple(shape)[:2], dtype=x.dtype) if given is None else given
            return given[..., None, None]

        with mock.patch.object(torch, "randn", randn):
            out = getattr(elucidated.ElucidatedDiffusion, name)(own, len(x))
        return (2 * out.flatten(1) - 1) / SMALL

    return sample


def discrete(denoise, x, levels):
    """GaussianDiffusion.p_sample with a table of betas through the levels."""
    kept = torch.from_numpy(1 / (1 + (levels * SMALL)[::-1] ** 2))
    betas = 1 - kept / torch.cat([kept.new_ones(1), kept[:-1]])
    model = mock.MagicMock(channels=1, out_dim=1, self_condition=False,
                           random_or_learned_sinusoidal_cond=False)  # fmt: skip
    with mock.patch.object(gaussian, "linear_beta_schedule", return_value=betas):
        made = gaussian.GaussianDiffusion(
            model, image_size=1, timesteps=len(levels), beta_schedule="linear",
            objective="pred_x0",
        )  # fmt: skip
    scale = torch.from_numpy(SMALL / np.sqrt(1 + (levels * SMALL) ** 2))
    x = (x * scale[0])[..., None, None]
    for k in range(len(levels) - 1):
        made.model = lambda y, *_, k=k: SMALL * denoise(
            y.flatten(1).double() / scale[k], levels[k])[..., None, None]  # fmt: skip
        x = made.double().p_sample(x, len(levels) - 1 - k)[0]
    return x.flatten(1) / scale[-1]


def in_time(cls, predicts_velocity):
    def sample(denoise, x, levels):
        levels = levels * SMALL
        times = torch.arange(1.0, len(levels) + 1)
        log_snr = {float(t): torch.tensor(-2 * np.log(s)) for t, s in zip(times, levels)}
        scale = 1 / np.sqrt(1 + levels**2)

        def model(y, told):
            s = float(torch.exp(-told[0] / 2))
            alpha, D = (1 + s**2) ** -0.5, None
            D = SMALL * denoise(y / alpha / SMALL, s / SMALL)
            eps = (y / alpha - D) / s
            return alpha * eps - alpha * s * D if predicts_velocity else eps

        own = SimpleNamespace(
            log_snr=lambda t: log_snr[float(t)], model=model, clip_sample_denoised=False
        )
        own.p_mean_variance = lambda **options: cls.p_mean_variance(own, **options)
        x = x * SMALL * scale[0]
        for t, following in zip(times, times[1:]):
            x = cls.p_sample(own, x, t, following)
        return x / scale[-1] / SMALL

    return sample


CONTINUOUS = continuous.ContinuousTimeGaussianDiffusion
V = velocity.VParamContinuousTimeGaussianDiffusion
SAMPLERS = [
    Sampler(LIBRARY, "GaussianDiffusion.p_sample", discrete, 1, "Ho et al. 2020", q.ancestral,
            floor=3e-5),
    Sampler(LIBRARY, "ContinuousTime.p_sample", in_time(CONTINUOUS, False), 1, "Kingma et al. 2021",
            q.ancestral, floor=3e-5),
    Sampler(LIBRARY, "VParamContinuousTime.p_sample", in_time(V, True), 1, "Salimans and Ho 2022",
            q.ancestral, floor=3e-5),
    Sampler(LIBRARY, "Elucidated.sample", karras("sample"), 2, "Karras et al. 2022", r.heun),
    Sampler(LIBRARY, "Elucidated.sample_using_dpmpp", karras("sample_using_dpmpp"), 2,
            "Lu et al. 2022b", r.dpm_solver_pp_2m, one_step=False),
]  # fmt: skip
