"""Time-dependent scores handed to a subject: score_at(x, t), with `.at(t)` a field."""

from __future__ import annotations

import numpy as np

from refscore.identities import Law
from refscore.identities.smoothing import score_of


class ScoreAt:
    """The exact score of a Gaussian or mixture diffused by the VP process, in a framework."""

    def __init__(self, framework, law):
        self.framework, self.law = framework, law

    def __call__(self, x, t):
        """The score at time t."""
        return self.at(t)(x)

    def at(self, t):
        """The field of time t, with its derivatives."""
        time = np.ravel(np.asarray(self.framework.back(t), dtype=float))
        if time.size == 0 or np.ptp(time) > 0:
            raise ValueError(f"score_at takes one time for all points, got {time.size} of them")
        return self.framework.field(score_of(diffused(self.law, float(time[0]))))


def diffused(law: Law, t: float) -> Law:
    """The law at time t of the VP process with beta from 0.1 to 20."""
    integral = 0.1 * t + 0.5 * 19.9 * t * t
    alpha, variance = np.exp(-0.5 * integral), -np.expm1(-integral)
    dim = law.covariance.shape[-1] if law.kind == "gaussian" else law.means.shape[1]
    noise = variance * np.eye(dim)
    if law.kind == "gaussian":
        return Law("gaussian", mean=alpha * law.mean, covariance=alpha**2 * law.covariance + noise)
    covariances = alpha**2 * law.covariances + noise
    return Law("mixture", weights=law.weights, means=alpha * law.means, covariances=covariances)
