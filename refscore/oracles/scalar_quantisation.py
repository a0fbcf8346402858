"""What scalar quantisers must give: optimal levels by shooting, errors by quadrature, digits."""

from __future__ import annotations

import math

import numpy as np

from ._memory import known, remembered


def _density(t):
    return math.exp(-0.5 * t * t) / math.sqrt(2 * math.pi)


def _mean_between(low, high):
    """E[X | low < X < high] for N(0, 1), 0 <= low."""
    below = math.erfc(low / math.sqrt(2)) - math.erfc(high / math.sqrt(2))
    return 2 * (_density(low) - _density(high)) / below


def _upper(n_levels, first):
    """Levels above 0 from the first of them (or the first threshold for odd numbers), each next
    one forced by the last, and by how much the last is not the mean of its cell."""
    from scipy.optimize import brentq

    levels, low = [], 0.0
    if n_levels % 2:
        levels, low = [2 * first], first
    else:
        levels = [first]
    while len(levels) < n_levels // 2:
        y = levels[-1]
        if _mean_between(low, math.inf) <= y:  # no cell is that wide
            return levels, 1.0
        high = brentq(lambda t, low=low, y=y: _mean_between(low, t) - y, y, 40.0, xtol=1e-15)
        levels.append(2 * high - y)
        low = high
    return levels, levels[-1] - _mean_between(low, math.inf)


@known
def _standard_levels(n_levels):
    from scipy.optimize import brentq

    if n_levels == 1:
        return (0.0,)
    if n_levels == 2:
        upper = [_mean_between(0.0, math.inf)]
    else:
        first = brentq(lambda y: _upper(n_levels, y)[1], 0.02, 0.79, xtol=1e-15)
        upper = _upper(n_levels, first)[0]
    centre = [0.0] if n_levels % 2 else []
    return tuple([-y for y in upper[::-1]] + centre + upper)


def optimal_levels(n_levels, mu, sd):
    """The levels of the best scalar quantiser of N(mu, sd^2), rising, by shooting."""
    return mu + sd * np.array(_standard_levels(int(n_levels)))


def _weighted_square(t, level):
    return (t - level) ** 2 * _density(t)


@remembered
def distortion(levels, mu, sd):
    """The mean squared distance of N(mu, sd^2) from the levels, cell by cell by quadrature."""
    from scipy.integrate import quad

    y = [(float(level) - mu) / sd for level in levels]
    ends = [-40.0, *((a + b) / 2 for a, b in zip(y, y[1:])), 40.0]
    total = 0.0
    for level, low, high in zip(y, ends, ends[1:]):
        cuts = [low, *(c for c in (-8.0, -3.0, 0.0, 3.0, 8.0) if low < c < high), high]
        for a, b in zip(cuts, cuts[1:]):
            total += quad(_weighted_square, a, b, args=(level,), epsabs=1e-15)[0]
    return sd**2 * total


def _bounded(x, bins):
    """h tanh(x + atanh(o/h)) - o by the sum formula of tanh; x may be complex."""
    bins = np.asarray(bins)
    h, o = 1.001 * (bins - 1) / 2, np.where(bins % 2 == 0, 0.5, 0.0)
    t, s = np.tanh(x), o / h
    return h * (t + s) / (1 + t * s) - o


def finite_scalar(x, bins):
    """The codes (n,) and the values (n, d)."""
    whole = np.round(_bounded(np.asarray(x), bins)).astype(int)
    codes = []
    for row in whole:
        code = 0
        for entry, size in zip(row[::-1], [int(b) for b in bins][::-1]):
            code = code * size + int(entry) + size // 2
        codes.append(code)
    return np.array(codes), whole / (np.asarray(bins) // 2)


def finite_scalar_values(codes, bins):
    """The values (n, d) of codes, digit by digit."""
    rows = []
    for code in codes:
        row, code = [], int(code)
        for size in (int(b) for b in bins):
            code, digit = divmod(code, size)
            row.append((digit - size // 2) / (size // 2))
        rows.append(row)
    return np.array(rows)


def finite_scalar_gradient(x, bins, cotangent):
    """The cotangent times the slope of the values before rounding, by complex steps."""
    slope = np.imag(_bounded(np.asarray(x) + 1e-30j, bins)) / 1e-30
    return np.asarray(cotangent) * slope / (np.asarray(bins) // 2)


def lookup_free(x):
    """Signs, and their bits read as a number."""
    signs = np.where(np.asarray(x) > 0, 1.0, -1.0)
    words = ("".join("1" if s > 0 else "0" for s in row) for row in signs)
    return np.array([int(word, 2) for word in words]), signs
