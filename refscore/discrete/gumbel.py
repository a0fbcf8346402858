"""Gumbel draws, and the categorical draws that their maximum makes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import as_array, as_count, as_real, as_rng, require_finite, require_one
from refscore.discrete._logits import (
    BLOCK,
    TINY,
    as_float,
    as_gumbels,
    as_logits,
    as_temperature,
    drawn_shape,
    exponentials_from,
    gumbels_from,
    log_sum_exp,
)
from refscore.distributions import Categorical

EULER = 0.5772156649015329


def gumbel(shape, *, rng, dtype=np.float64) -> np.ndarray:
    """Standard Gumbel numbers G = -log E, E exponential of mean 1: P(G <= x) = exp(-exp(-x)).

    shape: a number or a tuple; rng: anything numpy.random.default_rng takes; dtype: float64
    or float32, the latter rounded from float64, since uniform numbers drawn in float32 lie on a
    grid of 6e-8 that ends the Gumbels at 16. Always finite. Raises ValueError for another dtype.
    Cost: a uniform number and two logarithms each. Source: Gumbel 1954; seed 000.

    Tested in: tests/discrete/test_gumbel.py
    """
    kind = as_float(dtype)
    sizes = tuple(shape) if np.ndim(shape) else (shape,)
    sizes = tuple(as_count(size, "shape", minimum=0) for size in sizes)
    return gumbels_from(as_rng(rng, "gumbels"), np.empty(sizes)).astype(kind, copy=False)


def gumbel_from_uniforms(u) -> np.ndarray:
    """-log(-log u), finite for every u of [0, 1): u = 0 counts as the smallest positive number.

    u (...,) in [0, 1). Near 1 the inner logarithm keeps its digits, log1p(u - 1).
    Raises ValueError outside [0, 1). Source: inverse of the distribution function.

    Checked by: gumbel_numbers_are_right, gumbel_numbers_are_finite
    """
    u = require_finite(as_real(u, "u"), "u")
    if ((u < 0) | (u >= 1)).any():
        raise ValueError("u must lie in [0, 1)")
    small = u < 0.5
    inner = np.where(small, np.log(np.maximum(u, TINY)), np.log1p(np.where(small, 0.0, u - 1)))
    return -np.log(-inner)


def gumbel_max(logits, gumbels=None, *, rng=None, n=None, temperature=1.0) -> np.ndarray:
    """Draws of Categorical(softmax(l/τ)): argmax_k l_k/τ + G_k, the first index on ties.

    logits l (..., K), -inf allowed (never drawn). gumbels: given numbers of that shape, or
    with axes of draws before it; or rng, n draws a row, (n, ...), one (...,) where n is None.
    τ divides the logits alone: (l + G)/τ has the argmax of τ = 1. With n and one row of
    logits `Categorical` draws instead, one number a draw whatever K; without n the draw is the
    place of the largest entry of `gumbel_softmax(logits / τ, 1)` with the same rng.
    Returns whole numbers. Raises ValueError for NaN, +inf, a row of -inf alone, no codes.
    Cost O(K) a draw in blocks of 256 kB. Source: Gumbel 1954; Maddison, Tarlow and Minka
    2014; seed 000.

    Checked by: gumbel_max_given, gumbel_max_tempered, gumbel_max_draws,
    gumbel_max_tempered_draws
    """
    logits, tau = as_logits(logits), as_temperature(temperature)
    require_one("gumbels", gumbels, rng)
    if tau != 1:
        with np.errstate(over="ignore"):
            logits = (logits - logits.max(-1, keepdims=True)) / tau
    if gumbels is not None:
        if n is not None:
            raise ValueError("gumbels and n must not both be given: gumbels say how many")
        return (logits + as_gumbels(gumbels, logits)).argmax(-1)
    if n is not None and logits.ndim == 1:
        return Categorical(logits).sample(n, rng=as_rng(rng, "gumbels"))
    return _raced(logits, drawn_shape(logits, n), as_rng(rng, "gumbels"))


def _raced(logits, shape, rng):
    """argmax of l - log E block by block: nothing of the size of all draws but the answer."""
    k = shape[-1]
    rows, out = logits.reshape(-1, k), np.empty(shape[:-1], dtype=np.intp)
    flat, step = out.reshape(-1), max(1, BLOCK // k)
    e = np.empty((min(step, len(flat)), k))
    for start in range(0, len(flat), step):
        part = e[: len(flat) - start]
        np.log(exponentials_from(rng, part), out=part)
        part -= rows_at(rows, start, len(part), len(flat))
        part.argmin(1, out=flat[start : start + len(part)])
    return out


def rows_at(rows, start, count, total):
    """Rows start ... start + count - 1 of `total` rows that repeat these."""
    if len(rows) == 1 or len(rows) == total:
        return rows if len(rows) == 1 else rows[start : start + count]
    return rows[np.arange(start, start + count) % len(rows)]


class Gumbel(NamedTuple):
    """The Gumbel law with a location: P(X <= x) = exp(-exp(location - x)).

    Mean location + .5772..., variance π²/6.

    Checked by: max_gumbel_law
    """

    location: np.ndarray

    def log_density(self, x) -> np.ndarray:
        """(μ - x) - exp(μ - x); x of the location's shape or with axes before it.

        Checked by: max_gumbel_law
        """
        below = np.minimum(self._below(x), np.finfo(np.float64).max)
        with np.errstate(over="ignore"):
            return below - np.exp(below)

    def distribution_function(self, x) -> np.ndarray:
        """exp(-exp(μ - x)).

        Tested in: tests/discrete/test_gumbel.py
        """
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(-np.exp(self._below(x)))

    def _below(self, x):
        x, shape = as_array(x, "x"), np.shape(self.location)
        if x.ndim < len(shape) or x.shape[x.ndim - len(shape) :] != shape:
            raise ValueError(
                f"x must have the law's shape, {shape}, or axes before it; got shape {x.shape}"
            )
        with np.errstate(over="ignore"):
            return self.location - x

    @property
    def mean(self) -> np.ndarray:
        """μ + γ, γ = .57721...

        Tested in: tests/discrete/test_gumbel.py
        """
        return np.asarray(self.location) + EULER


def max_gumbel(logits) -> Gumbel:
    """The law of max_k l_k + G_k: Gumbel with location log Σ_k e^{l_k}, whatever the argmax.

    logits (..., K), -inf allowed. The maximum is independent of its place: given the place it
    has this same law. Raises ValueError as `gumbel_max`. Source: seed 000; Maddison, Tarlow and
    Minka 2014.

    Checked by: max_gumbel_law
    """
    return Gumbel(log_sum_exp(as_logits(logits))[..., 0])
