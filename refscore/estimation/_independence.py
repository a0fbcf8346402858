"""Noise that is a function of the data: every denoising estimate then is of another law."""

from __future__ import annotations

import numpy as np

from refscore._arguments import beyond_float

_EXACT = 1e-20  # of a square: a hundred thousand roundings


def require_residual(loss: float, target: np.ndarray) -> None:
    """Raise where a denoising loss is 0 to rounding beside that of its targets z/σ (n, d)."""
    with beyond_float():
        scale = 0.5 * float((target**2).sum(1).mean())
    if loss <= _EXACT * scale:
        raise ValueError(
            f"the loss is {loss:.1e} at its minimum, where the targets noise/sigma measure"
            f" {scale:.1e}: the field takes the noise from x exactly. Were x and the noise drawn"
            " from one seed?"
        )


def require_apart(x: np.ndarray, z: np.ndarray) -> None:
    """Raise where noise z (n, d) is an affine function of x (n, d), to rounding."""
    n, d = x.shape
    if n <= d + 1:
        return
    known = np.column_stack([np.ones(n), x / (np.abs(x).max(axis=0) + np.finfo(float).tiny)])
    rest = z - known @ np.linalg.lstsq(known, z, rcond=None)[0]
    if (rest**2).sum() <= _EXACT * (z**2).sum():
        raise ValueError(
            "noise must be independent of x, but is an affine function of it. Were x and the"
            " noise drawn from one seed?"
        )
