"""What evidence is evidence of: a digest of a subject, and one of an outcome."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import types
from pathlib import PurePath

import numpy as np

from refscore.identities.base import Draws
from refscore.verify.evidence.sources import Sources, is_local
from refscore.verify.subject import Subject

_PLAIN = (str, bytes, bool, int, float, complex, type(None), type(...), np.generic, range)
_RANDOM = (np.random.Generator, np.random.RandomState, np.random.BitGenerator)
_SKIPPED = {
    "__dict__", "__weakref__", "__module__", "__doc__", "__annotations__", "__annotate__",
    "__annotate_func__", "__annotations_cache__", "__firstlineno__", "__static_attributes__",
    "__abstractmethods__", "_abc_impl", "__slotnames__",
}  # fmt: skip
_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)
_HOLDERS = (np.ndarray, list, tuple, set, frozenset, dict)
_MOST = 500_000  # objects; a subject of more has no lasting digest


def fingerprint(subject: Subject) -> str:
    """A digest of all a subject is made of that can be seen.

    Its settings; the subject itself, its attributes, its classes and its ports with what they
    are bound to, close over and name, arrays and all; the files of all these with the local
    files they import, and the versions of the installed packages they name. What cannot be told
    for certain gives a digest that is never met again. States of generators are left out.
    """
    said = (subject.name, subject.version, subject.framework_name, subject.dtype)
    source, told = subject.source, _Teller()
    try:
        told.tell([said, sorted(map(repr, subject.declared.items()))])
        if isinstance(source, types.ModuleType):
            told.tell(source)
            told.tell([getattr(source, name) for name in subject.offered()])
        else:
            _defined(source, told)
            told.tell(source)
            held = source if isinstance(source, dict) else _Bound(source)
            told.tell([held[name] for name in subject.offered()])
    except Exception:  # too deep, too large, or an attribute that cannot be read
        told.digest.update(os.urandom(32))
    told.digest.update(told.sources.digest())
    return told.digest.hexdigest()[:32]


class _TooLarge(Exception):
    """More objects than can be told."""


class _Bound:
    """Attributes as items."""

    def __init__(self, source):
        self.source = source

    def __getitem__(self, name):
        return getattr(self.source, name)


def _defined(source, told: _Teller) -> None:
    """The local modules that hold a subject: where it was made and configured."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(module, types.ModuleType) and isinstance(file, str) and is_local(file):
            held = list(vars(module).values())
            if any(value is source or value is type(source) for value in held):
                told.sources.add(file)


