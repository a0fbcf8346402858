"""Mixtures of Gaussians with any covariances, exact near their modes and 1e150 away."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from refscore._arguments import as_array, as_count, as_positive, as_rng, as_scalar, as_weights
from refscore.distributions._direct import DirectMixture
from refscore.distributions._shared import SharedMixture
from refscore.distributions._spread import Spread, apply, scaled, spread_of
from refscore.distributions.base import Distribution


class MixtureBase(Distribution):
    """Σ_k π_k N(m_k, S_k): what GaussianMixture and Empirical share."""

    _what = "means"

    def _hold(self, weights, means, spread: Spread):
        with np.errstate(over="ignore"):
            if not np.isfinite(means.max(axis=0) - means.min(axis=0)).all():
                raise ValueError(f"{self._what} must lie within 1.8e308 of each other")
        self._weights, self._means, self._spread = weights, means, spread
        self.dim = means.shape[1]
        return self

    @cached_property
    def _evaluator(self):
        active = np.flatnonzero(self._weights > 0)
        used, index = np.unique(self._spread.index[active], return_inverse=True)
        spread = Spread(self._spread.values[used], index.reshape(-1), self._spread.name)
        parts = np.log(self._weights[active]), self._means[active], spread
        shared = SharedMixture(*parts) if len(used) == 1 else None
        return shared if shared is not None and shared.accurate else DirectMixture(*parts)

    @property
    def mean(self) -> np.ndarray:
        """Σ_k π_k m_k, (d,)."""
        return self._weights @ self._means

    @property
    def covariance(self) -> np.ndarray:
        """Σ_k π_k [S_k + (m_k − m)(m_k − m)ᵀ], (d, d); ±inf beyond 1.8e308."""
        values, half = self._spread.values, 0.5 * self._means - 0.5 * self.mean
        share = np.bincount(self._spread.index, self._weights, len(values))
        within = np.tensordot(share, values, axes=1)
        scale = np.abs(half).max() or 1.0
        half = half / scale
        with np.errstate(over="ignore", under="ignore"):
            between = 2 * scale * (2 * scale * ((self._weights[:, None] * half).T @ half))
        return between + (within if self._spread.full else np.diag(within))

    def sample(self, n: int, *, rng) -> np.ndarray:
        """A component by its weight, then its Gaussian: n draws (n, d).

        rng: anything numpy.random.default_rng takes.
        """
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        which = rng.choice(len(self._weights), size=n, p=self._weights / self._weights.sum())
        x, group = rng.standard_normal((n, self.dim)), self._spread.index[which]
        for g, root in enumerate(self._spread.root):
            if len(self._spread.root) == 1:
                x = apply(root, x.T).T
            else:
                x[group == g] = apply(root, x[group == g].T).T
        return x + self._means[which]

    def _diffused(self, alpha, sigma):
        alpha, sigma = as_scalar(alpha, "alpha"), as_positive(sigma, "sigma", zero=True)
        return self._weights, scaled(alpha, self._means), self._spread.diffused(alpha, sigma)

    def _log_density(self, x):
        return self._evaluator.log_density(x)

    def _score(self, x):
        return self._evaluator.score(x)

    def _log_density_and_score(self, x):
        both = getattr(self._evaluator, "log_density_and_score", None)
        return (self._log_density(x), self._score(x)) if both is None else both(x)

    def _score_jacobian(self, x):
        return self._evaluator.jacobian(x)

    def _score_divergence(self, x):
        return self._evaluator.divergence(x)

    def _score_jvp(self, x, v):
        return self._evaluator.jvp(x, v)


class GaussianMixture(MixtureBase):
    """Σ_k π_k N(m_k, S_k) on R^d.

        ∇ log p = Σ_k r_k s_k,   s_k = −P_k (x−m_k),   r_k = π_k N(x; m_k, S_k) / p(x)
        ∇² log p = −Σ_k r_k P_k + Σ_k r_k (s_k−s)(s_k−s)ᵀ

    `weights` (K,) at least 0 with sum 1; `means` (K, d); `covariances` (K, d, d), or (K, d)
    diagonals, or (K,) isotropic. With K = d a (K, d) array that could itself be a covariance
    with correlations is refused: pass (K, d, d). Means must lie within 1.8e308 of each other.
    Near the data, whatever need not be done component by
    component to keep 1e-12 is done by matrix products: equal covariances, diagonal ones, and
    full ones up to d = 8. Scores are finite
    and right at 1e150 standard deviations and beyond (wherever P_k(x−m_k) is finite); a log
    density below −1.8e308 is −inf. Where components k and j tie, their logits are as exact as
    x: an error of ε |W(x−m_k)| |W(m_j−m_k)|, which is large only between modes thousands of
    standard deviations apart. Ill-conditioned, hence good only to ε times the quadratic form:
    far points at which two *different* covariances tie, (x−m)ᵀ(P_j−P_k)(x−m) ≈ 0.
    Singular covariances can be sampled and diffused, but have no density or score.
    Cost: O(K d) a point (shared, diagonal), O(K d²) (full); workspace about 1 MB however
    many points.
    Source: rows A2 and A8 of the catalogue, `refscore identities A2`.
    Checked by: mixture_score, log_densities, divergence_is_laplacian, far_points, diffused_law,
    erratum_information_across_a_gap
    """

    def __init__(self, weights, means, covariances):
        weights = as_weights(weights, "weights")
        means = as_array(means, "means", (len(weights), None)).copy()
        if means.shape[1] == 0:
            raise ValueError(f"means must have shape (K, d) with d >= 1, got {means.shape}")
        self._hold(
            weights, means, spread_of(covariances, "covariances", means.shape[1], len(means))
        )

    def __repr__(self):
        return f"GaussianMixture(K={len(self._weights)}, dim={self.dim})"

    @property
    def weights(self) -> np.ndarray:
        """π, a copy (K,)."""
        return self._weights.copy()

    @property
    def means(self) -> np.ndarray:
        """m, a copy (K, d)."""
        return self._means.copy()

    @property
    def covariances(self) -> np.ndarray:
        """S in full, a copy (K, d, d)."""
        return self._spread.matrices()

    def diffuse(self, alpha, sigma) -> GaussianMixture:
        """The law of alpha X + sigma Z: means alpha m_k, covariances alpha² S_k + sigma² I."""
        return GaussianMixture.__new__(GaussianMixture)._hold(*self._diffused(alpha, sigma))
