"""torch-kde: log densities are minus infinity where all kernels underflow.

`KernelDensity.score_samples` takes the logarithm of the summed kernels. From about 39
bandwidths on every kernel is 0 in float64, the log density is -inf, and its gradient nan;
the closed form for two data points is -d²/(2h²) + ..., a number like any other.
"""

import numpy as np
import torch
from torchkde import KernelDensity

data, h, at = np.array([[0.0], [0.3]]), 0.1, np.array([[6.0]])

model = KernelDensity(bandwidth=h).fit(torch.tensor(data))
library = model.score_samples(torch.tensor(at)).item()

exponents = -((at - data.T)[0] ** 2) / (2 * h**2)
closed = np.log(np.mean(np.exp(exponents - exponents.max()))) + exponents.max()
closed -= 0.5 * np.log(2 * np.pi * h**2)

# the other way: in extended range, the two kernels as powers of ten added by hand
powers = exponents / np.log(10)
top = np.floor(powers.max())
other = np.log((10 ** (powers - top)).sum() / 2 / np.sqrt(2 * np.pi * h**2)) + top * np.log(10)

print(f"library      {library:.4f}")
print(f"closed form  {closed:.4f}")
print(f"powers of 10 {other:.4f}")
