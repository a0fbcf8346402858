"""Chapter D: traces from matrix-vector products."""

from __future__ import annotations

import numpy as np

from refscore import oracles
from refscore.identities import settings
from refscore.identities.base import Draws, Mean, Sides, identity
from refscore.identities.cases import Case
from refscore.identities.fields import averaged, field_cases

HUTCHINSON = "seeds 000, 002, 003; Hutchinson 1989"


def estimate(answer):
    """The mean, from a port that may also return its standard error."""
    return np.asarray(answer[0] if isinstance(answer, tuple) else answer)


def matrix_cases():
    """Matrices without symmetry, with Gaussian probes."""
    for d, m in ((4, 3), (3, 5)):
        yield Case(f"d = {d}, {m} probes", matrix=settings.matrix(d), probes=settings.normals(m, d))


def _terms(case):
    a, v = case.matrix, case.probes
    return {"mean vᵀAv": np.array(np.einsum("mi,ij,mj->m", v, a, v).mean())}


@identity(
    "D1",
    ports="trace_estimate",
    statement=r"\frac1m\sum_k v_k^TAv_k",
    source=HUTCHINSON,
    cases=matrix_cases,
    family="matrix with probes",
)
def hutchinson_given_probes(ports, case):
    """Hutchinson's estimate on given probes, and its standard error where it is returned."""
    a, v = case.matrix, case.probes
    answer = ports.trace_estimate(a, len(a), probes=v)
    each = np.einsum("mi,ij,mj->m", v, a, v)
    yield Sides("estimate", estimate(answer), each.mean())
    if isinstance(answer, tuple) and len(answer) > 1:
        error = each.std(ddof=1) / np.sqrt(len(v))
        yield Sides("standard error", np.asarray(answer[1]), error)


@identity(
    "D1-signs",
    ports="trace_estimate",
    statement=r"E[v^TAv] = \operatorname{tr}A,\quad E[v]=0,\ E[vv^T]=I",
    assumptions="all 2^d sign vectors: the expectation is a finite sum",
    source=HUTCHINSON,
    cases=lambda: [Case(f"d = {d}", matrix=settings.matrix(d)) for d in (3, 4)],
    family="matrix",
)
def hutchinson_unbiased(ports, case):
    """Averaged over all sign vectors Hutchinson's estimate is the trace."""
    a = case.matrix
    got = estimate(ports.trace_estimate(a, len(a), probes=settings.all_signs(len(a))))
    yield Sides("trace", got, np.trace(a), np.abs(a).sum())


@identity(
    "D2",
    ports="trace_estimate",
    statement=r"\operatorname{Var}: 2\|A_s\|_F^2\ \text{(Gaussian)},\ "
    r"2(\|A_s\|_F^2-\sum_i a_{ii}^2)\ \text{(signs)}",
    assumptions="one probe; signs enumerated, Gaussians by Gauss-Hermite nodes",
    source="seed 000; derived",
    cases=lambda: [Case(f"d = {d}", matrix=settings.matrix(d)) for d in (3,)],
    family="matrix",
)
def probe_variances(ports, case):
    """The variance of one probe, Gaussian or sign, is that of the symmetric part."""
    a = case.matrix
    v = settings.all_signs(len(a))
    nodes = {
        "rademacher": (v, np.full(len(v), 1 / len(v))),
        "gaussian": settings.hermite(len(a), 4),
    }
    for kind, (points, w) in nodes.items():
        one = [estimate(ports.trace_estimate(a, len(a), probes=p[None])) for p in points]
        one = np.array(one)
        variance = w @ one**2 - (w @ one) ** 2
        yield Sides(kind, variance, np.array(oracles.traces.variance(a, kind)), w @ one**2)


@identity(
    "D2-mean",
    ports="trace_estimate",
    kind="expectation",
    draws="rng",
    statement=r"E[v^TAv] = \operatorname{tr}A,\ \operatorname{Var} \le 2\|A_s\|_F^2",
    assumptions="the subject draws its probes: Gaussian, signs or sphere",
    source=HUTCHINSON,
    cases=lambda: [Case(f"d = {d}", matrix=settings.matrix(d)) for d in (3, 6)],
)
def trace_mean(ports, case):
    """A trace estimate that draws its own probes has the trace as its mean."""
    a = case.matrix

    def draw(seed, n):
        seeds = np.random.default_rng((1, seed)).integers(2**31, size=n)
        return np.array([estimate(ports.trace_estimate(a, len(a), rng=int(s))) for s in seeds])

    kinds = ("gaussian", "rademacher", "sphere", "coordinate")
    bound = max(float(oracles.traces.variance(a, kind)) for kind in kinds)
    yield Draws("trace", draw, Mean(float(np.trace(a)), variance=bound), eps=0.25, batch=400)


