"""diffusers: sde-dpmsolver++ with solver_order=3 is of order 1, and diverges on uneven steps.

The weight of D2 in `multistep_dpm_solver_third_order_update` of 0.42.1 (and, for
solver_type="heun", in DPMSolverSinglestepScheduler) ends in "- 0.5" where it is to end in "+ 0.5":
(1 - e^{-2h} - 2h) / (2h)² tends to -1/2, so the weight tends to -1, not 0, and D2 holds noise of
size √h. Added in pull request 9104. Here D is λ² for every x: the third step, from x = 1, no noise.
"""

import diffusers
import numpy as np
import torch

levels = np.array([4.0, 2.0, 1.2, 0.5])
lam = -np.log(levels)
alpha, sigma = 1 / np.sqrt(1 + levels**2), levels / np.sqrt(1 + levels**2)


def scheduler(levels):
    kept, n = 1 / (1 + levels[::-1] ** 2), len(levels) - 1
    made = diffusers.DPMSolverMultistepScheduler(
        n + 1, trained_betas=1 - kept / np.append(1.0, kept[:-1]), solver_order=3,
        prediction_type="sample", algorithm_type="sde-dpmsolver++",
        final_sigmas_type="sigma_min", lower_order_final=False,
    )  # fmt: skip
    made.set_timesteps(n)
    return made


made = scheduler(levels)
zero = torch.zeros(1, 1)
for k, t in enumerate(made.timesteps):
    D = torch.full((1, 1), lam[k] ** 2)
    out = made.step(D, t, torch.ones(1, 1), variance_noise=zero).prev_sample.item()


def primitive(u):
    return np.exp(2 * u) * (u**2 - u + 0.5)


h = lam[3] - lam[2]
drift = sigma[3] / sigma[2] * np.exp(-h)
closed = drift + alpha[3] * np.exp(-2 * lam[3]) * (primitive(lam[3]) - primitive(lam[2]))
x, w = np.polynomial.legendre.leggauss(30)
u = lam[2] + h / 2 * (1 + x)
integral = h / 2 * w @ (2 * np.exp(2 * (u - lam[3])) * u**2)
print(f"library      {out:.6f}")
print(f"closed form  {closed:.6f}")
print(f"quadrature   {drift + alpha[3] * integral:.6f}")


def variance(n, uneven):
    """Of x/α at the end for N(0, 1/4): unit noises sent through the library, which is linear."""
    steps = np.where(np.arange(n) % 2, 2.0 if uneven else 1.0, 1.0)
    grid = 10 * 0.005 ** (np.append(0.0, np.cumsum(steps)) / steps.sum())
    made, scale = scheduler(grid), 1 / np.sqrt(1 + grid**2)
    x = torch.zeros(n + 1, 1, dtype=torch.float64)
    x[0] = scale[0] * np.sqrt(0.25 + grid[0] ** 2)
    for k, t in enumerate(made.timesteps):
        z = torch.zeros(n + 1, 1, dtype=torch.float64)
        z[k + 1] = 1
        D = 0.25 * x / scale[k] / (0.25 + grid[k] ** 2)
        x = made.step(D, t, x, variance_noise=z).prev_sample
    return float((x**2).sum()) / scale[-1] ** 2


for uneven in (False, True):
    told = ", ".join(f"{variance(n, uneven):.4f}" for n in (32, 64, 128, 256, 512))
    print(f"variance for N(0, 1/4), {'h, 2h in turn' if uneven else 'even in λ    '}: {told}")
print(f"after 32, 64, 128, 256, 512 steps; exact {0.25 + 0.05**2:.4f}")
