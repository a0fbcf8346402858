"""Time-dependent scores handed to a subject: score_at(x, t), with `.at(t)` a field."""

from __future__ import annotations

import numpy as np

from refscore import processes
from refscore.identities import Law
from refscore.identities.smoothing import score_of
from refscore.verify import library
from refscore.verify.kept import kept


class ScoreAt:
    """The exact score of a Gaussian or mixture diffused by a process, in a framework; `turned`:
    time runs from noise to data, so that t stands for 1 - t."""

    def __init__(self, framework, law, process, *, turned=False):
        self.framework, self.process, self.turned = framework, process, turned
        self.law = law

    def __call__(self, x, t):
        """The score at time t."""
        return self.at(t)(x)

    def at(self, t):
        """The field of time t, with its derivatives."""
        time = np.ravel(np.asarray(self.framework.back(t), dtype=float))
        if time.size == 0 or np.ptp(time) > 0:
            raise ValueError(f"score_at takes one time for all points, got {time.size} of them")
        t = 1 - float(time[0]) if self.turned else float(time[0])
        return self.framework.field(score_of(diffused(self.law, self.process, t)))


class ClassScoreAt:
    """The exact score of a class given the point: the class's own score minus that of all."""

    def __init__(self, framework, described, process, *, turned=False):
        law, k = described.law, np.asarray(described.members, dtype=int)
        weights = law.weights[k] / law.weights[k].sum()
        own = Law("mixture", weights=weights, means=law.means[k], covariances=law.covariances[k])
        self.own, self.all = (ScoreAt(framework, one, process, turned=turned) for one in (own, law))

    def __call__(self, x, t):
        """The score at time t."""
        return self.own(x, t) - self.all(x, t)

    def at(self, t):
        """The score of time t as a function of points."""
        own, everything = self.own.at(t), self.all.at(t)
        return lambda x: own(x) - everything(x)


@kept
def diffused(law: Law, process, t: float) -> Law:
    """The law at time t by the library's own process: what is handed over is not the judge's."""
    alpha, sigma = (float(v) for v in forward(process).marginal(t))
    return Law(law.kind, **library.diffuse(law, alpha, sigma))


def forward(process) -> processes.Process:
    """The library's process of a plain description."""
    own = {name: value for name, value in vars(process).items() if name != "kind"}
    if process.kind == "ve":
        own.setdefault("exact", True)
        own["exact"] = bool(own["exact"])
    return FORWARD[process.kind](**own)


FORWARD = {
    "vp": processes.VP,
    "sub_vp": processes.SubVP,
    "ve": processes.VE,
    "cosine": processes.Cosine,
    "edm": processes.EDM,
    "straight": processes.Straight,
}
