"""Conventions that explain the failures of a subject, if there are such.

One undeclared convention that explains every failure decides the verdict; several at once,
or one declared by mistake, leave it at *fails* and are said as a hint.
"""

from __future__ import annotations

from itertools import combinations, product
from typing import NamedTuple

import numpy as np

from refscore import oracles
from refscore.identities import catalogue
from refscore.identities.ode_solves import ACCURACY
from refscore.verify import conventions
from refscore.verify.evidence.engine import Engine
from refscore.verify.other_process import fitting, other_reading, said
from refscore.verify.ports import PORTS
from refscore.verify.readings import UNNAMED
from refscore.verify.report import CheckResult, Diagnosis, Report
from refscore.verify.roughness import LITTLE, small, texture, worst_of
from refscore.verify.runner import evaluate_case, share_of_check
from refscore.verify.setting import Setting, setting_of, under
from refscore.verify.subject import Subject
from refscore.verify.trust import Strict, believed, forgotten

MOST, CAP = 3, 60


class Level(NamedTuple):
    """As the runner judges, so that nothing but the declaration changes."""

    share: float
    eps: float | None


def settle(
    report: Report, subject: Subject, entries, alpha: float, eps: float | None = None
) -> None:
    """Turn failures that one undeclared convention explains into that; hint at several.

    `eps`: the deviation that mattered in the run, where it was not each outcome's own.
    """
    level = Level(share_of_check(alpha), eps)
    failed = [c for c in report.checks if c.verdict == "fails"]
    wrong = any(c.verdict == "error" for c in report.checks) or any(c.id == "P" for c in failed)
    if not failed or forgotten(failed, subject, entries, level):
        return
    if wrong:
        _partly(report, subject, entries, level, failed)
        return
    found = undeclared(subject, entries, level, failed, _integrates(report))
    lines = [f'conventions = {{"{name}": {value!r}}}' for name, value in found]
    rivals = _rivals(failed, found, entries, level, setting_of(subject)) if lines else []
    if rivals:  # what draws alone show is either
        said = f"consistent with {' or '.join(lines)}, or with {', '.join(rivals)}"
        report.hints.append(f"{said}: draws alone do not tell")
        return
    if not lines and single_precision(subject, entries, level, failed):
        lines = ['dtype = "float32"']
    processes = _processes(subject, entries, level, failed, besides=bool(lines))
    if processes and not lines:
        _say(report, failed, _PROCESS.format(" or ".join(processes)))
        return
    lines += processes
    if lines:
        report.convention = " or ".join(lines)
        for check in failed:
            check.verdict = "undeclared convention"
            check.note = f"every check holds once the adapter declares {report.convention}"
        return
    hint = _hint(subject, combined(subject, entries, level, failed, _integrates(report)))
    if hint:
        _say(report, failed, hint)
    else:
        _tolerances(subject, _partly(report, subject, entries, level, failed))


_PROCESS = "every check holds if you declare {}; declare it if this is meant"


def _say(report: Report, failed: list[CheckResult], hint: str) -> None:
    """A hint, also where a failed check has no name of its own."""
    report.hints.append(hint)
    for check in failed:
        check.diagnosis = check.diagnosis or Diagnosis()
        if not check.diagnosis.named:
            check.diagnosis.explanation = hint


def _partly(
    report: Report, subject: Subject, entries, level: Level, failed: list[CheckResult]
) -> list[CheckResult]:
    """The failures left once it is said of which ports a convention explains all of theirs.

    They stay failures; only where the others are of other ports, and nothing is in error."""
    left = list(failed)
    bad = [c for c in report.checks if c.verdict == "error" or (c.id == "P" and c in failed)]
    broken = {p for c in bad for p in c.ports}
    names = {name for c in failed for p in c.ports for name in conventions.spoken_by(p)}
    for name in sorted(names - {key.rpartition(".")[2] for key in subject.declared}):
        mine = [c for c in left if set(conventions.APPLIES[name]) & set(c.ports)]
        ports = {p for c in mine for p in c.ports}
        others = {p for c in failed if c not in mine for p in c.ports}
        drawn = any(c.kind == "expectation" for c in mine) or name == "normalised"
        if not mine or drawn or ports & (others | broken):
            continue
        asked = [entry for entry in entries if ports & set(entry.ports)]
        for value in conventions.values_of(name)[1:]:
            if _all_hold(_redeclared(subject, {name: value}), asked, level, mine):
                line = f'conventions = {{"{name}": {value!r}}}'
                _say(report, mine, _PARTLY.format(", ".join(sorted(ports)), line))
                left = [c for c in left if c not in mine]
                break
    return left


_PARTLY = "every check of {} holds if you declare {}; declare it if this is meant"


def _processes(
    subject: Subject, entries, level: Level, failed: list[CheckResult], *, besides: bool
) -> list[str]:
    """The processes that explain what no single mistake does, or what a convention does as well;
    several mistakes may be one process."""
    named = [set(c.diagnosis.mistakes) if c.diagnosis else set() for c in failed]

    def holds(other: Subject) -> bool:
        return _all_hold(other, entries, level, failed, each=False)

    if set.intersection(*named) and not besides:
        found = other_reading(subject, holds)
    else:
        found = fitting(subject, failed, holds, fit=not besides)
    if found:
        for check in failed:
            check.diagnosis = Diagnosis((), "", check.diagnosis.observed if check.diagnosis else "")
    return [said(process) for process in found]


