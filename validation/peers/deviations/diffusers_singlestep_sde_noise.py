"""diffusers: DPMSolverSinglestepScheduler with sde-dpmsolver++ has weak order 1, not solver_order.

0.42.1: a step of order 2 draws new noise for its intermediate point and again for its end, though
both are the same Wiener path; so the difference of its two D holds noise that the end does not
share. For N(0, 1/4) the law is Gaussian; its variance comes from unit noises sent through the
library, and from the same recursion by hand, with the two noises apart and on one path.
"""

import diffusers
import numpy as np
import torch

V = 0.25
NOISES: list[torch.Tensor] = []


def library(grid):
    kept, n = 1 / (1 + grid[::-1] ** 2), len(grid) - 1
    made = diffusers.DPMSolverSinglestepScheduler(
        n + 1, trained_betas=1 - kept / np.append(1.0, kept[:-1]), solver_order=2,
        prediction_type="sample", algorithm_type="sde-dpmsolver++", final_sigmas_type="sigma_min",
    )  # fmt: skip
    made.set_timesteps(n)
    scale = 1 / np.sqrt(1 + grid**2)
    x = torch.zeros(n + 1, 1, dtype=torch.float64)
    x[0] = scale[0] * np.sqrt(V + grid[0] ** 2)
    randn = torch.randn
    for k, t in enumerate(made.timesteps):
        z = torch.zeros(n + 1, 1, dtype=torch.float64)
        z[k + 1] = 1
        torch.randn = lambda *_, z=z, **__: z
        try:
            x = made.step(V * x / scale[k] / (V + grid[k] ** 2), t, x).prev_sample
        finally:
            torch.randn = randn
    return float((x**2).sum()) / scale[-1] ** 2


def by_hand(grid, one_path):
    """x' = s'/s e^{-h} x + (1 - e^{-2h}) (D + (D_m - D) h/2h_m) + s' √(1 - e^{-2h}) z, in x/α."""
    n = len(grid) - 1
    x = np.zeros(n + 1)
    x[0] = np.sqrt(V + grid[0] ** 2)
    for k in range(0, n, 2):
        a, m, b = grid[k : k + 3]
        D = V * x / (V + a**2)
        z, w = np.zeros((2, n + 1))
        z[k + 1], w[k + 2] = 1, 1
        y = (m / a) ** 2 * x + (1 - (m / a) ** 2) * D + m * np.sqrt(1 - (m / a) ** 2) * z
        if one_path:  # ∫ over the whole step = ∫ over its first part, shrunk, + the rest
            first, rest = (
                (b / m) ** 2 * m * np.sqrt(1 - (m / a) ** 2),
                b * np.sqrt(1 - (b / m) ** 2),
            )
            noise = first * z + rest * w
        else:
            noise = b * np.sqrt(1 - (b / a) ** 2) * w
        slope = (V * y / (V + m**2) - D) * np.log(a / b) / np.log(a / m) / 2
        x = (b / a) ** 2 * x + (1 - (b / a) ** 2) * (D + slope) + noise
    return x @ x


exact = V + 0.05**2
runs = (("library", library), ("by hand, noises apart", lambda g: by_hand(g, False)),
        ("by hand, one path", lambda g: by_hand(g, True)))  # fmt: skip
print(f"variance for N(0, 1/4) after 32, 64, 128, 256 steps, exact {exact:.4f}")
for name, run in runs:
    print(
        f"{name:<22}"
        + ", ".join(f"{run(np.geomspace(10, 0.05, n + 1)):.4f}" for n in (32, 64, 128, 256))
    )
