"""From what a command line names to an object with ports."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

from refscore.verify.errors import PASSED_ON, SubjectError
from refscore.verify.ports import PORTS


def load(target: str) -> Any:
    """The object a command line names: `file.py`, `file.py:object`, `module:object`.

    Raises: SubjectError where there is no such object, or where its module exits; what else
    the module raises is passed on.
    """
    path, _, attribute = target.partition(":")
    try:
        module = _file(path) if path.endswith(".py") else _module(path)
    except PASSED_ON:
        raise
    except BaseException as error:
        raise SubjectError(f"cannot load {target}: {type(error).__name__}: {error}") from None
    if not attribute:
        return _only_subject(module)
    if not hasattr(module, attribute):
        raise SubjectError(f"{path} has no {attribute!r}")
    return getattr(module, attribute)


def _file(path: str):
    file = Path(path)
    if not file.is_file():
        raise SubjectError(f"no file {path!r}")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules.setdefault(file.stem, module)
    sys.path.insert(0, str(file.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(file.parent.resolve()))
    return module


def _module(path: str):
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        raise SubjectError(f"no module {path!r} ({error}); a file's name ends in .py") from None


def _only_subject(module):
    """The module itself if its functions are ports, else its one `subject` or class."""
    if any(callable(getattr(module, name, None)) for name in PORTS):
        return module
    if hasattr(module, "subject"):
        return module.subject
    classes = [
        c
        for c in vars(module).values()
        if inspect.isclass(c)
        and c.__module__ == module.__name__
        and any(callable(getattr(c, name, None)) for name in PORTS)
    ]
    if len(classes) == 1:
        return classes[0]
    what = "no ports" if not classes else f"{len(classes)} classes with ports"
    found = "".join(f"; {hint}" for hint in misspelt(module)) if not classes else ""
    raise SubjectError(
        f"{module.__name__} has {what}{found}; name one as {module.__name__}:OBJECT"
        " (the ports are listed by `refscore ports`)"
    )


def misspelt(source) -> list[str]:
    """A sentence for every public callable of its own whose name is nearly a port's."""
    return [
        f"{name} is no port; did you mean {' or '.join(close)}?"
        for name, close in strangers(source).items()
    ]


def strangers(source) -> dict[str, list[str]]:
    """Public callables that are no port, with the ports their names resemble.

    Of a module only what it defines itself counts, and not what resembles a port it has.
    """
    own = dict(_public(source))
    found = {}
    for name, value in own.items():
        close = difflib.get_close_matches(name, PORTS, n=2, cutoff=0.7)
        helper = inspect.ismodule(source) and bool(close) and close[0] in own
        if name not in PORTS and close and not helper and _is_own(value, source):
            found[name] = close
    return found


def _public(source):
    names = source if isinstance(source, dict) else dir(source)
    for name in names:
        value = source.get(name) if isinstance(source, dict) else getattr(source, name, None)
        if not str(name).startswith("_") and callable(value):
            yield str(name), value


def _is_own(value, source) -> bool:
    if not inspect.ismodule(source):
        return True
    return getattr(value, "__module__", None) == source.__name__
