"""What must hold before a port's identities mean anything: one check a port.

Shape, finite numbers, same input same result (same seed same result, other seeds
differ), inputs not mutated, and rows that do not depend on their neighbours, also alone.
"""

from __future__ import annotations

import numpy as np

from refscore.identities import catalogue
from refscore.identities.base import Draws
from refscore.verify import pairs
from refscore.verify.errors import Malformed, NotOffered
from refscore.verify.ports import PORTS
from refscore.verify.repeating import leftovers

_BY_POINT = (
    "x", "y", "probes", "noise", "x0", "levels", "uniform", "uniforms", "proposal", "momentum", "v",
    "gradient_noise", "x_T", "value", "logits",
)  # fmt: skip


def first_call(subject, port: str, entries, *, draws: str = "") -> dict | None:
    """The arguments with which the catalogue first calls this port on this subject.

    `draws="rng"`: only a call that hands over a generator counts.
    """
    for entry in entries:
        if port not in entry.ports or (draws and entry.draws != draws):
            continue
        for case in entry.cases():
            found = _asked(subject, port, entry, case)
            if found is None or (draws and draws not in found):
                continue
            if _answers(subject, port, found):
                return found
    return None


_FEW, _SEEDS = 64, 12  # rows of a first call; seeds, as a few signs often agree by chance


class _Asked(Exception):
    """Ends an identity at its first call of the port looked for."""


class _Until:
    """A subject that ends at the first call of one port."""

    def __init__(self, subject, port: str):
        self._subject, self._port, self.arguments = subject, port, None

    def __getattr__(self, name):
        if name != self._port:
            return getattr(self._subject, name)
        return self._stop

    def _stop(self, *args, **draws):
        self.arguments = {**dict(zip(PORTS[self._port].arguments, args)), **draws}
        raise _Asked


def _asked(subject, port, entry, case) -> dict | None:
    until = _Until(subject, port)
    try:
        for outcome in entry.sides(until, case):
            if isinstance(outcome, Draws):  # nothing is asked before it is drawn
                outcome.draw(0, _FEW)
    except Exception:  # also of another port: that port has prerequisites of its own
        pass
    return until.arguments


def _answers(subject, port, arguments) -> bool:
    """False where the subject declines these arguments; an error is an answer."""
    try:
        _call(subject, port, arguments)
    except (NotOffered, NotImplementedError):
        return False
    except Exception:
        return True
    return True


def failures(subject, port: str, arguments: dict) -> list[str]:
    """What is wrong, in words; empty when the prerequisites hold."""
    try:
        return _failures(subject, port, arguments)
    except Malformed as error:
        return [str(error)]


def _failures(subject, port: str, arguments: dict) -> list[str]:
    found = list(_mutations(subject, port, arguments))
    first = _call(subject, port, arguments)
    found += _shape(port, first, arguments)
    if PORTS[port].returns in pairs.BY_ROW:
        wrong = pairs.shapes(port, first, _points(arguments))
        wrong = wrong or pairs.not_finite(port, first)
        if wrong:
            return [*found, *wrong]
    leaves = list(_leaves(first))
    if PORTS[port].returns == "estimate":  # one probe has no standard error
        leaves = leaves[:1]
    if not all(leaf.dtype.kind in "fiub" and np.isfinite(leaf).all() for leaf in leaves):
        return [*found, "returned values that are not finite numbers on an ordinary case"]
    again = _call(subject, port, arguments)
    if not _equal(first, again):
        what = "seed" if "rng" in arguments else "inputs"
        found.append(f"the same {what} gave two different results")
    found += leftovers(port, lambda asked: _call(subject, port, asked), _equal, arguments)
    if "rng" in arguments and not found:
        found += _seeds(subject, port, arguments, first)
    if not found:
        found += _rows(subject, port, arguments, first)
    return found


def _call(subject, port, arguments):
    table = PORTS[port]
    args = tuple(arguments[n] for n in table.arguments if n in arguments)
    draws = {k: v for k, v in arguments.items() if k not in table.arguments}
    return subject.call(table, args, draws)


def _leaves(answer):
    if isinstance(answer, dict):
        return [np.asarray(v) for v in answer.values()]
    return [np.asarray(a) for a in (answer if isinstance(answer, tuple) else (answer,))]


