"""Mistakes in the churn of EDM's step."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.exponential import noise_at, pair, time_of


def _churned(score_at, x, t, s, noise, gamma, *, spread, when=None):
    """The EDM step with γ; spread(r, r') of the noise on x/α; when: the time of its score."""
    (alpha, sigma), (alpha_s, sigma_s) = pair(t), pair(s)
    r, end = sigma / alpha, sigma_s / alpha_s
    raised = (1 + gamma) * r
    late = time_of(raised) if gamma else t
    y = x / alpha + spread(r, raised) * noise
    when = late if when is None else when
    slope = noise_at(score_at, pair(when)[0] * y, when)
    moved = y + (end - raised) * slope
    if s:
        moved = y + (end - raised) / 2 * (slope + noise_at(score_at, alpha_s * moved, s))
    return alpha_s * moved


def _gamma(t, churn, n_steps, low, high):
    ratio = pair(t)[1] / pair(t)[0]
    return min(churn / n_steps, np.sqrt(2) - 1) if low <= ratio <= high else 0.0


def _root(scale):
    return lambda r, raised: scale * np.sqrt(raised**2 - r**2)


@mistake("churn_noise_by_gamma", port="edm_step", source="R09: lucidrains 8408775")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """The noise is multiplied by γ in place of S_noise."""
    gamma = _gamma(t, churn, n_steps, churn_min, churn_max)
    return _churned(score_at, x, t, s, noise, gamma, spread=_root(gamma))


@mistake("churn_max_for_min", port="edm_step", source="R10: ComfyUI #13820")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """γ is the larger of churn/n and √2 - 1."""
    inside = churn_min <= pair(t)[1] / pair(t)[0] <= churn_max
    gamma = max(churn / n_steps, np.sqrt(2) - 1) if inside else 0.0
    return _churned(score_at, x, t, s, noise, gamma, spread=_root(noise_scale))


@mistake("churn_uncut", port="edm_step", source="classic: no √2 - 1")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """γ is not cut at √2 - 1."""
    inside = churn_min <= pair(t)[1] / pair(t)[0] <= churn_max
    gamma = churn / n_steps if inside else 0.0
    return _churned(score_at, x, t, s, noise, gamma, spread=_root(noise_scale))


@mistake("churn_not_shared", port="edm_step", source="classic: S_churn not divided by n")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """The churn is not divided among the steps."""
    gamma = _gamma(t, churn, 1, churn_min, churn_max)
    return _churned(score_at, x, t, s, noise, gamma, spread=_root(noise_scale))


@mistake("churn_counts_times", port="edm_step", source="conventions 5: n counts intervals")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """The churn is divided by the number of times, one more than there are steps."""
    gamma = _gamma(t, churn, n_steps + 1, churn_min, churn_max)
    return _churned(score_at, x, t, s, noise, gamma, spread=_root(noise_scale))


@mistake("churn_everywhere", port="edm_step", source="classic: S_min and S_max not looked at")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """The window of the churn is ignored."""
    gamma = _gamma(t, churn, n_steps, 0.0, np.inf)
    return _churned(score_at, x, t, s, noise, gamma, spread=_root(noise_scale))


@mistake("churn_scale_forgotten", port="edm_step", source="classic: S_noise not used")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """S_noise is taken to be 1."""
    gamma = _gamma(t, churn, n_steps, churn_min, churn_max)
    return _churned(score_at, x, t, s, noise, gamma, spread=_root(1.0))


@mistake("churn_variance_for_sd", port="edm_step", source="classic: the root forgotten")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """The noise has the added variance for its standard deviation."""
    gamma = _gamma(t, churn, n_steps, churn_min, churn_max)
    spread = lambda r, raised: noise_scale * (raised**2 - r**2)  # noqa: E731
    return _churned(score_at, x, t, s, noise, gamma, spread=spread)


@mistake("churn_difference_of_sds", port="edm_step", source="classic: σ̂ - σ for √(σ̂² - σ²)")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """The noise has the difference of the standard deviations."""
    gamma = _gamma(t, churn, n_steps, churn_min, churn_max)
    spread = lambda r, raised: noise_scale * (raised - r)  # noqa: E731
    return _churned(score_at, x, t, s, noise, gamma, spread=spread)


@mistake("churn_label_not_raised", port="edm_step", source="classic: D(x̂, σ) for D(x̂, σ̂)")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """The score after the churn is asked at the time before it."""
    gamma = _gamma(t, churn, n_steps, churn_min, churn_max)
    return _churned(score_at, x, t, s, noise, gamma, spread=_root(noise_scale), when=t)


@mistake("churn_on_unscaled", port="edm_step", source="classic: churn of x, not of x/α")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """The noise is added before x is divided by alpha."""
    gamma = _gamma(t, churn, n_steps, churn_min, churn_max)
    return _churned(score_at, x, t, s, noise, gamma, spread=_root(noise_scale / pair(t)[0]))


@mistake("churn_without_noise", port="edm_step", source="classic: σ̂ raised, nothing added")
def _(score_at, x, t, s, churn, n_steps, churn_min, churn_max, noise_scale, noise):
    """The level is raised without noise."""
    gamma = _gamma(t, churn, n_steps, churn_min, churn_max)
    return _churned(score_at, x, t, s, noise, gamma, spread=_root(0.0))
