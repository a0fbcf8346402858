"""Chapter D: sketched trace estimators, and what an estimate may cost."""

from __future__ import annotations

import numpy as np

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
