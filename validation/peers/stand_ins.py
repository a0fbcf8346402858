"""Modules of a package whose other dependencies, unused by what is checked, are not installed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from unittest import mock


def modules(package: str, names: tuple[str, ...], unused: tuple[str, ...]) -> list[ModuleType]:
    """The named modules of a package; `unused` ones are empty while they are imported.

    No __init__ above them is run, the package's own first: it would import all dependencies.
    Afterwards sys.modules holds neither the package nor what stood for the unused modules.
    """
    before = dict(sys.modules)
    sys.modules.update({name: mock.MagicMock() for name in unused})
    sys.modules.update(_without_init(package, names))
    try:
        return [importlib.import_module(f"{package}.{name}") for name in names]
    finally:
        for name in list(sys.modules):
            if name in unused or name == package or name.startswith(f"{package}."):
                del sys.modules[name]
                if name in before:
                    sys.modules[name] = before[name]


def _without_init(package: str, names: tuple[str, ...]) -> dict[str, ModuleType]:
    """The package and what lies between it and the names, with their paths alone."""
    found = importlib.util.find_spec(package)
    if found is None or found.submodule_search_locations is None:
        raise ImportError(f"{package} is not installed")
    root = ModuleType(package)
    root.__path__ = list(found.submodule_search_locations)
    made = {package: root}
    for name in names:
        folders = name.split(".")[:-1]
        for depth in range(len(folders)):
            inner = ModuleType(".".join([package, *folders[: depth + 1]]))
            inner.__path__ = [str(Path(p, *folders[: depth + 1])) for p in root.__path__]
            made[inner.__name__] = inner
    return made
