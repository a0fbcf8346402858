"""Of what functions, classes and objects are made, and whose they are."""

from __future__ import annotations

import functools
import os
import sys
import types
from pathlib import PurePath

import numpy as np

_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)
_INSTALLED = {"site-packages", "dist-packages"}


def name_of(value) -> str:
    """The module and name of a class or function, or of an object's class."""
    kind = value if hasattr(value, "__qualname__") else type(value)
    module = getattr(kind, "__module__", None)
    return f"{module}.{kind.__qualname__}.{getattr(value, '__name__', '')}"


def attributes(value) -> dict:
    """The attributes of an object, without those computed once from the others."""
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        for name, one in kind.__dict__.items():
            if isinstance(one, functools.cached_property):
                found.pop(name, None)
            elif name.startswith("__") or kind.__module__ == "builtins":
                continue  # the interpreter's own: offsets and addresses
            elif isinstance(one, types.MemberDescriptorType):
                found[name] = _slot(one, value)
    return found


def _slot(descriptor, value):
    try:
        return descriptor.__get__(value)
    except AttributeError:
        return None


def is_users(made) -> bool:
    """Whether a class or function is neither ours, nor installed, nor Python's own."""
    module = str(made.__module__)
    if module.partition(".")[0] in ("refscore", "builtins"):
        return False
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return not (is_standard(made) or _INSTALLED & set(PurePath(file).parts))


def is_standard(made) -> bool:
    """Whether a class or function is of Python's own library; a file may be named like one."""
    module = str(made.__module__)
    file = getattr(sys.modules.get(module), "__file__", None)
    known = module.partition(".")[0] in sys.stdlib_module_names
    return known and (file is None or file.startswith(os.path.dirname(os.__file__)))


def defined(kind: type) -> dict:
    """What the body of a class defines: functions, however wrapped, and values."""
    found = {}
    for name, one in vars(kind).items():
        one = one.func if isinstance(one, functools.cached_property) else one
        dull = name.startswith(("__", "_abc_")) and not isinstance(one, types.FunctionType)
        if not (dull or isinstance(one, _SLOTS)):
            found[name] = one
    return found


def numbers_of(value) -> np.ndarray | None:
    """An array of another framework, on the processor; None for anything else."""
    if not hasattr(type(value), "__array__") or isinstance(value, np.generic):
        return None
    try:
        for step in ("detach", "cpu"):
            value = getattr(value, step)() if hasattr(value, step) else value
        return np.asarray(value.float() if "bfloat" in str(value.dtype) else value)
    except Exception:  # what it is made of is told instead
        return None


def named_by(function) -> dict:
    """The globals that a function names, in the order of their names."""
    near = function.__globals__
    return {name: near[name] for name in sorted(_names(function.__code__)) if name in near}


def content(cell):
    """What a cell of a closure holds."""
    try:
        return cell.cell_contents
    except ValueError:  # a name bound later
        return None


def _names(code) -> set:
    """The names that code and the functions inside it look up."""
    inner = [_names(one) for one in code.co_consts if isinstance(one, types.CodeType)]
    return set(code.co_names).union(*inner)
