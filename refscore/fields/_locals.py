"""What is made of fields, near given points: sums, multiples, restrictions, families."""

from __future__ import annotations

import numpy as np

from refscore.fields.linearisation import (
    Local,
    Workspace,
    beside_points,
    rows_by_level,
    with_trace,
)


class SumLocal(Local):
    """f + g; the parameters of f, then of g."""

    def __init__(self, first, second):
        self.first, self.second = first, second
        self.value = first.value + second.value

    def divergence(self):
        return self.first.divergence() + self.second.divergence()

    def jvp(self, v):
        return self.first.jvp(v) + self.second.jvp(v)

    def vjp(self, w):
        return self.first.vjp(w) + self.second.vjp(w)

    def gradient(self, *weights):
        return np.concatenate([self.first.gradient(*weights), self.second.gradient(*weights)])

    def point_gradient(self, *weights):
        return self.first.point_gradient(*weights) + self.second.point_gradient(*weights)

    def gradients(self, *weights):
        (x, theta), (y, eta) = self.first.gradients(*weights), self.second.gradients(*weights)
        return x + y, np.concatenate([theta, eta])


class ScaledLocal(Local):
    """c f."""

    def __init__(self, factor, local):
        self.factor, self.local = factor, local
        self.value = factor * local.value

    def divergence(self):
        return self.factor * self.local.divergence()

    def jvp(self, v):
        return self.factor * self.local.jvp(v)

    def vjp(self, w):
        return self.factor * self.local.vjp(w)

    def gradient(self, a, c, v, b):
        return self.factor * self.local.gradient(a, c, v, b)

    def point_gradient(self, a, c, v, b):
        return self.factor * self.local.point_gradient(a, c, v, b)

    def gradients(self, a, c, v, b):
        points, parameters = self.local.gradients(a, c, v, b)
        return self.factor * points, self.factor * parameters


class FixedLocal(Local):
    """s with its parameters held fixed."""

    def __init__(self, local):
        self.local, self.value = local, local.value

    def divergence(self):
        return self.local.divergence()

    def jvp(self, v):
        return self.local.jvp(v)

    def vjp(self, w):
        return self.local.vjp(w)

    def gradient(self, a, c, v, b):
        return np.zeros(0)

    def point_gradient(self, a, c, v, b):
        return self.local.point_gradient(a, c, v, b)


class RestrictedLocal(Local):
    """y ↦ Bᵀ s(x₀ + B y)."""

    def __init__(self, directions, local):
        self.directions, self.local = directions, local
        self.value = local.value @ directions

    def _columns(self):
        """B e_k for every k and point: (k, n, d)."""
        return beside_points(self.directions.T, len(self.local.value))

    def divergence(self):
        columns = self._columns()
        return np.einsum("kni,kni->n", columns, self.local.jvp(columns))

    def jvp(self, v):
        return self.local.jvp(v @ self.directions.T) @ self.directions

    def vjp(self, w):
        return self.local.vjp(w @ self.directions.T) @ self.directions

    def gradient(self, a, c, v, b):
        return self.local.gradient(*self._mapped(a, c, v, b))

    def point_gradient(self, a, c, v, b):
        return self.local.point_gradient(*self._mapped(a, c, v, b)) @ self.directions

    def gradients(self, a, c, v, b):
        points, parameters = self.local.gradients(*self._mapped(a, c, v, b))
        return points @ self.directions, parameters

    def _mapped(self, a, c, v, b):
        """Weights a, (v, b) are mapped by B; c div is c Σ_k (B e_k)ᵀ J (B e_k)."""
        a = None if a is None else a @ self.directions.T
        if v is not None:
            v, b = v @ self.directions.T, b @ self.directions.T
        if c is not None:
            v, b = with_trace(v, b, c, self._columns())
        return a, None, v, b


class LevelLocal(Local):
    """A family near n points with a level each: one `Local` for every level that occurs."""

    def __init__(self, family, x, levels, workspace=None):
        space = Workspace() if workspace is None else workspace
        self._family, self.value, self._parts = family, np.empty(x.shape), []
        for i, (level, rows) in enumerate(rows_by_level(levels)):
            part = family._own_at(level)._local(x[rows], space.part(("level", i)))
            self.value[rows] = part.value
            self._parts.append((level, rows, part))

    def divergence(self):
        """The divergence, (n,)."""
        result = np.empty(len(self.value))
        for _, rows, part in self._parts:
            result[rows] = part.divergence()
        return result

    def jvp(self, v):
        """J v for stacked directions (m, n, d)."""
        result = np.empty(v.shape)
        for _, rows, part in self._parts:
            result[:, rows] = part.jvp(v[:, rows])
        return result

    def vjp(self, w):
        """Jᵀ w for w (n, d)."""
        return self._joined(lambda part, rows: part.vjp(w[rows]))

    def gradient(self, a, c=None, v=None, b=None):
        """∂/∂θ [Σ a·s + Σ c div s + Σ b·J v] over the points, in the family's parameters."""
        total = np.zeros(self._family.parameters.size)
        for level, rows, part in self._parts:
            total[self._own(level)] += part.gradient(*_of(rows, a, c, v, b))
        return total

    def point_gradient(self, a, c, v, b):
        """∂/∂x of the same, (n, d)."""
        return self._joined(lambda part, rows: part.point_gradient(*_of(rows, a, c, v, b)))

    def gradients(self, a, c, v, b):
        """Both, by one backward pass a level where the fields have one."""
        points, total = np.empty(self.value.shape), np.zeros(self._family.parameters.size)
        for level, rows, part in self._parts:
            points[rows], parameters = part.gradients(*_of(rows, a, c, v, b))
            total[self._own(level)] += parameters
        return points, total

    def _own(self, level):
        """Where the parameters of one level stand: all of them, but for a separate field each."""
        return getattr(self._family, "own_parameters", lambda _: slice(None))(level)

    def _joined(self, read):
        result = np.empty(self.value.shape)
        for _, rows, part in self._parts:
            result[rows] = read(part, rows)
        return result


def _of(rows, a, c, v, b):
    """The weights of some of the points."""
    one = (None if w is None else w[rows] for w in (a, c))
    return (*one, *(None if w is None else w[:, rows] for w in (v, b)))
