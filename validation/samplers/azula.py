"""azula's samplers, variance preserving, on a schedule through any levels."""

from __future__ import annotations

from importlib.metadata import version
from types import SimpleNamespace

import azula.sample
import numpy as np
import torch

from validation.samplers import references as r
from validation.samplers import stochastic_references as q
from validation.samplers.measure import Sampler

LIBRARY = f"azula {version('azula')}"


class Exact:
    """azula's denoiser, its times being places in the list of levels: 1 the first, 0 the last."""

    def __init__(self, denoise, levels):
        self._denoise, self._levels = denoise, torch.from_numpy(levels)

    def level(self, t):
        return self._levels[((1 - t) * (len(self._levels) - 1)).round().long()]

    def schedule(self, t):
        s = self.level(t)
        alpha = (1 + s**2) ** -0.5
        return alpha, alpha * s

    def __call__(self, x, t):
        s = self.level(t)
        return SimpleNamespace(mean=self._denoise(x * (1 + s**2) ** 0.5, s))


def run(name, **options):
    def sample(denoise, x, levels):
        kind, n = getattr(azula.sample, name), len(levels) - 1
        sampler = kind(Exact(denoise, levels), steps=n, silent=True, dtype=torch.float64, **options)
        return sampler(x / np.sqrt(1 + levels[0] ** 2)) * np.sqrt(1 + levels[-1] ** 2)

    return sample


def entry(name, published, source, reference=None, one_step=True, **options):
    label = name + "".join(f", {k}={v}" for k, v in options.items())
    measured = {"note": NOTES.get(name, "")}
    if options.get("order") == 3:
        measured["counts"] = (32, 64, 128, 256)
    return Sampler(
        LIBRARY, label, run(name, **options), published, source, reference, one_step, **measured
    )


NOTES = {"REABSampler": "`azula_rosenbrock_scale`"}


SAMPLERS = [
    entry("DDPMSampler", 1, "Ho et al. 2020", q.ancestral),
    entry("DDIMSampler", 1, "Song et al. 2021a", r.ddim),
    entry("EulerSampler", 1, "its page", r.ddim),
    entry("HeunSampler", 2, "its page", r.heun),
    entry("ItoSampler", 1, "", q.sde_dpm_solver_1),
    entry("ItoSampler", 1, "", r.ddim, eta=0.0),
    entry("zABSampler", 2, "its page", r.adams_bashforth(2), False),
    entry("zABSampler", 3, "its page", r.adams_bashforth(3), False, order=3),
    entry("vABSampler", 2, "its page", None, False),
    entry("vABSampler", 3, "its page", None, False, order=3),
    entry("zEABSampler", 2, "its page", r.adams_bashforth(2, np.log), False),
    entry("zEABSampler", 3, "its page", r.adams_bashforth(3, np.log), False, order=3),
    entry("xEABSampler", 2, "its page", r.adams_bashforth_data(2), False),
    entry("xEABSampler", 3, "its page", r.adams_bashforth_data(3), False, order=3),
    entry("REABSampler", 2, "its page", r.rosenbrock_adams_bashforth(2), False),
    entry("REABSampler", 3, "its page", r.rosenbrock_adams_bashforth(3), False, order=3),
    entry("PCSampler", None, "", None),
]
