"""Families made of fields and families: constant ones, sums, multiples."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_scalar
from refscore.fields._locals import FixedLocal, ScaledLocal, SumLocal
from refscore.fields.base import Field
from refscore.fields.families import Family


class Constant(Family):
    """One field at every t."""

    def __init__(self, field):
        super().__init__(self.at)
        self.field, self.dim, self.rows_at_once = field, field.dim, field.rows_at_once

    @property
    def parameters(self):
        return self.field.parameters

    def with_parameters(self, theta):
        return Constant(self.field.with_parameters(theta))

    def at(self, t):
        as_scalar(t, "t")
        return self.field

    def _values(self, x, t):
        return self.field(x)

    def _local(self, x, t, workspace=None):
        return self.field._local(x, workspace)


class Fixed(Field):
    """A field whose parameters are no one's: those of the fields of a family without any."""

    def __init__(self, field):
        super().__init__(field.dim)
        self.field, self.affine, self.rows_at_once = field, field.affine, field.rows_at_once

    def _value(self, x):
        return self.field._value(x)

    def _jvp(self, x, v):
        return self.field._jvp(x, v)

    def _vjp(self, x, v):
        return self.field._vjp(x, v)

    def _jacobian(self, x):
        return self.field._jacobian(x)

    def _divergence(self, x):
        return self.field._divergence(x)

    def _energy(self, x):
        return self.field._energy(x)

    def _local(self, x, workspace=None):
        return FixedLocal(self.field._local(x, workspace))


class FamilySum(Family):
    """The family f + g; parameters of f, then of g (kept apart even if f is g)."""

    def __init__(self, first, second):
        dims = {family.dim for family in (first, second)} - {None}
        if len(dims) > 1:
            raise ValueError(
                f"families must have one dim to be added, got {first.dim} and {second.dim}"
            )
        super().__init__(self.at)
        self.first, self.second, self.dim = first, second, next(iter(dims), None)

    @property
    def parameters(self):
        return np.concatenate([self.first.parameters, self.second.parameters])

    def with_parameters(self, theta):
        split = self.first.parameters.size
        theta = as_array(theta, "theta", (split + self.second.parameters.size,))
        first, second = theta[:split], theta[split:]
        return FamilySum(self.first.with_parameters(first), self.second.with_parameters(second))

    def at(self, t):
        return self.first._own_at(t) + self.second._own_at(t)

    def _values(self, x, t):
        return self.first._values(x, t) + self.second._values(x, t)

    def _local(self, x, t, workspace=None):
        parts = [None if workspace is None else workspace.part(i) for i in (0, 1)]
        pair = zip((self.first, self.second), parts, strict=True)
        return SumLocal(*(family._local(x, t, part) for family, part in pair))


class ScaledFamily(Family):
    """The family c f with a fixed factor c; the parameters are those of f."""

    def __init__(self, factor, family):
        super().__init__(self.at)
        self.factor, self.family, self.dim = factor, family, family.dim

    @property
    def parameters(self):
        return self.family.parameters

    def with_parameters(self, theta):
        return ScaledFamily(self.factor, self.family.with_parameters(theta))

    def at(self, t):
        return self.factor * self.family._own_at(t)

    def _values(self, x, t):
        return self.factor * self.family._values(x, t)

    def _local(self, x, t, workspace=None):
        return ScaledLocal(self.factor, self.family._local(x, t, workspace))
