"""Scores at one time put together, and taken apart where they are affine."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_points, beyond_float, require_finite
from refscore.diffusion.probability_flow import score_values
from refscore.fields import Field


def affine_part(score, d: int, t: float) -> tuple[np.ndarray, np.ndarray]:
    """(A, b) of s(x) = A x + b, from its values; checked at one further point."""
    tests = np.vstack([np.zeros(d), np.eye(d), np.linspace(-2.0, 3.0, d)])
    values = require_finite(score_values(score, tests, t), f"the score at time {t:.6g}")
    A, b = (values[1 : d + 1] - values[0]).T, values[0]
    gap = np.abs(tests[-1] @ A.T + b - values[-1]).max()
    if gap > 1e-8 * (1 + np.abs(values).max()):
        raise ValueError(f"score_at must be affine at every time, but differs by {gap:.3g}")
    return A, b


def combined(t: float, *parts, names):
    """Σ w_i s_i of scores (w_i, s_i) at time t: a Field of Fields, else a function."""
    if all(isinstance(score, Field) for _, score in parts):
        total = parts[0][0] * parts[0][1]
        for w, score in parts[1:]:
            total = total + w * score
        return total

    def total_at(x):
        x = as_points(x, "x")
        with beyond_float():
            each = zip(parts, names, strict=True)
            return sum(w * score_values(s, x, t, name) for (w, s), name in each)

    return total_at
