"""Values and weights of an expectation at the door."""

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