def undeclared(
    subject: Subject, entries, level: Level, failed: list[CheckResult], integrates: bool = False
) -> list:
    """The (name, value) of each single convention under which every offered check holds."""
    spoken = [
        {name for port in check.ports for name in conventions.spoken_by(port)}
        - set(subject.declared)
        for check in failed
    ]
    found = []
    for name in sorted(set.intersection(*spoken)):
        for value in conventions.values_of(name)[1:]:
            other = subject.redeclared(**{**subject.declared, name: value})
            if name == "normalised" and (integrates or not _leaves_out(other, failed)):
                continue
            if _all_hold(other, entries, level, failed):
                found.append((name, value))
    return found


def combined(
    subject: Subject, entries, level: Level, failed: list[CheckResult], integrates: bool = False
) -> dict:
    """Declarations to change so that every offered check holds, the fewest; empty if none do."""
    changes: dict[str, dict] = {}
    for port in dict.fromkeys(check.ports[0] for check in failed if len(check.ports) == 1):
        found = _for_one_port(subject, port, entries, level, failed, integrates)
        if found is None:
            return {}
        changes[port] = found
    declared = _merged(changes, subject)
    if not declared or not _all_hold(_redeclared(subject, declared), entries, level, failed):
        return {}
    return declared


def _for_one_port(subject, port, entries, level, failed, integrates) -> dict | None:
    """The fewest changes, at most `MOST`, under which the port's own checks hold."""
    own = [entry for entry in entries if entry.ports == (port,)]
    mine = [check for check in failed if check.ports == (port,)]
    record = conventions.for_port(port, subject.declared)
    choices = {
        name: [value for value in conventions.values_of(name) if value != getattr(record, name)]
        for name in conventions.spoken_by(port)
    }
    tried = 0
    for count in range(1, MOST + 1):
        for names in combinations(choices, count):
            for values in product(*(choices[name] for name in names)):
                change = dict(zip(names, values))
                other = _redeclared(subject, {f"{port}.{n}": v for n, v in change.items()})
                if change.get("normalised") is False and (
                    integrates or not _leaves_out(other, mine)
                ):
                    continue
                if _all_hold(other, own, level, mine):
                    return change
                tried += 1
                if tried == CAP:
                    return None
    return None


def _redeclared(subject: Subject, changes: dict) -> Subject:
    return subject.redeclared(**{**subject.declared, **changes})


def _merged(changes: dict[str, dict], subject: Subject) -> dict:
    """Without the port's name where every offered port it applies to changes alike."""
    merged = {}
    for port, change in changes.items():
        for name, value in change.items():
            ports = set(conventions.APPLIES[name]) & set(subject.offered())
            own = any(f"{p}.{name}" in subject.declared for p in ports)
            alike = not own and all(changes.get(p, {}).get(name) == value for p in ports)
            merged[name if alike else f"{port}.{name}"] = value
    return merged


def _hint(subject: Subject, changes: dict) -> str:
    if not changes:
        return ""
    defaults = {key: conventions.values_of(key.rpartition(".")[2])[0] for key in changes}
    if all(key in subject.declared and defaults[key] == v for key, v in changes.items()):
        less = ", ".join(f'"{key}": {subject.declared[key]!r}' for key in changes)
        return f"every check holds without {less} in conventions"
    whole = {**subject.declared, **changes}
    line = ", ".join(f'"{k}": {v!r}' for k, v in whole.items() if defaults.get(k) != v or "." in k)
    return f"every check holds if you declare conventions = {{{line}}}; declare it if this is meant"


def single_precision(subject: Subject, entries, level: Level, failed: list[CheckResult]) -> bool:
    """Every failure is the rounding of a subject that computes in single precision.

    What it returns says so; or where that comes in double precision, its small errors are
    redrawn by changes of the inputs of a float32's spacing, but by no smaller ones.
    """
    if subject.dtype != "float64" or any(c.kind == "expectation" for c in failed):
        return False  # no statistic of draws shows rounding
    named = {name for c in failed if c.diagnosis for name in c.diagnosis.mistakes}
    if any(not name.endswith("_in_single_precision") for name in named):
        return False
    wide = {port for c in failed if not subject.narrow & set(c.ports) for port in c.ports}
    if wide and not _single([c for c in failed if wide & set(c.ports)], subject):
        return False
    other = _redeclared(subject, {})
    other.dtype = "float32"
    return _all_hold(other, entries, level, failed)


def _single(failed: list[CheckResult], subject: Subject) -> bool:
    """The small errors among the failures are those of single precision; of larger ones, as of
    differences, it is left to their tolerance in it."""
    found = {texture(catalogue()[c.name], subject, c) for c in failed if small(c)} - {""}
    return found == {"single"}


