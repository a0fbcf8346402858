"""What every reverse step is: a pure map from x at time t to x at an earlier time s."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore.diffusion.probability_flow import one_time, score_at_time
from refscore.processes import as_process


class ReverseStep:
    """A step of a sampler from time t to a time s < t, `step(x, t, s, noise) -> x'`.

    `noises` standard-normal arrays of x's shape are taken a step (0: noise is None; 1: noise
    has x's shape; 2: (2, *x.shape)); `evaluations` scores are evaluated; `memory` arrays are
    remembered. A one-step method defines `__call__`; a multistep one `advance`, on a state
    (x, *memory) whose memory is (time, array) pairs, oldest first.
    """

    noises = 0
    evaluations = 1
    memory = 0

    def __init__(self, process, score_at):
        self.process: object = as_process(process)
        self.score_of: Callable = score_at_time(process, score_at)

    def start(self, x, t) -> tuple:
        """The state at time t before any step: (x,)."""
        return (x,)

    def advance(self, state: tuple, t, s, noise=None) -> tuple:
        """The state at time s from the state at time t."""
        return (self(state[0], t, s, noise),)

    def __call__(self, x, t, s, noise=None) -> np.ndarray:
        """x' at time s from x (..., d) at time t."""
        raise NotImplementedError

    def times(self, t, s) -> tuple[float, float]:
        """(t, s) as numbers of the process, checked: s < t."""
        t, s = one_time(t, self.process, "t"), one_time(s, self.process, "s")
        if not s < t:
            raise ValueError(f"s must be before t = {t:g}, got {s:g}")
        return t, s
