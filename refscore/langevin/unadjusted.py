"""The unadjusted Langevin step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_callable, as_positive, as_real, beyond_float
from refscore.fields.base import handed_to


def ula(score: Callable, step_size) -> Callable:
    """The unadjusted Langevin step as a pure map of the point and the noise.

        step(x, z) = x + (η/2) s(x) + √η z,  z ~ N(0, I)

    Arguments: score, (..., d) -> (..., d); step_size η > 0 (see `spellings`).
    Returns: step(x, noise), both (..., d); the attribute step.step_size is η.
    Raises: ValueError when noise or score have not the shape of x; numbers that are not
    finite pass through, rowwise. Cost: one score.
    Source: Parisi 1981; Roberts and Tweedie 1996.
    Checked by: langevin_spellings, langevin_law_of_steps, langevin_stationary_of_steps,
    one_step_variance, one_step_draws
    """
    score, eta = as_callable(score, "score"), as_positive(step_size, "step_size")
    half, root = 0.5 * eta, eta**0.5

    def step(x, noise) -> np.ndarray:
        x, z = as_real(x, "x"), as_real(noise, "noise")
        _require_shape(z, "noise", x)
        s = as_real(score(handed_to(score, x)), "score(x)")
        _require_shape(s, "score(x)", x)
        with beyond_float():
            out = half * s  # a fresh array: the score may return x itself, or a view it keeps
            out += x
            out += root * z
        return out

    step.step_size = eta  # type: ignore[attr-defined]
    return step


def _require_shape(array: np.ndarray, name: str, x: np.ndarray) -> None:
    if array.shape != x.shape:
        raise ValueError(f"{name} must have the shape of x, {x.shape}; got shape {array.shape}")
