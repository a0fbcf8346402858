"""Arguments checked at the door: what is wrong, what was expected, what came.

Every public function hands its array arguments through here once. Results are float64
arrays; the caller's arrays are never written to.
"""

from __future__ import annotations

import math
import numbers
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.random import SeedSequence


def _describe(value) -> str:
    shape = getattr(value, "shape", None)
    return f"shape {shape}" if shape is not None else f"{type(value).__name__} {value!r}"[:80]


def as_real(value, name: str) -> np.ndarray:
    """`value` as a float64 array; integers, float32 and awkward layouts are welcome."""
    return np.asarray(_as_kind(value, name, "fiub", "real numbers"), dtype=np.float64)


def as_numbers(value, name: str) -> np.ndarray:
    """`value` as a float64 array, or complex128 where it is complex."""
    array = _as_kind(value, name, "fiubc", "numbers")
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _as_kind(value, name: str, kinds: str, what: str) -> np.ndarray:
    if type(value) is not np.ndarray and hasattr(value, "_mask") and np.ma.is_masked(value):
        raise ValueError(f"{name} must have a value everywhere, got an array with masked entries")
    try:
        array = np.asarray(value)
    except ValueError as error:  # ragged nested sequences
        raise ValueError(f"{name} must be an array of {what}: {error}") from None
    if array.dtype.kind not in kinds:
        raise TypeError(
            f"{name} must be an array of {what}, got {_describe(value)} of dtype {array.dtype}"
        )
    return array


def require_finite(array: np.ndarray, name: str) -> np.ndarray:
    """Raise unless every entry is finite. One pass: a finite sum proves finite entries."""
    with np.errstate(all="ignore"):
        if math.isfinite(array.sum()):
            return array
    bad = ~np.isfinite(array)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"{name} must be finite, got {array[first]} at index {first}"
            f" ({int(bad.sum())} of {array.size} entries are not finite)"
        )
    return array


def as_array(value, name: str, shape: tuple | None = None) -> np.ndarray:
    """A finite float64 array; `shape` may hold None for a free axis."""
    array = require_finite(as_real(value, name), name)
    if shape is not None and not _matches(array.shape, shape):
        wanted = "(" + ", ".join("any" if s is None else str(s) for s in shape) + ")"
        raise ValueError(f"{name} must have shape {wanted}, got shape {array.shape}")
    return array


def _matches(shape, wanted) -> bool:
    return len(shape) == len(wanted) and all(w in (None, s) for s, w in zip(shape, wanted))


def as_points(value, name: str, dim: int | None = None) -> np.ndarray:
    """Points `(..., d)`, d last and equal to `dim` when that is given."""
    array = require_finite(as_real(value, name), name)
    if array.ndim == 0:
        raise ValueError(
            f"{name} must have shape (..., d), points along the last axis; got a scalar"
        )
    if dim is not None and array.shape[-1] != dim:
        raise ValueError(f"{name} must have shape (..., {dim}), got shape {array.shape}")
    if array.shape[-1] == 0:
        raise ValueError(f"{name} must have at least one coordinate, got shape {array.shape}")
    return array


def as_like(value, name: str, other: np.ndarray, other_name: str) -> np.ndarray:
    """An array of exactly the shape of `other`: no broadcasting."""
    array = require_finite(as_real(value, name), name)
    if array.shape != other.shape:
        raise ValueError(
            f"{name} must have the shape of {other_name}, {other.shape}; got shape {array.shape}"
        )
    return array


def _without_booleans(value, name: str) -> np.ndarray:
    array = as_real(value, name)
    if np.asarray(value).dtype.kind == "b":
        raise TypeError(f"{name} must be a number, got {value!r}"[:200])
    return array


def as_scalar(value, name: str) -> float:
    """One finite real number."""
    array = _without_booleans(value, name)
    if array.ndim != 0:
        raise ValueError(f"{name} must be a number, got {_describe(array)}")
    return float(require_finite(array, name))


def as_positive(value, name: str, *, zero: bool = False) -> float:
    """One finite number above zero (or at least zero)."""
    number = as_scalar(value, name)
    if number < 0 or (number == 0 and not zero):
        raise ValueError(f"{name} must be {'at least 0' if zero else 'positive'}, got {number!r}")
    return number


def as_noise_levels(value, name: str, shape: tuple):
    """Noise levels σ > 0: a number, or an array of `shape`, one a point; the row is named."""
    if np.ndim(value) == 0:
        return as_positive(value, name)
    levels = as_array(_without_booleans(value, name), name, tuple(shape))
    for row in np.argwhere(levels <= 0)[:1]:
        at = ", ".join(str(int(i)) for i in row)
        raise ValueError(f"{name} must be positive, got {float(levels[tuple(row)])!r} at row {at}")
    return levels


def as_ladder(value, name: str) -> np.ndarray:
    """Noise levels (L,), at least one, positive and strictly decreasing."""
    levels, wanted = as_array(value, name, (None,)), f"{name} must be positive"
    if levels.size == 0:
        raise ValueError(f"{wanted} and strictly decreasing, got none")
    for i in np.flatnonzero(levels <= 0)[:1]:
        raise ValueError(f"{wanted}, got {float(levels[i])!r} at index {i}")
    for i in np.flatnonzero(np.diff(levels) >= 0)[:1] + 1:
        before, here = levels[i - 1 : i + 1].tolist()
        raise ValueError(
            f"{wanted} and strictly decreasing, got {here!r} at index {i} after {before!r}"
        )
    return levels


