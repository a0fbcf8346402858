"""What a run is made of, in words that are the same in every process.

A function is told by its code, constants, names, defaults and closure, and by the globals that
it names: values, objects, the functions of its own module and of the user's others, each in the
same way. An object is told by its attributes, and where its class is the user's by the code of
that class too. Code differs between versions of Python. Not told: what installed modules do,
what compiled code holds, the states of generators, and, of objects of Python's own library
(loggers, locks, files), anything but their kind.
"""

from __future__ import annotations

import functools
import hashlib
import math
import numbers
import random
import types
from collections.abc import Mapping, Sequence
from pathlib import PurePath

import numpy as np

from refscore._made_of import (
    attributes,
    content,
    defined,
    is_standard,
    is_users,
    name_of,
    named_by,
    numbers_of,
)

_PLAIN = (str, bytes, bool, int, float, complex, range, np.generic, type(None), type(...))
_GLOBAL = (*_PLAIN, np.ndarray, list, tuple, dict)
_HOLDERS = (np.ndarray, list, tuple, set, frozenset, Mapping)
_CARRIERS = {"builtins", "collections", "decimal", "fractions", "functools", "types"}


def digest(value) -> str:
    """A fingerprint of anything."""
    return hashlib.sha256(Teller().tell(value).encode("utf-8", "surrogatepass")).hexdigest()


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
    made_of = {k: v for k, v in attributes(field).items() if ours or not k.startswith("_")}
    return digest([type(field), made_of, theta])


class TooLarge(Exception):
    """More values than a Teller tells."""


class Teller:
    """Says what values are; a function, a class or an object met again is told by its number.

    A subclass may say more: `home` of the place where something is made, `also` of an object;
    and which code belongs to the user (`own`), which globals count (`near`).
    """

    most = math.inf

    def __init__(self):
        self.met, self.path, self.n_told = {}, [], 0  # values are held in met: no id comes twice

    def tell(self, value) -> str:
        """What a value is: no memory addresses."""
        if isinstance(value, _PLAIN) and type(value).__module__ in ("builtins", "numpy"):
            return repr(value)
        if id(value) in self.path:
            return f"<{len(self.path) - self.path.index(id(value))} up>"
        self.n_told += 1
        if self.n_told > self.most:
            raise TooLarge
        self.path.append(id(value))
        how = (how for kind, how in _TOLD.items() if isinstance(value, kind))
        said = getattr(self, next(how, "_object"))(value)
        if isinstance(value, _HOLDERS) and self.own(type(value)):
            said += self._type(type(value)) + self._mapping(getattr(value, "__dict__", {}))
        self.path.pop()
        return said

    def home(self, module, file) -> str:
        """More about the module or file that something comes from."""
        return ""

    def also(self, value):
        """More about an object."""

    def own(self, made) -> bool:
        """Whether the code of a class or function is the user's."""
        return is_users(made)

    def opaque(self, kind: type) -> bool:
        """Whether of objects of this class nothing is told."""
        return is_standard(kind) and kind.__module__ not in _CARRIERS

    def near(self, function) -> dict:
        """The globals that count among those a function names; elsewhere plain ones."""
        theirs = self.own(function)

        def counts(one):
            if isinstance(one, types.FunctionType):
                return one.__module__ == function.__module__ or (theirs and self.own(one))
            module = isinstance(one, (types.ModuleType, types.BuiltinFunctionType))
            return isinstance(one, _GLOBAL) or (theirs and not module)

        return {name: one for name, one in named_by(function).items() if counts(one)}

    def _again(self, value) -> str | None:
        """Its number, where it was met before."""
        if id(value) in self.met:
            return f"<met {self.met[id(value)][0]}>"
        self.met[id(value)] = len(self.met), value
        return None

    def _array(self, value):
        if value.dtype.hasobject:
            return self.tell(value.tolist())
        bytes_ = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
        return f"{value.dtype}{value.shape}{hashlib.sha256(bytes_).hexdigest()}"

    def _list(self, value):
        return f"[{', '.join(map(self.tell, value))}]"

    def _set(self, value):
        return f"{{{', '.join(sorted(map(self._apart, value)))}}}"

    def _apart(self, value) -> str:
        """Told anew, so that no number depends on the order of a set."""
        kept = self.met, self.path
        self.met, self.path = {}, []
        said = self.tell(value)
        self.met, self.path = kept
        return said

    def _mapping(self, value):
        items = sorted(((self.tell(k), v) for k, v in value.items()), key=lambda item: item[0])
        return f"{{{', '.join(f'{k}: {self.tell(v)}' for k, v in items)}}}"

    def _code(self, value):
        return self._list([value.co_code, value.co_consts, value.co_names, value.co_varnames])

    def _partial(self, value):
        return f"partial{self._list([value.func, value.args, value.keywords, vars(value)])}"

    def _method(self, value):
        return f"method{self._list([value.__func__, value.__self__])}"

    def _wrapper(self, value):
        return name_of(value) + self.tell(value.__func__)

    def _property(self, value):
        return f"property{self._list([value.fget, value.fset])}"

    def _path(self, value):
        return f"path {str(value)!r}"

    def _kind(self, value):
        return name_of(value)

    def _module(self, value):
        file = getattr(value, "__file__", None)
        return f"module {value.__name__}{self.home(value.__name__, file)}"

    def _function(self, value):
        return self._again(value) or self._new_function(value)

    def _new_function(self, value):
        held = [content(cell) for cell in value.__closure__ or ()]
        parts = [value.__code__, value.__defaults__, value.__kwdefaults__, held, vars(value)]
        home = self.home(value.__module__, value.__code__.co_filename)
        return name_of(value) + home + self._list([*parts, self.near(value)])

    def _type(self, value):
        return self._again(value) or self._new_type(value)

    def _new_type(self, value):
        kinds = [kind for kind in value.__mro__ if kind.__module__ != "builtins"]
        homes = [self.home(kind.__module__, None) for kind in kinds]
        made = [defined(kind) for kind in kinds if self.own(kind)]
        return name_of(value) + self._list([*map(name_of, kinds), *homes, *made])

    def _object(self, value):
        if self.opaque(type(value)):
            return name_of(value)
        return self._again(value) or self._new_object(value)

    def _new_object(self, value):
        array = numbers_of(value)
        if array is not None:
            return name_of(value) + self._array(array)
        parts = {"class": type(value), **attributes(value)}
        called = type.__getattribute__(type(value), "__call__") if callable(value) else None
        if isinstance(called, types.FunctionType):
            parts["()"] = called
        if hasattr(value, "__wrapped__"):
            parts["wrapped"] = value.__wrapped__
        return name_of(value) + self._mapping(parts) + self.tell(self.also(value))


_TOLD = {
    types.ModuleType: "_module",
    type: "_type",
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
    staticmethod: "_wrapper",
    classmethod: "_wrapper",
    property: "_property",
    PurePath: "_path",
    np.random.Generator: "_kind",
    np.random.RandomState: "_kind",
    np.random.BitGenerator: "_kind",
    random.Random: "_kind",
}
