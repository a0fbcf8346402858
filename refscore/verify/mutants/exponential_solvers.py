"""Mistakes in singlestep DPM-Solvers and the flow's midpoint step."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.exponential import data_at, inner, noise_at, pair, width


def _second(score_at, x, t, s, *, inside=None, share=0.5, factor=1.0, reach=None, doubled=1.0):
    """DPM-Solver-2: inside, the inner time; share, r; factor of the difference of the noises."""
    (alpha_t, _), (alpha_s, sigma_s), h = pair(t), pair(s), doubled * width(t, s)
    u = inner(t, s, share) if inside is None else inside
    alpha_u, sigma_u = pair(u)
    now = noise_at(score_at, x, t)
    reach = doubled * width(t, u) if reach is None else reach
    there = noise_at(score_at, alpha_u / alpha_t * x - sigma_u * np.expm1(reach) * now, u)
    change = factor * (there - now) / (2 * share)
    return alpha_s / alpha_t * x - sigma_s * np.expm1(h) * (now + change)


@mistake("dpm_2_is_first_order", port="dpm_solver_2_step", source="R13: dpm-solver 8acf2bb")
def _(score_at, x, t, s):
    """The second stage is not used."""
    return _second(score_at, x, t, s, factor=0.0)


@mistake("dpm_2_change_twice", port="dpm_solver_2_step", source="classic: 1/r for 1/2r")
def _(score_at, x, t, s):
    """The difference of the stages has 1/r for 1/(2r)."""
    return _second(score_at, x, t, s, factor=2.0)


@mistake("dpm_2_change_half", port="dpm_solver_2_step", source="classic: r = 1 in the formula")
def _(score_at, x, t, s):
    """The difference of the stages is halved, as for an inner time at the end."""
    return _second(score_at, x, t, s, factor=0.5)


@mistake("dpm_2_change_sign", port="dpm_solver_2_step", source="classic: the difference reversed")
def _(score_at, x, t, s):
    """The difference of the stages has the wrong sign."""
    return _second(score_at, x, t, s, factor=-1.0)


@mistake("dpm_2_middle_in_time", port="dpm_solver_2_step", source="midpoint of t for that of λ")
def _(score_at, x, t, s):
    """The inner time is half-way in time."""
    return _second(score_at, x, t, s, inside=(t + s) / 2)


@mistake("dpm_2_inner_reach", port="dpm_solver_2_step", source="wrong second stage: h for r h")
def _(score_at, x, t, s):
    """The inner stage goes the whole step."""
    return _second(score_at, x, t, s, reach=width(t, s))


@mistake("dpm_2_log_snr_twice", port="dpm_solver_2_step", source="log SNR for half of it")
def _(score_at, x, t, s):
    """h is the step of log(α²/σ²)."""
    return _second(score_at, x, t, s, doubled=2.0)


@mistake("dpm_2_of_data", port="dpm_solver_2_step", source="F10: second order depends on it")
def _(score_at, x, t, s):
    """The data are predicted in place of the noise."""
    return library.dpm_solver_data_2_step(score_at, x, t, s)


@mistake("dpm_2_at_end", port="dpm_solver_2_step", source="Heun for midpoint")
def _(score_at, x, t, s):
    """The second stage is at the end of the step: r = 1."""
    return _second(score_at, x, t, s, share=1.0)


def _third(score_at, x, t, s, *, shares=(1 / 3, 2 / 3), second=1.0, last="v", weight=None):
    """DPM-Solver-3: second, the factor of D₁ in the second stage; last, the difference used."""
    (alpha_t, _), (alpha_s, sigma_s), h = pair(t), pair(s), width(t, s)
    now = noise_at(score_at, x, t)
    u, v = (inner(t, s, share) for share in shares)
    (alpha_u, sigma_u), (alpha_v, sigma_v), reach = pair(u), pair(v), shares[1] * h
    at_u = alpha_u / alpha_t * x - sigma_u * np.expm1(shares[0] * h) * now
    first = noise_at(score_at, at_u, u) - now
    ratio = shares[1] / shares[0]
    at_v = alpha_v / alpha_t * x - sigma_v * np.expm1(reach) * now
    at_v = at_v - second * sigma_v * ratio * (np.expm1(reach) / reach - 1) * first
    change = (noise_at(score_at, at_v, v) - now) / shares[1] if last == "v" else first / shares[0]
    weight = (lambda h: np.expm1(h) / h - 1) if weight is None else weight
    return alpha_s / alpha_t * x - sigma_s * (np.expm1(h) * now + weight(h) * change)


@mistake("dpm_3_second_stage_plain", port="dpm_solver_3_step", source="wrong second stage")
def _(score_at, x, t, s):
    """The second inner stage leaves out the first difference."""
    return _third(score_at, x, t, s, second=0.0)


@mistake("dpm_3_second_stage_sign", port="dpm_solver_3_step", source="classic: a sign")
def _(score_at, x, t, s):
    """The first difference enters the second stage with the wrong sign."""
    return _third(score_at, x, t, s, second=-1.0)


@mistake("dpm_3_first_difference", port="dpm_solver_3_step", source="wrong second stage")
def _(score_at, x, t, s):
    """The difference at one third is used for that at two thirds."""
    return _third(score_at, x, t, s, last="u")


@mistake("dpm_3_wrong_phi", port="dpm_solver_3_step", source="wrong phi function")
def _(score_at, x, t, s):
    """(e^h - 1 - h)/h² stands for (e^h - 1)/h - 1."""
    return _third(score_at, x, t, s, weight=lambda h: (np.expm1(h) - h) / h**2)


@mistake("dpm_3_phi_of_second_order", port="dpm_solver_3_step", source="wrong phi function")
def _(score_at, x, t, s):
    """(e^h - 1)/2 stands for (e^h - 1)/h - 1."""
    return _third(score_at, x, t, s, weight=lambda h: np.expm1(h) / 2)


@mistake("dpm_3_phi_cancels", port="dpm_solver_3_step", source="N15: expm1 lost at small h")
def _(score_at, x, t, s):
    """(e^h - 1)/h - 1 is formed in single precision."""
    low = lambda h: float(np.float32(np.exp(np.float32(h)) - 1) / np.float32(h) - 1)  # noqa: E731
    return _third(score_at, x, t, s, weight=low)


@mistake("dpm_3_other_times", port="dpm_solver_3_step", source="inner times at 1/2 and 1")
def _(score_at, x, t, s):
    """The inner times are half-way and at the end."""
    return _third(score_at, x, t, s, shares=(0.5, 1.0))


@mistake("dpm_3_is_second_order", port="dpm_solver_3_step", source="R13: lost order")
def _(score_at, x, t, s):
    """DPM-Solver-2 is run."""
    return library.dpm_solver_2_step(score_at, x, t, s)


def _data(score_at, x, t, s, *, factor=1.0, sign=-1.0, outer=None, clip=None):
    """DPM-Solver++ 2S; factor of the difference, the sign of z = ∓h, what stands for α_s."""
    u, h = inner(t, s, 0.5), width(t, s)
    (_, sigma_t), (alpha_u, sigma_u), (alpha_s, sigma_s) = pair(t), pair(u), pair(s)
    outer = alpha_s if outer is None else outer
    now = data_at(score_at, x, t)
    half = sigma_u / sigma_t * x + sign * alpha_u * np.expm1(sign * h / 2) * now
    there = data_at(score_at, half, u)
    if clip:
        there = np.clip(there, -clip, clip)
    mean = now + factor * (there - now)
    return sigma_s / sigma_t * x + sign * outer * np.expm1(sign * h) * mean


@mistake("dpm_data_is_first_order", port="dpm_solver_data_2_step", source="R13: lost order")
def _(score_at, x, t, s):
    """The second stage is not used."""
    return _data(score_at, x, t, s, factor=0.0)


@mistake("dpm_data_change_twice", port="dpm_solver_data_2_step", source="classic: 1/r for 1/2r")
def _(score_at, x, t, s):
    """The difference of the stages has 1/r for 1/(2r)."""
    return _data(score_at, x, t, s, factor=2.0)


@mistake("dpm_data_change_sign", port="dpm_solver_data_2_step", source="classic: a sign")
def _(score_at, x, t, s):
    """The difference of the stages has the wrong sign."""
    return _data(score_at, x, t, s, factor=-1.0)


@mistake("dpm_data_growing", port="dpm_solver_data_2_step", source="e^h for e^{-h}")
def _(score_at, x, t, s):
    """e^h - 1 of the noise form stands for 1 - e^{-h}."""
    return _data(score_at, x, t, s, sign=1.0)


@mistake("dpm_data_sigma_for_alpha", port="dpm_solver_data_2_step", source="the noise form's σ_s")
def _(score_at, x, t, s):
    """σ_s stands for α_s."""
    return _data(score_at, x, t, s, outer=pair(s)[1])


@mistake(
    "dpm_data_of_noise", port="dpm_solver_data_2_step", source="F10: second order depends on it"
)
def _(score_at, x, t, s):
    """The noise is predicted in place of the data."""
    return library.dpm_solver_2_step(score_at, x, t, s)


@mistake(
    "dpm_data_clipped_inside", port="dpm_solver_data_2_step", source="conventions 5: thresholding"
)
def _(score_at, x, t, s):
    """The inner stage's data are clipped to [-1, 1]."""
    return _data(score_at, x, t, s, clip=1.0)


