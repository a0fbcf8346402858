"""The catalogue as test vectors, so that code in any language is held to the same truth.

    {"vectors": 1, "refscore": version, "checks": [check, ...], "left_out": [{check, case, reason}],
     "ports": {name: {signature, meaning, returns, parts}}, "arguments": {name: meaning},
     "kinds": {kind: formula}}

    check   {id, name, kind, summary, statement, source, tolerance, ports, catches, cases}
            `catches`: names of the mistakes the check is known to catch
    case    {case, calls, outcomes}
    call    {port, arguments, parts}: one evaluation of the implementation under test, in order;
            its arguments by the names of `ports` and `arguments`; the names or numbers of the
            parts of its answer, null where it is one array
    outcome {label, expected, scale, of}: the side that must come out, to within
            max|left - expected| <= tolerance * scale; `of` is the call (and, for an answer in
            several parts, the part) whose answer the left side is, or null where the identity
            combines several answers (its statement says how) or the expected side is itself
            computed from answers

Arrays are nested lists in row-major order, shapes as in `arguments`. Laws and fields are
objects with a `kind`, whose formula is in `kinds`, and arrays by name. "inf", "-inf" and "nan"
are strings. Every stochastic port is given its noise; only exact comparisons are exported.
Another program's answers to the calls are read and judged by `refscore vectors --read`.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

import refscore
from refscore.identities import Identity, Sides, catalogue, find
from refscore.verify.compare import exact
from refscore.verify.listing import known_catches
from refscore.verify.report import number
from refscore.verify.subject import Subject
from refscore.verify.vector_kinds import legend

VERSION = 1
KINDS = ("exact", "exact law")


def vectors(checks: Iterable[str] | None = None) -> dict[str, Any]:
    """The vectors of these checks (ids, names, rows or chapters), by default of all.

    Cases on which the library itself does not hold are left out, and said to be.
    """
    catches = known_catches()
    exported, left_out = [], []
    for entry in _selected(checks):
        cases = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for case in entry.cases():
                found = _case(entry, case)
                if isinstance(found, str):
                    left_out.append({"check": entry.name, "case": case.name, "reason": found})
                else:
                    cases.append(found)
        if cases:
            exported.append({**_about(entry, catches.get(entry.name, [])), "cases": cases})
    return {
        "vectors": VERSION,
        "refscore": refscore.__version__,
        "checks": exported,
        "left_out": left_out,
        **legend(exported),
    }


def _selected(checks: Iterable[str] | None) -> list[Identity]:
    entries = list(catalogue().values())
    if checks is not None:
        keys = [checks] if isinstance(checks, str) else list(checks)
        names = {entry.name for key in keys for entry in find(key)}
        entries = [entry for entry in entries if entry.name in names]
    return [entry for entry in entries if entry.kind in KINDS and entry.draws == "given"]


def _about(entry: Identity, catches: list[str]) -> dict[str, Any]:
    return {
        "id": entry.id,
        "name": entry.name,
        "kind": entry.kind,
        "summary": entry.summary,
        "statement": entry.statement,
        "source": entry.source,
        "tolerance": entry.tolerance,
        "ports": list(entry.ports),
        "catches": list(catches),
    }


class _Recorder(Subject):
    """The library as a subject that keeps its answers, multiplied by `factor`."""

    def __init__(self, factor: float = 1.0):
        from refscore.verify import library

        super().__init__(library)
        self.answers: list[Any] = []
        self.factor = factor

    def call(self, port, args, draws):
        answer = _scaled(super().call(port, args, draws), self.factor)
        self.answers.append(answer)
        return answer


def _case(entry: Identity, case) -> dict[str, Any] | str:
    """One case as plain values, or the reason why it is left out."""
    recorder = _Recorder()
    try:
        found = list(entry.sides(recorder, case))
        outcomes = [outcome for outcome in found if isinstance(outcome, Sides)]
        if not outcomes or len(outcomes) != len(found):
            return "does not compare two sides"
        if not all(exact(outcome, entry.tolerance).holds for outcome in outcomes):
            return "the library does not hold on this case"
        calls = [
            {"port": name, "arguments": plain(given), "parts": _names(answer)}
            for (name, given), answer in zip(recorder.calls, recorder.answers, strict=True)
        ]
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    free = _free_of_answers(entry, case, outcomes)
    return {
        "case": case.name,
        "calls": calls,
        "outcomes": [
            _outcome(outcome, recorder.answers if free[i] else [])
            for i, outcome in enumerate(outcomes)
        ],
    }


def _free_of_answers(entry: Identity, case, outcomes: list[Sides]) -> list[bool]:
    """Which expected sides stay the same when every answer of the subject is changed."""
    try:
        again = entry.sides(_Recorder(1.0009765625), case)
        changed = [outcome for outcome in again if isinstance(outcome, Sides)]
    except Exception:
        return [False] * len(outcomes)
    if len(changed) != len(outcomes):
        return [False] * len(outcomes)
    return [
        np.array_equal(np.asarray(a.right), np.asarray(b.right), equal_nan=True)
        for a, b in zip(outcomes, changed, strict=True)
    ]


def _outcome(outcome: Sides, answers: list) -> dict[str, Any]:
    right = np.asarray(outcome.right)
    finite = np.abs(right[np.isfinite(right)]).max(initial=0.0)
    scale = finite if outcome.scale is None else outcome.scale
    return {
        "label": outcome.label,
        "expected": plain(right),
        "scale": plain(np.maximum(np.asarray(scale, float), np.finfo(float).tiny)),
        "of": _of(np.asarray(outcome.left), answers),
    }


def _of(left: np.ndarray, answers: list) -> dict[str, Any] | None:
    """The call, and the part of its answer, that this side is."""
    for i, answer in enumerate(answers):
        for part, value in _parts(answer):
            if value.shape == left.shape and np.array_equal(value, left, equal_nan=True):
                return {"call": i, "part": part}
    return None


def _parts(answer):
    if isinstance(answer, dict):
        return [(key, np.asarray(value)) for key, value in answer.items()]
    if isinstance(answer, tuple):
        return [(i, np.asarray(value)) for i, value in enumerate(answer)]
    return [(None, np.asarray(answer))]


def _names(answer) -> list | None:
    return [part for part, _ in _parts(answer)] if isinstance(answer, (dict, tuple)) else None


def _scaled(answer, factor: float):
    if factor == 1.0:
        return answer
    if isinstance(answer, dict):
        return {key: _scaled(value, factor) for key, value in answer.items()}
    if isinstance(answer, tuple):
        return tuple(_scaled(value, factor) for value in answer)
    return answer * factor


def plain(value) -> Any:
    """Arrays as nested lists, descriptions as objects, numbers JSON can write.

    Raises TypeError for a function: another language could not be handed it.
    """
    if hasattr(value, "parameters_by_name"):
        return {"kind": value.kind, **plain(value.parameters_by_name)}
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if callable(value) or inspect.isclass(value):
        raise TypeError("an argument is a function, which JSON cannot carry")
    array = np.asarray(value)
    if array.ndim:
        return [plain(entry) for entry in array]
    if array.dtype.kind in "biu":
        return array.item()
    if array.dtype.kind == "c":
        return [number(array.real), number(array.imag)]
    return number(array)
