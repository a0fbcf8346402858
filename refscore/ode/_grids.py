"""Runge-Kutta methods on a fixed grid, all samples at one time; memory taken once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import as_array
from refscore.fields import Family
from refscore.fields.base import read_only
from refscore.ode.tableaux import Tableau, own_stages


class Slope:
    """f at points (n, d) of one time each, or all of one; nan where a point is not finite."""

    def __init__(self, velocity: Family):
        self.velocity, self.called = velocity, False

    def rows(self, x, t) -> np.ndarray:
        """f(x, t), x (n, d), at one number t; checked whole at the first call."""
        field, first = self.velocity.at(t), not self.called
        self.called = True
        return _finite_only(field if first else field._value, read_only(x))

    def at(self, times):
        """The times themselves: nothing of a velocity depends on them alone."""
        return times

    def __call__(self, t, y, index) -> np.ndarray:
        """f(x, t) of columns y (d, n) at times t (n,)."""
        return _finite_only(self.velocity._values, y.T, t).T


def as_times(value, name: str = "times", least: int = 2) -> np.ndarray:
    """Times (k,), at least so many, strictly rising or strictly falling."""
    times = as_array(value, name, (None,))
    if len(times) < least or not _monotone(times):
        many = {1: "one", 2: "two", 4: "four"}[least]
        raise ValueError(
            f"{name} must be {many} or more numbers that strictly rise or strictly fall, got"
            f" {times}"[:200]
        )
    return times


def as_times_between(value, t0: float, t1: float, least: int = 2) -> np.ndarray:
    """The same, from t0 to t1."""
    times = as_times(value, least=least)
    if times[0] != t0 or times[-1] != t1:
        raise ValueError(
            f"times must lead from t0 = {t0} to t1 = {t1}, got {times[0]} to {times[-1]}"
        )
    return times


def _monotone(times) -> bool:
    steps = np.diff(times)
    return bool((steps > 0).all() or (steps < 0).all())


def require_apart(times, name: str) -> np.ndarray:
    """`times`, which must not be so close that rounding has made two of them one."""
    if not _monotone(times):
        raise ValueError(
            f"{name} must leave steps above the rounding of the times, about"
            f" {np.spacing(np.abs(times).max()):.2g}; got {len(times) - 1} from"
            f" {times[0]:.17g} to {times[-1]:.17g}"
        )
    return times


def _finite_only(values: Callable, x, *t):
    with np.errstate(all="ignore"):
        if np.isfinite(x.sum()):
            return values(x, *t)
        sound, out = np.isfinite(x).all(axis=1), np.full(x.shape, np.nan)
        if sound.any():
            out[sound] = values(x[sound], *(one[sound] for one in t))
    return out


def walk(method: Tableau, slope: Slope, x, times, *, keep=False, shown=None):
    """From x (n, d) at times[0] over all of `times` (m + 1,), which it meets to the bit.

    Returns: states (n, d), or (m + 1, n, d) with `keep`; and of every row the first time at
    which it was not finite (n,), nan where it always was.
    """
    s = own_stages(method)
    x, room = x.copy(), np.empty((s + 1, *x.shape))
    K, flat, change = room[:s], room[:s].reshape(s, -1), room[s]
    line, broken = change.reshape(-1), np.full(len(x), np.nan)
    states = np.empty((len(times), *x.shape)) if keep else None
    if states is not None:
        states[0] = x
    with np.errstate(all="ignore"):
        for i, (t, end) in enumerate(zip(times[:-1], times[1:]), start=1):
            h = end - t
            K[0] = slope.rows(x, t)
            for j in range(1, s):
                np.dot(method.A[j, :j], flat[:j], out=line)
                change *= h
                change += x
                K[j] = slope.rows(change, end if method.c[j] == 1 else t + method.c[j] * h)
            np.dot(method.b[:s], flat, out=line)
            change *= h
            x += change
            if not np.isfinite(x.sum()):
                broken[np.isnan(broken) & ~np.isfinite(x).all(axis=1)] = end
            if states is not None:
                states[i] = x
            if shown is not None:
                shown(i)
    return (x if states is None else states), broken
