"""What a subject in single precision can be held to where large numbers cancel."""

from __future__ import annotations

import numpy as np

_ALLOWED = 1e-4  # the least tolerance a float32 subject is judged by
_ROUNDINGS = 8  # how many roundings of the largest number an ordinary formula makes


def is_single(ports) -> bool:
    """True for a subject that computes in float32."""
    return getattr(ports, "dtype", "float64") == "float32"


def resolved(ports, scale, size):
    """The scale of a comparison; in float32 no less than rounding numbers of `size` can resolve.

    A difference of numbers of this size, or the solution of a linear system of condition number
    size / scale, is off by some eps * size however right the formula. Double precision is judged
    by `scale` as it stands.
    """
    if not is_single(ports):
        return scale
    return np.maximum(scale, _ROUNDINGS * np.finfo(np.float32).eps * size / _ALLOWED)
