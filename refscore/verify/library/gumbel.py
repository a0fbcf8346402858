"""Ports of the library: Gumbel draws, relaxed one-hot rows and bits, their densities."""

from __future__ import annotations

from refscore import discrete

__all__ = [
    "binary_concrete", "binary_concrete_log_density", "concrete_kl", "concrete_log_density",
    "concrete_log_density_gradient", "exp_concrete_log_density", "gumbel_max",
    "gumbel_max_given_temperature", "gumbel_numbers", "gumbel_softmax", "gumbel_softmax_gradient",
    "gumbel_softmax_hard", "gumbel_softmax_hard_gradient", "gumbel_softmax_temperature_gradient",
    "logit_binary_concrete", "logit_binary_concrete_log_density",
    "max_gumbel_log_density", "posterior_gumbels", "top_k", "top_k_log_probability",
]  # fmt: skip


def gumbel_numbers(uniforms):
    """-log(-log u)."""
    return discrete.gumbel_from_uniforms(uniforms)


def gumbel_max(logits, gumbels=None, *, rng=None):
    """argmax of logits + gumbels."""
    return discrete.gumbel_max(logits, gumbels, rng=rng)


def gumbel_max_given_temperature(logits, temperature, gumbels=None, *, rng=None):
    """argmax of logits / temperature + gumbels."""
    return discrete.gumbel_max(logits, gumbels, rng=rng, temperature=temperature)


def max_gumbel_log_density(logits, values):
    """log density of the largest of logits + gumbels."""
    return discrete.max_gumbel(logits).log_density(values)


def top_k(logits, k, gumbels=None, *, rng=None):
    """The k largest, the largest first."""
    return discrete.top_k(logits, k, gumbels, rng=rng)


def top_k_log_probability(logits, index):
    """log probability of codes without replacement."""
    return discrete.top_k_log_probability(logits, index)


def posterior_gumbels(logits, index, gumbels=None, *, rng=None):
    """Perturbed logits given the place of the largest."""
    return discrete.posterior_gumbels(logits, index, gumbels, rng=rng)


def gumbel_softmax(logits, temperature, gumbels=None, *, rng=None):
    """softmax((logits + gumbels) / temperature)."""
    return discrete.gumbel_softmax(logits, temperature, gumbels, rng=rng)


def gumbel_softmax_hard(logits, temperature, gumbels=None, *, rng=None):
    """One-hot at its largest entry."""
    return discrete.gumbel_softmax(logits, temperature, gumbels, rng=rng, hard=True)


def gumbel_softmax_gradient(logits, temperature, cotangent, gumbels=None, *, rng=None):
    """Its pullback."""
    y = discrete.gumbel_softmax(logits, temperature, gumbels, rng=rng)
    return discrete.gumbel_softmax_pullback(y, temperature, cotangent)


def gumbel_softmax_hard_gradient(logits, temperature, cotangent, gumbels=None, *, rng=None):
    """The pullback of the hard row: straight through to the soft one."""
    y = discrete.straight_through(discrete.gumbel_softmax(logits, temperature, gumbels, rng=rng))
    return discrete.gumbel_softmax_pullback(y.soft, temperature, y.pullback(cotangent))


def gumbel_softmax_temperature_gradient(logits, temperature, cotangent, gumbels=None, *, rng=None):
    """Its pullback to the temperature, row by row."""
    log_y = discrete.log_gumbel_softmax(logits, temperature, gumbels, rng=rng)
    return discrete.temperature_pullback(log_y, temperature, cotangent)


def concrete_log_density(y, logits, temperature):
    """log density of relaxed rows."""
    return discrete.concrete_log_density(y, logits, temperature)


def exp_concrete_log_density(log_y, logits, temperature):
    """log density of their logarithms."""
    return discrete.exp_concrete_log_density(log_y, logits, temperature)


def concrete_kl(logits, other_logits, temperature, other_temperature, gumbels=None, *, rng=None):
    """log q - log p at relaxed rows of q."""
    given = logits, other_logits, temperature, other_temperature, gumbels
    return discrete.concrete_kl(*given, rng=rng)


def concrete_log_density_gradient(y, logits, temperature):
    """Its gradient in the logits."""
    return discrete.concrete_log_density_gradient(y, logits, temperature)


def binary_concrete(logit, temperature, uniforms=None, *, rng=None):
    """Relaxed bits."""
    return discrete.binary_concrete(logit, temperature, uniforms, rng=rng)


def binary_concrete_log_density(values, logit, temperature):
    """log density of relaxed bits."""
    return discrete.binary_concrete_log_density(values, logit, temperature)


def logit_binary_concrete(logit, temperature, uniforms=None, *, rng=None):
    """Their log odds."""
    return discrete.logit_binary_concrete(logit, temperature, uniforms, rng=rng)


def logit_binary_concrete_log_density(values, logit, temperature):
    """log density of these."""
    return discrete.logit_binary_concrete_log_density(values, logit, temperature)
