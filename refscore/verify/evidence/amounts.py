"""How far a statistic is off, in the unit it is best told in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from refscore.verify.evidence.gaussian import NormalInverseWishart
from refscore.verify.evidence.groups import Term

if TYPE_CHECKING:
    from refscore.verify.evidence.sequence import Sequence


def said(sequence: Sequence, term: Term) -> str:
    """How far a term is off, in the unit it is best told in, and how far it may be."""
    d, eps = term.deviation, term.eps
    if sequence.gaussian is not None and term.name == "the mean":
        root = math.sqrt(math.pi)
        return f"{d * root:.3g} standard deviations ({eps * root:.3g} allowed)"
    if term.name == "the covariance":
        most, so_far = (100 * math.expm1(math.pi * v) for v in (eps, min(d, 200.0)))
        return f"{so_far:+.3g} % of the variance along the worst direction (±{most:.3g} % allowed)"
    name, scale, unit = term.name.removeprefix("spread of "), 1.0, ""
    for group in sequence.groups:
        if name in group.columns.names:
            j, unit = group.columns.names.index(name), group.columns.unit
            scale = float(np.broadcast_to(group.columns.scale, group.width)[j])
    if term.name != name:
        return f"{100 * d:+.3g} % of the standard deviation (±{100 * eps:.3g} % allowed)"
    return f"{d * scale:.3g}{' ' * bool(unit)}{unit} ({eps * scale:.3g} allowed)"


def of_the_law(process: NormalInverseWishart, eps: float) -> Term:
    """Its deviation as that of a statistic in the direction where it is largest.

    One sd of shift is 1/√π of the mean of 2U - 1, log sd 2/π of that of 2|2U - 1| - 1.
    """
    log_e = float(process.log_e)
    if process.n <= process.dim:
        return Term("the Gaussian law", log_e, math.inf, eps)
    if not (np.isfinite(process.mean).all() and np.isfinite(process.covariance).all()):
        return Term("the Gaussian law", log_e, math.inf, eps)
    shift = float(np.linalg.norm(process.mean)) / math.sqrt(math.pi)
    values = np.maximum(np.linalg.eigvalsh(process.covariance), 1e-300)
    spread = max(np.log(values), key=abs) / math.pi
    if shift > abs(spread):
        return Term("the mean", log_e, shift, eps)
    return Term("the covariance", log_e, float(spread), eps)
