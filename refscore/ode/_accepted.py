"""The steps a gradient goes back through: a fixed grid, shared steps, or each row's own."""

from __future__ import annotations

from itertools import count
from typing import NamedTuple

import numpy as np

from refscore.fields.linearisation import Workspace
from refscore.ode._per_sample import STEPS, Run, not_past
from refscore.ode._schemes import rms, run_stages, scheme_of
from refscore.ode._stopped import halted
from refscore.ode._tapes import near
from refscore.ode.steps import combined, embedded, stages_of
from refscore.ode.tableaux import own_stages


class Planned(NamedTuple):
    """A step of all rows from t to t + h, which is `end` to the bit; `mark` m if t is times[m]."""

    t: float
    h: float
    end: float
    mark: int


class Rows(NamedTuple):
    """Rows that made a step together, each from its own time: (m,) each, x (m, p), and the slopes
    of the stages (m, s, p), both where they are asked for."""

    rows: np.ndarray
    t: np.ndarray
    h: np.ndarray
    x: np.ndarray | None
    end: np.ndarray
    slopes: np.ndarray | None


def run_of(slope, start, end, y, rtol, atol, scheme, shared) -> Run:
    """A solve for `rounds` to go through.

    shared: False, True, or "rms": one step size for all, by the errors' root mean square.
    """
    kind = _Pooled if shared == "rms" else Run
    return kind(slope, start, end, y, rtol, atol, scheme, bool(shared))


def rounds(run: Run):
    """Step until every row has left; raise at the first in trouble.

    Yields, of every step that was judged, the rows that tried it, and the rows that moved on,
    perhaps none, with their times and states.
    """
    kept: list = []
    run.kept = kept
    for _ in range(STEPS):
        if not len(run.index) or run.why:
            break
        before = run.index
        run.step()
        if kept:
            yield before, *kept.pop()
    if len(run.index) or run.why:
        raise halted(run)


def require_sharing(value, name: str) -> None:
    """Raise unless `value` is True, False or "rms"."""
    if not (isinstance(value, (bool, np.bool_)) or (isinstance(value, str) and value == "rms")):
        raise TypeError(f'{name} must be True, False or "rms", got {value!r}')


class _Pooled(Run):
    """A run whose steps are shared, at which the root mean square of the rows' errors is one."""

    def _judge(self, target, h, new, f, error):
        pooled = np.full(len(error), rms(error[:, None]))
        super()._judge(target, h, new, f, pooled)


class FixedGrid:
    """One step from each time to the next; A, b without a last stage of weight 0."""

    def __init__(self, problem, method, times):
        self.problem, self.method = problem, method
        width, few = own_stages(method), len(problem.times) < len(times)
        self.A, self.b = method.A[:width, :width], method.b[:width]
        self.plan = [
            Planned(float(t), float(end - t), float(end), 0 if few else m)
            for m, (t, end) in enumerate(zip(times, times[1:]))
        ]

    def forward(self, on, marks):
        """The states at all times, on tape where there is one; checkpoints where there are.

        With them what is known of their slopes, a list of arrays or None.
        """
        x, states = self.problem.x0, [self.problem.x0]
        for j, step in enumerate(self.plan):
            if marks is not None:
                marks(j, x)
            if step.mark:
                states.append(x)
            x = self._step(on, j, x, step)
        return [*states, x], [None] * (len(states) + 1)

    def again(self, on, first, last, x):
        """The steps from `first` to before `last` once more, on tape."""
        for j in range(first, last):
            x = self._step(on, j - first, x, self.plan[j])

    def _step(self, on, j, x, step):
        k = staged(self.problem.velocity, self.method, on, j, x, step.t, step.h, step.end)
        return x + step.h * combined(self.b, k)


