"""The Wasserstein distance of a sample and a law on the line, given by its quantile function."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_callable, as_like
from refscore.discrepancies.samples import as_values, cumulative, finite
from refscore.discrepancies.wasserstein import as_power

_EPS = 8 * np.finfo(float).eps  # rounding of Q and x, in units of their size
_NODES, _BLOCK = 16, 1 << 14
_TAIL = 2.0**-53


def wasserstein_quantile(x, quantile, p=1, *, weights=None) -> float:
    """The Wasserstein-p distance of a sample from a law on the line with quantile function Q.

        W_p^p = Σ_i ∫ |x_(i) − Q(u)|^p du,   u from (i − 1)/n to i/n

    Every piece is cut where Q crosses x_(i) and integrated by Gauss-Legendre rules of 16 nodes,
    halved until two levels agree to 1e-13 of the whole. Q is asked from 2⁻⁵³ to 1 − 2⁻⁵³ and
    taken to be constant outside: what lies beyond must stay below 1e-8 of the answer, else the
    call is refused; with the tails of a Gaussian the relative error is about 1e-13.
    Arguments: x, numbers of any shape; quantile, a function (m,) -> (m,) that does not fall,
    asked inside (0, 1); p ≥ 1, finite; weights of x's shape, at least 0, divided by their
    sum (a point of weight 0 is no point).
    Returns: a number, the root taken. Raises: ValueError naming the argument, and where the
    tails are too heavy for p or the integral does not settle.
    Cost: about 100 values of Q for every point, in blocks. Source: Villani 2003, theorem 2.18.
    Tested in: tests/discrepancies/test_quantiles.py
    """
    p, Q = as_power(p), _Quantile(as_callable(quantile, "quantile"))
    if np.isinf(p):
        raise ValueError("p must be finite: the law may have no largest quantile")
    values, w = as_values(x, "x", weights)
    ends = np.arange(len(values) + 1) / len(values) if w is None else np.append(0.0, cumulative(w))
    with np.errstate(all="ignore"):
        size = float(np.abs(values).max()) + abs(Q.at_half()) or 1.0
        total, step = 0.0, _BLOCK
        for i in range(0, len(values), step):
            Q.require_rising(ends[i : i + step + 1])
            low, high = ends[:-1][i : i + step], ends[1:][i : i + step]
            kept = high > low
            a, low, high = _cut(Q, values[i : i + step][kept], low[kept], high[kept])
            total += _integral(Q, a, low, high, p, size)
        beyond = np.abs(Q(np.array([0.0, 1.0])) - values[[0, -1]]) / size
        if not (beyond**p).max() * _TAIL <= 1e-8 * total:
            raise ValueError(
                f"quantile must have lighter tails for p = {p:g}: what lies within 2^-53 of either"
                " end cannot be asked for and would count"
            )
        return finite(size * total ** (1 / p), "x", "quantile")


class _Quantile:
    """The user's function, called inside (0, 1), with its answer checked."""

    def __init__(self, function):
        self.function = function

    def __call__(self, u):
        inside = np.clip(u.ravel(), _TAIL, 1 - _TAIL)
        values = as_like(self.function(inside.copy()), "quantile(u)", inside, "u")
        return values.reshape(u.shape)

    def require_rising(self, ends):
        """Raise where the function falls between the ends of the pieces."""
        values = self(ends)
        if (np.diff(values) < 0).any():
            row = int(np.argmax(np.diff(values) < 0))
            raise ValueError(
                f"quantile must not fall, but is {values[row]:.6g} at {ends[row]:.6g} and"
                f" {values[row + 1]:.6g} at {ends[row + 1]:.6g}"
            )

    def at_half(self):
        return float(self(np.array([0.5]))[0])


def _cut(Q, x, low, high):
    """(x, low, high) of pieces on which Q − x keeps its sign, the crossing found by bisection."""
    a, b = low.copy(), high.copy()
    for _ in range(60):
        middle = a + (b - a) / 2
        below = Q(middle) < x
        a, b = np.where(below, middle, a), np.where(below, b, middle)
    inner = (a > low) & (b < high)
    cut = np.where(inner, a, high)
    first = x, low, cut
    second = x[inner], cut[inner], high[inner]
    return tuple(np.concatenate(pair) for pair in zip(first, second))


def _integral(Q, x, low, high, p, size) -> float:
    """Σ ∫ |(x − Q(u))/size|^p du, every piece halved until its two levels agree."""
    total, (whole, _) = 0.0, _rule(Q, x, low, high, p, size)
    scale = max(float(whole.sum()), 1e-300)
    for _ in range(200):
        middle = low + (high - low) / 2
        (left, rough), (right, _) = (
            _rule(Q, x, low, middle, p, size),
            _rule(Q, x, middle, high, p, size),
        )
        settled = np.abs(left + right - whole) <= 1e-13 * scale * (high - low) ** 0.5 + rough
        settled |= (middle <= low) | (middle >= high)
        total += float((left + right)[settled].sum())
        if settled.all():
            return total
        s = ~settled
        x, whole = np.tile(x[s], 2), np.concatenate([left[s], right[s]])
        low, high = np.concatenate([low[s], middle[s]]), np.concatenate([middle[s], high[s]])
        if len(x) > 1 << 18:
            break
    raise ValueError("quantile must be such that the integral of |x - quantile(u)|^p settles")


def _rule(Q, x, low, high, p, size):
    """Gauss-Legendre values of the pieces, and what rounding of Q, x and u does to them."""
    z, weights = np.polynomial.legendre.leggauss(_NODES)
    length = high - low
    f = np.abs((x[:, None] - Q(low[:, None] + length[:, None] * (z + 1) / 2)) / size) ** p
    value = length * (f @ weights) / 2
    mean = value / np.where(length > 0, length, 1.0)
    return value, _EPS * (p * length * mean ** (1 - 1 / p) + np.ptp(f, axis=1))
