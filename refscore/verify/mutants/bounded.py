"""Mistakes on bounded and non-negative data."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _weighted(field, x, h, slope, *, square=None, trace=None, half=0.5):
    """Σ half·square s² + trace ∂s + slope s, the weights h unless replaced."""
    s = field(x)
    own = np.einsum("nii->ni", field.jacobian(x))
    square = h if square is None else square
    trace = h if trace is None else trace
    return (half * square * s**2 + trace * own + slope * s).sum(-1)


@mistake("bounded_without_slope", port="bounded_loss", source="classic")
def _(field, x, weight_function, weight_derivative):
    """The term h′s is left out: the weight was not differentiated."""
    return _weighted(field, x, weight_function(x), 0.0)


@mistake("bounded_slope_sign", port="bounded_loss", source="classic")
def _(field, x, weight_function, weight_derivative):
    """The term h′s has the wrong sign."""
    return _weighted(field, x, weight_function(x), -weight_derivative(x))


@mistake("bounded_slope_doubled", port="bounded_loss", source="Hyvarinen (2007): 2x for x squared")
def _(field, x, weight_function, weight_derivative):
    """The term h′s is counted twice, as if h were squared."""
    return _weighted(field, x, weight_function(x), 2 * weight_derivative(x))


@mistake("bounded_weight_for_slope", port="bounded_loss", source="classic")
def _(field, x, weight_function, weight_derivative):
    """The last term is hs, with h not differentiated."""
    h = weight_function(x)
    return _weighted(field, x, h, h)


@mistake("bounded_square_unweighted", port="bounded_loss", source="classic")
def _(field, x, weight_function, weight_derivative):
    """The square ½s² has no weight."""
    return _weighted(field, x, weight_function(x), weight_derivative(x), square=1.0)


@mistake("bounded_square_without_half", port="bounded_loss", source="classic: half on one term")
def _(field, x, weight_function, weight_derivative):
    """The square has no ½, the other terms are as they should be."""
    return _weighted(field, x, weight_function(x), weight_derivative(x), half=1.0)


@mistake("bounded_square_weight_squared", port="bounded_loss", source="classic")
def _(field, x, weight_function, weight_derivative):
    """The square is ½(hs)²: the weight is squared with the score."""
    h = weight_function(x)
    return _weighted(field, x, h, weight_derivative(x), square=h**2)


@mistake("bounded_square_sign", port="bounded_loss", source="classic")
def _(field, x, weight_function, weight_derivative):
    """The square has the wrong sign."""
    return _weighted(field, x, weight_function(x), weight_derivative(x), half=-0.5)


@mistake("bounded_trace_unweighted", port="bounded_loss", source="classic")
def _(field, x, weight_function, weight_derivative):
    """The derivative ∂s has no weight."""
    return _weighted(field, x, weight_function(x), weight_derivative(x), trace=1.0)


@mistake("bounded_trace_sign", port="bounded_loss", source="O22: sign of the second derivatives")
def _(field, x, weight_function, weight_derivative):
    """The derivative ∂s has the wrong sign."""
    h = weight_function(x)
    return _weighted(field, x, h, weight_derivative(x), trace=-h)


@mistake("bounded_trace_half", port="bounded_loss", source="classic: half on the wrong term")
def _(field, x, weight_function, weight_derivative):
    """The derivative ∂s has a ½ that belongs to the square alone."""
    h = weight_function(x)
    return _weighted(field, x, h, weight_derivative(x), trace=0.5 * h)


@mistake("bounded_without_trace", port="bounded_loss", source="O18: second derivatives dropped")
def _(field, x, weight_function, weight_derivative):
    """The derivative h∂s is left out."""
    return _weighted(field, x, weight_function(x), weight_derivative(x), trace=0.0)


@mistake(
    "bounded_trace_of_whole_jacobian", port="bounded_loss", source="classic: row sums for a trace"
)
def _(field, x, weight_function, weight_derivative):
    """Every entry of a row of the Jacobian counts, not ∂ᵢsᵢ alone."""
    h = weight_function(x)
    whole = np.einsum("nij->ni", field.jacobian(x))
    return (h * (0.5 * field(x) ** 2 + whole) + weight_derivative(x) * field(x)).sum(-1)


@mistake("bounded_slope_for_weight", port="bounded_loss", source="classic")
def _(field, x, weight_function, weight_derivative):
    """h′ stands where h belongs."""
    slope = weight_derivative(x)
    return _weighted(field, x, slope, slope)


@mistake("bounded_weight_squared", port="bounded_loss", source="classic: h for a weight h squared")
def _(field, x, weight_function, weight_derivative):
    """h² stands where h belongs, its derivative is that of h."""
    return _weighted(field, x, weight_function(x) ** 2, weight_derivative(x))


@mistake(
    "bounded_weight_and_slope_squared", port="bounded_loss", source="Hyvarinen (2007), h = x^2"
)
def _(field, x, weight_function, weight_derivative):
    """h² is the weight, with its own derivative: right in another convention for h."""
    h = weight_function(x)
    return _weighted(field, x, h**2, 2 * h * weight_derivative(x))


@mistake("bounded_weight_above_zero", port="bounded_loss", source="classic: h + 1 for stability")
def _(field, x, weight_function, weight_derivative):
    """h + 1 is the weight, which does not vanish where the support ends."""
    return _weighted(field, x, weight_function(x) + 1, weight_derivative(x))


@mistake("bounded_ignores_weight", port="bounded_loss", source="classic: whole-line score matching")
def _(field, x, weight_function, weight_derivative):
    """The loss of the whole line: h = 1, h′ = 0."""
    return library.implicit_loss(field, x)


@mistake("bounded_weight_of_first_coordinate", port="bounded_loss", source="classic: x[:, 0]")
def _(field, x, weight_function, weight_derivative):
    """The first coordinate's weight serves all coordinates."""
    return _weighted(field, x, weight_function(x)[:, :1], weight_derivative(x)[:, :1])


