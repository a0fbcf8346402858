"""Whether small errors are those of single precision: they stay under changes far below a float32's
spacing, and are redrawn by changes of a few of them; a loose solver's are the same on both."""

from __future__ import annotations

import numpy as np

from refscore.identities import Case, Identity, Sides
from refscore.identities.cases import Description
from refscore.verify.compare import Judgement
from refscore.verify.report import CheckResult
from refscore.verify.subject import Subject

_FINE, _COARSE = (1e-12, 3e-12), (2e-7, 5e-7, 1.1e-6, 1.7e-6)  # a float32's spacing is 1.2e-7
_KEPT = {"weights", "probes"}  # sum to one, are signs
SMALL = 1e-4  # of the size of what was compared
LITTLE = 0.05  # what long steps of a right method may still do


def texture(entry: Identity, subject: Subject, check: CheckResult) -> str:
    """The errors of the cases that failed: those of "single" precision, "smooth" or "noisy"."""
    wrong = {c.case for c in check.cases if c.verdict == "fails"}
    found = {_of_case(entry, subject, case) for case in entry.cases() if case.name in wrong} - {""}
    return found.pop() if len(found) == 1 else "noisy" if found else ""


def small(check: CheckResult) -> bool:
    """Nothing of it is off by more than single precision can be."""
    gaps = [j.gap for case in check.cases for j in case.judgements]
    return check.kind in ("exact", "exact law") and max(gaps, default=np.inf) <= SMALL


def worst_of(check: CheckResult) -> Judgement:
    """What of a check is off by most."""
    return max((j for case in check.cases for j in case.judgements), key=lambda j: j.gap)


def _of_case(entry: Identity, subject: Subject, case: Case) -> str:
    try:
        here = _errors(entry, subject, case)
        fine, coarse = (
            max(np.linalg.norm(_errors(entry, subject, _near(case, step)) - here) for step in steps)
            for steps in (_FINE, _COARSE)
        )
    except Exception:  # no case near this one
        return ""
    size = np.linalg.norm(here)
    if fine > 0.1 * size:
        return "noisy"
    return "single" if coarse > 0.3 * size else "smooth"


def _errors(entry: Identity, subject: Subject, case: Case) -> np.ndarray:
    """What is compared, left minus right, in units of its scale."""
    found = []
    for outcome in entry.sides(subject, case):
        if isinstance(outcome, Sides):
            left, right = np.asarray(outcome.left, float), np.asarray(outcome.right, float)
            scale = np.abs(right).max() if outcome.scale is None else outcome.scale
            found.append(np.ravel((left - right) / np.maximum(scale, 1e-300)))
    return np.concatenate(found)


def _near(case: Case, step: float) -> Case:
    """The case with every number a little smaller, each by its own part of a step."""
    inputs = {}
    for place, (name, value) in enumerate(case.inputs.items()):
        inputs[name] = _scaled(name, value, 1 - step * (1 + 0.37 * place))
    return Case(case.name, **inputs)


def _scaled(name: str, value, factor: float):
    if isinstance(value, Description):
        parts = {k: _scaled(k, v, factor) for k, v in value.parameters_by_name.items()}
        return type(value)(value.kind, **parts)
    floats = isinstance(value, float) or getattr(value, "dtype", None) == np.float64
    return value * factor if floats and name not in _KEPT else value
