"""Evidence kept in a file, so that a run goes on where another one, or a killed one, ended."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from refscore.identities.base import Draws
from refscore.verify.errors import SubjectError
from refscore.verify.evidence.files import checked, locked, replaced, stamp
from refscore.verify.evidence.identity import fingerprint, signature
from refscore.verify.evidence.sequence import Sequence
from refscore.verify.subject import Subject

VERSION = 3


class Store:
    """The evidence on one subject in a JSON file, written whole after every batch.

    A file may hold several subjects, each under its fingerprint: a changed subject starts anew,
    and `messages` says so. An outcome is kept for every law and tolerance by itself. Runs may
    share a file: each keeps what the others wrote, and of one outcome the most draws stay.
    Nothing in the file is executed or unpickled. Raises SubjectError for a file of another
    kind, one that cannot be written, and evidence that is not as it was written.
    """

    def __init__(self, path: str | os.PathLike, subject: Subject):
        self.path, self.messages = Path(path), list[str]()
        self._file = checked(path)
        self._stamp: tuple[int, int, int] | None = None
        self.key, self.name = fingerprint(subject), subject.name
        self._own: dict[str, dict] = {}
        self._others: dict[str, str] = {}  # as JSON
        self._texts: dict[str, str] = {}
        self._disowned: set[str] = set()  # outcomes whose kept draws are not drawn any more
        found = self._refreshed()
        if self.key not in found and any(e.get("name") == self.name for e in found.values()):
            self.messages.append(
                f"{self.path} holds evidence on another {self.name}: its source, version or"
                " conventions differ, or cannot be told for certain, so none of it is used"
            )

    def restore(self, sequence: Sequence, key: tuple[str, ...], outcome: Draws) -> None:
        """Go on from what is kept of this outcome under its law and tolerance."""
        self._refreshed()
        name = _named(key, outcome)
        kept = self._own.get(name)
        if kept is None:
            return
        try:
            if kept["digest"] != _digest(self.key, name, kept["sample"], kept["state"]):
                raise ValueError("it is not as it was written, or of another outcome")
            sequence.restore(kept["state"])
            sequence.sample = [float(value) for value in kept["sample"]]
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
            raise SubjectError(
                f"{self.path}: the evidence on {' | '.join(key)!r} cannot be read: {error}"
            ) from None

    def keep(self, sequence: Sequence, key: tuple[str, ...], outcome: Draws) -> None:
        """Write what is known now; the file is replaced at once or not at all."""
        name, state, sample = _named(key, outcome), sequence.state(), sequence.sample
        digest = _digest(self.key, name, sample, state)
        entry = {"digest": digest, "sample": sample, "state": state}
        with locked(self._file):
            self._refreshed()
            if sequence.n >= _drawn(self._own.get(name)) or name in self._disowned:
                self._put(name, entry)
                self._disowned.discard(name)
            replaced(self._file, self._text())
            self._stamp = stamp(self._file)

    def disown(self, key: tuple[str, ...], outcome: Draws) -> None:
        """Count what is kept of this outcome as another subject's: its draws are not the same."""
        self._disowned.add(_named(key, outcome))
        said = f"{self.path} holds evidence on {self.name} that it no longer draws alike"
        if not any(message.startswith(said) for message in self.messages):
            self.messages.append(
                f"{said}: from the same seeds other draws come, so none of that is used (something"
                " it reads has changed, or its draws do not follow their seed)"
            )

    def _put(self, name: str, entry: dict) -> None:
        self._own[name], self._texts[name] = entry, json.dumps(entry, allow_nan=False)

    def _refreshed(self) -> dict[str, dict]:
        """Take over what others wrote since; the subjects found, where anything is new."""
        now = stamp(self._file)
        if now is None or now == self._stamp:
            return {}
        found = _read(self._file, self.path)
        self._stamp = now
        self._others = {k: json.dumps(v) for k, v in found.items() if k != self.key}
        for name, entry in found.get(self.key, {"outcomes": {}})["outcomes"].items():
            if name in self._own and not (
                _drawn(entry) > _drawn(self._own[name])
                and name not in self._disowned
                and entry.get("digest")
                == _digest(self.key, name, entry.get("sample"), entry["state"])
            ):
                continue
            self._put(name, entry)
        return found

    def _text(self) -> str:
        own = ", ".join(f"{json.dumps(name)}: {text}" for name, text in self._texts.items())
        mine = f'{json.dumps(self.key)}: {{"name": {json.dumps(self.name)}, "outcomes": {{{own}}}}}'
        others = [f"{json.dumps(k)}: {text}" for k, text in self._others.items()]
        return f'{{"refscore evidence": {VERSION}, "subjects": {{{", ".join([*others, mine])}}}}}\n'


def _named(key: tuple[str, ...], outcome: Draws) -> str:
    return " | ".join((*key, f"eps {outcome.eps:g}", signature(outcome)))


def _drawn(entry) -> float:
    """Draws that an entry says to hold; -1 where it is none."""
    state = entry.get("state") if isinstance(entry, dict) else None
    n = state.get("n") if isinstance(state, dict) else None
    return n if isinstance(n, int) else -1


def _digest(subject: str, name: str, sample, state) -> str:
    """Binds a state and the sample of its first batch to their subject and outcome."""
    text = json.dumps([subject, name, sample, state], allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _read(file: Path, path: Path) -> dict[str, dict]:
    """The subjects of a file."""
    try:
        found = json.loads(file.read_text("utf-8"), parse_constant=_refused)
    except RecursionError:
        raise SubjectError(f"{path} is no evidence file: nested too deeply") from None
    except ValueError as error:  # no JSON, no UTF-8, numbers of thousands of digits
        raise SubjectError(f"{path} is no evidence file: {error}") from None
    subjects = found.get("subjects") if isinstance(found, dict) else None
    if not isinstance(subjects, dict) or found.get("refscore evidence") != VERSION:
        raise SubjectError(f"{path} is no evidence file of version {VERSION}")
    for entry in subjects.values():
        if not isinstance(entry, dict) or not isinstance(entry.get("outcomes"), dict):
            raise SubjectError(f"{path} is no evidence file: a subject without outcomes")
    return subjects


def _refused(word: str):
    raise ValueError(f"{word} is no JSON")
