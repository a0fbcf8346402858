"""How probes are normalised."""

from __future__ import annotations

import numpy as np

from .base import Convention, Family
from .units import PROBES, of_unit_norm, scaled

CONVENTIONS = {
    "trace_probes": Convention(
        PROBES,
        ports=(
            "trace_estimate",
            "divergence_estimate",
            "diagonal_estimate",
            "curvature_propagation",
        ),
    ),
}


def _handed(port, arguments, meant):
    return of_unit_norm(arguments) if meant.trace_probes == "unit norm" else arguments


def _read(port, arguments, output, meant):
    return scaled(output, _dim(arguments)) if meant.trace_probes == "unit norm" else output


def _dim(arguments) -> int:
    if "factor" in arguments:  # of curvature propagation: probes multiply its transpose
        return np.shape(arguments["factor"])[0]
    return arguments["dim"] if "dim" in arguments else np.shape(arguments["x"])[-1]


FAMILY = Family(__doc__, CONVENTIONS, _handed, _read)
