"""Files that several runs write: locked, replaced at once, links and permissions kept."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from refscore.verify.errors import SubjectError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_STALE, _WAIT = 60.0, 0.02  # seconds after which a lock file without a keeper is taken over


def checked(path: str | os.PathLike) -> Path:
    """The file itself, behind links; SubjectError where it could not be written."""
    if not os.fspath(path):
        raise SubjectError("evidence must name a file, got an empty name")
    real = Path(os.path.realpath(path))
    if real.is_dir():
        raise SubjectError(f"evidence must name a file, got the directory {path}")
    if not real.parent.is_dir():
        raise SubjectError(f"evidence cannot be kept in {path}: no directory {real.parent}")
    if not os.access(real.parent, os.W_OK) or (real.exists() and not os.access(real, os.W_OK)):
        raise SubjectError(f"evidence cannot be kept in {path}: it cannot be written")
    return real


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Alone with a file, by a lock file beside it that a killed run leaves to the next."""
    name = path.with_name(f".{path.name}.lock")
    handle = _by_system(name) if fcntl else _by_existence(name)
    try:
        yield
    finally:
        if fcntl:  # while it is still held
            _removed(name)
            os.close(handle)
        else:
            os.close(handle)
            _removed(name)


def _by_system(name: Path) -> int:
    """A lock that ends with its process; the file locked must still be the one of that name."""
    while True:
        handle = os.open(name, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), os.stat(name)):
                    return handle
        except OSError:  # a file system without locks
            os.close(handle)
            _removed(name)
            return _by_existence(name)
        os.close(handle)


def _by_existence(name: Path) -> int:
    """A file that only one can make; an old one was left behind."""
    end = time.monotonic() + 2 * _STALE
    while time.monotonic() < end:
        try:
            return os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        except (FileExistsError, PermissionError):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - os.stat(name).st_mtime > _STALE:
                    _removed(name)
        time.sleep(_WAIT)
    raise SubjectError(f"{name} is held by another run, or cannot be written")


def _removed(name: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(name)


def replaced(path: Path, text: str) -> None:
    """Write a file at once or not at all, with the permissions it had."""
    name = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        with contextlib.suppress(FileNotFoundError):
            os.chmod(name, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(name, path)
    except BaseException:
        _removed(name)
        raise


def stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
