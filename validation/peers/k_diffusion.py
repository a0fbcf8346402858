"""k-diffusion: its preconditioned denoiser's losses in three weightings, and its noise levels.

On a denoiser D the loss is w(sigma) |D - x|^2 / c_out^2: w = 1 ("karras") is EDM's weight,
"snr" makes it 1 / sigma^2, "soft-min-snr" 1 / (sigma^2 + sigma_data^2).
"""

from __future__ import annotations

import math
from importlib.metadata import version as version_of
from types import SimpleNamespace
from unittest import mock

import torch
import torchdiffeq

from refscore.verify import replay
from validation.peers.levels import noisy_sampler, noisy_step, sampler, step
from validation.peers.stand_ins import modules
from validation.samplers import k_diffusion as sampling

UNUSED = ("torchvision", "torchvision.transforms", "dctorch", "torchdiffeq", "torchsde", "PIL")
layers, utils = modules("k_diffusion", ("layers", "utils"), (*UNUSED, "safetensors"))
(likelihood,) = modules(
    "k_diffusion", ("sampling",), (*UNUSED[:3], "torchsde", "PIL", "safetensors")
)
VERSION = version_of("k-diffusion")


def denoiser(score, sigma_data, kind, weighting):
    """A k-diffusion denoiser whose D is y + sigma^2 s(y, sigma)."""

    def inner(scaled, sigma):
        s = utils.append_dims(sigma, scaled.ndim)
        c_skip, c_out, c_in = made.get_scalings(s)
        y = scaled / c_in
        return (y + s**2 * score(y, sigma) - c_skip * y) / c_out

    made = kind(inner, sigma_data, weighting)
    return made


class Losses:
    """A loss on the score; what remains of its weighting is taken out of it by `to_squared`."""

    framework, version = "torch", VERSION
    conventions = {"half": False, "dimensions": "mean", "denoising_loss.sigma_power": 2}

    def __init__(self, name, weighting="snr", kind=layers.Denoiser, to_squared=lambda s, d: 1.0):
        self.name, self._weighting, self._kind = f"k-diffusion, {name}", weighting, kind
        self._to_squared = to_squared

    def ladder_loss(self, family, x, levels, sigmas, noise, sigma_data=0.7):
        sigma = sigmas[levels]
        loss = denoiser(family, sigma_data, self._kind, self._weighting).loss(x, noise, sigma)
        return loss * self._to_squared(sigma, sigma_data)

    def denoising_loss(self, field, x, sigma, noise):
        levels, sigmas = torch.zeros(len(x), dtype=torch.long), x.new_tensor([sigma])
        return self.ladder_loss(lambda y, _: field(y), x, levels, sigmas, noise)


class Preconditioning:
    """The weight on |D - x|^2 = 1, the scalings (c_noise stands in its models), the levels."""

    name, framework, version = "k-diffusion, preconditioning", "torch", VERSION
    expected_failures = {"log_normal_levels": "u is kept within [1e-7, 1 - 1e-7] before Phi^-1"}

    def edm_weight(self, sigmas, sigma_data):
        def inner(scaled, sigma):
            return 1 / denoiser.get_scalings(sigma)[1][:, None]

        denoiser, zero = layers.Denoiser(inner, sigma_data), torch.zeros_like(sigmas)[:, None]
        return denoiser.loss(zero, zero, sigmas)

    def edm_preconditioning(self, sigmas, sigma_data):
        return (*layers.Denoiser(None, sigma_data).get_scalings(sigmas), sigmas.log() / 4)

    def edm_sigmas(self, normals, p_mean, p_std):
        with replay(torch.special.ndtr(normals), kind="uniform"):
            return utils.rand_log_normal(normals.shape, p_mean, p_std, dtype=normals.dtype)

    def log_uniform_sigmas(self, uniforms, sigma_min, sigma_max):
        u = torch.as_tensor(uniforms, dtype=torch.float64)
        with replay(u, kind="uniform"):
            return utils.rand_log_uniform(u.shape, sigma_min, sigma_max, dtype=u.dtype)


