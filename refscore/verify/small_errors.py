"""What small errors without a name are: single precision, a coarse solve, a tolerance."""

from __future__ import annotations

from refscore.identities import catalogue
from refscore.identities.ode_solves import ACCURACY
from refscore.verify.otherwise import Level, all_hold, redeclared
from refscore.verify.ports import PORTS
from refscore.verify.readings import UNNAMED
from refscore.verify.report import CheckResult
from refscore.verify.roughness import LITTLE, small, texture, worst_of
from refscore.verify.subject import Subject


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
    other = redeclared(subject, {})
    other.dtype = "float32"
    return all_hold(other, entries, level, failed)


def _single(failed: list[CheckResult], subject: Subject) -> bool:
    """The small errors among the failures are those of single precision; of larger ones, as of
    differences, it is left to their tolerance in it."""
    found = {texture(catalogue()[c.name], subject, c) for c in failed if small(c)} - {""}
    return found == {"single"}


def say_tolerances(subject: Subject, failed: list[CheckResult]) -> None:
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
