"""Mistakes in DPM-Solver++ 2M and 3M and in exponential multistep samplers."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.exponential import data_at, noise_at, pair, width


def walk(score_at, x, times, combine, *, noise=None, predict=data_at, keep=4, change=None):
    """x over times: combine(past, h of all steps so far) gives the prediction that is held.

    past: predictions, newest first; `change(x, t, s, held, k)` takes the step.
    """
    past, widths, change = [], [], change or _to
    for k, (t, s) in enumerate(zip(times[:-1], times[1:])):
        past = [predict(score_at, x, t), *past][:keep]
        widths = [width(t, s) if s else np.inf, *widths]
        x = change(x, t, s, combine(past, widths), k if noise is None else noise[k])
    return x


def _to(x, t, s, held, _):
    """The data form, x held."""
    (_, sigma_t), (alpha_s, sigma_s) = pair(t), pair(s)
    return sigma_s / sigma_t * x - alpha_s * np.expm1(-(width(t, s) if s else np.inf)) * held


def two(past, widths, *, ratio=None, factor=0.5):
    """m₀ + factor (m₀ - m₁)/r; m₀ alone at the start and on a step to σ = 0."""
    if len(past) < 2 or widths[0] == np.inf:
        return past[0]
    r = widths[1] / widths[0] if ratio is None else ratio(widths)
    return past[0] + factor / r * (past[0] - past[1])


@mistake("dpm_2m_is_first_order", port="dpm_multistep_sample", source="lost order")
def _(score_at, x_T, times):
    """The memory is not used."""
    return walk(score_at, x_T, times, lambda past, widths: past[0])


@mistake("dpm_2m_ratio_ignored", port="dpm_multistep_sample", source="lost order: r taken to be 1")
def _(score_at, x_T, times):
    """The steps are taken to be of equal size."""
    return walk(score_at, x_T, times, lambda m, h: two(m, h, ratio=lambda h: 1.0))


@mistake("dpm_2m_ratio_inverted", port="dpm_multistep_sample", source="lost order: h/h_before")
def _(score_at, x_T, times):
    """r is the ratio of this step to the one before."""
    return walk(score_at, x_T, times, lambda m, h: two(m, h, ratio=lambda h: h[0] / h[1]))


@mistake("dpm_2m_ratio_in_time", port="dpm_multistep_sample", source="lost order: t for λ")
def _(score_at, x_T, times):
    """r is the ratio of the steps in time."""
    gaps = -np.diff(times)
    ratio = lambda h: gaps[len(h) - 2] / gaps[len(h) - 1]  # noqa: E731
    return walk(score_at, x_T, times, lambda m, h: two(m, h, ratio=ratio))


@mistake("dpm_2m_without_half", port="dpm_multistep_sample", source="classic: 1/r for 1/2r")
def _(score_at, x_T, times):
    """The difference has 1/r for 1/(2r)."""
    return walk(score_at, x_T, times, lambda m, h: two(m, h, factor=1.0))


@mistake("dpm_2m_difference_sign", port="dpm_multistep_sample", source="classic: m₁ - m₀")
def _(score_at, x_T, times):
    """The difference has the wrong sign."""
    return walk(score_at, x_T, times, lambda m, h: two(m, h, factor=-0.5))


@mistake("dpm_2m_history_reversed", port="dpm_multistep_sample", source="wrong history order")
def _(score_at, x_T, times):
    """The newest prediction and the one before are exchanged."""
    return walk(score_at, x_T, times, lambda m, h: two(m[1::-1] if len(m) > 1 else m, h))


@mistake("dpm_2m_history_stale", port="dpm_multistep_sample", source="the memory is never renewed")
def _(score_at, x_T, times):
    """The first prediction is remembered for ever."""
    return walk(score_at, x_T, times, lambda m, h: two([m[0], m[-1]][: len(m)], h), keep=99)


@mistake("dpm_2m_label_off_by_one", port="dpm_multistep_sample", source="R31: zea #601")
def _(score_at, x_T, times):
    """The first prediction is asked at the time of the step after it."""
    first = times[0]
    late = lambda f, x, t: data_at(f, x, times[1] if t == first else t)  # noqa: E731
    return walk(score_at, x_T, times, two, predict=late)


@mistake(
    "dpm_2m_start_skipped", port="dpm_multistep_sample", source="R31: warm start one step late"
)
def _(score_at, x_T, times):
    """The walk starts at the second time, from the point of the first."""
    return walk(score_at, x_T, times[1:], two)


@mistake("dpm_2m_ofvelocity", port="dpm_multistep_sample", source="R28: diffusers #14816")
def _(score_at, x_T, times):
    """Velocities are combined, not data."""
    return walk(score_at, x_T, times, two, predict=velocity, change=by_velocity)


def velocity(score_at, x, t):
    """α ε - σ x₀."""
    (alpha, sigma), eps = pair(t), noise_at(score_at, x, t)
    return alpha * eps - sigma * (x - sigma * eps) / alpha


def by_velocity(x, t, s, held, _):
    """The held velocity made data, of a process with α² + σ² = 1."""
    alpha, sigma = pair(t)
    return _to(x, t, s, alpha * x - sigma * held, None)


@mistake(
    "dpm_2m_of_noise", port="dpm_multistep_sample", source="R28, F10: combined in another variable"
)
def _(score_at, x_T, times):
    """Noises are combined, not data."""
    return walk(score_at, x_T, times, two, predict=noise_at, change=by_noise)


def by_noise(x, t, s, held, _):
    """The noise form of first order, the noise held."""
    (alpha_t, sigma_t), (alpha_s, sigma_s) = pair(t), pair(s)
    return alpha_s / alpha_t * x + (sigma_s - alpha_s * sigma_t / alpha_t) * held


@mistake("dpm_2m_clipped", port="dpm_multistep_sample", source="conventions 5: clip_sample")
def _(score_at, x_T, times):
    """Unbounded data are clipped to [-1, 1]."""
    return walk(score_at, x_T, times, lambda m, h: np.clip(two(m, h), -1, 1))


@mistake(
    "dpm_2m_last_step_missing", port="dpm_multistep_sample", source="conventions 5: stops early"
)
def _(score_at, x_T, times):
    """The step to σ = 0 is not taken."""
    return library.dpm_multistep_sample(score_at, x_T, times[:-1] if times[-1] == 0 else times)


@mistake(
    "dpm_2m_last_step_extrapolated", port="dpm_multistep_sample", source="R03: a floor for σ = 0"
)
def _(score_at, x_T, times):
    """λ is cut at σ = 0, and the last step is second order."""
    end = [*times[:-1], 1e-6] if times[-1] == 0 else times
    return library.dpm_multistep_sample(score_at, x_T, end)


def _three(past, widths, *, first=1.0, second=0.5, swapped=False, phi=None):
    """What 3M holds, per -(e^{-h} - 1): m₀ + φ-weights of D₁ and D₂."""
    if len(past) < 3:
        return two(past, widths)
    h, r0, r1 = widths[0], widths[1] / widths[0], widths[2] / widths[0]
    r0, r1 = (r1, r0) if swapped else (r0, r1)
    d0, d1 = (past[0] - past[1]) / r0, (past[1] - past[2]) / r1
    D1, D2 = d0 + first * r0 / (r0 + r1) * (d0 - d1), (d0 - d1) / (r0 + r1)
    grown = -np.expm1(-h)
    w1 = 1 - grown / h if phi is None else phi(h)
    w2 = 1 - 2 * (1 - grown / h) / h
    return past[0] + (w1 * D1 + second * w2 * D2) / grown


@mistake("dpm_3m_is_second_order", port="dpm_multistep_3_sample", source="lost order")
def _(score_at, x_T, times):
    """The third prediction is never used."""
    return walk(score_at, x_T, times, two)


@mistake("dpm_3m_is_first_order", port="dpm_multistep_3_sample", source="lost order")
def _(score_at, x_T, times):
    """The memory is not used."""
    return walk(score_at, x_T, times, lambda past, widths: past[0])


@mistake("dpm_3m_ratios_swapped", port="dpm_multistep_3_sample", source="wrong history order")
def _(score_at, x_T, times):
    """r₀ and r₁ are exchanged."""
    return walk(score_at, x_T, times, lambda m, h: _three(m, h, swapped=True))


@mistake(
    "dpm_3m_ratios_ignored", port="dpm_multistep_3_sample", source="lost order: r taken to be 1"
)
def _(score_at, x_T, times):
    """The steps are taken to be of equal size."""
    return walk(score_at, x_T, times, lambda m, h: _three(m, [h[0]] * len(h)))


@mistake("dpm_3m_slope_plain", port="dpm_multistep_3_sample", source="classic: D₁ = d₀")
def _(score_at, x_T, times):
    """The slope lacks its correction."""
    return walk(score_at, x_T, times, lambda m, h: _three(m, h, first=0.0))


@mistake("dpm_3m_curvature_sign", port="dpm_multistep_3_sample", source="classic: a sign")
def _(score_at, x_T, times):
    """The curvature has the wrong sign."""
    return walk(score_at, x_T, times, lambda m, h: _three(m, h, second=-0.5))


@mistake("dpm_3m_curvature_missing", port="dpm_multistep_3_sample", source="classic: D₂ left out")
def _(score_at, x_T, times):
    """The curvature is left out."""
    return walk(score_at, x_T, times, lambda m, h: _three(m, h, second=0.0))


@mistake("dpm_3m_wrong_phi", port="dpm_multistep_3_sample", source="wrong phi function")
def _(score_at, x_T, times):
    """The slope has half of 1 - e^{-h}, as in 2M."""
    halved = lambda h: -np.expm1(-h) / 2  # noqa: E731
    return walk(score_at, x_T, times, lambda m, h: _three(m, h, phi=halved))


@mistake("multistep_order_lost", port="exponential_multistep_sample", source="lost order")
def _(score_at, x_T, times, order):
    """One prediction fewer is used."""
    return library.exponential_multistep_sample(score_at, x_T, times, order - 1)


@mistake("multistep_uniform_steps", port="exponential_multistep_sample", source="r taken to be 1")
def _(score_at, x_T, times, order):
    """The steps are taken to be of equal size."""
    return _polynomial(score_at, x_T, times, order, lambda h: -np.arange(len(h)) * h[0])


@mistake("multistep_history_reversed", port="exponential_multistep_sample", source="history order")
def _(score_at, x_T, times, order):
    """The memory is read from the oldest to the newest."""
    return _polynomial(score_at, x_T, times, order, _places, turned=True)


@mistake(
    "multistep_published", port="exponential_multistep_sample", source="2M's and 3M's shortcuts"
)
def _(score_at, x_T, times, order):
    """The published weights of 2M and 3M stand for the integrals."""
    if order == 4:
        return library.exponential_multistep_sample(score_at, x_T, times, 4)
    sampler = library.dpm_multistep_sample if order == 2 else library.dpm_multistep_3_sample
    return sampler(score_at, x_T, times)


@mistake("multistep_unweighted", port="exponential_multistep_sample", source="wrong phi function")
def _(score_at, x_T, times, order):
    """The exponential under the integral is taken to be constant."""
    return _polynomial(score_at, x_T, times, order, _places, flat=True)


def _places(widths):
    """λ of the remembered predictions, that of the newest being 0."""
    return -np.concatenate([[0.0], np.cumsum(widths[1:])])


def _polynomial(score_at, x, times, order, places, *, turned=False, flat=False):
    """Exponential Adams-Bashforth with other places, a turned memory, or a flat weight."""
    node, weight = np.polynomial.legendre.leggauss(12)

    def held(past, widths):
        past = past[:order][::-1] if turned else past[:order]
        at, h = places(widths[: len(past)]), widths[0]
        u = h * (node + 1) / 2
        rate = weight * (1.0 if flat else np.exp(u)) / np.sum(weight * (1.0 if flat else np.exp(u)))
        fit = np.vander(u, len(at), increasing=True) @ np.linalg.inv(
            np.vander(at, increasing=True)
        )  # fmt: skip
        return sum(c * m for c, m in zip(rate @ fit, past))

    return walk(score_at, x, times, held)
