"""Samples with weights, as every discrepancy takes them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import as_array, as_points, as_real, require_finite


class Sample(NamedTuple):
    """Points (n, d) and weights (n,) that sum to one; `weights` None means 1/n each."""

    points: np.ndarray
    weights: np.ndarray | None

    def own(self) -> float:
        """Σ w_i², the weight of the pairs of a point with itself."""
        return 1 / len(self.points) if self.weights is None else float(self.weights @ self.weights)

    def apart(self) -> float:
        """1 − Σ w_i² = Σ w_i (1 − w_i), the weight of pairs i ≠ j; 1 − w_i is summed, not taken."""
        if self.weights is None:
            return (len(self.points) - 1) / len(self.points)
        w = self.weights
        return float(w @ (before(w) + before(w[::-1])[::-1]))

    def weight(self, rows: slice) -> np.ndarray | float:
        """The weights of some rows times n, which is 1 where they are equal."""
        return 1.0 if self.weights is None else len(self.points) * self.weights[rows]


def as_sample(x, name: str, weights=None, weights_name: str = "weights") -> Sample:
    """Points (..., d), chains and draws along the leading axes, read as one sample."""
    points = as_points(x, name)
    if points.ndim == 1 or points.size == 0:
        raise ValueError(
            f"{name} must have shape (..., n, d) with n >= 1, got shape {points.shape};"
            f" numbers on a line are {name}[:, None]"
        )
    shaped = _weights(weights, weights_name, points.shape[:-1], name)
    return Sample(points.reshape(-1, points.shape[-1]), shaped)


def as_pair(x, y, x_weights, y_weights) -> tuple[Sample, Sample]:
    """Two samples of one dimension."""
    first = as_sample(x, "x", x_weights, "x_weights")
    second = as_sample(y, "y", y_weights, "y_weights")
    if first.points.shape[1] != second.points.shape[1]:
        raise ValueError(
            "x and y must share one dimension,"
            f" got {first.points.shape[1]} and {second.points.shape[1]}"
        )
    return first, second


def as_values(x, name: str, weights=None, weights_name: str = "weights"):
    """Numbers of any shape, sorted: (values (n,), weights (n,) or None), none of weight 0."""
    values = as_array(x, name)
    if values.size == 0:
        raise ValueError(f"{name} must hold at least one number, got shape {values.shape}")
    w = _weights(weights, weights_name, values.shape, name)
    if w is None:
        return np.sort(values, axis=None), None
    order = np.argsort(values, axis=None, kind="stable")
    order = order[w[order] > 0]
    return values.ravel()[order], w[order]


def cumulative(w: np.ndarray) -> np.ndarray:
    """Σ_{j≤i} w_j over Σ w, each to about an ulp: what every addition rounds off is added back."""
    sums = np.cumsum(w)
    before = np.concatenate([[0.0], sums[:-1]])
    added = sums - before
    sums += np.cumsum((before - (sums - added)) + (w - added))
    return np.maximum.accumulate(sums / sums[-1])


def before(w: np.ndarray) -> np.ndarray:
    """Σ_{j<i} w_j."""
    return np.concatenate([[0.0], np.cumsum(w[:-1])])


def _weights(value, name: str, shape: tuple, of: str) -> np.ndarray | None:
    if value is None:
        return None
    w = require_finite(as_real(value, name), name)
    if w.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, one for every point of {of},"
                         f" got shape {w.shape}")  # fmt: skip
    w = w.ravel()
    if (w < 0).any():
        row = int(np.argmax(w < 0))
        raise ValueError(f"{name} must be at least 0, got {float(w[row])!r} at row {row}")
    top = w.max()
    if top == 0:
        raise ValueError(f"{name} must have a positive sum, got zeros only")
    w = w / top
    return w / w.sum()


def as_statistic(value, *samples: tuple[str, str, Sample]) -> str:
    """One of "V" and "U"; the latter needs two points that have weight in every sample.

    Samples come with their name and that of their weights.
    """
    if not isinstance(value, str) or value not in ("V", "U"):
        raise ValueError(f'statistic must be "V" or "U", got {value!r}')
    for name, weights_name, sample in samples if value == "U" else ():
        if len(sample.points) < 2:
            raise ValueError(f"{name} must hold at least 2 points for statistic 'U'")
        if not sample.apart() > 1e-290:
            raise ValueError(
                f"{name} must hold at least 2 points for statistic 'U', and {weights_name} leave"
                f" weight to one only: the sum of w_i w_j over pairs is {sample.apart():.3g}"
            )
    return value


def finite(value: float, *names: str) -> float:
    """`value`, unless it has left the range of floats."""
    if not np.isfinite(value):
        raise ValueError(f"{' and '.join(names)} must be such that all products stay below 1e308")
    return float(value)
