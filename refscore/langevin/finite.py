"""What leaves the finite numbers: found at once, kept from the user's functions, named."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable

import numpy as np

from refscore.langevin.steps import Step, vector_at

_FAR = 1e100  # from here a score may overflow because the step was too large


def all_finite(x: np.ndarray) -> bool:
    """Whether x is finite; one cheap pass unless it is not, within `beyond_float`."""
    total = np.vdot(x, x) if x.size < 4096 else x.sum()
    return math.isfinite(total) or bool(np.isfinite(x).all())


def vector_through(function: Callable, x: np.ndarray, name: str = "score(x)") -> np.ndarray:
    """function(x), NaN in the rows whose points are not finite: those it never sees."""
    if all_finite(x):
        return vector_at(function, x, name)
    good = np.isfinite(x).all(-1)
    if not good.any():
        return np.full(x.shape, np.nan)
    stand_in = x[good][0]
    value = vector_at(function, np.where(good[..., None], x, stand_in), name)
    return np.where(good[..., None], value, np.nan)


def require_rows(array: np.ndarray, what: str, ndim: int, first: int) -> None:
    """Raise unless array, one item a chain (its first ndim axes), is finite, naming the row."""
    bad = ~np.isfinite(array).all(tuple(range(ndim, array.ndim)))
    if bad.any():
        raise ValueError(_of_row(f"{what} must be finite for a chain to move", array, bad, first))


def _of_row(must: str, array: np.ndarray, bad: np.ndarray, first: int) -> str:
    """What must be, what came in the first bad row, and in how many."""
    row = [int(i) for i in np.argwhere(bad)[0]]
    message = f"{must}, got {array[tuple(row)].tolist()!r}"[:150]
    if row:
        at = ", ".join(map(str, [row[0] + first, *row[1:]]))
        message += f" at row {at} ({int(bad.sum())} of these {bad.size} rows)"
    return message


def require_below_inf(x: np.ndarray, log_density: np.ndarray) -> None:
    """Raise where log p is +∞, from where no chain ever moves."""
    at_inf = log_density == math.inf
    if at_inf.any():
        raise ValueError(
            "log_density(x) must be below inf: a chain would never leave"
            f" x = {x[at_inf][0].tolist()}"[:200]
        )


def divergence(step, k: int, old: np.ndarray, new: np.ndarray, first: int) -> ValueError:
    """The error of chains, numbered from first, that step k took from old, finite, to new.

    It is the step size's only where the score, asked once more, is not at fault.
    """
    with contextlib.suppress(Exception):
        fault = _fault(step, k, old, new, first)
        if fault is not None:
            return ValueError(f"{fault}: the chain cannot make step {k}")
    size = getattr(step, "step_size", None)
    named = "its step size is not known" if size is None else f"step_size is {size:.6g}"
    return ValueError(f"the chain left the finite numbers at step {k} ({named}; try a smaller one)")


def _fault(step, k: int, old: np.ndarray, new: np.ndarray, first: int) -> str | None:
    """What a score does wrong at finite points; it is asked where no chain has gone far yet."""
    lost = ~np.isfinite(new).all(-1)
    moderate = np.abs(old[lost]).max(-1) < _FAR
    score = getattr(step, "score", None) if isinstance(step, Step) else None
    if score is None or not (k == 1 or moderate.any()):
        return None
    values = vector_at(score, step.scored(old))
    bad, must = step.unusable(values)
    return _of_row(f"score(x) must be {must}", values, bad, first) if bad.any() else None
