"""Vectors read back: an implementation, or the answers another program wrote, held to them.

Answers computed elsewhere, in a language of its own, come as

    {"answers": [{check, case, answers: [one a call, null where there is none]}]}

an answer in several parts being a list of them, or an object by their names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refscore.identities import Law, Sides, catalogue
from refscore.identities.cases import FieldDescription
from refscore.verify.compare import exact
from refscore.verify.errors import NotOffered, SubjectError
from refscore.verify.ports import LAWS, PORTS
from refscore.verify.subject import Subject

VERSION = 1


class Reread(NamedTuple):
    """One outcome of a file of vectors: its verdict (holds, fails, error, not offered or not
    judged), how far off it is in units of its scale, and why there is none."""

    check: str
    case: str
    label: str
    verdict: str
    gap: float
    note: str = ""


def read(path: str | Path) -> dict[str, Any]:
    """The vectors of a file. Raises SubjectError for a file of another kind."""
    found = _loaded(path)
    if not isinstance(found, dict) or found.get("vectors") != VERSION:
        raise SubjectError(f"{path} is no file of vectors of version {VERSION}")
    for check in _entries(path, found, "checks"):
        _whole(path, check, "name", "tolerance", "cases")
        for case in _entries(path, check, "cases"):
            _whole(path, case, "case", "calls", "outcomes")
            for call in _entries(path, case, "calls"):
                _whole(path, call, "port", "arguments")
                if call["port"] not in PORTS:
                    raise SubjectError(f"{path} calls {call['port']!r}, which is no port")
            for outcome in _entries(path, case, "outcomes"):
                _whole(path, outcome, "label", "expected", "scale", "of")
                _pointed(path, outcome["of"], len(case["calls"]))
    return found


def _entries(path, holder: dict, name: str) -> list:
    if not isinstance(holder.get(name), list):
        raise SubjectError(f"{path}: {name!r} must be a list")
    return holder[name]


def _pointed(path, of, n_calls: int) -> None:
    """What an outcome is read from: null, or one of the calls and a part of it."""
    if of is not None:
        _whole(path, of, "call", "part")
        if not (isinstance(of["call"], int) and 0 <= of["call"] < n_calls):
            raise SubjectError(f"{path}: an outcome is of call {of['call']!r} of {n_calls}")


def _whole(path, entry, *names: str) -> None:
    missing = [name for name in names if not isinstance(entry, dict) or name not in entry]
    if missing:
        raise SubjectError(f"{path}: an entry lacks {missing[0]!r}")


def read_answers(path: str | Path) -> dict[tuple[str, str], list]:
    """Answers by check and case. Raises SubjectError for a file of another kind."""
    found = _loaded(path)
    try:
        return {(a["check"], a["case"]): list(a["answers"]) for a in found["answers"]}
    except (KeyError, TypeError):
        raise SubjectError(
            f'{path} must hold {{"answers": [{{"check", "case", "answers"}}, ...]}}'
        ) from None


def _loaded(path):
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise SubjectError(f"{path} is no JSON: {error}") from None


def hold(vectors: dict, subject: Any) -> list[Reread]:
    """An implementation in Python held to vectors: every call made with what the file says."""
    tested = subject if isinstance(subject, Subject) else Subject(subject)
    found = []
    for check, case in _cases(vectors):
        answers: list[Any] = []
        for call in case["calls"]:
            answers.append(_answer(tested, call))
        found += _judged(check, case, answers)
    return found


def hold_answers(vectors: dict, answers: dict[tuple[str, str], list]) -> list[Reread]:
    """Answers computed elsewhere held to vectors.

    Raises SubjectError for answers to a check or case that the vectors do not hold."""
    found = []
    known = {(check["name"], case["case"]) for check, case in _cases(vectors)}
    strange = [" | ".join(map(str, key)) for key in answers if key not in known]
    if strange:
        raise SubjectError(f"the vectors do not hold {strange[0]!r}, which is answered")
    for check, case in _cases(vectors):
        given = answers.get((check["name"], case["case"]), [])
        absent = NotOffered("no answer was given")
        parsed = [absent if a is None else _parsed(a, c) for a, c in zip(given, case["calls"])]
        parsed += [absent] * (len(case["calls"]) - len(parsed))
        found += _judged(check, case, parsed)
    return found


def _cases(vectors: dict) -> Iterable[tuple[dict, dict]]:
    return ((check, case) for check in vectors["checks"] for case in check["cases"])


def _answer(subject: Subject, call: dict):
    """What the subject returns; an exception stands for itself."""
    port = PORTS[call["port"]]
    if call["port"] not in subject.offered():
        return NotOffered(f"{port.name} not offered")
    given = {name: described(value, name) for name, value in call["arguments"].items()}
    args = tuple(given.pop(name) for name in port.arguments if name in given)
    try:
        return subject.call(port, args, given)
    except Exception as error:
        return error


def _parsed(answer, call: dict):
    """An answer of a file as arrays; parts as the identities take them. What cannot be read
    stands as the error it is."""
    names = call.get("parts")
    try:
        if names is None:
            return _array(answer)
        if isinstance(answer, dict):
            return {name: _array(value) for name, value in answer.items()}
        return tuple(_array(value) for value in answer)
    except (TypeError, ValueError) as error:
        return SubjectError(f"the answer cannot be read as numbers: {error}")


def _judged(check: dict, case: dict, answers: list) -> list[Reread]:
    stuck = next((a for a in answers if isinstance(a, Exception)), None)
    sides: list | None = None
    found = []
    for i, outcome in enumerate(case["outcomes"]):
        if stuck is not None:
            verdict = "not offered" if isinstance(stuck, NotOffered) else "error"
            found.append(_unjudged(check, case, outcome, verdict, str(stuck)))
        elif outcome["of"] is not None:
            left = _part(answers, outcome["of"])
            right, scale = _array(outcome["expected"]), _array(outcome["scale"])
            side = Sides(outcome["label"], left, right, scale)
            found.append(_compared(check, case, outcome, side))
        else:
            sides = _combined(check, case, answers) if sides is None else sides
            if i < len(sides):
                found.append(_compared(check, case, outcome, sides[i]))
            else:
                note = "this catalogue combines other answers"
                found.append(_unjudged(check, case, outcome, "not judged", note))
    return found


def _unjudged(check, case, outcome, verdict: str, note: str) -> Reread:
    return Reread(check["name"], case["case"], outcome["label"], verdict, np.nan, note)


def _compared(check, case, outcome, side: Sides) -> Reread:
    judged = exact(side, check["tolerance"])
    verdict = "holds" if judged.holds else "fails"
    said = check["name"], case["case"], outcome["label"]
    return Reread(*said, verdict, float(judged.gap), judged.detail)


def _part(answers: list, of: dict):
    answer, part = answers[of["call"]], of["part"]
    if part is None:
        return answer
    try:
        return answer[part]
    except (KeyError, IndexError, TypeError):  # the first part may come without the others
        return answer if part == 0 else None


def _combined(check: dict, case: dict, answers: list) -> list[Sides]:
    """The sides an identity makes of these answers; none where it asks for others."""
    entry = catalogue().get(check["name"])
    cases = [] if entry is None else [c for c in entry.cases() if c.name == case["case"]]
    if entry is None or not cases:
        return []
    try:
        return [s for s in entry.sides(_Replayed(answers), cases[0]) if isinstance(s, Sides)]
    except Exception:
        return []


class _Replayed(Subject):
    """A subject whose answers are known already, in the order of the calls."""

    def __init__(self, answers: list):
        from refscore.verify import library

        super().__init__(library)
        self._answers = iter(answers)

    def call(self, port, args, draws):
        return next(self._answers)


def described(value, name: str = "") -> Any:
    """A plain value as the kit hands it over: arrays, and descriptions for objects."""
    if isinstance(value, dict):
        given = {k: _parameter(v, k, value["kind"]) for k, v in value.items() if k != "kind"}
        fields = given.pop("fields", None)
        made = (Law if value["kind"] in LAWS else FieldDescription)(value["kind"], **given)
        if fields is not None:
            made.fields = fields  # descriptions, not arrays to be frozen
        return made
    return _array(value) if isinstance(value, list) else _number(value)


def _parameter(value, name: str, kind: str):
    if kind == "mlp" or name == "fields":  # a list of layers, or of fields
        return tuple(described(entry) for entry in value)
    return described(value, name)


def _array(value) -> np.ndarray:
    """Nested lists of numbers and their words; whole numbers stay whole."""
    array = np.asarray(value)
    return array.astype(float) if array.dtype.kind in "UO" else array


def _number(value):
    return float(value) if value in ("inf", "-inf", "nan") else value
