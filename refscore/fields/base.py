"""Vector fields on points, with their derivatives, and what is built from them.

A field s maps points (..., d) to vectors (..., d), row by row. A subclass writes the hooks
`_value`, `_jacobian` (or `_jvp`), and where it can `_vjp`, `_divergence`, `_energy`, all on
float64 arrays (n, d) that the public methods have checked; leading shapes are handled here.
"""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_count,
    as_like,
    as_points,
    as_scalar,
    beyond_float,
)
from refscore.fields.linearisation import Linearisation, Local, Workspace


class Field:
    """A vector field s: R^d → R^d, applied to every row of an array of points.

    Hooks of a subclass (x and v are (n, d) float64, read-only; n may be 0):
    `_value(x)` (n, d) · `_jacobian(x)` (n, d, d), J[i, j] = ∂sᵢ/∂xⱼ, or `_jvp(x, v)` (n, d) ·
    optional `_vjp(x, v)`, `_divergence(x)` (n,), `_energy(x)` (n,) · with parameters also
    `parameters`, `with_parameters(theta)` and `_local(x, workspace)`, a `Local` with a `gradient`.
    """

    rows_at_once = 4096  # how many points a caller should hand over at a time
    affine = False  # whether s(x) = A x + b, so that J is the same everywhere

    def __init__(self, dim: int):
        self.dim = as_count(dim, "dim")

    def __call__(self, x) -> np.ndarray:
        """s(x): points (..., d) to vectors (..., d)."""
        x, rows = self._points(x)
        with beyond_float():
            return _apart(self._value(rows), rows).reshape(x.shape)

    def jvp(self, x, v) -> np.ndarray:
        """J(x) v, the derivative of s along v; x and v (..., d), result (..., d)."""
        x, rows = self._points(x)
        v = as_like(v, "v", x, "x")
        with beyond_float():
            v = read_only(v.reshape(rows.shape))
            return _apart(self._jvp(rows, v), rows, v).reshape(x.shape)

    def vjp(self, x, v) -> np.ndarray:
        """J(x)ᵀ v; x and v (..., d), result (..., d)."""
        x, rows = self._points(x)
        v = as_like(v, "v", x, "x")
        with beyond_float():
            v = read_only(v.reshape(rows.shape))
            return _apart(self._vjp(rows, v), rows, v).reshape(x.shape)

    def jacobian(self, x) -> np.ndarray:
        """J(x)[i, j] = ∂sᵢ/∂xⱼ; points (..., d) to matrices (..., d, d)."""
        x, rows = self._points(x)
        with beyond_float():
            return self._jacobian(rows).reshape((*x.shape, self.dim))

    def divergence(self, x) -> np.ndarray:
        """The divergence Σᵢ ∂sᵢ/∂xᵢ; points (..., d) to numbers (...,)."""
        x, rows = self._points(x)
        with beyond_float():
            return _apart(self._divergence(rows), rows).reshape(x.shape[:-1])

    def energy(self, x) -> np.ndarray:
        """E(x) with s = −∇E, up to a constant; only where s is known to be a gradient."""
        x, rows = self._points(x)
        with beyond_float():
            return _apart(self._energy(rows), rows).reshape(x.shape[:-1])

    def linearise(self, x, workspace: Workspace | None = None) -> Linearisation:
        """The field near x: value, divergence, products and parameter gradient, sharing work.

        A workspace lets a loop over blocks of points use the same memory again.
        """
        x, rows = self._points(x)
        return Linearisation(self._local(rows, workspace), x.shape)

    @property
    def parameters(self) -> np.ndarray:
        """All parameters as a flat float64 copy (p,); empty for a field without any."""
        return np.empty(0)

    def with_parameters(self, theta) -> Field:
        """The same field with other parameters, `theta` (p,) in the order of `parameters`."""
        as_array(theta, "theta", (0,))
        return self

    def restrict(self, directions, origin=None) -> Field:
        """The field y ↦ Bᵀ s(x₀ + B y) on R^k; see `refscore.fields.combinations.Restricted`."""
        from refscore.fields.combinations import Restricted

        return Restricted(self, directions, origin)

    def __add__(self, other):
        from refscore.fields.combinations import Sum

        return Sum(self, other) if isinstance(other, Field) else NotImplemented

    def __sub__(self, other):
        return self + (-other) if isinstance(other, Field) else NotImplemented

    def __mul__(self, factor):
        from refscore.fields.combinations import Scaled

        return NotImplemented if isinstance(factor, Field) else Scaled(factor, self)

    __rmul__ = __mul__

    def __truediv__(self, divisor):
        if isinstance(divisor, Field):
            return NotImplemented
        divisor = as_scalar(divisor, "divisor")
        if divisor == 0:
            raise ValueError("divisor must not be 0")
        return self * (1 / divisor)

    __array_ufunc__ = None  # a NumPy scalar times a field is a field

    def __neg__(self):
        return -1.0 * self

    def _points(self, x):
        x = as_points(x, "x", self.dim)
        return x, read_only(x.reshape(-1, self.dim))

    def _value(self, x):
        raise NotImplementedError(f"{type(self).__name__} does not define _value")

    def _jvp(self, x, v):
        return np.einsum("nij,nj->ni", self._jacobian(x), v)

    def _vjp(self, x, v):
        return np.einsum("nij,ni->nj", self._jacobian(x), v)

    def _jacobian(self, x):
        if type(self)._jvp is Field._jvp:
            raise NotImplementedError(f"{type(self).__name__} defines no derivative")
        columns = [self._jvp(x, np.broadcast_to(e, x.shape)) for e in np.eye(self.dim)]
        return np.stack(columns, axis=-1)

    def _divergence(self, x):
        return np.einsum("nii->n", self._jacobian(x))

    def _energy(self, x):
        raise AttributeError(
            f"{type(self).__name__} has no energy: it is not known to be a gradient field"
        )

    def _local(self, x, workspace=None) -> Local:
        return Local(self, x)


def read_only(array: np.ndarray) -> np.ndarray:
    """The same numbers, which whoever gets them cannot write to."""
    view = array.view()
    view.flags.writeable = False
    return view


def handed_to(function, x: np.ndarray) -> np.ndarray:
    """x for a function of the user's, who may write to it: a copy. A Field needs none."""
    return x if isinstance(function, Field) else x.copy()


def _apart(result, *inputs):
    """`result`, in memory of its own if it is a view of an input."""
    result = np.asarray(result)
    shared = any(np.may_share_memory(result, array) for array in inputs)
    return result.copy() if shared else result


def as_field(value, name: str) -> Field:
    """`value`, which must be a Field."""
    if not isinstance(value, Field):
        raise TypeError(f"{name} must be a refscore Field, got {type(value).__name__}")
    return value
