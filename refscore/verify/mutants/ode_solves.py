"""Mistakes in solves of ordinary differential equations: grids, directions of time, end points."""

from __future__ import annotations

import math

import numpy as np

from refscore import ode
from refscore.fields import Family
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.once import once

METHOD = "dormand_prince"


def _walk(velocity, x, times, method):
    """One step of a method from each time to the next."""
    for t, end in zip(times[:-1], times[1:]):
        x = ode.runge_kutta_step(method, velocity, x, t, end - t)
    return x


@mistake("ode_grid_last_step_lost", port="ode_steps", source="A11: index shifted by one")
def _(velocity, x0, times, method):
    """The last step is not taken."""
    return _walk(velocity, x0, times[:-1], method)


@mistake("ode_grid_one_step_more", port="ode_steps", source="A11: index shifted by one")
def _(velocity, x0, times, method):
    """One step more than the grid has."""
    return _walk(velocity, x0, [*times, 2 * times[-1] - times[-2]], method)


@mistake("ode_grid_first_step_for_all", port="ode_steps", source="A11: torchdiffeq 128b737")
def _(velocity, x0, times, method):
    """The first step's size is used throughout, and the last time is not met."""
    h = times[1] - times[0]
    return _walk(velocity, x0, times[0] + h * np.arange(len(times)), method)


@mistake("ode_grid_equal_steps", port="ode_steps", source="A11: times taken for a count")
def _(velocity, x0, times, method):
    """As many equal steps: the times between are not met."""
    return _walk(velocity, x0, np.linspace(times[0], times[-1], len(times)), method)


@mistake("ode_grid_time_stands", port="ode_steps", source="stages at the wrong time")
def _(velocity, x0, times, method):
    """Every step is taken at the first time."""
    for h in np.diff(times):
        x0 = ode.runge_kutta_step(method, velocity, x0, times[0], h)
    return x0


@mistake("ode_grid_times_sorted", port="ode_steps", source="A11: a falling grid is turned")
def _(velocity, x0, times, method):
    """Times are put in rising order first."""
    return _walk(velocity, x0, np.sort(times), method)


@mistake("ode_grid_first_step_right_times", port="ode_steps", source="A11: torchdiffeq 128b737")
def _(velocity, x0, times, method):
    """The first step's size is used throughout, each step taken at its right time."""
    for t in times[:-1]:
        x0 = ode.runge_kutta_step(method, velocity, x0, t, times[1] - times[0])
    return x0


@mistake("ode_grid_times_of_ends", port="ode_steps", source="A02: time shifted by a step")
def _(velocity, x0, times, method):
    """Every step is taken at the time it ends."""
    for t, end in zip(times[:-1], times[1:]):
        x0 = ode.runge_kutta_step(method, velocity, x0, end, end - t)
    return x0


@mistake("ode_grid_times_rounded", port="ode_steps", source="keys and labels for times")
def _(velocity, x0, times, method):
    """Times are rounded to two decimals."""
    return _walk(velocity, x0, np.round(times, 2), method)


@mistake("ode_grid_euler_start", port="ode_steps", source="the order of the first step lost")
def _(velocity, x0, times, method):
    """The first step is Euler's, whatever the method."""
    return _walk(velocity, _walk(velocity, x0, times[:2], "euler"), times[1:], method)


@once
def solved(velocity, x, t0, t1, steps=20):
    """Along Dormand and Prince's steps, enough for 1e-5."""
    return ode.solve(velocity, x, t0, t1, n_steps=steps, method=METHOD).x1


def _at(velocity, time):
    """The velocity at another time than is asked for."""
    return Family(lambda t: velocity.at(time(t)))


@mistake("ode_backwards_time_negated", port="ode_solve", source="A02: google/jax 23f4874b8")
def _(velocity, x0, t0, t1):
    """Solved backwards in u = -t, the velocity is asked at u, not at -u."""
    return solved(_at(velocity, lambda t: -t) if t1 < t0 else velocity, x0, t0, t1)


@mistake("ode_backwards_time_mirrored", port="ode_solve", source="A03: time runs the wrong way")
def _(velocity, x0, t0, t1):
    """Solved backwards, the velocity is asked at the mirror image of the time."""
    return solved(_at(velocity, lambda t: t0 + t1 - t) if t1 < t0 else velocity, x0, t0, t1)


@mistake("ode_backwards_sign_lost", port="ode_solve", source="J5, J8: the sign of dt < 0")
def _(velocity, x0, t0, t1):
    """Solved backwards, dt is taken positive: z(t0) = z(t1) + ∫ f over the interval, as printed."""
    return solved(_at(velocity, lambda t: 2 * t0 - t), x0, t0, t0 + abs(t1 - t0)) if (
        t1 < t0
    ) else solved(velocity, x0, t0, t1)  # fmt: skip


@mistake("ode_backwards_goes_forward", port="ode_solve", source="J5: limits in rising order")
def _(velocity, x0, t0, t1):
    """The limits are put in rising order, so that the end is carried further on."""
    return solved(velocity, x0, min(t0, t1), max(t0, t1))


