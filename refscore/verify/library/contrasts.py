"""Ports of the library: contrastive divergence and noise-contrastive estimation."""

from __future__ import annotations

from refscore import estimation

__all__ = ["contrastive_divergence", "noise_contrastive_loss"]


def contrastive_divergence(energy, x, step_size, n_steps, noise=None, *, rng=None):
    """mean ∂E/∂θ at the data minus at the end of a chain from it."""
    return estimation.contrastive_divergence_gradient(energy, x, step_size, n_steps, noise, rng=rng)


def noise_contrastive_loss(log_model, log_noise, x, y):
    """The logistic loss of telling x from y."""
    return estimation.noise_contrastive_loss(log_model, log_noise, x, y)
