"""Mistakes in SDE-DPM-Solver++, 1 and 2M."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.exponential import data_at, inner, pair, width
from refscore.verify.mutants.exponential_multistep import two, walk


def _sde(score_at, x, t, s, noise, *, kept=1.0, drawn=2.0, spread=None):
    """SDE-DPM-Solver++ 1: e^{-kept h} on x, 1 - e^{-drawn h} on the data, σ_s spread(h) noise."""
    (_, sigma_t), (alpha_s, sigma_s), h = pair(t), pair(s), width(t, s)
    spread = np.sqrt(-np.expm1(-2 * h)) if spread is None else spread(h)
    out = sigma_s / sigma_t * np.exp(-kept * h) * x + sigma_s * spread * noise
    return out - alpha_s * np.expm1(-drawn * h) * data_at(score_at, x, t)


@mistake("sde_dpm_variance_for_sd", port="sde_dpm_step", source="R35: the root forgotten")
def _(score_at, x, t, s, noise):
    """The noise has σ_s (1 - e^{-2h}) for its root."""
    return _sde(score_at, x, t, s, noise, spread=lambda h: -np.expm1(-2 * h))


@mistake("sde_dpm_half_exponent", port="sde_dpm_step", source="wrong posterior noise: h for 2h")
def _(score_at, x, t, s, noise):
    """The noise has √(1 - e^{-h})."""
    return _sde(score_at, x, t, s, noise, spread=lambda h: np.sqrt(-np.expm1(-h)))


@mistake("sde_dpm_noise_of_other_form", port="sde_dpm_step", source="√(e^{2h} - 1) of the ε form")
def _(score_at, x, t, s, noise):
    """The noise is that of the noise-predicting form."""
    return _sde(score_at, x, t, s, noise, spread=lambda h: np.sqrt(np.expm1(2 * h)))


@mistake(
    "sde_dpm_forward_variance", port="sde_dpm_step", source="conventions 5: the large variance"
)
def _(score_at, x, t, s, noise):
    """The noise has the variance of the forward transition: σ_t for σ_s."""
    far = pair(t)[1] / pair(s)[1]
    return _sde(score_at, x, t, s, noise, spread=lambda h: far * np.sqrt(-np.expm1(-2 * h)))


@mistake("sde_dpm_without_noise", port="sde_dpm_step", source="R01 reversed: no noise at all")
def _(score_at, x, t, s, noise):
    """No noise is added, and the drift is that of the SDE."""
    return _sde(score_at, x, t, s, noise, spread=lambda h: 0.0)


@mistake("sde_dpm_flow_drift", port="sde_dpm_step", source="R34: the flow's drift, the SDE's noise")
def _(score_at, x, t, s, noise):
    """The drift is that of the flow."""
    return _sde(score_at, x, t, s, noise, kept=0.0, drawn=1.0)


@mistake("sde_dpm_point_not_damped", port="sde_dpm_step", source="classic: e^{-h} left out")
def _(score_at, x, t, s, noise):
    """x lacks the factor e^{-h}."""
    return _sde(score_at, x, t, s, noise, kept=0.0)


@mistake("sde_dpm_data_single", port="sde_dpm_step", source="1 - e^{-h} for 1 - e^{-2h}")
def _(score_at, x, t, s, noise):
    """The data have 1 - e^{-h}."""
    return _sde(score_at, x, t, s, noise, drawn=1.0)


@mistake("sde_dpm_noise_subtracted", port="sde_dpm_step", source="classic: the noise's sign")
def _(score_at, x, t, s, noise):
    """The noise is subtracted."""
    return _sde(score_at, x, t, s, -noise)


def _two_stages(score_at, x, t, s, noise, *, carried=1.0, fresh=1.0, later=True, label=0.5):
    """SDE-DPM-Solver++ 2S: how much of the inner noise is carried, of the new one added."""
    u = inner(t, s, 0.5)
    at_u = library.sde_dpm_step(score_at, x, t, u, noise[0])
    held = data_at(score_at, at_u, u if label == 0.5 else t) if later else data_at(score_at, x, t)
    (_, sigma_t), (alpha_s, sigma_s), h = pair(t), pair(s), width(t, s)
    first = sigma_s * np.exp(-h / 2) * np.sqrt(-np.expm1(-h)) * noise[0]
    out = sigma_s / sigma_t * np.exp(-h) * x - alpha_s * np.expm1(-2 * h) * held
    return out + carried * first + fresh * sigma_s * np.sqrt(-np.expm1(-h)) * noise[1]


@mistake("sde_2s_is_first_order", port="sde_dpm_2_step", source="lost order")
def _(score_at, x, t, s, noise):
    """The data predicted at the start are held."""
    return _two_stages(score_at, x, t, s, noise, later=False)


@mistake("sde_2s_noise_not_carried", port="sde_dpm_2_step", source="two paths for one")
def _(score_at, x, t, s, noise):
    """The inner stage's noise is forgotten: the variance of half the step is missing."""
    return _two_stages(score_at, x, t, s, noise, carried=0.0)


