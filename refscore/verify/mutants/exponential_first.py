"""Mistakes in first- and second-order exponential steps: levels, roots, second stages."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.exponential import data_at, inner, noise_at, pair, width
from refscore.verify.mutants.exponential_multistep import walk


@mistake("exponential_sigma_not_squared", port="exponential_step", source="classic: σ for σ²")
def _(score_at, x, t, s):
    """The data are predicted by (x + σ s)/α."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = pair(t), pair(s)
    data = (x + sigma_t * score_at(x, t)) / alpha_t
    return alpha_s * data + sigma_s * noise_at(score_at, x, t)


@mistake("exponential_alpha_bar", port="exponential_step", source="F26, F10: the root is missing")
def _(score_at, x, t, s):
    """α² stands for α at both ends."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = pair(t), pair(s)
    eps = noise_at(score_at, x, t)
    return alpha_s**2 * (x - sigma_t * eps) / alpha_t**2 + sigma_s * eps


@mistake("exponential_direction_sign", port="exponential_step", source="R06: lucidrains 37334ae")
def _(score_at, x, t, s):
    """The data are right, the noise is put back with the wrong sign."""
    (alpha, sigma), eps = pair(s), noise_at(score_at, x, t)
    return alpha * data_at(score_at, x, t) - sigma * eps


@mistake("exponential_direction_score", port="exponential_step", source="O24: the score for ε")
def _(score_at, x, t, s):
    """The data are right, the score is put back as the noise."""
    (alpha, sigma), data = pair(s), data_at(score_at, x, t)
    return alpha * data + sigma * score_at(x, t)


@mistake("exponential_direction_variance", port="exponential_step", source="R35: σ² for σ")
def _(score_at, x, t, s):
    """The data are right, the noise is put back with the variance."""
    (alpha, sigma), eps = pair(s), noise_at(score_at, x, t)
    return alpha * data_at(score_at, x, t) + sigma**2 * eps


@mistake("exponential_of_exploding", port="exponential_step", source="F03: x + (σ_s - σ_t) ε")
def _(score_at, x, t, s):
    """The step is that of a process that does not shrink the data."""
    return x + (pair(s)[1] - pair(t)[1]) * noise_at(score_at, x, t)


@mistake("exponential_flow_euler", port="exponential_step", source="lost: exact for linear terms")
def _(score_at, x, t, s):
    """Euler's step of the probability flow in time is taken."""
    return x - (t - s) * library.flow_velocity(score_at, x, t)


@mistake("exponential_unmoved", port="exponential_step", source="classic: α_t, σ_t at both ends")
def _(score_at, x, t, s):
    """The data are noised again to the level they came from: x itself."""
    return 1.0 * x


@mistake("exponential_ends_exchanged", port="exponential_step", source="classic: t and s exchanged")
def _(score_at, x, t, s):
    """The data are read with α and σ of the end, and noised to the level of the start."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = pair(t), pair(s)
    eps = noise_at(score_at, x, t)
    return alpha_t * (x - sigma_s * eps) / alpha_s + sigma_t * eps


def _heun(score_at, x, t, s, second, weights=(0.5, 0.5)):
    """Heun's step of x/α over σ/α; second(z) is the second noise, z the guess."""
    if s == 0:
        return library.exponential_step(score_at, x, t, s)
    (alpha_t, sigma_t), (alpha_s, sigma_s) = pair(t), pair(s)
    h, eps = sigma_s / alpha_s - sigma_t / alpha_t, noise_at(score_at, x, t)
    slope = weights[0] * eps + weights[1] * second(x / alpha_t + h * eps)
    return alpha_s * (x / alpha_t + h * slope)


@mistake("heun_second_at_start_level", port="heun_step", source="classic: t is not moved on")
def _(score_at, x, t, s):
    """The second noise is that of the guess at the time and the scale of the start."""
    return _heun(score_at, x, t, s, lambda z: noise_at(score_at, pair(t)[0] * z, t))


