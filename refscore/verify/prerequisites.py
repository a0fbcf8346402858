"""What must hold before a port's identities mean anything: one check a port.

Shape, finite numbers, same input same result (same seed same result, other seeds
differ), inputs not mutated, and rows that do not depend on their neighbours, also alone.
"""

from __future__ import annotations

import numpy as np

from refscore.identities.base import Draws
from refscore.verify.errors import Malformed, NotOffered
from refscore.verify.ports import PORTS

_BY_POINT = (
    "x", "y", "probes", "noise", "x0", "levels", "uniform", "uniforms", "proposal", "momentum", "v",
    "gradient_noise", "x_T", "value",
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
    leaves = list(_leaves(first))
    if PORTS[port].returns == "estimate":  # one probe has no standard error
        leaves = leaves[:1]
    if not all(leaf.dtype.kind in "fiub" and np.isfinite(leaf).all() for leaf in leaves):
        return [*found, "returned values that are not finite numbers on an ordinary case"]
    again = _call(subject, port, arguments)
    if not _equal(first, again):
        what = "seed" if "rng" in arguments else "inputs"
        found.append(f"the same {what} gave two different results")
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
    if not PORTS[port].rowwise or "rng" in arguments or x is None:
        return []
    first = first[0] if isinstance(first, tuple) else first
    if isinstance(first, dict) or np.shape(first)[:1] != (len(x),) or len(x) < 2:
        return []
    if not _same_on(slice(0, (len(x) + 1) // 2), subject, port, arguments, first):
        return ["a row's result changes with the other rows of its batch"]
    try:
        if not _same_on(slice(0, 1), subject, port, arguments, first):
            return ["one row alone gives another result than the same row in a batch"]
    except (NotOffered, NotImplementedError):  # declining a batch of one is no mistake
        return []
    return []


def _points(arguments):
    """The points of a call, one a row."""
    return next((arguments[name] for name in ("x", "y", "x_T") if name in arguments), None)


def _same_on(keep: slice, subject, port, arguments, first) -> bool:
    """The call on some rows alone gives those rows; for one row a loss's mean is its value."""
    x = _points(arguments)
    fewer = {
        k: v[keep] if k in _BY_POINT and np.shape(v)[:1] == (len(x),) else v
        for k, v in arguments.items()
    }
    part = _call(subject, port, fewer)
    part = part[0] if isinstance(part, tuple) else part
    if PORTS[port].returns == "losses" and keep.stop == 1:
        part = np.reshape(part, (-1,)) if np.ndim(part) == 0 else part
    tolerance = 1e-9 if subject.dtype == "float64" else 1e-4
    scale = np.abs(first).max() or 1.0
    return np.shape(part) == np.shape(first[keep]) and not (
        np.abs(part - first[keep]).max() > tolerance * scale
    )
