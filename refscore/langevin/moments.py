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
                mean = np.full(len(rows), 1 / len(rows)) @ rows
                centred = _less(rows, mean)
                self._merge(len(rows), mean, centred.T @ centred)

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


def _less(rows: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Rows - mean, several rows at a time: short rows make slow inner loops."""
    together = math.gcd(len(rows), 64) or 1
    wide = rows.reshape(-1, together * rows.shape[1])
    return (wide - np.tile(mean, together)).reshape(rows.shape)
