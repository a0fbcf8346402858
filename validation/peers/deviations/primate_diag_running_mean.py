"""scikit-primate: `diag` averages its running means, so its variance is up to twice too large.

primate/diagonal.py, lines 78 and 90, hands the estimate after k probes to a MeanEstimator,
for every k; the result weighs probe j by (1/m) Σ_{k≥j} 1/k instead of 1/m. Signs enumerated:
A is 2 x 2, m = 2 probes, all 16 pairs of sign vectors.
"""

from itertools import product

import numpy as np
from primate.diagonal import diag
from primate.estimators import CountCriterion

A = np.array([[1.0, 3.0], [3.0, 2.0]])
signs = [np.array(v) for v in product((-1.0, 1.0), repeat=2)]


def library(probes):
    rows = iter(probes)
    column = lambda size, seed=None: next(rows)[:, None]  # noqa: E731
    return diag(A, pdf=column, converge=CountCriterion(len(probes)))


pairs = list(product(signs, repeat=2))
print(f"library      {np.var([library(p)[0] for p in pairs]):.4f}   (variance of entry 0)")
print(f"closed form  {A[0, 1] ** 2 / 2:.4f}   (sum of A_0j squared, j != 0, over m)")
print(f"enumerated   {np.var([np.mean([v * (A @ v) for v in p], 0)[0] for p in pairs]):.4f}")
