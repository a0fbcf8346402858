"""Mistakes that change a gradient and leave the loss right."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def parts(field, x, *, value=None, divergence=None, jvp=None):
    """One pullback of the field at x."""
    return field.linearise(x).gradient(value=value, divergence=divergence, jvp=jvp)


@mistake("implicit_gradient_sum", port="implicit_loss_gradient", source="O-family: sum for mean")
def _(field, x):
    """The gradient of the summed, not the mean, loss."""
    return len(x) * library.implicit_loss_gradient(field, x)


@mistake(
    "implicit_gradient_without_trace",
    port="implicit_loss_gradient",
    source="O18: detached second derivatives",
)
def _(field, x):
    """The trace term was detached: no second derivatives reach the parameters."""
    return parts(field, x, value=field(x)) / len(x)


@mistake("implicit_gradient_of_square_only_half", port="implicit_loss_gradient", source="classic")
def _(field, x):
    """The square's gradient keeps a one half that differentiation removes."""
    return parts(field, x, value=0.5 * field(x), divergence=np.ones(len(x))) / len(x)


@mistake("sliced_gradient_without_curvature", port="sliced_loss_gradient", source="O18")
def _(field, x, probes):
    """The curvature term was detached."""
    along = np.einsum("nmi,ni->nm", probes, field(x))
    back = np.einsum("nm,nmi->ni", along, probes) / probes.shape[1]
    return parts(field, x, value=back) / len(x)


@mistake("sliced_gradient_of_reduced_form", port="sliced_loss_gradient", source="classic")
def _(field, x, probes):
    """The gradient is that of the variance-reduced form."""
    return library.variance_reduced_sliced_loss_gradient(field, x, probes)


@mistake(
    "reduced_gradient_of_plain_form", port="variance_reduced_sliced_loss_gradient", source="classic"
)
def _(field, x, probes):
    """The gradient is that of the plain form."""
    return library.sliced_loss_gradient(field, x, probes)


@mistake("reduced_gradient_sum", port="variance_reduced_sliced_loss_gradient", source="T01")
def _(field, x, probes):
    """Probes are summed, never divided by their number."""
    return library.variance_reduced_sliced_loss_gradient(field, x, probes) * probes.shape[1]


@mistake("denoising_gradient_at_clean_point", port="denoising_loss_gradient", source="erratum J11")
def _(field, x, sigma, noise):
    """The residual is pulled back at the clean point."""
    residual = field(x + sigma * noise) + noise / sigma
    return parts(field, x, value=residual) / len(x)


@mistake("denoising_gradient_target_sign", port="denoising_loss_gradient", source="O01")
def _(field, x, sigma, noise):
    """The residual has the target's sign wrong."""
    noised = x + sigma * noise
    return parts(field, noised, value=field(noised) - noise / sigma) / len(x)


@mistake("denoising_gradient_sum", port="denoising_loss_gradient", source="O-family: sum for mean")
def _(field, x, sigma, noise):
    """The gradient of the summed, not the mean, loss."""
    return len(x) * library.denoising_loss_gradient(field, x, sigma, noise)


@mistake("denoising_gradient_first_parameters_only", port="denoising_loss_gradient", source="N12")
def _(field, x, sigma, noise):
    """Only the first half of the parameters gets its gradient."""
    g = library.denoising_loss_gradient(field, x, sigma, noise).copy()
    g[len(g) // 2 :] = 0.0
    return g
