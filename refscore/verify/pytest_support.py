"""The kit under pytest: one test a check.

@refscore.verify.parametrize(subject)
def test_conformance(check):
    check()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NamedTuple

from refscore.verify.compare import ALPHA
from refscore.verify.loading import load
from refscore.verify.report import CheckResult, Report
from refscore.verify.runner import _selected, run
from refscore.verify.subject import Subject


def parametrize(
    subject: Any,
    *,
    checks: Iterable[str] | None = None,
    alpha: float = ALPHA,
    diagnose: bool = True,
) -> Callable:
    """Decorate a test of one argument `check`: it is run once for every check.

    `subject`, `checks`, `alpha`, `diagnose`: as in `run`. The subject is run when the first
    test asks, and only once. A check of an absent port is skipped, so is a blocked one; an
    undeclared convention fails with the line that declares it; `expected_failures` of the
    subject are strict xfails.
    """
    import pytest

    session = Session(subject, checks, alpha, diagnose)
    parameters = [
        pytest.param(Check(name, session), id=name, marks=_marks(name, id, ports, session))
        for name, id, ports in session.listed()
    ]
    return pytest.mark.parametrize("check", parameters)


class Session:
    """One subject's run, made when it is first needed."""

    def __init__(self, subject, checks=None, alpha: float = ALPHA, diagnose: bool = True):
        tested = load(subject) if isinstance(subject, str) else subject
        self.subject = tested if isinstance(tested, Subject) else Subject(tested)
        self.target = subject if isinstance(subject, str) else ""
        self.checks = [checks] if isinstance(checks, str) else checks and list(checks)
        self.alpha, self.diagnose = alpha, diagnose

    @cached_property
    def report(self) -> Report:
        """The report of the only run."""
        report = run(self.subject, checks=self.checks, alpha=self.alpha, diagnose=self.diagnose)
        report.target = self.target
        return report

    def listed(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """(name, id, ports) of every check, without running any."""
        entries = _selected(self.checks)
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

        report = self.session.report.to_dict()
        check = next(check for check in report["checks"] if check["name"] == self.name)
        return failure(report, check)

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
