"""flow_matching: ODESolver.compute_likelihood, asked for gradients, stops them at the velocity.

solver/ode_solver.py of 1.0.10, dynamics_func: `return ut.detach(), div.detach()`, whatever
enable_grad says. What is left is the base's gradient at the point the path comes from. For the
velocity w x and the base N(0, 1): z = x e^{-w}, log p(x) = -z²/2 - w + c, whose derivatives are
-z e^{-w} in x and z² - 1 in w. By hand: differences of the library's own values.
"""

import numpy as np
import torch
from flow_matching.solver import ODESolver

torch.set_default_dtype(torch.float64)
W, X = 0.7, 1.3


def value(x, w, grad=False):
    solver = ODESolver(lambda x, t: w * x)
    return solver.compute_likelihood(
        x.reshape(1, 1), lambda z: -z[:, 0] ** 2 / 2 - np.log(2 * np.pi) / 2, step_size=None,
        method="dopri5", rtol=1e-10, atol=1e-10, exact_divergence=True, enable_grad=grad,
    )[1].sum()  # fmt: skip


x, w = (torch.tensor(a, requires_grad=True) for a in (X, W))
in_x, in_w = torch.autograd.grad(value(x, w, True), (x, w), allow_unused=True)
h = 1e-5
at = lambda a, b: value(torch.tensor(a), torch.tensor(b)).item()  # noqa: E731
z = X * np.exp(-W)
print("                        d log p / dx    d log p / dw")
print(f"library                 {in_x.item():.6f}       {in_w}")
print(f"differences of values   {(at(X + h, W) - at(X - h, W)) / (2 * h):.6f}       "
      f"{(at(X, W + h) - at(X, W - h)) / (2 * h):.6f}")  # fmt: skip
print(f"closed form             {-z * np.exp(-W):.6f}       {z**2 - 1:.6f}")
print(f"the base's alone, -z    {-z:.6f}")
