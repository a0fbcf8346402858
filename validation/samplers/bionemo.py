"""bionemo-moco's variational diffusion model, on a schedule through any levels."""

from __future__ import annotations

from importlib.metadata import version
from types import SimpleNamespace

import numpy as np
import torch

from validation.peers.stand_ins import modules
from validation.samplers import references as r
from validation.samplers import stochastic_references as q
from validation.samplers.measure import Sampler

(vdm,) = modules("bionemo", ("moco.interpolants.continuous_time.continuous.vdm",), ())
LIBRARY = f"bionemo-moco {version('bionemo-moco')}"


def run(name, prediction="data", **options):
    """Its times are places in the list of levels, n the first and 0 the last."""

    def sample(denoise, x, levels):
        n = len(levels) - 1
        at = torch.from_numpy(levels)
        model = vdm.VDM.__new__(vdm.VDM)
        model.prediction_type, model.device = vdm.PredictionType(prediction), "cpu"
        model.noise_schedule = SimpleNamespace(
            calculate_log_snr=lambda t, device: -2 * at[n - t.round().long()].log(),
            log_snr_to_alphas_sigmas=lambda s: (s.sigmoid().sqrt(), (-s).sigmoid().sqrt()),
        )
        alpha, one = 1 / np.sqrt(1 + levels**2), torch.ones(len(x), dtype=x.dtype)
        x = alpha[0] * x
        for k in range(n):
            D = denoise(x / alpha[k], levels[k])
            eps = (x / alpha[k] - D) / levels[k]
            told = {"data": D, "noise": eps, "velocity": alpha[k] * (eps - levels[k] * D)}
            x = getattr(model, name)(told[prediction], (n - k) * one, x, one, **options)
        return x / alpha[-1]

    return sample


def entry(label, reference, *arguments, **options):
    return Sampler(LIBRARY, label, run(*arguments, **options), 1, "DDPM, DDIM", reference)


SAMPLERS = [
    entry("VDM.step", q.ancestral, "step"),
    entry("VDM.step, velocity", q.ancestral, "step", "velocity"),
    entry("VDM.step_ddim", r.ddim, "step_ddim"),
    entry("VDM.step_ddim, noise", r.ddim, "step_ddim", "noise"),
    entry("VDM.step_ddim, eta=1", q.ancestral, "step_ddim", eta=1.0),
]
