"""scikit-primate (imported as primate): Hutchinson, Hutch++ and XTrace estimators."""

from __future__ import annotations

from importlib.metadata import version as version_of

import numpy as np
from primate.diagonal import diag
from primate.estimators import CountCriterion
from primate.trace import hutch, hutchpp
from primate.trace import xtrace as primate_xtrace
from scipy.sparse.linalg import LinearOperator

from refscore.verify import replay

name, version = "scikit-primate", version_of("scikit-primate")
expected_failures = {
    "diagonal_estimate": "averages its running means (deviations/primate_diag_running_mean.py)",
    "xtrace_prerequisites": "LinAlgError at low rank (deviations/primate_xtrace_low_rank.py)",
}


def _operator(matvec, dim):
    return LinearOperator((dim, dim), lambda v: matvec(v.ravel()), dtype=np.float64)


def _given(probes):
    """A `pdf` that hands out the given probes, one column each."""
    rows = iter(probes)
    return lambda size, seed=None: np.stack([next(rows) for _ in range(size[1])], axis=1)


def trace_estimate(matvec, dim, probes):
    count = CountCriterion(len(probes))
    return hutch(_operator(matvec, dim), pdf=_given(probes), converge=count)


def diagonal_estimate(matvec, dim, probes):
    count = CountCriterion(len(probes))
    return diag(_operator(matvec, dim), pdf=_given(probes), converge=count)


def hutch_plus_plus(matvec, dim, probes):
    """With the m that hutchpp turns into the k = m + m mod 3 sketch vectors of the probes."""
    k = len(probes) // 2
    return hutchpp(_operator(matvec, dim), m=k - (-k % 3), pdf=_given(probes))


class _FirstBatch(Exception):
    """Raised with the first estimate: xtrace heeds no criterion, so its callback ends it."""


def _stop(result):
    raise _FirstBatch(result.estimate)


def xtrace(matvec, dim, probes):
    draws, how = replay.numpy_rng(probes), {"pdf": "normal", "callback": _stop}
    try:
        return primate_xtrace(_operator(matvec, dim), batch=len(probes), seed=draws, **how)
    except _FirstBatch as first:
        return first.args[0]
