"""The kit run against a named mistake: is it caught, by what, and called by its name?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore.identities import catalogue
from refscore.verify.mutants import Mistake
from refscore.verify.report import CheckResult, Report
from refscore.verify.runner import run
from refscore.verify.subject import Subject

CAUGHT = ("fails", "error", "undeclared convention")


class Trial(NamedTuple):
    """What the kit made of one mistake.

    `caught_by`: ids of the identities that do not hold (`P` where a prerequisite does
    not). `diagnosed`: one of them names the mistake. `cost`: of the cheapest check that
    catches it, the draws it took where they decide, else the rows it asked of the wrong
    port. `verdicts`: by check's name.
    """

    name: str
    group: str
    caught_by: list[str]
    diagnosed: bool
    verdicts: dict[str, str]
    cost: int | None
    seconds: float


def trial(mistake: Mistake) -> Trial:
    """Run every check that uses the mistaken port on the library with this mistake."""
    return summarise(mistake, *run_mistake(mistake))


def trials() -> list[Trial]:
    """The trials of every named mistake, in order, on all the cores there are."""
    from concurrent.futures import ProcessPoolExecutor

    from refscore.verify.mutants import mistakes

    with ProcessPoolExecutor() as pool:
        return list(pool.map(_trial_of, mistakes(), chunksize=4))


def _trial_of(name: str) -> Trial:
    from refscore.verify.mutants import mistakes

    return trial(mistakes()[name])


def run_mistake(mistake: Mistake) -> tuple[Report, dict[str, int]]:
    """The report on a mistaken library, and what each check asked of the wrong port."""
    subject = Subject(mistake.subject())
    checks = [entry.name for entry in catalogue().values() if mistake.port in entry.ports]
    if not checks:
        raise ValueError(f"no identity uses the port {mistake.port!r} of mistake {mistake.name!r}")
    started: list[tuple[str, int]] = []
    costs: dict[str, int] = {}

    def settle(name: str) -> None:
        """Prerequisites clear the list of calls, so it is read between checks."""
        if started:
            last, already = started.pop()
            costs[last] = _asked(subject.calls[already:], mistake.port)
        started.append((name, 0 if name.endswith("_prerequisites") else len(subject.calls)))

    report = run(subject, checks=checks, progress=settle)
    for check in report.checks:  # the last one has no successor to settle it
        costs.setdefault(check.name, _asked(subject.calls[started[0][1] :], mistake.port))
    return report, costs


def summarise(mistake: Mistake, report: Report, costs: dict[str, int]) -> Trial:
    """The trial a report amounts to."""
    caught = [check for check in report.checks if check.verdict in CAUGHT]
    named = any(c.diagnosis and mistake.name in c.diagnosis.mistakes for c in caught)
    cost = min((_cost(check, costs) for check in caught), default=None)
    verdicts = {c.name: c.verdict for c in report.checks if c.verdict != "not offered"}
    ids = list(dict.fromkeys(check.id for check in caught))
    return Trial(mistake.name, mistake.group, ids, named, verdicts, cost, report.seconds)


def _cost(check: CheckResult, costs: dict[str, int]) -> int:
    """Draws until the first outcome failed, where draws decided; else what the check asked."""
    judgements = [j for case in check.cases for j in case.judgements]
    drawn = [j.draws for j in judgements if j.evidence and not (j.holds or j.undecided)]
    return min(drawn, default=costs[check.name])


def _asked(calls, port: str) -> int:
    """Rows or draws asked of a port over these calls."""
    return sum(_rows(arguments) for name, arguments in calls if name == port)


def _rows(arguments: dict) -> int:
    for name in ("n", "x", "y", "probes"):
        if name in arguments:
            value = arguments[name]
            return int(value) if name == "n" else max(1, len(np.atleast_1d(value)))
    return 1


def record(trials: list[Trial]) -> dict[str, list[str]]:
    """The mistakes caught by every identity, by name."""
    found: dict[str, list[str]] = {name: [] for name in catalogue()}
    for tried in trials:
        for check, verdict in tried.verdicts.items():
            if check in found and verdict in CAUGHT:
                found[check].append(tried.name)
    return found


def main() -> None:
    """Run every trial and write what each identity catches beside the mistakes."""
    import json
    from pathlib import Path

    from refscore.verify import mutants

    found = record(trials())
    text = json.dumps(found, indent=1) + "\n"
    Path(mutants.__file__).with_name("catches.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