@mistake("ode_velocity_frozen", port="ode_solve", source="an autonomous solver")
def _(velocity, x0, t0, t1):
    """The velocity is that of the start at all times."""
    return solved(velocity.at(t0), x0, t0, t1)


@mistake("ode_starts_at_zero", port="ode_solve", source="only the length of the interval used")
def _(velocity, x0, t0, t1):
    """Time starts from 0: the length of the interval alone is used."""
    return solved(velocity, x0, 0.0, t1 - t0)


@mistake("ode_from_zero_to_end", port="ode_solve", source="t0 forgotten")
def _(velocity, x0, t0, t1):
    """The interval starts at 0 whatever t0 is."""
    return solved(velocity, x0, 0.0, t1)


def _in_steps(size, rounded):
    """A solve of steps of one size, as many as `rounded` says of how many would fit."""

    def wrong(velocity, x0, t0, t1):
        if t0 == t1:
            return x0
        h = size * np.sign(t1 - t0)
        return solved(velocity, x0, t0, t0 + h * rounded((t1 - t0) / h))

    return wrong


for _size in (0.1, 0.05, 0.02, 0.01):
    for _name, _rounded, _said in (
        ("overshoots", np.ceil, "The last of equal steps of {:g} is not cut to end at t1."),
        ("left_out", np.floor, "Steps of {:g} as long as they fit: t1 is not reached."),
    ):
        _wrong = _in_steps(_size, _rounded)
        _wrong.__doc__ = _said.format(_size)
        _steps = f"{1 / _size:.0f}_steps"
        mistake(
            f"ode_last_step_{_name}_{_steps}_a_unit",
            port="ode_solve",
            source="A11: torchdiffeq 128b737 (#138)",
        )(_wrong)


@mistake("ode_empty_interval", port="ode_solve", source="a sum of no steps, the start forgotten")
def _(velocity, x0, t0, t1):
    """Where t1 = t0, 0 is returned, not the start."""
    return solved(velocity, x0, t0, t1) if t1 != t0 else 0 * x0


@mistake("ode_steps_too_few", port="ode_solve", source="classic: Euler's method with 40 steps")
def _(velocity, x0, t0, t1):
    """Forty Euler steps."""
    return ode.solve(velocity, x0, t0, t1, n_steps=40, method="euler").x1


@mistake("ode_state_in_float32", port="ode_solve", source="L10: score_sde_pytorch likelihood.py")
def _(velocity, x0, t0, t1):
    """The state is kept in single precision."""
    x, times = x0.astype(np.float32), np.linspace(t0, t1, 31)
    for t, end in zip(times[:-1], times[1:]):
        x = ode.runge_kutta_step(METHOD, velocity, x, t, end - t).astype(np.float32)
    return x.astype(float)


@mistake("ode_batch_coupled", port="ode_solve", source="conventions 5: one step size for the batch")
def _(velocity, x0, t0, t1):
    """The error is the root mean square over the whole batch: rows move each other's steps."""
    return _adaptive(velocity, x0, t0, t1)


@mistake("ode_first_slope_of_rejected", port="ode_solve", source="first same as last, misread")
def _(velocity, x0, t0, t1):
    """After a rejected step the slope at its end is used for the start of the next attempt."""
    return _by_row(velocity, x0, t0, t1, keep_rejected=True)


@mistake("ode_rejected_accepted", port="ode_solve", source="the test of the error left out")
def _(velocity, x0, t0, t1):
    """Steps whose error is too large are taken all the same."""
    return _by_row(velocity, x0, t0, t1, accept=True, tolerance=1e-6)


@mistake("ode_time_of_rejected", port="ode_solve", source="time moved on with a rejected step")
def _(velocity, x0, t0, t1):
    """Time moves on with a rejected step, the state does not."""
    return _by_row(velocity, x0, t0, t1, move_time=True)


def _by_row(velocity, x0, t0, t1, **wrong):
    return np.concatenate([_adaptive(velocity, x0[[i]], t0, t1, **wrong) for i in range(len(x0))])


def _adaptive(
    velocity, x, t, t1, *, keep_rejected=False, accept=False, move_time=False, tolerance=1e-7
):
    """Dormand and Prince's method with one step size, started too large: steps are rejected."""
    table, h, shape = ode.tableau(METHOD), (t1 - t) / 10, x.shape
    K, x = np.empty((7, x.size)), x.ravel()
    K[0] = velocity(x.reshape(shape), t).ravel()
    while t != t1:
        h = t1 - t if abs(h) > abs(t1 - t) else h
        for i in range(1, 7):
            point = x + h * (table.A[i, :i] @ K[:i])
            K[i] = velocity(point.reshape(shape), t + table.c[i] * h).ravel()
        error = h * ((table.b - table.b_low) @ K) / (tolerance * (1 + np.abs(x)))
        ratio = math.sqrt(error @ error / error.size)
        good, end = ratio < 1 or accept, t1 if h == t1 - t else t + h
        x, t = (point if good else x), (end if good or move_time else t)
        if good or keep_rejected:
            K[0] = K[6]
        h = h * min(10, max(0.2, 0.9 * max(ratio, 1e-10) ** -0.2))
    return x.reshape(shape)
