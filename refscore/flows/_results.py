"""What continuous flows answer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import beyond_float


class FlowDensity(NamedTuple):
    """What a flow says about data x (..., d): `log_density` = `log_base` + `log_det`.

    log_density (...,); standard_error (...,), over the probes: 0 for the exact divergence, nan
    for one probe; base_points (..., d), z; log_base (...,), log p0(z); log_det (...,),
    log|det ∂z/∂x| = -∫ div f dt; n_evaluations (...,), of the velocity.
    """

    log_density: np.ndarray
    standard_error: np.ndarray
    base_points: np.ndarray
    log_base: np.ndarray
    log_det: np.ndarray
    n_evaluations: np.ndarray


class FlowGradient(NamedTuple):
    """log_density (...,), score ∇ₓ log p (..., d), and parameters ∂/∂θ Σ log p (p,)."""

    log_density: np.ndarray
    score: np.ndarray
    parameters: np.ndarray


def standard_error(volumes, probes) -> np.ndarray:
    """That of the mean over m estimates, volumes (n, m): 0 without probes, nan for one."""
    if probes is None:
        return np.zeros(len(volumes))
    if volumes.shape[1] == 1:
        return np.full(len(volumes), np.nan)
    with beyond_float():
        return volumes.std(axis=1, ddof=1) / np.sqrt(volumes.shape[1])
