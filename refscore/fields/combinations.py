"""Fields made of fields: sums, multiples, and restrictions to lines and subspaces."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_scalar
from refscore.fields._locals import RestrictedLocal, ScaledLocal, SumLocal
from refscore.fields.base import Field, as_field


class Sum(Field):
    """The field f + g; parameters of f, then of g (kept apart even if f is g).

    first f and second g, Fields of one dim.
    Checked by: half_normal_mean_optimum
    """

    def __init__(self, first: Field, second: Field):
        first, second = as_field(first, "first"), as_field(second, "second")
        if first.dim != second.dim:
            raise ValueError(
                f"first and second must have one dim, got {first.dim} and {second.dim}"
            )
        super().__init__(first.dim)
        self.first, self.second = first, second
        self.affine = first.affine and second.affine
        self.rows_at_once = min(first.rows_at_once, second.rows_at_once)

    @property
    def parameters(self):
        """The flat parameters, a copy (p,)."""
        return np.concatenate([self.first.parameters, self.second.parameters])

    def with_parameters(self, theta):
        """The same field with parameters `theta` (p,)."""
        split = self.first.parameters.size
        theta = as_array(theta, "theta", (split + self.second.parameters.size,))
        return Sum(
            self.first.with_parameters(theta[:split]), self.second.with_parameters(theta[split:])
        )

    def _value(self, x):
        return self.first._value(x) + self.second._value(x)

    def _jvp(self, x, v):
        return self.first._jvp(x, v) + self.second._jvp(x, v)

    def _vjp(self, x, v):
        return self.first._vjp(x, v) + self.second._vjp(x, v)

    def _jacobian(self, x):
        return self.first._jacobian(x) + self.second._jacobian(x)

    def _divergence(self, x):
        return self.first._divergence(x) + self.second._divergence(x)

    def _energy(self, x):
        return self.first._energy(x) + self.second._energy(x)

    def _local(self, x, workspace=None):
        parts = [None if workspace is None else workspace.part(i) for i in (0, 1)]
        return SumLocal(self.first._local(x, parts[0]), self.second._local(x, parts[1]))


class Scaled(Field):
    """The field c f with a fixed factor c; the parameters are those of f.

    Checked by: classifier_free_score
    """

    def __init__(self, factor, field: Field):
        super().__init__(as_field(field, "field").dim)
        self.factor, self.field = as_scalar(factor, "factor"), field
        self.affine, self.rows_at_once = field.affine, field.rows_at_once

    @property
    def parameters(self):
        """The flat parameters, a copy (p,)."""
        return self.field.parameters

    def with_parameters(self, theta):
        """The same field with parameters `theta` (p,)."""
        return Scaled(self.factor, self.field.with_parameters(theta))

    def _value(self, x):
        return self.factor * self.field._value(x)

    def _jvp(self, x, v):
        return self.factor * self.field._jvp(x, v)

    def _vjp(self, x, v):
        return self.factor * self.field._vjp(x, v)

    def _jacobian(self, x):
        return self.factor * self.field._jacobian(x)

    def _divergence(self, x):
        return self.factor * self.field._divergence(x)

    def _energy(self, x):
        return self.factor * self.field._energy(x)

    def _local(self, x, workspace=None):
        return ScaledLocal(self.factor, self.field._local(x, workspace))


class Restricted(Field):
    """The field y ↦ Bᵀ s(x₀ + B y) on R^k: s seen along the columns of B from x₀.

    If s = ∇ log p, this is the score of y ↦ log p(x₀ + B y). One column is a line; columns
    of the identity are a coordinate subspace with the other coordinates held at x₀'s.
    J = Bᵀ J_s B. Parameters are those of s. Cost: the divergence takes k products.

    directions B (d, k) or (d,) for a line; origin x₀ (d,), zero if omitted.

    Tested in: tests/test_fields.py, as `restrict`
    """

    def __init__(self, field: Field, directions, origin=None):
        field, directions = as_field(field, "field"), as_array(directions, "directions")
        self.directions = (
            directions.reshape(len(directions), -1) if directions.ndim == 1 else directions
        )
        self.directions = as_array(self.directions, "directions", (field.dim, None)).copy()
        super().__init__(self.directions.shape[1])
        zero = np.zeros(field.dim)
        self.origin = as_array(zero if origin is None else origin, "origin", (field.dim,)).copy()
        self.field, self.affine, self.rows_at_once = field, field.affine, field.rows_at_once

    @property
    def parameters(self):
        """The flat parameters, a copy (p,)."""
        return self.field.parameters

    def with_parameters(self, theta):
        """The same field with parameters `theta` (p,)."""
        return Restricted(self.field.with_parameters(theta), self.directions, self.origin)

    def _embed(self, y):
        return self.origin + y @ self.directions.T

    def _value(self, y):
        return self.field._value(self._embed(y)) @ self.directions

    def _jvp(self, y, v):
        return self.field._jvp(self._embed(y), v @ self.directions.T) @ self.directions

    def _vjp(self, y, v):
        return self.field._vjp(self._embed(y), v @ self.directions.T) @ self.directions

    def _jacobian(self, y):
        return self.directions.T @ self.field._jacobian(self._embed(y)) @ self.directions

    def _energy(self, y):
        return self.field._energy(self._embed(y))

    def _local(self, y, workspace=None):
        return RestrictedLocal(self.directions, self.field._local(self._embed(y), workspace))
