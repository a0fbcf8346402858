"""Functions of one-hot and of relaxed vectors, from their descriptions, with their gradients."""

from __future__ import annotations

import numpy as np


class Relaxable:
    """A function of vectors (..., K) to (...,) with `gradient`, on a framework's arrays."""

    def __init__(self, framework, value, slope):
        self._value = framework.callable(value, lambda y, a: np.asarray(a)[..., None] * slope(y))
        self.gradient = framework.callable(slope)

    def __call__(self, y):
        """f(y) (...,), differentiable in torch and JAX."""
        return self._value(y)


def relaxable(framework, description) -> Relaxable:
    """The described function; kinds "quadratic" and "exponential_sum"."""
    value, slope = _KINDS[description.kind](description)
    return Relaxable(framework, value, slope)


def _quadratic(d):
    """½ yᵀMy + b·y + c, and ½ (M + Mᵀ) y + b."""
    both = (d.matrix + d.matrix.T) / 2
    return (
        lambda y: ((y @ both) * y).sum(-1) / 2 + y @ d.linear + d.constant,
        lambda y: y @ both + d.linear,
    )


def _exponential(d):
    """Σ_j a_j exp(w_j·y), and Σ_j a_j exp(w_j·y) w_j."""
    return (
        lambda y: np.exp(y @ d.directions.T) @ d.amplitudes,
        lambda y: (np.exp(y @ d.directions.T) * d.amplitudes) @ d.directions,
    )


_KINDS = {"quadratic": _quadratic, "exponential_sum": _exponential}
