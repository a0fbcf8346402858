"""Generalised score matching: data whose density jumps where their support ends."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_callable, as_like, as_offering, beyond_float
from refscore.fields.base import as_field
from refscore.fields.linearisation import beside_points
from refscore.objectives.integrands import field_and_points, loss_and_gradient, losses
from refscore.objectives.weights import Weight


def bounded_loss(field, x, weight, weight_derivative=None) -> np.ndarray:
    """The generalised score matching loss at every point.

        Σᵢ [ ½ h(xᵢ) sᵢ(x)² + h(xᵢ) ∂ᵢsᵢ(x) + h′(xᵢ) sᵢ(x) ]

    Its mean is ½ E Σ h (s − ∇log p)² − ½ E Σ h (∇log p)², without a boundary term, because h
    vanishes where the support ends. field a Field; x points (..., d) of the support; weight h a
    `Weight` (power_weight, capped_weight, log_weight, box_weight, distance_weight), or any
    function of (n, d) that returns (n, d), then with weight_derivative h′ of the same kind.
    Returns (...,). Raises TypeError or ValueError naming the argument, and row and coordinate of
    data off the support. Cost: a value and d products J eᵢ a point, kept together.
    Source: Hyvärinen, Some extensions of score matching (2007), h = x²; Yu, Drton and Shojaie
    (2019), any h.
    Checked by: bounded_pointwise, bounded_is_weighted_fisher
    """
    return losses(*_arguments(field, x, weight, weight_derivative))


def bounded_loss_gradient(field, x, weight, weight_derivative=None) -> np.ndarray:
    """The gradient of the mean generalised score matching loss in `field.parameters`.

        ∂/∂θ mean Σᵢ [ ½ h sᵢ² + h ∂ᵢsᵢ + h′ sᵢ ]

    field a Field; x points (..., d) of the support, at least one; weight and weight_derivative
    as for `bounded_loss`. Returns (p,).
    Checked by: bounded_gradient
    """
    return bounded_loss_and_gradient(field, x, weight, weight_derivative)[1]


def bounded_loss_and_gradient(field, x, weight, weight_derivative=None):
    """The mean generalised loss, a number, and its gradient (p,), from one forward pass.

    field a Field; x points (..., d) of the support, at least one; weight and weight_derivative
    as for `bounded_loss`.
    Checked by: bounded_gradient
    """
    return loss_and_gradient(*_arguments(field, x, weight, weight_derivative))


def boundary_term(field, law) -> float:
    """What integration by parts leaves behind on an interval where the density jumps.

        [p s] = p(high) s(high) − p(low) s(low),  ½E(s − (log p)′)² = E[½s² + s′] + ½I − [p s]

    field a Field on the line; law a distribution of one dimension with its interval as `.low`
    and `.high` (Uniform, TruncatedNormal, HalfNormal); an infinite end leaves nothing.
    Source: derived; Hyvärinen (2007) meets it on half-lines.
    Checked by: boundary_term_of_a_jump
    """
    law = as_offering(law, "law", "low", "high", "log_density")
    if law.dim != 1:
        raise ValueError(f"law must have dimension 1, got dimension {law.dim}")
    if as_field(field, "field").dim != 1:
        raise ValueError(f"field must have dimension 1, got dimension {field.dim}")
    left = 0.0
    for end, sign in ((law.high, 1.0), (law.low, -1.0)):
        if np.isfinite(end).all():
            left += sign * float(np.exp(law.log_density(end)) * field(end)[0])
    return left


def _arguments(field, x, weight, weight_derivative):
    """The field, its points, and the integrand with h and h′ of every row."""
    field, x = field_and_points(field, x)
    h, slope = _weights(weight, weight_derivative, x)

    def integrand(local, rows):
        s, n, d = local.value, len(local.value), field.dim
        units = beside_points(np.eye(d), n).copy()
        own = np.einsum("ini->ni", local.jvp(units))
        loss = (h[rows] * (0.5 * s * s + own) + slope[rows] * s).sum(-1)
        return loss, (h[rows] * s + slope[rows], None, units, units * h[rows])

    return field, x, integrand


def _weights(weight, derivative, x):
    """h and h′ at the points, (n, d) each; finite, h at least 0."""
    weight = as_callable(weight, "weight")
    if isinstance(weight, Weight):
        weight.require_support(x)
    if derivative is None and not hasattr(weight, "derivative"):
        raise TypeError("weight_derivative must be given where weight has no .derivative")
    derivative = weight.derivative if derivative is None else derivative
    derivative = as_callable(derivative, "weight_derivative")
    points = x.reshape(-1, x.shape[-1])
    with beyond_float():
        h = _finite(weight(points.copy()), "weight", points)
        slope = _finite(derivative(points.copy()), "weight_derivative", points)
    if h.size and h.min() < 0:
        row, i = (int(k) for k in np.argwhere(h < 0)[0])
        raise ValueError(
            f"weight must be at least 0, got {float(h[row, i])!r} in row {row}, coordinate {i}"
        )
    return h, slope


def _finite(values, name, points):
    return as_like(values, f"{name}(x)", points, "x")
