"""Ports of the library: ladders of noise levels and their weightings."""

from __future__ import annotations

from refscore import networks, objectives

__all__ = [
    "draw_levels",
    "edm_preconditioning",
    "edm_sigmas",
    "edm_weight",
    "geometric_sigmas",
    "ladder_loss",
    "ladder_loss_gradient",
    "log_uniform_sigmas",
    "min_snr_weight",
    "score_weight",
    "uncertainty_loss",
]


def ladder_loss(family, x, levels, sigmas, noise=None, *, rng=None):
    """σ² ½‖s(x + σz, σ) + z/σ‖², σ of every point's own level."""
    return objectives.ladder_loss(family, x, levels, sigmas, noise, rng=rng)


def ladder_loss_gradient(family, x, levels, sigmas, noise=None, *, rng=None):
    """Its parameter gradient."""
    return objectives.ladder_loss_gradient(family, x, levels, sigmas, noise, rng=rng)


def min_snr_weight(snr, gamma, prediction):
    """min(SNR, γ) over SNR, SNR + 1 or 1."""
    return objectives.min_snr_weight(snr, gamma, prediction)


def edm_weight(sigmas, sigma_data):
    """(σ² + σ_d²)/(σ σ_d)²."""
    return objectives.edm_weight(sigmas, sigma_data)


def edm_preconditioning(sigmas, sigma_data):
    """(c_skip, c_out, c_in, c_noise)."""
    return networks.edm_preconditioning(sigmas, sigma_data)


def edm_sigmas(normals, p_mean, p_std):
    """exp(P_mean + P_std z)."""
    return objectives.edm_sigmas(normals, p_mean, p_std)


def log_uniform_sigmas(uniforms, sigma_min, sigma_max):
    """σ_min (σ_max/σ_min)^u."""
    return objectives.log_uniform_sigmas(uniforms, sigma_min, sigma_max)


def geometric_sigmas(sigma_max, sigma_min, n):
    """n levels of one ratio."""
    return objectives.geometric_sigmas(sigma_max, sigma_min, n)


def score_weight(weight, target, alpha, sigma):
    """The weight on the score's squared error."""
    return objectives.score_weight(weight, target, alpha, sigma)


def uncertainty_loss(squares, log_variance):
    """½(‖r‖² e^(−u) + u)."""
    return objectives.uncertainty_loss(squares, log_variance)


def draw_levels(n, n_levels, rng):
    """n levels, uniform over all."""
    return objectives.draw_levels(n, n_levels, rng=rng)
