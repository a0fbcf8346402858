"""deepinv's solvers on its reverse SDE of X + t Z."""

from __future__ import annotations

from importlib.metadata import version
from types import SimpleNamespace

import torch

from validation.peers.stand_ins import modules
from validation.samplers import references as r
from validation.samplers import stochastic_references as q
from validation.samplers.measure import Sampler

(deepinv,) = modules("deepinv", ("sampling.sde_solver",), ())
LIBRARY = f"deepinv {version('deepinv')}"


def reverse(denoise, stochastic):
    """deepinv's reverse SDE of X + t Z: drift (1 + a) t score, diffusion √(2 a t)."""

    def score(x, t, *_):
        return (denoise(x, float(t)) - x) / t**2

    return SimpleNamespace(
        device="cpu", dtype=torch.float64, alpha=lambda t: stochastic, score=score,
        sigma_t=lambda t: t, scale_t=lambda t: torch.ones_like(t),
        discretize=lambda x, t: ((1 + stochastic) * t * score(x, t), (2 * stochastic * t) ** 0.5),
    )  # fmt: skip


def solver(name, stochastic, **options):
    def sample(denoise, x, levels):
        made = getattr(deepinv, name)(timesteps=torch.from_numpy(levels), **options)
        made.randn_like = lambda y, seed=None: torch.randn_like(y)
        return made.sample(reverse(denoise, stochastic), x).sample

    return sample


EM, KARRAS = "its page: first order", "its page: second order"
SAMPLERS = [
    Sampler(LIBRARY, "EulerSolver, alpha=1", solver("EulerSolver", 1.0), 1, EM,
            q.euler_maruyama_in_level),
    Sampler(LIBRARY, "EulerSolver, alpha=0", solver("EulerSolver", 0.0), 1, EM, r.ddim),
    Sampler(LIBRARY, "HeunSolver, alpha=1", solver("HeunSolver", 1.0), 2, KARRAS),
    Sampler(LIBRARY, "HeunSolver, alpha=0", solver("HeunSolver", 0.0), 2, KARRAS, r.heun),
    Sampler(LIBRARY, "DDPMSolver", solver("DDPMSolver", 1.0), 1, "Ho et al. 2020", q.ancestral),
    Sampler(LIBRARY, "DDPMSolver, variance=large", solver("DDPMSolver", 1.0, variance="large"), 1,
            "Ho et al. 2020"),
    Sampler(LIBRARY, "DDIMSolver", solver("DDIMSolver", 1.0), 1, "Song et al. 2021a", r.ddim),
    Sampler(LIBRARY, "AncestralSolver, alpha=0.5", solver("AncestralSolver", 0.5), None, ""),
]  # fmt: skip
