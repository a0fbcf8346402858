"""Further mistakes in the variance-preserving marginal, drift and diffusion: time, rate, floor."""

from __future__ import annotations

import numpy as np

from refscore import processes
from refscore.verify.mutants.base import mistake
from refscore.verify.setting import PROCESS

VP = PROCESS


def _of_area(B):
    return np.exp(-B / 2), np.sqrt(-np.expm1(-B))


@mistake("marginal_time_reversed", port="marginal", source="conventions 1: torchcfm, data at 1")
def _(t):
    """Time runs from noise to data."""
    return VP.marginal(1 - t)


@mistake("marginal_log_sigma", port="marginal", source="F06: diffusionjax 306b9ac")
def _(t):
    """The array called sigma holds its logarithm."""
    alpha, sigma = VP.marginal(t)
    return alpha, np.log(sigma)


@mistake("marginal_of_first_rate", port="marginal", source="C05: the rate's growth left out")
def _(t):
    """β is β_min throughout."""
    return _of_area(VP.beta_min * t)


@mistake("marginal_without_first_rate", port="marginal", source="conventions 2: azula, log α ∝ t²")
def _(t):
    """∫β lacks its linear term."""
    return _of_area(0.5 * (VP.beta_max - VP.beta_min) * t**2)


@mistake("marginal_growth_of_whole_rate", port="marginal", source="classic: β_max for the slope")
def _(t):
    """β grows by β_max, not by β_max - β_min."""
    return _of_area(VP.beta_min * t + 0.5 * VP.beta_max * t**2)


@mistake("marginal_floor", port="marginal", source="conventions 2: azula, σ² = 1 - α² + σ_min²")
def _(t):
    """A noise of 0.001 is there from the start."""
    alpha, sigma = VP.marginal(t)
    return alpha, np.hypot(sigma, 1e-3)


@mistake("marginal_of_table", port="marginal", source="conventions 2: a table for the process")
def _(t):
    """The table of 1000 levels answers for continuous time."""
    table = processes.discrete_schedule("linear", 1000).process()
    return table.marginal(t)


@mistake("marginal_cosine", port="marginal", source="O12: another schedule than the one named")
def _(t):
    """The cosine schedule answers for the linear one."""
    return processes.Cosine().marginal(t)


@mistake("drift_time_reversed", port="drift", source="A02, DJ: the reverse clock")
def _(x, t):
    """The rate is taken at 1 - t."""
    return VP.drift(x, 1 - t)


@mistake("drift_of_first_rate", port="drift", source="C05: the rate's growth left out")
def _(x, t):
    """β is β_min throughout."""
    return -0.5 * VP.beta_min * x


@mistake("drift_divided_by_steps", port="drift", source="conventions 5: f/N for f")
def _(x, t):
    """The drift of one of 1000 steps is returned."""
    return VP.drift(x, t) / 1000


@mistake("drift_towards_one", port="drift", source="classic: a constant centre")
def _(x, t):
    """The drift pulls towards 1, not towards 0."""
    return VP.drift(x - 1, t)


@mistake("diffusion_time_reversed", port="diffusion", source="A02, DJ: the reverse clock")
def _(t):
    """The rate is taken at 1 - t."""
    return VP.diffusion(1 - t)


@mistake("diffusion_of_sigma", port="diffusion", source="classic: σ(t) for g")
def _(t):
    """The marginal's σ is returned for g."""
    return VP.marginal(t)[1]


@mistake("diffusion_of_variance_rate", port="diffusion", source="classic: (σ²)' for g²")
def _(t):
    """g² is (σ²)', without the part that the drift takes away."""
    return np.sqrt(2 * np.prod([VP.marginal(t)[1], VP.marginal_rates(t)[1]]))


@mistake("diffusion_of_sub_vp", port="diffusion", source="F25: another process")
def _(t):
    """g is that of the sub-VP process."""
    return processes.SubVP().diffusion(t)
