"""Weights of generalised score matching: h of every coordinate, 0 where the support ends."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_callable, as_points, as_positive, as_real
from refscore.distributions.product import coordinates

_VANISHES = 1e-12


class Weight:
    """A weight h with its derivative h′, both of every coordinate alone.

        h(x)ᵢ = h(xᵢ),  h(low) = 0 = h(high) at the ends that are finite

    value and derivative: functions of an array (..., d) that return one of its shape; low and
    high: the support, numbers or (d,), by default the half-line [0, ∞). Called on points
    (..., d) it gives h (..., d), `derivative(x)` gives h′, `vjp(x, v)` v h′; NaN off the
    support. Raises ValueError where h does not vanish at a finite end: integration by parts
    would leave a boundary term.
    Checked by: bounded_pointwise, bounded_is_weighted_fisher
    """

    def __init__(self, value, derivative, low=0.0, high=math.inf):
        self._value = as_callable(value, "value")
        self._derivative = as_callable(derivative, "derivative")
        self.low, self.high = coordinates(infinite=("low", "high"), low=low, high=high)
        if not (self.low < self.high).all():
            raise ValueError(
                f"high must exceed low in every coordinate, got {self.low} and {self.high}"
            )
        for name in ("low", "high"):
            self._require_zero(name, getattr(self, name))

    def __call__(self, x) -> np.ndarray:
        """h at every coordinate; x (..., d), result (..., d)."""
        return self._inside(self._value, x)

    def derivative(self, x) -> np.ndarray:
        """h′ at every coordinate; x (..., d), result (..., d)."""
        return self._inside(self._derivative, x)

    def vjp(self, x, v) -> np.ndarray:
        """v h′(x): the transposed derivative of h; x and v (..., d).

        Tested in: tests/objectives/test_bounded_objectives.py
        """
        return as_real(v, "v") * self.derivative(x)

    def require_support(self, x: np.ndarray) -> None:
        """Raise ValueError naming the first row (..., d) and coordinate off the support."""
        d = x.shape[-1]
        if self.low.size not in (1, d):
            raise ValueError(
                f"weight is made for {self.low.size} coordinates, but x has shape {x.shape}"
            )
        outside = np.argwhere(((x < self.low) | (x > self.high)).reshape(-1, d))
        if len(outside):
            row, i = (int(k) for k in outside[0])
            low, high = (np.broadcast_to(end, d)[i] for end in (self.low, self.high))
            raise ValueError(
                f"x must lie in the weight's support, [{low:g}, {high:g}] for coordinate {i};"
                f" got {float(x.reshape(-1, d)[row, i])!r} in row {row}"
            )

    def _inside(self, function, x):
        x = as_points(x, "x")
        with np.errstate(all="ignore"):
            inside = (x >= self.low) & (x <= self.high)
            return np.where(inside, function(x), np.nan)

    def _require_zero(self, name, end):
        finite = np.isfinite(end)
        with np.errstate(all="ignore"):
            value = np.abs(np.where(finite, self._value(np.where(finite, end, 0.0)), 0.0))
        if not (value <= _VANISHES).all():
            raise ValueError(
                f"value must vanish at {name}, the end of the support; got {value.max():.3g}"
            )


def power_weight(exponent) -> Weight:
    """h(x) = x^a on the half-line [0, ∞), for data that cannot be negative.

    exponent a > 0. Returns a Weight. a = 2: Hyvärinen (2007); a = 1 makes score matching
    of an exponential law maximum likelihood.
    Checked by: bounded_pointwise, bounded_is_weighted_fisher
    """
    a = as_positive(exponent, "exponent")
    return Weight(lambda x: x**a, lambda x: a * x ** (a - 1))


def capped_weight(cap) -> Weight:
    """h(x) = min(x, c) on the half-line [0, ∞): it does not grow with outlying data.

    cap c > 0; the derivative is 1 below c, 0 from c on. Returns a Weight.
    Source: Yu, Drton and Shojaie, Generalized score matching for non-negative data (2019).
    Checked by: bounded_pointwise, bounded_is_weighted_fisher
    """
    c = as_positive(cap, "cap")
    return Weight(lambda x: np.minimum(x, c), lambda x: 1.0 * (x < c))


def log_weight() -> Weight:
    """h(x) = ln(1 + x) on the half-line [0, ∞); h′(x) = 1/(1 + x). Returns a Weight.

    Source: Yu, Drton and Shojaie, Generalized score matching for non-negative data (2019).
    Checked by: bounded_pointwise, bounded_is_weighted_fisher
    """
    return Weight(np.log1p, lambda x: 1 / (1 + x))


def box_weight(low, high) -> Weight:
    """h(x) = (x − a)(b − x) on the box [a, b]; h′(x) = a + b − 2x.

    low a < high b, numbers or (d,), finite. Returns a Weight.
    Checked by: bounded_pointwise, bounded_is_weighted_fisher
    """
    low, high = coordinates(low=low, high=high)
    return Weight(lambda x: (x - low) * (high - x), lambda x: (low - x) + (high - x), low, high)


def distance_weight(low, high) -> Weight:
    """h(x) = min(x − a, b − x) on the box [a, b]: the distance to the nearer end.

    low a < high b, numbers or (d,), finite; the derivative is 1 below the middle, −1 above it
    and 0 there. Returns a Weight.
    Checked by: bounded_pointwise, bounded_is_weighted_fisher
    """
    low, high = coordinates(low=low, high=high)
    return Weight(
        lambda x: np.minimum(x - low, high - x),
        lambda x: np.sign((low - x) + (high - x)),
        low,
        high,
    )
