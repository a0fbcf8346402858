"""Estimators: from data to parameters, scores or densities, with their errors."""

from refscore._checkpoints import (
    load_checkpoint,
    save_checkpoint,
)
from refscore.estimation.bandwidths import (
    kernel_mise,
    leave_one_out,
    likelihood_bandwidth,
    optimal_bandwidth,
)
from refscore.estimation.contrastive import contrastive_divergence_gradient
from refscore.estimation.efficiency import (
    asymptotic_covariance,
    cramer_rao_bound,
    denoised_precision_variance,
    generalised_normal_efficiency,
    generalised_normal_variance,
    half_line_variance,
    mixture_weight_variances,
    relative_efficiency,
    sandwich,
    sliced_precision_variance,
)
from refscore.estimation.energies import PolynomialEnergy
from refscore.estimation.exponential_family import (
    KernelExponentialFamily,
    kernel_exponential_family,
)
from refscore.estimation.fit import (
    fit,
)
from refscore.estimation.flows import fit_flow
from refscore.estimation.gaussian import (
    GaussianFit,
    diagonal_precision,
    fit_gaussian,
    generalised_normal_rate,
    isotropic_precision,
)
from refscore.estimation.linear import (
    fit_denoising,
    fit_generalised,
    fit_implicit,
    fit_levels,
    fit_sliced,
)
from refscore.estimation.noise_contrastive import (
    NoiseContrastiveFit,
    noise_contrastive_fit,
    noise_contrastive_loss,
    noise_contrastive_loss_and_gradient,
)
from refscore.estimation.result import Comparison, FitResult, compare_models, held_out_loss
from refscore.estimation.stein import stein_estimator, stein_field
from refscore.estimation.training import (
    train,
)

__all__ = [
    "Comparison",
    "FitResult",
    "GaussianFit",
    "KernelExponentialFamily",
    "NoiseContrastiveFit",
    "PolynomialEnergy",
    "asymptotic_covariance",
    "compare_models",
    "contrastive_divergence_gradient",
    "cramer_rao_bound",
    "denoised_precision_variance",
    "diagonal_precision",
    "fit",
    "fit_denoising",
    "fit_flow",
    "fit_gaussian",
    "fit_generalised",
    "fit_implicit",
    "fit_levels",
    "fit_sliced",
    "generalised_normal_efficiency",
    "generalised_normal_rate",
    "generalised_normal_variance",
    "half_line_variance",
    "held_out_loss",
    "isotropic_precision",
    "kernel_exponential_family",
    "kernel_mise",
    "leave_one_out",
    "likelihood_bandwidth",
    "load_checkpoint",
    "mixture_weight_variances",
    "noise_contrastive_fit",
    "noise_contrastive_loss",
    "noise_contrastive_loss_and_gradient",
    "optimal_bandwidth",
    "relative_efficiency",
    "sandwich",
    "save_checkpoint",
    "sliced_precision_variance",
    "stein_estimator",
    "stein_field",
    "train",
]
