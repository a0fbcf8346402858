"""Relaxed one-hot rows: the Gumbel-softmax, what it passes back, hard rows with its gradient."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import as_like, as_points, as_rng, as_switch, require_one
from refscore.discrete._logits import (
    BLOCK,
    as_float,
    as_gumbels,
    as_logits,
    as_temperature,
    drawn_shape,
    exponentials_from,
    given_or_drawn,
    log_softmax,
)
from refscore.discrete.gumbel import rows_at

WIDE = 600.0  # logits within this of the largest have a weight above 1e-261


def gumbel_softmax(
    logits, temperature, gumbels=None, *, rng=None, n=None, hard=False, dtype=np.float64
) -> np.ndarray:
    """y = softmax((l + G)/τ) over the last axis: draws of the Concrete law.

    logits l (..., K), -inf allowed (y = 0 there); temperature τ > 0. gumbels: given numbers of
    that shape, or with axes of draws before it; or rng, n draws a row, (n, ..., K), one
    (..., K) where n is None. hard: the one-hot row of the largest entry, the first on ties,
    whose gradient is by convention that of y (`straight_through`); also the limit τ → 0, while
    τ → ∞ gives 1/K. Finite for every τ: the largest is subtracted first.
    dtype: float64, or float32 rounded from it at half the memory. Raises ValueError for τ <= 0,
    NaN, +inf, a row of -inf alone, no codes. Cost O(K) a row in blocks of 256 kB; for one row
    of logits and τ = 1/4, 1/2, 1 or 2 as (w/E)^{1/τ} normalised, without a logarithm.
    Source: Jang, Gu and Poole 2017; Maddison, Mnih and Teh 2017; seed 000.

    Checked by: gumbel_softmax_given, gumbel_softmax_hard_given, gumbel_softmax_limits,
    gumbel_softmax_draws, gumbel_softmax_hard_draws
    """
    kind, logits, tau = as_float(dtype), as_logits(logits), as_temperature(temperature)
    require_one("gumbels", gumbels, rng)
    hard = as_switch(hard, "hard")
    if gumbels is not None:
        if n is not None:
            raise ValueError("gumbels and n must not both be given: gumbels say how many")
        y = _relaxed(logits + as_gumbels(gumbels, logits), tau)
        return (_hard(y) if hard else y).astype(kind, copy=False)
    rng = as_rng(rng, "gumbels")
    y = np.empty(drawn_shape(logits, n), dtype=kind)
    fill = _raced if logits.ndim == 1 and n is not None and _quick(logits, tau) else _drawn
    fill(y.reshape(-1, y.shape[-1]), logits, tau, rng, hard)
    return y


def _relaxed(z, tau):
    """softmax(z / τ) in place; the differences to the largest are divided, so nothing overflows."""
    with np.errstate(over="ignore", under="ignore"):
        np.subtract(z, z.max(-1, keepdims=True), out=z)
        z /= tau
        np.exp(z, out=z)
        z /= z.sum(-1, keepdims=True)
    return z


def _hard(y):
    """The one-hot rows of the largest entries."""
    ones = np.zeros_like(y)
    np.put_along_axis(ones, y.argmax(-1)[..., None], 1.0, -1)
    return ones


def _blocks(y):
    """Blocks of rows (start, room for them): where they are wanted, if that has the precision."""
    step = max(1, BLOCK // y.shape[1])
    room = np.empty((min(step, len(y)), y.shape[1])) if y.dtype != np.float64 else None
    for start in range(0, len(y), step):
        yield start, y[start : start + step] if room is None else room[: len(y) - start]


def _drawn(y, logits, tau, rng, hard):
    """Rows y (rows, K) filled by softmax((l - log E)/τ)."""
    rows = logits.reshape(-1, y.shape[1])
    for start, z in _blocks(y):
        np.log(exponentials_from(rng, z), out=z)
        here = rows_at(rows, start, len(z), len(y))
        np.subtract(here, z, out=z)
        if hard:
            z[:] = _hard(z)
        elif max(here.max(), -here.min()) + FARTHEST < MODERATE * tau:  # nothing to subtract first
            _normalised(np.exp(np.multiply(z, 1 / tau, out=z), out=z))
        else:
            _relaxed(z, tau)
        if y.dtype != np.float64:
            y[start : start + len(z)] = z


FARTHEST = 37.5  # from 0 of -log E
MODERATE = 100.0  # of exponents, where rounding them costs 2e-14


def _normalised(z):
    """Rows over their sums, in place; the sums by a product, the division by one reciprocal."""
    if z.shape[1] == 1:
        z[:] = 1.0
    np.multiply(z, (1 / (z @ np.ones(z.shape[1])))[:, None], out=z)


_POWERS = {1.0: (), 0.5: (np.square,), 0.25: (np.square, np.square), 2.0: (np.sqrt,)}


def _quick(logits, tau):
    return tau in _POWERS and logits.min() > logits.max() - WIDE


def _raced(y, logits, tau, rng, hard):
    """The same of one row of logits by (w/E)^{1/τ}, w = e^l, divided by its sum."""
    weights = np.exp(logits - logits.max())
    for start, z in _blocks(y):
        np.divide(weights, exponentials_from(rng, z), out=z)
        for power in _POWERS[tau]:
            power(z, out=z)
        if hard:
            z[:] = _hard(z)
        else:
            _normalised(z)
        if y.dtype != np.float64:
            y[start : start + len(z)] = z


def log_gumbel_softmax(logits, temperature, gumbels=None, *, rng=None, n=None) -> np.ndarray:
    """log y of `gumbel_softmax`: (l + G)/τ - log Σ_k e^{(l_k + G_k)/τ}, where y itself underflows.

    Arguments and errors as there; float64, -inf where the logit is or 1.8e308 is passed.

    Checked by: gumbel_softmax_temperature_gradient_given
    """
    logits, tau = as_logits(logits), as_temperature(temperature)
    z = logits + given_or_drawn(logits, gumbels, rng, n)
    with np.errstate(over="ignore"):
        return log_softmax((z - z.max(-1, keepdims=True)) / tau)


def gumbel_softmax_pullback(y, temperature, cotangent) -> np.ndarray:
    """Σ_k c_k ∂y_k/∂l of y = softmax((l + G)/τ): y ∘ (c - Σ_k c_k y_k) / τ.

    c is counted from that of the largest entry, so that no digits are lost beside it.

    y (..., K) rows of `gumbel_softmax` (the soft ones), cotangent c of their shape. Returns
    (..., K). Of the hard form with a straight-through gradient it is the same.
    Raises ValueError for τ <= 0. Source: derivative of the softmax; Jang et al. 2017.

    Checked by: gumbel_softmax_gradient_given, gumbel_softmax_hard_gradient_given
    """
    y, tau = as_points(y, "y"), as_temperature(temperature)
    c = as_like(cotangent, "cotangent", y, "y")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        c = 0.25 * c - 0.25 * np.take_along_axis(c, y.argmax(-1)[..., None], -1)
        return 4 * (y * (c - (c * y).sum(-1, keepdims=True)) / tau)  # the differences fit in


def temperature_pullback(log_y, temperature, cotangent) -> np.ndarray:
    """Σ_k c_k ∂y_k/∂τ: -Σ_k c_k y_k (log y_k - Σ_j y_j log y_j) / τ.

    log_y (..., K) rows of `log_gumbel_softmax`, -inf allowed; cotangent c of their shape.
    Returns (...,). Raises ValueError for τ <= 0, and log_y above 0 (by 1e-6). Cost O(K) a row.
    Source: derived, (l + G)/τ = log y + constant.

    Checked by: gumbel_softmax_temperature_gradient_given
    """
    log_y, tau = as_logits(log_y, "log_y"), as_temperature(temperature)
    c = as_like(cotangent, "cotangent", log_y, "log_y")
    if (log_y > 1e-6).any():
        raise ValueError(f"log_y must be logarithms of shares, at most 0, got {log_y.max():g}")
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        y = np.exp(log_y)
        held = np.where(y > 0, log_y, 0.0)
        inner = held - (y * held).sum(-1, keepdims=True)
        return -(c * y * inner).sum(-1) / tau


class StraightThrough(NamedTuple):
    """A hard row with the gradient of the soft one: forward `hard`, backward the identity.

    Checked by: gumbel_softmax_hard_gradient_given
    """

    hard: np.ndarray
    soft: np.ndarray

    def pullback(self, cotangent) -> np.ndarray:
        """What is passed to the soft row: the cotangent of the hard row as it is, every code's.

        Checked by: gumbel_softmax_hard_gradient_given
        """
        return as_like(cotangent, "cotangent", self.soft, "the rows").copy()


def straight_through(y) -> StraightThrough:
    """y_hard - sg(y) + y: the one-hot row of the largest entry, the gradient of y.

    y (..., K), the first index on ties. The gradient is that of another function than the
    forward value, so it is biased (`refscore.discrete` measures by how much).
    Source: Bengio, Léonard and Courville 2013; seeds 000, 002.

    Checked by: gumbel_softmax_hard_gradient_given
    """
    y = as_points(y, "y")
    return StraightThrough(_hard(y), y)
