"""torchcfm: the means of its paths and their flows, from noise x0 to data x1 in its time 1 - t."""

from __future__ import annotations

from importlib.metadata import version as version_of

import torch

from validation.peers.stand_ins import modules

(matching,) = modules("torchcfm", ("conditional_flow_matching",), ("ot",))
ZERO, ONE = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)


class Path:
    """One matcher; alpha is what a unit of data becomes, sigma what a unit of noise does."""

    framework, version = "torch", version_of("torchcfm")

    def __init__(self, matcher, **process):
        self.name, self.process = f"torchcfm, {type(matcher).__name__}", process
        self._matcher = matcher

    def _both(self, function, t, *more):
        time = torch.tensor([1 - float(t)], dtype=torch.float64)
        return tuple(function(*ends, time, *more).squeeze() for ends in ((ZERO, ONE), (ONE, ZERO)))

    def marginal(self, t):
        return self._both(self._matcher.compute_mu_t, t)

    def marginal_rates(self, t):
        return tuple(-v for v in self._both(self._matcher.compute_conditional_flow, t, None))


class Planted(matching.VariancePreservingConditionalFlowMatcher):
    """With the flow of the straight path on the curved one."""

    def compute_conditional_flow(self, x0, x1, t, xt):
        return x1 - x0


COSINE = {"kind": "cosine", "offset": 0.0, "final_time": 1.0}
PLANTED = Path(Planted(), **COSINE)
PLANTED.name = "torchcfm, planted: the straight flow on the curved path"
PLANTED.expected_failures = {"marginal_rates": "planted"}
SUBJECTS = [
    Path(matching.ConditionalFlowMatcher(), kind="straight"),
    Path(matching.VariancePreservingConditionalFlowMatcher(), **COSINE),
    PLANTED,
]
