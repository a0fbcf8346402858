"""What gradients through a solve are, and the running costs they can carry.

    L = Σₘ gₘ · x(tₘ) + Σ w ∫_{t₀}^{t₁} l(x, t) dt,   dx/dt = f(x, t; θ),  x(t₀) = x₀

The sums run over all rows; gₘ is a loss's derivative in x(tₘ), the cotangent. A running cost
travels as one more coordinate q of every row, q' = l(x, t), whose cotangent is w: its integral
is signed, as any from t₀ to t₁.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_array, as_callable, as_like, as_points, as_real
from refscore.fields import Family, Field, as_velocity
from refscore.fields.at_time import AtTime
from refscore.fields.base import handed_to
from refscore.fields.linearisation import Local
from refscore.ode._grids import as_times
from refscore.ode._stopped import failed, first_not_finite
from refscore.ode._tapes import near


class Gradients(NamedTuple):
    """Derivatives of L, and the solve they belong to.

    x0 (..., d); parameters (p,), ordered like the velocity's; t0, t1: numbers, the derivative in
    each end with all else held; times (k,): in the time of every loss, t0 and t1 its ends, the
    two alone for a loss at the end; states (k, ..., d), x at those times; cost (...,), the signed
    ∫ l dt from t0 to t1 of every row, zero without l.

    Tested in: tests/ode/test_gradients.py
    """

    x0: np.ndarray
    parameters: np.ndarray
    t0: float
    t1: float
    times: np.ndarray
    states: np.ndarray
    cost: np.ndarray


class RunningCost(NamedTuple):
    """A running cost l(x, t) on rows x (n, d) at times t (n,), one a row.

        ∫_{t₀}^{t₁} l(x(t), t) dt,  signed: with t₁ < t₀ it is minus the integral from t₁ to t₀

    So l = ½|f|² costs minus the energy on the way from t₁ back to t₀; `flows.kinetic_energy` and
    its like have no sign.
    value(x, t) gives l (n,); vjp(x, t, w) the pair w ∂l/∂x (n, d) and Σ w ∂l/∂θ (p,), which is
    0.0 for a cost without the velocity's parameters, for weights w (n,).

    Tested in: tests/ode/test_gradients.py
    """

    value: Callable
    vjp: Callable


class Problem(NamedTuple):
    """A checked problem: rows x0 (n, d), cotangents (k, n, d), with q and w beside if l is.

    loss: what gives the last cotangent from the end, where that is a function.
    """

    velocity: Family
    x0: np.ndarray
    times: np.ndarray
    cotangents: np.ndarray
    shape: tuple
    costed: bool
    loss: Callable | None = None

    def closed(self, states) -> Problem:
        """The problem with all cotangents, for its states (n, ·) at all times."""
        for t, x in zip(self.times, states):
            row = first_not_finite(x)
            if row is not None:
                raise failed(self.times[0], self.times[-1], f"no finite state at {t:g}", row)
        if self.loss is None:
            return self
        d, cotangents = self.shape[-1], self.cotangents.copy()
        end = np.ascontiguousarray(states[-1][:, :d]).reshape(self.shape)
        found = as_like(self.loss(handed_to(self.loss, end)), "cotangent(x1)", end, "x1")
        cotangents[-1, :, :d] = found.reshape(-1, d)
        return self._replace(cotangents=cotangents)

    def gradients(self, x0, parameters, times, states) -> Gradients:
        """The answer in the shapes of the question."""
        d = self.shape[-1]
        cost = states[-1][:, d] if self.costed else np.zeros(len(x0))
        return Gradients(
            x0[:, :d].reshape(self.shape), parameters, float(times[0]), float(times[-1]),
            np.asarray(times), np.stack([x[:, :d].reshape(self.shape) for x in states]),
            cost.reshape(self.shape[:-1]),
        )  # fmt: skip


def problem(velocity, x0, times, cotangent, running=None, weights=None, *, ends=False) -> Problem:
    """Arguments of a gradient, checked.

    cotangent: of the shape of x0 or a function that gives it, for a loss at the last of the
    times, or (k, ..., d); ends: the first case leaves two times alone.
    """
    velocity, times = as_velocity(velocity, "velocity"), as_times(times)
    x0 = as_points(x0, "x0", velocity.dim)
    loss = cotangent if callable(cotangent) else None
    cotangent = np.zeros(x0.shape) if loss else as_points(cotangent, "cotangent", x0.shape[-1])
    if ends and cotangent.shape == x0.shape:
        times = times[[0, -1]]
    g = as_cotangents(cotangent, "cotangent", x0, len(times))
    shape, d = x0.shape, x0.shape[-1]
    rows, g = x0.reshape(-1, d), g.reshape(len(times), -1, d)
    if running is None:
        if weights is not None:
            raise ValueError("running must be given where weights are")
        return Problem(velocity, rows, times, g, shape, False, loss)
    if not isinstance(running, RunningCost):
        raise TypeError(f"running must be a RunningCost, got {type(running).__name__}")
    as_callable(running.value, "running.value"), as_callable(running.vjp, "running.vjp")
    w = np.zeros((len(times), len(rows), 1))
    w[-1] = 1.0
    if weights is not None:
        w[-1] = as_array(weights, "weights", shape[:-1]).reshape(-1, 1)
    rows, g = np.concatenate([rows, np.zeros_like(w[0])], 1), np.concatenate([g, w], 2)
    return Problem(Costed(velocity, running, d), rows, times, g, shape, True, loss)


def as_cotangents(found: np.ndarray, name: str, x0: np.ndarray, k: int) -> np.ndarray:
    """(k, ..., d): as given, or zero before the end for one of the shape of x0."""
    if found.shape == (k, *x0.shape):
        return found
    if found.shape == x0.shape:
        return np.concatenate([np.zeros((k - 1, *x0.shape)), found[None]])
    raise ValueError(
        f"{name} must have the shape of x0, {x0.shape}, for a loss at the end, or {(k, *x0.shape)}"
        f" for one at each of the times; got shape {found.shape}"
    )


class Costed(Family):
    """The velocity of (x, q): (f(x, t), l(x, t))."""

    def __init__(self, velocity: Family, running: RunningCost, dim: int):
        super().__init__(self.at)
        self.velocity, self.running, self.dim = velocity, running, dim + 1

    @property
    def parameters(self):
        """Those of f, a copy (p,)."""
        return self.velocity.parameters

    def at(self, t) -> Field:
        """The field of (x, q) at one time."""
        return _CostedField(self, t)

    def _values(self, y, t):
        return self._local(y, t).value

    def _local(self, y, t, workspace=None) -> Local:
        return _CostedLocal(self, y, t, workspace)


class _CostedField(AtTime):
    def _value(self, y):
        return self.family._local(y, self.t).value

    def _local(self, y, workspace=None):
        return self.family._local(y, self.t, workspace)


class _CostedLocal(Local):
    """(f, l) near rows y = (x, q) (n, d + 1)."""

    def __init__(self, family, y, t, workspace):
        self.x, self.running = np.ascontiguousarray(y[:, :-1]), family.running
        self.inner = near(family.velocity, self.x, t, workspace)
        self.t = np.broadcast_to(t, (len(y),))
        cost = as_real(self.running.value(self.x, self.t), "running.value(x, t)")
        if cost.shape != (len(y),):
            wanted = f"running.value(x, t) must have shape {(len(y),)}"
            raise ValueError(f"{wanted}, got shape {cost.shape}")
        self.value = np.concatenate([self.inner.value, cost[:, None]], axis=1)

    def gradients(self, a, c=None, v=None, b=None):
        """Both gradients of Σ a·(f, l)."""
        points, parameters = self.inner.gradients(np.ascontiguousarray(a[:, :-1]), None, None, None)
        more = self.running.vjp(self.x, self.t, a[:, -1].copy())
        _require_pair(more, self.x.shape, parameters.shape)
        beyond = np.zeros((len(self.x), 1))  # l does not depend on q
        return np.concatenate([points + more[0], beyond], axis=1), parameters + more[1]

    def vjp(self, w):
        """The gradient in the points alone."""
        return self.gradients(w)[0]

    def gradient(self, a, c=None, v=None, b=None):
        """The gradient in the parameters alone."""
        return self.gradients(a)[1]


def _require_pair(found, points: tuple, parameters: tuple) -> None:
    """Raise unless these are derivatives in x and in θ, the second perhaps the number 0."""
    pair = isinstance(found, tuple) and len(found) == 2 and np.shape(found[0]) == points
    if pair and (np.shape(found[1]) == parameters or (np.ndim(found[1]) == 0 and found[1] == 0)):
        return
    shapes = " and ".join(str(np.shape(part)) for part in found) if pair else f"{found!r:.60}"
    raise ValueError(
        f"running.vjp(x, t, w) must return a pair, w ∂l/∂x of the shape of x, {points}, and"
        f" Σ w ∂l/∂θ of shape {parameters} or the number 0; got {'shapes ' if pair else ''}{shapes}"
    )
