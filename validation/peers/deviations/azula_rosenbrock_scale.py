"""azula: REABSampler is of order 1 whatever its order; its integral is scaled by the old level.

sample.py of 0.11.1, REABSampler.__call__ has `torch.sqrt(alpha_s**2 + sigma_t**2) * integral`; its
own page has √(1 + e^{2s}), that is √(α_s² + σ_s²). Where f is constant one step is exact by that
page: x = 1, f = 1, from level 1 to level 1/2 with α = 1.
"""

from types import SimpleNamespace

import numpy as np
import torch
from azula.sample import REABSampler


class Denoiser:
    """E[X | x] as a function of (x, level); times are levels, α = 1."""

    def __init__(self, mean):
        self.mean = mean

    def schedule(self, t):
        return torch.ones_like(t), t

    def __call__(self, x, t):
        return SimpleNamespace(mean=self.mean(x, t))


def run(mean, x, start, stop, steps, order):
    sampler = REABSampler(Denoiser(mean), order=order, start=start, stop=stop, steps=steps,
                          silent=True, dtype=torch.float64)  # fmt: skip
    return sampler(torch.tensor([x], dtype=torch.float64)).item()


def mean(x, s):
    """The denoiser whose f = ((1 - a) x - D) / b, a = s²/(1 + s²) = b², is 1."""
    return x / (1 + s**2) - s / (1 + s**2) ** 0.5


a, b = 1.0, 0.5
closed = np.sqrt((1 + b**2) / (1 + a**2)) + np.sqrt(1 + b**2) * (np.arctan(b) - np.arctan(a))
x, n = 1.0, 2000
for k in range(n):  # the midpoint rule for dx/ds = (x - D)/s
    s, h = a + (b - a) * k / n, (b - a) / n
    y = x + h / 2 * (x - mean(x, s)) / s
    x = x + h * (y - mean(y, s + h / 2)) / (s + h / 2)
print(f"library      {run(mean, 1.0, a, b, 1, 1):.6f}")
print(f"closed form  {closed:.6f}")
print(f"midpoint     {x:.6f}   (2,000 steps of the flow)")


def gaussian(x, s):
    return 0.25 * x / (0.25 + s**2)


exact = np.sqrt((0.25 + 0.05**2) / (0.25 + 1))
for order in (1, 2, 3):
    errors = [abs(run(gaussian, 1.0, 1.0, 0.05, n, order) - exact) for n in (64, 128, 256)]
    print(
        f"errors on N(0, 1/4), order={order}, 64, 128, 256 steps: "
        + ", ".join(f"{e:.1e}" for e in errors)
    )
