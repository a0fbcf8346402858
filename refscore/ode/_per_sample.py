"""Adaptive Runge-Kutta methods with a step size of its own for every sample."""

from __future__ import annotations

import numpy as np

from refscore.ode._schemes import Scheme, rms, run_stages

SAFETY, SHRINK, GROW = 0.9, 0.2, 10.0
STEPS = 20_000  # beyond which rounding, not the slope, is what the steps follow
ARRIVED, TOO_MANY, TOO_SMALL, NOT_FINITE = range(4)


def step_factor(error, power, rejected) -> np.ndarray:
    """The next step over this one: not up after a rejection, down where the error is 1 or more."""
    with np.errstate(all="ignore"):
        factor = SAFETY * error**-power
    largest = np.where(rejected, 1.0, GROW)
    return np.where(error < 1, np.fmin(factor, largest), np.fmax(factor, SHRINK))


def not_past(times, end, rising):
    """Times within a step, which rounding has not carried past its end."""
    return np.minimum(times, end) if rising else np.maximum(times, end)


class Run:
    """One solve: the columns still on their way, and the answers of those that left.

    After `finish`: answers (p, n), nan where `status` (n,) is not ARRIVED, and then `why`, of
    `first`, the first that failed (else -1); evaluations, steps tried and accepted (n,); with
    `keep`, `kept`: of every round the columns that moved on, their new times and states; `met`
    (k, p, n): the states at `stops` (k,) before t, which every column meets to the bit.
    """

    def __init__(
        self, slope, s, t, y, rtol, atol, scheme: Scheme, shared=False, *, keep=False,
        stops=(),
    ):  # fmt: skip
        self.slope, self.s, self.end = slope, s, t
        # scipy does not go below a hundred units of rounding
        self.rtol, self.atol = max(rtol, 100 * np.finfo(float).eps), atol
        self.scheme, self.shared = scheme, shared
        self.direction = 1.0 if t > s else -1.0
        n = y.shape[1]
        self.answers, self.status = np.full_like(y, np.nan), np.zeros(n, dtype=int)
        self.why, self.first = "", -1
        self.tried, self.accepted, self.beginnings = np.zeros((3, n), dtype=int)
        self.kept: list | None = [(np.arange(n), np.full(n, float(s)), y)] if keep else None
        self.memory = np.empty((len(scheme.b) + 1) * y.size)
        self.index, self.times, self.y = np.arange(n), np.full(n, float(s)), y
        self.stops = np.array([*stops, t], dtype=float)
        self.met = np.full((len(stops), *y.shape), np.nan)
        self.passed, self.stop = np.zeros(n, dtype=int), np.full(n, self.stops[0])
        self.h, self.rejected, self.f = np.empty(n), np.zeros(n, dtype=bool), np.empty_like(y)
        self.error = np.zeros(n)
        if s == t:
            self.answers[:] = y
            self._go_on(self.rejected)
        else:
            self._begin()

    @property
    def evaluations(self) -> np.ndarray:
        """How often each column's slope was evaluated (n,)."""
        return self.beginnings + len(self.scheme.b) * self.tried

    def _begin(self):
        """Hairer, Nørsett and Wanner 1993, II.4: the starting step of every column."""
        self.beginnings += 1
        self.f = self.slope(self.slope.at(self.times[None])[0], self.y, self.index)
        scale = self.atol + np.abs(self.y) * self.rtol
        with np.errstate(all="ignore"):
            size, speed = rms(self.y / scale), rms(self.f / scale)
        sound = np.isfinite(size + speed)
        if not sound.all():
            why = f"state or slope is not finite, or too large, at {self.s:g}"
            self._leave(~sound, NOT_FINITE, why)
            size, speed, scale = size[sound], speed[sound], scale[:, sound]
        if not len(self.index):
            return
        with np.errstate(all="ignore"):
            first = np.where((size < 1e-5) | (speed < 1e-5), 1e-6, 0.01 * size / speed)
            first = np.minimum(first, abs(self.end - self.s))
            if self.shared:
                first = np.full(len(first), first.min(initial=np.inf))
            step = self.direction * first
            times = not_past(self.times + step, self.end, self.direction > 0)
            moved = self.slope(self.slope.at(times[None])[0], self.y + step * self.f, self.index)
            bend = rms((moved - self.f) / scale) / first
            largest = np.maximum(speed, bend)
            second = (0.01 / largest) ** self.scheme.power
        self.beginnings[self.index] += 1
        flat = (speed <= 1e-15) & (bend <= 1e-15)
        second = np.where(flat, np.maximum(1e-6, first * 1e-3), second)
        self.h = np.fmin(np.fmin(100 * first, second), abs(self.end - self.s))
        if self.shared:
            self.h = np.full(len(self.h), self.h.min(initial=np.inf))

    def finish(self, steps: int, shown=None):
        """Step until all columns have left; at most `steps` rounds."""
        for _ in range(steps):
            if not len(self.index):
                return
            self.step()
            if shown is not None:
                shown(self._covered())
        if len(self.index):
            why = f"{steps} steps do not suffice; is the tolerance below the rounding, or f stiff?"
            self._leave(np.ones(len(self.index), dtype=bool), TOO_MANY, why)

    def steps(self) -> tuple[np.ndarray, np.ndarray]:
        """What was kept: times (m + 1, n), states (m + 1, n, p), the last ones repeated."""
        count = np.zeros(len(self.status), dtype=int)
        m = int(self.accepted.max(initial=0))
        times = np.empty((m + 1, len(count)))
        states = np.empty((m + 1, len(count), len(self.answers)))
        for index, t, y in self.kept or ():
            times[count[index], index], states[count[index], index] = t, y.T
            count[index] += 1
        last = np.minimum(np.arange(m + 1)[:, None], count - 1)
        own = np.arange(len(count))
        return times[last, own], states[last, own]

    def _covered(self) -> float:
        """How much of the time the slowest column has behind it."""
        if not len(self.index):
            return 1.0
        return float(np.abs(self.times - self.s).min() / abs(self.end - self.s))

    def step(self):
        """One step of every column that is on its way, accepted or not."""
        smallest = 10 * np.abs(np.nextafter(self.times, self.direction * np.inf) - self.times)
        stuck = self.rejected & (self.h < smallest)
        if stuck.any():
            self._give_up(stuck)
            return
        self.h = np.maximum(self.h, smallest)
        target = self.times + self.direction * self.h
        target = np.where(self.direction * (target - self.stop) > 0, self.stop, target)
        h = target - self.times
        self.tried[self.index] += 1
        new, f, error = self._stages(h, target)
        self._judge(target, np.abs(h), new, f, error)

    def _give_up(self, stuck):
        """Those leave whose own error keeps them; rows that share their steps go on."""
        at = self.times[np.argmin(np.where(stuck, self.h, np.inf))]
        gone = stuck & ~(self.error < 1)
        status = np.where(self.error < np.inf, TOO_SMALL, NOT_FINITE)[gone]
        self.rejected = self.rejected & ~stuck
        why = f"no step at {at:g} is small enough, or the slope is not finite there"
        self._leave(gone, status, why)

    def _leave(self, gone, status, why):
        """Columns that cannot go on."""
        if self.first < 0 and np.any(gone):
            self.first = int(self.index[gone][0])
        self.why = self.why or getattr(self.slope, "trouble", "") or why
        self.status[self.index[gone]] = status
        self._go_on(~gone)

    def _stages(self, h, target):
        shape = self.y.shape
        K = self.memory[: (len(self.scheme.b) + 1) * self.y.size].reshape(-1, *shape)
        times = self.times + self.scheme.c[1:, None] * h
        times = not_past(times, target, self.direction > 0)
        moments = self.slope.at(np.vstack([times, target]))
        new = run_stages(self.scheme, self.slope, moments, h, self.y, self.f, self.index, K)
        scale = self.atol + np.maximum(np.abs(self.y), np.abs(new)) * self.rtol
        return new, K[-1].copy(), self.scheme.error(K, h, scale)

    def _judge(self, target, h, new, f, error):
        """Accept or retry, choose the next steps, and let those that arrived go."""
        self.error = error
        if self.shared:
            error = np.full(len(error), error.max())
        good = error < 1
        factor = step_factor(error, self.scheme.power, self.rejected)
        wanted, self.h, self.rejected = self.h, h * factor, ~good
        self.times = np.where(good, target, self.times)
        self.accepted[self.index] += good
        if self.kept is not None:
            self.kept.append((self.index[good], target[good], new[:, good]))
        if good.all():
            self.y, self.f = new, f
        else:
            self.y, self.f = np.where(good, new, self.y), np.where(good, f, self.f)
        self._arrive(wanted, good)

    def _arrive(self, wanted, good):
        """Note who is at a stop, and take up the step that was wanted before it."""
        there = self.times == self.stop
        if not there.any():
            return
        if len(self.stops) > 1:
            self.h = np.where(there & good, np.maximum(self.h, wanted), self.h)
            before = there & (self.passed < len(self.met))
            self.met[self.passed[before], :, self.index[before]] = self.y[:, before].T
            self.passed += there
            self.stop = self.stops[np.minimum(self.passed, len(self.met))]
            there = self.times == self.end
        self.answers[:, self.index[there]] = self.y[:, there]
        if there.any():
            self._go_on(~there)

    def _go_on(self, left):
        """Keep these columns alone."""
        for name in ("index", "times", "h", "rejected", "error", "passed", "stop"):
            setattr(self, name, getattr(self, name)[left])
        self.y, self.f = self.y[:, left], self.f[:, left]
