"""statsmodels: `KDEMultivariate.loo_likelihood` sums over the others, and does not divide by n - 1.

Its docstring has f_{-i} = 1/((n-1)h) Σ_{j≠i} K; nonparametric/kernel_density.py hands `func` the
bare sum. Bandwidths chosen by it are right, the likelihood is too large by n log(n - 1).
The point 0 among ±e_1 and ±e_2, all at distance 1.
"""

import numpy as np
from statsmodels.nonparametric.kernel_density import KDEMultivariate

data, h = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]), 0.8
model = KDEMultivariate(data, var_type="cc", bw=[h, h])
terms = []
model.loo_likelihood(model.bw, func=lambda f: terms.append(np.log(f).item()) or 0.0)
others = KDEMultivariate(data[1:], var_type="cc", bw=[h, h])
print(f"library      {terms[0]:.6f}   (log density at 0, left out; too large by log 4 = 1.386294)")
print(f"closed form  {-0.5 / h**2 - np.log(2 * np.pi * h**2):.6f}   (four kernels at distance 1)")
print(f"its own pdf  {np.log(others.pdf(data[:1])).item():.6f}   (of the other four points)")
