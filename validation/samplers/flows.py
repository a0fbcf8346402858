"""Solvers of flows: flow_matching on straight paths, torchdyn and score-models on log levels."""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import torch
from flow_matching.solver import ODESolver

from validation.peers.stand_ins import modules
from validation.samplers import references as r
from validation.samplers.measure import Sampler

(heun,) = modules("score_models", ("ode.heun",), ("score_models.utils",))
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


def torchdyn(method):
    def sample(denoise, x, levels):
        def slope(t, y, args=None):
            return denoise(y, levels[0] * float(torch.exp(-t))) - y

        u = torch.from_numpy(np.log(levels[0] / levels))
        return odeint.odeint(slope, x, u, method)[1][-1]

    return sample


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
    Sampler(f"score-models {version('score-models')}", "ode.heun", in_log, 2, "its docstring",
            r.heun_in_log, floor=1e-5, alternating=False),
]  # fmt: skip
