"""The covariance matrices of one or many Gaussians, kept as small as they were given.

Equal matrices are stored once; diagonal and isotropic ones as a row of variances. What a
density needs (inverse, determinant) is computed on first use and refused if singular.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from refscore._arguments import as_covariance, as_real, require_finite

LOG_2PI = math.log(2 * math.pi)


class Spread:
    """K covariance matrices: `values` (U, d, d), or (U, d) when diagonal, and `index` (K,).

    The matrix of component k is values[index[k]]. `singular` says why it is known to have no
    inverse, whatever rounding makes of its smallest eigenvalue.
    """

    def __init__(self, values, index, name: str, singular: str = ""):
        self.values, self.index, self.name, self.singular = values, index, name, singular
        self.full = values.ndim == 3
        self.dim = values.shape[-1]

    @cached_property
    def whitener(self) -> np.ndarray:
        """W with Wᵀ W = S⁻¹: the inverse Cholesky factor, or 1/√variance."""
        if self.singular:
            self._refuse(self.singular)
        if not self.full:
            if (self.values < np.finfo(float).tiny).any():
                self._refuse(f"a variance is {self.values.min():.3g}, below the normal numbers")
            return 1 / np.sqrt(self.values)
        return np.stack([self._inverse_factor(matrix) for matrix in self.values])

    def _inverse_factor(self, matrix):
        sd = np.sqrt(np.diagonal(matrix))
        if not (sd > 0).all():
            self._refuse("a variance is 0")
        try:
            factor = np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            self._refuse(f"smallest eigenvalue {np.linalg.eigvalsh(matrix)[0]:.3g}")
        smallest = (np.diagonal(factor) / sd).min() ** 2
        if smallest < 4 * self.dim * np.finfo(float).eps:
            self._refuse(f"a direction has {smallest:.3g} of its coordinate's variance left")
        return _inverse_of_lower(factor)

    def _refuse(self, why: str):
        raise ValueError(
            f"{self.name} must be positive definite for a density or score, but is singular in"
            f" float64 ({why}); sample, mean, covariance and diffuse still work"
        )

    @cached_property
    def precision(self) -> np.ndarray:
        """S⁻¹ = Wᵀ W, (U, d, d) or (U, d)."""
        w = self.whitener
        return w.swapaxes(-1, -2) @ w if self.full else w * w

    @cached_property
    def precision_trace(self) -> np.ndarray:
        """Traces of S⁻¹, (U,)."""
        return (self.whitener**2).reshape(len(self.values), -1).sum(axis=1)

    @cached_property
    def log_det(self) -> np.ndarray:
        """The numbers log det S, (U,)."""
        w = self.whitener
        diagonal = np.diagonal(w, axis1=-2, axis2=-1) if self.full else w
        return -2 * np.log(diagonal).sum(axis=-1)

    @cached_property
    def root(self) -> np.ndarray:
        """Some B with B Bᵀ = S, singular S included."""
        if not self.full:
            return np.sqrt(self.values)
        try:
            return np.linalg.cholesky(self.values)
        except np.linalg.LinAlgError:
            eigenvalues, vectors = np.linalg.eigh(self.values)
            return vectors * np.sqrt(np.maximum(eigenvalues, 0))[:, None, :]

    def matrices(self) -> np.ndarray:
        """All K matrices (K, d, d)."""
        full = self.values if self.full else self.values[:, :, None] * np.eye(self.dim)
        return full[self.index]

    def diffused(self, alpha: float, sigma: float) -> Spread:
        """alpha² S + sigma² I."""
        identity = np.eye(self.dim) if self.full else 1.0
        added = require_finite(np.array(sigma * sigma), "the square of sigma") * identity
        with np.errstate(over="ignore", under="ignore"):
            values = alpha * (alpha * self.values) + added
        require_finite(values, "alpha² S + sigma² I (alpha too large)")
        return Spread(values, self.index, self.name)


def scaled(alpha: float, array: np.ndarray) -> np.ndarray:
    """alpha times an array; ValueError where that passes 1.8e308."""
    with np.errstate(over="ignore", under="ignore"):
        return require_finite(alpha * array, "alpha times the law (alpha too large)")


def _inverse_of_lower(factor):
    """The inverse of a lower triangular matrix by forward substitution."""
    dim = len(factor)
    if dim >= 16:
        from scipy.linalg import solve_triangular

        return solve_triangular(factor, np.eye(dim), lower=True)
    inverse = np.diag(1 / np.diagonal(factor))
    for i in range(1, dim):
        inverse[i, :i] = -(factor[i, :i] @ inverse[:i, :i]) / factor[i, i]
    return inverse


def apply(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A (d, d), or its diagonal (d,), on columns (d, n)."""
    return matrix @ columns if matrix.ndim == 2 else matrix[:, None] * columns


def spread_of(value, name: str, dim: int, count: int | None = None) -> Spread:
    """Covariances as given: full, diagonal or isotropic, one (`count` None) or `count`."""
    lead = () if count is None else (count,)
    array = require_finite(as_real(value, name), name)
    if array.shape not in (lead, (*lead, dim), (*lead, dim, dim)):
        raise ValueError(
            f"{name} must have shape {(*lead, dim, dim)}, {(*lead, dim)} (diagonals) or"
            f" {lead} (isotropic), got shape {array.shape}"
        )
    kind = array.ndim - len(lead)
    if count == dim > 1 and kind == 1 and _could_be_a_covariance(array):
        raise ValueError(
            f"{name} of shape {array.shape} are the {count} diagonals (K, d), but these would be"
            " one covariance with correlations: pass all as (K, d, d)"
        )
    rows = array.reshape((count or 1, -1))
    unique, index = _distinct(rows)
    if kind == 2:
        return Spread(_semidefinite(unique.reshape(-1, dim, dim), name), index, name)
    if (unique < 0).any():
        raise ValueError(f"{name} must be variances of at least 0, got {unique.min():.3g}")
    return Spread(np.array(np.broadcast_to(unique, (len(unique), dim))), index, name)


def _could_be_a_covariance(array) -> bool:
    if (array == np.diag(np.diagonal(array))).all():
        return False
    try:
        return bool(len(as_covariance(array, "array")))
    except ValueError:
        return False


def _distinct(rows):
    if (rows == rows[0]).all():
        return rows[:1], np.zeros(len(rows), dtype=int)
    unique, index = np.unique(rows, axis=0, return_inverse=True)
    return unique, index.reshape(-1)


def _semidefinite(matrices, name):
    if (matrices == matrices.swapaxes(1, 2)).all():
        try:
            np.linalg.cholesky(matrices)
            return matrices.copy()
        except np.linalg.LinAlgError:
            pass
    return np.stack([as_covariance(matrix, name, singular=True) for matrix in matrices])
