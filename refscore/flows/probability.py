"""The probability flow of a diffusion as one continuous flow among others."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_offering
from refscore.diffusion.probability_flow import diffused, one_time, score_at_time
from refscore.distributions import Gaussian
from refscore.fields import Family, Field
from refscore.fields._of_families import Fixed
from refscore.fields.base import as_field
from refscore.flows.continuous import ContinuousFlow
from refscore.processes import as_process


def probability_flow(
    process, score_at, *, base=None, start=0.0, end=None, **options
) -> ContinuousFlow:
    """The flow from noise at time `end` to data at time `start` that has a process's marginals.

        z' = f(t) z - ½ g(t)² s_t(z),  base p_T at T,  data at `start`

    Its log density is `diffusion.log_likelihood`, which is the faster of the two for exact
    scores; this one draws, and differentiates in the parameters of a family of scores.
    Arguments: process, with drift_rate and diffusion; score_at, a law (its exact diffused score
    is used), a Family, whose parameters are the flow's, or a function t -> Field; base, a law:
    the diffused one where score_at is a law, else N(0, prior_std² I) unless given; start, end
    (T unless given) within [0, T]; options of `ContinuousFlow`. Returns: ContinuousFlow. Raises:
    TypeError, ValueError naming the argument. Source: Song et al. 2021, equations 13 and 39.
    Tested in: tests/flows/test_probability.py
    """
    process = as_process(process)
    end = one_time(process.final_time if end is None else end, process, "end")
    start = one_time(start, process, "start")
    if base is None and hasattr(score_at, "diffuse"):
        base = diffused(process, score_at, end)
    if base is None:
        dim = as_offering(score_at, "score_at", "dim").dim
        base = Gaussian(np.zeros(dim), process.prior_std() ** 2)
    velocity = _Velocity(process, score_at, as_offering(base, "base", "dim").dim)
    return ContinuousFlow(velocity, base, end, start, **options)


class _Velocity(Family):
    """f x - ½ g² s; the parameters are those of the scores."""

    def __init__(self, process, score_at, dim):
        super().__init__(self.at)
        self.process, self.score_at, self.dim = process, score_at, dim
        self.score_of = score_at_time(process, score_at)

    @property
    def parameters(self):
        return self.score_at.parameters if isinstance(self.score_at, Family) else np.empty(0)

    def with_parameters(self, theta):
        if not isinstance(self.score_at, Family):
            return super().with_parameters(theta)
        return _Velocity(self.process, self.score_at.with_parameters(theta), self.dim)

    def at(self, t):
        rate, half = self.process.drift_rate(t), -0.5 * float(self.process.diffusion(t)) ** 2
        return _Multiple(float(rate), self.dim) + half * self._score(t)

    def _score(self, t):
        """The score at t, whose parameters are the family's, or no one's."""
        if isinstance(self.score_at, Family):
            return self.score_at._own_at(t)
        return Fixed(as_field(self.score_of(t), "score_at(t)"))


class _Multiple(Field):
    """c x."""

    affine = True

    def __init__(self, factor, dim):
        super().__init__(dim)
        self.factor = factor

    def _value(self, x):
        return self.factor * x

    def _jvp(self, x, v):
        return self.factor * v

    def _vjp(self, x, w):
        return self.factor * w

    def _jacobian(self, x):
        return np.broadcast_to(self.factor * np.eye(self.dim), (len(x), self.dim, self.dim)).copy()

    def _divergence(self, x):
        return np.full(len(x), self.factor * self.dim)
