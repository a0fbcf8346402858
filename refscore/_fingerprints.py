"""What a run is made of, in words that are the same in every process.

A function is told by its code, constants, names, defaults and closure, and by the plain globals
and the functions of its own module that it names, each in the same way; code differs between
versions of Python. Not told: what the modules do that it calls, and what compiled code holds.
"""

from __future__ import annotations

import functools
import hashlib
import numbers
import types
from collections.abc import Mapping, Sequence

import numpy as np

_PLAIN = (str, bytes, bool, int, float, complex, np.generic, type(None), type(...))
_GLOBAL = (*_PLAIN, np.ndarray, list, tuple, dict)


def digest(value) -> str:
    """A fingerprint of anything."""
    return hashlib.sha256(_Teller().tell(value).encode()).hexdigest()


def seed_of(rng):
    """An integer seed, or several, in words; None for anything else: it is not known."""
    if isinstance(rng, np.random.SeedSequence):
        return f"{rng.entropy} {rng.spawn_key}"
    plain = isinstance(rng, (numbers.Integral, Sequence, np.ndarray))
    return str(np.asarray(rng).tolist()) if plain else None


def field_digest(field, theta) -> str:
    """A fingerprint of a field: its kind, what it is made of, its parameters.

    Of a field from elsewhere the public attributes: private ones may be caches.
    """
    ours = type(field).__module__.startswith("refscore.")
    made_of = {k: v for k, v in _inside(field).items() if ours or not k.startswith("_")}
    return digest([type(field), made_of, theta])


class _Teller:
    """Says what values are; a function met again is told by its number."""

    def __init__(self):
        self.functions, self.path = {}, []

    def tell(self, value) -> str:
        """What a value is: no memory addresses."""
        if isinstance(value, _PLAIN):
            return repr(value)
        if id(value) in self.path:
            return f"<{len(self.path) - self.path.index(id(value))} up>"
        self.path.append(id(value))
        how = (how for kind, how in _TOLD.items() if isinstance(value, kind))
        said = getattr(self, next(how, "_object"))(value)
        self.path.pop()
        return said

    def _array(self, value):
        if value.dtype.hasobject:
            return self.tell(value.tolist())
        bytes_ = np.ascontiguousarray(value).tobytes()
        return f"{value.dtype}{value.shape}{hashlib.sha256(bytes_).hexdigest()}"

    def _list(self, value):
        return f"[{', '.join(map(self.tell, value))}]"

    def _set(self, value):
        return f"{{{', '.join(sorted(map(self.tell, value)))}}}"

    def _mapping(self, value):
        items = sorted(((self.tell(k), v) for k, v in value.items()), key=lambda item: item[0])
        return f"{{{', '.join(f'{k}: {self.tell(v)}' for k, v in items)}}}"

    def _code(self, value):
        return self._list([value.co_code, value.co_consts, value.co_names, value.co_varnames])

    def _partial(self, value):
        return f"partial{self._list([value.func, value.args, value.keywords])}"

    def _method(self, value):
        return f"method{self._list([value.__func__, value.__self__])}"

    def _function(self, value):
        met = len(self.functions)
        number = self.functions.setdefault(value, met)
        if number < met:
            return f"<function {number}>"
        held = [_content(cell) for cell in value.__closure__ or ()]
        parts = [value.__code__, value.__defaults__, value.__kwdefaults__, held, _globals(value)]
        return _named(value) + self._list(parts)

    def _object(self, value):
        if isinstance(value, type):
            return _named(value)
        parts = dict(_inside(value))
        called = type.__getattribute__(type(value), "__call__") if callable(value) else None
        if isinstance(called, types.FunctionType):
            parts["()"] = called
        if hasattr(value, "__wrapped__"):
            parts["wrapped"] = value.__wrapped__
        return _named(value) + self._mapping(parts)


_TOLD = {
    np.ndarray: "_array",
    list: "_list",
    tuple: "_list",
    set: "_set",
    frozenset: "_set",
    Mapping: "_mapping",
    types.CodeType: "_code",
    functools.partial: "_partial",
    types.MethodType: "_method",
    types.FunctionType: "_function",
}


def _named(value) -> str:
    kind = value if hasattr(value, "__qualname__") else type(value)
    module = getattr(kind, "__module__", None)
    return f"{module}.{kind.__qualname__}.{getattr(value, '__name__', '')}"


def _inside(value) -> dict:
    """The attributes of an object, without those computed once from the others."""
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                found[name] = getattr(value, name)
        for name, one in kind.__dict__.items():
            if isinstance(one, functools.cached_property):
                found.pop(name, None)
    return found


def _globals(function) -> dict:
    """The globals of its module a function names: plain ones, and functions defined there."""
    near = function.__globals__
    named = {name: near[name] for name in sorted(_names(function.__code__)) if name in near}

    def own(one):
        return isinstance(one, types.FunctionType) and one.__module__ == function.__module__

    return {name: one for name, one in named.items() if isinstance(one, _GLOBAL) or own(one)}


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # a name bound later
        return None


def _names(code) -> set:
    """The names that code and the functions inside it look up."""
    inner = [_names(one) for one in code.co_consts if isinstance(one, types.CodeType)]
    return set(code.co_names).union(*inner)
