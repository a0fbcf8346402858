"""smalldiffusion's `samples`, which is Euler, DDPM or accelerated by its gam and mu."""

from __future__ import annotations

from importlib.metadata import version
from types import SimpleNamespace

import torch

from validation.peers.stand_ins import modules
from validation.samplers import references as r
from validation.samplers import stochastic_references as q
from validation.samplers.measure import Sampler

(diffusion,) = modules("smalldiffusion", ("diffusion",), ("accelerate",))
LIBRARY = f"smalldiffusion {version('smalldiffusion')}"


def run(**options):
    def sample(denoise, x, levels):
        model = SimpleNamespace(
            eval=lambda: None,
            rand_input=lambda n: torch.randn(n, x.shape[1], dtype=x.dtype),
            predict_eps_cfg=lambda y, s, cond, scale: (y - denoise(y, s)) / s,
        )
        device = SimpleNamespace(device="cpu")
        steps = diffusion.samples(
            model, torch.from_numpy(levels), xt=x, accelerator=device, **options
        )
        *_, last = steps
        return last

    return sample


SAMPLERS = [
    Sampler(LIBRARY, "samples, gam=1, mu=0", run(gam=1.0, mu=0.0), 1, "DDIM", r.ddim),
    Sampler(LIBRARY, "samples, gam=1, mu=0.5", run(gam=1.0, mu=0.5), 1, "DDPM", q.ancestral),
    Sampler(LIBRARY, "samples, gam=2, mu=0", run(gam=2.0, mu=0.0), None, "", one_step=False),
    Sampler(LIBRARY, "samples, gam=1.5, mu=0", run(gam=1.5, mu=0.0), None, "", one_step=False,
            alternating=False),
]  # fmt: skip
