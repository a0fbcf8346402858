"""A confidence sequence for the mean of a bounded statistic, from three sums."""

from __future__ import annotations

import math

import numpy as np

_RATES = np.array([0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.3])


def interval(n: float, total: float, squares: float, level: float) -> tuple[float, float]:
    """Bounds that hold at every n at once with probability 1 - level, for values in [-1, 1].

    Betting with log(1 + y) >= y - ψ y², ψ = (-log(1 - c) - c)/c², for y >= -c (Fan, Grama and
    Liu 2015): with c = 2l and y = l (x - m), m is excluded from below once
    l (S - n m) - l² ψ (Q - 2 m S + n m²) >= log(2 K/level), for one of K rates l.
    """
    if n <= 0:
        return -1.0, 1.0
    upper = -_lower(n, -total, squares, level)
    return _lower(n, total, squares, level), upper


def _lower(n: float, total: float, squares: float, level: float) -> float:
    c = 2 * _RATES
    weight = _RATES * (-np.log1p(-c) - c) / c**2
    # weight n m² + (n - 2 weight S) m + (weight Q - S + log(2K/level)/l) >= 0 is not excluded
    b = n - 2 * weight * total
    a0 = weight * squares - total + math.log(2 * len(_RATES) / level) / _RATES
    roots = b * b - 4 * weight * n * a0
    with np.errstate(invalid="ignore"):
        low = (-b + np.sqrt(roots)) / (2 * weight * n)
    low = low[roots > 0]
    return float(np.clip(low.max(initial=-1.0), -1.0, 1.0))
