"""What a solve says that could not go on, and of which row."""

from __future__ import annotations

import numpy as np

from refscore.ode._per_sample import STEPS, Run


class Stopped(ValueError):
    """What could not be done, the row it is about where one is known, counted flat, and why."""

    def __init__(self, what: str, why: str = "", row: int | None = None):
        super().__init__(what, why, row)
        self.what, self.why, self.row = what, why, row

    def __str__(self):
        row = "" if self.row is None else f", row {self.row}"
        return f"{self.what}{row}{self.why and ': '}{self.why}"


def failed(start, end, why, row=None) -> Stopped:
    """The error of a solve that stopped."""
    return Stopped(f"the solve from {start:g} to {end:g} stopped", why, row)


def halted(run: Run) -> Stopped:
    """The same of a run that did not finish."""
    row = run.first if run.first >= 0 else int(run.index[0])
    return failed(run.s, run.end, run.why or f"{STEPS} steps do not suffice", row)


def first_not_finite(x) -> int | None:
    """The first row of x (n, p) that is not finite."""
    rows = np.flatnonzero(~np.isfinite(x).all(axis=1))
    return int(rows[0]) if rows.size else None
