"""A velocity with what is summed along its paths beside it: divergences, estimates, energies.

    y = (z, q, v):  z' = f(z, t),  q' = the integrands at z and t,  v' = 0

Every q' is read off one linearisation of f at z, and so is the derivative of any weighted sum of
z' and q' in z and in the parameters of f. Solvers and adjoints see one more velocity, so that a
log density is under their error control and its gradient is theirs. Probes v travel along: a row
keeps its own through the whole solve.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore.fields.base import Field
from refscore.fields.families import Family
from refscore.fields.linearisation import Local, beside_points
from refscore.ode._schemes import as_tolerances
from refscore.ode._stopped import Stopped

TERMS = ("divergence", "trace", "kinetic", "jacobian", "directional")


class Layout(NamedTuple):
    """What the columns of y hold: d of z, then those of the terms, then m probes of d.

    divergence   tr J                     one column, exact
    trace        v_jᵀ J v_j               one column a probe
    kinetic      ½ |f|²
    jacobian     |J|²_F, or the mean over j of |J v_j|² where there are probes
    directional  |J f|²
    """

    dim: int
    terms: tuple[str, ...]
    n_probes: int = 0

    @property
    def columns(self) -> dict[str, slice]:
        """Where every term stands."""
        found, start = {}, self.dim
        for term in self.terms:
            end = start + (self.n_probes if term == "trace" else 1)
            found[term], start = slice(start, end), end
        return found

    @property
    def inner(self) -> int:
        """How many columns there are before the probes."""
        return self.dim + sum(self.n_probes if term == "trace" else 1 for term in self.terms)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self.inner + self.n_probes * self.dim

    def tolerances(self, options: dict) -> dict:
        """Options of a solve, such that the probes, which have no error, do not count in its mean
        over the columns."""
        if any(options.get(name) is not None for name in ("n_steps", "times")):
            return options
        given = as_tolerances(options.get("rtol"), options.get("atol"))
        share = np.sqrt(self.inner / self.width)
        return {**options, "rtol": share * given[0], "atol": share * given[1]}

    def start(self, x: np.ndarray, probes=None) -> np.ndarray:
        """y at x (n, d): nothing summed yet, probes (n, m, d) beside."""
        y = np.zeros((len(x), self.width))
        y[:, : self.dim] = x
        if self.n_probes:
            y[:, self.inner :] = probes.reshape(len(x), -1)
        return y

    def point(self, y: np.ndarray) -> np.ndarray:
        """z of y, in memory of its own."""
        return np.ascontiguousarray(y[:, : self.dim])

    def probes(self, y: np.ndarray) -> np.ndarray:
        """The probes of y, (m, n, d)."""
        held = y[:, self.inner :].reshape(len(y), self.n_probes, self.dim)
        return np.ascontiguousarray(held.swapaxes(0, 1))


class Joint(Family):
    """The velocity of y for a velocity f and a layout; its parameters are those of f."""

    def __init__(self, velocity: Family, layout: Layout):
        super().__init__(self.at)
        self.velocity, self.layout, self.dim = velocity, layout, layout.width

    @property
    def parameters(self):
        """Those of f, a copy (p,)."""
        return self.velocity.parameters

    def with_parameters(self, theta):
        """The same with other parameters of f."""
        return Joint(self.velocity.with_parameters(theta), self.layout)

    def at(self, t):
        """The field of y at time t."""
        return JointField(self.velocity._own_at(t), self.layout)

    def _local(self, y, t, workspace=None):
        inner = self.velocity._local(self.layout.point(y), t, workspace)
        return JointLocal(inner, self.layout, y)

    def _values(self, y, t):
        return self._local(y, t).value


class JointField(Field):
    """The field of y at one time."""

    def __init__(self, field: Field, layout: Layout):
        super().__init__(layout.width)
        self.field, self.layout, self.rows_at_once = field, layout, field.rows_at_once

    @property
    def parameters(self):
        """Those of f, a copy (p,)."""
        return self.field.parameters

    def with_parameters(self, theta):
        """The same with other parameters of f."""
        return JointField(self.field.with_parameters(theta), self.layout)

    def _value(self, y):
        return self._local(y).value

    def _vjp(self, y, w):
        return self._local(y).vjp(w)

    def _local(self, y, workspace=None):
        inner = self.field._local(self.layout.point(y), workspace)
        return JointLocal(inner, self.layout, y)


class JointLocal(Local):
    """y' near rows y, and the derivatives of a·y' in z and in the parameters of f.

        a·y' = a_z·f + c_div tr J + Σ_j c_j v_jᵀJv_j + ½ c_k |f|² + c_J mean |Jv|² + c_d |Jf|²
        ∂(a·y') = (a_z + c_k f + 2 c_d Jᵀu)·∂f + c_div ∂tr J + Σ b·∂J v,  u = J f
        b = c_j v_j + (2 c_J/m) J v_j beside v_j, 2 c_d u beside f

    The derivative in the probes is not carried: that part is 0.
    """

    def __init__(self, inner: Local, layout: Layout, y: np.ndarray):
        self.inner, self.layout, self.rows = inner, layout, len(y)
        self.field, self.x = None, y
        self._stack(y)
        self.value = self._value()

    def _stack(self, y):
        """All directions J is asked for, stacked, and what it gives for each kind."""
        layout, n, d = self.layout, len(y), self.layout.dim
        directions = []
        if layout.n_probes:
            directions.append(("probes", layout.probes(y)))
        elif "jacobian" in layout.terms:
            directions.append(("probes", beside_points(np.eye(d), n)))
        if "directional" in layout.terms:
            directions.append(("along", self.inner.value[None]))
        self.directions, self.products = None, {}
        if directions:
            self.directions = np.concatenate([v for _, v in directions])
            products, start = self.inner.jvp(self.directions), 0
            for name, v in directions:
                self.products[name] = products[start : start + len(v)]
                start += len(v)

    def _value(self):
        layout, f = self.layout, self.inner.value
        out = np.zeros((self.rows, layout.width))
        out[:, : layout.dim] = f
        for term, columns in layout.columns.items():
            out[:, columns] = getattr(self, f"_{term}")(f)
        return out

    def _divergence(self, f):
        return self.inner.divergence()[:, None]

    def _trace(self, f):
        v = self.directions[: self.layout.n_probes]
        return np.einsum("mnd,mnd->nm", v, self.products["probes"])

    def _kinetic(self, f):
        return 0.5 * np.einsum("nd,nd->n", f, f)[:, None]

    def _jacobian(self, f):
        u = self.products["probes"]
        return np.einsum("mnd,mnd->n", u, u)[:, None] / (self.layout.n_probes or 1)

    def _directional(self, f):
        u = self.products["along"][0]
        return np.einsum("nd,nd->n", u, u)[:, None]

    def vjp(self, w):
        """∂/∂y of w·y' row by row, (n, width): 0 beyond z."""
        return self._beyond(self.inner.point_gradient(*self._weights(w)))

    def gradient(self, a, c=None, v=None, b=None):
        """∂/∂θ Σ a·y', (p,)."""
        return self.inner.gradient(*self._weights(a))

    def point_gradient(self, a, c=None, v=None, b=None):
        """`vjp`: nothing else is asked of it."""
        return self.vjp(a)

    def gradients(self, a, c=None, v=None, b=None):
        """Both, by one backward pass."""
        points, parameters = self.inner.gradients(*self._weights(a))
        return self._beyond(points), parameters

    def _beyond(self, points):
        out = np.zeros((self.rows, self.layout.width))
        out[:, : self.layout.dim] = points
        return out

    def _weights(self, a):
        """The weights of f, of tr J, and of J v for the stacked directions."""
        layout, f = self.layout, self.inner.value
        columns, m = layout.columns, layout.n_probes or 1
        value, b = a[:, : layout.dim], None
        c = {term: a[:, columns[term]] for term in layout.terms}
        if "kinetic" in c:
            value = value + c["kinetic"] * f
        if self.directions is not None:
            b = np.zeros(self.directions.shape)
        if "trace" in c:
            b[:m] += c["trace"].T[:, :, None] * self.directions[:m]
        if "jacobian" in c:
            b[: len(self.products["probes"])] += 2 / m * c["jacobian"] * self.products["probes"]
        if "directional" in c:
            u = 2 * c["directional"] * self.products["along"][0]
            b[-1] += u
            value = value + self.inner.vjp(u)
        divergence = c["divergence"][:, 0] if "divergence" in c else None
        return np.ascontiguousarray(value), divergence, self.directions, b


def arrived(solution, s, t) -> np.ndarray:
    """The states at t. Raises: ValueError where a path does not get there."""
    rows = np.flatnonzero(np.ravel(solution.status))
    if rows.size:
        what = f"paths could not be followed from {s:g} to {t:g}"
        raise Stopped(what, solution.message, int(rows[0]))
    return solution.x1