def _equal(a, b) -> bool:
    a, b = _leaves(a), _leaves(b)
    return len(a) == len(b) and all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b))


def _seeds(subject, port, arguments, first):
    seeds = range(arguments["rng"] + 1, arguments["rng"] + 1 + _SEEDS)
    if all(_equal(first, _call(subject, port, {**arguments, "rng": seed})) for seed in seeds):
        yield "different seeds gave the same result"


def _mutations(subject, port, arguments):
    """Names of array arguments the call wrote to."""
    handed: list[tuple[str, object, np.ndarray]] = []
    original = subject._convert

    def remember(name, value):
        converted = original(name, value)
        if isinstance(value, np.ndarray) and not callable(converted):
            handed.append((name, converted, np.array(subject.framework.back(converted))))
        return converted

    subject._convert = remember
    try:
        _call(subject, port, arguments)
    finally:
        del subject._convert
    for name, converted, before in handed:
        now = np.asarray(subject.framework.back(converted))
        if now.shape != before.shape or not np.array_equal(now, before):
            yield f"wrote to its argument {name}"


def _chain_shape(answer, arguments):
    """The end of a chain, its points, or its points with the start."""
    end, k = np.shape(arguments["x0"]), int(arguments["n_steps"])
    got, allowed = np.shape(answer), (end, (k, *end), (k + 1, *end))
    if got in allowed:
        return []
    return [
        f"returned shape {got}, expected {end} or, of every step, {allowed[1]} or with the start"
        f" {allowed[2]}, for x0 of shape {end} and {k} steps"
    ]


def _shape(port, answer, arguments):
    returns = PORTS[port].returns
    if port == "langevin_sample":
        return _chain_shape(answer, arguments)
    x = _points(arguments)
    if x is None or returns not in ("values", "points", "matrices", "losses", "moved"):
        return []
    n, d = np.shape(x)
    allowed = {
        "values": [(n,)],
        "points": [(n, d)],
        "moved": [(n, d)],
        "matrices": [(n, d, d)],
        "losses": [(n,), ()],
    }[returns]
    if returns == "moved" and isinstance(answer, tuple):
        answer = answer[0]
    got = np.shape(answer) if not isinstance(answer, (tuple, dict)) else None
    if got in allowed:
        return []
    wanted = " or ".join(str(shape) for shape in allowed)
    return [f"returned shape {got}, expected {wanted} for x of shape {(n, d)}"]


def _rows(subject, port, arguments, first):
    x = _points(arguments)
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
    allowed, x = _coupling(subject, port), _points(arguments)
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


def _alone(row, subject, port, arguments):
    """The answer to one row alone."""
    x = _points(arguments)
    return _call(subject, port, _only(slice(row, row + 1), x, arguments))


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
    one, two = (_part(answer, place) for answer in (first, _call(subject, port, near)))
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


def _points(arguments):
    """The points of a call, one a row."""
    names = ("x", "y", "x_T", "images")
    return next((arguments[name] for name in names if name in arguments), None)


def _part(answer, place: int) -> np.ndarray:
    """One part of an answer as numbers."""
    part = answer[place] if isinstance(answer, tuple) else answer
    return np.asarray(part, dtype=float)


def _only(keep: slice, x, arguments: dict) -> dict:
    """The arguments of a call on some rows alone."""
    return {
        k: v[keep] if k in _BY_POINT and np.shape(v)[:1] == (len(x),) else v
        for k, v in arguments.items()
    }


def _gap_on(keep: slice, subject, port, arguments, first, place: int = 0) -> float:
    """How far the call on some rows alone is from those rows, of the size of the largest; for one
    row a loss's mean is its value."""
    answer = _call(subject, port, _only(keep, _points(arguments), arguments))
    part, whole = _part(answer, place), _part(first, place)
    if PORTS[port].returns == "losses" and keep.stop == 1:
        part = np.reshape(part, (-1,)) if np.ndim(part) == 0 else part
    if np.shape(part) != np.shape(whole[keep]):
        return np.inf
    return float(np.abs(part - whole[keep]).max() / (np.abs(whole).max() or 1.0))
