"""Ports of the library: gradients of expectations over discrete variables."""

from __future__ import annotations

import numpy as np

from refscore.discrete import gradients as _g
from refscore.verify.setting import current

_SECOND = [
    "score_function_variance", "best_baseline", "leave_one_out_variance", "straight_through_mean",
    "relaxed_mean", "relaxed_variance", "straight_through_relaxed_mean", "arm_variance",
    "disarm_variance",
]  # fmt: skip
__all__ = [
    "expectation_gradient", "bernoulli_expectation_gradient", "score_function_gradient",
    "leave_one_out_gradient", "control_variate_gradient", "straight_through_gradient",
    "relaxed_gradient", "straight_through_relaxed_gradient", "rebar_gradient", "relax_gradient",
    "bernoulli_relaxed_gradient", "arm_gradient", "disarm_gradient", *_SECOND,
]  # fmt: skip


def _mean(estimate, *given, **draws):
    """Of as many draws as those judged average."""
    return estimate(*given, n_draws=current().draws, **draws).mean(0)


expectation_gradient = _g.expectation_gradient
bernoulli_expectation_gradient = _g.bernoulli_expectation_gradient
best_baseline = _g.best_baseline


def score_function_gradient(logits, f, baseline, gumbels=None, *, rng=None):
    """mean (f(b) - β)(b - π)."""
    return _mean(_g.score_function_gradient, logits, f, gumbels, rng=rng, baseline=baseline)


def leave_one_out_gradient(logits, f, gumbels=None, *, rng=None):
    """The same with the mean of the other draws for β."""
    return _mean(_g.leave_one_out_gradient, logits, f, gumbels, rng=rng)


def control_variate_gradient(logits, f, surrogate, gumbels=None, *, rng=None):
    """The same with a surrogate's expansion at π for β, its mean added."""
    return _mean(_g.control_variate_gradient, logits, f, surrogate, gumbels, rng=rng)


def straight_through_gradient(logits, f, gumbels=None, *, rng=None):
    """mean (∂π/∂l)ᵀ ∇f(b)."""
    return _mean(_g.straight_through_gradient, logits, f, gumbels, rng=rng)


def relaxed_gradient(logits, f, temperature, gumbels=None, *, rng=None):
    """mean (∂y/∂l)ᵀ ∇f(y)."""
    return _mean(_g.relaxed_gradient, logits, f, temperature, gumbels, rng=rng)


def straight_through_relaxed_gradient(logits, f, temperature, gumbels=None, *, rng=None):
    """mean (∂y/∂l)ᵀ ∇f(b)."""
    return _mean(_g.straight_through_relaxed_gradient, logits, f, temperature, gumbels, rng=rng)


def rebar_gradient(logits, f, temperature, scale, gumbels=None, uniforms=None, *, rng=None):
    """RELAX with c(z) = η f(softmax(z/τ))."""
    return _mean(_g.rebar_gradient, logits, f, temperature, scale, gumbels, uniforms, rng=rng)


def relax_gradient(logits, f, surrogate, gumbels=None, uniforms=None, *, rng=None):
    """mean (f(b) - c(z̃))(b - π) + ∂c(z)/∂l - ∂c(z̃)/∂l."""
    return _mean(_g.relax_gradient, logits, f, surrogate, gumbels, uniforms, rng=rng)


def bernoulli_relaxed_gradient(logits, f, temperature, uniforms=None, *, rng=None):
    """mean y (1-y) ∘ ∇f(y)/τ."""
    return _mean(_g.bernoulli_relaxed_gradient, logits, f, temperature, uniforms, rng=rng)


def arm_gradient(logits, f, uniforms=None, *, rng=None):
    """mean (f(1[u > σ(-l)]) - f(1[u < σ(l)]))(u - ½)."""
    return _mean(_g.arm_gradient, logits, f, uniforms, rng=rng)


def disarm_gradient(logits, f, uniforms=None, *, rng=None):
    """mean ½ (f(b) - f(b'))(b - b') σ(|l|)."""
    return _mean(_g.disarm_gradient, logits, f, uniforms, rng=rng)


def score_function_variance(logits, f, baseline):
    """By enumeration."""
    return np.diag(_g.score_function_moments(logits, f, baseline=baseline).covariance)


def leave_one_out_variance(logits, f, n):
    """By the formula of a sample covariance."""
    return np.diag(_g.leave_one_out_moments(logits, f, n).covariance)


def straight_through_mean(logits, f):
    """By enumeration."""
    return _g.straight_through_moments(logits, f).mean


def relaxed_mean(logits, f, temperature):
    """By quadrature."""
    return _g.relaxed_moments(logits, f, temperature).mean


def relaxed_variance(logits, f, temperature):
    """By quadrature."""
    return np.diag(_g.relaxed_moments(logits, f, temperature).covariance)


def straight_through_relaxed_mean(logits, f, temperature):
    """By quadrature."""
    return _g.relaxed_moments(logits, f, temperature, straight_through=True).mean


def arm_variance(logits, f):
    """By enumeration."""
    return np.diag(_g.arm_moments(logits, f).covariance)


def disarm_variance(logits, f):
    """By enumeration."""
    return np.diag(_g.disarm_moments(logits, f).covariance)