@mistake("sde_2s_noise_redrawn", port="sde_dpm_2_step", source="F18, F23: the path is not one")
def _(score_at, x, t, s, noise):
    """The whole step's noise is new, independent of the inner stage's."""
    return _two_stages(score_at, x, t, s, noise, carried=0.0, fresh=np.sqrt(1 + _decay(t, s)))


def _decay(t, s):
    return np.exp(-width(t, s))


@mistake("sde_2s_noise_exchanged", port="sde_dpm_2_step", source="order of use")
def _(score_at, x, t, s, noise):
    """The two noises are exchanged."""
    return _two_stages(score_at, x, t, s, noise[::-1])


@mistake("sde_2s_label", port="sde_dpm_2_step", source="classic: the label is not moved on")
def _(score_at, x, t, s, noise):
    """The inner prediction has the label of the start."""
    return _two_stages(score_at, x, t, s, noise, label=0.0)


def _noisy(x, t, s, held, noise, *, spread=None):
    (_, sigma_t), (alpha_s, sigma_s), h = pair(t), pair(s), width(t, s)
    spread = np.sqrt(-np.expm1(-2 * h)) if spread is None else spread(h)
    out = sigma_s / sigma_t * np.exp(-h) * x + sigma_s * spread * noise
    return out - alpha_s * np.expm1(-2 * h) * held


def _sde_walk(score_at, x, times, noise, combine=two, **options):
    change = lambda *inputs: _noisy(*inputs, **options)  # noqa: E731
    return walk(score_at, x, times, combine, noise=noise, change=change)


@mistake("sde_2m_is_first_order", port="sde_dpm_multistep_sample", source="lost order")
def _(score_at, x_T, times, noise):
    """The memory is not used."""
    return _sde_walk(score_at, x_T, times, noise, lambda past, widths: past[0])


@mistake("sde_2m_ratio_ignored", port="sde_dpm_multistep_sample", source="r taken to be 1")
def _(score_at, x_T, times, noise):
    """The steps are taken to be of equal size."""
    return _sde_walk(score_at, x_T, times, noise, lambda m, h: two(m, h, ratio=lambda h: 1.0))


@mistake("sde_2m_ratio_inverted", port="sde_dpm_multistep_sample", source="h/h_before")
def _(score_at, x_T, times, noise):
    """r is the ratio of this step to the one before."""
    return _sde_walk(
        score_at, x_T, times, noise, lambda m, h: two(m, h, ratio=lambda h: h[0] / h[1])
    )


@mistake("sde_2m_difference_sign", port="sde_dpm_multistep_sample", source="classic: m₁ - m₀")
def _(score_at, x_T, times, noise):
    """The difference has the wrong sign."""
    return _sde_walk(score_at, x_T, times, noise, lambda m, h: two(m, h, factor=-0.5))


@mistake("sde_2m_half_exponent", port="sde_dpm_multistep_sample", source="wrong posterior noise")
def _(score_at, x_T, times, noise):
    """The noise has √(1 - e^{-h})."""
    return _sde_walk(score_at, x_T, times, noise, spread=lambda h: np.sqrt(-np.expm1(-h)))


@mistake("sde_2m_noise_of_other_form", port="sde_dpm_multistep_sample", source="√(e^{2h} - 1)")
def _(score_at, x_T, times, noise):
    """The noise is that of the noise-predicting form."""
    return _sde_walk(score_at, x_T, times, noise, spread=lambda h: np.sqrt(np.expm1(2 * h)))


@mistake("sde_2m_noise_reversed", port="sde_dpm_multistep_sample", source="order of use")
def _(score_at, x_T, times, noise):
    """The noise is used from the last to the first."""
    return _sde_walk(score_at, x_T, times, noise[::-1])


@mistake("sde_2m_last_mean", port="sde_dpm_multistep_sample", source="conventions 5: noise_removal")
def _(score_at, x_T, times, noise):
    """The last step takes no noise."""
    return _sde_walk(score_at, x_T, times, np.concatenate([noise[:-1], 0 * noise[-1:]]))
