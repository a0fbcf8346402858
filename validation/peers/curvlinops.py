"""curvlinops-for-pytorch: Hutchinson, Hutch++ and XTrace estimators."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace

import curvlinops
import torch

from refscore.verify import NotOffered, replay

name, framework = "curvlinops", "torch"
version = version_of("curvlinops-for-pytorch")


class _Operator(SimpleNamespace):
    """Just what curvlinops asks of a linear operator."""

    device, dtype = torch.device("cpu"), torch.float64

    def __matmul__(self, columns):
        return self.matvec(columns.T).T


def _estimate(estimator, matvec, dim, n_products, probes):
    if n_products >= dim:
        raise NotOffered("curvlinops wants fewer products than dimensions")
    with replay(*probes):
        return estimator(_Operator(matvec=matvec, shape=(dim, dim)), n_products, "normal")


def trace_estimate(matvec, dim, probes):
    return _estimate(curvlinops.hutchinson_trace, matvec, dim, len(probes), probes)


def diagonal_estimate(matvec, dim, probes):
    return _estimate(curvlinops.hutchinson_diag, matvec, dim, len(probes), probes)


def hutch_plus_plus(matvec, dim, probes):
    return _estimate(curvlinops.hutchpp_trace, matvec, dim, 3 * len(probes) // 2, probes)


def xtrace(matvec, dim, probes):
    return _estimate(curvlinops.xtrace, matvec, dim, 2 * len(probes), probes)
