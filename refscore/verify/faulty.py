"""A small implementation with two mistakes, bundled so that a diagnosis can be seen.

Its implicit loss is right. Its denoising loss has the target's sign of an energy's
gradient, and its trace estimate forgets to divide by the number of probes: both were
found in released libraries.
"""

from __future__ import annotations

import numpy as np

EXPECTED = {
    "denoising_loss": "denoising_target_sign",
    "trace_estimate": "trace_probes_summed",
}


class Faulty:
    """An adapter like anybody's: a class whose methods are ports."""

    name = "faulty"

    def implicit_loss(self, field, x):
        """½‖s‖² + tr ∇s."""
        return 0.5 * (field(x) ** 2).sum(-1) + field.divergence(x)

    def denoising_loss(self, field, x, sigma, noise):
        """Should be ½‖s(x + σz) + z/σ‖²."""
        return 0.5 * ((field(x + sigma * noise) - noise / sigma) ** 2).sum(-1)

    def trace_estimate(self, matvec, dim, probes):
        """Should be the mean over probes of v·(A v)."""
        return sum(np.dot(v, matvec(v)) for v in probes)


subject = Faulty()
