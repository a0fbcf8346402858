"""scikit-primate: `xtrace` stops with an error on a matrix of low rank, where XTrace is exact.

primate/trace.py, line 293: once the sketch spans the range, scipy's qr_insert refuses the next
column (LinAlgError).
"""

import numpy as np
from primate.trace import xtrace

rng = np.random.default_rng(0)
U = rng.standard_normal((12, 2))
A = U @ U.T


def leave_one_out(A, W):
    """XTrace by its definition: the basis without vector i, and vector i on the rest."""
    n, k = W.shape
    total = 0.0
    for i in range(k):
        u, s, _ = np.linalg.svd(A @ np.delete(W, i, 1), full_matrices=False)
        Q = u[:, s > 1e-10 * s[0]]
        w = W[:, i] - Q @ (Q.T @ W[:, i])
        total += np.trace(Q.T @ A @ Q) + w @ A @ w
    return total / k


try:
    print(f"library      {xtrace(A, seed=0):.6f}")
except np.linalg.LinAlgError as error:
    print(f"library      LinAlgError: {str(error)[:60]}")
print(f"closed form  {np.sum(U**2):.6f}")
print(f"definition   {leave_one_out(A, rng.standard_normal((12, 4))):.6f}")
