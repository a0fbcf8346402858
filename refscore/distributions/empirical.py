"""The empirical law of a sample, smoothed by a Gaussian kernel."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_array, as_positive
from refscore.distributions._spread import Spread
from refscore.distributions.mixture import GaussianMixture, MixtureBase


class Empirical(MixtureBase):
    """(1/m) Σ_j N(x_j, h² I): the kernel density estimate of a sample, or at h = 0 the sample.

        p(x) = (1/m) Σ_j (2π h²)^{−d/2} exp(−|x − x_j|² / 2h²)

    `data` (m, d); `bandwidth` h ≥ 0. With h = 0 the law has atoms: it can be sampled and
    diffused, but has no density or score. alpha X + sigma Z is Empirical again, of the data
    alpha x_j with bandwidth √(alpha² h² + sigma²).
    Cost: O(m d) a point; workspace about 1 MB however many points.
    Source: Parzen (1962), with 1/h^d in d dimensions; row A8 of the catalogue,
    `refscore identities A8`.
    Checked by: diffused_law, kernel_density_values, kernel_density_integrates_to_one,
    learnt_scores_fail_in_gaps
    """

    _what = "data"

    def __init__(self, data, bandwidth=0.0):
        data = as_array(data, "data", (None, None))
        if 0 in data.shape:
            raise ValueError(f"data must have shape (m, d) with m, d >= 1, got {data.shape}")
        self._fill(data.copy(), as_positive(bandwidth, "bandwidth", zero=True))

    def _fill(self, data, bandwidth):
        count, dim = data.shape
        self.bandwidth = bandwidth
        variance = bandwidth * bandwidth
        if not math.isfinite(variance):
            raise ValueError(f"bandwidth must be below 1.3e154, got {bandwidth:g}")
        spread = Spread(np.full((1, dim), variance), np.zeros(count, dtype=int), "bandwidth")
        return self._hold(np.full(count, 1 / count), data, spread)

    def __repr__(self):
        return f"Empirical(m={len(self._means)}, dim={self.dim}, bandwidth={self.bandwidth!r})"

    @property
    def data(self) -> np.ndarray:
        """The sample, a copy (m, d)."""
        return self._means.copy()

    def diffuse(self, alpha, sigma) -> Empirical:
        """The law of alpha X + sigma Z: data alpha x_j, bandwidth √(alpha² h² + sigma²)."""
        _, data, _ = self._diffused(alpha, sigma)
        bandwidth = math.hypot(float(alpha) * self.bandwidth, float(sigma))
        return Empirical.__new__(Empirical)._fill(data, bandwidth)

    def as_mixture(self) -> GaussianMixture:
        """The same law as a GaussianMixture with equal weights and isotropic covariances."""
        return GaussianMixture.__new__(GaussianMixture)._hold(
            self._weights, self._means, self._spread
        )
