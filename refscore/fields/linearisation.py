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
    `gradient(a, c, v, b)` (p,), any of a (n, d), c (n,), v and b (m, n, d) None.
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

    def gradient(self, a, c, v, b):
        """The parameter gradient, (p,)."""
        if self.field.parameters.size:
            raise NotImplementedError(
                f"{type(self.field).__name__} has parameters but no gradient in them"
            )
        return np.zeros(0)


class Linearisation:
    """A field near given points, and the gradient in its parameters of what is read off.

    gradient = ∂/∂θ [ Σᵢ aᵢ·s(xᵢ) + Σᵢ cᵢ div s(xᵢ) + Σᵢ bᵢ·J(xᵢ)vᵢ ]

    One forward pass serves the value, the divergence, the products and the gradient.
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

    def gradient(self, value=None, divergence=None, jvp=None) -> np.ndarray:
        """The flat parameter gradient (p,) for weights a = value (..., d), c = divergence
        (...,) and jvp = (v, b), both (..., d) or stacked (m, ..., d).

        Tested in: tests/test_fields.py
        """
        a = c = v = b = None
        if value is not None:
            a = as_array(value, "value", self._shape).reshape(-1, self._shape[-1])
        if divergence is not None:
            c = as_array(divergence, "divergence", self._shape[:-1]).reshape(-1)
        if jvp is not None:
            v = self._stacked(jvp[0], "jvp[0]")
            b = self._flat(as_like(jvp[1], "jvp[1]", v, "jvp[0]"))
            v = self._flat(v)
        return self._local.gradient(a, c, v, b)

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
