"""How many draws a check takes, before it is run."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from refscore.identities import Identity, find
from refscore.identities.base import Draws
from refscore.verify.errors import SubjectError

SURE = 1e-6  # the chance that a certified statement is wrong
_USUAL, _UNLUCKY = 1.2, 3.4  # quantiles of the slowest of some tens of statistics: 1/2, .99
SMALLEST = 1e-9  # tolerance: below it no number of draws would do, draws growing as 1/eps²
_RESERVE = 4  # budgets are this many times what is enough with probability .99


def draws_needed(gap, variance, threshold: float, quantile: float = 0.0):
    """Draws until evidence e^threshold against a mean this far off, at a quantile of luck.

    log E grows by s = n gap²/(2 variance), give or take √(2 s): s - q √(2 s) = threshold; and
    by log(1 + gap/2) a draw at most, as rates are bounded.
    """
    grown = threshold + math.log(4)  # of four rates one is near the best
    root = (quantile * math.sqrt(2) + math.sqrt(2 * quantile**2 + 4 * grown)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        slowest = np.maximum(2 * root**2 * variance / np.square(gap), 2.3 * grown / np.asarray(gap))
        return np.where(np.asarray(gap) > 0, slowest, np.inf)


class Plan(NamedTuple):
    """Draws of one outcome until a right subject holds: usually, and 99 times of 100."""

    case: str
    label: str
    eps: float
    usual: int
    most: int


def plan(check: str | Identity, eps: float | None = None, *, certain: float = SURE) -> list[Plan]:
    """How many draws every outcome of a check takes until a right subject holds.

    `check`: an id or a name. `eps`: instead of the outcomes' own tolerances. `certain`: the
    chance that a certificate is wrong. n grows like 1/eps². Nothing is drawn.
    Raises KeyError for an unknown check, SubjectError for an eps that no draws decide.
    """
    tolerance(eps)
    from refscore.verify import library
    from refscore.verify.subject import Subject

    entries = [check] if isinstance(check, Identity) else find(check)
    subject, plans = Subject(library), []
    for entry in entries:
        for case in entry.cases() if entry.kind == "expectation" else ():
            for outcome in entry.sides(subject, case):
                if isinstance(outcome, Draws):
                    plans.append(_planned(case.name, outcome, eps, certain))
    return plans


def tolerance(eps: float | None) -> float | None:
    """The tolerance handed over; SubjectError unless it is none or a number draws can decide."""
    if eps is not None and not SMALLEST <= eps < math.inf:
        raise SubjectError(f"eps must be a finite number of at least {SMALLEST:g}, got {eps!r}")
    return eps


def _planned(case: str, outcome: Draws, eps: float | None, certain: float) -> Plan:
    if eps is not None:
        outcome = outcome._replace(eps=eps)
    usual, most = (needed(outcome, certain, q) for q in (_USUAL, _UNLUCKY))
    return Plan(case, outcome.label, outcome.eps, usual, most)


def needed(outcome: Draws, certain: float = SURE, quantile: float = _UNLUCKY) -> int:
    """Draws until every statistic of a right subject has left its tolerance behind."""
    from refscore.verify.evidence.readings import reader

    read, worst = reader(outcome), 0.0
    for columns, rows in ((read.rows, 1), (read.pairs, 2)):
        n = draws_needed(columns.eps, columns.variance, math.log(1 / certain), quantile)
        worst = max(worst, rows * float(n.max()))
    return math.ceil(min(worst, 1e300))


def budget(outcome: Draws) -> int:
    """Draws after which an outcome is left undecided: a right subject never gets there."""
    return _RESERVE * needed(outcome)
