"""Independent coordinates: everything is a sum or a diagonal."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_real, require_finite
from refscore.distributions.base import Distribution


def coordinates(*, positive: tuple = (), infinite: tuple = (), **named) -> list[np.ndarray]:
    """The named parameters as float64 copies (d,); a number stands for every coordinate.

    Those named in `positive` must be above 0; those in `infinite` may be ±inf (never NaN).
    """
    arrays = {name: as_real(value, name) for name, value in named.items()}
    for name, array in arrays.items():
        if array.ndim > 1 or array.size == 0:
            raise ValueError(f"{name} must be a number or have shape (d,), got {array.shape}")
        require_finite(np.nan_to_num(array, nan=np.nan) if name in infinite else array, name)
        if name in positive and not (array > 0).all():
            raise ValueError(f"{name} must be positive, got {array.min()}")
    dim = next((a.size for a in arrays.values() if a.ndim == 1), 1)
    for name, array in arrays.items():
        if array.ndim == 1 and array.size != dim:
            raise ValueError(f"{name} must have shape ({dim},), got shape {array.shape}")
    return [np.broadcast_to(array, (dim,)).copy() for array in arrays.values()]


def diagonal(sd: np.ndarray) -> np.ndarray:
    """diag(sd²), inf where that passes 1.8e308."""
    with np.errstate(over="ignore", under="ignore"):
        return np.diag(sd**2)


class Product(Distribution):
    """Independent coordinates: log p = Σᵢ log pᵢ(xᵢ), score (log pᵢ)′, Jacobian diag (log pᵢ)″.

    A subclass writes `_log_terms(x)`, `_score(x)` and `_slope(x)`, all (n, d) to (n, d).
    """

    def _log_density(self, x):
        with np.errstate(over="ignore", under="ignore"):
            return self._log_terms(x).sum(axis=-1)

    def _score_jacobian(self, x):
        jacobian = np.zeros(x.shape + (self.dim,))
        jacobian[:, range(self.dim), range(self.dim)] = self._slope(x)
        return jacobian

    def _score_divergence(self, x):
        return self._slope(x).sum(axis=-1)

    def _score_jvp(self, x, v):
        return self._slope(x) * v

    def _log_terms(self, x):
        raise NotImplementedError

    def _slope(self, x):
        raise NotImplementedError