SAMPLERS = SimpleNamespace(
    name="k-diffusion, samplers", framework="torch", version=VERSION,
    exponential_step=step(sampling.run("sample_euler")),
    heun_step=step(sampling.run("sample_heun")),
    dpm_solver_data_2_step=step(sampling.run("sample_dpmpp_2s_ancestral", eta=0.0)),
    ancestral_step=noisy_step(sampling.run("sample_euler_ancestral")),
    sde_dpm_step=noisy_step(sampling.run("sample_dpmpp_2m_sde", tree=True)),
    dpm_multistep_sample=sampler(sampling.run("sample_dpmpp_2m")),
    sde_dpm_multistep_sample=noisy_sampler(sampling.run("sample_dpmpp_2m_sde", tree=True)),
    ddim_step=lambda score_at, x, t, s, eta, noise: noisy_step(
        sampling.run("sample_euler_ancestral", eta=eta))(score_at, x, t, s, noise),
    karras_sigmas=lambda n_levels, sigma_min, sigma_max, rho: sampling.sampling.get_sigmas_karras(
        n_levels, sigma_min, sigma_max, rho)[:-1],
    lms_sample=lambda score_at, x_T, times, order: sampler(
        sampling.run("sample_lms", order=int(order)))(score_at, x_T, times),
)  # fmt: skip


def log_likelihood(score_at, x, probes):
    """`log_likelihood` of X + s Z, the mean over probes, each of which stands for its coins.

    Point by point: its solver chooses its steps for a whole batch.
    """

    def model(y, level):
        s = level[0].clamp(max=LEVELS[1])  # the solver looks beyond the end for its first step
        t = torch.log1p((s / 0.01) ** 2) / (2 * math.log(500 / 0.01))
        return y + s**2 * score_at(y, t)

    def solve(f, y, t, **options):
        return torchdiffeq.odeint(f, y, t, options={"step_t": t[1:]}, **options)

    def one(point, v):
        coins = mock.patch.object(torch, "randint_like", return_value=(v + 1) / 2)
        with coins, mock.patch.object(likelihood, "odeint", solve):
            rows = point.expand(len(v), -1)
            return likelihood.log_likelihood(model, rows, *LEVELS, atol=1e-6, rtol=1e-6)[0].mean()

    return torch.stack([one(point, v) for point, v in zip(x, probes)])


LEVELS = 1e-4, (500**2 - 0.01**2) ** 0.5
LIKELIHOOD = SimpleNamespace(
    name="k-diffusion, likelihood", framework="torch", version=VERSION,
    process={"kind": "ve", "sigma_min": 0.01, "sigma_max": 500.0, "exact": True},
    log_likelihood=log_likelihood,
)  # fmt: skip


def planted(denoise, x, levels):
    """sample_heun whose slope is divided by σ² instead of σ."""
    wrong = mock.patch.object(
        sampling.sampling, "to_d", lambda x, sigma, denoised: (x - denoised) / sigma**2
    )
    with wrong:
        return sampling.run("sample_heun")(denoise, x, levels)


PLANTED = SimpleNamespace(
    name="k-diffusion, planted: the slope is divided by the variance", framework="torch",
    version=VERSION, heun_step=step(planted),
    expected_failures=dict.fromkeys(("heun_step_value", "heun_step_order"), "planted"),
)  # fmt: skip

SUBJECTS = [
    Losses("SNR weighting"),
    Losses("simple loss", kind=layers.SimpleLossDenoiser),
    Losses("EDM weighting", "karras", to_squared=lambda s, d: d**2 / (s**2 + d**2)),
    Losses("soft-min-SNR", "soft-min-snr", to_squared=lambda s, d: (s**2 + d**2) / s**2),
    Preconditioning(),
    LIKELIHOOD,
    SAMPLERS,
    PLANTED,
]