def _midpoint(score_at, x, t, s, *, reach=0.5, label=0.5, pull=None):
    velocity = library.flow_velocity if pull is None else pull
    middle = x + reach * (s - t) * velocity(score_at, x, t)
    return x + (s - t) * velocity(score_at, middle, t + label * (s - t))


@mistake("flow_midpoint_is_euler", port="flow_midpoint_step", source="R13: lost order")
def _(score_at, x, t, s):
    """Euler's step is taken."""
    return x + (s - t) * library.flow_velocity(score_at, x, t)


@mistake("flow_midpoint_is_heun", port="flow_midpoint_step", source="Heun for midpoint")
def _(score_at, x, t, s):
    """Heun's step is taken."""
    v = library.flow_velocity(score_at, x, t)
    return x + (s - t) / 2 * (v + library.flow_velocity(score_at, x + (s - t) * v, s))


@mistake("flow_midpoint_full_reach", port="flow_midpoint_step", source="wrong second stage")
def _(score_at, x, t, s):
    """The inner point goes the whole step."""
    return _midpoint(score_at, x, t, s, reach=1.0)


@mistake("flow_midpoint_label", port="flow_midpoint_step", source="classic: the label is not moved")
def _(score_at, x, t, s):
    """The inner velocity has the label of the start."""
    return _midpoint(score_at, x, t, s, label=0.0)


@mistake("flow_midpoint_label_of_end", port="flow_midpoint_step", source="classic: an inner label")
def _(score_at, x, t, s):
    """The inner velocity has the label of the end."""
    return _midpoint(score_at, x, t, s, label=1.0)


@mistake("flow_midpoint_without_half", port="flow_midpoint_step", source="R33: g² for g²/2")
def _(score_at, x, t, s):
    """The velocity lacks the half of g²/2."""
    pull = lambda f, y, u: library.drift(y, u) - library.diffusion(u) ** 2 * f(y, u)  # noqa: E731
    return _midpoint(score_at, x, t, s, pull=pull)


@mistake("flow_midpoint_backwards", port="flow_midpoint_step", source="R23: noise at time 0")
def _(score_at, x, t, s):
    """The velocity is that of a clock that starts at the noise, and so has the wrong sign."""
    return _midpoint(score_at, x, t, s, pull=lambda f, y, u: -library.flow_velocity(f, y, u))
