"""Forward sensitivities: what the end moves by, carried along with the solution.

J' = (∂f/∂x) J,  J(t₀) = I,    S' = (∂f/∂x) S + ∂f/∂θ,  S(t₀) = 0
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import as_points, as_scalar, as_switch
from refscore.fields import Family, Field, as_velocity
from refscore.fields.at_time import AtTime
from refscore.ode._stopped import failed
from refscore.ode._tapes import near
from refscore.ode.solvers import solve


class Sensitivities(NamedTuple):
    """x1 (..., d) = x(t₁), and its derivatives: x0 (..., d, d) in x₀, parameters (..., d, p),
    t0 (..., d) = -J f(x₀, t₀), t1 (..., d) = f(x₁, t₁).

    Tested in: tests/ode/test_gradients.py
    """

    x1: np.ndarray
    x0: np.ndarray
    parameters: np.ndarray
    t0: np.ndarray
    t1: np.ndarray


def sensitivities(velocity, x0, t0, t1, *, parameters=True, **options) -> Sensitivities:
    """Derivatives of the end of a solve in all it began from, by the variational equations.

        ∂x(t₁)/∂x₀ = J(t₁),  ∂x(t₁)/∂θ = S(t₁),  ∂x(t₁)/∂t₀ = -J f(x₀, t₀),  ∂x(t₁)/∂t₁ = f(x₁, t₁)

    Arguments: velocity f, a Family or Field; x0 (..., d); t0, t1, in any order; parameters: False
    leaves S out (then its last axis is 0); options: as of `solve`, whose error control sees J and S
    beside x. Returns: Sensitivities. Raises: TypeError, ValueError naming the argument, or where
    the solve fails. Cost: d + p products J v a stage, and d parameter gradients a row: for a few
    parameters and many losses; an adjoint is for one loss and many parameters.
    Source: Hairer, Nørsett and Wanner 1993, I.14, theorems 14.1 and 14.3.
    Checked by: forward_sensitivities
    """
    velocity = as_velocity(velocity, "velocity")
    x0 = as_points(x0, "x0", velocity.dim)
    t0, t1 = as_scalar(t0, "t0"), as_scalar(t1, "t1")
    p = velocity.parameters.size if as_switch(parameters, "parameters") else 0
    d = x0.shape[-1]
    rows = x0.reshape(-1, d)
    start = np.zeros((len(rows), d, 1 + d + p))
    start[:, :, 0], start[:, :, 1 : d + 1] = rows, np.eye(d)
    joint = _Variational(velocity, d, p)
    solved = solve(joint, start.reshape(len(rows), d * (1 + d + p)), t0, t1, **options)
    if np.any(solved.status):
        raise failed(t0, t1, solved.message, int(np.flatnonzero(solved.status)[0]))
    end = solved.x1.reshape(start.shape)
    J, x1 = end[:, :, 1 : d + 1], np.ascontiguousarray(end[:, :, 0])
    first, last = velocity.at(t0)(rows), velocity.at(t1)(x1)
    moved = -np.einsum("nij,nj->ni", J, first)
    lead = x0.shape[:-1]
    return Sensitivities(
        x1.reshape(x0.shape), J.reshape(*lead, d, d).copy(),
        end[:, :, d + 1 :].reshape(*lead, d, p).copy(), moved.reshape(x0.shape),
        last.reshape(x0.shape),
    )  # fmt: skip


class _Variational(Family):
    """The velocity of (x, J, S), (d, 1 + d + p) a row, flat."""

    def __init__(self, velocity: Family, d: int, p: int):
        super().__init__(self.at)
        self.velocity, self.shape, self.dim = velocity, (d, 1 + d + p), d * (1 + d + p)

    def at(self, t) -> Field:
        """Its field at one time."""
        return _VariationalField(self, t)

    def _values(self, y, t):
        """(f, J_f J, J_f S + ∂f/∂θ) at rows y, t a number or one a row."""
        d, columns = self.shape
        whole = y.reshape(len(y), d, columns)
        x = np.ascontiguousarray(whole[:, :, 0])
        local = near(self.velocity, x, t)
        out = np.empty(whole.shape)
        out[:, :, 0] = local.value
        directions = np.ascontiguousarray(np.moveaxis(whole[:, :, 1:], -1, 0))
        out[:, :, 1:] = np.moveaxis(local.jvp(directions), 0, -1)
        if columns > d + 1:
            out[:, :, d + 1 :] += _parameter_jacobian(self.velocity, x, t)
        return out.reshape(y.shape)


class _VariationalField(AtTime):
    def _value(self, y):
        return self.family._values(y, self.t)


def _parameter_jacobian(velocity, x, t) -> np.ndarray:
    """∂f/∂θ at every row, (n, d, p)."""
    if not len(x):
        return np.empty((0, x.shape[1], velocity.parameters.size))
    times = np.broadcast_to(t, (len(x),))
    rows = [near(velocity, x[i : i + 1], float(u)) for i, u in enumerate(times)]
    units = np.eye(x.shape[1])[:, None, :]
    return np.array([[one.gradient(e, None, None, None) for e in units] for one in rows])
