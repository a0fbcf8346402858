"""Quantisation without a codebook: rounding coordinate by coordinate."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_array, as_like, as_points, as_positive
from refscore.discrete.quantisation import Quantised, as_codes


def finite_scalar(z, levels, *, epsilon: float = 1e-3) -> Quantised:
    """Finite scalar quantisation: every coordinate to one of L_i values.

        b = h tanh(z + atanh(o/h)) − o,   h = (L − 1)(1 + ε)/2,   o = ½ for even L, 0 for odd
        value = round(b)/⌊L/2⌋,   code = Σ_i (round(b_i) + ⌊L_i/2⌋) Π_{j<i} L_j

    b(0) = 0, and b reaches all L whole numbers from −⌊L/2⌋ on; halves are rounded to even. Two
    levels are refused: they would divide at z = −atanh(1/(1 + ε)) = −3.8, which ε alone decides;
    `lookup_free` divides at 0.
    Arguments: z (..., d); levels (d,), whole numbers ≥ 3 whose product is below 2⁶³; ε > 0 with
    (L − 1) ε < 1, since with more b passes the last number.
    Returns: codes (...,), the first coordinate counting fastest, and values (..., d).
    Raises: ValueError or TypeError naming the argument. Cost: O(n d).
    Source: Mentzer et al., Finite scalar quantization (2023).
    Checked by: finite_scalar_values
    """
    levels, half, offset, shift = _bounds(levels, epsilon)
    z = as_points(z, "z", len(levels))
    rounded = np.round(half * np.tanh(z + shift) - offset).astype(np.int64)
    whole = np.clip(rounded + levels // 2, 0, levels - 1)  # ε next to 1/(L - 1) rounds beyond
    return Quantised((whole * _places(levels)).sum(-1), (whole - levels // 2) / (levels // 2))


def finite_scalar_values(codes, levels) -> np.ndarray:
    """The values (..., d) that codes (...,) of `finite_scalar` stand for.

        (⌊code / Π_{j<i} L_j⌋ mod L_i − ⌊L_i/2⌋)/⌊L_i/2⌋

    Arguments: codes, whole numbers from 0 to Π L − 1; levels as there. Raises and source: as
    there. Cost: O(n d).
    Checked by: codes_of_finite_scalars
    """
    levels = _as_levels(levels)
    codes = as_codes(codes, int(np.prod(levels)))
    half = levels // 2
    return (codes[..., None] // _places(levels) % levels - half) / half


def finite_scalar_gradient(z, levels, cotangent, *, epsilon: float = 1e-3) -> np.ndarray:
    """What straight-through rounding passes to z: the derivative of the values without `round`.

        a ↦ a h (1 − tanh²(z + atanh(o/h)))/⌊L/2⌋

    Arguments: z (..., d), cotangent a of its shape; the others as of `finite_scalar`.
    Returns: (..., d). Raises: as there. Cost: O(n d). Source: Mentzer et al. (2023).
    Checked by: finite_scalar_pullback
    """
    levels, half, _, shift = _bounds(levels, epsilon)
    z = as_points(z, "z", len(levels))
    a = as_like(cotangent, "cotangent", z, "z")
    with np.errstate(over="ignore", under="ignore"):
        return a * (half / (levels // 2)) / np.cosh(z + shift) ** 2


def lookup_free(z) -> Quantised:
    """Lookup-free quantisation: every coordinate to its sign, a bit of the code.

        value_i = 1 for z_i > 0, else −1;   code = Σ_i [z_i > 0] 2^{d−1−i}

    Arguments: z (..., d), d ≤ 62. Returns: codes (...,), the first coordinate the highest bit,
    and values (..., d). Raises: ValueError naming the argument. Cost: O(n d).
    Source: Yu et al., Language model beats diffusion (2023), with its first
    coordinate the lowest bit.
    Checked by: lookup_free_bits
    """
    z = as_points(z, "z")
    d = z.shape[-1]
    if d > 62:
        raise ValueError(f"z must have at most 62 coordinates, the bits of a code, got {d}")
    bits = z > 0
    codes = (bits.astype(np.int64) << np.arange(d - 1, -1, -1)).sum(-1)
    return Quantised(codes, np.where(bits, 1.0, -1.0))


def _as_levels(levels) -> np.ndarray:
    array = as_array(levels, "levels")
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"levels must have shape (d,) with d >= 1, got shape {array.shape}")
    if np.asarray(levels).dtype.kind == "b":
        raise TypeError("levels must be whole numbers, got booleans")
    if (array != np.floor(array)).any():
        raise ValueError("levels must be whole numbers")
    if not (array >= 3).all():
        raise ValueError(f"levels must be at least 3 (2: lookup_free), got {array.min():g}")
    if math.prod(int(level) for level in array) >= 2**63:
        raise ValueError("levels must have a product below 2^63")
    return array.astype(np.int64)


def _bounds(levels, epsilon):
    """L, h, o and atanh(o/h)."""
    levels, epsilon = _as_levels(levels), as_positive(epsilon, "epsilon")
    with np.errstate(over="ignore"):
        within = ((levels - 1) * epsilon < 1).all()
    if not within:
        raise ValueError(
            f"epsilon must be below 1/(L - 1) of every level L, got {epsilon!r}"
            f" with L = {levels.max()}"
        )
    half = (levels - 1) * (1 + epsilon) / 2
    offset = np.where(levels % 2 == 0, 0.5, 0.0)
    return levels, half, offset, np.arctanh(offset / half)


def _places(levels):
    return np.cumprod(np.concatenate([[1], levels[:-1]]))
