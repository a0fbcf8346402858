"""Implicit score matching: what the data can tell without their score."""

from __future__ import annotations

import numpy as np

from refscore.objectives.integrands import (
    field_and_points,
    half_square,
    loss_and_gradient,
    losses,
)


def implicit_loss(field, x) -> np.ndarray:
    """The implicit score matching loss at every point.

        ½‖s(x)‖² + div s(x)

    field a Field; x points (..., d). Returns (...,). Raises TypeError or ValueError naming the
    argument. Cost: one value and one exact divergence a point.
    Source: Hyvärinen (2005), theorem 1.
    Checked by: implicit_is_fisher, implicit_is_fisher_1d, implicit_affine, proof_of_implicit,
    implicit_with_boundary, kink_adds_its_jump, erratum_implicit_energy, erratum_missing_constant
    """
    return losses(*field_and_points(field, x), implicit_integrand)


def implicit_loss_gradient(field, x) -> np.ndarray:
    """The gradient of the mean implicit loss in `field.parameters`.

        ∂/∂θ mean[ ½‖s‖² + div s ]

    field a Field; x points (..., d), at least one. Returns (p,), (0,) without parameters.
    Checked by: implicit_gradient
    """
    return implicit_loss_and_gradient(field, x)[1]


def implicit_loss_and_gradient(field, x):
    """The mean implicit loss, a number, and its gradient (p,), from one forward pass.

    field a Field; x points (..., d), at least one. Cost with an MLP of two hidden layers:
    six products with the middle matrix a point.
    Checked by: implicit_gradient
    """
    return loss_and_gradient(*field_and_points(field, x), implicit_integrand)


def implicit_integrand(local, rows):
    """½‖s‖² + div s near some points, with its weights ∂/∂s = s and ∂/∂div s = 1."""
    s = local.value
    return half_square(s) + local.divergence(), (s, np.ones(len(s)), None, None)
