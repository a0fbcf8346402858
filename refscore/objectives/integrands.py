"""An objective as an integrand: a loss at every point, and how its gradient reads the field.

An integrand takes a field near some points (a `Local`) and their row numbers, and returns the
losses (n,) with the weights a, c, v, b of ∂loss/∂s, ∂loss/∂div s and ∂loss/∂(J v), the
arguments of `Local.gradient`. Everything runs in blocks of `field.rows_at_once`.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_points, beyond_float
from refscore.fields.base import Field, as_field, read_only
from refscore.fields.linearisation import borrowed_workspace, rows_in_blocks


def field_and_points(field, x) -> tuple[Field, np.ndarray]:
    """The field, checked, and x as float64 points (..., d) of its dimension."""
    return as_field(field, "field"), as_points(x, "x", field.dim)


def half_square(vectors) -> np.ndarray:
    """½‖s‖² row by row, (n, d) to (n,)."""
    return 0.5 * np.einsum("ni,ni->n", vectors, vectors)


def losses(field: Field, x: np.ndarray, integrand) -> np.ndarray:
    """The integrand at every point; x (..., d), result (...,)."""
    points = read_only(x.reshape(-1, field.dim))
    blocks = rows_in_blocks(len(points), field.rows_at_once)
    with borrowed_workspace() as space, beyond_float():
        parts = [integrand(field._local(points[rows], space), rows)[0] for rows in blocks]
        return np.concatenate(parts).reshape(x.shape[:-1])


def loss_and_gradient(field: Field, x: np.ndarray, integrand):
    """The mean of the integrand over the points, and its gradient (p,) in the parameters."""
    points = read_only(x.reshape(-1, field.dim))
    if len(points) == 0:
        raise ValueError(f"x must hold at least one point for a mean loss, got shape {x.shape}")
    loss, gradient = 0.0, 0.0
    with borrowed_workspace() as space, beyond_float():
        for rows in rows_in_blocks(len(points), field.rows_at_once):
            local = field._local(points[rows], space)
            values, weights = integrand(local, rows)
            loss += values.sum()
            gradient += local.gradient(*weights)
    return float(loss / len(points)), gradient / len(points)
