"""Running moments: what a long chain leaves behind in d² numbers."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class Moments(NamedTuple):
    """Mean and scatter of n points, joined batch by batch (Chan, Golub and LeVeque 1983)."""

    n: int
    mean: np.ndarray
    scatter: np.ndarray

    def joined(self, other: Moments) -> Moments:
        """Of the points of both."""
        if not (self.n and other.n):
            return self if self.n else other
        with np.errstate(over="ignore", invalid="ignore"):
            total, shift = self.n + other.n, other.mean - self.mean
            scatter = np.outer(shift, shift)
            scatter *= self.n * other.n / total
            scatter += self.scatter
            scatter += other.scatter
            return Moments(total, self.mean + shift * (other.n / total), scatter)

    def result(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """(mean, covariance with 1/n), None before the first point and beyond float64."""
        finite = np.isfinite(self.mean).all() and math.isfinite(np.trace(self.scatter))
        return (self.mean, self.scatter / self.n) if self.n and finite else (None, None)


def no_moments(dim: int) -> Moments:
    """Of no points."""
    return Moments(0, np.zeros(dim), np.zeros((dim, dim)))


def moments_of(x: np.ndarray) -> Moments:
    """Of points (..., d)."""
    rows = x.reshape(-1, x.shape[-1])
    if not len(rows):
        return no_moments(x.shape[-1])
    with np.errstate(over="ignore", invalid="ignore"):
        return Moments(len(rows), *_mean_and_scatter(rows))


def bytes_for(dim: int, n_blocks: int, workers: int | None) -> float:
    """What the moments of so many blocks of chains take at most at a time."""
    return 8.0 * dim**2 * (n_blocks + 2 * min(n_blocks, workers or 1))


def batch_length(shape: tuple) -> int:
    """How many arrays of points of this shape to gather before their moments are worth taking."""
    rows = max(32, min(1024, (1 << 18) // shape[-1]))
    return max(1, rows // max(1, math.prod(shape[:-1])))


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
    products = several.T @ several
    return products if k == 1 else np.einsum("iaib->ab", products.reshape(k, d, k, d)).copy()