class Controlled:
    """Steps shared by all rows, chosen by the error of each within its own tolerance, or pooled."""

    def __init__(self, problem, method, rtol, atol, shared=True):
        self.problem, self.rtol, self.atol = problem, rtol, atol
        self.shared, self.slopes = shared, []
        self.scheme = scheme_of(embedded(method))
        self.A, self.b, self.plan = self.scheme.A, self.scheme.b, []

    def forward(self, on, marks):
        """As of `FixedGrid`."""
        p = self.problem
        states = [p.x0]
        for m, (t, end) in enumerate(zip(p.times, p.times[1:])):
            states.append(self._interval(on, marks, float(t), float(end), m, states[-1]))
        return states, self.slopes

    def _interval(self, on, marks, start, end, mark, x):
        slope, width = _Slope(self.problem.velocity, on), len(self.b)
        slope.slots = [-width, len(self.plan) * width]
        run = run_of(slope, start, end, x.T.copy(), self.rtol, self.atol, self.scheme, self.shared)
        self.slopes[mark:] = [run.f.T]
        t, slope.slots = start, _slots(len(self.plan), width)
        for _, index, target, new in rounds(run):
            if len(index):
                if marks is not None:
                    marks(len(self.plan), x)
                self.plan.append(Planned(t, float(target[0]) - t, float(target[0]), mark))
                t, x, mark = float(target[0]), np.ascontiguousarray(new.T), 0
            slope.slots = _slots(len(self.plan), width)
        last = run.memory.reshape(width + 1, *x.T.shape)[-1]
        self.slopes.append(last.T)
        return x

    def again(self, on, first, last, x):
        """As of `FixedGrid`: the same arithmetic, so the same bits."""
        slope, width, y = _Slope(self.problem.velocity, on), len(self.b), x.T.copy()
        K = np.empty((width + 1, *y.shape))
        slope.slots = [0]
        f, rows = slope(self.plan[first].t, y, None), np.ones(y.shape[1])
        for j in range(first, last):
            step, slope.slots = self.plan[j], _slots(j - first, width)
            times = not_past(step.t + self.scheme.c[1:] * step.h, step.end, step.h > 0)
            y = run_stages(self.scheme, slope, [*times, step.end], step.h * rows, y, f, None, K)
            f = K[-1]


def _slots(step: int, width: int) -> list:
    """Where the stages of a step go, the last first: that at x' is the next step's first."""
    return list(range((step + 1) * width, step * width, -1))


class _Slope:
    """The velocity as the adaptive solver calls it, feature by feature; on tape where given."""

    def __init__(self, velocity, on=None):
        self.velocity, self.on, self.slots, self.space = velocity, on, [], Workspace()

    def at(self, times):
        """What a stage is told of its times, one for all rows."""
        return [float(row[0]) if len(row) else 0.0 for row in times]

    def __call__(self, t, y, index):
        """f at states y (p, m)."""
        x = np.ascontiguousarray(y.T)
        if self.on is None:
            return near(self.velocity, x, t, self.space).value.T
        return self.on.value(self.slots.pop(), x, t).T


class OwnTimes(_Slope):
    """The same where every row has a time of its own."""

    def at(self, times):
        """A time for each row."""
        return list(times)


def per_row(p, method, rtol, atol):
    """Each interval's steps, as of `accepted`, and the states at the times."""
    states, kept = [p.x0], []
    for start, end in zip(p.times, p.times[1:]):
        steps, x = accepted(p.velocity, method, states[-1], float(start), float(end), rtol, atol)
        kept.append(steps)
        states.append(x)
    return kept, states


def accepted(velocity, method, x, start, end, rtol, atol, shared=False, *, keep="states"):
    """The accepted steps, `Rows`, and the states at the end (n, p).

    keep: None for no steps, "times" for these alone, "states" beside, or "slopes" beside both.
    """
    scheme, x, kept = scheme_of(embedded(method)), x.copy(), []
    run = run_of(OwnTimes(velocity), start, end, x.T.copy(), rtol, atol, scheme, shared)
    t = np.full(len(x), start)
    for before, index, target, new in rounds(run):
        if not len(index):
            continue
        if keep:
            at = None if keep == "times" else x[index]
            K = _slopes(run, scheme, method, before, index) if keep == "slopes" else None
            kept.append(Rows(index, t[index], target - t[index], at, target, K))
        t[index], x[index] = target, new.T
    return kept, x


def _slopes(run, scheme, method, before, index):
    """The slopes (m, s, p) of the stages of the rows that moved on."""
    s = len(scheme.b) + 1
    K = run.memory[: s * len(before) * len(run.answers)].reshape(s, -1, len(before))
    K = K[: len(method.b), :, np.isin(before, index)]
    return np.moveaxis(K, (0, 1, 2), (1, 2, 0)).copy()


def staged(velocity, method, on, step, x, t, h, end=None):
    """The slopes of one step's stages, on tape in its slots; t and h numbers, or (n, 1) a row."""
    slots = count(step * own_stages(method))

    def slope(x, t):
        t = t if np.ndim(t) == 0 else np.broadcast_to(t, (len(x), 1))[:, 0]
        return near(velocity, x, t).value if on is None else on.value(next(slots), x, t)

    return stages_of(method, slope, x, t, h, end=end, last=False)[0]
