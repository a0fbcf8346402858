"""The kit under pytest: one test a check.

@refscore.verify.parametrize(subject)
def test_conformance(check):
    check()
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NamedTuple

from refscore.verify.compare import ALPHA
from refscore.verify.loading import load
from refscore.verify.render import as_number, e_value, outcomes
from refscore.verify.render.text import clean
from refscore.verify.report import CheckResult, Report
from refscore.verify.runner import run, selected
from refscore.verify.subject import Subject


def parametrize(
    subject: Any,
    *,
    checks: Iterable[str] | None = None,
    alpha: float = ALPHA,
    diagnose: bool = True,
    **options: Any,
) -> Callable:
    """Decorate a test of one argument `check`: it is run once for every check.

    `subject`, `checks`, `alpha`, `diagnose`, and as `options` its `evidence`, `more` and `eps`:
    as in `run`. The subject is run when the first
    test asks, and only once. A check of an absent port is skipped, so is a blocked one; an
    undeclared convention fails with the line that declares it; `expected_failures` of the
    subject are strict xfails. With `--junitxml` every check that ran carries properties: its
    verdict, gap, tolerance, diagnosis and, where draws decide, e-value, number of draws, the
    largest tolerance of a statistic and what was seen within it.
    """
    import pytest

    session = Session(subject, checks, alpha, diagnose, **options)
    parameters = [
        pytest.param(Check(name, session), id=name, marks=_marks(name, id, ports, session))
        for name, id, ports in session.listed()
    ]
    mark = pytest.mark.parametrize("check", parameters)
    return lambda test: mark(test if inspect.isclass(test) else _recorded(test))


def _recorded(test: Callable) -> Callable:
    """The same test, which leaves what the kit found in the report of pytest."""
    asked = inspect.signature(test)
    shared = "request" in asked.parameters

    @functools.wraps(test)
    def recorded(*args, request, **given):
        # what record_property does, which warns where the XML is of the usual family
        request.node.user_properties += given["check"].properties().items()
        return test(*args, **given, **({"request": request} if shared else {}))

    own = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY)
    parameters = [p for name, p in asked.parameters.items() if name != own.name]
    vars(recorded)["__signature__"] = asked.replace(parameters=[*parameters, own])
    return recorded


class Session:
    """One subject's run, made when it is first needed."""

    def __init__(
        self, subject, checks=None, alpha: float = ALPHA, diagnose: bool = True, **options: Any
    ):
        tested = load(subject) if isinstance(subject, str) else subject
        self.subject = tested if isinstance(tested, Subject) else Subject(tested)
        self.target = subject if isinstance(subject, str) else ""
        self.checks = [checks] if isinstance(checks, str) else checks and list(checks)
        self.alpha, self.diagnose, self.options = alpha, diagnose, options

    @cached_property
    def report(self) -> Report:
        """The report of the only run."""
        settings = {"alpha": self.alpha, "diagnose": self.diagnose, **self.options}
        report = run(self.subject, checks=self.checks, **settings)
        report.target = self.target
        return report

    @cached_property
    def plain(self) -> dict:
        """The report as plain values."""
        return self.report.to_dict()

    @cached_property
    def rendered(self) -> dict[str, dict]:
        """Its checks by name."""
        return {check["name"]: check for check in self.plain["checks"]}

    def listed(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """(name, id, ports) of every check, without running any."""
        entries = selected(self.checks)
        wanted = {port for entry in entries for port in entry.ports}
        ports = [port for port in self.subject.offered() if port in wanted]
        found = [(f"{port}_prerequisites", "P", (port,)) for port in ports]
        return found + [(entry.name, entry.id, entry.ports) for entry in entries]


class Check(NamedTuple):
    """One check of one subject; calling it is the test."""

    name: str
    session: Session

    @property
    def result(self) -> CheckResult:
        """What the run found."""
        return self.session.report[self.name]

    def __call__(self) -> None:
        """Raise an AssertionError with the rendered failure, or skip what was not run."""
        __tracebackhide__ = True
        import pytest

        result = self.result
        if result.verdict in ("not offered", "blocked"):
            pytest.skip(f"{result.verdict}: {result.note}")
        stale = self.name in self._declared or result.id in self._declared
        if result.verdict != "holds" and not (stale and not result.expected_failure):
            raise AssertionError("\n" + self.explanation())

    def properties(self) -> dict[str, str]:
        """What JUnit's XML is told of it."""
        check = self.rendered()
        found, drawn = check["diagnosis"], [o["evidence"] for _, o in outcomes(check)]
        said = {"subject": self.session.report.subject, "id": check["id"], "kind": check["kind"]}
        said["verdict"] = check["verdict"]
        for name in ("gap", "tolerance", "worst_case"):
            said[name] = "" if check[name] is None else str(check[name])
        named = " or ".join(found["mistakes"]) if found else ""
        said["diagnosis"] = named or (found["explanation"] if found else "")
        most = max((e for e in drawn if e), key=lambda e: as_number(e["log_e"]), default=None)
        if most:
            said["e_value"] = e_value(most["log_e"])
            said["draws"] = str(most["draws"])
            said["eps"] = str(max(e["eps"] for e in drawn if e))
            said["note"] = "; ".join(sorted({e["note"] for e in drawn if e and e["note"]}))
        return clean({name: value for name, value in said.items() if value})

    def rendered(self) -> dict:
        """The check as the report's JSON has it."""
        return self.session.rendered[self.name]

    def raise_if_failed(self) -> None:
        """The same as calling it."""
        __tracebackhide__ = True
        self()

    @property
    def _declared(self) -> dict[str, str]:
        return self.session.subject.expected_failures

    def explanation(self) -> str:
        """The failure as the report shows it; for a convention, the line that declares it."""
        from refscore.verify.render.terminal import failure

        return failure(clean(self.session.plain), clean(self.rendered()))

    def __repr__(self) -> str:
        return f"<check {self.name}>"


def _marks(name: str, id: str, ports: tuple[str, ...], session: Session) -> list:
    import pytest

    missing = [port for port in ports if port not in session.subject.offered()]
    if missing:
        return [pytest.mark.skip(reason=f"not offered: {', '.join(missing)}")]
    declared = session.subject.expected_failures
    reason = declared.get(name, declared.get(id))
    if reason is None:
        return []
    return [pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError)]
