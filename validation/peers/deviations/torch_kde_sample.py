"""torch-kde: `KernelDensity.sample` draws with the squared bandwidth.

torchkde/modules.py, line 57, keeps bandwidth² "to match sklearn's implementation"; line 206 of
`sample` multiplies noise by what was kept, which therefore has standard deviation h² instead of
h: densities and draws are of different laws unless h = 1. One kernel at 0, h = 1/2.
"""

import numpy as np
import torch
from torchkde import KernelDensity

h, n = 0.5, 200_000
torch.manual_seed(0)
model = KernelDensity(bandwidth=h).fit(torch.zeros(1, 1, dtype=torch.float64))
x = model.sample(n).numpy()
t = np.linspace(-6, 6, 4001)[:, None]
p = np.exp(model.score_samples(torch.from_numpy(t)).numpy())
of_density = (p * t[:, 0] ** 2).sum() / p.sum()
print(f"library      {x.var():.4f}   (variance of {n} draws, within 3e-4)")
print(f"closed form  {h**2:.4f}")
print(f"quadrature   {of_density:.4f}   (of its own density)")
