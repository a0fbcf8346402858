"""Where a solution was at any time: by the dense output of its steps, or stored beforehand."""

from __future__ import annotations

import numpy as np

from refscore.fields.linearisation import Workspace
from refscore.ode._tapes import near
from refscore.ode.steps import combined, interpolation_weights, stages_of
from refscore.ode.tableaux import own_stages


class Path:
    """The dense output of every row's own steps.

        x(t + θh) = x + h Σᵢ bᵢ(θ) kᵢ

    steps: `Rows` with slopes K (m, s, p), in the order they were made.
    """

    def __init__(self, method, steps, n: int, rising: bool):
        self.method, self.sign = method, 1.0 if rising else -1.0
        counts = np.zeros(n, dtype=int)
        for step in steps:
            counts[step.rows] += 1
        most, p, s = counts.max(), steps[0].x.shape[1], steps[0].slopes.shape[1]
        self.t = np.full((n, most), np.inf)
        self.h, self.x = np.ones((n, most)), np.zeros((n, most, p))
        self.slopes = np.zeros((n, most, s, p))
        counts[:] = 0
        for step in steps:
            at = step.rows, counts[step.rows]
            self.t[at], self.h[at] = self.sign * step.t, step.h
            self.x[at], self.slopes[at] = step.x, step.slopes
            counts[step.rows] += 1

    def __call__(self, t, index) -> np.ndarray:
        """x of the rows `index` at times t (m,), or one for all."""
        t = np.broadcast_to(t, (len(index),))
        row = np.sum(self.t[index] <= (self.sign * t)[:, None], axis=1) - 1
        row = np.maximum(row, 0)
        start, h = self.sign * self.t[index, row], self.h[index, row]
        weights = interpolation_weights(self.method, (t - start) / h)
        moved = np.einsum("ms,msp->mp", weights, self.slopes[index, row])
        return self.x[index, row] + h[:, None] * moved


class StoredStages:
    """States at the times an adjoint on the same grid asks for: `states[j][i]`, stage i of the
    step from grid[j + 1] back to grid[j], each computed forward from the one before."""

    def __init__(self, velocity, method, x, grid):
        self.grid, self.states, space = grid, [], Workspace()
        fractions = 1 - method.c[: own_stages(method)]
        inner = sorted(set(fractions.tolist()) | {0.0, 1.0})

        def slope(x, t):
            return near(velocity, x, t, space).value

        for t, end in zip(grid, grid[1:]):
            at, known = t, {0.0: x}
            for fraction in inner[1:]:
                to = end if fraction == 1 else t + fraction * (end - t)
                k, _ = stages_of(method, slope, x, at, to - at, end=to, last=False)
                x, at = x + (to - at) * combined(method.b, k), to
                known[fraction] = x
            self.states.append([known[fraction] for fraction in fractions.tolist()])
        self.end = x