@mistake("heun_second_at_point", port="heun_step", source="wrong second stage: x for the guess")
def _(score_at, x, t, s):
    """The second noise is asked at x itself, at the time of arrival."""
    return _heun(score_at, x, t, s, lambda z: noise_at(score_at, x, s))


@mistake("heun_second_unscaled", port="heun_step", source="S07: α left out")
def _(score_at, x, t, s):
    """The second noise is asked at x/α, not at x."""
    return _heun(score_at, x, t, s, lambda z: noise_at(score_at, z, s))


@mistake("heun_weights_unequal", port="heun_step", source="another rule's weights")
def _(score_at, x, t, s):
    """The slopes have weights 1/4 and 3/4, those of Ralston's rule."""
    arrived = lambda z: noise_at(score_at, pair(s)[0] * z, s)  # noqa: E731
    return _heun(score_at, x, t, s, arrived, (0.25, 0.75))


@mistake("heun_half_step", port="heun_step", source="classic: the half twice")
def _(score_at, x, t, s):
    """The mean of the slopes is halved again."""
    arrived = lambda z: noise_at(score_at, pair(s)[0] * z, s)  # noqa: E731
    return _heun(score_at, x, t, s, arrived, (0.25, 0.25))


def _second(score_at, x, t, s, at):
    """DPM-Solver-2 with at(x, u, α_u) the noise of the second stage."""
    (alpha_t, _), (alpha_s, sigma_s), u = pair(t), pair(s), inner(t, s, 0.5)
    alpha_u, sigma_u = pair(u)
    moved = alpha_u / alpha_t * x
    moved = moved - sigma_u * np.expm1(width(t, u)) * noise_at(score_at, x, t)
    return alpha_s / alpha_t * x - sigma_s * np.expm1(width(t, s)) * at(moved, u)


@mistake("dpm_2_label_of_start", port="dpm_solver_2_step", source="classic: t is not moved on")
def _(score_at, x, t, s):
    """The second stage is asked at the first time."""
    return _second(score_at, x, t, s, lambda moved, u: noise_at(score_at, moved, t))


@mistake("dpm_2_not_moved", port="dpm_solver_2_step", source="wrong second stage: x for the guess")
def _(score_at, x, t, s):
    """The second stage is asked at x, which has not moved."""
    return _second(score_at, x, t, s, lambda moved, u: noise_at(score_at, x, u))


def _without_last(past, widths):
    """2M's combination on every step, also where h = ∞."""
    if len(past) < 2:
        return past[0]
    with np.errstate(all="ignore"):
        share = np.float64(0.5) * widths[0] / widths[1]
        return (1 + share) * past[0] - share * past[1]


@mistake("dpm_2m_without_last_rule", port="dpm_multistep_sample", source="R03: h = ∞ at σ = 0")
def _(score_at, x_T, times):
    """The step to σ = 0 extrapolates like all others, over an infinite h."""
    with np.errstate(all="ignore"):
        return walk(score_at, x_T, times, _without_last)


def _sum(past, widths):
    """2M with the remembered prediction added."""
    if len(past) < 2 or widths[0] == np.inf:
        return past[0]
    share = 0.5 * widths[0] / widths[1]
    return (1 + share) * past[0] + share * past[1]


@mistake("dpm_2m_memory_sign", port="dpm_multistep_sample", source="classic: a sign")
def _(score_at, x_T, times):
    """The prediction before is added, not subtracted: the weights do not sum to 1."""
    return walk(score_at, x_T, times, _sum)


@mistake("lms_first_order", port="lms_sample", source="lost order: R13")
def _(score_at, x_T, times, order):
    """The memory is never used: order 1 throughout."""
    return library.lms_sample(score_at, x_T, times, 1)


@mistake("lms_highest_order", port="lms_sample", source="classic: order ignored, 4 kept")
def _(score_at, x_T, times, order):
    """Four predictions are used whatever the order."""
    return library.lms_sample(score_at, x_T, times, 4)
