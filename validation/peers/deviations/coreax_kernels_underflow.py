"""coreax: the score of `KernelDensityMatching` is nan where all kernels underflow.

score_matching.py divides the kernels' mean gradient by their mean, 0/0 from about 39 standard
deviations on, where the score is still that of the nearest kernel. One kernel at 0, h = 1/2.
flax, sklearn and jaxopt, which nothing here uses, are stood in for.
"""

import sys
from unittest import mock

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
UNUSED = ("flax", "flax.linen", "flax.training", "flax.training.train_state", "sklearn", "jaxopt")
with mock.patch.dict(sys.modules, {name: mock.MagicMock() for name in UNUSED}):
    from coreax.score_matching import KernelDensityMatching

h, x = 0.5, np.array([[5.0], [15.0], [20.0]])
got = np.asarray(KernelDensityMatching(h).match(np.zeros((1, 1)))(x))[:, 0]


def log_density(t):
    return np.logaddexp.reduce(-0.5 * ((t - np.zeros((1, 1))) / h) ** 2, axis=1)


e = 1e-4
slope = (log_density(x + e) - log_density(x - e)) / (2 * e)
print("library      ", *(f"{s:.6f}" for s in got), "  (score at 5, 15 and 20)")
print("closed form  ", *(f"{s:.6f}" for s in -x[:, 0] / h**2), "  (-x / h^2)")
print("differences  ", *(f"{s:.6f}" for s in slope), "  (of the log of the summed kernels)")
