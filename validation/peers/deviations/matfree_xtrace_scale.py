"""matfree: XTrace of a small operator is biased, for its rank test is not relative.

matfree/stochtrace.py, line 260 (and 342, 654 for diagonals and row norms), calls a column of the
sketch zero when |R_ii| is below the machine epsilon itself, whatever the operator's scale; then
the trace on the sketch is returned as if it were the whole. In JAX's default float32 operators
of size 1e-8 are enough.
"""

import jax
import jax.numpy as jnp
import numpy as np
from matfree import stochtrace

d, k, c = 10, 3, 1e-8
W = np.random.default_rng(0).standard_normal((k, d)).astype(np.float32)
integrand = stochtrace.leave_one_out_xtrace(apply_resphering=False)
xtrace = stochtrace.estimator_leave_one_out(integrand, sampler=lambda key: jnp.asarray(W))


def leave_one_out(W):
    """XTrace of the identity by its definition, with the same vectors."""
    total = 0.0
    for i in range(k):
        Q = np.linalg.qr(np.delete(W, i, 0).T)[0]
        w = W[i] - Q @ (Q.T @ W[i])
        total += (k - 1) + w @ w
    return total / k


key = jax.random.PRNGKey(0)
print(
    f"library      {float(xtrace(lambda v: c * v, key)) / c:.4f}   (XTrace of c I, over c = {c:g})"
)
print(f"scaling      {float(xtrace(lambda v: v, key)):.4f}   (the library at c = 1, same vectors)")
print(f"definition   {leave_one_out(W.astype(float)):.4f}   (in float64; the trace is {d})")
