"""Families whose values and derivatives are all written out, for points of any times."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_scalar
from refscore.fields.at_time import AtTime
from refscore.fields.base import Field
from refscore.fields.families import Family
from refscore.fields.linearisation import Local


class ExplicitFamily(Family):
    """A family with explicit derivatives: a subclass writes hooks, and `with_parameters`.

    x is (n, d), t a number or (n, 1), v and b are (n, d) or stacked (m, n, d), all float64:
    `_value(x, t)` (n, d) · `_jvp(x, t, v)` of v's shape · `_vjp(x, t, w)` (n, d) ·
    `_divergence(x, t)` (n,) · `_gradient(x, t, a, c, v, b)` (p,) and `_point_gradient` of the
    same (n, d), as `Local` has them.
    """

    dim: int

    def __init__(self, dim: int, theta=()):
        super().__init__(self.at, np.concatenate([np.empty(0), *map(np.ravel, theta)]))
        self.dim = as_count(dim, "dim")

    def at(self, t) -> Field:
        """The field s(·, t) at one number t; its parameters are the whole family's."""
        return _At(self, as_scalar(t, "t"))

    def _values(self, x, t):
        return self._value(x, t[:, None])

    def _local(self, x, t, workspace=None):
        return _ExplicitLocal(self, x, t[:, None])

    def _value(self, x, t):
        raise NotImplementedError(f"{type(self).__name__} does not define _value")

    def _jvp(self, x, t, v):
        raise NotImplementedError(f"{type(self).__name__} does not define _jvp")

    def _vjp(self, x, t, w):
        raise NotImplementedError(f"{type(self).__name__} does not define _vjp")

    def _divergence(self, x, t):
        raise NotImplementedError(f"{type(self).__name__} does not define _divergence")

    def _gradient(self, x, t, a, c, v, b):
        raise NotImplementedError(f"{type(self).__name__} does not define _gradient")

    def _point_gradient(self, x, t, a, c, v, b):
        raise NotImplementedError(f"{type(self).__name__} does not define _point_gradient")


class _At(AtTime):
    """An explicit family at one time."""

    def _value(self, x):
        return self.family._value(x, self.t)

    def _jvp(self, x, v):
        return self.family._jvp(x, self.t, v)

    def _vjp(self, x, v):
        return self.family._vjp(x, self.t, v)

    def _divergence(self, x):
        return self.family._divergence(x, self.t)

    def _local(self, x, workspace=None):
        return _ExplicitLocal(self.family, x, self.t)


class _ExplicitLocal(Local):
    """An explicit family near points x (n, d) at time t, a number or (n, 1)."""

    def __init__(self, family, x, t):
        self.family, self.x, self.t = family, x, t
        self.value = family._value(x, t)

    def divergence(self):
        return self.family._divergence(self.x, self.t)

    def jvp(self, v):
        return self.family._jvp(self.x, self.t, v)

    def vjp(self, w):
        return self.family._vjp(self.x, self.t, w)

    def gradient(self, a, c, v, b):
        return self.family._gradient(self.x, self.t, a, c, v, b)

    def point_gradient(self, a, c, v, b):
        return self.family._point_gradient(self.x, self.t, a, c, v, b)
