"""Evidence against an exact Gaussian law: a conjugate mixture of likelihood ratios."""

from __future__ import annotations

import math

import numpy as np

from refscore.verify.evidence.betting import as_floats, log_mean, plain, whole

STRENGTHS = (1.0, 30.0, 1000.0, 30_000.0)  # prior draws: how near to N(0, I) the alternatives lie


class NormalInverseWishart:
    """Are the rows z N(0, I)?

    E_n = avg_k ∫ Π_{i<=n} N(z_i; m, C)/N(z_i; 0, I) dπ_k(m, C),
    π_k: C ~ W⁻¹(Ψ, ν), m | C ~ N(0, C/κ),  κ = k, ν = d + 1 + k, Ψ = ν I.

    For fixed (m, C) the likelihood ratio is a martingale of mean 1 under N(0, I), a mixture of
    martingales is one, and so E_n is a supermartingale whatever the prior. In closed form, with
    κ_n = κ + n, ν_n = ν + n, Ψ_n = Ψ + Σ z zᵀ - (Σz)(Σz)ᵀ/κ_n,

    log E = log Γ_d(ν_n/2)/Γ_d(ν/2) + ν/2 log|Ψ| - ν_n/2 log|Ψ_n| + d/2 log(κ/κ_n)
            + (nd/2) log 2 + ½ Σ |z|².

    Only n, Σz and Σzzᵀ are kept; `shape`: of processes side by side. A row that is no number
    is infinite evidence. Murphy 2007, section 9 (the conjugate prior).
    """

    def __init__(self, dim: int, *, shape: tuple[int, ...] = (), strengths=STRENGTHS):
        self.dim, self.n = dim, 0
        self.strengths = tuple(float(k) for k in strengths)
        self.total = np.zeros((*shape, dim))
        self.products = np.zeros((*shape, dim, dim))

    def update(self, z) -> np.ndarray:
        """Take whitened rows (n, *shape, d); returns log E, of the shape."""
        z = np.asarray(z, float)
        with np.errstate(invalid="ignore", over="ignore"):
            self.n += len(z)
            self.total = self.total + z.sum(0)
            rows = np.moveaxis(z, 0, -2)
            self.products = self.products + np.swapaxes(rows, -1, -2) @ rows
        lost = np.asarray(~np.isfinite(self.products).all((-1, -2)))
        self.products[lost], self.total[lost] = np.inf, 0.0
        return self.log_e

    @property
    def log_e(self) -> np.ndarray:
        """log E."""
        finite = np.asarray(np.isfinite(self.products).all((-1, -2)))
        products = np.where(finite[..., None, None], self.products, np.eye(self.dim))
        logs = np.stack([self._log_ratio(k, self.total, products) for k in self.strengths], -1)
        return np.where(finite, log_mean(logs), np.inf)

    def _log_ratio(self, strength: float, total, products) -> np.ndarray:
        n, d = self.n, self.dim
        kappa, nu = strength, d + 1 + strength
        outer = total[..., :, None] * total[..., None, :]
        updated = nu * np.eye(d) + products - outer / (kappa + n)
        return (
            _log_gamma((nu + n) / 2, d) - _log_gamma(nu / 2, d)
            + nu / 2 * d * math.log(nu) - (nu + n) / 2 * np.linalg.slogdet(updated)[1]
            + d / 2 * math.log(kappa / (kappa + n)) + n * d / 2 * math.log(2)
            + 0.5 * np.trace(products, axis1=-2, axis2=-1)
        )  # fmt: skip

    @property
    def mean(self) -> np.ndarray:
        """The mean of the rows."""
        return self.total / max(self.n, 1)

    @property
    def covariance(self) -> np.ndarray:
        """Their second moments about their mean."""
        mean = self.mean
        return self.products / max(self.n, 1) - mean[..., :, None] * mean[..., None, :]

    def state(self) -> dict:
        """What has to be kept to go on."""
        return {"n": self.n, "total": plain(self.total), "products": plain(self.products)}

    def restore(self, state: dict) -> None:
        """Go on from a kept state."""
        self.n = whole(state["n"])
        self.total = as_floats(state["total"], self.total.shape)
        self.products = as_floats(state["products"], self.products.shape)


def _log_gamma(a: float, dim: int) -> float:
    """log Γ_d(a) without the power of π, which cancels."""
    return sum(math.lgamma(a - j / 2) for j in range(dim))