@mistake("bounded_without_half", port="bounded_loss", source="conventions 4")
def _(field, x, weight_function, weight_derivative):
    """The whole loss is doubled."""
    return 2 * library.bounded_loss(field, x, weight_function, weight_derivative)


@mistake("bounded_mean_over_dimensions", port="bounded_loss", source="conventions 4")
def _(field, x, weight_function, weight_derivative):
    """The terms are averaged over coordinates."""
    return library.bounded_loss(field, x, weight_function, weight_derivative) / x.shape[-1]


def _pulled(field, x, h, slope, *, half=1.0, trace=1.0):
    """The gradient of the mean loss with coefficients of the square and of the derivative."""
    n, d = x.shape
    units = np.broadcast_to(np.eye(d)[:, None, :], (d, n, d)).copy()
    value = half * h * field(x) + slope
    return field.linearise(x).gradient(value=value, jvp=(units, trace * units * h)) / n


@mistake("bounded_gradient_sum", port="bounded_loss_gradient", source="O-family: sum for mean")
def _(field, x, weight_function, weight_derivative):
    """The gradient of the summed, not the mean, loss."""
    return _pulled(field, x, weight_function(x), weight_derivative(x)) * len(x)


@mistake("bounded_gradient_without_slope", port="bounded_loss_gradient", source="classic")
def _(field, x, weight_function, weight_derivative):
    """The term h′s does not reach the gradient."""
    return _pulled(field, x, weight_function(x), 0.0)


@mistake("bounded_gradient_slope_sign", port="bounded_loss_gradient", source="classic")
def _(field, x, weight_function, weight_derivative):
    """The term h′s has the wrong sign in the gradient."""
    return _pulled(field, x, weight_function(x), -weight_derivative(x))


@mistake("bounded_gradient_without_trace", port="bounded_loss_gradient", source="O18: detached")
def _(field, x, weight_function, weight_derivative):
    """The derivative h∂s was detached."""
    return _pulled(field, x, weight_function(x), weight_derivative(x), trace=0.0)


@mistake("bounded_gradient_half_square", port="bounded_loss_gradient", source="classic")
def _(field, x, weight_function, weight_derivative):
    """The square's gradient keeps a ½ that differentiation removes."""
    return _pulled(field, x, weight_function(x), weight_derivative(x), half=0.5)


@mistake("bounded_gradient_unweighted_square", port="bounded_loss_gradient", source="classic")
def _(field, x, weight_function, weight_derivative):
    """The square's gradient has no weight."""
    h = weight_function(x)
    return _pulled(field, x, h, weight_derivative(x) + (1 - h) * field(x))
