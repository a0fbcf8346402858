"""Whether a subject passes every check when it is read otherwise than it declares."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore.verify import conventions
from refscore.verify.evidence.engine import Engine
from refscore.verify.judging import evaluate_case
from refscore.verify.report import CheckResult
from refscore.verify.subject import Subject
from refscore.verify.trust import Strict, believed


class Level(NamedTuple):
    """As the runner judges, so that nothing but the declaration changes."""

    share: float
    eps: float | None


def redeclared(subject: Subject, changes: dict) -> Subject:
    """The subject with these declared besides what it declares itself."""
    return subject.redeclared(**{**subject.declared, **changes})


def all_hold(
    subject, entries, level: Level, failed: list[CheckResult], *, closely: bool = True,
    each: bool = True,
) -> bool:  # fmt: skip
    """Every offered check holds, each failed one on a case at least; ends where one fails.

    `closely`: draws of a check that failed must fit better than what is declared has to.
    `each`: without it one failed check has to hold, as others say nothing of other processes."""
    offered = set(subject.offered())
    cost = {check.name: check.seconds for check in failed}
    wrong = {(check.name, c.case) for check in failed for c in check.cases if c.verdict == "fails"}
    ran, held = [entry for entry in entries if set(entry.ports) <= offered], 0
    for entry in sorted(ran, key=lambda entry: cost.get(entry.name, np.inf)):
        if conventions.declines(entry.name, subject.declared):
            continue
        verdicts, cases = set(), len(list(entry.cases()))
        for case in sorted(entry.cases(), key=lambda case: (entry.name, case.name) not in wrong):
            strict = closely and entry.name in cost and entry.kind == "expectation"
            engine = (Strict if strict else Engine)(eps=level.eps)
            found = evaluate_case(entry, subject, case, level.share / cases, engine=engine)
            verdicts.add(found.verdict)
            if verdicts & {"fails", "error"} or (strict and not believed(found)):
                return False
        if each and entry.name in cost and "holds" not in verdicts:
            return False
        held += entry.name in cost and "holds" in verdicts
    return held > 0
