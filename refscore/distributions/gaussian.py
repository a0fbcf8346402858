"""The multivariate Gaussian, with a full, diagonal, isotropic or singular covariance."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_points, as_positive, as_rng, as_scalar
from refscore.distributions._spread import LOG_2PI, Spread, apply, scaled, spread_of
from refscore.distributions.base import Distribution


class Gaussian(Distribution):
    """N(m, S) on R^d.

        log p(x) = −½ (x−m)ᵀ S⁻¹ (x−m) − ½ log det S − (d/2) log 2π
        ∇ log p(x) = −S⁻¹ (x−m)        ∇² log p = −S⁻¹        Δ log p = −tr S⁻¹

    `mean` (d,); `covariance` (d, d), or (d,) its diagonal, or one number for all
    coordinates. A diagonal is never expanded, so d = 10⁵ is cheap. A singular covariance can
    be sampled and diffused; asking for its density or score raises ValueError. Errors are a
    small multiple of machine epsilon times the condition number of S scaled to unit
    diagonal. The score is finite wherever S⁻¹(x−m) is; a log density below −1.8e308 is −inf.
    Cost: O(d³) once, O(d²) a point (full), O(d) (diagonal).
    Source: rows A2 and A8 of the catalogue, `refscore identities A2`.
    Checked by: gaussian_score, log_densities, diffused_law, far_points, samples_follow_law,
    erratum_gaussian_normaliser, erratum_gradient_of_density
    """

    def __init__(self, mean, covariance):
        mean = as_points(mean, "mean")
        if mean.ndim != 1:
            raise ValueError(f"mean must have shape (d,), got shape {mean.shape}")
        self._hold(mean.copy(), spread_of(covariance, "covariance", len(mean)))

    def _hold(self, mean, spread: Spread):
        self.dim, self._mean, self._spread = len(mean), mean, spread
        return self

    @property
    def mean(self) -> np.ndarray:
        """m, a copy (d,)."""
        return self._mean.copy()

    @property
    def covariance(self) -> np.ndarray:
        """S in full, a copy (d, d)."""
        return self._spread.matrices()[0].copy()

    def sample(self, n: int, *, rng) -> np.ndarray:
        """Draws m + B z with B Bᵀ = S, (n, d); rng: anything numpy.random.default_rng takes."""
        z = as_rng(rng).standard_normal((as_count(n, "n", minimum=0), self.dim))
        return self._mean + apply(self._spread.root[0], z.T).T

    def diffuse(self, alpha, sigma) -> Gaussian:
        """The law of alpha X + sigma Z, N(alpha m, alpha² S + sigma² I)."""
        alpha, sigma = as_scalar(alpha, "alpha"), as_positive(sigma, "sigma", zero=True)
        return Gaussian.__new__(Gaussian)._hold(
            scaled(alpha, self._mean), self._spread.diffused(alpha, sigma)
        )

    def _log_density(self, x):
        with np.errstate(all="ignore"):
            z = apply(self._spread.whitener[0], (x - self._mean).T)
            q = np.einsum("dn,dn->n", z, z)
            return -0.5 * (q + self._spread.log_det[0] + self.dim * LOG_2PI)

    def _score(self, x):
        with np.errstate(all="ignore"):
            return self._score_jvp(x, x - self._mean if self._mean.any() else x)

    def _log_density_and_score(self, x):
        with np.errstate(all="ignore"):
            centred = x - self._mean
            s = self._score_jvp(x, centred)
            centred *= s
            q = centred @ np.ones(self.dim)  # −(x−m)ᵀ S⁻¹ (x−m)
            return 0.5 * (q - self._spread.log_det[0] - self.dim * LOG_2PI), s

    def _score_jvp(self, x, v):
        precision = self._spread.precision[0]
        times = np.matmul if self._spread.full else np.multiply
        if len(v) > self.dim:  # the smaller of the two is negated
            return times(v, -precision)
        return np.negative(out := times(v, precision), out=out)

    def _score_jacobian(self, x):
        precision = self._spread.precision[0]
        full = precision if self._spread.full else np.diag(precision)
        return np.tile(-full, (len(x), 1, 1))

    def _score_divergence(self, x):
        return np.full(len(x), -self._spread.precision_trace[0])
