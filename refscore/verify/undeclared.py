"""Conventions that explain the failures of a subject, if there are such.

One undeclared convention that explains every failure decides the verdict; several at once,
or one declared by mistake, leave it at *fails* and are said as a hint.
"""

from __future__ import annotations

from itertools import combinations, product

from refscore.verify import conventions
from refscore.verify.judging import share_of_check
from refscore.verify.normalisers import normaliser_left_out
from refscore.verify.other_process import fitting, other_reading, said
from refscore.verify.otherwise import Level, all_hold, redeclared
from refscore.verify.report import CheckResult, Diagnosis, Report
from refscore.verify.setting import Setting, setting_of, under
from refscore.verify.small_errors import say_tolerances, single_precision
from refscore.verify.subject import Subject
from refscore.verify.trust import forgotten

MOST, CAP = 3, 60


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
        say_tolerances(subject, _partly(report, subject, entries, level, failed))


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
            if all_hold(redeclared(subject, {name: value}), asked, level, mine):
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
        return all_hold(other, entries, level, failed, each=False)

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
            if name == "normalised" and (integrates or not normaliser_left_out(other, failed)):
                continue
            if all_hold(other, entries, level, failed):
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
    if not declared or not all_hold(redeclared(subject, declared), entries, level, failed):
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
                other = redeclared(subject, {f"{port}.{n}": v for n, v in change.items()})
                if change.get("normalised") is False and (
                    integrates or not normaliser_left_out(other, mine)
                ):
                    continue
                if all_hold(other, own, level, mine):
                    return change
                tried += 1
                if tried == CAP:
                    return None
    return None


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
            all_hold(redeclared(wrong, {name: value}), own, level, failed, closely=False)
            for name, value in found
        )

    with under(setting):
        return [name for name in names if differs(name)]
