"""torchebm up to 0.8.8: the denoising loss pulls a score towards +z/σ (fixed in 0.8.9).

losses/score_matching.py compared ∇E = -s with the target -z/σ of s. The kit's check
denoising_given_noise fails on 0.8.8 and holds on 0.8.9; this script tells which one is here.
"""

from importlib.metadata import version

import numpy as np
import torch
from torchebm.core import BaseModel
from torchebm.losses import DenoisingScoreMatching

N, D, SIGMA = 200_000, 3, 0.5


class HalfSquare(BaseModel):
    def forward(self, x):
        return 0.5 * x.square().sum(-1)


torch.manual_seed(0)
x = torch.randn(N, D, dtype=torch.float64)
loss = DenoisingScoreMatching(HalfSquare(), noise_scale=SIGMA, dtype=torch.float64)
# s(x) = -x on N(0, I): 1/2 E|-(x + σz) + z/σ|² = d/2 (1 + (1/σ - σ)²)
right, wrong = (0.5 * D * (1 + (1 / SIGMA + sign * SIGMA) ** 2) for sign in (-1, 1))
t, w = np.polynomial.hermite_e.hermegauss(4)
weights = np.outer(w, w) / w.sum() ** 2
nodes = 0.5 * D * (weights * (-(t[:, None] + SIGMA * t) + t / SIGMA) ** 2).sum()
print(f"library      {float(loss(x).detach()):.3f}   ({version('torchebm')}; sampling error .01)")
print(f"closed form  {right:.3f}   ({wrong:.3f} with the other sign)")
print(f"quadrature   {nodes:.3f}")
