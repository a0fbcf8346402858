"""scikit-primate: `hutchpp(m)` spends 3 (m + m mod 3) products, not m.

primate/trace.py, line 131, documents m as the number of matvecs; line 150 meant to make m a
multiple of 3 (m += m % 3 turns 4 into 5), and the sketch, the range and the rest take m each.
"""

import numpy as np
from primate.trace import hutchpp
from scipy.sparse.linalg import LinearOperator


class Counted(LinearOperator):
    def __init__(self, A):
        super().__init__(A.dtype, A.shape)
        self.A, self.products = A, 0

    def _matvec(self, v):
        self.products += 1
        return self.A @ v

    def _matmat(self, V):
        self.products += V.shape[1]
        return self.A @ V


A, m = Counted(np.diag(np.arange(1.0, 31.0))), 4
estimate, result = hutchpp(A, m=m, seed=0, full=True)
print(f"library      {A.products}   (products spent; its own count says {result.nit})")
print(f"documented   {m}")
