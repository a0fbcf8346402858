"""Integrands that read a field at several points, or along several directions, for every row.

As `refscore.objectives.integrands`, with points (m, n, d): the `Local` an integrand is handed
holds the m points of every row of the block, row by row within each of the m.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import beyond_float
from refscore.fields.base import Field
from refscore.fields.linearisation import borrowed_workspace, rows_in_blocks


def losses(field: Field, points: np.ndarray, integrand, *, directions: int = 1) -> np.ndarray:
    """The integrand of every row, (n,); points (m, n, d), `directions` J v asked for a point."""
    parts = [values for values, _ in _blocks(field, points, integrand, directions, False)]
    return np.concatenate(parts)


def loss_and_gradient(field: Field, points: np.ndarray, integrand, *, directions: int = 1):
    """The mean of the integrand over the rows, and its gradient (p,) in the parameters."""
    n = points.shape[1]
    if n == 0:
        raise ValueError("x must hold at least one point for a mean loss, got none")
    loss, gradient = 0.0, 0.0
    for values, part in _blocks(field, points, integrand, directions, True):
        loss += values.sum()
        gradient += part
    return float(loss / n), gradient / n


def _blocks(field, points, integrand, directions, with_gradient):
    """The losses of every block of rows, and the gradient of their sum or None."""
    m, n, dim = points.shape
    size = max(1, field.rows_at_once // max(m, directions))
    with borrowed_workspace() as space, beyond_float():
        for rows in rows_in_blocks(n, size):
            block = points[:, rows].reshape(-1, dim)
            block.flags.writeable = False
            local = field._local(block, space)
            values, weights = integrand(local, rows)
            yield values, local.gradient(*weights) if with_gradient else None
