"""Families of fields indexed by a time or a noise level."""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_offering,
    as_points,
    as_scalar,
)
from refscore.fields.base import Field, as_field
from refscore.fields.functions import Function


class Family:
    """Fields s(·, t), one for every number t: `family.at(t)` is a Field.

    at: a function from a number t to a Field. Families add, and scale by a number.

    Tested in: tests/test_fields.py
    """

    @classmethod
    def constant(cls, field: Field) -> Family:
        """One field at every t."""
        field = as_field(field, "field")
        return cls(lambda t: field)

    @classmethod
    def from_function(cls, f, dim: int) -> Family:
        """The family of f(x, t), written in autograd.numpy and row by row in x (n, d)."""
        f, dim = as_callable(f, "f"), as_count(dim, "dim")
        return cls(lambda t: Function(lambda x: f(x, t), dim))

    @classmethod
    def diffused_scores(cls, law, marginal) -> Family:
        """The exact scores of αₜ X + σₜ Z, with (αₜ, σₜ) = marginal(t) and X from `law`.

        law has `diffuse(alpha, sigma)`; marginal is a function of t, such as a process's.

        Tested in: tests/test_fields.py
        """
        law, marginal = as_offering(law, "law", "diffuse"), as_callable(marginal, "marginal")
        return cls(lambda t: law.diffuse(*marginal(t)).score)

    def __init__(self, at):
        if not callable(at):
            raise TypeError(f"at must be a function of t returning a Field, got {at!r}")
        self._at = at

    def at(self, t) -> Field:
        """The field s(·, t) at one number t."""
        field = self._at(as_scalar(t, "t"))
        if not isinstance(field, Field):
            raise TypeError(f"at(t) must return a Field, got {type(field).__name__}")
        return field

    def __call__(self, x, t) -> np.ndarray:
        """s(x, t): points (..., d), and t one number or one a point (...,)."""
        x, t = as_points(x, "x"), as_array(t, "t")
        if t.ndim == 0:
            return self.at(t)(x)
        t = as_array(t, "t", x.shape[:-1])
        result = np.empty(x.shape)
        for level in np.unique(t):
            result[t == level] = self.at(level)(x[t == level])
        return result

    def __add__(self, other):
        if not isinstance(other, Family):
            return NotImplemented
        return Family(lambda t: self.at(t) + other.at(t))

    def __mul__(self, factor):
        factor = as_scalar(factor, "factor")
        return Family(lambda t: factor * self.at(t))

    __rmul__ = __mul__

    def __truediv__(self, divisor):
        divisor = as_scalar(divisor, "divisor")
        if divisor == 0:
            raise ValueError("divisor must not be 0")
        return self * (1 / divisor)

    __array_ufunc__ = None

    def __neg__(self):
        return -1.0 * self
