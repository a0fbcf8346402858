"""The files a subject is made of: those that define it, and the local ones these import."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
import sysconfig
from pathlib import Path

_IMPORT = re.compile(r"(?:^|[;:])[ \t]*(?:from[ \t]+([\w.]+)|import[ \t]+([\w., \t]+))", re.M)
_STANDARD = tuple(
    {os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib")}
)
_INSTALLED = {"site-packages", "dist-packages"}


class Sources:
    """Files by name, gathered with all they import, however late; `digest` tells them.

    Of a package every file counts. What is installed counts by itself alone.
    """

    def __init__(self):
        self.files: dict[str, bytes] = {}
        self._packages: set[str] = set()
        self._found: dict[tuple[str, str], str | None] = {}

    def add(self, file) -> None:
        """A file, and every local one that it imports."""
        open_ = [os.path.realpath(file)]
        while open_:
            path = open_.pop()
            if path in self.files or is_standard(path):
                continue
            try:
                self.files[path] = Path(path).read_bytes()
            except OSError:
                continue
            if is_local(path) and path.endswith(".py"):
                open_ += self._imported(path)

    def _imported(self, path: str) -> list[str]:
        """Local files of the packages and modules that a file names, and of its own package."""
        text, folder, found = self.files[path].decode("utf-8", "replace"), os.path.dirname(path), []
        names = {
            name.split()[0].partition(".")[0]
            for one, several in _IMPORT.findall(text)
            for name in (one, *several.split(","))
            if name.strip()
        }
        for name in sorted(names - {""}):
            if (folder, name) not in self._found:
                self._found[folder, name] = _located(name, folder)
            file = self._found[folder, name]
            if file is not None and is_local(file):
                found += self._whole(os.path.realpath(file))
        return found + self._whole(path)

    def _whole(self, path: str) -> list[str]:
        """The file, or all of the package that it is in."""
        folder, top = os.path.dirname(path), None
        while os.path.isfile(os.path.join(folder, "__init__.py")):
            folder, top = os.path.dirname(folder), folder
        if top is None or top in self._packages:
            return [path]
        self._packages.add(top)
        found = [path]
        for inside, folders, names in os.walk(top):
            folders[:] = [f for f in folders if not f.startswith((".", "__")) and is_local(f)]
            found += [os.path.join(inside, name) for name in names if name.endswith(".py")]
        return found

    def digest(self) -> bytes:
        """Of the contents alone: a project may move."""
        parts = sorted(
            os.path.basename(path).encode() + hashlib.sha256(text).digest()
            for path, text in self.files.items()
        )
        return hashlib.sha256(b"".join(parts)).digest()


def is_standard(path: str) -> bool:
    """Of Python's own library."""
    return path.startswith(_STANDARD) and not _INSTALLED & set(Path(path).parts)


def is_local(path: str) -> bool:
    """Neither of Python's own library nor installed: it may be edited."""
    return not _INSTALLED & set(Path(path).parts) and not is_standard(path)


def _located(name: str, folder: str) -> str | None:
    """The file of a top-level module or package, as one beside it would be found first."""
    for beside in (os.path.join(folder, name, "__init__.py"), os.path.join(folder, f"{name}.py")):
        if os.path.isfile(beside):
            return beside
    if name in sys.builtin_module_names or name in sys.stdlib_module_names:
        return None
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return getattr(sys.modules.get(name), "__file__", None)
    return None if spec is None else spec.origin
