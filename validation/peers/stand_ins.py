"""Modules of a package whose other dependencies, unused by what is checked, are not installed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from unittest import mock


def modules(package: str, names: tuple[str, ...], unused: tuple[str, ...]) -> list[ModuleType]:
    """The named modules of a package; `unused` ones are empty while they are imported.

    The package's own __init__ is not run: it would import all of its dependencies. Afterwards
    sys.modules holds neither the package nor what stood for the unused modules.
    """
    found = importlib.util.find_spec(package)
    if found is None or found.submodule_search_locations is None:
        raise ImportError(f"{package} is not installed")
    empty = ModuleType(package)
    empty.__path__ = list(found.submodule_search_locations)
    before = dict(sys.modules)
    sys.modules.update({name: mock.MagicMock() for name in unused}, **{package: empty})
    try:
        return [importlib.import_module(f"{package}.{name}") for name in names]
    finally:
        for name in list(sys.modules):
            if name in unused or name == package or name.startswith(f"{package}."):
                del sys.modules[name]
                if name in before:
                    sys.modules[name] = before[name]
