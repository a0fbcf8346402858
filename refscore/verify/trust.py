"""When a second look at what failed may be believed."""

from __future__ import annotations

from refscore.identities.base import Draws
from refscore.verify.evidence.engine import Engine, Result
from refscore.verify.judging import evaluate_case
from refscore.verify.report import CaseResult, CheckResult, Diagnosis
from refscore.verify.subject import Subject

_PART = 0.6  # of the deviation that matters: what is inferred must fit better than what is said
_AGAIN = "not reproducible: the same calls with the same seeds now hold; a state may be kept"


class Strict(Engine):
    """Judges draws by a part of the deviation that matters."""

    def collect(self, outcome: Draws, key: tuple[str, ...], level: float) -> Result:
        """As `Engine.collect`, with a smaller `eps`."""
        eps = _PART * (outcome.eps if self.eps is None else self.eps)
        return Engine(eps=eps).collect(outcome, key, level)


def believed(case: CaseResult) -> bool:
    """The law under another convention is certified, and nothing speaks against it."""
    if case.verdict == "not offered":
        return True
    return case.verdict == "holds" and not any(
        (j.evidence or {}).get("note") for j in case.judgements
    )


def forgotten(failed: list[CheckResult], subject: Subject, entries, level) -> bool:
    """Some failure of draws does not come back; its check then says so, and has no other name."""
    named = {entry.name: entry for entry in entries}
    found = False
    for check in failed:
        if check.kind == "expectation" and not _returns(check, named[check.name], subject, level):
            check.diagnosis = Diagnosis((), _AGAIN)
            found = True
    return found


def _returns(check: CheckResult, entry, subject: Subject, level) -> bool:
    """Every case that failed does not hold when it is asked again."""
    wrong = {case.case for case in check.cases if case.verdict == "fails"}
    share = level.share / max(1, len(check.cases))
    again = (
        evaluate_case(entry, subject, case, share, engine=Engine(eps=level.eps)).verdict
        for case in entry.cases()
        if case.name in wrong
    )
    return "holds" not in again
