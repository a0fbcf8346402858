"""One undeclared convention that explains every failure of a subject, if there is one."""

from __future__ import annotations

import numpy as np

from refscore.verify import conventions
from refscore.verify.ports import PORTS
from refscore.verify.report import CheckResult
from refscore.verify.runner import OUTCOMES_A_CHECK, evaluate_case
from refscore.verify.subject import Subject


def undeclared(subject: Subject, entries, alpha: float, failed: list[CheckResult]) -> list:
    """The (name, value) of each single convention under which every offered check holds."""
    spoken = [
        {name for port in check.ports for name in _conventions_of(port)} - set(subject.declared)
        for check in failed
    ]
    found = []
    for name in sorted(set.intersection(*spoken)):
        for value in conventions.values_of(name)[1:]:
            other = subject.redeclared(**subject.declared, **{name: value})
            if _all_hold(other, entries, alpha, failed):
                found.append((name, value))
    return found


def _conventions_of(port: str):
    family = conventions.FAMILIES.get(PORTS[port].group)
    return family.VALUES if family else ()


def _all_hold(subject, entries, alpha, failed: list[CheckResult]) -> bool:
    """Every offered check holds, each failed one on a case at least; ends where one fails."""
    offered = set(subject.offered())
    share = alpha / (max(len(entries), 1) * OUTCOMES_A_CHECK)
    cost = {check.name: check.seconds for check in failed}
    wrong = {(check.name, c.case) for check in failed for c in check.cases if c.verdict == "fails"}
    ran = [entry for entry in entries if set(entry.ports) <= offered]
    for entry in sorted(ran, key=lambda entry: cost.get(entry.name, np.inf)):
        verdicts = set()
        for case in sorted(entry.cases(), key=lambda case: (entry.name, case.name) not in wrong):
            verdicts.add(evaluate_case(entry, subject, case, share).verdict)
            if verdicts & {"fails", "error"}:
                return False
        if entry.name in cost and "holds" not in verdicts:
            return False
    return True
