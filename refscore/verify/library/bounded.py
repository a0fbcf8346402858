"""Ports of the library: bounded, non-negative and binary data."""

from __future__ import annotations

from refscore import objectives

__all__ = [
    "boundary_term",
    "bounded_loss",
    "bounded_loss_gradient",
    "ratio_loss",
    "simplex_loss",
    "simplex_loss_gradient",
    "boltzmann_ratio_gradient",
]


def bounded_loss(field, x, weight_function, weight_derivative):
    """Σ ½hs² + h ∂s + h′s."""
    return objectives.bounded_loss(field, x, weight_function, weight_derivative)


def bounded_loss_gradient(field, x, weight_function, weight_derivative):
    """Its parameter gradient."""
    return objectives.bounded_loss_gradient(field, x, weight_function, weight_derivative)


def simplex_loss(field, x):
    """½h‖s‖² + h div s + ∇h·s."""
    return objectives.simplex_loss(field, x)


def simplex_loss_gradient(field, x):
    """Its parameter gradient."""
    return objectives.simplex_loss_gradient(field, x)


def boundary_term(field, law):
    """p(high) s(high) - p(low) s(low)."""
    from refscore.verify.library import distribution

    return objectives.boundary_term(field, distribution(law))


def ratio_loss(log_odds, x):
    """Σ (p(xⁱ)/(p(x) + p(xⁱ)))²."""
    return objectives.ratio_loss(log_odds, x)


def boltzmann_ratio_gradient(couplings, biases, x):
    """Its gradient in the weights above the diagonal and the biases."""
    return objectives.ratio_loss_gradient(objectives.BoltzmannLogOdds(couplings, biases), x)
