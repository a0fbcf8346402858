"""diffusers: the third-order multistep update of DPM-Solver is of order 2, in both forms.

`multistep_dpm_solver_third_order_update` of 0.42.1 (also of EDMDPMSolverMultistepScheduler): D2 is
the second divided difference, h² D''/2, but its coefficient is the one of h² D''. A third-order
update is exact where D is quadratic in λ = log(α/σ): here D = λ², the third step, from x = 1. The
code it was taken from, LuChengTHU/dpm-solver, has the same line.
"""

import diffusers
import numpy as np
import torch

levels = np.array([4.0, 2.0, 1.2, 0.5])
lam = -np.log(levels)
alpha, sigma = 1 / np.sqrt(1 + levels**2), levels / np.sqrt(1 + levels**2)


def betas(levels):
    kept = 1 / (1 + levels[::-1] ** 2)
    return 1 - kept / np.append(1.0, kept[:-1])


def scheduler(levels):
    n = len(levels) - 1
    made = diffusers.DPMSolverMultistepScheduler(
        n + 1, trained_betas=betas(levels), solver_order=3, prediction_type="sample",
        final_sigmas_type="sigma_min", lower_order_final=False,
    )  # fmt: skip
    made.set_timesteps(n)
    return made


made = scheduler(levels)
for k, t in enumerate(made.timesteps):
    out = made.step(torch.full((1, 1), lam[k] ** 2), t, torch.ones(1, 1)).prev_sample.item()


def primitive(u):
    return np.exp(u) * (u**2 - 2 * u + 2)


closed = sigma[3] / sigma[2] + sigma[3] * (primitive(lam[3]) - primitive(lam[2]))
x, w = np.polynomial.legendre.leggauss(30)
u = (lam[3] + lam[2]) / 2 + (lam[3] - lam[2]) / 2 * x
integral = (lam[3] - lam[2]) / 2 * w @ (np.exp(u) * u**2)
print(f"library      {out:.6f}")
print(f"closed form  {closed:.6f}")
print(f"quadrature   {sigma[3] / sigma[2] + sigma[3] * integral:.6f}")


def by_hand(levels, times):
    """x at the end for N(0, 1/4) from x = 1 in x/α, D2 counted `times` times."""
    x, seen = 1.0, []
    for a, b in zip(levels, levels[1:]):
        h = np.log(a / b)
        seen = [*seen, (-np.log(a), 0.25 * x / (0.25 + a**2))][-3:]
        D, d1, d2 = seen[-1][1], 0.0, 0.0
        if len(seen) > 1:
            d1 = h * (D - seen[-2][1]) / (seen[-1][0] - seen[-2][0])
        if len(seen) > 2:
            e1 = h * (seen[1][1] - seen[0][1]) / (seen[1][0] - seen[0][0])
            d2 = h * (d1 - e1) / (seen[2][0] - seen[0][0])
            d1 = d1 + d2 * (seen[2][0] - seen[1][0]) / h
        x = b / a * x - np.expm1(-h) * D + (np.expm1(-h) / h + 1) * d1
        x = x - times * ((np.expm1(-h) + h) / h**2 - 0.5) * d2
    return x


def by_library(levels):
    made, alpha = scheduler(levels), 1 / np.sqrt(1 + levels**2)
    x = torch.full((1, 1), alpha[0], dtype=torch.float64)
    for k, t in enumerate(made.timesteps):
        x = made.step(0.25 * x / alpha[k] / (0.25 + levels[k] ** 2), t, x).prev_sample
    return x.item() / alpha[-1]


def orders(run):
    """From the exact flow, x √(1/4 + s'²) / √(1/4 + s²)."""
    errors = []
    for n in (12, 24, 48):
        grid = np.geomspace(10, 0.05, n + 1)
        errors.append(abs(run(grid) - np.sqrt((0.25 + 0.05**2) / (0.25 + 100))))
    return ", ".join(f"{e:.1e}" for e in errors)


print("errors on N(0, 1/4) after 12, 24, 48 steps")
print(f"library          {orders(by_library)}")
print(f"the same by hand {orders(lambda grid: by_hand(grid, 1))}")
print(f"with D2 twice    {orders(lambda grid: by_hand(grid, 2))}")
