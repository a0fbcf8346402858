"""Chapter D: sketched trace estimators, and what an estimate may cost."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Bound, Sides, identity
from refscore.identities.cases import Case
from refscore.identities.traces import estimate, matrix_cases


def _product(d, rank):
    return settings.normals(d, rank) @ settings.normals(rank, d, key=1)


def _low_rank(d, rank):
    u = settings.normals(d, rank)
    return u @ u.T


@identity(
    "D3-low-rank",
    ports="hutch_plus_plus",
    statement=r"\operatorname{rank}A \le k \Rightarrow "
    r"\text{Hutch++ with } k\ \text{sketch vectors is exact}",
    source="Meyer, Musco, Musco and Woodruff 2021",
    cases=lambda: [
        Case("rank 3 of 24, 4 sketched", matrix=_low_rank(24, 3), probes=settings.normals(8, 24)),
        Case("rank 2, not symmetric", matrix=_product(24, 2), probes=settings.normals(8, 24)),
    ],
    tolerance=1e-8,
)
def hutch_plus_plus_exact_on_low_rank(ports, case):
    """Hutch++ is exact once its sketch spans the range."""
    a = case.matrix
    yield Sides(
        "trace", estimate(ports.hutch_plus_plus(a, len(a), probes=case.probes)), np.trace(a)
    )


@identity(
    "D3-xtrace",
    ports="xtrace",
    statement=r"\operatorname{rank}A < m \Rightarrow "
    r"\text{XTrace with } m\ \text{probes is exact}",
    source="Epperly, Tropp and Webber 2024",
    cases=lambda: [
        Case("rank 4 of 24, 6 probes", matrix=_low_rank(24, 4), probes=settings.normals(6, 24)),
        Case("rank 2, not symmetric", matrix=_product(24, 2), probes=settings.normals(6, 24)),
        Case("scaled by 1e-9", matrix=1e-9 * _low_rank(24, 4), probes=settings.normals(6, 24)),
    ],
    tolerance=1e-7,
)
def xtrace_exact_on_low_rank(ports, case):
    """XTrace is exact once every leave-one-out sketch spans the range."""
    a = case.matrix
    yield Sides("trace", estimate(ports.xtrace(a, len(a), probes=case.probes)), np.trace(a))


@identity(
    "D3-hutch-given",
    ports="hutch_plus_plus",
    statement=r"\operatorname{tr}Q^TAQ + \frac1k\sum_i (Pv_i)^TA(Pv_i),\ "
    r"Q = \operatorname{orth}A\Omega,\ P = I-QQ^T",
    source="Meyer, Musco, Musco and Woodruff 2021",
    cases=lambda: [
        Case("d = 16, 3 sketched", matrix=settings.matrix(16), probes=settings.normals(6, 16)),
        Case("d = 17, 4 sketched", matrix=settings.matrix(17), probes=settings.normals(8, 17)),
    ],
    tolerance=1e-8,
)
def hutch_plus_plus_given_probes(ports, case):
    """Hutch++ on a matrix of full rank: the sketched trace and the mean of the rest."""
    a, k = case.matrix, len(case.probes) // 2
    sketch, rest = case.probes[:k], case.probes[k:]
    got = estimate(ports.hutch_plus_plus(a, len(a), probes=case.probes))
    yield Sides(
        "trace", got, oracles.traces.hutch_plus_plus(a, a @ sketch.T, rest), np.abs(a).sum()
    )


@identity(
    "D3-xtrace-given",
    ports="xtrace",
    statement=r"\frac1m\sum_i \operatorname{tr}Q_i^TAQ_i + c_i\,\omega_i^TP_iAP_i\omega_i,\ "
    r"c_i = 1\ \text{or}\ (d-m+1)/\|P_i\omega_i\|^2",
    assumptions="Q_i spans A times the other probes; the rest rescaled (resphered) or not",
    source="Epperly, Tropp and Webber 2024",
    cases=lambda: [
        Case("d = 16, 4 probes", matrix=settings.matrix(16), probes=settings.normals(4, 16)),
        Case("d = 17, 3 probes", matrix=settings.matrix(17), probes=settings.normals(3, 17)),
    ],
    tolerance=1e-7,
)
def xtrace_given_probes(ports, case):
    """XTrace on a matrix of full rank, by its leave-one-out definition, resphered or not."""
    a, v = case.matrix, case.probes
    got = estimate(ports.xtrace(a, len(a), probes=v))
    allowed = [oracles.traces.xtrace(a, v.T, resphere=r) for r in (False, True)]
    yield Sides("trace", got, np.asarray(min(allowed, key=lambda t: abs(t - got))), np.abs(a).sum())


def _products(ports, call) -> int:
    """How many matrix-vector products a call asked for."""
    before = ports.products
    call()
    return ports.products - before


@identity(
    "D3-products",
    ports="trace_estimate",
    kind="bound",
    statement=r"m\ \text{probes cost at most}\ m\ \text{products}\ Av",
    source="seeds 000, 002, 003",
    cases=matrix_cases,
)
def probe_products(ports, case):
    """Hutchinson's estimate asks for one product a probe."""
    a, v = case.matrix, case.probes
    count = _products(ports, lambda: ports.trace_estimate(a, len(a), probes=v))
    yield Bound("products", count, len(v))


@identity(
    "D3-hutch-products",
    ports="hutch_plus_plus",
    kind="bound",
    statement=r"k\ \text{sketched and}\ k\ \text{other probes cost at most}\ 3k\ \text{products}",
    source="Meyer, Musco, Musco and Woodruff 2021",
    cases=lambda: [
        Case("k = 4, d = 24", matrix=settings.matrix(24), probes=settings.normals(8, 24))
    ],
)
def hutch_plus_plus_products(ports, case):
    """Hutch++ asks for three products a sketched vector, and no more."""
    a, v = case.matrix, case.probes
    count = _products(ports, lambda: ports.hutch_plus_plus(a, len(a), probes=v))
    yield Bound("products", count, 3 * len(v) // 2)
