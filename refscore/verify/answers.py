"""What a port returned, as the arrays an identity compares, or a sentence on what it lacks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from refscore.verify.errors import Malformed, SubjectError
from refscore.verify.frameworks.base import as_numpy
from refscore.verify.ports import LAWS, Port
from refscore.verify.returned import PARTS, RETURNS

_ALONE = {"estimate", "posterior", "moved"}  # whose first part may come without the others
_AXES = {"number": 0, "gradient": 1, "vector": 1, "matrix": 2}  # of answers of one array


def unpacked(port: Port, arguments: dict, raw) -> Any:
    """The answer with its arrays still in the subject's framework; a law as a mapping.

    Named parts, of a mapping or an object, become a tuple in the port's order.
    Raises: SubjectError for nothing or a coroutine; Malformed where a part is missing.
    """
    if raw is None:
        asked = "is its return statement missing?"
        if "gradient" in port.name:  # autograd.grad(..., allow_unused=True)
            asked = "is there no path from what was differentiated, or no return statement?"
        raise SubjectError(f"{port.name} returned None; {asked}")
    if inspect.isawaitable(raw):
        if inspect.iscoroutine(raw):
            raw.close()
        raise SubjectError(
            f"{port.name} returned a coroutine: ports are called without await, so write it as a"
            " plain function (asyncio.run inside it)"
        )
    if port.returns == "law":
        return _law(port, arguments["law"].kind, raw)
    if port.returns == "moved" and isinstance(raw, (tuple, list)):
        return _moved(raw)
    if port.returns in PARTS:
        raw = _named(port, raw)
        return tuple(raw) if isinstance(raw, list) else raw
    return raw


def _named(port: Port, raw):
    """The parts of a mapping, or of an object with attributes of their names, in order."""
    names = PARTS[port.returns]
    given = _given(raw, (*names, "covariance"))
    if given and "precision" in names and "precision" not in given and "covariance" in given:
        given["precision"] = _inverse(port, given["covariance"])
    if set(names) <= set(given):
        return tuple(given[name] for name in names)
    if isinstance(raw, Mapping) and not (names[0] in given and port.returns in _ALONE):
        has = ", ".join(map(str, raw)) or "nothing"
        raise Malformed(
            f"{port.name} returned a mapping of {has}; {_expected(port)}, or a mapping with"
            f" {', '.join(names)}"
        )
    return given[names[0]] if isinstance(raw, Mapping) else raw


def _moved(raw):
    """The points, and who was accepted where that is said; other information is let go."""
    said = raw[1] if len(raw) > 1 else None
    told = said is not None and hasattr(raw[0], "ndim") and np.ndim(said) == raw[0].ndim - 1
    return (raw[0], said) if told else raw[0]


def _given(raw, names) -> dict:
    """What a mapping holds, or an object that is no array offers under these names."""
    if isinstance(raw, Mapping):
        return dict(raw)
    if hasattr(raw, "__array__") or (isinstance(raw, (tuple, list)) and not _is_named(raw)):
        return {}
    return {n: getattr(raw, n) for n in names if hasattr(raw, n) and not callable(getattr(raw, n))}


def _is_named(raw) -> bool:
    return isinstance(raw, tuple) and hasattr(raw, "_fields")


def _inverse(port: Port, covariance):
    """A covariance's precision."""
    matrix = as_numpy(covariance)
    try:
        return np.linalg.inv(matrix)
    except (np.linalg.LinAlgError, TypeError, ValueError) as error:
        raise Malformed(f"{port.name} returned a covariance without inverse: {error}") from None


def _law(port: Port, kind: str, raw) -> dict:
    """The named arrays of the expected kind, from a mapping or an object with attributes."""
    kind = {"uniform": "smoothed_uniform"}.get(kind, kind)
    names = LAWS[kind]
    if isinstance(raw, Mapping):
        given = dict(raw)
    elif hasattr(raw, "__array__"):  # whose .mean is a method
        given = {}
    else:
        given = {n: getattr(raw, n) for n in ("kind", *names) if hasattr(raw, n)}
    said = given.get("kind", kind)
    wanted = f"expected a {kind} law: a mapping, or an object, with {', '.join(names)}"
    if isinstance(said, str) and said.lower() != kind:
        raise Malformed(f"{port.name} returned a law of kind {said!r}, {wanted}")
    if not set(names) <= set(given):
        has = f" with {', '.join(map(str, given))}" if given else ""
        raise Malformed(f"{port.name} returned {_described(raw)}{has}, {wanted}")
    return {name: given[name] for name in names}


def arrays(port: Port, answer):
    """The converted answer as an array, a tuple of arrays, or for a law a mapping of arrays.

    Raises: Malformed for what is no array of real numbers, or not of the axes that are meant,
    and for a tuple or mapping where one array is meant.
    """
    if isinstance(answer, dict):
        if port.returns != "law":
            raise Malformed(f"{port.name} returned {_described(answer)}, {_expected(port)}")
        return {name: _array(port, value, f"{name} as ") for name, value in answer.items()}
    if isinstance(answer, (tuple, list)):
        if port.returns not in PARTS:
            only = "; return its only entry" if len(answer) == 1 else ""
            raise Malformed(f"{port.name} returned {_described(answer)}, {_expected(port)}{only}")
        _count(port, answer)
        return tuple(_array(port, value, "a part that is ") for value in answer)
    found = _array(port, answer)
    if port.returns in PARTS and port.returns not in _ALONE:
        if found.ndim and len(found) == len(PARTS[port.returns]):  # stacked
            return tuple(found)
        raise Malformed(f"{port.name} returned {_described(found)}, {_expected(port)}")
    axes = _AXES.get(port.returns, found.ndim)
    if found.ndim != axes:
        only = "; return its only entry" if axes == 0 and found.size == 1 else ""
        raise Malformed(f"{port.name} returned {_described(found)}, {_expected(port)}{only}")
    return found


def _count(port: Port, answer) -> None:
    """Raise unless there are as many parts as the port has, or one where one will do."""
    wanted = len(PARTS[port.returns])
    if len(answer) != wanted and not (len(answer) == 1 and port.returns in _ALONE):
        raise Malformed(f"{port.name} returned {_described(answer)}, {_expected(port)}")


def _array(port: Port, value, part: str = "") -> np.ndarray:
    """One array of real numbers."""
    try:
        found = np.asarray(value)
    except ValueError:  # a ragged list
        raise Malformed(
            f"{port.name} returned {part}{_described(value)} of unequal lengths, {_expected(port)}"
        ) from None
    if found.dtype.kind == "c":
        raise Malformed(f"{port.name} returned complex numbers, expected real ones")
    if found.dtype.kind not in "fiub":
        kind = f" and dtype {found.dtype}" if hasattr(value, "dtype") else ""
        raise Malformed(f"{port.name} returned {part}{_described(value)}{kind}, {_expected(port)}")
    return found


def _expected(port: Port) -> str:
    return f"expected {RETURNS.get(port.returns, port.returns)}"


def _described(value) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}" if value.ndim else f"the number {value}"
    if isinstance(value, (tuple, list)):
        return f"a {'tuple' if isinstance(value, tuple) else 'list'} of {len(value)}"
    if isinstance(value, Mapping):
        return "a mapping"
    return f"a {type(value).__name__}"


def narrow(raw) -> bool:
    """True where an answer, or a part of it, has less than double precision."""
    if isinstance(raw, Mapping):
        return any(map(narrow, raw.values()))
    if isinstance(raw, (tuple, list)):
        return any(map(narrow, raw))
    return str(getattr(raw, "dtype", "")).endswith(("float32", "float16"))