class _Teller:
    """Feeds what values are into a digest; a value met again is told by its number."""

    def __init__(self):
        self.digest, self.sources = hashlib.sha256(), Sources()
        self.met: dict[int, tuple[int, object]] = {}  # values are held: no id comes twice

    def tell(self, value) -> None:
        """What a value is: no memory address."""
        if isinstance(value, _PLAIN) and type(value).__module__ in ("builtins", "numpy"):
            return self._say(type(value).__name__, repr(value))
        if id(value) in self.met:
            return self._say("met", str(self.met[id(value)][0]))
        self.met[id(value)] = (len(self.met), value)
        if len(self.met) > _MOST:
            raise _TooLarge
        for kinds, how in _TOLD:
            if isinstance(value, kinds):
                if isinstance(value, _HOLDERS) and hasattr(value, "__dict__"):  # a class of its own
                    self._items([type(value), dict(vars(value))])
                return getattr(self, how)(value)
        if hasattr(type(value), "__array__") and self._array_like(value):
            return None
        return self._object(value)

    def _say(self, *words: str) -> None:
        for word in words:
            text = word.encode("utf-8", "surrogatepass")
            self.digest.update(b"%d:" % len(text) + text)

    def _items(self, values) -> None:
        self._say(type(values).__name__, str(len(values)))
        for value in values:
            self.tell(value)

    def _set(self, values) -> None:
        self._say("set", *sorted(map(self._apart, values)))

    def _apart(self, value) -> str:
        """A digest of its own, so that sets have no order."""
        other = _Teller()
        other.sources = self.sources
        other.tell(value)
        return other.digest.hexdigest()

    def _mapping(self, value) -> None:
        self._say(type(value).__name__, str(len(value)))
        for key, one in list(value.items()):
            self.tell(key)
            self.tell(one)

    def _array(self, value) -> None:
        if value.dtype.hasobject:
            return self._items(value.ravel().tolist())
        self._say(str(value.dtype), str(value.shape))
        self.digest.update(np.ascontiguousarray(value).tobytes())
        return None

    def _array_like(self, value) -> bool:
        """Arrays of other frameworks, by their numbers."""
        try:
            for step in ("detach", "cpu"):
                value = getattr(value, step)() if hasattr(value, step) else value
            self._array(np.asarray(value.float() if "bfloat" in str(value.dtype) else value))
        except Exception:
            return False
        return True

    def _random(self, value) -> None:
        self._say("random", type(value).__name__)

    def _path(self, value) -> None:
        self._say("path", str(value))

    def _module(self, value) -> None:
        self._say("module", value.__name__)
        self._home(value.__name__, getattr(value, "__file__", None))

    def _home(self, module, file) -> None:
        """The file that something comes from, or the version of what is installed."""
        found = sys.modules.get(module) if isinstance(module, str) else None
        for one in {file, getattr(found, "__file__", None)}:
            if isinstance(one, str):
                self.sources.add(one)
        top = sys.modules.get(str(module).partition(".")[0])
        self._say("version", str(getattr(top, "__version__", "")))

    def _function(self, value) -> None:
        file = value.__code__.co_filename
        self._say("function", str(value.__module__), value.__qualname__)
        self._home(value.__module__, file)
        self._code(value.__code__)
        held = [_content(cell) for cell in value.__closure__ or ()]
        self._items([value.__defaults__, value.__kwdefaults__, held, value.__dict__])
        if is_local(os.path.realpath(file)):  # of what is installed, its own file is enough
            near = value.__globals__
            named = {name: near[name] for name in sorted(_names(value.__code__)) if name in near}
            self._mapping(named)

    def _code(self, value) -> None:
        self._say("code", value.co_code.hex(), repr(value.co_names), repr(value.co_varnames))
        self._items(value.co_consts)

    def _method(self, value) -> None:
        self._items([value.__func__, value.__self__])

    def _partial(self, value) -> None:
        self._items([value.func, value.args, value.keywords])
        self._mapping(vars(value))

    def _wrapper(self, value) -> None:
        self._items([value.__func__])

    def _property(self, value) -> None:
        self._items([value.fget, value.fset])

    def _type(self, value) -> None:
        self._say("type", str(value.__module__), value.__qualname__)
        for kind in value.__mro__:
            found = sys.modules.get(kind.__module__)
            file = getattr(found, "__file__", None)
            if kind.__module__ == "builtins":
                continue
            self._say(str(kind.__module__), kind.__qualname__)
            self._home(kind.__module__, file)
            # a file named like an installed module is not what the module's name leads to
            elsewhere = getattr(found, kind.__name__, None) is not kind
            if file is None or elsewhere or is_local(os.path.realpath(file)):
                own = {k: v for k, v in vars(kind).items() if k not in _SKIPPED}
                self._mapping({k: v for k, v in own.items() if not isinstance(v, _SLOTS)})

    def _object(self, value) -> None:
        kind = type(value)
        self.tell(kind)
        own = getattr(value, "__dict__", None)
        file = getattr(sys.modules.get(kind.__module__), "__file__", None)
        if not isinstance(own, dict) or not (file and is_local(os.path.realpath(file))):
            self._reduced(value)
        if isinstance(own, dict):
            self._mapping(own)
        for part in kind.__mro__:
            for name, one in vars(part).items():
                if isinstance(one, types.MemberDescriptorType) and part.__module__ != "builtins":
                    self._items([name, _slot(one, value)])
        wrapped = getattr(kind, "__wrapped__", None)
        if wrapped is not None:
            self.tell(getattr(value, "__wrapped__", None))

    def _reduced(self, value) -> None:
        """What pickle would keep; nothing is executed but the object's own account of itself."""
        try:
            parts = value.__reduce_ex__(2)
        except Exception:
            return
        self.tell(list(parts) if isinstance(parts, tuple) else parts)


_TOLD: list[tuple[tuple, str]] = [
    ((np.ndarray,), "_array"), ((list, tuple), "_items"), ((set, frozenset), "_set"),
    ((dict, types.MappingProxyType), "_mapping"), ((types.ModuleType,), "_module"),
    ((types.FunctionType,), "_function"), ((types.MethodType,), "_method"),
    ((types.CodeType,), "_code"), ((functools.partial,), "_partial"),
    ((staticmethod, classmethod), "_wrapper"), ((property,), "_property"), ((type,), "_type"),
    (_RANDOM, "_random"), ((PurePath,), "_path"),
]  # fmt: skip


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # a name bound later
        return None


def _slot(descriptor, value):
    try:
        return descriptor.__get__(value)
    except AttributeError:
        return None


def _names(code) -> set:
    """The names that code and the functions inside it look up."""
    inner = [_names(one) for one in code.co_consts if isinstance(one, types.CodeType)]
    return set(code.co_names).union(*inner)


def signature(outcome: Draws) -> str:
    """A digest of an outcome's law and tolerance: evidence against one law is none of another.

    An oracle that draws is told by some of its draws.
    """
    digest = hashlib.sha256(type(outcome.law).__name__.encode())
    for value in (*outcome.law, outcome.eps):
        if isinstance(value, tuple) or value is None or isinstance(value, bool):
            digest.update(repr(value).encode())
        else:
            array = np.asarray(value(0, 8) if callable(value) else value, float)
            digest.update(repr(array.shape).encode() + array.tobytes())
    return digest.hexdigest()[:16]
