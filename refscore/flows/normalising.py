"""A base law pushed through a bijection: density, draws, and gradients for fits."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_offering, as_points, as_rng
from refscore.fields.linearisation import rows_in_blocks
from refscore.flows.bijections.base import as_bijection, rows_at_once

_KEPT = 8  # times fewer rows are moved together where every layer is kept for the pass back


class Flow:
    """The law of x = f(z), z from a base law.

        log p(x) = log p₀(f⁻¹(x)) + log|det (f⁻¹)'(x)|

    A row whose base point is beyond 1.8e308 has density and gradient NaN, a draw beyond it ±inf.
    bijection f, a Bijection from the base to the data; base a Distribution of its dimension. A
    map whose fast direction starts from the data is handed over as `bijection.inverted`.
    Checked by: density_through_layers
    """

    def __init__(self, bijection, base):
        self.bijection = as_bijection(bijection, "bijection")
        self.base = as_offering(base, "base", "log_density", "sample", "score", "dim")
        self.dim = bijection.dim
        if base.dim != self.dim:
            raise ValueError(f"base must have dimension {self.dim}, got {base.dim}")
        self._block = rows_at_once(self.dim)

    @property
    def parameters(self):
        """The flat parameters of the bijection, a copy (p,)."""
        return self.bijection.parameters

    def with_parameters(self, theta) -> Flow:
        """The same base through the bijection with parameters `theta` (p,)."""
        return Flow(self.bijection.with_parameters(theta), self.base)

    def inverse(self, x):
        """The base's points z = f⁻¹(x), (..., d).

        Tested in: tests/flows/test_normalising.py
        """
        return self.bijection.inverse(as_points(x, "x", self.dim))[0]

    def log_density(self, x):
        """log p(x), (..., d) to (...,); memory beside the answer for a block of rows only.

        Checked by: density_through_layers, flow_integrates_to_one
        """
        x = as_points(x, "x", self.dim)
        rows = x.reshape(-1, self.dim)
        found = np.empty(len(rows))
        for block in rows_in_blocks(len(rows), self._block):
            z, log_det = self.bijection.inverse(rows[block])
            found[block] = self._base_log_density(z) + log_det
        return found.reshape(x.shape[:-1])

    def sample(self, n, *, rng):
        """n independent draws (n, d); rng anything numpy.random.default_rng takes.

        Memory beside the answer for a block of rows only.
        Tested in: tests/flows/test_normalising.py
        """
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        found = np.empty((n, self.dim))
        for block in rows_in_blocks(n, self._block):
            size = len(found[block])
            if size:
                found[block] = self.bijection.forward(self.base.sample(size, rng=rng))[0]
        return found

    def log_density_and_gradient(self, x):
        """(log p(x) (...,), ∇ₓ log p (..., d), ∂/∂θ Σ log p (p,)): exact, one pass back.

        Memory beside the answers for a block of rows only.
        Checked by: gradient_through_layers
        """
        x = as_points(x, "x", self.dim)
        rows, theta = x.reshape(-1, self.dim), np.zeros(self.parameters.size)
        values, in_x = np.empty(len(rows)), np.empty(rows.shape)
        for block in rows_in_blocks(len(rows), max(1, self._block // _KEPT)):
            values[block], in_x[block], more = self._with_gradient(rows[block])
            theta += more
        return values.reshape(x.shape[:-1]), in_x.reshape(x.shape), theta

    def _with_gradient(self, x):
        z, log_det, back = self.bijection.inverse_and_back(x)
        fine, score = np.isfinite(z).all(1), np.zeros(z.shape)
        score[fine] = self.base.score(z[fine])
        in_x, theta = back(score, np.ones(len(x)))
        if not fine.all():
            in_x[~fine], theta = np.nan, theta + np.nan
        return self._base_log_density(z) + log_det, in_x, theta

    def _base_log_density(self, z):
        """That of the base at z (n, d), NaN where z is not finite."""
        fine = np.isfinite(z).all(1)
        if fine.all():
            return self.base.log_density(z)
        found = np.full(len(z), np.nan)
        found[fine] = self.base.log_density(z[fine])
        return found

    def negative_log_likelihood_and_gradient(self, x):
        """(mean of −log p over points x (n, d), its gradient (p,) in the parameters).

        Tested in: tests/flows/test_normalising.py
        """
        x = as_points(x, "x", self.dim).reshape(-1, self.dim)
        if len(x) == 0:
            raise ValueError("x must hold at least one point, got none")
        values, _, theta = self.log_density_and_gradient(x)
        return float(-values.mean()), -theta / len(x)
