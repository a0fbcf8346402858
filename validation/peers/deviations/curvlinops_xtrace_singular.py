"""curvlinops: `xtrace` stops with an error where the sketch has exactly dependent columns.

curvlinops/trace/epperly2024xtrace.py inverts R of the sketch's QR: singular for diag(1, 1, 0, ...),
for a matrix of ones and for 0, where XTrace is exact (`xdiag` alike).
"""

import numpy as np
import torch
from curvlinops import xtrace

A = np.diag([1.0, 1.0] + 8 * [0.0])


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


torch.manual_seed(0)
try:
    print(f"library      {xtrace(torch.tensor(A), 8, 'normal').item():.6f}")
except torch.linalg.LinAlgError as error:
    print(f"library      LinAlgError: {str(error)[:60]}")
print(f"closed form  {np.trace(A):.6f}")
print(f"definition   {leave_one_out(A, np.random.default_rng(0).standard_normal((10, 4))):.6f}")
