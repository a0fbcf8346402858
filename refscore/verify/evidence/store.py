"""Evidence kept in a file, so that a run goes on where another one, or a killed one, ended."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from refscore.identities.base import Draws
from refscore.verify.errors import SubjectError
from refscore.verify.evidence.sequence import Sequence
from refscore.verify.subject import Subject

VERSION = 1


class Store:
    """The evidence on one subject in a JSON file, written whole after every batch.

    A file may hold several subjects, each under the fingerprint of its source, version,
    framework, precision and conventions: a changed subject starts anew, and `messages` says so.
    Nothing in the file is executed or unpickled. Raises SubjectError for a file of another kind.
    """

    def __init__(self, path: str | os.PathLike, subject: Subject):
        self.path, self.messages = Path(path), list[str]()
        self.key, self.name = fingerprint(subject), subject.name
        self._others, self._own = _read(self.path), {}
        if self.key in self._others:
            self._own = self._others.pop(self.key)["outcomes"]
        elif any(entry.get("name") == self.name for entry in self._others.values()):
            self.messages.append(
                f"{self.path} holds evidence on {self.name} as it was; its source, version or"
                " conventions have changed since, so none of it is used"
            )
        self._texts = {name: json.dumps(entry) for name, entry in self._own.items()}

    def restore(self, sequence: Sequence, key: tuple[str, ...], outcome: Draws) -> None:
        """Go on from what is kept of this outcome, if its law and tolerance are the same."""
        kept = self._own.get(_joined(key))
        if kept is None or kept.get("signature") != signature(outcome):
            return
        try:
            sequence.restore(kept["state"])
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise SubjectError(
                f"{self.path}: the evidence on {_joined(key)!r} cannot be read: {error}"
            ) from None

    def keep(self, sequence: Sequence, key: tuple[str, ...], outcome: Draws) -> None:
        """Write what is known now; the file is replaced at once or not at all."""
        entry = {"signature": signature(outcome), "state": sequence.state()}
        self._texts[_joined(key)] = json.dumps(entry, allow_nan=False)
        own = ", ".join(f"{json.dumps(name)}: {text}" for name, text in self._texts.items())
        mine = f'{json.dumps(self.key)}: {{"name": {json.dumps(self.name)}, "outcomes": {{{own}}}}}'
        others = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in self._others.items()]
        text = f'{{"refscore evidence": {VERSION}, "subjects": {{{", ".join([*others, mine])}}}}}\n'
        _replace(self.path, text)


def _joined(key: tuple[str, ...]) -> str:
    return " | ".join(key)


def _read(path: Path) -> dict[str, dict]:
    """The subjects of a file; none where there is no file."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SubjectError(f"{path} is no evidence file: {error}") from None
    subjects = found.get("subjects") if isinstance(found, dict) else None
    if not isinstance(subjects, dict) or found.get("refscore evidence") != VERSION:
        raise SubjectError(f"{path} is no evidence file of version {VERSION}")
    for entry in subjects.values():
        if not isinstance(entry, dict) or not isinstance(entry.get("outcomes"), dict):
            raise SubjectError(f"{path} is no evidence file: a subject without outcomes")
    return subjects


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def signature(outcome: Draws) -> str:
    """A digest of an outcome's law and tolerance: evidence against one law is none of another."""
    digest = hashlib.sha256(type(outcome.law).__name__.encode())
    for value in (*outcome.law, outcome.eps):
        if isinstance(value, tuple) or value is None or isinstance(value, bool):
            digest.update(repr(value).encode())
        elif not callable(value):
            digest.update(np.asarray(value, float).tobytes())
    return digest.hexdigest()[:16]


def fingerprint(subject: Subject) -> str:
    """A digest of what a subject is: the files that define it and its ports, and its settings.

    A library that these call is told apart only by the subject's `version`.
    """
    digest = hashlib.sha256()
    said = (subject.name, subject.version, subject.framework_name, subject.dtype)
    digest.update(repr((said, sorted(map(repr, subject.declared.items())))).encode())
    source = subject.source
    digest.update(_plain({} if isinstance(source, dict) else getattr(source, "__dict__", {})))
    for name in subject.offered():
        port = source[name] if isinstance(source, dict) else getattr(source, name)
        digest.update(name.encode() + _code(port))
    return digest.hexdigest()[:32]


def _code(port) -> bytes:
    """The file that defines a port and what it closes over; else what its code does."""
    function = inspect.unwrap(getattr(port, "func", port))  # of a partial
    bound = _plain(getattr(port, "keywords", {}))
    bound += repr(_simple(getattr(port, "args", ()))).encode()
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__code__"):
        function = getattr(type(function).__call__, "__func__", type(function).__call__)
    cells = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    bound += repr(_simple(cells)).encode()
    try:
        return bound + Path(inspect.getsourcefile(function) or "").read_bytes()
    except (OSError, TypeError):
        code = getattr(function, "__code__", None)
        return bound + (_compiled(code) if code else repr(type(function)).encode())


def _compiled(code) -> bytes:
    """What compiled code does, with the code inside it, free of addresses."""
    inner = [_compiled(c) if hasattr(c, "co_code") else repr(c).encode() for c in code.co_consts]
    return b"".join([code.co_code, repr(code.co_names).encode(), *inner])


def _simple(values) -> list:
    """Numbers and texts among values; the rest has no text that lasts."""
    return [v for v in values if isinstance(v, int | float | str)]


def _plain(values) -> bytes:
    own = {k: v for k, v in dict(values).items() if isinstance(v, int | float | str)}
    return repr(sorted((k, v) for k, v in own.items() if not k.startswith("__"))).encode()
