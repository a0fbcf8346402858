"""From what a command line names to an object with ports."""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.util
import inspect
import sys
from pathlib import Path
from typing import Any

from refscore.verify.errors import PASSED_ON, SubjectError, said
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
        raise SubjectError(f"cannot load {target}: {type(error).__name__}: {said(error)}") from None
    if not attribute:
        return _only_subject(module)
    if not hasattr(module, attribute):
        raise SubjectError(f"{path} has no {attribute!r}")
    return getattr(module, attribute)


def _file(path: str):
    file = Path(path)
    if not file.is_file():
        raise SubjectError(f"no file {path!r}")
    folder = file.parent.resolve()
    name = f"{file.stem} (adapter)" if _is_taken(file.stem) else file.stem
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    _forget_helpers_of_others(folder)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


def _is_taken(name: str) -> bool:
    """A module of another kind has this name: an adapter torch.py must not become torch."""
    if name in sys.builtin_module_names or name in sys.stdlib_module_names:
        return True
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return False
    return spec is not None and bool(_INSTALLED & set(Path(str(spec.origin)).parts))


_INSTALLED = {"site-packages", "dist-packages"}
_FOLDERS: set[Path] = set()  # of the adapters loaded so far


def _forget_helpers_of_others(folder: Path) -> None:
    """Modules beside an earlier adapter that stand for a file beside this one."""
    others = _FOLDERS - {folder}
    _FOLDERS.add(folder)
    for name, module in list(sys.modules.items()):
        top, file = name.partition(".")[0], getattr(module, "__file__", None)
        own = (folder / f"{top}.py").is_file() or (folder / top / "__init__.py").is_file()
        if not own or not isinstance(file, str) or _INSTALLED & set(Path(file).parts):
            continue
        if others & set(Path(file).resolve().parents):
            del sys.modules[name]


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


_ATTRIBUTES = ("process",)  # of an adapter, not ports: a class will do


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
        close = [] if name in PORTS or name in _ATTRIBUTES else list(_resembled(name))
        helper = inspect.ismodule(source) and bool(close) and close[0] in own
        if close and not helper and _is_own(value, source):
            found[name] = close
    return found


@functools.lru_cache(maxsize=4096)
def _resembled(name: str) -> tuple[str, ...]:
    return tuple(difflib.get_close_matches(name, PORTS, n=2, cutoff=0.7))


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
