"""flow_matching: its schedulers and conversions, in its time 1 - t; its velocity is -dx/dt.

CosineScheduler is alpha = cos(pi t / 2), sigma = sin(pi t / 2): the cosine process without offset.
"""

from __future__ import annotations

from importlib.metadata import version as version_of

import torch
from flow_matching.path import AffineProbPath
from flow_matching.path.scheduler import CondOTScheduler, CosineScheduler, VPScheduler

from refscore.verify import NotOffered

NAMES = {"data": "target", "noise": "epsilon", "flow": "velocity"}


class Path:
    """One scheduler; `process` is what the kit calls it."""

    framework, version = "torch", version_of("flow_matching")

    def __init__(self, scheduler, **process):
        self.name, self.process = f"flow_matching, {type(scheduler).__name__}", process
        self._path = AffineProbPath(scheduler)

    def _at(self, t):
        return self._path.scheduler(1 - torch.as_tensor(t, dtype=torch.float64))

    def marginal(self, t):
        return self._at(t).alpha_t, self._at(t).sigma_t

    def marginal_rates(self, t):
        return -self._at(t).d_alpha_t, -self._at(t).d_sigma_t

    def predict_convert(self, x, t, value, source, target):
        if not {source, target} <= set(NAMES):
            raise NotOffered("it converts data, noise and flow")
        if source == target:
            return value
        value = -value if source == "flow" else value
        convert = getattr(self._path, f"{NAMES[source]}_to_{NAMES[target]}")
        made = convert(value, x, 1 - torch.as_tensor(t, dtype=x.dtype))
        return -made if target == "flow" else made


class Planted(AffineProbPath):
    """With the signal's slope left out of one conversion."""

    def epsilon_to_velocity(self, epsilon, x_t, t):
        made = self.scheduler(t)
        return made.d_alpha_t / made.alpha_t * x_t + made.d_sigma_t * epsilon


PLANTED = Path(CondOTScheduler(), kind="straight")
PLANTED.name = "flow_matching, planted: the signal's slope left out"
PLANTED._path = Planted(CondOTScheduler())
PLANTED.expected_failures = {"parametrisations_convert": "planted"}
SUBJECTS = [
    Path(CondOTScheduler(), kind="straight"),
    Path(VPScheduler(), kind="vp", beta_min=0.1, beta_max=20.0),
    Path(CosineScheduler(), kind="cosine", offset=0.0, final_time=1.0),
    PLANTED,
]
