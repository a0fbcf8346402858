"""What leaves the finite numbers: found at once, kept from the user's functions, named."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from refscore.langevin.steps import vector_at


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
    finite = np.isfinite(array).all(tuple(range(ndim, array.ndim)))
    if finite.all():
        return
    row = [int(i) for i in np.argwhere(~finite)[0]]
    came = array[tuple(row)].tolist()
    message = f"{what} must be finite for a chain to move, got {came!r}"[:150]
    if row:
        at = ", ".join(map(str, [row[0] + first, *row[1:]]))
        message += f" at row {at} ({int((~finite).sum())} of these {finite.size} rows)"
    raise ValueError(message)


def divergence(step, k: int) -> ValueError:
    """The error of a chain whose step k was its first that is not finite."""
    size = getattr(step, "step_size", None)
    named = "its step size is not known" if size is None else f"step_size is {size:.6g}"
    return ValueError(f"the chain left the finite numbers at step {k} ({named}; try a smaller one)")
