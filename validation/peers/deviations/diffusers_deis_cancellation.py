"""diffusers: DEISMultistepScheduler with solver_order=3 loses all digits in many small steps.

0.42.1 computes the integrals of its Lagrange polynomials as differences of primitives from float32
levels. The network here returns 1 whatever it is given: every order is then exact, x/α moves by the
change of the level. The last step of a run from 10 to .05, and the sum of its weights.
"""

import diffusers
import numpy as np
import torch


def last_step(n, double=False):
    """The change of x/α in the last step, over the change of the level."""
    grid = np.geomspace(10, 0.05, n + 1)
    kept = 1 / (1 + grid[::-1] ** 2)
    made = diffusers.DEISMultistepScheduler(
        n + 1, trained_betas=1 - kept / np.append(1.0, kept[:-1]), solver_order=3,
        lower_order_final=False,
    )  # fmt: skip
    made.set_timesteps(n)
    if double:
        made.sigmas = torch.from_numpy(grid)
    alpha = 1 / np.sqrt(1 + grid**2)
    one = torch.ones(1, 1, dtype=torch.float64)
    for t in made.timesteps:
        out = made.step(one, t, one).prev_sample
    return (out.item() / alpha[n] - 1 / alpha[n - 1]) / (grid[n] - grid[n - 1])


print("steps            32        64       128       256")
print("library     " + "".join(f"{last_step(n):10.5f}" for n in (32, 64, 128, 256)))
print("closed form " + f"{1:10.5f}" * 4)
print("in float64  " + "".join(f"{last_step(n, True):10.5f}" for n in (32, 64, 128, 256)))
