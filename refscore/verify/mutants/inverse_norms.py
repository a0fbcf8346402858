"""Mistakes in which norm of the residual diffusion posterior sampling differentiates."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.inverse import _denoised, _pull


def _unsquared(score_at, x, t, H, y, M):
    """s + ½ Jᵀ Hᵀ M⁻¹ r / ‖r‖."""
    s, D, J, _, _ = _denoised(score_at, x, t)
    gap = y - D @ H.T
    return s + _pull(J, H, M, gap) / (2 * np.linalg.norm(gap, axis=-1, keepdims=True))


@mistake("dps_norm_over_variance", port="dps_score", source="G05: ‖r‖ for ‖r‖²")
def _(score_at, x, t, H, y, noise_cov):
    """The residual's norm stands for its square, still over twice the noise's covariance."""
    return _unsquared(score_at, x, t, H, y, noise_cov)


@mistake("dps_plain_norm", port="dps_score", source="G05: DPS2022 #6, #20")
def _(score_at, x, t, H, y, noise_cov):
    """The residual's own norm is differentiated, without the noise's covariance."""
    return _unsquared(score_at, x, t, H, y, np.eye(len(y)) / 2)
