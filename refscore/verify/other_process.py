"""Whether another process than the declared one explains every failure: tried, not guessed.

The named kinds are tried with their usual numbers, and where none fits, with numbers fitted to
what a failing check returned; said only where every check then holds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np

from refscore.identities import Sides, catalogue
from refscore.identities.settings import PROCESSES, process_of
from refscore.verify.conventions import APPLIES
from refscore.verify.ports import PORTS
from refscore.verify.report import CheckResult
from refscore.verify.roughness import small
from refscore.verify.subject import Subject

_GROUPS = {"processes", "reverse", "likelihood", "guidance"}
_NUMBERS = {"vp": ("beta_min", "beta_max"), "sub_vp": ("beta_min", "beta_max"),
            "ve": ("sigma_min", "sigma_max"), "cosine": ("offset",)}  # fmt: skip
_PATIENCE, _QUICK = 1.0, 0.01  # seconds a case of what is tried, CPU seconds of what is fitted
_CALLS, _CLOSE = 14, 1e-5  # steps of a fit, and what it must come to


def fitting(subject: Subject, failed: list[CheckResult], holds, *, fit: bool = True) -> list[dict]:
    """The processes, as an adapter declares them, under which all holds: `holds(subject)`.

    A reading may come with `"clock": "data at 1"`, a convention. Without `fit` only the usual
    numbers are tried."""
    of_a_process = [c for c in failed if any(PORTS[p].group in _GROUPS for p in c.ports)]
    exact = [c for c in of_a_process if c.kind in ("exact", "exact law") and c.cases]
    quick = sorted((c for c in exact if _pace(c) < _PATIENCE), key=_pace)
    if not quick or all(map(small, exact)):
        return []
    own = process_of(subject)
    usual = [p for p in _usual() if process_of(SimpleNamespace(process=p)) != own]
    found = [p for p in usual if holds(_under(subject, p))]
    if not found and set(subject.offered()) & set(APPLIES["clock"]):
        turned = [{**p, "clock": "data at 1"} for p in usual if "clock" not in subject.declared]
        found = [p for p in turned if holds(_under(subject, p))]
    if not found and fit:
        found = [p for p in _fitted(subject, quick) if holds(_under(subject, p))][:1]
    return found


def other_reading(subject: Subject, holds) -> list[dict]:
    """The declared process with its start read the other way, if all holds under it."""
    own = vars(process_of(subject))
    if "exact" not in own or not set(subject.offered()) & _ports():
        return []
    other = {**own, "exact": not own["exact"]}
    return [other] if holds(_under(subject, other)) else []


def _ports() -> set[str]:
    return {name for name, port in PORTS.items() if port.group in _GROUPS}


def _pace(check: CheckResult) -> float:
    """Seconds a case."""
    return check.seconds / len(check.cases)


def said(process: dict) -> str:
    """What an adapter declares."""
    own = {name: value for name, value in process.items() if name != "clock"}
    inside = ", ".join(f'"{k}": ' + (f'"{v}"' if isinstance(v, str) else f"{v!r}")
                       for k, v in own.items())  # fmt: skip
    clock = ' and conventions = {"clock": "data at 1"}' if "clock" in process else ""
    return f"process = {{{inside}}}{clock}"


def _usual() -> Iterator[dict[str, Any]]:
    for kind, numbers in PROCESSES.items():
        yield {"kind": kind, **numbers}
        if "exact" in numbers:
            yield {"kind": kind, **numbers, "exact": not numbers["exact"]}


def _under(subject: Subject, process: dict) -> Subject:
    """The subject with another process, and the clock that comes with it."""
    clock = {"clock": process["clock"]} if "clock" in process else {}
    other = subject.redeclared(**{**subject.declared, **clock})
    own = {name: value for name, value in process.items() if name != "clock"}
    other.process, other.dtype = process_of(SimpleNamespace(process=own)), subject.dtype
    return other


def _fitted(subject: Subject, failed: list[CheckResult]) -> Iterator[dict]:
    """Kinds with the numbers, to three digits, that bring a failing case nearest to what it
    should return."""
    from scipy.optimize import least_squares

    check = failed[0]
    entry, wrong = catalogue()[check.name], {c.case for c in check.cases if c.verdict == "fails"}
    cases = [case for case in entry.cases() if case.name in wrong][:3]
    if _slow(entry, subject, cases):
        return
    for usual in _usual():
        names = _NUMBERS.get(usual["kind"], ())
        if not names:
            continue

        def gap(logs, usual=usual, names=names):
            numbers = dict(zip(names, map(float, np.sort(np.exp(logs)))))
            return _gaps(entry, _under(subject, {**usual, **numbers}), cases)

        start = np.log([usual[name] for name in names])
        try:
            fit = least_squares(gap, start, max_nfev=_CALLS, x_scale=1.0)
        except Exception:  # no finite answer there
            continue
        if np.abs(fit.fun).max() < _CLOSE:
            yield {**usual, **{n: float(f"{v:.3g}") for n, v in zip(names, np.sort(np.exp(fit.x)))}}


def _slow(entry, subject: Subject, cases) -> bool:
    """What takes long, or cannot be compared, is not fitted."""
    start = time.process_time()
    try:
        _gaps(entry, subject, cases)
    except Exception:  # another shape than what is expected, say
        return True
    return time.process_time() - start > _QUICK * len(cases)


def _gaps(entry, subject: Subject, cases) -> np.ndarray:
    """Left minus right of all that is compared, in units of its scale."""
    found = []
    for case in cases:
        for outcome in entry.sides(subject, case):
            if isinstance(outcome, Sides):
                left, right = np.asarray(outcome.left, float), np.asarray(outcome.right, float)
                found.append(np.ravel(left - right) / (np.abs(right).max() or 1.0))
    return np.concatenate(found)
