"""Linear maps: by any matrix, by triangular factors, over the channels of images."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count, as_square
from refscore.flows.bijections.base import Bijection, flat


class LinearFlow(Bijection):
    """An invertible matrix and an offset.

        y = W x + b,   log|det| = log|det W|

    matrix W (d, d); offset b (d,), zero by default. Raises ValueError for a singular W.
    Cost: one factorisation, O(d³), when it is made; O(d²) a row.
    Checked by: linear_flow_changes_volume, linear_flow_inverse_returns
    """

    def __init__(self, matrix, offset=None):
        self.matrix = np.array(as_square(matrix, "matrix"))
        self.dim = len(self.matrix)
        offset = np.zeros(self.dim) if offset is None else offset
        self.offset = np.array(as_array(offset, "offset", (self.dim,)))
        self._lower_upper, self.log_det = factored(self.matrix)

    def _parts(self):
        return self.matrix, self.offset

    def _made(self, matrix, offset):
        return LinearFlow(matrix, offset)

    def _solve(self, rows, transposed=False):
        from scipy.linalg import lu_solve

        return lu_solve(self._lower_upper, rows.T, trans=int(transposed), check_finite=False).T

    def _forward(self, x):
        return x @ self.matrix.T + self.offset, np.full(len(x), self.log_det)

    def _inverse(self, y):
        return self._solve(y - self.offset), np.full(len(y), -self.log_det)

    def _pullback(self, x, v, c):
        inverse = self._solve(np.eye(self.dim)).T
        return v @ self.matrix, flat(v.T @ x + c.sum() * inverse.T, v.sum(0))

    def _solve_transposed(self, x, h):
        return self._solve(h, transposed=True)


def factored(matrix):
    """The LU factors of a matrix (d, d) and log|det|; ValueError for a singular one.

    Checked by: linear_flow_changes_volume
    """
    from scipy.linalg import lapack

    lower_upper, pivots, _ = lapack.dgetrf(matrix)
    diagonal = np.abs(np.diagonal(lower_upper))
    size = np.abs(matrix).max()
    if not diagonal.min() > len(matrix) * np.finfo(float).eps * size * 1e-3:
        rows = np.abs(matrix).max(1)
        scaled = matrix / np.where(rows > 0, rows, 1.0)[:, None]
        if np.linalg.cond(scaled) > 1 / np.finfo(float).eps or not diagonal.all():
            raise ValueError(
                "matrix must be invertible, got one that is singular to rounding (smallest"
                f" pivot {diagonal.min():.3g}, largest entry {size:.3g})"
            )
    return (lower_upper, pivots), float(np.log(diagonal).sum())


def determinant_operations(dim) -> float:
    """How many products and quotients a determinant costs by elimination: (d³ − d)/3.

    What `LinearFlow` pays when it is made, and `LUFlow`, d logarithms, does not.
    Checked by: determinants_cost_a_cube
    """
    d = as_count(dim, "dim")
    return float((d**3 - d) // 3)


class LUFlow(Bijection):
    """A matrix by its factors: the determinant is read off the diagonal.

        y = P L U x + b,   log|det| = Σ log|U_ii|

    lower, upper (d, d): of L the part below the diagonal counts, which is one; of U the part on
    and above it, whose diagonal must not have zeros. order: y_i is entry order[i] of L U x.
    Cost: O(d²) a row either way, O(d) for the log-determinant.
    Source: Kingma and Dhariwal, Glow (2018), section 3.2.
    Checked by: triangular_factors_change_volume, triangular_factors_inverse_returns
    """

    def __init__(self, lower, upper, offset=None, order=None):
        lower = as_square(lower, "lower")
        self.dim = len(lower)
        self.lower = np.tril(lower, -1) + np.eye(self.dim)
        self.upper = np.triu(as_square(upper, "upper", self.dim))
        offset = np.zeros(self.dim) if offset is None else offset
        self.offset = np.array(as_array(offset, "offset", (self.dim,)))
        self.order = as_order(np.arange(self.dim) if order is None else order, self.dim)
        pivots = np.abs(np.diagonal(self.upper))
        if not pivots.all():
            raise ValueError(
                f"upper must have no zero on its diagonal, got one at {np.argmin(pivots)}:"
                " the matrix is singular"
            )
        self.log_det = float(np.log(pivots).sum())

    def _below(self):
        return np.tril_indices(self.dim, -1)

    def _above(self):
        return np.triu_indices(self.dim)

    def _parts(self):
        return self.lower[self._below()], self.upper[self._above()], self.offset

    def _made(self, below, above, offset):
        lower, upper = np.zeros((2, self.dim, self.dim))
        lower[self._below()], upper[self._above()] = below, above
        return LUFlow(lower, upper, offset, self.order)

    def _forward(self, x):
        y = x @ self.upper.T @ self.lower.T
        return y[:, self.order] + self.offset, np.full(len(x), self.log_det)

    def _inverse(self, y):
        from scipy.linalg import solve_triangular

        rows = (y - self.offset)[:, np.argsort(self.order)].T
        lower = {"lower": True, "unit_diagonal": True, "check_finite": False}
        rows = solve_triangular(self.lower, rows, **lower)
        rows = solve_triangular(self.upper, rows, check_finite=False)
        return rows.T, np.full(len(y), -self.log_det)

    def _pullback(self, x, v, c):
        v = v[:, np.argsort(self.order)]
        through, middle = v @ self.lower, x @ self.upper.T
        upper_bar = through.T @ x + np.diag(c.sum() / np.diagonal(self.upper))
        parts = (v.T @ middle)[self._below()], upper_bar[self._above()]
        return through @ self.upper, flat(*parts, v.sum(0)[self.order])

    def _solve_transposed(self, x, h):
        from scipy.linalg import solve_triangular

        unchecked = {"trans": "T", "check_finite": False}
        rows = solve_triangular(self.upper, h.T, **unchecked)
        rows = solve_triangular(self.lower, rows, lower=True, unit_diagonal=True, **unchecked)
        return rows.T[:, self.order]


class ChannelMixing(Bijection):
    """An invertible 1x1 convolution: one matrix on the channels of every pixel.

        y[·, i, j] = W x[·, i, j],   log|det| = height · width · log|det W|

    matrix W (c, c); points are images (c, height, width) written row-major, d = c·height·width.
    Raises ValueError for a singular W.
    Source: Kingma and Dhariwal, Glow (2018), equation 9.
    Checked by: convolution_counts_pixels
    """

    def __init__(self, matrix, height, width):
        self.mixing = LinearFlow(matrix)
        self.height, self.width = as_count(height, "height"), as_count(width, "width")
        self.n_pixels, self.channels = self.height * self.width, self.mixing.dim
        self.dim = self.channels * self.n_pixels

    def _parts(self):
        return (self.mixing.matrix,)

    def _made(self, matrix):
        return ChannelMixing(matrix, self.height, self.width)

    def _pixels(self, x):
        channels = x.reshape(len(x), self.channels, self.n_pixels)
        return channels.swapaxes(1, 2).reshape(-1, self.channels)

    def _images(self, rows, n):
        rows = rows.reshape(n, self.n_pixels, self.channels)
        return rows.swapaxes(1, 2).reshape(n, self.dim)

    def _forward(self, x):
        rows, _ = self.mixing._forward(self._pixels(x))
        return self._images(rows, len(x)), np.full(len(x), self.n_pixels * self.mixing.log_det)

    def _inverse(self, y):
        rows, _ = self.mixing._inverse(self._pixels(y))
        return self._images(rows, len(y)), np.full(len(y), -self.n_pixels * self.mixing.log_det)

    def _pullback(self, x, v, c):
        each = np.repeat(c, self.n_pixels)
        rows, theta = self.mixing._pullback(self._pixels(x), self._pixels(v), each)
        return self._images(rows, len(x)), theta[: self.channels**2]

    def _solve_transposed(self, x, h):
        return self._images(self.mixing._solve_transposed(None, self._pixels(h)), len(h))


def as_order(value, dim: int | None = None) -> np.ndarray:
    """A permutation of 0, ..., d − 1, of any size where `dim` is not given."""
    order = as_array(value, "order", (dim,))
    if order.size == 0 or not np.array_equal(np.sort(order), np.arange(order.size)):
        raise ValueError(f"order must hold each of 0, ..., {order.size - 1} once, got {order}")
    return order.astype(int)
