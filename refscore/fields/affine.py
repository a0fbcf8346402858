"""The zero field and affine fields."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_square
from refscore.fields.base import Field
from refscore.fields.linearisation import Local


class Zero(Field):
    """The field s(x) = 0 on R^d, d = dim.

    Tested in: tests/test_fields.py
    """

    affine = True

    def _value(self, x):
        return np.zeros_like(x)

    def _jacobian(self, x):
        return np.zeros((*x.shape, self.dim))

    def _energy(self, x):
        return np.zeros(len(x))


class Affine(Field):
    """The field s(x) = A x + b; parameters A row-major, then b.

    matrix A (d, d), any square matrix; offset b (d,), zero if omitted. Cost O(d²) a point.

    Checked by: fisher_divergence_affine, implicit_affine, denoising_affine
    """

    affine = True

    def __init__(self, matrix, offset=None):
        self.matrix = as_square(matrix, "matrix").copy()
        super().__init__(len(self.matrix))
        zero = np.zeros(self.dim)
        self.offset = as_array(zero if offset is None else offset, "offset", (self.dim,)).copy()

    @property
    def parameters(self):
        """The flat parameters, a copy (p,)."""
        return np.concatenate([self.matrix.ravel(), self.offset])

    def with_parameters(self, theta):
        """The same field with parameters `theta` (p,)."""
        theta = as_array(theta, "theta", (self.dim**2 + self.dim,))
        split = self.dim**2
        return Affine(theta[:split].reshape(self.dim, self.dim), theta[split:])

    def _value(self, x):
        return x @ self.matrix.T + self.offset

    def _jvp(self, x, v):
        return v @ self.matrix.T

    def _vjp(self, x, v):
        return v @ self.matrix

    def _jacobian(self, x):
        return np.broadcast_to(self.matrix, (*x.shape, self.dim)).copy()

    def _divergence(self, x):
        return np.full(len(x), np.trace(self.matrix))

    def _energy(self, x):
        if not np.array_equal(self.matrix, self.matrix.T):
            raise AttributeError("an Affine field has an energy only if its matrix is symmetric")
        return -0.5 * np.einsum("ni,ni->n", x @ self.matrix, x) - x @ self.offset

    def _local(self, x, workspace=None):
        return _AffineLocal(self, x)


class _AffineLocal(Local):
    def gradient(self, a, c, v, b):
        """∂/∂A = Σ a xᵀ + (Σ c) I + Σ b vᵀ,  ∂/∂b = Σ a."""
        dim = self.field.dim
        matrix, offset = np.zeros((dim, dim)), np.zeros(dim)
        if a is not None:
            matrix += a.T @ self.x
            offset += a.sum(axis=0)
        if c is not None:
            matrix += c.sum() * np.eye(dim)
        if v is not None:
            matrix += b.reshape(-1, dim).T @ v.reshape(-1, dim)
        return np.concatenate([matrix.ravel(), offset])
