"""What a solve found: the end, the steps, how it went, and the states in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from refscore._arguments import as_array
from refscore.ode import _per_sample

STATUS = {
    _per_sample.ARRIVED: "arrived at t1",
    _per_sample.TOO_MANY: "max_steps steps did not suffice",
    _per_sample.TOO_SMALL: "no step was small enough for the tolerance",
    _per_sample.NOT_FINITE: "the state or the velocity was not finite",
}


@dataclass(frozen=True)
class Solution:
    """Where points x0 (..., d) came to at t1, and how.

    x1 (..., d), float64, nan in rows that did not arrive; n_evaluations, n_accepted, n_rejected
    (...,), of the velocity and of the steps of every row (on a grid: until it was not finite, the
    step there rejected); status (...,), a key of `STATUS`, 0
    for arrived; message, "" where all did. With keep="steps" also times and states of the
    accepted steps, x0 first: (m + 1,) and (m + 1, ..., d) on a grid; (m + 1, ...) and (m + 1,
    ..., d) where every row has its own, the last ones repeated in rows of fewer than m steps.

    Tested in: tests/ode/test_ode_solvers.py
    """

    x1: np.ndarray
    n_evaluations: np.ndarray
    n_accepted: np.ndarray
    n_rejected: np.ndarray
    status: np.ndarray
    message: str
    times: np.ndarray | None = None
    states: np.ndarray | None = None
    _between: Callable | None = field(default=None, repr=False)

    def at(self, t) -> np.ndarray:
        """The states at times t between t0 and t1, a number or (q,): (..., d) or (q, ..., d).

        By the method's interpolant: of order 4 for dormand_prince and tsitouras, 7 for dop853
        (see `Tableau`); at a step's ends the states themselves; nan where a row did not come to
        t. Cost: the stages of the steps that hold t are run again, one step a time and row.
        Raises: ValueError without keep="steps", or outside of the interval.
        """
        if self._between is None:
            raise ValueError('keep must be "steps" for the states within a solve; it was "end"')
        t = as_array(t, "t")
        if t.ndim > 1:
            raise ValueError(f"t must be a number or have shape (q,), got shape {t.shape}")
        return self._between(t.reshape(-1)).reshape(*t.shape, *self.x1.shape)
