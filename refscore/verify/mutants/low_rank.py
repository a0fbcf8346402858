"""Mistakes in sketched trace estimates."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.traces import forms


@mistake("hutch_forgets_the_rest", port="hutch_plus_plus", source="classic: low rank hides it")
def _(matvec, dim, probes):
    """Only the sketched part of the trace is returned."""
    q = np.linalg.qr(matvec(probes[: len(probes) // 2]).T)[0]
    return forms(matvec, q.T).sum()


@mistake("hutch_rest_divided_by_all", port="hutch_plus_plus", source="T01: a wrong count")
def _(matvec, dim, probes):
    """The rest is divided by the number of all probes, the sketch's among them."""
    k = len(probes) // 2
    q = np.linalg.qr(matvec(probes[:k]).T)[0]
    rest = probes[k:] - (probes[k:] @ q) @ q.T
    return forms(matvec, q.T).sum() + forms(matvec, rest).sum() / len(probes)


@mistake("hutch_sketch_reused", port="hutch_plus_plus", source="N02: one draw for two purposes")
def _(matvec, dim, probes):
    """The sketch's own vectors serve as the probes of the rest."""
    first = probes[: len(probes) // 2]
    q = np.linalg.qr(matvec(first).T)[0]
    rest = first - (first @ q) @ q.T
    return forms(matvec, q.T).sum() + forms(matvec, rest).mean()


@mistake("xtrace_forgets_the_rest", port="xtrace", source="classic: low rank hides it")
def _(matvec, dim, probes):
    """Only the trace on the whole sketch is returned."""
    q = np.linalg.qr(matvec(probes).T)[0]
    return forms(matvec, q.T).sum()


@mistake("hutch_projects_once", port="hutch_plus_plus", source="classic")
def _(matvec, dim, probes):
    """The sketched part is counted twice: the rest is not projected."""
    q = np.linalg.qr(matvec(probes[: len(probes) // 2]).T)[0]
    return forms(matvec, q.T).sum() + forms(matvec, probes[len(probes) // 2 :]).mean()


@mistake("xtrace_basis_not_renewed", port="xtrace", source="T04: leave-one-out columns")
def _(matvec, dim, probes):
    """The left-out probe stays in the basis and its quadratic form is added whole."""
    q = np.linalg.qr(matvec(probes).T)[0]
    return forms(matvec, q.T).sum() + forms(matvec, probes).mean() / len(probes)


@mistake("xtrace_unscaled_sum", port="xtrace", source="T01")
def _(matvec, dim, probes):
    """Leave-one-out estimates are summed, not averaged."""
    return library.xtrace(matvec, dim, probes)[0] * len(probes)


@mistake("trace_two_products_a_probe", port="trace_estimate", source="D3: twice the cost")
def _(matvec, dim, probes):
    """Every probe is multiplied twice, once for the mean and once for the error."""
    q = np.array([np.dot(v, matvec(v)) for v in probes])
    again = np.array([np.dot(v, matvec(v)) for v in probes])
    return q.mean(), again.std(ddof=1) / np.sqrt(len(q)) if len(q) > 1 else np.nan


@mistake("hutch_sketches_twice", port="hutch_plus_plus", source="primate 0.5.6 hutchpp(m)")
def _(matvec, dim, probes):
    """The sketch is multiplied once more than its budget says."""
    for v in probes[: len(probes) // 2]:
        matvec(v)
    return library.hutch_plus_plus(matvec, dim, probes)


@mistake("divergence_float32_differences", port="divergence_estimate", source="T17")
def _(field, x, probes):
    """Differences in float32 with a step of 1e-6: rounding, not a derivative."""
    out = np.zeros(probes.shape[:2])
    for m in range(probes.shape[1]):
        v = probes[:, m].astype(np.float32)
        y = x.astype(np.float32)
        up, down = (np.float32(field(y + s * v)) for s in (np.float32(1e-6), np.float32(-1e-6)))
        out[:, m] = (v * (up - down)).sum(-1) / 2e-6
    return out.mean(-1)
