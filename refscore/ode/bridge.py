"""SciPy's solvers, stiff ones too, on a velocity: every row a solve of its own; events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_points,
    as_positive,
    as_scalar,
    as_switch,
)
from refscore.fields import as_velocity
from refscore.ode._per_sample import ARRIVED, NOT_FINITE, TOO_SMALL
from refscore.ode._schemes import IMPLICIT, SCIPY

METHODS = (*SCIPY, *IMPLICIT)


class Event(NamedTuple):
    """Where a function of a row's state (d,) and time passes zero: function(x, t) -> number.

    direction: 1 upwards alone, -1 downwards alone, 0 both; terminal: whether the row stops there.
    """

    function: Callable
    direction: float = 0.0
    terminal: bool = False


class Events(NamedTuple):
    """What one row met of one event: times (k,) and states (k, d)."""

    times: np.ndarray
    states: np.ndarray


class ScipySolution(NamedTuple):
    """As `Solution`, and end_times (...,), where a terminal event may have stopped a row; events:
    for every row, in order, one `Events` an event given; steps: SciPy's results row by row.
    """

    x1: np.ndarray
    end_times: np.ndarray
    n_evaluations: np.ndarray
    n_jacobians: np.ndarray
    status: np.ndarray
    message: str
    events: tuple
    steps: tuple

    def at(self, t) -> np.ndarray:
        """States at times t, a number or (q,), with dense=True: (..., d) or (q, ..., d).

        Beyond the end of a row that stopped: nan. Raises: ValueError without dense=True, or
        outside of the interval of the solve.
        """
        t = as_array(t, "t")
        if t.ndim > 1:
            raise ValueError(f"t must be a number or have shape (q,), got shape {t.shape}")
        found = np.full((t.size, len(self.steps), self.x1.shape[-1]), np.nan)
        for i, one in enumerate(self.steps):
            if one is None or not one.success:
                continue
            if one.sol is None:
                raise ValueError("dense must be True for the states within a solve; it was False")
            low, high = sorted((one.t[0], one.t[-1]))
            inside = (t.reshape(-1) >= low) & (t.reshape(-1) <= high)
            if inside.any():
                found[inside, i] = one.sol(t.reshape(-1)[inside]).T
        return found.reshape(*t.shape, *self.x1.shape)


def solve_scipy(
    velocity, x0, t0, t1, *, method="Radau", rtol=1e-6, atol=1e-6, events: Sequence = (),
    dense=False,
) -> ScipySolution:  # fmt: skip
    """x(t1) for dx/dt = f(x, t) by `scipy.integrate.solve_ivp`, row by row.

    The implicit methods Radau and BDF (and LSODA, which changes over) take stiff equations, and
    are handed the velocity's own Jacobian.
    Arguments: velocity f, a Family or a Field; x0 (..., d); t0, t1 in any order; method, "Radau",
    "BDF", "LSODA", "RK23", "RK45", "DOP853"; rtol, atol, positive; events, each an `Event` or a
    function(x, t) of one state (d,); dense: whether `.at` may be asked. Returns: ScipySolution;
    x1 nan in rows that did not arrive, with SciPy's words in `message`; a row that a terminal
    event stopped has arrived, at its end_time. Raises: TypeError, ValueError naming the argument.
    Cost: one f, and for the implicit ones a Jacobian (d JVPs) now and then and O(d³), each row.
    Source: Hairer and Wanner 1996, IV.8 (Radau IIA), Shampine and Reichelt 1997 (BDF).
    Tested in: tests/ode/test_bridge.py
    """
    velocity = as_velocity(velocity, "velocity")
    x0, dim = as_points(x0, "x0", velocity.dim), np.shape(x0)[-1]
    t0, t1 = as_scalar(t0, "t0"), as_scalar(t1, "t1")
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    rtol, atol = as_positive(rtol, "rtol"), as_positive(atol, "atol")
    dense = as_switch(dense, "dense")
    options = {"method": method, "rtol": max(rtol, 3e-14), "atol": atol}
    options |= {"events": [_scipys(one) for one in events], "dense_output": dense}
    if method in IMPLICIT:
        options["jac"] = lambda t, x: velocity.at(t).jacobian(x)
    rows = [_row(velocity, x, t0, t1, options) for x in x0.reshape(-1, dim)]
    return _together(rows, x0.shape, t1)


def _scipys(event):
    event = event if isinstance(event, Event) else Event(as_callable(event, "events"))

    def function(t, x):
        return as_scalar(event.function(x.copy(), t), "an event's value")

    function.direction, function.terminal = event.direction, event.terminal
    return function


class _NotFinite(Exception):
    """The velocity has no value where an implicit method went, which SciPy would not survive."""


def _row(velocity, x, t0, t1, options):
    from scipy.integrate import solve_ivp

    def slope(t, x):
        value = velocity.at(t)(x) if np.isfinite(x).all() else np.full(x.shape, np.nan)
        if "jac" in options and not np.isfinite(value).all():
            raise _NotFinite(f"state or slope is not finite at t = {t:g}")
        return value

    try:
        with np.errstate(all="ignore"):
            return solve_ivp(slope, (t0, t1), x, **options), ""
    except _NotFinite as error:
        return None, str(error)


def _together(rows, shape, t1) -> ScipySolution:
    lead, why = shape[:-1], ""
    x1 = np.full((len(rows), shape[-1]), np.nan)
    ends, counts = np.full(len(rows), np.nan), np.zeros((3, len(rows)), dtype=int)
    for i, (found, trouble) in enumerate(rows):
        if found is None or not found.success:
            counts[2, i] = NOT_FINITE if found is None else TOO_SMALL
            why = why or trouble or found.message
        if found is not None:
            counts[:2, i] = found.nfev, found.njev
        if found is not None and found.success:
            x1[i], ends[i] = found.y[:, -1], found.t[-1]
    bad = (counts[2] != ARRIVED).sum()
    message = f"{bad} of {len(rows)} rows did not arrive at t = {t1:g}: {why}" if bad else ""
    steps = tuple(found for found, _ in rows)
    events = tuple(_events(one, shape[-1]) for one in steps)
    evaluations, jacobians, status = (one.reshape(lead) for one in counts)
    return ScipySolution(
        x1.reshape(shape), ends.reshape(lead), evaluations, jacobians, status, message,
        events, steps,
    )  # fmt: skip


def _events(found, dim):
    if found is None or found.t_events is None:
        return ()
    return tuple(
        Events(np.array(t), np.reshape(y, (-1, dim)))
        for t, y in zip(found.t_events, found.y_events)
    )
