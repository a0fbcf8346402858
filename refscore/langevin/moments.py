"""Running moments: what a long chain leaves behind in d² numbers."""

from __future__ import annotations

import math

import numpy as np


class Moments:
    """Running mean and scatter, merged batch by batch (Chan, Golub and LeVeque 1983)."""

    def __init__(self, dim: int):
        self.count, self.mean = 0, np.zeros(dim)
        self.scatter = np.zeros((dim, dim))

    def add(self, x: np.ndarray) -> None:
        """One more batch of points (..., d)."""
        rows = x.reshape(-1, x.shape[-1])
        if len(rows):
            with np.errstate(over="ignore", invalid="ignore"):
                self._merge(len(rows), *_mean_and_scatter(rows))

    def merge(self, other: Moments) -> None:
        """All that another one has seen."""
        if other.count:
            with np.errstate(over="ignore", invalid="ignore"):
                self._merge(other.count, other.mean, other.scatter)

    def _merge(self, n: int, mean, scatter) -> None:
        total, shift = self.count + n, mean - self.mean
        self.scatter += scatter
        self.scatter += np.outer(shift, shift) * (self.count * n / total)
        self.mean = self.mean + shift * (n / total)
        self.count = total

    def result(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """(mean, covariance with 1/n), None before the first point."""
        return (self.mean, self.scatter / self.count) if self.count else (None, None)


def _mean_and_scatter(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of rows (n, d), several of them at a time: short rows make slow inner loops."""
    n, d = rows.shape
    k = math.gcd(n, 64)
    wide = rows.reshape(-1, k * d)
    mean = (np.full(len(wide), 1 / n) @ wide).reshape(k, d).sum(axis=0)
    centred = wide - np.multiply.outer(np.ones(k), mean).ravel()
    return mean, _scatter(centred.reshape(n, d))


def _scatter(rows: np.ndarray) -> np.ndarray:
    """Σ x xᵀ over rows (n, d); several short rows at a time, of which the diagonal blocks."""
    n, d = rows.shape
    k = 4 if d <= 4 and n % 4 == 0 else 1
    several = rows.reshape(-1, k * d)
    return np.einsum("iaib->ab", (several.T @ several).reshape(k, d, k, d)).copy()
