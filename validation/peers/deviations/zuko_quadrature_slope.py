"""zuko: the log-determinant of an unconstrained monotonic transform is not that of its values.

transforms.py of 1.6.0, UnconstrainedMonotonicTransform.call_and_ladj: y is a Gauss-Legendre
quadrature of g with 32 points from 0 to x, as documented; the log-determinant is log g(x), the
slope of the exact integral. Where g bends between its nodes the two part: a density made of them
has not quite mass one.
"""

import numpy as np
import torch
from scipy.integrate import quad
from scipy.special import erf
from zuko.transforms import UnconstrainedMonotonicTransform

WIDTH, MIDDLE, X, H = 0.1, 1.5, 4.0, 1e-4
torch.set_default_dtype(torch.float64)


def g(u):
    return 0.1 + torch.exp(-((u - MIDDLE) ** 2) / (2 * WIDTH**2))


def plain(u):
    return 0.1 + np.exp(-((u - MIDDLE) ** 2) / (2 * WIDTH**2))


transform = UnconstrainedMonotonicTransform(g)
x = torch.tensor([X - H, X, X + H])
y, log_slope = transform.call_and_ladj(x)
ends = [erf((v - MIDDLE) / (WIDTH * np.sqrt(2))) for v in (0.0, X)]
exact = 0.1 * X + WIDTH * np.sqrt(np.pi / 2) * (ends[1] - ends[0])
print(f"library      y({X:g}) = {y[1].item():.6f}, said slope {log_slope[1].exp().item():.6f}, "
      f"slope of its values {((y[2] - y[0]) / (2 * H)).item():.6f}")  # fmt: skip
print(f"closed form  y({X:g}) = {exact:.6f}, slope {plain(X):.6f}")
print(f"quadrature   y({X:g}) = {quad(plain, 0, X, points=[MIDDLE], epsabs=1e-13)[0]:.6f}")
