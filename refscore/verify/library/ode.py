"""Ports of the library: steps and solves of ordinary differential equations."""

from __future__ import annotations

from refscore import ode
from refscore.verify.library import declared

__all__ = [
    "ode_error",
    "ode_interpolate",
    "ode_next_step",
    "ode_path",
    "ode_solve",
    "ode_step",
    "ode_steps",
    "residual_network",
]

TOLERANCE = {"rtol": 1e-8, "atol": 1e-8}


def ode_step(velocity, x, t, step_size, method):
    """One step."""
    return ode.runge_kutta_step(method, velocity, x, t, step_size)


def ode_error(velocity, x, t, step_size, method):
    """Its embedded error."""
    return ode.runge_kutta_error(declared.with_error(method), velocity, x, t, step_size)


def ode_interpolate(velocity, x, t, step_size, fraction, method):
    """The state within it."""
    return ode.runge_kutta_interpolate(method, velocity, x, t, step_size, fraction)


def ode_steps(velocity, x0, times, method):
    """Steps over a grid."""
    return ode.solve(velocity, x0, times[0], times[-1], times=times, method=method).x1


def ode_next_step(step_size, error_ratio, order):
    """The controller."""
    return ode.next_step_size(step_size, error_ratio, order)


def ode_solve(velocity, x0, t0, t1):
    """The end point, every row with its own step sizes."""
    return ode.solve(velocity, x0, t0, t1, **TOLERANCE).x1


def ode_path(velocity, x0, times):
    """The path."""
    return ode.solve_path(velocity, x0, times, **TOLERANCE)


def residual_network(velocities, x):
    """Blocks one after another."""
    return ode.residual_network(velocities)(x)
