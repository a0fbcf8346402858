"""Explicit score matching against a kernel density estimate of the data."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_positive
from refscore.fields.base import as_field
from refscore.objectives.fisher import fisher_loss, fisher_loss_and_gradient


def explicit_loss(field, x, data, bandwidth) -> np.ndarray:
    """The explicit loss at every point against the score of a Gaussian kernel density.

        ½‖s(x) − ∇ log q(x)‖²,  q(x) = (1/m) Σ_j N(x; x_j, h² I)

    Averaged over q it is the denoising loss at σ = h on the same data, up to a constant free of
    the field. field a Field; x points (..., d); data x_j (m, d); bandwidth h > 0. Returns (...,).
    Raises TypeError or ValueError naming the argument. Cost: m kernels and one value of the
    field a point.
    Source: Vincent, A connection between score matching and denoising autoencoders (2011).
    Checked by: explicit_given_data, explicit_is_denoising
    """
    return fisher_loss(field, _kernel_score(field, data, bandwidth), x)


def explicit_loss_gradient(field, x, data, bandwidth) -> np.ndarray:
    """The gradient (p,) of the mean explicit loss in `field.parameters`.

        ∂/∂θ mean[ ½‖s(x) − ∇ log q(x)‖² ]

    field a Field; x points (..., d), at least one; data (m, d); bandwidth h > 0.
    Checked by: explicit_gradient
    """
    return explicit_loss_and_gradient(field, x, data, bandwidth)[1]


def explicit_loss_and_gradient(field, x, data, bandwidth):
    """The mean explicit loss, a number, and its gradient (p,), from one forward pass.

    field a Field; x points (..., d), at least one; data (m, d); bandwidth h > 0.
    Checked by: explicit_gradient
    """
    return fisher_loss_and_gradient(field, _kernel_score(field, data, bandwidth), x)


def _kernel_score(field, data, bandwidth):
    """∇ log q of the kernel density of the data, a Field."""
    from refscore.distributions import Empirical

    data = as_array(data, "data", (None, as_field(field, "field").dim))
    return Empirical(data, as_positive(bandwidth, "bandwidth")).score
