"""Trace, diagonal and divergence estimates from matrix-vector products, and their variances."""

from refscore.traces.diagonals import (
    curvature_propagation,
    curvature_propagation_variance,
    diagonal,
    diagonal_variance,
)
from refscore.traces.divergences import divergence_estimate, jacobian_operator
from refscore.traces.hutchinson import exact_trace, hutchinson
from refscore.traces.low_rank import hutch_plus_plus, xtrace
from refscore.traces.operators import Estimate, Operator
from refscore.traces.probes import KINDS, draw_probes, variance

__all__ = [
    "KINDS",
    "Estimate",
    "Operator",
    "curvature_propagation",
    "curvature_propagation_variance",
    "diagonal",
    "diagonal_variance",
    "divergence_estimate",
    "draw_probes",
    "exact_trace",
    "hutch_plus_plus",
    "hutchinson",
    "jacobian_operator",
    "variance",
    "xtrace",
]
