"""The Fisher divergence: explicit score matching against a known score."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_callable, as_covariance, as_offering, beyond_float
from refscore.fields.base import as_field, handed_to
from refscore.objectives.integrands import (
    field_and_points,
    half_square,
    loss_and_gradient,
    losses,
)


def fisher_loss(field, target, x) -> np.ndarray:
    """The explicit score matching loss at every point.

        ½‖s(x) − target(x)‖²

    field a Field; target a Field or any function of points (..., d) to vectors (..., d), such
    as `law.score`; x points (..., d). Returns (...,). Raises TypeError or ValueError naming
    the argument. Cost: one value of each a point.
    Source: Hyvärinen (2005), equation 2.
    Checked by: fisher_divergence_affine, fisher_divergence_asymmetric, weights_across_a_gap,
    de_bruijn_fisher
    """
    return losses(*_arguments(field, target, x))


def fisher_loss_gradient(field, target, x) -> np.ndarray:
    """The gradient (p,) of the mean explicit loss in `field.parameters`.

    field a Field; target a Field or function of points, such as `law.score`; x points (..., d),
    at least one.
    Tested in: tests/objectives/test_fisher.py
    """
    return fisher_loss_and_gradient(field, target, x)[1]


def fisher_loss_and_gradient(field, target, x):
    """The mean explicit loss, a number, and its gradient (p,), from one forward pass.

    field a Field; target a Field or function of points, such as `law.score`; x points (..., d),
    at least one.
    Checked by: explicit_gradient
    """
    return loss_and_gradient(*_arguments(field, target, x))


def fisher_divergence(field, law, nodes=None) -> float:
    """The Fisher divergence of a field from the score of a law π.

        F = ½ E_π ‖s − ∇ log π‖²

    Without nodes, exact for an affine field s = A x + b against a Gaussian N(μ, S), P = S⁻¹:

        F = ½[tr(A S Aᵀ) + 2 tr A + tr P + ‖A μ + b‖²] = ½[‖A L + L⁻ᵀ‖² + ‖s(μ)‖²],  S = L Lᵀ

    where the second form does not cancel near A = −P. With nodes that stand for the law, the
    weighted mean of `fisher_loss`. Raises ValueError if neither applies.
    Source: Hyvärinen (2005), equation 2.
    Tested in: tests/objectives/test_fisher.py
    """
    field, law = as_field(field, "field"), as_offering(law, "law", "score", "dim")
    if field.dim != law.dim:
        raise ValueError(f"field and law must have one dim, got {field.dim} and {law.dim}")
    if nodes is not None:
        as_offering(nodes, "nodes", "mean", "points")
        return float(nodes.mean(fisher_loss(field, law.score, nodes.points)))
    if not (field.affine and _is_gaussian(law)):
        raise ValueError(
            "nodes are needed unless the field is affine and the law Gaussian; got a"
            f" {type(field).__name__} and a {type(law).__name__}"
        )
    root = np.linalg.cholesky(as_covariance(law.covariance, "law.covariance"))
    field, mean = field_and_points(field, law.mean)
    with beyond_float():
        spread = field.jacobian(mean) @ root + np.linalg.inv(root).T
        return float(0.5 * (np.sum(spread**2) + np.sum(field(mean) ** 2)))


def _arguments(field, target, x):
    """The field, the points, and the integrand against the target's values."""
    field, x = field_and_points(field, x)
    goal = as_callable(target, "target")(handed_to(target, x))
    goal = as_array(goal, "target(x)", x.shape).reshape(-1, field.dim)

    def integrand(local, rows):
        residual = local.value - goal[rows]
        return half_square(residual), (residual, None, None, None)

    return field, x, integrand


def _is_gaussian(law) -> bool:
    from refscore.distributions import Gaussian

    return isinstance(law, Gaussian)
