"""One identity held against one subject: what it returned, judged case by case."""

from __future__ import annotations

import time
import traceback

import numpy as np

from refscore.identities import Draws, Identity, catalogue
from refscore.verify import conventions
from refscore.verify.compare import Judgement, drawn, judge
from refscore.verify.errors import Malformed, NotOffered, Stopped, said
from refscore.verify.evidence.engine import Engine
from refscore.verify.ports import PORTS
from refscore.verify.report import CaseResult, CheckResult

_ORDER = ("error", "fails", "undecided", "holds", "not offered")


def share_of_check(alpha: float) -> float:
    """What one statistical check may spend: the same of every run, whatever it selects."""
    return alpha / max(1, sum(entry.kind == "expectation" for entry in catalogue().values()))


def unjudged(entry: Identity, verdict: str, note: str) -> CheckResult:
    """A check that exists and did not run."""
    return CheckResult(
        entry.id, entry.name, verdict, entry.ports, entry.statement, entry.summary, entry.kind,
        note=note,
    )  # fmt: skip


def evaluate(
    entry: Identity, subject, alpha: float, cases=None, *, engine: Engine | None = None
) -> CheckResult:
    """One identity on all its cases (or on those given); `alpha` is the share of the check."""
    result = unjudged(entry, "not offered", "")
    start, calls = time.perf_counter(), len(subject.calls)
    chosen = list(entry.cases() if cases is None else cases)
    for case in chosen:
        share = alpha / len(chosen)
        result.cases.append(evaluate_case(entry, subject, case, share, engine=engine))
    _same_reason(result.cases)
    result.seconds = time.perf_counter() - start
    result.calls = len(subject.calls) - calls
    verdicts = {case.verdict for case in result.cases}
    for verdict in _ORDER:
        if verdict in verdicts:
            result.verdict = verdict
            break
    notes = {case.note for case in result.cases if case.note and case.verdict == result.verdict}
    result.note = "; ".join(sorted(notes))
    skipped = sum(case.verdict == "not offered" for case in result.cases)
    if skipped and result.verdict != "not offered":
        result.note = (result.note + f" ({skipped} of {len(result.cases)} cases declined)").strip()
    return result


def _same_reason(cases: list[CaseResult]) -> None:
    """A library that asked for some of its draws left the others on purpose, on every case."""
    if any(case.verdict == "fails" for case in cases):
        for case in cases:
            if case.verdict == "error" and "never asked for" in case.note and case.judgements:
                case.verdict = "fails"


def evaluate_case(
    entry: Identity, subject, case, alpha: float, *, engine: Engine | None = None
) -> CaseResult:
    """One identity on one case; an exception of the subject, or of the judging, is an error.

    `alpha` is the share of this case.
    """
    declined = conventions.declines(entry.name, subject.declared)
    if declined:
        return CaseResult(case.name, "not offered", note=declined)
    subject.unasked.clear()
    try:
        outcomes = list(entry.sides(subject, case))
        judgements = judged_all(entry, subject, case, outcomes, alpha, engine)
    except (NotOffered, NotImplementedError) as error:
        return CaseResult(case.name, "not offered", note=said(error) or "declined")
    except Malformed as error:
        wrong = Judgement("answer", False, float("inf"), entry.tolerance, str(error))
        return CaseResult(case.name, "fails", [wrong], str(error))
    except Exception as error:
        return CaseResult(case.name, "error", note=blamed(error))
    if not judgements:
        return CaseResult(case.name, "error", note="the identity compared nothing")
    wrong = [j for j in judgements if not (j.holds or j.undecided)]
    if wrong and all(_is_nan(j.right) for j in wrong):
        return CaseResult(case.name, "error", judgements, "what was expected is not a number")
    if wrong and subject.unasked:
        left = subject.unasked[0]
        verdict = "fails" if left.partly else "error"
        return CaseResult(case.name, verdict, judgements, left.message)
    if wrong:
        return CaseResult(case.name, "fails", judgements)
    open_ = [j for j in judgements if j.undecided]
    verdict = "undecided" if open_ else "holds"
    notes = [(j.evidence or {}).get("note", "") for j in judgements] if not open_ else [
        f"{j.label}: {j.detail.partition('; gap and')[0]}" for j in open_]  # fmt: skip
    return CaseResult(case.name, verdict, judgements, "; ".join(filter(None, notes)))


def judged_all(
    entry: Identity, subject, case, outcomes: list, alpha: float, engine: Engine | None = None
) -> list[Judgement]:
    """Every outcome of a case; those that draw share its part of the false alarms."""
    drawing = max(1, sum(isinstance(o, Draws) for o in outcomes))
    found, labels = [], [str(getattr(o, "label", "")) for o in outcomes]
    for i, outcome in enumerate(outcomes):
        if isinstance(outcome, Draws):
            key = (entry.name, case.name, f"{outcome.label}#{labels[:i].count(labels[i])}")
            found.append(drawn(outcome, engine or Engine(), key, alpha / drawing))
        else:
            found.append(judged(entry, subject, outcome))
    return found


def judged(entry: Identity, subject, outcome) -> Judgement:
    """One outcome in the tolerance of the subject's precision; a mean loss may stand for losses."""
    tolerance = entry.tolerance
    if subject.dtype == "float32":  # what differences lose in double precision, they lose here
        tolerance = max(tolerance, min(max(1e-4, 1e4 * tolerance), 1e-2))
    means = all(PORTS[port].returns == "losses" for port in entry.ports)
    return judge(outcome, tolerance, means=means)


def _is_nan(right) -> bool:
    """An expected value that cannot be had: nothing to hold an answer against."""
    numbers = right is not None and np.asarray(right).dtype.kind in "fc"
    return numbers and bool(np.isnan(right).any())


def blamed(error: BaseException) -> str:
    """The error with the last line of code it came from."""
    if isinstance(error, Stopped) and error.__cause__:
        error = error.__cause__
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {said(error)[:300]}{where}"
