"""Which known mistake draws nothing: where other seeds gave one result, it gives the same one."""

from __future__ import annotations

import numpy as np

from refscore.verify.first_calls import call, first_call
from refscore.verify.prerequisites import ONE_RESULT
from refscore.verify.report import CheckResult, Diagnosis
from refscore.verify.setting import setting_of, under
from refscore.verify.subject import Subject

_SEEDS = 11, 12, 13


def undrawn(check: CheckResult, subject: Subject, entries) -> Diagnosis | None:
    """The named mistakes that return what this failed prerequisite saw, whatever the seed."""
    from refscore.verify.mutants.own_process import candidates, plain

    port, arguments = check.ports[0], None
    if ONE_RESULT in check.note:
        arguments = first_call(subject, port, entries, draws="rng")
    if arguments is None:
        return None
    seen = _flat(call(subject, port, arguments))
    known = {name: wrong for name, wrong in candidates().items() if wrong.port == port}
    fitting = [name for name, wrong in known.items() if _same(wrong, seen, subject, arguments)]
    if not fitting:
        return None
    said = dict.fromkeys(f"{plain(name)}: {known[name].summary}" for name in fitting)
    return Diagnosis(tuple(dict.fromkeys(map(plain, fitting))), "; or, alike here, ".join(said))


def _same(wrong, seen: np.ndarray, subject: Subject, arguments: dict) -> bool:
    """The mistaken library returns this from every seed."""
    setting = setting_of(subject)
    close = (1e-4, 1e-6) if setting.dtype == "float32" else (1e-6, 1e-9)
    with under(setting):
        mistaken = Subject(wrong.subject(setting))
        try:
            each = [_flat(call(mistaken, wrong.port, {**arguments, "rng": s})) for s in _SEEDS]
            same = (a.size == seen.size and np.allclose(a, seen, *close) for a in each)
            return all(same)
        except Exception:  # it takes no generator, or ends in an error
            return False


def _flat(answer) -> np.ndarray:
    """All numbers of an answer in one row."""
    parts = answer.values() if isinstance(answer, dict) else answer
    parts = parts if isinstance(answer, (tuple, dict)) else (answer,)
    return np.concatenate([np.ravel(np.asarray(part, float)) for part in parts])
