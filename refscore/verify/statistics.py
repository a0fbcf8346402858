"""Two tests at a fixed number of draws whose level holds at every n, not in a limit.

Both state, before a draw is made, the smallest deviation they notice.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

_RATES = (0.02, 0.1, 0.4)


class Evidence(NamedTuple):
    """What a test saw: `statistic` against `threshold`, and what it would have noticed."""

    rejects: bool
    statistic: float
    threshold: float
    deviation: float
    detectable: float
    spread: bool = False  # the evidence is in the spread, not in the mean


def mean_test(values, mean: float, variance: float, alpha: float) -> Evidence:
    """Test that independent values have this mean and at most this variance.

    E± = Π (1 + y + y²/2)/(1 + λ² v/2), y = ±λ (x - m), has expectation at most 1 when
    E[x] = m and Var x <= v, whatever the law (Catoni), and so has the average over l of
    E_v = Π (1 + l ((x - m)²/v - 1)), 0 < l < 1, which grows when the variance is above v.
    Markov: P(max(E±, ½ E_v) >= 4/α) <= α. λ = √(2 log(4/α)/(n v)) is set before looking.
    `detectable`: a shift of the mean that is noticed about half the time for this variance.
    """
    x = np.asarray(values, dtype=float).ravel()
    n = x.size
    if n == 0:
        raise ValueError("values must not be empty")
    if not np.isfinite(x).all():
        return Evidence(True, math.inf, math.log(4 / alpha), math.inf, math.nan)
    if variance == 0.0:
        off = float(np.abs(x - mean).max())
        allowed = 1e-9 * max(1.0, abs(mean))
        return Evidence(off > allowed, off, allowed, off, 0.0)
    threshold = math.log(4 / alpha)
    rate = math.sqrt(2 * threshold / (n * variance))
    y = rate * (x - mean)
    null = n * math.log1p(0.5 * rate**2 * variance)
    shifted = max(float(np.log1p(s * y + 0.5 * y * y).sum()) - null for s in (1.0, -1.0))
    spread = _log_excess((x - mean) ** 2 / variance) - math.log(2)
    log_e, deviation = max(shifted, spread), float(x.mean() - mean)
    detectable = math.sqrt(2 * variance * threshold / n)
    wide = spread >= threshold and (shifted < threshold or abs(deviation) < detectable)
    return Evidence(log_e >= threshold, log_e, threshold, deviation, detectable, wide)


def _log_excess(squares) -> float:
    """log of the average over l of Π (1 + l (q - 1)), for q >= 0 of mean at most 1."""
    logs = np.array([np.log1p(rate * (squares - 1)).sum() for rate in _RATES])
    return float(logs.max() + math.log(np.exp(logs - logs.max()).mean()))


def uniform_test(values, alpha: float) -> Evidence:
    """Test that independent values are uniform on (0, 1).

    Dvoretzky-Kiefer-Wolfowitz with Massart's constant: P(sup|F_n - F| > t) <= 2 e^{-2nt²}
    at every n; and, because it holds under every law, a pass bounds sup|F - U| by 2t.
    """
    u = np.sort(np.asarray(values, dtype=float).ravel())
    n = u.size
    if n == 0:
        raise ValueError("values must not be empty")
    if not np.isfinite(u).all():
        return Evidence(True, math.inf, 0.0, math.inf, math.nan)
    upper = np.arange(1, n + 1) / n - u
    lower = u - np.arange(n) / n
    gap = float(max(upper.max(), lower.max()))
    threshold = math.sqrt(math.log(2 / alpha) / (2 * n))
    return Evidence(gap > threshold, gap, threshold, gap, 2 * threshold)
