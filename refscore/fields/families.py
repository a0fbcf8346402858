"""Families of fields indexed by a time or a noise level."""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_count,
    as_like,
    as_offering,
    as_points,
    as_scalar,
    beyond_float,
)
from refscore.fields._locals import LevelLocal
from refscore.fields.base import Field, as_field
from refscore.fields.functions import Function
from refscore.fields.linearisation import Local, rows_by_level


class Family:
    """Fields s(·, t), one for every number t: `family.at(t)` is a Field.

    at: a function from a number t to a Field, whose own parameters, if any, are held fixed; with
    parameters (p,), from (t, theta) to a Field whose parameters are theta. Families add, and
    scale by a number; their parameters are those of their parts. A subclass writes `at`, and
    where one pass can serve points of different t also `_values(x, t)` and `_local(x, t,
    workspace)`, x (n, d) and t (n,).

    Checked by: solved_flows
    """

    dim: int | None = None  # the points' dimension, where it is known before t

    @classmethod
    def constant(cls, field: Field) -> Family:
        """One field at every t; the parameters are the field's."""
        from refscore.fields._of_families import Constant

        return Constant(as_field(field, "field"))

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
        theta = as_array(theta, "theta", (0,) if self._theta is None else self._theta.shape)
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
        if self._theta is not None and field.parameters.shape != self._theta.shape:
            raise ValueError(
                f"at(t, theta) must return a Field with parameters {self._theta.shape}, got"
                f" {field.parameters.shape}"
            )
        return field

    def _own_at(self, t) -> Field:
        """The field at t; of a family without parameters one without, whatever `at` returns."""
        field, bare = self.at(t), type(self).parameters is Family.parameters
        if not bare or self._theta is not None or not field.parameters.size:
            return field
        from refscore.fields._of_families import Fixed

        return Fixed(field)

    def __call__(self, x, t) -> np.ndarray:
        """s(x, t): points (..., d), and t one number or one a point (...,)."""
        x, t = as_points(x, "x", self.dim), as_array(t, "t")
        if t.ndim == 0:
            return self.at(t)(x)
        t = as_array(t, "t", x.shape[:-1])
        with beyond_float():
            return self._values(x.reshape(-1, x.shape[-1]), t.reshape(-1)).reshape(x.shape)

    def divergence(self, x, t) -> np.ndarray:
        """Σᵢ ∂sᵢ/∂xᵢ at points (..., d) and t, one number or one a point (...,); (...,)."""
        with beyond_float():
            x, local = self._at_points(x, t)
            return local.divergence().reshape(x.shape[:-1])

    def vjp(self, x, t, v) -> np.ndarray:
        """J(x, t)ᵀ v for v of the shape of x (..., d); (..., d)."""
        with beyond_float():
            x, local = self._at_points(x, t)
            v = as_like(v, "v", x, "x")
            return local.vjp(v.reshape(-1, x.shape[-1])).reshape(x.shape)

    def vjp_parameters(self, x, t, a) -> np.ndarray:
        """∂/∂θ Σ a·s(x, t) for a of the shape of x (..., d); (p,)."""
        with beyond_float():
            x, local = self._at_points(x, t)
            a = as_like(a, "a", x, "x")
            return local.gradient(a.reshape(-1, x.shape[-1]), None, None, None)

    def _at_points(self, x, t) -> tuple[np.ndarray, Local]:
        x, t = as_points(x, "x", self.dim), as_array(t, "t")
        t = t if t.ndim == 0 else as_array(t, "t", x.shape[:-1]).reshape(-1)
        return x, self._near(x.reshape(-1, x.shape[-1]), t)

    def _near(self, x, t, workspace=None) -> Local:
        """The family near points x (n, d) at one time, or at one a point (n,)."""
        if np.ndim(t) == 0:
            return self._own_at(float(t))._local(x, workspace)
        return self._local(x, t, workspace)

    def _values(self, x, t):
        """s at points x (n, d) with times t (n,): here one field for every time that occurs."""
        result = np.empty(x.shape)
        for level, rows in rows_by_level(t):
            result[rows] = self.at(level)(x[rows])
        return result

    def _local(self, x, t, workspace=None) -> Local:
        """The family near points x (n, d) with times t (n,)."""
        return LevelLocal(self, x, t, workspace)

    def __add__(self, other):
        from refscore.fields._of_families import FamilySum

        return FamilySum(self, other) if isinstance(other, Family) else NotImplemented

    def __sub__(self, other):
        return self + (-other) if isinstance(other, Family) else NotImplemented

    def __mul__(self, factor):
        from refscore.fields._of_families import ScaledFamily

        return ScaledFamily(as_scalar(factor, "factor"), self)

    __rmul__ = __mul__

    def __truediv__(self, divisor):
        divisor = as_scalar(divisor, "divisor")
        if divisor == 0:
            raise ValueError("divisor must not be 0")
        return self * (1 / divisor)

    __array_ufunc__ = None

    def __neg__(self):
        return -1.0 * self


def as_velocity(value, name: str) -> Family:
    """A velocity f(x, t) as a Family: `value` itself, or a Field, which is the same at every t.

    Raises: TypeError naming the argument.
    Checked by: solved_flows
    """
    if isinstance(value, Family):
        return value
    if isinstance(value, Field):
        return Family.constant(value)
    raise TypeError(
        f"{name} must be a refscore Family or Field (Family.from_function makes one of a"
        f" function of (x, t)), got {type(value).__name__}"
    )
