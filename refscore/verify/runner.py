"""Run the catalogue on a subject."""

from __future__ import annotations

import time
import traceback
import warnings
from collections.abc import Callable, Iterable
from os import PathLike
from typing import Any

import numpy as np

from refscore.identities import Draws, Identity, catalogue, find
from refscore.verify import conventions, prerequisites
from refscore.verify.compare import ALPHA, Judgement, drawn, judge
from refscore.verify.errors import Malformed, NotOffered, Stopped, SubjectError, said
from refscore.verify.evidence.engine import Engine
from refscore.verify.hints import hints
from refscore.verify.loading import load
from refscore.verify.ports import PORTS
from refscore.verify.report import CaseResult, CheckResult, Report
from refscore.verify.signatures import left_out
from refscore.verify.subject import Subject

_ORDER = ("error", "fails", "undecided", "holds", "not offered")
_PREREQUISITE = "Shape, finite values, repeatable, inputs untouched, rows independent."


def run(
    subject: Any,
    *,
    checks: Iterable[str] | None = None,
    alpha: float = ALPHA,
    diagnose: bool = True,
    progress: Callable[[str], None] | None = None,
    evidence: str | PathLike | None = None,
    more: bool = False,
    eps: float | None = None,
) -> Report:
    """Hold a subject against the catalogue.

    `subject`: an object with ports, or what the command line takes (`"file.py"`,
    `"module:object"`). `checks`: ids, names, rows or chapters; default all. `alpha`: the
    probability that a right subject is called wrong by any statistical check of the run.
    `progress`: called with the name of each check before it runs, and with "diagnosis" before
    the failures are explained. `evidence`: a file where
    what draws showed is kept after every batch and continued from; `more`: draw as much again,
    from fresh seeds. `eps`: the deviation that matters, instead of each outcome's own.
    """
    start = time.perf_counter()
    target = subject if isinstance(subject, str) else ""
    loaded = load(subject) if target else subject
    tested = loaded if isinstance(loaded, Subject) else Subject(loaded)
    entries = _selected(checks)
    if more and evidence is None:
        raise ValueError("more needs evidence, a file to go on from")
    store = None if evidence is None else _store(evidence, tested)
    engine = Engine(store, more, eps=eps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results, names = _run_entries(tested, entries, alpha, progress, engine)
        report = Report(tested.name, tested.version, tested.framework_name, results, names)
        report.target = target
        if diagnose and any(c.verdict == "fails" for c in results):
            if progress:
                progress("diagnosis")
            _explain(report, tested, entries, alpha, eps)
    _expected(report, tested, entries, checks is None)
    report.hints += hints(report, tested, _ports(entries))
    report.hints += store.messages if store else []
    report.seconds = time.perf_counter() - start
    return report


def _store(path: str | PathLike, subject: Subject):
    from refscore.verify.evidence.store import Store

    return Store(path, subject)


def _selected(checks: Iterable[str] | None) -> list[Identity]:
    if checks is None:
        return list(catalogue().values())
    keys = [checks] if isinstance(checks, str) else list(checks)
    chosen = {entry.name: entry for key in keys for entry in find(key)}
    return [entry for name, entry in catalogue().items() if name in chosen]


def _ports(entries: Iterable[Identity]) -> set[str]:
    """The ports these identities call."""
    return {port for entry in entries for port in entry.ports}


def _run_entries(subject, entries, alpha, progress, engine):
    """Prerequisites first, then every identity whose ports passed them."""
    results: list[CheckResult] = []
    blocked: dict[str, str] = {}
    declined: set[str] = set()  # offered by name, and every case declined
    drawing: dict[str, str] = {}  # right on given draws, wrong where it draws by itself
    wanted, offered = _ports(entries), subject.offered()
    for port in (port for port in PORTS if port in wanted):
        if port not in offered:
            results.append(_absent(port))
            continue
        if progress:
            progress(f"{port}_prerequisites")
        result, only_drawn = _prerequisite(subject, port, entries)
        results.append(result)
        if result.verdict == "not offered":
            declined.add(port)
        elif result.verdict != "holds":
            said = "undecided" if result.verdict == "undecided" else "failed"
            (drawing if only_drawn else blocked)[port] = f"{result.name} {said}"
    share = share_of_check(alpha)
    for entry in entries:
        if progress:
            progress(entry.name)
        missing = [port for port in entry.ports if port not in offered or port in declined]
        stop = {**blocked, **drawing} if entry.draws == "rng" else blocked
        stuck = [stop[port] for port in entry.ports if port in stop]
        if missing:
            note = f"{', '.join(missing)} not offered"
            results.append(_empty(entry, "not offered", note))
        elif stuck:
            results.append(_empty(entry, "blocked", ", ".join(stuck)))
        else:
            results.append(evaluate(entry, subject, share, engine=engine))
    return results, len(entries) + len(wanted)


def _empty(entry: Identity, verdict: str, note: str) -> CheckResult:
    return CheckResult(
        entry.id, entry.name, verdict, entry.ports, entry.statement, entry.summary, entry.kind,
        note=note,
    )  # fmt: skip


def _absent(port: str) -> CheckResult:
    """The prerequisite of a port that is not offered: a check that exists and did not run."""
    name, note = f"{port}_prerequisites", f"{port} not offered"
    return CheckResult("P", name, "not offered", (port,), "", _PREREQUISITE, note=note)


def _prerequisite(subject: Subject, port: str, entries) -> tuple[CheckResult, bool]:
    """The result, and whether all but the port's own drawing is right."""
    name = f"{port}_prerequisites"
    result = CheckResult("P", name, "holds", (port,), "", _PREREQUISITE, "exact")
    start, only_drawn = time.perf_counter(), False
    try:
        arguments = prerequisites.first_call(subject, port, entries)
        if arguments is None:
            result.verdict, result.note = _never_called(subject, port, entries)
            return result, False
        subject.unasked.clear()
        found = prerequisites.failures(subject, port, arguments)
        found += [left.message for left in subject.unasked[:1] if found]
        only_drawn = not found and "rng" not in arguments
        if only_drawn:
            drawn = prerequisites.first_call(subject, port, entries, draws="rng")
            found = prerequisites.failures(subject, port, drawn) if drawn else []
        result.verdict, result.note = ("fails", "; ".join(found)) if found else ("holds", "")
    except Exception as error:
        result.verdict, result.note = "error", _blame(error)
    result.seconds = time.perf_counter() - start
    return result, only_drawn


def _never_called(subject: Subject, port: str, entries) -> tuple[str, str]:
    """A port that declines every case is not offered; one without draws is a mistaken adapter."""
    given = PORTS[port].given
    takes = subject.takes(port)
    judged_by_draws = any(port in e.ports and e.draws == "rng" for e in entries)
    if given not in (None, "rng") and not takes[0] and takes[1] and not judged_by_draws:
        return "undecided", (
            f"{port} draws by itself, and no check decides that yet; hand it its draws, an argument"
            f" {given}, or run a library that draws inside under refscore.verify.replay"
        )
    if given is None or any(subject.takes(port)[:2]):
        return "not offered", "no case of the catalogue was accepted"
    source = subject.source
    function = source[port] if isinstance(source, dict) else getattr(source, port)
    absent = left_out(function, PORTS[port])
    if absent:
        return "error", (
            f"{port} takes no {', '.join(absent)}, which comes before the draws: arguments are"
            f" handed over by position, {PORTS[port].signature}"
        )
    return "error", (
        f"{port} names neither {given} nor rng, so no check can call it; a library that draws"
        " inside can be handed its draws by refscore.verify.replay"
    )


def share_of_check(alpha: float) -> float:
    """What one statistical check may spend: the same of every run, whatever it selects."""
    return alpha / max(1, sum(entry.kind == "expectation" for entry in catalogue().values()))


def evaluate(
    entry: Identity, subject, alpha: float, cases=None, *, engine: Engine | None = None
) -> CheckResult:
    """One identity on all its cases (or on those given); `alpha` is the share of the check."""
    result = _empty(entry, "not offered", "")
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
        return CaseResult(case.name, "error", note=_blame(error))
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


def _is_nan(right) -> bool:
    """An expected value that cannot be had: nothing to hold an answer against."""
    numbers = right is not None and np.asarray(right).dtype.kind in "fc"
    return numbers and bool(np.isnan(right).any())


def _blame(error: BaseException) -> str:
    """The error with the last line of code it came from."""
    if isinstance(error, Stopped) and error.__cause__:
        error = error.__cause__
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {said(error)[:300]}{where}"


def _explain(report: Report, subject: Subject, entries, alpha, eps=None) -> None:
    """Read the failures: one undeclared convention for all of them, or named mistakes."""
    from refscore.verify import diagnosis
    from refscore.verify.undeclared import settle

    for check in report.checks:
        if check.verdict == "fails" and check.id != "P":
            check.diagnosis = diagnosis.explain(check, report, subject, eps)
    settle(report, subject, entries, alpha, eps)


def _expected(report: Report, subject: Subject, entries, whole: bool) -> None:
    """Mark declared failures; one that holds, or names no check, is stale: an error."""
    for key, reason in subject.expected_failures.items():
        try:
            check = report[key]
        except KeyError:
            if not whole:
                continue
            if not any(key in (e.name, e.id) for e in catalogue().values()):
                raise SubjectError(f"expected_failures names no check: {key!r}") from None
            continue
        if check.verdict in ("fails", "undeclared convention", "undecided", "error"):
            check.expected_failure = reason
        elif check.verdict == "holds":
            check.verdict, check.note = "error", f"declared to fail ({reason}), but it holds: stale"
