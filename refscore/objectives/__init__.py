"""Objectives of score matching: one value a point, and the gradient of their mean.

Each objective NAME has `NAME_loss` (per point), `NAME_loss_gradient` (of the mean, in
`field.parameters`) and `NAME_loss_and_gradient` (both, from one forward pass).
"""

from refscore.objectives.denoising import (
    denoising_loss,
    denoising_loss_and_gradient,
    denoising_loss_gradient,
)
from refscore.objectives.fisher import (
    fisher_divergence,
    fisher_loss,
    fisher_loss_and_gradient,
    fisher_loss_gradient,
)
from refscore.objectives.implicit import (
    implicit_loss,
    implicit_loss_and_gradient,
    implicit_loss_gradient,
)
from refscore.objectives.sliced import (
    sliced_loss,
    sliced_loss_and_gradient,
    sliced_loss_gradient,
    variance_reduced_sliced_loss,
    variance_reduced_sliced_loss_and_gradient,
    variance_reduced_sliced_loss_gradient,
)

__all__ = [
    "denoising_loss",
    "denoising_loss_and_gradient",
    "denoising_loss_gradient",
    "fisher_divergence",
    "fisher_loss",
    "fisher_loss_and_gradient",
    "fisher_loss_gradient",
    "implicit_loss",
    "implicit_loss_and_gradient",
    "implicit_loss_gradient",
    "sliced_loss",
    "sliced_loss_and_gradient",
    "sliced_loss_gradient",
    "variance_reduced_sliced_loss",
    "variance_reduced_sliced_loss_and_gradient",
    "variance_reduced_sliced_loss_gradient",
]