def _tolerances(subject: Subject, failed: list[CheckResult]) -> None:
    """Failures that no name explains, and whose errors are small and smooth, are a tolerance."""
    for check in failed:
        if not (check.diagnosis and check.diagnosis.explanation == UNNAMED):
            continue
        if _coarse(check, failed, subject):
            check.diagnosis.explanation = _COARSE.format(worst_of(check).gap)
        elif small(check) and texture(catalogue()[check.name], subject, check) == "smooth":
            worst = worst_of(check)
            check.diagnosis.explanation = (
                f"off by {worst.gap:.2g} of its size at most ({worst.tolerance:.2g} is allowed),"
                " and alike at neighbouring points, so not single precision: a tolerance too loose,"
                " a number given to few digits, or another small mistake"
            )


_COARSE = (
    UNNAMED + "; off by {:.2g} of its size at most (1e-05 is allowed), and smoothly so: a coarse"
    " solver? refine its steps or tolerances and run again; what stays then is a mistake, perhaps"
    " one that ode_step shows"
)


def _coarse(check: CheckResult, failed: list[CheckResult], subject: Subject) -> bool:
    """All that fails of a solve's ports is unnamed, and off by little, as where steps are long."""
    ports = {p for p in check.ports if PORTS[p].group == "ode"}
    own = [c for c in failed if ports & set(c.ports) and c.kind == "exact"]
    if check not in own or not all(map(_off_by_little, own)):
        return False
    return texture(catalogue()[check.name], subject, check) == "smooth"


def _off_by_little(check: CheckResult) -> bool:
    if not (check.diagnosis and not check.diagnosis.named):
        return False
    entry = catalogue()[check.name]
    solved = entry.tolerance >= ACCURACY and entry.draws == "given"
    return worst_of(check).gap <= LITTLE and (solved or check.name == "rows_solved_alone")


def _integrates(report: Report) -> bool:
    """The subject's own densities were seen to integrate to one."""
    return any(
        c.name == "density_integrates_to_one" and c.verdict == "holds" for c in report.checks
    )


def _rivals(
    failed: list[CheckResult], found: list, entries, level: Level, setting: Setting
) -> list[str]:
    """Listed mistakes that explain the failures as well, where draws alone were judged.

    One that is the convention itself, as its own library holds under it, is no rival."""
    from refscore.verify.mutants import mistakes

    if any(c.kind != "expectation" for c in failed):
        return []
    names = sorted({name for c in failed if c.diagnosis for name in c.diagnosis.mistakes})
    own = [entry for entry in entries if entry.name in {c.name for c in failed}]

    def differs(mistake: str) -> bool:
        wrong = Subject(mistakes()[mistake].subject(setting))
        return not any(
            _all_hold(_redeclared(wrong, {name: value}), own, level, failed, closely=False)
            for name, value in found
        )

    with under(setting):
        return [name for name in names if differs(name)]


def _leaves_out(subject: Subject, failed: list[CheckResult]) -> bool:
    """The offset from log p is a normaliser left out, and no listed mistake.

    What is left out is one constant of the law's kind, or d times one, such as d/2 log 2π;
    or the whole of -max log p too, so that what is returned is -E(x) with the least E fixed.
    A wrong determinant is neither: its offset changes with the law.
    """
    named = {name for c in failed if c.diagnosis for name in c.diagnosis.mistakes}
    entry = catalogue().get("log_densities")
    if named or entry is None:
        return not named
    judged = subject.redeclared(**{**subject.declared, **_as_normalised(subject)})
    partly: dict[str, list[tuple[float, int]]] = {}
    wholly: dict[str, list[tuple[float, int]]] = {}
    for case in entry.cases():
        try:
            value = np.asarray(judged.log_density(case.law, case.x), float)
        except Exception:  # this case is declined, or fails by itself
            continue
        with np.errstate(all="ignore"):
            gap = value - oracles.scores.log_density(case.law, case.x)
        if not np.isfinite(gap).any():
            continue
        kind, dim = case.law.kind, case.x.shape[-1]
        offset = float(gap[np.isfinite(gap)][0])
        partly.setdefault(kind, []).append((offset, dim))
        wholly.setdefault(kind, []).append((offset + _top(case.law, dim), dim))
    return all(_constant(partly[kind]) or _constant(wholly[kind]) for kind in partly)


def _as_normalised(subject: Subject) -> dict:
    return {
        key: True for key in ("normalised", "log_density.normalised") if key in subject.declared
    }


def _top(law, dim: int) -> float:
    """The greatest log density, where the law's kind says where it is; else nan."""
    place = getattr(law, "mean", getattr(law, "location", None))
    if law.kind == "half_normal":
        place = np.zeros(dim)
    if place is None or law.kind == "truncated_normal":
        return float("nan")
    return float(oracles.scores.log_density(law, np.asarray(place, float)[None])[0])


def _constant(offsets: list[tuple[float, int]]) -> bool:
    """One constant to rounding (also of ill-conditioned laws), or one for every coordinate."""
    values, dims = np.array(offsets).T
    allowed = 1e-6 * max(1.0, np.abs(values).max())
    return bool(np.ptp(values) <= allowed or np.ptp(values / dims) <= allowed)


def _all_hold(
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
