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
    beyond_float,
)
from refscore.fields.base import Field, as_field
from refscore.fields.functions import Function


class Family:
    """Fields s(·, t), one for every number t: `family.at(t)` is a Field.

    at: a function from a number t to a Field; with parameters (p,), from (t, theta) to a Field
    whose parameters are theta. Families add, and scale by a number; their parameters are those
    of their parts. A subclass writes `at`, and where one pass can serve points of different t
    also `_values(x, t)` and `_local(x, t, workspace)`, x (n, d) and t (n,).

    Tested in: tests/test_fields.py
    """

    dim: int | None = None  # the points' dimension, where it is known before t

    @classmethod
    def constant(cls, field: Field) -> Family:
        """One field at every t; the parameters are the field's."""
        return _Constant(as_field(field, "field"))

    @classmethod
    def from_function(cls, f, dim: int, parameters=None) -> Family:
        """The family of f(x, t), written in autograd.numpy and row by row in x (n, d); of
        f(x, t, theta) if `parameters` (p,) are given.
        """
        f, dim = as_callable(f, "f"), as_count(dim, "dim")
        if parameters is None:
            family = cls(lambda t: Function(lambda x: f(x, t), dim))
        else:
            family = cls(
                lambda t, theta: Function(lambda x, own: f(x, t, own), dim, theta), parameters
            )
        family.dim = dim
        return family

    @classmethod
    def diffused_scores(cls, law, marginal) -> Family:
        """The exact scores of αₜ X + σₜ Z, with (αₜ, σₜ) = marginal(t) and X from `law`.

        law has `diffuse(alpha, sigma)`; marginal is a function of t, such as a process's.

        Tested in: tests/test_fields.py
        """
        law, marginal = as_offering(law, "law", "diffuse"), as_callable(marginal, "marginal")
        return cls(lambda t: law.diffuse(*marginal(t)).score)

    def __init__(self, at, parameters=None):
        if not callable(at):
            raise TypeError(f"at must be a function of t returning a Field, got {at!r}")
        self._at, self._theta = at, None
        if parameters is not None:
            self._theta = as_array(parameters, "parameters", (None,)).copy()

    @property
    def parameters(self) -> np.ndarray:
        """All parameters as a flat float64 copy (p,); empty for a family without any."""
        return np.empty(0) if self._theta is None else self._theta.copy()

    def with_parameters(self, theta) -> Family:
        """The same family with other parameters, `theta` (p,) in the order of `parameters`."""
        theta = as_array(theta, "theta", self.parameters.shape)
        if self._theta is None:
            return self
        family = Family(self._at, theta)
        family.dim = self.dim
        return family

    def at(self, t) -> Field:
        """The field s(·, t) at one number t; its parameters are the whole family's."""
        t = as_scalar(t, "t")
        field = self._at(t) if self._theta is None else self._at(t, self._theta.copy())
        if not isinstance(field, Field):
            raise TypeError(f"at(t) must return a Field, got {type(field).__name__}")
        return field

    def __call__(self, x, t) -> np.ndarray:
        """s(x, t): points (..., d), and t one number or one a point (...,)."""
        x, t = as_points(x, "x", self.dim), as_array(t, "t")
        if t.ndim == 0:
            return self.at(t)(x)
        t = as_array(t, "t", x.shape[:-1])
        with beyond_float():
            return self._values(x.reshape(-1, x.shape[-1]), t.reshape(-1)).reshape(x.shape)

    def _values(self, x, t):
        """s at points x (n, d) with times t (n,): here one field for every time that occurs."""
        result = np.empty(x.shape)
        for level in np.unique(t):
            result[t == level] = self.at(level)(x[t == level])
        return result

    def __add__(self, other):
        return _Sum(self, other) if isinstance(other, Family) else NotImplemented

    def __sub__(self, other):
        return self + (-other) if isinstance(other, Family) else NotImplemented

    def __mul__(self, factor):
        return _Scaled(as_scalar(factor, "factor"), self)

    __rmul__ = __mul__

    def __truediv__(self, divisor):
        divisor = as_scalar(divisor, "divisor")
        if divisor == 0:
            raise ValueError("divisor must not be 0")
        return self * (1 / divisor)

    __array_ufunc__ = None

    def __neg__(self):
        return -1.0 * self


class _Constant(Family):
    """One field at every t."""

    def __init__(self, field):
        super().__init__(self.at)
        self.field, self.dim, self.rows_at_once = field, field.dim, field.rows_at_once

    @property
    def parameters(self):
        return self.field.parameters

    def with_parameters(self, theta):
        return _Constant(self.field.with_parameters(theta))

    def at(self, t):
        as_scalar(t, "t")
        return self.field

    def _values(self, x, t):
        return self.field(x)

    def _local(self, x, t, workspace=None):
        return self.field._local(x, workspace)


class _Sum(Family):
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
        return _Sum(self.first.with_parameters(first), self.second.with_parameters(second))

    def at(self, t):
        return self.first.at(t) + self.second.at(t)

    def _values(self, x, t):
        return self.first._values(x, t) + self.second._values(x, t)


class _Scaled(Family):
    """The family c f with a fixed factor c; the parameters are those of f."""

    def __init__(self, factor, family):
        super().__init__(self.at)
        self.factor, self.family, self.dim = factor, family, family.dim

    @property
    def parameters(self):
        return self.family.parameters

    def with_parameters(self, theta):
        return _Scaled(self.factor, self.family.with_parameters(theta))

    def at(self, t):
        return self.factor * self.family.at(t)

    def _values(self, x, t):
        return self.factor * self.family._values(x, t)


def as_velocity(value, name: str) -> Family:
    """A velocity f(x, t) as a Family: `value` itself, or a Field, which is the same at every t.

    Raises: TypeError naming the argument.
    Tested in: tests/test_fields.py
    """
    if isinstance(value, Family):
        return value
    if isinstance(value, Field):
        return Family.constant(value)
    raise TypeError(
        f"{name} must be a refscore Family or Field (Family.from_function makes one of a"
        f" function of (x, t)), got {type(value).__name__}"
    )
