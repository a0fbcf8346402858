"""Time-dependent scores handed to a subject: score_at(x, t), with `.at(t)` a field."""

from __future__ import annotations

import numpy as np

from refscore.identities import Law
from refscore.identities.smoothing import score_of


class ScoreAt:
    """The exact score of a Gaussian or mixture diffused by a process, in a framework."""

    def __init__(self, framework, law, process):
        self.framework, self.law, self.process = framework, law, process

    def __call__(self, x, t):
        """The score at time t."""
        return self.at(t)(x)

    def at(self, t):
        """The field of time t, with its derivatives."""
        time = np.ravel(np.asarray(self.framework.back(t), dtype=float))
        if time.size == 0 or np.ptp(time) > 0:
            raise ValueError(f"score_at takes one time for all points, got {time.size} of them")
        return self.framework.field(score_of(diffused(self.law, self.process, float(time[0]))))


def moments(process, t: float) -> tuple[float, float]:
    """alpha and the noise's variance at time t, in closed form."""
    if process.kind == "ve":
        start = float(process.sigma_min) ** 2
        variance = start * (process.sigma_max / process.sigma_min) ** (2 * t)
        return 1.0, variance - start * bool(getattr(process, "exact", True))
    low, high = process.beta_min, process.beta_max
    integral = low * t + 0.5 * (high - low) * t * t
    spread = -np.expm1(-integral)
    return np.exp(-0.5 * integral), spread**2 if process.kind == "sub_vp" else spread


def diffused(law: Law, process, t: float) -> Law:
    """The law at time t of the process."""
    alpha, variance = moments(process, t)
    dim = law.covariance.shape[-1] if law.kind == "gaussian" else law.means.shape[1]
    noise = variance * np.eye(dim)
    if law.kind == "gaussian":
        return Law("gaussian", mean=alpha * law.mean, covariance=alpha**2 * law.covariance + noise)
    covariances = alpha**2 * law.covariances + noise
    return Law("mixture", weights=law.weights, means=alpha * law.means, covariances=covariances)
