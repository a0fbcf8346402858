"""The adaptive solver for slopes that know their columns: what a diffusion's flow takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from refscore._arguments import as_positive, as_switch
from refscore.ode._per_sample import STEPS, TOO_MANY, Run
from refscore.ode._schemes import IMPLICIT, SCIPY, scheme

METHODS = (*SCIPY, *IMPLICIT)


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
    here on all columns at once, with scipy's step control; the others column by column in
    solve_ivp. Columns that arrive leave. shared_steps: one step size for all, at which the
    error of every column is within its own tolerance, so that all are at one time.
    Raises: ValueError when a step gets too small, or steps too many, naming the first column;
    its attribute `finished` is the Solved of all, nan in those that failed. Cost: one call of
    slope a stage.
    Source: Hairer, Nørsett and Wanner 1993, II.4-5.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
    rtol, atol = as_positive(rtol, "rtol"), as_positive(atol, "atol")
    y = np.array(y, dtype=float)
    if s == t or not y.shape[1]:
        return Solved(y, np.zeros(y.shape[1], dtype=int))
    shared = as_switch(shared_steps, "shared_steps")
    if shared and method not in SCIPY:
        raise ValueError(f"shared_steps must be used with one of {tuple(SCIPY)}, got {method!r}")
    if method not in SCIPY:
        return _by_scipy(slope, s, t, y, rtol, atol, method)
    run = Run(slope, s, t, y, rtol, atol, scheme(SCIPY[method]), shared)
    run.finish(STEPS)
    why = run.why
    if run.first >= 0 and run.status[run.first] == TOO_MANY:
        why += ' (if stiff, method="Radau" may do)'
    return _whole(Solved(run.answers, run.evaluations), run.first, s, t, why)


def _by_scipy(slope, s, t, y, rtol, atol, method) -> Solved:
    from scipy.integrate import solve_ivp

    low, high = min(s, t), max(s, t)
    ends, counts, first, why = np.full_like(y, np.nan), np.zeros(y.shape[1], dtype=int), -1, ""
    for i in range(y.shape[1]):
        one = np.array([i])

        def alone(u, z, one=one):
            moment = slope.at(np.clip([[u]], low, high))[0]
            found = slope(moment, z[:, None], one)[:, 0]
            if not np.isfinite(found).all():
                trouble = getattr(slope, "trouble", "")
                raise _NotFinite(trouble or f"the slope is not finite at {u:g}")
            return found

        try:
            solution = solve_ivp(alone, (s, t), y[:, i], method=method, rtol=rtol, atol=atol)
            if not solution.success:
                raise _NotFinite(solution.message)
            ends[:, i], counts[i] = solution.y[:, -1], solution.nfev
        except _NotFinite as error:
            first, why = (i, str(error)) if first < 0 else (first, why)
    return _whole(Solved(ends, counts), first, s, t, why)


class _NotFinite(ValueError):
    """Why one column cannot go on."""


def _whole(solved: Solved, first: int, s, t, why: str) -> Solved:
    """What was solved, where no column failed: `first` is -1."""
    if first < 0:
        return solved
    count, n = int(np.isnan(solved.y).any(axis=0).sum()), solved.y.shape[1]
    error = ValueError(
        f"the flow could not be integrated from {s:g} to {t:g} at row {first}"
        f" ({count} of {n} rows): {why}"
    )
    error.finished = solved  # type: ignore[attr-defined]
    raise error
