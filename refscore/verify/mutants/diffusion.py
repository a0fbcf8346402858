"""Mistakes in the variance-preserving process and its probability flow."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.rates import beta, pair, shrink


def _beta(t):
    """-2 f, β where the variance is preserved."""
    return shrink(t)


def _integral(t):
    """∫β = -2 log α."""
    return -2 * np.log(pair(t)[0])


@mistake("marginal_alpha_bar", port="marginal", source="F26: alpha-bar for its root")
def _(t):
    """alpha is exp(-∫β): the half is missing."""
    alpha, sigma = pair(t)
    return alpha**2, sigma


@mistake("marginal_root_twice", port="marginal", source="F10: deepinv 998bd7c")
def _(t):
    """The root of alpha is taken twice."""
    alpha, sigma = pair(t)
    return np.sqrt(alpha), sigma


@mistake("marginal_variance_for_sd", port="marginal", source="F11, F06")
def _(t):
    """The variance is returned for the standard deviation."""
    alpha, sigma = pair(t)
    return alpha, sigma**2


@mistake("marginal_of_another_family", port="marginal", source="F03: diffusers da7d4cf")
def _(t):
    """The data are not shrunk: a variance-exploding marginal in a variance-preserving process."""
    alpha, sigma = pair(t)
    return 1.0, sigma / alpha


@mistake("marginal_swapped", port="marginal", source="F01: labml #152")
def _(t):
    """alpha and sigma are exchanged."""
    alpha, sigma = library.marginal(t)
    return sigma, alpha


@mistake("marginal_cancels", port="marginal", source="N15: 1 - exp in single precision")
def _(t):
    """1 - exp(-∫β) is formed in single precision."""
    a = np.exp(-np.float32(_integral(t)))
    return np.exp(-0.5 * _integral(t)), float(np.sqrt(np.float32(1) - a))


@mistake("marginal_rate_at_end", port="marginal", source="classic: β(t) t for ∫β")
def _(t):
    """∫β is replaced by β(t) t."""
    b = _beta(t) * t
    return np.exp(-0.5 * b), np.sqrt(-np.expm1(-b))


@mistake("marginal_half_rate", port="marginal", source="conventions 2: another β, half of Song's")
def _(t):
    """β is doubled: dx = -βx dt + √(2β) dw."""
    return np.exp(-_integral(t)), np.sqrt(-np.expm1(-2 * _integral(t)))


@mistake("drift_without_half", port="drift", source="F09: factor 2")
def _(x, t):
    """The drift is -β x without the half."""
    return -_beta(t) * x


@mistake("drift_sign", port="drift", source="R24")
def _(x, t):
    """The drift points outwards."""
    return 0.5 * _beta(t) * x


@mistake("diffusion_squared", port="diffusion", source="classic: g² for g")
def _(t):
    """g² is returned for g."""
    return beta(t)


@mistake("diffusion_twice", port="diffusion", source="conventions 2: √(2β)")
def _(t):
    """g is √(2β)."""
    return np.sqrt(2 * beta(t))


def _velocity(score_at, x, t, *, drift=-0.5, pull=-0.5):
    return drift * shrink(t) * x + pull * beta(t) * score_at(x, t)


@mistake("flow_without_half", port="flow_velocity", source="R33")
def _(score_at, x, t):
    """The score has g² without the half: the reverse SDE's drift."""
    return _velocity(score_at, x, t, pull=-1.0)


@mistake("flow_score_sign", port="flow_velocity", source="R24: torchcfm #85")
def _(score_at, x, t):
    """The score term has the wrong sign."""
    return _velocity(score_at, x, t, pull=0.5)


@mistake("flow_reversed_field", port="flow_velocity", source="R23: field reversed, clock not")
def _(score_at, x, t):
    """The whole velocity is reversed."""
    return _velocity(score_at, x, t, drift=0.5, pull=0.5)


@mistake("flow_g_not_squared", port="flow_velocity", source="classic: g for g²")
def _(score_at, x, t):
    """g stands where g² belongs."""
    return -0.5 * shrink(t) * x - 0.5 * np.sqrt(beta(t)) * score_at(x, t)


@mistake("flow_time_reversed", port="flow_velocity", source="A02, R23")
def _(score_at, x, t):
    """The score is asked at time 1 - t."""
    return _velocity(lambda x, t: score_at(x, 1 - t), x, t)


@mistake("flow_clean_score", port="flow_velocity", source="erratum J12; S05")
def _(score_at, x, t):
    """The score of the clean law is used at every time."""
    return _velocity(lambda x, t: score_at(x, 0.0), x, t)


@mistake("flow_map_unscaled_mean", port="flow_map", source="S07")
def _(law, x, t, s):
    """The means are not scaled by alpha."""
    moved = library.flow_map(law, x, t, s)
    a_t, a_s = (library.marginal(u)[0] for u in (t, s))
    return moved + (1 - a_s) * law.mean - (1 - a_t) * law.mean


@mistake("flow_map_variance_ratio", port="flow_map", source="classic: the ratio without its root")
def _(law, x, t, s):
    """Distances are scaled by the ratio of covariances, not of their roots."""
    a_t, s_t = library.marginal(t)
    a_s, s_s = library.marginal(s)
    d = len(law.mean)
    top = a_s**2 * law.covariance + s_s**2 * np.eye(d)
    low = a_t**2 * law.covariance + s_t**2 * np.eye(d)
    return a_s * law.mean + (x - a_t * law.mean) @ (top @ np.linalg.inv(low)).T
