"""States between the steps of a solve, by the method's interpolant."""

from __future__ import annotations

import numpy as np

from refscore.ode._grids import Slope
from refscore.ode._schemes import Scheme, interpolated

_ROOM = 1 << 20  # numbers interpolated at a time


class Between:
    """The states at any times of rows whose steps went over times (m + 1, n) to t1.

    states (m + 1, n, d); where a row took fewer steps its last ones are repeated.
    """

    def __init__(self, scheme: Scheme, slope: Slope, times, states, t1: float):
        self.scheme, self.slope, self.t1 = scheme, slope, t1
        self.given = times  # (m + 1, 1) where all rows share a grid
        self.times, self.states = np.broadcast_to(times, states.shape[:2]), states

    def __call__(self, t) -> np.ndarray:
        """(q, n, d) at times t (q,)."""
        times, states = self.times, self.states
        if not states.size:
            return np.empty((len(t), *states.shape[1:]))
        self._require_within(t)
        sign = 1.0 if self.t1 >= times[0, 0] else -1.0
        found = [np.searchsorted(sign * own, sign * t, "right") - 1 for own in self.given.T]
        step = np.broadcast_to(np.stack(found, axis=1), (len(t), states.shape[1]))
        row = np.broadcast_to(np.arange(states.shape[1]), step.shape)
        x, after = states[step, row], t[:, None] - times[step, row]
        x[(after != 0) & (step == len(times) - 1)] = np.nan
        inside = np.flatnonzero((after != 0) & (step < len(times) - 1))
        parts = -(-inside.size * states.shape[2] // _ROOM) or 1
        for part in np.array_split(inside, parts):
            self._fill(x.reshape(-1, states.shape[2]), part, step, row, after)
        return x

    def _require_within(self, t):
        low, high = sorted((self.times[0, 0], self.t1))
        if ((t < low) | (t > high)).any():
            came = f"got {t.min():g} to {t.max():g}" if len(t) > 1 else f"got {t[0]:g}"
            raise ValueError(f"t must lie between {low:g} and {high:g}, {came}")

    def _fill(self, x, part, step, row, after):
        i, row, gap = step.flat[part], row.flat[part], after.flat[part]
        start, y = self.times[i, row], self.states[i, row].T
        h = self.times[i + 1, row] - start
        with np.errstate(all="ignore"):
            found = interpolated(self.scheme, self.slope, start, h, y, gap / h, row)
        x[part] = found.T
