"""scikit-primate: `xtrace` ignores the criterion it is given and always takes n samples.

primate/trace.py, lines 270-271: `converge` is overwritten before it is read, then combined with
itself.
"""

import numpy as np
from primate.estimators import CountCriterion
from primate.trace import xtrace

n, wanted = 30, 5
A = np.diag(np.arange(1.0, n + 1.0))
result = xtrace(A, batch=1, converge=CountCriterion(wanted), seed=0, full=True)[1]
print(f"library      {result.nit}   (samples taken with converge=CountCriterion({wanted}))")
print(f"documented   {wanted}")
print(
    f"by name      {xtrace(A, batch=1, converge='count', count=wanted, seed=0, full=True)[1].nit}"
)
