"""Prerequisites of answers in two parts, points and a number for each: shapes, finite numbers,
sums over the batch where each row has its own."""

from __future__ import annotations

import numpy as np

from refscore.verify.ports import PORTS
from refscore.verify.returned import PARTS

BY_ROW = ("mapped", "carried")  # whose every part has a row for each point
SINGLE = 1e-4  # further apart than single precision puts the same row


def name_of(port: str, place: int) -> str:
    """What a part of a port's answer is called."""
    return PARTS[PORTS[port].returns][place]


def shapes(port: str, answer, x) -> list[str]:
    """What is wrong with the shapes of an answer to points x."""
    if not isinstance(answer, tuple) or len(answer) != 2 or x is None:
        return []
    points, numbers = (name_of(port, place) for place in (0, 1))
    first, second = map(np.shape, answer)
    each, whole = (len(x),), np.shape(x)
    if (first, second) == (each, whole):
        return [f"returned ({numbers}, {points}), expected ({points}, {numbers})"]
    found = []
    if first != whole:
        found.append(f"returned {points} of shape {first}, expected {whole}, that of the points")
    if second != each:
        why = _why(second, len(x), numbers)
        found.append(f"returned {numbers} of shape {second}, expected {each}, one a row{why}")
    return found


def _why(shape, n: int, numbers: str) -> str:
    if shape in ((), (1,)):
        return "; is it summed over the batch? Where all rows have one value, repeat it"
    if shape == (n, 1):
        return "; drop the last axis"
    return f"; sum {numbers} over the coordinates" if shape[0] == n else ""


def not_finite(port: str, answer) -> list[str]:
    """The part that is not finite, where one is; of log_det with what makes it so."""
    if not isinstance(answer, tuple):
        return []
    for place, part in enumerate(answer):
        if part.dtype.kind in "fiub" and np.isfinite(part).all():
            continue
        name = name_of(port, place)
        why = "; the logarithm of a negative determinant? log|det| is meant"
        why = why if name == "log_det" and np.isnan(part).any() else ""
        return [f"returned {name} that is not finite on an ordinary case{why}"]
    return []


def summed(alone, first) -> str:
    """Says that a batch's numbers are the sum, or the mean, of its rows' own; else nothing.

    `alone(i)`: the answer to row i by itself."""
    got = np.asarray(first[1], dtype=float)
    own = np.ravel([np.asarray(alone(i)[1], dtype=float) for i in range(len(got))])
    for what, total in (("summed", own.sum()), ("averaged", own.mean())):
        if own.shape == got.shape and np.allclose(got, total, rtol=1e-6, atol=1e-9):
            return f"log_det is {what} over the batch: every row has its own"
    return ""
