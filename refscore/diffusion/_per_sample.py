"""Adaptive Runge-Kutta methods with a step size of its own for every sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_positive

EXPLICIT = ("RK23", "RK45", "DOP853")
METHODS = (*EXPLICIT, "Radau", "BDF", "LSODA")
SAFETY, SHRINK, GROW = 0.9, 0.2, 10.0
STEPS = 20_000  # beyond which rounding, not the slope, is what the steps follow


class Solved(NamedTuple):
    """The states at the end (p, n), and how often each sample's slope was evaluated (n,)."""

    y: np.ndarray
    evaluations: np.ndarray


def solve(
    slope: Callable, s: float, t: float, y, *, rtol=1e-8, atol=1e-8, method="DOP853",
    shared_steps=False,
) -> Solved:  # fmt: skip
    """y(t) for dy/dt = slope(·, y, index) from y(s) (p, n), column by column.

    Arguments: slope, called as slope(slope.at(times)[i], y, index): times (k, m) of k stages,
    states y (p, m) and the m columns they belong to; s, t in any order; rtol, atol, the error a
    step of each column alone; method, a name scipy's solve_ivp knows: RK23, RK45 and DOP853 run
    here on all columns at once, with scipy's tableaux and step control; the others column by
    column in solve_ivp. Columns that arrive leave. shared_steps: one step size for all, at which
    the error of every column is within its own tolerance, so that all are at one time.
    Raises: ValueError when a step gets too small, or steps too many. Cost: one call of slope a
    stage.
    Source: Hairer, Nørsett and Wanner 1993, II.4-5.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    rtol, atol = as_positive(rtol, "rtol"), as_positive(atol, "atol")
    y = np.array(y, dtype=float)
    if s == t or not y.shape[1]:
        return Solved(y, np.zeros(y.shape[1], dtype=int))
    if not isinstance(shared_steps, (bool, np.bool_)):
        raise TypeError(f"shared_steps must be True or False, got {shared_steps!r}")
    if shared_steps and method not in EXPLICIT:
        raise ValueError(f"shared_steps must be used with one of {EXPLICIT}, got {method!r}")
    if method not in EXPLICIT:
        return _by_scipy(slope, s, t, y, rtol, atol, method)
    # scipy does not go below a hundred units of rounding
    rtol = max(rtol, 100 * np.finfo(float).eps)
    return _Run(slope, s, t, y, rtol, atol, method, bool(shared_steps)).finish()


def _by_scipy(slope, s, t, y, rtol, atol, method) -> Solved:
    from scipy.integrate import solve_ivp

    low, high = min(s, t), max(s, t)
    ends, counts = np.empty_like(y), np.zeros(y.shape[1], dtype=int)
    for i in range(y.shape[1]):
        one = np.array([i])

        def alone(u, z, one=one):
            moment = slope.at(np.clip([[u]], low, high))[0]
            found = slope(moment, z[:, None], one)[:, 0]
            if getattr(slope, "trouble", ""):
                raise ValueError(_failed(s, t, slope.trouble))
            return found

        solution = solve_ivp(alone, (s, t), y[:, i], method=method, rtol=rtol, atol=atol)
        if not solution.success:
            raise ValueError(_failed(s, t, solution.message))
        ends[:, i], counts[i] = solution.y[:, -1], solution.nfev
    return Solved(ends, counts)


def _failed(s, t, why) -> str:
    return f"the flow could not be integrated from {s:g} to {t:g}: {why}"


class _Run:
    """One solve: the columns still on their way, and the answers of those that arrived."""

    def __init__(self, slope, s, t, y, rtol, atol, method, shared=False):
        from scipy import integrate

        self.slope, self.s, self.end, self.rtol, self.atol = slope, s, t, rtol, atol
        self.method, self.tableau, self.shared = method, getattr(integrate, method), shared
        self.order = self.tableau.error_estimator_order
        self.direction = 1.0 if t > s else -1.0
        n = y.shape[1]
        self.answers, self.evaluations = np.empty_like(y), np.zeros(n, dtype=int)
        self.stages = np.empty((self.tableau.n_stages + 1) * y.size)
        self.index, self.times, self.y = np.arange(n), np.full(n, float(s)), y
        self.f = self._slopes(slope.at(self.times[None])[0], y)
        self.h = self._first_steps()
        if shared:
            self.h = np.full(n, self.h.min(initial=np.inf))
        self.rejected = np.zeros(n, dtype=bool)

    def _slopes(self, moment, y):
        self.evaluations[self.index] += 1
        return self.slope(moment, y, self.index)

    def _first_steps(self):
        """Hairer, Nørsett and Wanner 1993, II.4: the starting step of every column."""
        scale = self.atol + np.abs(self.y) * self.rtol
        with np.errstate(all="ignore"):
            size, speed = _rms(self.y / scale), _rms(self.f / scale)
        if not np.isfinite(size + speed).all():
            why = self._trouble() or f"state or slope is not finite, or too large, at {self.s:g}"
            raise ValueError(_failed(self.s, self.end, why))
        with np.errstate(all="ignore"):
            first = np.where((size < 1e-5) | (speed < 1e-5), 1e-6, 0.01 * size / speed)
            first = np.minimum(first, abs(self.end - self.s))
            if self.shared:
                first = np.full(len(first), first.min(initial=np.inf))
            step = self.direction * first
            moment = self.slope.at(self._within(self.times + step)[None])[0]
            moved = self._slopes(moment, self.y + step * self.f)
            bend = _rms((moved - self.f) / scale) / first
            largest = np.maximum(speed, bend)
            second = (0.01 / largest) ** (1 / (self.order + 1))
        flat = (speed <= 1e-15) & (bend <= 1e-15)
        second = np.where(flat, np.maximum(1e-6, first * 1e-3), second)
        return np.minimum(np.minimum(100 * first, second), abs(self.end - self.s))

    def finish(self) -> Solved:
        for _ in range(STEPS):
            if not len(self.index):
                break
            self._step()
        if len(self.index):
            why = f"{STEPS} steps do not suffice; is the tolerance below the score's rounding?"
            raise ValueError(_failed(self.s, self.end, why))
        return Solved(self.answers, self.evaluations)

    def _step(self):
        smallest = 10 * np.abs(np.nextafter(self.times, self.direction * np.inf) - self.times)
        if (self.rejected & (self.h < smallest)).any() or not np.isfinite(self.h).all():
            stuck = self.times[np.argmin(self.h)]
            why = self._trouble() or (
                f"no step at {stuck:g} is small enough, or the score is not finite there"
            )
            raise ValueError(_failed(self.s, self.end, why))
        self.h = np.maximum(self.h, smallest)
        target = self.times + self.direction * self.h
        target = np.where(self.direction * (target - self.end) > 0, self.end, target)
        h = target - self.times
        new, f, error = self._stages(h, target)
        self._judge(target, np.abs(h), new, f, error)

    def _trouble(self) -> str:
        return getattr(self.slope, "trouble", "")

    def _stages(self, h, target):
        tableau, shape = self.tableau, self.y.shape
        K = self.stages[: (tableau.n_stages + 1) * self.y.size].reshape(-1, *shape)
        K[0] = self.f
        flat = K.reshape(len(K), -1)
        times = self._within(self.times + tableau.C[1:, None] * h)
        moments = self.slope.at(np.vstack([times, target]))
        for i in range(1, tableau.n_stages):
            between = (tableau.A[i, :i] @ flat[:i]).reshape(shape)
            K[i] = self._slopes(moments[i - 1], self.y + h * between)
        new = self.y + h * (tableau.B @ flat[:-1]).reshape(shape)
        K[-1] = self._slopes(moments[-1], new)
        return new, K[-1].copy(), self._error(flat, h, new)

    def _within(self, times):
        """Times that rounding has not carried past the end."""
        return np.minimum(times, self.end) if self.direction > 0 else np.maximum(times, self.end)

    def _error(self, flat, h, new):
        """The norm of each column's error in units of its tolerance."""
        scale = self.atol + np.maximum(np.abs(self.y), np.abs(new)) * self.rtol
        if self.method != "DOP853":
            return _rms(h * (self.tableau.E @ flat).reshape(new.shape) / scale)
        fifth, third = (
            np.mean(((E @ flat).reshape(new.shape) / scale) ** 2, axis=0)
            for E in (self.tableau.E5, self.tableau.E3)
        )
        with np.errstate(all="ignore"):
            ratio = fifth / np.sqrt(fifth + 0.01 * third)
        return np.abs(h) * np.where(fifth + third == 0, 0.0, ratio)

    def _judge(self, target, h, new, f, error):
        """Accept or retry, choose the next steps, and let those that arrived go."""
        if self.shared:
            error = np.full(len(error), error.max())
        with np.errstate(all="ignore"):
            factor = SAFETY * error ** (-1 / (self.order + 1))
        good = error < 1
        largest = np.where(self.rejected, 1.0, GROW)
        factor = np.where(good, np.fmin(factor, largest), np.fmax(factor, SHRINK))
        self.h, self.rejected = h * factor, ~good
        self.times = np.where(good, target, self.times)
        if good.all():
            self.y, self.f = new, f
        else:
            self.y, self.f = np.where(good, new, self.y), np.where(good, f, self.f)
        left = self.times != self.end
        if not left.all():
            self.answers[:, self.index[~left]] = self.y[:, ~left]
            self.index, self.times, self.h = self.index[left], self.times[left], self.h[left]
            self.rejected = self.rejected[left]
            self.y, self.f = self.y[:, left], self.f[:, left]


def _rms(a) -> np.ndarray:
    return np.sqrt(np.mean(a * a, axis=0))
