"""Ports of the library: gradients through solves."""

from __future__ import annotations

import numpy as np

from refscore import ode

__all__ = [
    "adjoint_euler_gradient", "ode_cost_gradient", "ode_gradient", "ode_path_gradient",
    "ode_path_time_gradient", "ode_sensitivities", "ode_steps_gradient", "ode_time_gradient",
]  # fmt: skip

ACCURATE = {"rtol": 1e-8, "atol": 1e-8}


def ode_gradient(velocity, x0, t0, t1, cotangent):
    """By the continuous adjoint, with its own error control."""
    return ode.adjoint(velocity, x0, t0, t1, cotangent, **ACCURATE)[:2]


def ode_time_gradient(velocity, x0, t0, t1, cotangent):
    """In both ends, by the adjoint of the steps."""
    found = ode.backpropagate(velocity, x0, [t0, t1], cotangent, **ACCURATE)
    return found.t0, found.t1


def ode_path_gradient(velocity, x0, times, cotangents):
    """Losses at several times, back through the accepted steps."""
    return ode.backpropagate(velocity, x0, times, cotangents, **ACCURATE)[:2]


def ode_path_time_gradient(velocity, x0, times, cotangents):
    """In every time, by the continuous adjoint."""
    found = ode.adjoint(
        velocity, x0, times[0], times[-1], cotangents, times=times, controlled=False, **ACCURATE
    )
    return found.times


def ode_cost_gradient(velocity, x0, t0, t1, running):
    """Of a running cost, carried beside the state."""
    cost = ode.RunningCost(
        lambda x, t: running(x, t[0]), lambda x, t, w: (w[:, None] * running.gradient(x, t[0]), 0.0)
    )
    options = {"running": cost, "shared_steps": True, **ACCURATE}
    return ode.adjoint(velocity, x0, t0, t1, np.zeros(x0.shape), **options)[:2]


def ode_steps_gradient(velocity, x0, times, cotangent, method):
    """Back through the steps of a fixed grid, with checkpoints."""
    return ode.checkpointed(velocity, x0, times, cotangent, method=method)[:2]


def adjoint_euler_gradient(velocity, x0, times, cotangent):
    """Euler's method for state and adjoint, states stored."""
    path = np.zeros((len(times), *x0.shape))
    path[-1] = cotangent
    found = ode.adjoint(
        velocity, x0, times[0], times[-1], path, times=times, n_steps=1, method="euler",
        reconstruct="store",
    )  # fmt: skip
    return found[:2]


def ode_sensitivities(velocity, x0, t0, t1):
    """Forward, by the variational equations."""
    found = ode.sensitivities(velocity, x0, t0, t1, **ACCURATE)
    return found.x0, found.parameters
