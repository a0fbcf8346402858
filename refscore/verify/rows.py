"""Rows that do not depend on their neighbours, also alone."""

from __future__ import annotations

import numpy as np

from refscore.identities import catalogue
from refscore.verify import pairs
from refscore.verify.errors import NotOffered
from refscore.verify.first_calls import call
from refscore.verify.ports import PORTS

_BY_POINT = (
    "x", "y", "probes", "noise", "x0", "levels", "uniform", "uniforms", "proposal", "momentum", "v",
    "gradient_noise", "x_T", "value", "logits",
)  # fmt: skip


def dependent(subject, port: str, arguments: dict, first) -> list[str]:
    """What is wrong with the rows of a first answer, in words."""
    x = points(arguments)
    if not PORTS[port].rowwise or "rng" in arguments or x is None or "images" in arguments:
        return []
    parts = first if isinstance(first, tuple) else (first,)
    parts = parts if PORTS[port].returns in pairs.BY_ROW else parts[:1]
    if isinstance(first, dict) or len(x) < 2:
        return []
    by_row = [i for i, part in enumerate(parts) if np.shape(part)[:1] == (len(x),)]
    for place in by_row:
        found = _row_of(subject, port, arguments, first, place)
        if found:
            return found
    return []


def _row_of(subject, port, arguments, first, place):
    """What is wrong with the rows of one part of an answer."""
    allowed, x = _coupling(subject, port), points(arguments)
    name = pairs.name_of(port, place) if place else "result"
    half = (len(x) + 1) // 2
    gap = _gap_on(slice(0, half), subject, port, arguments, first, place)
    if gap <= allowed and PORTS[port].returns in pairs.BY_ROW:  # without the first row too
        gap = _gap_on(slice(half, len(x)), subject, port, arguments, first, place)
    if not gap <= allowed:
        if place and (said := pairs.summed(lambda i: _alone(i, subject, port, arguments), first)):
            return [said]
        said = f"a row's {name} changes with the other rows of its batch"
    else:
        try:
            gap = _gap_on(slice(0, 1), subject, port, arguments, first, place)
        except (NotOffered, NotImplementedError):  # declining a batch of one is no mistake
            return []
        said = f"one row alone gives another {name} than the same row in a batch"
        said += "" if np.isfinite(gap) else _shapes(subject, port, arguments, first, place)
    if gap <= allowed or (gap < pairs.SINGLE and _single(subject, port, arguments, first, place)):
        return []
    return [said + _by(port, gap, allowed)]


def _gap_on(keep: slice, subject, port, arguments, first, place: int = 0) -> float:
    """How far the call on some rows alone is from those rows, of the size of the largest; for one
    row a loss's mean is its value."""
    answer = call(subject, port, _only(keep, points(arguments), arguments))
    part, whole = _part(answer, place), _part(first, place)
    if PORTS[port].returns == "losses" and keep.stop == 1:
        part = np.reshape(part, (-1,)) if np.ndim(part) == 0 else part
    if np.shape(part) != np.shape(whole[keep]):
        return np.inf
    return float(np.abs(part - whole[keep]).max() / (np.abs(whole).max() or 1.0))


def _only(keep: slice, x, arguments: dict) -> dict:
    """The arguments of a call on some rows alone."""
    return {
        k: v[keep] if k in _BY_POINT and np.shape(v)[:1] == (len(x),) else v
        for k, v in arguments.items()
    }


def points(arguments):
    """The points of a call, one a row."""
    names = ("x", "y", "x_T", "images")
    return next((arguments[name] for name in names if name in arguments), None)


def _part(answer, place: int) -> np.ndarray:
    """One part of an answer as numbers."""
    part = answer[place] if isinstance(answer, tuple) else answer
    return np.asarray(part, dtype=float)


def _alone(row, subject, port, arguments):
    """The answer to one row alone."""
    x = points(arguments)
    return call(subject, port, _only(slice(row, row + 1), x, arguments))


def _shapes(subject, port, arguments, first, place) -> str:
    """That it is the shape alone that differs."""
    got = np.shape(_part(_alone(0, subject, port, arguments), place))
    expected = np.shape(_part(first, place)[:1])
    return f": shape {got}, not {expected}" if got != expected else ""


def _single(subject, port, arguments, first, place) -> bool:
    """A part of an answer was computed in single precision: its numbers are a float32's, or do not
    notice a change of the points below a float32's spacing. Its identities say that better."""
    name = next(name for name in ("x", "y", "x_T") if name in arguments)
    near = {**arguments, name: arguments[name] * (1 - 1e-12)}
    one, two = (_part(answer, place) for answer in (first, call(subject, port, near)))
    return np.array_equal(one, one.astype(np.float32)) or np.array_equal(one, two)


def _coupling(subject, port: str) -> float:
    """How far rows may move each other: by rounding, and by a tenth of what the port's answers
    may be off by, as where one solver with one step size carries all of them."""
    own = [
        entry.tolerance for entry in catalogue().values()
        if port in entry.ports and entry.kind in ("exact", "exact law")
    ]  # fmt: skip
    rounding = 1e-9 if subject.dtype == "float64" else 1e-4
    return max(rounding, 0.1 * min(own, default=0.0))


def _by(port: str, gap: float, allowed: float) -> str:
    """How large it is; small ones of a solver are the step sizes that the batch shares."""
    if not np.isfinite(gap):
        return ""
    said = f", by {gap:.2g} of its size ({allowed:.2g} allowed)"
    if gap > 1e-3 or not _solved(port):
        return said
    return said + (
        "; a solver with one step size for the whole batch does that: solve to a smaller"
        " tolerance, or row by row"
    )


def _solved(port: str) -> bool:
    """An equation in time is solved for a port's answers."""
    group = PORTS[port].group
    return group in ("ode", "likelihood") or port in ("flow_map", "density_evolution")
