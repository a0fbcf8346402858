"""What estimators do on samples of a finite size: moments and coverage in closed form."""

from __future__ import annotations

import math

import numpy as np


def precision_moments(precision, n):
    """Mean and variance of n / Σ x² under N(0, 1/λ): an inverse χ² of n degrees of freedom."""
    precision = np.asarray(precision, dtype=float)
    mean = precision * n / (n - 2)
    return mean, 2 * mean**2 / (n - 4)


def subset_moments(points, n):
    """Means of x̄ and of (1/n) Σ (x − x̄)(x − x̄)ᵀ over all samples of n without repetition."""
    points, size = np.asarray(points, dtype=float), len(points)
    spread = np.atleast_2d(np.cov(points.T, ddof=1))
    assert n <= size
    return points.mean(axis=0), (n - 1) / n * spread


def two_valued_coverage(small, large, share, n, level):
    """P(1/E x² lies in the interval | 0 < k < n), k ~ Bin(n, share) of the x² being `large`.

    With k of them the estimate is 1/m, m = small + (large − small) k/n, and its error
    (large − small) √(k/n (1 − k/n) / n) / m².
    """
    z, truth = _quantile(level), 1 / (small + (large - small) * share)
    total = covered = 0.0
    for k in range(1, n):
        weight = math.comb(n, k) * share**k * (1 - share) ** (n - k)
        m = small + (large - small) * k / n
        error = (large - small) * math.sqrt(k * (n - k) / n**3) / m**2
        total += weight
        covered += weight * (abs(1 / m - truth) <= z * error)
    return covered / total


def _quantile(level):
    """z with P(|Z| < z) = level, from erf by bisection."""
    low, high = 0.0, 40.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if math.erf(middle / math.sqrt(2)) < level else (low, middle)
    return low
