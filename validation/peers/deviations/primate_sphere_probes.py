"""scikit-primate: `hutch(pdf="sphere")` draws signs, not points of a sphere.

primate/random.py, lines 106-107, normalises along the last axis, while trace.py, line 114, asks
for columns of shape (n, 1): every entry becomes ±1. `diag` asks alike; in `hutchpp` the rows of
the sketch, not its columns, get one length.
"""

import numpy as np
from primate.estimators import CountCriterion
from primate.trace import hutch

A = np.array([[0.0, 1.0], [1.0, 0.0]])
draws = [hutch(A, pdf="sphere", converge=CountCriterion(1), seed=i) for i in range(1000)]
d, norm2 = 2, (A**2).sum()
angle = 2 * np.pi * np.arange(64) / 64
v = np.sqrt(d) * np.stack([np.cos(angle), np.sin(angle)], 1)
values = sorted({round(float(e), 12) for e in draws})
print(f"library      {np.mean(np.square(draws)):.4f}   (variance of one probe; values {values})")
print(f"closed form  {2 * d / (d + 2) * (norm2 - np.trace(A) ** 2 / d):.4f}")
print(f"quadrature   {np.var(np.einsum('ni,ij,nj->n', v, A, v)):.4f}")
