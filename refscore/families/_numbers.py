"""Values and weights of an expectation, and data, at the door."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array


def numbers(value, name) -> np.ndarray:
    """Finite numbers (n,), at least one."""
    array = as_array(value, name, (None,))
    if array.size == 0:
        raise ValueError(f"{name} must hold a number, got none")
    return array


def weights(value, name, like) -> np.ndarray:
    """Weights of the shape of `like` that sum to one; equal ones for None."""
    if value is None:
        return np.full(len(like), 1 / len(like))
    found = as_array(value, name, like.shape)
    if (found < 0).any() or abs(found.sum() - 1) > 1e-6:
        raise ValueError(f"{name} must be at least 0 and sum to 1, got a sum of {found.sum():.6g}")
    return found


def standardised(x, name):
    """Centres and deviations (d,), (x − centre)/deviation, and what rounding of x is in it (d,).

    Through powers of 2 near each column's largest, which are exact, so that no square passes the
    range of floats. Raises ValueError for a column that is a constant to rounding.
    """
    largest = np.abs(x).max(0)
    unit = np.ldexp(1.0, np.frexp(np.where(largest > 0, largest, 1.0))[1] - 1)
    z = x / unit
    centre = z.mean(0)
    z -= centre
    rest = z.mean(0)  # what the rounding of the first mean left
    z -= rest
    deviation = np.sqrt((z**2).mean(0))
    eps = 2 * np.finfo(float).eps
    for j in np.flatnonzero(deviation <= 8 * eps)[:1]:
        raise ValueError(f"{name} must have columns that vary, got a constant as column {j}")
    return (centre + rest) * unit, deviation * unit, z / deviation, eps / deviation
