"""Flows of processes whose rates jump: solved from jump to jump, each row's failure its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore.ode._columns import Solved, solve


def solve_in_pieces(process, flow, s: float, t: float, y, **options) -> Solved:
    """`solve`, between the times at which the process's rates jump, its `kinks`.

    No step passes a kink, where a method of order p > 1 would be one of order 1: neither its
    error nor its steps would be what the tolerance asks for.
    """
    ends = piece_ends(process, s, t)
    kinks = getattr(process, "kinks", ())
    if len(ends) == 2 and not np.isin(ends, kinks).any():
        return solve(flow, s, t, y, **options)
    y, failed = np.array(y, dtype=float), None
    evaluations, left = np.zeros(y.shape[1], dtype=int), np.arange(y.shape[1])
    for a, b in zip(ends[:-1], ends[1:]):
        try:
            solved = solve(_Piece(flow, a, b, kinks, left), a, b, y[:, left], **options)
        except ValueError as error:
            if not hasattr(error, "finished"):
                raise
            solved, failed = error.finished, failed or error
        y[:, left], evaluations[left] = solved.y, evaluations[left] + solved.evaluations
        left = left[~np.isnan(solved.y).any(axis=0)]
    if failed is not None:
        failed.finished = Solved(y, evaluations)
        raise failed
    return Solved(y, evaluations)


def piece_ends(process, s: float, t: float) -> list[float]:
    """s, the kinks between s and t, and t."""
    inner = sorted(u for u in getattr(process, "kinks", ()) if min(s, t) < u < max(s, t))
    return [float(s), *(float(u) for u in (inner if s <= t else inner[::-1])), float(t)]


def this_side(a: float, b: float, kinks) -> tuple[float, float]:
    """The first and the last time between a and b, moved off a kink."""
    low, high = min(a, b), max(a, b)
    first = np.nextafter(low, high) if np.isin(low, kinks) else low
    return float(first), float(np.nextafter(high, low) if np.isin(high, kinks) else high)


class _Piece:
    """A flow between two times, its rates at a kink those of this side; `left`, its columns."""

    def __init__(self, flow, a: float, b: float, kinks, left: np.ndarray):
        self.low, self.high = this_side(a, b, kinks)
        self.flow, self.left = flow, left

    @property
    def trouble(self) -> str:
        """What the flow found not finite."""
        return getattr(self.flow, "trouble", "")

    def at(self, times):
        """What depends on times alone."""
        return self.flow.at(np.clip(times, self.low, self.high))

    def __call__(self, moment, y, index):
        return self.flow(moment, y, self.left[index])


def solved_or(run: Callable, answer: Callable):
    """answer(run()); where some rows fail, what it makes of all is the error's `finished`."""
    try:
        solved = run()
    except ValueError as error:
        if hasattr(error, "finished"):
            error.finished = answer(error.finished)
        raise
    return answer(solved)
