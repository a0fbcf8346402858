"""Objectives of score matching: one value a point, and the gradient of their mean.

Each objective NAME has `NAME_loss` (per point), `NAME_loss_gradient` (of the mean, in
`field.parameters`) and `NAME_loss_and_gradient` (both, from one forward pass).
"""

from refscore.objectives.binary import (
    BoltzmannLogOdds,
    ratio_loss,
    ratio_loss_and_gradient,
    ratio_loss_gradient,
)
from refscore.objectives.bounded import (
    boundary_term,
    bounded_loss,
    bounded_loss_and_gradient,
    bounded_loss_gradient,
)
from refscore.objectives.controlled_denoising import (
    controlled_denoising_loss,
    controlled_denoising_loss_and_gradient,
    controlled_denoising_loss_gradient,
)
from refscore.objectives.curvature import (
    curvature_propagation_loss,
    curvature_propagation_loss_and_gradient,
    curvature_propagation_loss_gradient,
)
from refscore.objectives.denoising import (
    denoising_loss,
    denoising_loss_and_gradient,
    denoising_loss_gradient,
)
from refscore.objectives.explicit import (
    explicit_loss,
    explicit_loss_and_gradient,
    explicit_loss_gradient,
)
from refscore.objectives.finite_difference import (
    finite_difference_loss,
    finite_difference_loss_and_gradient,
    finite_difference_loss_gradient,
)
from refscore.objectives.fisher import (
    fisher_divergence,
    fisher_loss,
    fisher_loss_and_gradient,
    fisher_loss_gradient,
)
from refscore.objectives.gaussian_denoising import (
    gaussian_denoising_loss,
    gaussian_denoising_loss_and_gradient,
    gaussian_denoising_loss_gradient,
)
from refscore.objectives.implicit import (
    implicit_loss,
    implicit_loss_and_gradient,
    implicit_loss_gradient,
)
from refscore.objectives.ladder import (
    ladder_loss,
    ladder_loss_and_gradient,
    ladder_loss_gradient,
)
from refscore.objectives.regularised import (
    noisy_implicit_loss,
    noisy_implicit_loss_and_gradient,
    noisy_implicit_loss_gradient,
    regularised_implicit_loss,
    regularised_implicit_loss_and_gradient,
    regularised_implicit_loss_gradient,
)
from refscore.objectives.simplex import (
    simplex_loss,
    simplex_loss_and_gradient,
    simplex_loss_gradient,
)
from refscore.objectives.sliced import (
    sliced_loss,
    sliced_loss_and_gradient,
    sliced_loss_gradient,
    variance_reduced_sliced_loss,
    variance_reduced_sliced_loss_and_gradient,
    variance_reduced_sliced_loss_gradient,
)
from refscore.objectives.weightings import (
    draw_levels,
    edm_sigmas,
    edm_weight,
    geometric_sigmas,
    likelihood_weight,
    log_uniform_sigmas,
    min_snr_weight,
    score_weight,
    sigma_squared_weight,
    uncertainty_loss,
)
from refscore.objectives.weights import (
    Weight,
    box_weight,
    capped_weight,
    distance_weight,
    log_weight,
    power_weight,
)

__all__ = [
    "BoltzmannLogOdds",
    "Weight",
    "boundary_term",
    "bounded_loss",
    "bounded_loss_and_gradient",
    "bounded_loss_gradient",
    "box_weight",
    "capped_weight",
    "controlled_denoising_loss",
    "controlled_denoising_loss_and_gradient",
    "controlled_denoising_loss_gradient",
    "curvature_propagation_loss",
    "curvature_propagation_loss_and_gradient",
    "curvature_propagation_loss_gradient",
    "denoising_loss",
    "denoising_loss_and_gradient",
    "denoising_loss_gradient",
    "distance_weight",
    "draw_levels",
    "edm_sigmas",
    "edm_weight",
    "explicit_loss",
    "explicit_loss_and_gradient",
    "explicit_loss_gradient",
    "finite_difference_loss",
    "finite_difference_loss_and_gradient",
    "finite_difference_loss_gradient",
    "fisher_divergence",
    "fisher_loss",
    "fisher_loss_and_gradient",
    "fisher_loss_gradient",
    "gaussian_denoising_loss",
    "gaussian_denoising_loss_and_gradient",
    "gaussian_denoising_loss_gradient",
    "geometric_sigmas",
    "implicit_loss",
    "implicit_loss_and_gradient",
    "implicit_loss_gradient",
    "ladder_loss",
    "ladder_loss_and_gradient",
    "ladder_loss_gradient",
    "likelihood_weight",
    "log_uniform_sigmas",
    "log_weight",
    "min_snr_weight",
    "noisy_implicit_loss",
    "noisy_implicit_loss_and_gradient",
    "noisy_implicit_loss_gradient",
    "power_weight",
    "ratio_loss",
    "ratio_loss_and_gradient",
    "ratio_loss_gradient",
    "simplex_loss",
    "simplex_loss_and_gradient",
    "simplex_loss_gradient",
    "regularised_implicit_loss",
    "regularised_implicit_loss_and_gradient",
    "regularised_implicit_loss_gradient",
    "score_weight",
    "sigma_squared_weight",
    "sliced_loss",
    "sliced_loss_and_gradient",
    "sliced_loss_gradient",
    "uncertainty_loss",
    "variance_reduced_sliced_loss",
    "variance_reduced_sliced_loss_and_gradient",
    "variance_reduced_sliced_loss_gradient",
]
