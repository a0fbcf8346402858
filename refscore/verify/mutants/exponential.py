"""Mistakes in the first-order exponential step and in EDM's Heun step."""

from __future__ import annotations

import numpy as np

from refscore import processes
from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.setting import PROCESS, present


def pair(t):
    """(α, σ) as numbers."""
    alpha, sigma = library.marginal(t)
    return float(alpha), float(sigma)


def noise_at(score_at, x, t):
    """ε = -σ s."""
    return -pair(t)[1] * score_at(x, t)


def data_at(score_at, x, t):
    """x₀ = (x - σ ε)/α."""
    alpha, sigma = pair(t)
    return (x - sigma * noise_at(score_at, x, t)) / alpha


def width(t, s):
    """h = λ_s - λ_t."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = pair(t), pair(s)
    return np.log(alpha_s / alpha_t) - np.log(sigma_s / sigma_t)


def inner(t, s, ratio):
    """The time at λ_t + ratio h."""
    (alpha, sigma), h = pair(t), width(t, s)
    return time_of(sigma / alpha * np.exp(-ratio * h))


def time_of(ratio):
    """The time with this σ/α; of the linear VP, also beyond the end."""
    if not isinstance(present(), processes.VP):
        return float(PROCESS.time_at(-np.log(ratio)))
    area, low, slope = np.log1p(ratio**2), PROCESS.beta_min, PROCESS.beta_max - PROCESS.beta_min
    return 2 * area / (low + np.sqrt(low**2 + 2 * slope * area))


def _first(score_at, x, t, s, *, factor=np.expm1, eps=None, kept=None, spread=None):
    """(α_s/α_t) x - σ_s (e^h - 1) ε; to σ = 0 its limit."""
    if s == 0:
        return library.exponential_step(score_at, x, t, s)
    eps = noise_at(score_at, x, t) if eps is None else eps
    kept = pair(s)[0] / pair(t)[0] if kept is None else kept
    spread = pair(s)[1] if spread is None else spread
    return kept * x - spread * factor(width(t, s)) * eps


@mistake("exponential_log_snr_twice", port="exponential_step", source="log SNR for half of it")
def _(score_at, x, t, s):
    """h is the step of log(α²/σ²)."""
    return _first(score_at, x, t, s, factor=lambda h: np.expm1(2 * h))


@mistake("exponential_sign", port="exponential_step", source="R24: the sign of the noise")
def _(score_at, x, t, s):
    """The noise is added."""
    return _first(score_at, x, t, s, factor=lambda h: -np.expm1(h))


@mistake("exponential_falling", port="exponential_step", source="classic: e^{-h} of the data form")
def _(score_at, x, t, s):
    """1 - e^{-h} stands for e^h - 1."""
    return _first(score_at, x, t, s, factor=lambda h: -np.expm1(-h))


@mistake("exponential_cancels", port="exponential_step", source="N15: 1 - exp in single precision")
def _(score_at, x, t, s):
    """e^h - 1 is formed in single precision."""
    return _first(score_at, x, t, s, factor=lambda h: float(np.exp(np.float32(h)) - np.float32(1)))


@mistake("exponential_linearised", port="exponential_step", source="classic: h for e^h - 1")
def _(score_at, x, t, s):
    """The exponential is cut after its first term: Euler in λ."""
    return _first(score_at, x, t, s, factor=lambda h: h)


@mistake("exponential_unscaled", port="exponential_step", source="classic: α_s/α_t left out")
def _(score_at, x, t, s):
    """x is not scaled by α_s/α_t."""
    return _first(score_at, x, t, s, kept=1.0)


@mistake("exponential_sigma_of_start", port="exponential_step", source="classic: σ_t for σ_s")
def _(score_at, x, t, s):
    """The noise has σ of the start."""
    return _first(score_at, x, t, s, spread=pair(t)[1])


@mistake("exponential_data_as_noise", port="exponential_step", source="R07: diffusers #2094")
def _(score_at, x, t, s):
    """The data prediction stands where the noise belongs."""
    return _first(score_at, x, t, s, eps=data_at(score_at, x, t))


@mistake("exponential_score_unscaled", port="exponential_step", source="S08: -s for -σ s")
def _(score_at, x, t, s):
    """The score is taken for the noise without σ."""
    return _first(score_at, x, t, s, eps=-score_at(x, t))


@mistake("exponential_label", port="exponential_step", source="C01: k-diffusion 2ce2bb3")
def _(score_at, x, t, s):
    """The score is asked at π/2 times the time."""
    late = -pair(t)[1] * score_at(x, min(np.pi / 2 * t, PROCESS.final_time))
    return _held(score_at, x, t, s, eps=late)


@mistake("exponential_label_of_end", port="exponential_step", source="R02: an index off by one")
def _(score_at, x, t, s):
    """The score is asked at the time of arrival."""
    return _held(score_at, x, t, s, eps=-pair(t)[1] * score_at(x, s))


def _held(score_at, x, t, s, eps, data=None):
    """α_s x₀ + σ_s ε with x₀ from ε."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = pair(t), pair(s)
    data = (x - sigma_t * eps) / alpha_t if data is None else data
    return alpha_s * data + sigma_s * eps


