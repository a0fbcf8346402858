"""Ports of the library: bounds of discrete latents."""

from __future__ import annotations

from refscore import discrete

__all__ = [
    "categorical_kl", "deterministic_elbo", "elbo", "elbo_gap", "elbo_gradient",
    "expected_importance_bound", "grid_elbo", "importance_bound", "kl_to_uniform",
]  # fmt: skip


def elbo(log_joint, logits):
    """E_q log p(x, c) − log q(c)."""
    return discrete.elbo(log_joint, logits)


def elbo_gap(log_joint, logits):
    """KL(q ‖ p(c|x))."""
    return discrete.elbo_gap(log_joint, logits)


def elbo_gradient(log_joint, logits):
    """The gradient of the bound in the logits."""
    return discrete.elbo_gradient(log_joint, logits)


def categorical_kl(logits, other_logits):
    """KL(q ‖ p)."""
    return discrete.categorical_kl(logits, other_logits)


def kl_to_uniform(logits):
    """log K − H(q)."""
    return discrete.kl_to_uniform(logits)


def grid_elbo(grid_log_likelihoods, grid_logits):
    """The bound of a grid of codes."""
    return discrete.grid_elbo(grid_log_likelihoods, grid_logits)


def deterministic_elbo(log_likelihoods, n_positions, n_codes):
    """log p(x|z_q) − P log K."""
    return discrete.deterministic_elbo(log_likelihoods, n_positions, n_codes)


def importance_bound(log_joint, logits, codes):
    """log of the mean weight of the codes."""
    return discrete.importance_bound(log_joint, logits, codes)


def expected_importance_bound(log_joint, logits, n_draws):
    """Its expectation."""
    return discrete.expected_importance_bound(log_joint, logits, n_draws)
