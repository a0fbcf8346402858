"""What evidence is evidence of: a digest of a subject, and one of an outcome."""

from __future__ import annotations

import hashlib
import os
import sys
import types
from typing import Any

import numpy as np

from refscore._fingerprints import Teller
from refscore._made_of import named_by
from refscore.identities.base import Draws
from refscore.verify.evidence.sources import Sources, is_local
from refscore.verify.subject import Subject


def fingerprint(subject: Subject) -> str:
    """A digest of all a subject is made of that can be seen.

    Its settings; the subject itself, its attributes, its classes and its ports with what they
    are bound to, close over and name, arrays and all; the files of all these with the local
    files they import, and the versions of the installed packages they name. What cannot be told
    for certain gives a digest that is never met again. States of generators are left out.
    """
    said = (subject.name, subject.version, subject.framework_name, subject.dtype)
    source, told = subject.source, _Teller()
    lasting = hashlib.sha256()
    try:
        whole = [said, sorted(map(repr, subject.declared.items())), source]
        if isinstance(source, types.ModuleType):
            held: Any = _Bound(source)
        else:
            _defined(source, told)
            held = source if isinstance(source, dict) else _Bound(source)
        whole.append([held[name] for name in subject.offered()])
        lasting.update(told.tell(whole).encode("utf-8", "surrogatepass"))
    except Exception:  # too deep, too large, or an attribute that cannot be read
        lasting.update(os.urandom(32))
    lasting.update(told.sources.digest())
    return lasting.hexdigest()[:32]


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


class _Teller(Teller):
    """Tells files and versions too, and all the code of what is not installed."""

    most = 500_000  # values; a subject of more has no lasting digest

    def __init__(self):
        super().__init__()
        self.sources = Sources()

    def home(self, module, file) -> str:
        """The file that something comes from, and the version of what is installed."""
        found = sys.modules.get(module) if isinstance(module, str) else None
        for one in {file, getattr(found, "__file__", None)}:
            if isinstance(one, str):
                self.sources.add(one)
        top = sys.modules.get(str(module).partition(".")[0])
        return f" {getattr(top, '__version__', '')}"

    def own(self, made) -> bool:
        """Whether the code may be edited: nothing that is installed leads to it."""
        if made.__module__ == "builtins":
            return False
        found = sys.modules.get(made.__module__)
        file = getattr(found, "__file__", None)
        # a file named like an installed module is not what the module's name leads to
        elsewhere = getattr(found, made.__name__, None) is not made
        return file is None or elsewhere or is_local(os.path.realpath(file))

    def opaque(self, kind: type) -> bool:
        """No class is: pickle's account of an object is told."""
        return False

    def near(self, function) -> dict:
        """All globals a function names; of what is installed, its own file is enough."""
        local = is_local(os.path.realpath(function.__code__.co_filename))
        return named_by(function) if local else {}

    def also(self, value):
        """What pickle would keep, unless a local class keeps all in attributes."""
        file = getattr(sys.modules.get(type(value).__module__), "__file__", None)
        if hasattr(value, "__dict__") and file and is_local(os.path.realpath(file)):
            return None
        try:  # nothing is executed but the object's own account of itself
            return value.__reduce_ex__(2)
        except Exception:
            return None


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
