"""What a port returned, as the arrays an identity compares, or a sentence on what it lacks."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from refscore.verify.errors import Malformed, SubjectError
from refscore.verify.ports import LAWS, Port

_SEVERAL = {"coefficients", "estimate", "pair", "posterior", "affine", "mean_and_precision"}
_WANTED = {
    "values": "an array of one number a point, (n,)",
    "points": "an array (n, d)",
    "matrices": "an array (n, d, d)",
    "losses": "an array (n,), or the mean of it",
    "gradient": "one array (p,), like field.parameters",
    "vector": "an array (dim,)",
    "number": "a number",
    "draws": "an array (n, d)",
    "estimate": "a number, or (estimate, standard_error)",
    "pair": "a pair of numbers",
    "posterior": "an array (n, d), or (mean, covariance)",
    "affine": "a pair (matrix, vector)",
    "coefficients": "a tuple of four arrays",
    "matrix": "one matrix",
    "mean_and_precision": "a pair (mean, precision)",
}


def unpacked(port: Port, arguments: dict, raw) -> Any:
    """The answer with its arrays still in the subject's framework; a law as a mapping.

    Raises: SubjectError for nothing or a coroutine; Malformed for a law without its arrays.
    """
    if raw is None:
        raise SubjectError(f"{port.name} returned None; is its return statement missing?")
    if inspect.isawaitable(raw):
        if inspect.iscoroutine(raw):
            raw.close()
        raise SubjectError(
            f"{port.name} returned a coroutine: ports are called without await, so write it as a"
            " plain function (asyncio.run inside it)"
        )
    if port.returns == "law":
        return _law(port, arguments["law"].kind, raw)
    return tuple(raw) if isinstance(raw, list) and port.returns in _SEVERAL else raw


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

    Raises: Malformed for a tuple or mapping where one array is meant, and for complex numbers.
    """
    if isinstance(answer, dict):
        if port.returns != "law":
            raise Malformed(f"{port.name} returned {_described(answer)}, {_expected(port)}")
        found: Any = {k: np.asarray(v) for k, v in answer.items()}
        leaves = list(found.values())
    elif isinstance(answer, (tuple, list)):
        if port.returns not in _SEVERAL:
            only = "; return its only entry" if len(answer) == 1 else ""
            raise Malformed(f"{port.name} returned {_described(answer)}, {_expected(port)}{only}")
        found = tuple(np.asarray(a) for a in answer)
        leaves = list(found)
    else:
        found = np.asarray(answer)
        leaves = [found]
    if any(leaf.dtype.kind == "c" for leaf in leaves):
        raise Malformed(f"{port.name} returned complex numbers, expected real ones")
    return found


def _expected(port: Port) -> str:
    return f"expected {_WANTED.get(port.returns, port.returns)}"


def _described(value) -> str:
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
