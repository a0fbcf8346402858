"""Time-dependent scores handed to a subject: score_at(x, t), with `.at(t)` a field."""

from __future__ import annotations

import numpy as np

from refscore import processes
from refscore.identities import Law
from refscore.identities.smoothing import score_of
from refscore.verify import library


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


def diffused(law: Law, process, t: float) -> Law:
    """The law at time t by the library's own process: what is handed over is not the judge's."""
    if process.kind == "ve":
        exact = bool(getattr(process, "exact", True))
        forward = processes.VE(process.sigma_min, process.sigma_max, exact=exact)
    else:
        forward = processes.VP(process.beta_min, process.beta_max)
    alpha, sigma = (float(v) for v in forward.marginal(t))
    if process.kind == "sub_vp":
        sigma = sigma**2
    return Law(law.kind, **library.diffuse(law, alpha, sigma))