@identity(
    "D3",
    ports="divergence_estimate",
    statement=r"\frac1M\sum_m v_m^T\nabla s(x)\,v_m",
    source=HUTCHINSON,
    cases=lambda: field_cases(probes=2),
    family="field with probes",
)
def divergence_given_probes(ports, case):
    """The divergence of a field on given probes."""
    jac = oracles.fields.jacobian(case.field, case.x)
    right = np.einsum("nmi,nij,nmj->nm", case.probes, jac, case.probes).mean(-1)
    got = ports.divergence_estimate(case.field, case.x, probes=case.probes)
    yield Sides("divergence", got, right)


@identity(
    "D1-divergence",
    ports="divergence_estimate",
    statement=r"E_v[v^T\nabla s\,v] = \nabla\cdot s",
    assumptions="all sign vectors",
    source=HUTCHINSON,
    cases=field_cases,
    family="field",
)
def divergence_unbiased(ports, case):
    """Averaged over all sign vectors the estimate is the divergence."""
    v = settings.all_signs(case.x.shape[-1])
    probes = np.broadcast_to(v, (len(case.x), *v.shape)).copy()
    got = ports.divergence_estimate(case.field, case.x, probes=probes)
    yield Sides("divergence", got, oracles.fields.divergence(case.field, case.x))


@identity(
    "D2-divergence-mean",
    ports="divergence_estimate",
    kind="expectation",
    draws="rng",
    statement=r"E_v[v^T\nabla s\,v] = \nabla\cdot s",
    assumptions="the subject draws its probes, independent over points",
    source=HUTCHINSON,
    cases=lambda: list(field_cases())[:3],
)
def divergence_mean(ports, case):
    """A divergence estimate that draws its own probes has the divergence as its mean."""
    jac = oracles.fields.jacobian(case.field, case.x)
    bound = 2 * ((0.5 * (jac + np.swapaxes(jac, -1, -2))) ** 2).sum() / len(jac) ** 2
    mean = oracles.fields.divergence(case.field, case.x).mean()
    yield averaged(
        "mean divergence", lambda x, seed: ports.divergence_estimate(case.field, x, rng=seed),
        case.x, float(mean), float(bound),
    )  # fmt: skip


@identity(
    "D4-diagonal",
    ports="diagonal_estimate",
    statement=r"\frac1m\sum_k v_k\odot Av_k,\quad \text{signs: unbiased, "
    r"Var}_i = \sum_{j\ne i}a_{ij}^2",
    source="derived; for the Hessian's diagonal in seed 004",
    cases=matrix_cases,
    family="matrix with probes",
)
def diagonal_estimate(ports, case):
    """Hutchinson's diagonal on given probes and over all sign vectors."""
    a, v = case.matrix, case.probes
    got = ports.diagonal_estimate(a, len(a), probes=v)
    yield Sides("given probes", got, (v * (v @ a.T)).mean(0))
    signs = settings.all_signs(len(a))
    got = ports.diagonal_estimate(a, len(a), probes=signs)
    yield Sides("all signs", got, np.diag(a), np.abs(a).max())


@identity(
    "D4",
    ports="curvature_propagation",
    statement=r"H = C^TC:\ E[(C^Tv)_i^2] = H_{ii}",
    assumptions="Gauss-Hermite nodes and given probes",
    source="seed 004; Martens, Sutskever and Swersky 2012",
    cases=lambda: [
        Case(f"{m} x {d}", factor=settings.normals(m, d), probes=settings.normals(3, m, key=1))
        for m, d in ((4, 3), (2, 3))
    ],
)
def curvature_propagation(ports, case):
    """Squares of backpropagated noise estimate the diagonal of C^T C."""
    c, v = case.factor, case.probes
    got = ports.curvature_propagation(c, probes=v)
    yield Sides("given probes", got, ((v @ c) ** 2).mean(0))
    signs = settings.all_signs(len(c))
    got = ports.curvature_propagation(c, probes=signs)
    yield Sides("all signs", got, (c**2).sum(0))
