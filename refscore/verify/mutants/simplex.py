"""Mistakes on compositions: shares that add up to one."""

from __future__ import annotations

from refscore.verify.mutants.base import mistake


def _on_simplex(x):
    """h = x₀ x₁ ⋯ x_d and ∂h/∂x₁, …, ∂h/∂x_d, and h/xᵢ, inside."""
    rest = 1 - x.sum(-1)
    h = rest * x.prod(-1)
    return h, h[:, None] / x - (h / rest)[:, None], h[:, None] / x


def _composed(field, x, h, slope, *, square=1.0, trace=1.0):
    s = field(x)
    own = square * 0.5 * (s**2).sum(-1) + trace * field.divergence(x)
    return h * own + (slope * s).sum(-1)


@mistake("simplex_without_slope", port="simplex_loss", source="classic")
def _(field, x):
    """The term ∇h·s is left out."""
    return _composed(field, x, _on_simplex(x)[0], 0 * x)


@mistake("simplex_slope_sign", port="simplex_loss", source="classic")
def _(field, x):
    """The term ∇h·s has the wrong sign."""
    h, slope, _ = _on_simplex(x)
    return _composed(field, x, h, -slope)


@mistake("simplex_last_share_held", port="simplex_loss", source="classic: d + 1 free coordinates")
def _(field, x):
    """x₀ is not differentiated, as if it did not depend on the others."""
    h, _, partial = _on_simplex(x)
    return _composed(field, x, h, partial)


@mistake("simplex_weight_without_last_share", port="simplex_loss", source="classic")
def _(field, x):
    """h = x₁ ⋯ x_d, which does not vanish on the face x₀ = 0."""
    h = x.prod(-1)
    return _composed(field, x, h, h[:, None] / x)


@mistake("simplex_trace_sign", port="simplex_loss", source="O22: sign of the second derivatives")
def _(field, x):
    """The divergence has the wrong sign."""
    h, slope, _ = _on_simplex(x)
    return _composed(field, x, h, slope, trace=-1.0)


@mistake("simplex_square_without_half", port="simplex_loss", source="classic: half on one term")
def _(field, x):
    """The square has no ½, the other terms are as they should be."""
    h, slope, _ = _on_simplex(x)
    return _composed(field, x, h, slope, square=2.0)


@mistake("simplex_trace_unweighted", port="simplex_loss", source="classic")
def _(field, x):
    """The divergence has no weight."""
    h, slope, _ = _on_simplex(x)
    return _composed(field, x, h, slope, trace=0.0) + field.divergence(x)


@mistake("simplex_square_unweighted", port="simplex_loss", source="classic")
def _(field, x):
    """The square has no weight."""
    h, slope, _ = _on_simplex(x)
    return _composed(field, x, h, slope, square=0.0) + 0.5 * (field(x) ** 2).sum(-1)


def _composed_gradient(field, x, *, slope=1.0, trace=1.0, half=1.0):
    h, by_x, _ = _on_simplex(x)
    value = half * h[:, None] * field(x) + slope * by_x
    return field.linearise(x).gradient(value=value, divergence=trace * h) / len(x)


@mistake("simplex_gradient_without_slope", port="simplex_loss_gradient", source="classic")
def _(field, x):
    """The term ∇h·s does not reach the gradient."""
    return _composed_gradient(field, x, slope=0.0)


@mistake("simplex_gradient_without_trace", port="simplex_loss_gradient", source="O18: detached")
def _(field, x):
    """The divergence was detached."""
    return _composed_gradient(field, x, trace=0.0)


@mistake("simplex_gradient_half_square", port="simplex_loss_gradient", source="classic")
def _(field, x):
    """The square's gradient keeps a ½ that differentiation removes."""
    return _composed_gradient(field, x, half=0.5)


@mistake("simplex_gradient_sum", port="simplex_loss_gradient", source="O-family: sum for mean")
def _(field, x):
    """The gradient of the summed, not the mean, loss."""
    return _composed_gradient(field, x) * len(x)
