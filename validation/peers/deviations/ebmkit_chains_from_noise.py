"""ebmkit: `ContrastiveDivergence`, "CD-k", starts its chains at N(0, I) noise, not at the data.

losses/cd.py: without a buffer and `init_fn`, which the docstring does not explain, x0 is
torch.randn; Hinton (2002) starts at the data, which makes data of the model's own law nearly a
fixed point. Energy theta x^2/2 at theta = 1/4, data N(0, 4) of just that law, one step h = 0.2.
"""

import numpy as np
import torch
from ebm.losses import ContrastiveDivergence
from ebm.samplers import LangevinDynamics

THETA, V, H, N = 0.25, 4.0, 0.2, 400_000

torch.manual_seed(0)
theta = torch.tensor(THETA, requires_grad=True)
x = V**0.5 * torch.randn(N, 1)
loss = ContrastiveDivergence(LangevinDynamics(H, 1))
value = loss(lambda x: theta * x.square().sum(-1) / 2, x).loss
(library,) = torch.autograd.grad(value, theta)

after = (1 - H * THETA) ** 2 * V + 2 * H
nodes, weights = np.polynomial.hermite_e.hermegauss(12)
start, noise = np.meshgrid(V**0.5 * nodes, nodes)
end = start - H * THETA * start + np.sqrt(2 * H) * noise
mean = np.sum(np.outer(weights, weights) * (start**2 - end**2) / 2) / weights.sum() ** 2
print(f"library      {library:.3f}   (d loss / d theta; sampling error .01)")
print(f"closed form  {(V - after) / 2:.3f}   (chains from the data)")
print(f"quadrature   {mean:.3f}")
