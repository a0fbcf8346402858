"""Derivatives and integrals of a user's smooth functions of time, by local polynomials."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

SIZE = 12


def as_function_of_time(function: Callable, name: str) -> Callable:
    """`function` of an array of times, its answer an array of their shape, or one number.

    `epsilon()` of the result is that of the least precise floats it has answered in."""
    epsilon = [float(np.finfo(float).eps)]

    def of_time(t) -> np.ndarray:
        t = np.asarray(t, dtype=float)
        try:
            with np.errstate(all="ignore"):
                value = np.asarray(function(t))
                if value.dtype.kind == "f":
                    epsilon[0] = max(epsilon[0], float(np.finfo(value.dtype).eps))
                value = value.astype(float)
        except TypeError as error:
            raise TypeError(f"{name} must take an array of times: {error}") from None
        if value.shape not in ((), t.shape):
            raise ValueError(f"{name} must return the shape of t, {t.shape}, got {value.shape}")
        return np.broadcast_to(value, t.shape)

    of_time.epsilon = lambda: epsilon[0]  # type: ignore[attr-defined]
    return of_time


def derivatives(functions: Callable, t, end: float) -> tuple[np.ndarray, np.ndarray]:
    """(slopes, errors), each (q, ...), at times t (...,) of q functions smooth on [0, end].

    The slope of the polynomial through 12 Chebyshev nodes of a window within [0, end] around t,
    halved until its last coefficients are rounding; the error is what they say. Real values
    only, so |.|, max and interpolation are differentiated as they are (a complex step would
    take |.| for a constant). `functions` takes times (12, m) to values (q, 12, m).
    """
    t = np.asarray(t, dtype=float)
    at = t.ravel()
    slope, error = _local_slopes(functions, at, end, 0.25 * end)
    for k in range(3, 24):
        found, off = _local_slopes(functions, at, end, end * 2.0**-k)
        better = off < error
        slope, error = np.where(better, found, slope), np.where(better, off, error)
        if not (better & (error > 1e-12 * np.abs(slope))).any():
            break
    return slope.reshape(-1, *t.shape), error.reshape(-1, *t.shape)


def _local_slopes(functions, t, end, width):
    """(slopes, errors) (q, m) at t (m,) from a window [a, a + width] that holds it."""
    cheb = np.polynomial.chebyshev
    a = np.clip(t - 0.5 * width, 0.0, end - width)
    points = np.cos(np.pi * (np.arange(SIZE) + 0.5) / SIZE)
    values = functions(np.clip(a + 0.5 * width * (1 + points[:, None]), 0.0, end))
    with np.errstate(all="ignore"):
        c = np.moveaxis(_to_chebyshev() @ (values - values[:, :1]), 1, 0)
        slope = cheb.chebval(2 * (t - a) / width - 1, cheb.chebder(c), tensor=False)
        tail = np.abs(c[-3:]).sum(0) + np.finfo(float).eps * np.abs(values).max(1)
    error = 2 / width * SIZE**2 * tail
    return 2 / width * slope, np.where(np.isfinite(error), error, np.inf)


@cache
def _to_chebyshev() -> np.ndarray:
    """Values at the Chebyshev nodes to Chebyshev coefficients (12, 12)."""
    angles = np.pi * (np.arange(SIZE) + 0.5) / SIZE
    matrix = 2 / SIZE * np.cos(np.arange(SIZE)[:, None] * angles)
    matrix[0] *= 0.5
    return matrix


@cache
def legendre(size: int = 16):
    """Nodes and weights of Gauss-Legendre quadrature on [-1, 1], the matrix from values to
    coefficients, and that from values h to their means 1/(x_i + 1) ∫_{-1}^{x_i} h."""
    node, weight = np.polynomial.legendre.leggauss(size)
    basis = np.polynomial.legendre.legvander(node, size - 1)
    fit = (np.arange(size)[:, None] + 0.5) * basis.T * weight
    inner = -1 + (node[:, None] + 1) * (node + 1) / 2
    means = np.einsum("ijk,kl,j->il", np.polynomial.legendre.legvander(inner, size - 1), fit,
                      weight / 2)  # fmt: skip
    return node, weight, fit, means