def as_count(value, name: str, *, minimum: int = 1) -> int:
    """A whole number, at least `minimum`."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value}")
    return int(value)


def as_switch(value, name: str) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}"[:200])
    return bool(value)


def as_square(value, name: str, dim: int | None = None) -> np.ndarray:
    """A finite square matrix `(d, d)`."""
    array = require_finite(as_real(value, name), name)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[0] == 0:
        raise ValueError(f"{name} must be a square matrix (d, d), got shape {array.shape}")
    if dim is not None and array.shape[0] != dim:
        raise ValueError(f"{name} must have shape ({dim}, {dim}), got shape {array.shape}")
    return array


def as_symmetric(value, name: str, dim: int | None = None) -> np.ndarray:
    """A finite symmetric matrix; asymmetry beyond rounding is an error, not averaged away."""
    array = as_square(value, name, dim)
    scale = np.abs(array).max()
    asymmetry = np.abs(array - array.T).max()
    if asymmetry > 1e-10 * scale:
        raise ValueError(
            f"{name} must be symmetric, but differs from its transpose by {asymmetry:.3g}"
        )
    return 0.5 * array + 0.5 * array.T


def as_covariance(
    value, name: str, dim: int | None = None, *, singular: bool = False
) -> np.ndarray:
    """A symmetric positive definite matrix (semidefinite if `singular`)."""
    array = as_symmetric(value, name, dim)
    if not singular:
        try:
            pivots = np.diagonal(np.linalg.cholesky(array)) ** 2 / np.diagonal(array)
            if pivots.min() >= 4 * len(array) * np.finfo(float).eps:  # else singular to rounding
                return array
        except np.linalg.LinAlgError:
            pass
    eigenvalues = np.linalg.eigvalsh(array)
    smallest, largest = eigenvalues[0], max(abs(eigenvalues[0]), abs(eigenvalues[-1]))
    if not singular or smallest < -1e-12 * largest:
        kind = "positive semidefinite" if singular else "positive definite"
        raise ValueError(f"{name} must be {kind} (smallest eigenvalue {smallest:.3g})")
    return array


def as_weights(value, name: str) -> np.ndarray:
    """Probabilities `(K,)`: at least zero; a sum within 1e-6 of one is made one."""
    array = require_finite(as_real(value, name), name)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must have shape (K,) with K >= 1, got shape {array.shape}")
    if (array < 0).any():
        raise ValueError(f"{name} must be at least 0, got {array.min():.3g}")
    with np.errstate(over="ignore"):
        total = array.sum()
    if abs(total - 1) > 1e-6:
        raise ValueError(f"{name} must sum to 1, got a sum of {total:.12g}")
    return array / total


def as_rng(rng, purpose: str = "") -> np.random.Generator:
    """Anything `numpy.random.default_rng` takes (SPEC 7); a Generator is used as it is.

    Randomness, for the whole library. Draws of a law, and a network's first weights, take the
    stream of `default_rng(seed)` itself. What goes beside data, `purpose` "noise", "probes",
    "levels", "chain", "training", takes a stream of its own: the seed's SeedSequence with the
    purpose for a spawn key. So data and noise from one integer seed are independent, as every
    estimator assumes; one Generator handed to both is, since it has moved on.
    """
    try:
        if purpose and isinstance(rng, (numbers.Integral, Sequence, np.ndarray, SeedSequence)):
            seeds = rng if isinstance(rng, SeedSequence) else SeedSequence(rng)  # type: ignore[arg-type]
            own = (*seeds.spawn_key, zlib.crc32(purpose.encode()))
            rng = SeedSequence(seeds.entropy, spawn_key=own, pool_size=seeds.pool_size)
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        message = f"rng must be what numpy.random.default_rng takes: {error}"
        raise type(error)(message) from None


def as_normals(noise, x: np.ndarray, rng) -> np.ndarray:
    """Standard normal noise of the shape of x: as given, or drawn from `rng`, not both."""
    require_one("noise", noise, rng)
    if noise is None:
        return as_rng(rng, "noise").standard_normal(x.shape)
    return as_like(noise, "noise", x, "x")


def require_one(name: str, given, rng) -> None:
    """Raise where both the draws and an `rng`, which then would draw nothing, are given."""
    if given is not None and rng is not None:
        raise ValueError(f"{name} and rng must not both be given")


def beyond_float():
    """A context in which what passes 1.8e308 becomes inf or NaN in its row, without a warning."""
    return np.errstate(over="ignore", invalid="ignore")


def as_callable(value, name: str):
    """`value`, which must be a function."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {_describe(value)}")
    return value


def as_offering(value, name: str, *attributes: str):
    """`value`, which must have these attributes; properties are not evaluated."""
    for attribute in attributes:
        if not (hasattr(type(value), attribute) or hasattr(value, attribute)):
            raise TypeError(f"{name} must offer .{attribute}, got {_describe(value)}")
    return value