@mistake("exponential_clipped", port="exponential_step", source="R08: lucidrains 6dda508")
def _(score_at, x, t, s):
    """The data are clipped to [-1, 1], the noise is not derived from them again."""
    data = np.clip(data_at(score_at, x, t), -1, 1)
    return _held(score_at, x, t, s, noise_at(score_at, x, t), data)


@mistake("exponential_clips_data", port="exponential_step", source="conventions 5: clip_sample")
def _(score_at, x, t, s):
    """Unbounded data are clipped to [-1, 1], the noise derived from them."""
    (alpha_t, sigma_t), data = pair(t), np.clip(data_at(score_at, x, t), -1, 1)
    return _held(score_at, x, t, s, (x - alpha_t * data) / sigma_t, data)


def _in_ratio(score_at, x, t, s, *, second=None, weights=(0.5, 0.5), last="euler"):
    """A two-stage step of x/α over σ/α; second(y, slope, h) gives the second slope."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = pair(t), pair(s)
    y, h = x / alpha_t, sigma_s / alpha_s - sigma_t / alpha_t
    slope = noise_at(score_at, x, t)
    if s == 0 and last == "euler":
        return alpha_s * (y + h * slope)
    there = second(y, slope, h)
    return alpha_s * (y + h * (weights[0] * slope + weights[1] * there))


def _at(score_at, y, t):
    return noise_at(score_at, pair(t)[0] * y, t)


@mistake("heun_is_euler", port="heun_step", source="R13: the correction is never made")
def _(score_at, x, t, s):
    """The second slope is that of the start."""
    return _in_ratio(score_at, x, t, s, second=lambda y, slope, h: slope)


@mistake("heun_second_slope_alone", port="heun_step", source="wrong second stage")
def _(score_at, x, t, s):
    """The slope at the end replaces the mean of both."""
    second = lambda y, slope, h: _at(score_at, y + h * slope, s)  # noqa: E731
    return _in_ratio(score_at, x, t, s, second=second, weights=(0.0, 1.0))


@mistake("heun_second_sum", port="heun_step", source="classic: slopes summed")
def _(score_at, x, t, s):
    """The slopes are summed, not averaged."""
    second = lambda y, slope, h: _at(score_at, y + h * slope, s)  # noqa: E731
    return _in_ratio(score_at, x, t, s, second=second, weights=(1.0, 1.0))


@mistake("heun_second_from_start", port="heun_step", source="wrong second stage")
def _(score_at, x, t, s):
    """The second slope is asked where the step began."""
    second = lambda y, slope, h: _at(score_at, y, s)  # noqa: E731
    return _in_ratio(score_at, x, t, s, second=second)


@mistake("heun_second_label", port="heun_step", source="classic: the label is not moved on")
def _(score_at, x, t, s):
    """The second slope has the label of the start."""
    second = lambda y, slope, h: noise_at(score_at, pair(s)[0] * (y + h * slope), t)  # noqa: E731
    return _in_ratio(score_at, x, t, s, second=second)


@mistake("heun_midpoint", port="heun_step", source="midpoint for Heun")
def _(score_at, x, t, s):
    """The midpoint rule stands for Heun's."""
    alpha_t, sigma_t = pair(t)
    middle = inner(t, s, 0.5) if s else t
    part = pair(middle)[1] / pair(middle)[0] - sigma_t / alpha_t
    second = lambda y, slope, h: _at(score_at, y + part * slope, middle)  # noqa: E731
    return _in_ratio(score_at, x, t, s, second=second, weights=(0.0, 1.0))


@mistake("heun_corrects_last", port="heun_step", source="conventions 5: the last step is Euler's")
def _(score_at, x, t, s):
    """The step to σ = 0 is averaged with a slope of 0 there."""
    second = lambda y, slope, h: _at(score_at, y + h * slope, s) if s else 0.0 * slope  # noqa: E731
    return _in_ratio(score_at, x, t, s, second=second, last="heun")


@mistake("heun_in_time", port="heun_step", source="Heun of dx/dt, not of d(x/α)/d(σ/α)")
def _(score_at, x, t, s):
    """Heun's step is taken in time."""
    if s == 0:
        return library.exponential_step(score_at, x, t, s)
    v, h = library.flow_velocity(score_at, x, t), s - t
    return x + h / 2 * (v + library.flow_velocity(score_at, x + h * v, s))
