"""A latent-variable model that is exact throughout: probabilistic principal components."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_covariance,
    as_points,
    as_positive,
    as_rng,
    beyond_float,
)

LOG_2PI = float(np.log(2 * np.pi))


class Posterior(NamedTuple):
    """p(z|x): means (..., k), one covariance C (k, k) for all x, and a root R of it, C = R Rᵀ.

    Where s is a stretch of W, C's eigenvalues are σ²/(s² + σ²) and 1 where x shows nothing of z:
    below eps these are lost in C, not in R.
    """

    mean: np.ndarray
    covariance: np.ndarray
    root: np.ndarray


class ProbabilisticPCA:
    """x = W z + m + σ ε with z ~ N(0, I_k), ε ~ N(0, I_d): the linear Gaussian decoder.

        p(x) = N(m, W Wᵀ + σ²I),  p(z|x) = N(M⁻¹Wᵀ(x − m), σ²M⁻¹),  M = WᵀW + σ²I

    loadings W (d, k), offset m (d,), sigma σ > 0. Densities cost O(d k) a point through M, never a
    (d, d) matrix. `fit` is maximum likelihood in closed form.
    Raises ValueError for shapes that do not fit, or σ ≤ 0.
    Source: Tipping and Bishop 1999; seed 004.

    Checked by: latent_evidence, latent_posterior_is_bayes, latent_bound_and_gap,
    latent_maximum_likelihood, families_agree_on_a_gaussian
    """

    def __init__(self, loadings, offset, sigma):
        self.loadings = as_array(loadings, "loadings", (None, None)).copy()
        self.dim, self.n_latent = self.loadings.shape
        if self.loadings.size == 0:
            raise ValueError(f"loadings must have an entry, got shape {self.loadings.shape}")
        self.offset = as_array(offset, "offset", (self.dim,)).copy()
        self.sigma = as_positive(sigma, "sigma")
        with beyond_float():
            inner = self.loadings.T @ self.loadings + np.square(self.sigma)
        if not (np.isfinite(inner).all() and self.sigma**2 > 0):
            raise ValueError("loadings and sigma must have squares within the range of floats")
        wide = self.n_latent > self.dim  # then directions of z that x does not show: stretch 0
        self._left, stretch, self._right = np.linalg.svd(self.loadings, full_matrices=wide)
        self._stretch = np.pad(stretch, (0, self.n_latent - len(stretch)))
        self._eigenvalues = self._stretch**2 + self.sigma**2  # of M, in the basis of V

    @classmethod
    def fit(cls, x, n_latent) -> ProbabilisticPCA:
        """Maximum likelihood on x (n, d): σ² the mean of the d − k least variances.

        W = U_k (Λ_k − σ²I)^½,  Λ and U of the covariance with 1/n

        x is centred, and scaled by a number; W's first row is at least 0. Raises ValueError for
        n ≤ d points, k ≥ d, or points that vary in n_latent directions or fewer.
        """
        with beyond_float():
            x, k = as_points(x, "x"), as_count(n_latent, "n_latent")
            if x.ndim != 2 or len(x) <= x.shape[1] or k >= x.shape[1]:
                raise ValueError(
                    f"x must hold more than d points (n, d), and n_latent be below d; got shape"
                    f" {x.shape} and {k}"
                )
            unit = np.ldexp(1.0, np.frexp(np.abs(x).max() or 1.0)[1])  # a power of 2: exact
            centre = (x / unit).mean(0)
            off = x / unit - centre
            spread = np.ldexp(1.0, np.frexp(np.abs(off).max() or 1.0)[1])
            off /= spread
            values, vectors = np.linalg.eigh(off.T @ off / len(x))
            noise = values[:-k].mean()
            if not noise > 1e-12 * values[-1]:
                raise ValueError(
                    "x must vary in more than n_latent directions: the noise would be 0"
                )
            vectors = vectors * np.where(vectors[0] < 0, -1.0, 1.0)  # else rounding has the sign
            scale, unit_off = np.sqrt(np.maximum(values[-k:] - noise, 0.0)), spread * unit
            return cls(vectors[:, -k:] * scale * unit_off, centre * unit, np.sqrt(noise) * unit_off)

    def log_density(self, x) -> np.ndarray:
        """log p(x), z integrated out, (..., d) to (...,).

        (x − m)ᵀ(W Wᵀ + σ²I)⁻¹(x − m) = |x − m − W ẑ|²/σ² + |ẑ|²,  ẑ the posterior's mean
        """
        with beyond_float():
            off = as_points(x, "x", self.dim) - self.offset
            mean = self._means(off)
            rest = (off - mean @ self.loadings.T) / self.sigma
            square = (rest**2).sum(-1) + (mean**2).sum(-1)
            log_det = np.log(self._eigenvalues).sum()
            log_det += 2 * (self.dim - self.n_latent) * np.log(self.sigma)
            return -0.5 * (square + log_det + self.dim * LOG_2PI)

    def _means(self, off):
        """M⁻¹Wᵀ(x − m) through W = U diag(s) Vᵀ: V s/(s² + σ²) Uᵀ(x − m)."""
        n = self._left.shape[1] if self.n_latent > self.dim else self.n_latent
        return off @ self._left[:, :n] * (self._stretch / self._eigenvalues)[:n] @ self._right[:n]

    def posterior(self, x) -> Posterior:
        """p(z|x): means (..., k), covariance (k, k) and its root V diag(σ/√(s² + σ²))."""
        with beyond_float():
            mean = self._means(as_points(x, "x", self.dim) - self.offset)
            root = self._right.T * (self.sigma / np.sqrt(self._eigenvalues))
            return Posterior(mean, root @ root.T, root)

    def elbo(self, x, mean, covariance, root=None) -> np.ndarray:
        """The bound of q(z) = N(mean, C), mean (..., k), covariance C (k, k), (...,).

        E_q log p(x|z) − KL(q ‖ N(0, I)),
            E_q|x − m − Wz|² = |x − m − W mean|² + tr(W C Wᵀ)

        root R (k, k), C = R Rᵀ, is what is computed with where it is given. Rounding, times
        (|W|/σ)², is in the bound of a C, its square in that of an R: with `elbo(x, *posterior(x))`
        the bound is log p(x) while σ is far above eps |W|, as x itself asks of it.
        """
        with beyond_float():
            x, mean, root = self._proposed(x, mean, covariance, root)
            off = (x - self.offset - mean @ self.loadings.T) / self.sigma
            spread = np.square(self.loadings @ root / self.sigma).sum()
            given = -0.5 * ((off**2).sum(-1) + spread + self.dim * LOG_2PI)
            given -= self.dim * np.log(self.sigma)
            divergence = np.square(root).sum() + (mean**2).sum(-1) - self.n_latent
            return given - 0.5 * divergence + np.linalg.slogdet(root)[1]

    def elbo_gap(self, x, mean, covariance, root=None) -> np.ndarray:
        """KL(q ‖ p(z|x)) of two Gaussians, what the bound misses, (...,), never below 0.

        With σ⁻¹M^½ R = Q T, T triangular, and Δ from the posterior's mean,
            ½ [|W Δ|²/σ² + |Δ|² + Σ (t_ii² − 1 − log t_ii²) + Σ_{i<j} t_ij²]

        root as for `elbo`.
        """
        with beyond_float():
            x, mean, root = self._proposed(x, mean, covariance, root)
            off = mean - self._means(x - self.offset)
            square = np.square(off @ self.loadings.T / self.sigma).sum(-1) + (off**2).sum(-1)
            stretch = np.sqrt(self._eigenvalues) / self.sigma
            T = np.linalg.qr(stretch[:, None] * (self._right @ root), mode="r")
            t = np.abs(np.diag(T))
            excess = (t - 1) * (t + 1)
            with np.errstate(divide="ignore"):  # a root without an inverse: no density, inf
                logs = np.where(t < 0.5, 2 * np.log(t), np.log1p(excess))
            return 0.5 * (square + (excess - logs).sum() + (np.triu(T, 1) ** 2).sum())

    def _proposed(self, x, mean, covariance, root):
        """x, q's mean and a root of its covariance, checked."""
        x, k = as_points(x, "x", self.dim), self.n_latent
        mean = as_array(mean, "mean", (*x.shape[:-1], k))
        covariance = as_covariance(covariance, "covariance", k, singular=root is not None)
        if root is None:
            return x, mean, np.linalg.cholesky(covariance)
        root = as_array(root, "root", (k, k))
        deviations = np.sqrt(np.diag(covariance))
        off = np.abs(root @ root.T - covariance)
        if (off > 1e-6 * np.outer(deviations, deviations)).any():
            raise ValueError(
                f"root must have root @ root.T = covariance, got {off.max():.3g} apart"
            )
        return x, mean, root

    def sample(self, n, *, rng) -> np.ndarray:
        """n draws (n, d): z, then x given z."""
        n, rng = as_count(n, "n", minimum=0), as_rng(rng)
        z = rng.standard_normal((n, self.n_latent))
        return z @ self.loadings.T + self.offset + self.sigma * rng.standard_normal((n, self.dim))

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean (d,) and covariance W Wᵀ + σ²I (d, d) of x."""
        with beyond_float():
            covariance = self.loadings @ self.loadings.T + self.sigma**2 * np.eye(self.dim)
            return self.offset.copy(), covariance
