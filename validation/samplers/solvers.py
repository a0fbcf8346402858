"""General solvers of differential equations on the flow and on the reverse SDE.

In u = log(s₀/s) of levels s falling from s₀: the flow dx/du = D - x, the reverse SDE
dx = 2 (D - x) du + √2 s dw, in x / α. Noise is additive, so Itô and Stratonovich agree.
"""

from __future__ import annotations

from importlib.metadata import version

import numpy as np
import torch
import torchdiffeq
import torchsde
from torchsde._brownian.brownian_base import BaseBrownian

from validation.samplers import references as r
from validation.samplers import stochastic_references as q
from validation.samplers.measure import Sampler


class Reverse(torch.nn.Module):
    """The reverse SDE for torchsde."""

    def __init__(self, denoise, start, kind, noise_type):
        super().__init__()
        self.sde_type, self.noise_type = kind, noise_type
        self._denoise, self._start = denoise, start

    def f(self, u, x):
        return 2 * (self._denoise(x, self._start * float(torch.exp(-u))) - x)

    def g(self, u, x):
        scale = 2**0.5 * self._start * torch.exp(-u) * torch.ones_like(x)
        return torch.diag_embed(scale) if self.noise_type == "additive" else scale


class Increments(BaseBrownian):
    """W over one step after another, with its integral U where the solver asks for it."""

    def __init__(self, x, area):
        self._x, self._area, self._seen = x, area, {}

    def __call__(self, a, b, return_U=False, return_A=False):
        key = (float(a), float(b))
        if key not in self._seen:
            h = key[1] - key[0]
            W, H = h**0.5 * torch.randn_like(self._x), 0.0
            if self._area != "none":
                H = (h / 12) ** 0.5 * torch.randn_like(self._x)
            self._seen[key] = W, h * (W / 2 + H)
        W, U = self._seen[key]
        return (W, U) if return_U else W

    def __repr__(self):
        return "Increments"

    levy_area_approximation = property(lambda self: self._area)
    dtype = property(lambda self: self._x.dtype)
    device = property(lambda self: self._x.device)
    shape = property(lambda self: self._x.shape)


def sde(method, kind="ito", area="none", noise="diagonal"):
    def sample(denoise, x, levels):
        end = float(np.log(levels[0] / levels[-1]))
        ts, step = torch.tensor([0.0, end], dtype=x.dtype), end / (len(levels) - 1)
        return torchsde.sdeint(
            Reverse(denoise, levels[0], kind, noise), x, ts, dt=step * (1 + 1e-13), method=method,
            bm=Increments(x, area),
        )[-1]  # fmt: skip

    return sample


def ode(method):
    def sample(denoise, x, levels):
        u = torch.from_numpy(np.log(levels[0] / levels))
        return torchdiffeq.odeint(
            lambda t, y: denoise(y, levels[0] * float(torch.exp(-t))) - y, x, u[[0, -1]],
            method=method, options={"grid_constructor": lambda f, y, t: u},
        )[-1]  # fmt: skip

    return sample


def odes(method, published, source="", **options):
    return Sampler(f"torchdiffeq {version('torchdiffeq')}", method, ode(method), published, source,
                   **options)  # fmt: skip


COUNTS = (16, 32, 64, 128)


def sdes(
    method, published, source, reference=None, one_step=True, counts=COUNTS, note="", **options
):
    name = ", ".join([method, *(v for v in options.values() if v != "space-time")])
    return Sampler(f"torchsde {version('torchsde')}", name, sde(method, **options), published,
                   source, reference, one_step, alternating=False,
                   counts=counts, note=note)  # fmt: skip


STRONG = "strong 1"
UNSTABLE = "unstable: absolutely stable on [-i, i] alone (Kidger et al. 2021)"
SAMPLERS = [
    odes("euler", 1, reference=r.euler_in_log),
    odes("midpoint", 2),
    odes("heun2", 2, reference=r.heun_in_log),
    odes("heun3", 3),
    odes("rk4", 4),
    sdes("euler", 1, STRONG, q.euler_maruyama_in_log),
    sdes("milstein", 1, STRONG, q.euler_maruyama_in_log),
    sdes("srk", 1, "strong 1.5", area="space-time", noise="additive"),
    sdes("heun", 1, STRONG, kind="stratonovich"),
    sdes("midpoint", 1, STRONG, kind="stratonovich"),
    sdes("euler_heun", 1, STRONG, kind="stratonovich"),
    sdes("reversible_heun", 1, STRONG, None, False, kind="stratonovich",
         counts=(64, 128, 256, 512), note=UNSTABLE),
]  # fmt: skip
