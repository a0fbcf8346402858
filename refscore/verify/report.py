"""The result of a run: a Python object first; everything else is rendered from its JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import numpy as np

from refscore.verify.compare import Judgement

VERDICTS = (
    "holds", "fails", "undeclared convention", "undecided", "not offered", "blocked", "error",
)  # fmt: skip
SCHEMA_VERSION = 1


@dataclass
class CaseResult:
    """One case of one check: its judged outcomes, or why there are none."""

    case: str
    verdict: str
    judgements: list[Judgement] = field(default_factory=list)
    note: str = ""

    @property
    def worst(self) -> Judgement | None:
        """The judgement furthest beyond its tolerance."""
        if not self.judgements:
            return None
        return max(self.judgements, key=lambda j: (not j.holds, j.gap / (j.tolerance or 1.0)))


@dataclass
class Diagnosis:
    """What explains a failure: named mistakes that fit, and the coefficients read off it."""

    mistakes: tuple[str, ...] = ()
    explanation: str = ""
    observed: str = ""

    @property
    def named(self) -> bool:
        """True when at least one listed mistake fits and no rival does better."""
        return bool(self.mistakes)


@dataclass
class CheckResult:
    """One check of the catalogue on one subject."""

    id: str
    name: str
    verdict: str
    ports: tuple[str, ...] = ()
    statement: str = ""
    summary: str = ""
    kind: str = "exact"
    cases: list[CaseResult] = field(default_factory=list)
    note: str = ""
    diagnosis: Diagnosis | None = None
    expected_failure: str = ""
    seconds: float = 0.0
    calls: int = 0

    @property
    def worst(self) -> tuple[str, Judgement] | None:
        """The case and judgement with the largest gap against its tolerance."""
        found = [(c.case, c.worst) for c in self.cases if c.worst]
        if not found:
            return None
        return max(found, key=lambda p: (not p[1].holds, p[1].gap / (p[1].tolerance or 1.0)))

    @property
    def gap(self) -> float | None:
        """The largest gap, in units of the compared scale."""
        return None if self.worst is None else float(self.worst[1].gap)


@dataclass
class Report:
    """All checks of one run."""

    subject: str
    version: str
    framework: str
    checks: list[CheckResult]
    total: int
    convention: str = ""
    hints: list[str] = field(default_factory=list)
    seconds: float = 0.0
    target: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many checks got each verdict."""
        return {v: sum(c.verdict == v for c in self.checks) for v in VERDICTS}

    @property
    def unexpected(self) -> list[CheckResult]:
        """Checks that neither hold nor failed as declared."""
        quiet = ("holds", "not offered", "blocked")
        return [c for c in self.checks if c.verdict not in quiet and not c.expected_failure]

    @property
    def exit_code(self) -> int:
        """0: all offered hold (or fail as declared); 1: some fail; 2: undecided or error."""
        verdicts = {c.verdict for c in self.unexpected}
        if "fails" in verdicts:
            return 1
        ran = any(c.verdict not in ("not offered", "blocked") for c in self.checks)
        return 2 if verdicts or not ran else 0

    @property
    def passed(self) -> bool:
        """True when the exit code is 0."""
        return self.exit_code == 0

    def __getitem__(self, key: str) -> CheckResult:
        for check in self.checks:
            if key in (check.name, check.id):
                return check
        raise KeyError(f"no check {key!r} in this report")

    def raise_if_failed(self) -> None:
        """Raise an AssertionError with the report unless every offered check holds."""
        if not self.passed:
            raise AssertionError("\n" + self.summary())

    def summary(self, *, verbose: bool = False) -> str:
        """The report as plain text."""
        from refscore.verify.render.terminal import render

        return render(self.to_dict(), color=False, verbose=verbose)

    def to_dict(self) -> dict[str, Any]:
        """Plain values following `refscore/verify/report.schema.json`."""
        return {
            "schema": SCHEMA_VERSION,
            "subject": self.subject,
            "version": self.version,
            "framework": self.framework,
            "target": self.target,
            "exit_code": self.exit_code,
            "counts": self.counts,
            "ran": sum(c.verdict not in ("not offered", "blocked") for c in self.checks),
            "total": self.total,
            "convention": self.convention,
            "hints": list(self.hints),
            "seconds": round(self.seconds, 3),
            "checks": [_check(c) for c in self.checks],
        }

    def to_json(self) -> str:
        """The JSON text of `to_dict()`."""
        return json.dumps(self.to_dict(), indent=1, allow_nan=False)


def schema() -> dict:
    """The published JSON schema of a report."""
    text = resources.files("refscore.verify").joinpath("report.schema.json").read_text("utf-8")
    return json.loads(text)


def number(value) -> float | str | None:
    """A JSON number, or the words for what JSON has no number for."""
    if value is None:
        return None
    value = float(value)
    return value if np.isfinite(value) else str(value)


def _check(c: CheckResult) -> dict[str, Any]:
    worst = c.worst
    return {
        "id": c.id,
        "name": c.name,
        "verdict": c.verdict,
        "ports": list(c.ports),
        "kind": c.kind,
        "summary": c.summary,
        "statement": c.statement,
        "gap": number(c.gap),
        "tolerance": number(worst[1].tolerance) if worst else None,
        "worst_case": worst[0] if worst else None,
        "note": c.note,
        "expected_failure": c.expected_failure,
        "diagnosis": None if c.diagnosis is None else _diagnosis(c.diagnosis),
        "seconds": round(c.seconds, 4),
        "calls": c.calls,
        "cases": [_case(case) for case in c.cases],
    }


def _diagnosis(d: Diagnosis) -> dict[str, Any]:
    return {"mistakes": list(d.mistakes), "explanation": d.explanation, "observed": d.observed}


def _case(case: CaseResult) -> dict[str, Any]:
    return {
        "case": case.case,
        "verdict": case.verdict,
        "note": case.note,
        "outcomes": [
            {
                "label": j.label,
                "holds": bool(j.holds),
                "gap": number(j.gap),
                "tolerance": number(j.tolerance),
                "detail": j.detail,
                "left": _preview(j.left),
                "right": _preview(j.right),
                "evidence": j.evidence,
            }
            for j in case.judgements
        ],
    }


def _preview(array, most: int = 4) -> list | None:
    """The first few entries, flattened, for showing the two sides."""
    if array is None:
        return None
    flat = np.asarray(array).ravel()[:most]
    if flat.dtype.kind == "c":
        return [str(v) for v in flat]
    return [number(v) for v in flat]
