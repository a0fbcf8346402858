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
    halved until two levels agree to 1e-13 of the whole and Q at either end of a piece is what
    its nodes lead to: Q does not fall, so that between nodes nothing can hide, however rare.
    Laws may have atoms. Q is asked from 2⁻⁵³ to 1 − 2⁻⁵³; what lies beyond, as Q grows over the
    last octaves, must stay below 1e-8 of the answer, else the call is refused; with the tails
    of a Gaussian the relative error is about 1e-13.
    Arguments: x, numbers of any shape; quantile, a function (m,) -> (m,) that does not fall,
    asked inside (0, 1); p ≥ 1, finite; weights of x's shape, at least 0, divided by their
    sum (a point of weight 0 is no point).
    Returns: a number, the root taken. Raises: ValueError naming the argument, and where the
    tails are too heavy for p or the integral does not settle.
    Cost: about 120 values of Q for every point, in blocks. Source: Villani 2003, theorem 2.18.
    Tested in: tests/discrepancies/test_quantiles.py
    """
    p, Q = as_power(p), _Quantile(as_callable(quantile, "quantile"))
    if np.isinf(p):
        raise ValueError("p must be finite: the law may have no largest quantile")
    values, w = as_values(x, "x", weights)
    ends = np.arange(len(values) + 1) / len(values) if w is None else np.append(0.0, cumulative(w))
    with np.errstate(all="ignore"):
        size = float(np.abs(values).max()) + abs(Q.at_half()) + Q.between_quarters() or 1.0
        total, step = 0.0, _BLOCK
        for i in range(0, len(values), step):
            Q.require_rising(ends[i : i + step + 1])
            low, high = ends[:-1][i : i + step], ends[1:][i : i + step]
            kept = high > low
            a, low, high = _cut(Q, values[i : i + step][kept], low[kept], high[kept])
            total += _integral(Q, a, low, high, p, size)
        if not (_beyond(Q, values[[0, -1]], p, size) <= 1e-8 * total).all():
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

    def between_quarters(self):
        return float(np.ptp(self(np.array([0.25, 0.75]))))


def _beyond(Q, x, p, size) -> np.ndarray:
    """∫ |x − Q|^p over what lies beyond either end, growing as it does over the last octaves."""
    grown = np.abs(Q(np.array([[0.0, 1.0], [8 * _TAIL, 1 - 8 * _TAIL]])) - Q.at_half())
    octave = np.where(grown[0] > 0, (grown[0] / grown[1]) ** (p / 3) / 2, 0.5)
    last = (np.abs(Q(np.array([0.0, 1.0])) - x) / size) ** p * _TAIL
    return np.where(last > 0, np.where(octave < 1, last / 2 / (1 - octave), np.inf), 0.0)


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
    total, whole = 0.0, _rule(Q, x, low, high, p, size)[0]
    for _ in range(200):
        middle = low + (high - low) / 2
        left, rough, hidden = _rule(Q, x, low, middle, p, size)
        right, _, more = _rule(Q, x, middle, high, p, size)
        both = left + right
        allowed = 1e-13 * max(total + float(both.sum()), 1e-300) * (high - low) ** 0.5
        settled = np.abs(both - whole) <= allowed + rough
        settled &= np.maximum(hidden, more) <= allowed
        settled |= (middle <= low) | (middle >= high)
        total += float(both[settled].sum())
        if settled.all():
            return total
        s = ~settled
        x, whole = np.tile(x[s], 2), np.concatenate([left[s], right[s]])
        low, high = np.concatenate([low[s], middle[s]]), np.concatenate([middle[s], high[s]])
        if len(x) > 1 << 18:
            break
    raise ValueError("quantile must be such that the integral of |x - quantile(u)|^p settles")


def _rule(Q, x, low, high, p, size):
    """Gauss-Legendre values of the pieces, what rounding of Q, x and u does to them, and what
    may hide before the first node and after the last: there f is not where the nodes lead."""
    z, weights = np.polynomial.legendre.leggauss(_NODES)
    length, nodes = high - low, np.concatenate([[0.0], (z + 1) / 2, [1.0]])
    u = low[:, None] + length[:, None] * nodes
    u[:, -1] = high
    gaps = np.abs((x[:, None] - Q(u)) / size)
    f, top = gaps**p, gaps.max(axis=1)
    value = length * (f[:, 1:-1] @ weights) / 2
    mean = value / np.where(length > 0, length, 1.0)
    rounding = p * length * mean ** (1 - 1 / p) + np.ptp(f[:, 1:-1], axis=1)
    astray = np.abs(f[:, [0, -1]] - f[:, 1:-1] @ _to_ends(z, weights)).max(axis=1)
    astray -= 64 * _EPS * p * (top + _EPS) ** (p - 1)
    return value, _EPS * rounding, nodes[1] * length * astray - 2 * _TAIL * top**p


def _to_ends(z, weights) -> np.ndarray:
    """Columns that lead from values at the nodes to those of their polynomial at −1 and 1."""
    j = np.arange(len(z))
    to_one = (np.polynomial.legendre.legvander(z, len(z) - 1) * (j + 0.5)).sum(1) * weights
    return np.column_stack([to_one[::-1], to_one])
