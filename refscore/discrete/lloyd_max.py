"""Optimal scalar quantisers of the normal law, and the exact error of any."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import as_array, as_count, as_positive, as_scalar

MOST = 4096
_NODES = 20


class ScalarQuantiser(NamedTuple):
    """Levels (K,) rising, thresholds between them (K − 1,), probabilities of the cells (K,),
    and the distortion, the mean squared error.

    Tested in: tests/discrete/test_lloyd_max.py
    """

    levels: np.ndarray
    thresholds: np.ndarray
    probabilities: np.ndarray
    distortion: float

    @property
    def entropy(self) -> float:
        """−Σ p ln p of the cells, in nats.

        Tested in: tests/discrete/test_lloyd_max.py
        """
        p = self.probabilities[self.probabilities > 0]
        return float(-(p * np.log(p)).sum())

    @property
    def perplexity(self) -> float:
        """e^entropy.

        Tested in: tests/discrete/test_lloyd_max.py
        """
        return float(np.exp(self.entropy))


def lloyd_max(n_levels: int, mean: float = 0.0, sd: float = 1.0) -> ScalarQuantiser:
    """The K levels with the least mean squared error for N(mean, sd²).

        t_i = (y_i + y_{i+1})/2,   y_i = E[X | t_{i-1} < X < t_i]

    Both conditions have one solution for a log-concave law. As K grows, D K² → √3 π/2 sd²
    (Panter and Dite). Found by Newton's method from the levels of the companding law N(0, 3).
    Arguments: n_levels K from 1 to 4,096; mean; sd > 0.
    Returns: levels, thresholds, probabilities and distortion; `.entropy` and `.perplexity`.
    Raises: ValueError or TypeError naming the argument. Cost: O(K) a step, some five steps.
    Source: Lloyd 1982; Max 1960; Fleischer 1964 (one solution).
    Checked by: optimal_scalar_quantisers
    """
    k = as_count(n_levels, "n_levels")
    if k > MOST:
        raise ValueError(f"n_levels must be at most {MOST}, got {k}")
    mean, sd = as_scalar(mean, "mean"), as_positive(sd, "sd")
    if not np.isfinite(sd * sd):
        raise ValueError(f"sd must have a square below 1.8e308, got {sd!r}")
    levels = _optimal(k)
    p, _, distortion = _cells(levels)
    thresholds = 0.5 * (levels[1:] + levels[:-1])
    return ScalarQuantiser(mean + sd * levels, mean + sd * thresholds, p, sd * sd * distortion)


def scalar_distortion(levels, mean: float = 0.0, sd: float = 1.0) -> float:
    """The exact mean squared error of nearest levels for N(mean, sd²).

        D = Σ_i ∫_{cell i} (x − y_i)² p(x) dx,   cells divided half way between levels

    Arguments: levels (K,), K ≥ 1, strictly rising; mean; sd > 0. Returns: a number.
    Raises: ValueError or TypeError naming the argument. Cost: O(K).
    Source: definition.
    Checked by: scalar_distortion_of_levels
    """
    y = as_array(levels, "levels", (None,))
    if y.size == 0 or not (y[1:] > y[:-1]).all():
        raise ValueError("levels must be at least one number, strictly rising")
    mean, sd = as_scalar(mean, "mean"), as_positive(sd, "sd")
    with np.errstate(all="ignore"):
        y = (y - mean) / sd
        distortion = float(sd * sd * _cells(y)[2]) if np.abs(y).max() < 1e150 else np.inf
    if not np.isfinite(distortion):
        raise ValueError("levels must lie within 1e150 sd of mean, their distortion below 1.8e308")
    return distortion


def _optimal(k: int) -> np.ndarray:
    """Levels for N(0, 1), odd about 0."""
    from scipy.linalg import solve_banded
    from scipy.special import ndtri

    y = np.sqrt(3) * ndtri((np.arange(k) + 0.5) / k)
    if k == 1:
        return y
    for _ in range(50):
        p, means, _ = _cells(y)
        t = 0.5 * (y[1:] + y[:-1])
        slope = 0.5 * np.exp(-0.5 * t**2) / np.sqrt(2 * np.pi)
        left, right = slope * (means[1:] - t) / p[1:], slope * (t - means[:-1]) / p[:-1]
        bands = np.zeros((3, k))
        bands[0, 1:], bands[2, :-1] = right, left
        bands[1] = -1
        bands[1, 1:] += left
        bands[1, :-1] += right
        step = solve_banded((1, 1), bands, y - means)
        y = y + step
        y = 0.5 * (y - y[::-1])
        if np.abs(step).max() < 1e-14 * (1 + np.abs(y).max()):
            break
    return y


def _cells(y: np.ndarray):
    """Probabilities and means of the cells of N(0, 1) nearest to the levels, and the distortion;
    NaN for the mean of a cell whose probability underflows."""
    t = np.concatenate([[-np.inf], 0.5 * (y[1:] + y[:-1]), [np.inf]])
    p, first, second = np.zeros((3, len(y)))
    wide = np.diff(t) > 2
    p[wide], first[wide], second[wide] = _wide(t[:-1][wide], t[1:][wide], y[wide])
    low, high = t[:-1][~wide], t[1:][~wide]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = 0.5 * (high - low)[:, None]
    x = 0.5 * (low + high)[:, None] + half * nodes
    w = half * weights * np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi)
    gaps = x - y[~wide][:, None]
    p[~wide], first[~wide] = w.sum(1), (w * gaps).sum(1)
    second[~wide] = (w * gaps**2).sum(1)
    with np.errstate(all="ignore"):
        return p, y + first / p, second.sum()


def _wide(low, high, y):
    """P, E[X − y] and E[(X − y)²] over (low, high), from the distribution function."""
    from scipy.special import ndtr

    turned = low > 0
    a, b, y = np.where(turned, -high, low), np.where(turned, -low, high), np.where(turned, -y, y)
    p = ndtr(b) - ndtr(a)
    at, bt = (np.where(np.isfinite(s), np.exp(-0.5 * s**2) / np.sqrt(2 * np.pi), 0) for s in (a, b))
    m = at - bt
    ends = np.where(np.isfinite(a), a, 0) * at - np.where(np.isfinite(b), b, 0) * bt
    second = p + ends - 2 * y * m + y**2 * p
    return p, np.where(turned, -1, 1) * (m - y * p), second
