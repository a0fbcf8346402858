"""Logits, temperatures and given draws at the door; what all of this package computes of them."""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_positive,
    as_real,
    as_rng,
    require_finite,
    require_one,
)

TINY = np.nextafter(0.0, 1.0)
HALF_STEP = 2.0**-54  # of the generator's uniform numbers, multiples of 2**-53
BLOCK = 1 << 15  # numbers of a block: 256 kB, which a core's own cache holds


def as_logits(value, name: str = "logits") -> np.ndarray:
    """Logits (..., K) in float64, -inf where a probability is 0, finite somewhere in every row."""
    logits = as_real(value, name)
    if logits.ndim == 0 or logits.shape[-1] == 0:
        raise ValueError(
            f"{name} must have shape (..., K) with K >= 1, got shape {np.shape(value)}"
        )
    with np.errstate(all="ignore"):
        if not np.isfinite(logits.sum()):
            _refuse(logits, name)
    return logits


def _refuse(logits, name):
    """Raise for NaN, +inf and rows of -inf alone."""
    bad = np.isnan(logits) | (logits == np.inf)
    for place in np.argwhere(bad)[:1]:
        at = tuple(int(i) for i in place)
        raise ValueError(f"{name} must be finite or -inf, got {logits[at]} at index {at}")
    for row in np.argwhere(np.isneginf(logits).all(-1))[:1]:
        at = f" in row {tuple(int(i) for i in row)}" if row.size else ""
        raise ValueError(f"{name} must have a finite entry in every row, got -inf alone{at}")


def as_temperature(value, name: str = "temperature") -> float:
    """τ > 0."""
    return as_positive(value, name)


def as_gumbels(gumbels, logits: np.ndarray) -> np.ndarray:
    """Given Gumbel numbers of the logits' shape, or with further axes before it."""
    given = require_finite(as_real(gumbels, "gumbels"), "gumbels")
    first = given.ndim - logits.ndim
    if first < 0 or given.shape[first:] != logits.shape:
        raise ValueError(
            f"gumbels must have the shape of logits, {logits.shape}, or axes of draws before it;"
            f" got shape {given.shape}"
        )
    return given


def as_index(index, logits: np.ndarray, name: str = "index", shape=None) -> np.ndarray:
    """Codes 0 ... K - 1 of this shape, by default one a row, none of probability 0."""
    shape, k = logits.shape[:-1] if shape is None else shape, logits.shape[-1]
    codes = as_array(index, name)
    if codes.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, got shape {codes.shape}")
    if not ((codes >= 0) & (codes < k) & (codes == np.floor(codes))).all():
        raise ValueError(f"{name} must hold whole numbers from 0 to {k - 1}")
    codes = codes.astype(np.intp)
    rows = codes if codes.ndim == logits.ndim else codes[..., None]
    if np.isneginf(np.take_along_axis(logits, rows, -1)).any():
        raise ValueError(f"{name} must hold codes of positive probability, got one of logit -inf")
    return codes


def as_float(dtype) -> np.dtype:
    """float64 or float32, what an answer is rounded to."""
    if np.dtype(dtype) not in (np.dtype(np.float64), np.dtype(np.float32)):
        raise ValueError(f"dtype must be float64 or float32, got {np.dtype(dtype)}")
    return np.dtype(dtype)


def given_or_drawn(logits: np.ndarray, gumbels, rng, n=None) -> np.ndarray:
    """The given Gumbel numbers, or n draws of the logits' shape: one where n is None."""
    require_one("gumbels", gumbels, rng)
    if gumbels is not None:
        if n is not None:
            raise ValueError("gumbels and n must not both be given: gumbels say how many")
        return as_gumbels(gumbels, logits)
    return gumbels_from(as_rng(rng, "gumbels"), np.empty(drawn_shape(logits, n)))


def drawn_shape(logits: np.ndarray, n) -> tuple:
    """(n, ..., K), or (..., K) where n is None."""
    return logits.shape if n is None else (as_count(n, "n", minimum=0), *logits.shape)


def exponentials_from(rng, e: np.ndarray) -> np.ndarray:
    """e filled by -log U, in place, positive and finite: U = 0 counts as half the generator's step.

    Faster than the generator's own exponentials: the logarithm takes many numbers at once.
    """
    rng.random(out=e)
    if e.size and e.min() < HALF_STEP:
        np.maximum(e, HALF_STEP, out=e)
    return np.negative(np.log(e, out=e), out=e)


def gumbels_from(rng, g: np.ndarray) -> np.ndarray:
    """g filled by -log E, in place, E exponential: all within 37.5 of 0."""
    return np.negative(np.log(exponentials_from(rng, g), out=g), out=g)


def log_sum_exp(z: np.ndarray) -> np.ndarray:
    """log Σ_k e^{z_k} over the last axis, keeping it; rows finite somewhere."""
    top = z.max(-1, keepdims=True)
    with np.errstate(over="ignore", under="ignore"):
        return top + np.log(np.exp(z - top).sum(-1, keepdims=True))


def log_softmax(z: np.ndarray) -> np.ndarray:
    """z - log Σ_k e^{z_k}: by the largest first, so that nothing overflows or cancels."""
    with np.errstate(over="ignore", under="ignore"):
        z = z - z.max(-1, keepdims=True)
        return z - np.log(np.exp(z).sum(-1, keepdims=True))


def softmax(z: np.ndarray) -> np.ndarray:
    """e^{z_k} / Σ_j e^{z_j} over the last axis; rows finite somewhere."""
    with np.errstate(under="ignore"):
        return np.exp(log_softmax(z))


def sigmoid(z: np.ndarray) -> np.ndarray:
    """1/(1 + e^{-z}), without overflow, and with all digits in both tails down to 1e-308."""
    from scipy.special import expit

    return expit(z)
