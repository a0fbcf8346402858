"""Whether what a log density lacks is a normaliser left out: a constant, and which one."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import catalogue
from refscore.verify.report import CheckResult
from refscore.verify.subject import Subject


def normaliser_left_out(subject: Subject, failed: list[CheckResult]) -> bool:
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
