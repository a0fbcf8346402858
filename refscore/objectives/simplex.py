"""Generalised score matching of compositions: shares that add up to one."""

from __future__ import annotations

import numpy as np

from refscore.objectives.integrands import (
    field_and_points,
    half_square,
    loss_and_gradient,
    losses,
)

_ROUNDING = 1e-12


def simplex_loss(field, x, weight="product") -> np.ndarray:
    """The generalised score matching loss on the simplex, in its free coordinates.

        ½ h ‖s‖² + h div s + ∇h·s,  h(x) = x₀ x₁ ⋯ x_d,  x₀ = 1 − x₁ − … − x_d

    One weight h for all coordinates, 0 on every face. Its mean is ½ E h ‖s − ∇log p‖² less
    ½ E h ‖∇log p‖² where h p s vanishes on the faces, with s and ∇ in (x₁, …, x_d): for a
    Dirichlet law ∂ᵢ log p = (αᵢ − 1)/xᵢ − (α₀ − 1)/x₀. field a Field of dimension d; x points
    (..., d), at least 0, of sum at most 1; weight "product", or "min" for h = min(x₀, …, x_d).
    Returns (...,). Raises ValueError naming row and coordinate off the simplex. Cost: a value
    and an exact divergence a point.
    Source: derived; a common weight is that of Liu, Kanamori and Williams (2022).
    Checked by: simplex_pointwise, simplex_is_weighted_fisher
    """
    return losses(*_arguments(field, x, weight))


def simplex_loss_gradient(field, x, weight="product") -> np.ndarray:
    """The gradient of the mean simplex loss in `field.parameters`.

        ∂/∂θ mean[ ½ h ‖s‖² + h div s + ∇h·s ]

    field a Field; x points (..., d) of the simplex, at least one; weight "product" or "min".
    Returns (p,).
    Checked by: simplex_gradient
    """
    return simplex_loss_and_gradient(field, x, weight)[1]


def simplex_loss_and_gradient(field, x, weight="product"):
    """The mean simplex loss, a number, and its gradient (p,), from one forward pass.

    field a Field; x points (..., d) of the simplex, at least one; weight "product" or "min".
    Checked by: simplex_gradient
    """
    return loss_and_gradient(*_arguments(field, x, weight))


def _arguments(field, x, weight):
    """The field, its points, and the integrand with h and ∇h of every row."""
    field, x = field_and_points(field, x)
    if not isinstance(weight, str) or weight not in _WEIGHTS:
        raise ValueError(f"weight must be one of {list(_WEIGHTS)}, got {weight!r}")
    h, by_share = _WEIGHTS[weight](_shares(x))
    slope = by_share[:, 1:] - by_share[:, :1]  # x₀ falls as xᵢ rises

    def integrand(local, rows):
        s, a, b = local.value, h[rows], slope[rows]
        loss = a * (half_square(s) + local.divergence()) + (b * s).sum(-1)
        return loss, (a[:, None] * s + b, a, None, None)

    return field, x, integrand


def _shares(x):
    """x₀, x₁, …, x_d of every row, (n, d + 1)."""
    points = x.reshape(-1, x.shape[-1])
    for row, i in np.argwhere(points < 0)[:1]:
        raise ValueError(
            f"x must lie on the simplex, at least 0; got {float(points[row, i])!r} in row {row},"
            f" coordinate {i}"
        )
    with np.errstate(over="ignore"):
        rest = 1 - points.sum(-1)
    for row in np.argwhere(rest < -_ROUNDING).ravel()[:1]:
        raise ValueError(
            f"x must lie on the simplex, of sum at most 1; got the sum {float(1 - rest[row])!r}"
            f" in row {row}"
        )
    return np.column_stack([np.maximum(rest, 0.0), points])


def _product(shares):
    """∏ x_k and the products of all shares but one, (n,) and (n, d + 1)."""
    ones = np.ones((len(shares), 1))
    with np.errstate(under="ignore"):
        before = np.cumprod(np.hstack([ones, shares[:, :-1]]), 1)
        after = np.cumprod(np.hstack([ones, shares[:, :0:-1]]), 1)[:, ::-1]
        return shares.prod(-1), before * after


def _least(shares):
    """min x_k and 1 for the share that is least."""
    return shares.min(-1), 1.0 * (np.arange(shares.shape[1]) == shares.argmin(-1)[:, None])


_WEIGHTS = {"product": _product, "min": _least}
