"""torchebm: `ScoreMatching(hessian_method="approx")` divides the trace by the dimension.

Energy E(x) = |x|²/2 on R^5, so tr ∇s = -5. losses/score_matching.py, line 238, divides the
probe's quadratic form by epsilon² and again by the dimension; the minimiser over the precision
of a Gaussian is then 1/d times the right one: a covariance d times too large.
"""

import numpy as np
import torch
from torchebm.core import BaseModel
from torchebm.losses import ScoreMatching

D, N = 5, 20_000


class HalfSquare(BaseModel):
    def forward(self, x):
        return 0.5 * x.square().sum(-1)


def by_differences(x, h=1e-4):
    """½|s|² + tr ∇s with s and its derivatives from differences of E, in NumPy."""
    E, steps = (lambda y: 0.5 * (y**2).sum(-1)), h * np.eye(x.shape[1])
    s = np.stack([-(E(x + e) - E(x - e)) / (2 * h) for e in steps], -1)
    trace = sum(-(E(x + e) - 2 * E(x) + E(x - e)) / h**2 for e in steps)
    return (0.5 * (s**2).sum(-1) + trace).mean()


torch.manual_seed(0)
x = torch.randn(N, D, dtype=torch.float64)
loss = ScoreMatching(HalfSquare(), hessian_method="approx", dtype=torch.float64)
square = 0.5 * float((x**2).sum(-1).mean())
few = x[:200].numpy()
by_hand = by_differences(few) - 0.5 * (few**2).sum(-1).mean()
print(f"library      {float(loss(x).detach()) - square:.4f}   (the trace in the loss)")
print(f"closed form  {-D:.4f}")
print(f"differences  {by_hand:.4f}")
