"""The Kolmogorov-Smirnov distance."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_like
from refscore.discrepancies.samples import as_values, cumulative


def kolmogorov_smirnov(x, other, *, weights=None, other_weights=None) -> float:
    """The largest gap between two distribution functions on the line.

        sup |F_n − F| = max over i of F_n(x_i) − F(x_i) and F(x_i) − F_n(x_i−)
        sup |F_n − G_m| over all points of two samples

    Arguments: x, numbers of any shape; other, a second sample, or a continuous distribution
    function (n,) -> (n,), called once on the sorted x; weights of x's shape and other_weights
    of other's (none with a function), at least 0, divided by their sums.
    Returns: a number in [0, 1]; 1 where the samples do not overlap.
    Raises: ValueError or TypeError naming the argument and row, or where the function gives
    values outside [0, 1] or that fall. Cost: O(n log n).
    Source: Kolmogorov 1933; Smirnov 1948.
    Checked by: ks_of_samples, ks_of_uniforms
    """
    values, w = as_values(x, "x", weights)
    after, before = _steps(values, w)
    if callable(other):
        if other_weights is not None:
            raise ValueError("other_weights must be None where other is a distribution function")
        F = _cdf(other, values)
        return float(max(np.max(after - F), np.max(F - before), 0.0))
    points, v = as_values(other, "other", other_weights, "other_weights")
    steps, _ = _steps(points, v)
    all_points = np.concatenate([values, points])
    gap = _at(values, after, all_points) - _at(points, steps, all_points)
    return float(np.abs(gap).max())


def _steps(values, w):
    """F_n at every sorted value and just before it; equal values share both."""
    n = len(values)
    last = np.searchsorted(values, values, side="right")
    first = np.searchsorted(values, values, side="left")
    if w is None:
        return last / n, first / n
    total = np.append(0.0, cumulative(w))
    return total[last], total[first]


def _at(values, steps, x):
    """The step function at x."""
    index = np.searchsorted(values, x, side="right")
    return np.where(index > 0, steps[np.maximum(index, 1) - 1], 0.0)


def _cdf(other, values) -> np.ndarray:
    F = as_like(other(values.copy()), "other(x)", values, "x")
    if F.min() < 0 or F.max() > 1:
        worst = F.min() if F.min() < 0 else F.max()
        raise ValueError(f"other must be a distribution function, in [0, 1]; it gave {worst!r}")
    if (np.diff(F) < -1e-12).any():
        raise ValueError("other must be a distribution function, which does not fall")
    return F
