"""A field near given points: one forward pass for values, derivatives and parameter gradients."""

from __future__ import annotations

import math
import threading
from contextlib import contextmanager

import numpy as np

from refscore._arguments import as_array, as_like, as_points


def rows_in_blocks(n: int, size: int):
    """Slices that cover n rows, `size` at a time; one empty slice if n is 0."""
    return [slice(start, start + size) for start in range(0, max(n, 1), size)]


def rows_by_level(levels: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """The numbers that occur among `levels` (n,), rising, each with the rows where it does."""
    order = np.argsort(levels, kind="stable")
    values, first = np.unique(levels[order], return_index=True)
    return list(zip(values.tolist(), np.split(order, first[1:])))


def beside_points(vectors: np.ndarray, n: int) -> np.ndarray:
    """Vectors (m, d) stacked as directions beside n points, (m, n, d)."""
    return np.broadcast_to(vectors[:, None, :], (len(vectors), n, vectors.shape[1]))


def with_trace(v, b, c, units):
    """The weights v and b (m, n, d) of products J v, those of c Σ e·J e over units e among them."""
    weighted = c[:, None] * units
    if v is None:
        return units, weighted
    return np.concatenate([v, units]), np.concatenate([b, weighted])


class Workspace:
    """Named float64 arrays that are kept from one block of points to the next.

    What a linearisation made with a workspace returns is valid until the workspace is used
    for other points; fresh memory for every block can cost as much as the arithmetic.
    """

    def __init__(self):
        self._arrays: dict = {}

    def __call__(self, name, shape: tuple) -> np.ndarray:
        """An array of this shape with unspecified entries, the same memory for one name."""
        size = math.prod(shape)
        if name not in self._arrays or self._arrays[name].size < size:
            self._arrays[name] = np.empty(size)
        return self._arrays[name][:size].reshape(shape)

    def part(self, name) -> Workspace:
        """A workspace of its own for one part of a whole."""
        return self._arrays.setdefault(("part", name), Workspace())

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return sum(array.size for array in self._arrays.values())


_idle = threading.local()
_KEPT = 1 << 22  # numbers a thread keeps between calls, 32 MB


@contextmanager
def borrowed_workspace():
    """A workspace that no one else in this thread uses meanwhile; kept for the next call."""
    spaces = _idle.__dict__.setdefault("spaces", [])
    space = spaces.pop() if spaces else Workspace()
    try:
        yield space
    finally:
        if space.size <= _KEPT and not spaces:
            spaces.append(space)


class Local:
    """A field near n points, on flat checked arrays; the base of every linearisation.

    `value` (n, d); `divergence()` (n,); `jvp(v)` with m stacked directions (m, n, d);
    `vjp(w)` (n, d); `gradient(a, c, v, b)` (p,) and `point_gradient(a, c, v, b)` (n, d), any of
    a (n, d), c (n,), v and b (m, n, d) None; `gradients` the latter, then the former, at once.
    This one is built from the field's methods and knows no parameters.
    """

    def __init__(self, field, x: np.ndarray):
        self.field, self.x = field, x
        self.value = field._value(x)

    def divergence(self):
        """The divergence, (n,)."""
        return self.field._divergence(self.x)

    def jvp(self, v):
        """J v for stacked directions (m, n, d)."""
        return np.stack([self.field._jvp(self.x, one) for one in v]).reshape(v.shape)

    def vjp(self, w):
        """Jᵀ w for w (n, d)."""
        return self.field._vjp(self.x, w)

    def gradient(self, a, c, v, b):
        """The parameter gradient, (p,)."""
        if self.field.parameters.size:
            raise NotImplementedError(
                f"{type(self.field).__name__} has parameters but no gradient in them"
            )
        return np.zeros(0)

    def point_gradient(self, a, c, v, b):
        """The gradient in the points, (n, d): Jᵀ a, and nothing more where J is constant."""
        if not self.field.affine and not (c is None and v is None):
            raise NotImplementedError(
                f"{type(self.field).__name__} has no second derivatives, which a gradient of the"
                " divergence or of J v in the points takes"
            )
        return np.zeros(self.value.shape) if a is None else self.vjp(a)

    def gradients(self, a, c, v, b):
        """The gradient in the points (n, d), and that in the parameters (p,)."""
        return self.point_gradient(a, c, v, b), self.gradient(a, c, v, b)


class Linearisation:
    """A field near given points, and the gradients of what is read off it.

    gradient = ∂/∂θ [ Σᵢ aᵢ·s(xᵢ) + Σᵢ cᵢ div s(xᵢ) + Σᵢ bᵢ·J(xᵢ)vᵢ ]
    point_gradient = ∂/∂x of the same, row by row

    One forward pass serves the value, the divergence, the products and the gradients.
    """

    def __init__(self, local: Local, shape: tuple):
        self._local, self._shape = local, shape

    @property
    def value(self) -> np.ndarray:
        """The values s(x), (..., d)."""
        return self._local.value.reshape(self._shape)

    def divergence(self) -> np.ndarray:
        """The divergence at the points, (...,)."""
        return self._local.divergence().reshape(self._shape[:-1])

    def jvp(self, v) -> np.ndarray:
        """J v for v of the points' shape (..., d), or several stacked in front (m, ..., d)."""
        v = self._stacked(v, "v")
        return self._local.jvp(self._flat(v)).reshape(v.shape)

    def vjp(self, w) -> np.ndarray:
        """Jᵀ w for w of the points' shape (..., d)."""
        w = as_array(w, "w", self._shape).reshape(-1, self._shape[-1])
        return self._local.vjp(w).reshape(self._shape)

    def gradient(self, value=None, divergence=None, jvp=None) -> np.ndarray:
        """The flat parameter gradient (p,) for weights a = value (..., d), c = divergence
        (...,) and jvp = (v, b), both (..., d) or stacked (m, ..., d).

        Tested in: tests/test_fields.py
        """
        return self._local.gradient(*self._weights(value, divergence, jvp))

    def point_gradient(self, value=None, divergence=None, jvp=None) -> np.ndarray:
        """∂/∂x of what `gradient` differentiates, row by row (..., d), for the same weights.

        The part of the values is Jᵀ a; the others need second derivatives. Raises:
        NotImplementedError where the field has none.
        Tested in: tests/fields/test_point_gradients.py
        """
        weights = self._weights(value, divergence, jvp)
        return self._local.point_gradient(*weights).reshape(self._shape)

    def gradients(self, value=None, divergence=None, jvp=None) -> tuple[np.ndarray, np.ndarray]:
        """`point_gradient` (..., d) and `gradient` (p,), by one backward pass where possible.

        Tested in: tests/fields/test_point_gradients.py
        """
        points, parameters = self._local.gradients(*self._weights(value, divergence, jvp))
        return points.reshape(self._shape), parameters

    def _weights(self, value, divergence, jvp):
        a = c = v = b = None
        if value is not None:
            a = as_array(value, "value", self._shape).reshape(-1, self._shape[-1])
        if divergence is not None:
            c = as_array(divergence, "divergence", self._shape[:-1]).reshape(-1)
        if jvp is not None:
            v = self._stacked(jvp[0], "jvp[0]")
            b = self._flat(as_like(jvp[1], "jvp[1]", v, "jvp[0]"))
            v = self._flat(v)
        return a, c, v, b

    def _stacked(self, v, name):
        v = as_points(v, name, self._shape[-1])
        stacked = v.shape[1:] == self._shape and len(v) > 0
        if v.shape != self._shape and not stacked:
            raise ValueError(
                f"{name} must have the points' shape {self._shape}, or several of it"
                f" stacked in front; got shape {v.shape}"
            )
        return v

    def _flat(self, v):
        m = 1 if v.shape == self._shape else v.shape[0]
        return v.reshape(m, -1, self._shape[-1])
