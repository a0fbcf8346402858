"""Run the catalogue on a subject."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable
from os import PathLike
from typing import Any

from refscore.identities import Identity, catalogue, find
from refscore.verify import diagnosis, prerequisites
from refscore.verify.compare import ALPHA
from refscore.verify.errors import SubjectError
from refscore.verify.evidence.engine import Engine
from refscore.verify.hints import hints
from refscore.verify.judging import evaluate, share_of_check, unjudged
from refscore.verify.loading import load
from refscore.verify.ports import PORTS
from refscore.verify.report import CheckResult, Report
from refscore.verify.subject import Subject
from refscore.verify.undeclared import settle
from refscore.verify.undrawn import undrawn


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
    entries = selected(checks)
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


def selected(checks: Iterable[str] | None) -> list[Identity]:
    """The identities of ids, names, rows or chapters; all of them by default."""
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
            results.append(prerequisites.absent(port))
            continue
        if progress:
            progress(f"{port}_prerequisites")
        result, only_drawn = prerequisites.checked(subject, port, entries)
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
            results.append(unjudged(entry, "not offered", note))
        elif stuck:
            results.append(unjudged(entry, "blocked", ", ".join(stuck)))
        else:
            results.append(evaluate(entry, subject, share, engine=engine))
    return results, len(entries) + len(wanted)


def _explain(report: Report, subject: Subject, entries, alpha, eps=None) -> None:
    """Read the failures: one undeclared convention for all of them, or named mistakes."""
    for check in report.checks:
        if check.verdict == "fails" and check.id == "P":
            check.diagnosis = undrawn(check, subject, entries)
        elif check.verdict == "fails":
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
