"""Solvers of flows: flow_matching on straight paths, torchdyn and score-models on log levels."""

from __future__ import annotations

from importlib.metadata import version
from types import SimpleNamespace

import numpy as np
import torch
from flow_matching.solver import ODESolver

from validation.peers.stand_ins import modules
from validation.samplers import references as r
from validation.samplers import stochastic_references as q
from validation.samplers.measure import Sampler

(heun,) = modules("score_models", ("ode.heun",), ("score_models.utils",))
NOT_USED = ("score_models.utils", "score_models.architectures", "h5py", "torch_ema")
(score_model,) = modules("score_models", ("score_model",), NOT_USED)
(odeint,) = modules("torchdyn", ("numerics.odeint",), ("torchcde",))


def straight(method):
    """flow_matching's ODESolver in its time 1 - t, x = (1 - t) X + t Z, t = s / (1 + s)."""

    def sample(denoise, x, levels):
        t = levels / (1 + levels)

        def velocity(x, t, **_):
            back = 1 - float(t)
            D = denoise(x / (1 - back), back / (1 - back))
            return D - (x - (1 - back) * D) / back

        solver = ODESolver(velocity_model=velocity)
        grid = torch.from_numpy(1 - t)
        return solver.sample((1 - t[0]) * x, None, method, time_grid=grid) / (1 - t[-1])

    return sample


def in_log(denoise, x, levels):
    """score-models' Heun in time log s."""

    def drift(t, y):
        return y - denoise(y, float(torch.exp(t[0])))

    return heun.heun(x, drift, len(levels) - 1, t0=np.log(levels[0]), t1=np.log(levels[-1]))


def score_models_sde(denoise, x, levels):
    """ScoreModel.sample on an SDE of X + s Z whose time is even in log s, 0 the end."""
    rate, start = float(np.log(levels[0] / levels[-1])), levels[0]

    def level(t):
        return float(start * torch.exp((t[0] - 1) * rate))

    process = SimpleNamespace(
        T=1.0, epsilon=0.0, sigma=lambda t: t, drift=lambda t, y: torch.zeros_like(y),
        diffusion=lambda t, y: (2 * rate) ** 0.5 * level(t) * torch.ones_like(y),
        prior=lambda _: SimpleNamespace(sample=lambda _: x),
    )  # fmt: skip
    own = SimpleNamespace(
        sde=process, device="cpu", score=lambda t, y: (denoise(y, level(t)) - y) / level(t) ** 2
    )
    return score_model.ScoreModel.sample(own, x.shape, len(levels) - 1)


def torchdyn(method):
    def sample(denoise, x, levels):
        def slope(t, y, args=None):
            return denoise(y, levels[0] * float(torch.exp(-t))) - y

        u = torch.from_numpy(np.log(levels[0] / levels))
        return odeint.odeint(slope, x, u, method)[1][-1]

    return sample


SCORE_MODELS = f"score-models {version('score-models')}"
LATE = "`score_models_late_times`; the last noise is left out"
META, DYN = f"flow_matching {version('flow_matching')}", f"torchdyn {version('torchdyn')}"
SAMPLERS = [
    Sampler(META, "ODESolver, euler", straight("euler"), 1, "torchdiffeq", r.ddim),
    Sampler(META, "ODESolver, midpoint", straight("midpoint"), 2, "torchdiffeq"),
    Sampler(META, "ODESolver, heun2", straight("heun2"), 2, "torchdiffeq", r.flow_heun),
    Sampler(META, "ODESolver, rk4", straight("rk4"), 4, "torchdiffeq"),
    Sampler(DYN, "odeint, euler", torchdyn("euler"), 1, "its name", r.euler_in_log),
    Sampler(DYN, "odeint, midpoint", torchdyn("midpoint"), 2, "its name"),
    Sampler(DYN, "odeint, rk4", torchdyn("rk4"), 4, "its name",
            note="`torchdyn_rk4_times`"),
    Sampler(SCORE_MODELS, "ScoreModel.sample", score_models_sde, 1, "Euler-Maruyama",
            q.euler_maruyama_in_log, one_step=False, alternating=False, note=LATE),
    Sampler(SCORE_MODELS, "ode.heun", in_log, 2, "its docstring",
            r.heun_in_log, floor=1e-5, alternating=False),
]  # fmt: skip
