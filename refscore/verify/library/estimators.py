"""Ports of the library: estimators: exact optima, variances, intervals."""

from __future__ import annotations

import numpy as np

from refscore import estimation

__all__ = [
    "fit_denoised_levels",
    "fit_denoised_precision",
    "fit_diagonal_precision",
    "fit_exponential_rate",
    "fit_gaussian",
    "fit_generalised_normal_rate",
    "fit_half_normal_mean",
    "fit_half_normal_variance",
    "fit_sliced_precision",
    "fit_sparse_precision",
    "fit_variance_reduced_precision",
    "generalised_normal_efficiency",
    "half_normal_variance",
    "mixture_weight_ratio",
    "precision_errors",
    "precision_interval",
    "sliced_precision_errors",
    "sliced_precision_variance",
]


def _diagonal(x):
    return estimation.diagonal_precision(np.shape(x)[-1])


def fit_gaussian(x):
    """The mean and the precision."""
    fit = estimation.fit_gaussian(x)
    return fit.mean, fit.precision


def fit_sparse_precision(x, pattern):
    """The precision that vanishes where the pattern does."""
    return estimation.fit_gaussian(x, pattern).precision


def fit_diagonal_precision(x):
    """Implicit score matching of N(0, diag 1/λ)."""
    return estimation.fit_implicit(_diagonal(x), x).parameters


def precision_errors(x):
    """The standard errors of `fit_diagonal_precision`."""
    return estimation.fit_implicit(_diagonal(x), x).standard_errors


def precision_interval(x, level):
    """Its confidence intervals."""
    return estimation.fit_implicit(_diagonal(x), x).confidence_interval(level)


def fit_sliced_precision(x, probes=None, *, rng=None):
    """Sliced score matching of N(0, diag 1/λ)."""
    return estimation.fit_sliced(_diagonal(x), x, probes, rng=rng).parameters


def sliced_precision_errors(x, probes=None, *, rng=None):
    """The standard errors of `fit_sliced_precision`."""
    return estimation.fit_sliced(_diagonal(x), x, probes, rng=rng).standard_errors


def fit_variance_reduced_precision(x, probes=None, *, rng=None):
    """The same, with ½‖s‖² kept whole."""
    fit = estimation.fit_sliced(_diagonal(x), x, probes, rng=rng, variance_reduced=True)
    return fit.parameters


def fit_denoised_precision(x, sigma, noise=None, *, rng=None):
    """Denoising score matching of N(0, diag 1/λ)."""
    return estimation.fit_denoising(_diagonal(x), x, sigma, noise, rng=rng).parameters


def fit_denoised_levels(x, sigmas, noise=None, *, rng=None):
    """A precision for every noise level."""
    fits = estimation.fit_levels(lambda sigma: _diagonal(x), x, sigmas, noise, rng=rng)
    return np.stack([fit.parameters for fit in fits])


def fit_generalised_normal_rate(x, power):
    """The rate θ of p ∝ exp(-θ|x|^a/a)."""
    field = estimation.generalised_normal_rate(power)
    return float(estimation.fit_implicit(field, x).parameters[0])


def _constant(value):
    from refscore.fields import LinearInParameters

    return LinearInParameters(
        lambda x: np.full((len(x), 1, 1), value), lambda x: np.zeros((len(x), 1, 1, 1)), [0.0], 1
    )


def fit_half_normal_mean(x, h, h_slope):
    """The mean of a unit normal on the half-line, by generalised score matching."""
    from refscore.fields import Affine

    fit = estimation.fit_generalised(_constant(1.0), x, h, h_slope, fixed=Affine([[-1.0]]))
    return float(fit.parameters[0])


def fit_half_normal_variance(x, h, h_slope):
    """σ² of N(0, σ²) on the half-line, from its precision."""
    fit = estimation.fit_generalised(estimation.isotropic_precision(1), x, h, h_slope)
    return 1 / float(fit.parameters[0])


def fit_exponential_rate(x, h, h_slope):
    """The rate of λ exp(−λx) on the half-line."""
    return float(estimation.fit_generalised(_constant(-1.0), x, h, h_slope).parameters[0])


def sliced_precision_variance(precision, probe, n_probes, reduced):
    """n Var of a sliced estimate at the truth."""
    return estimation.sliced_precision_variance(
        precision, probe=probe, n_probes=n_probes, variance_reduced=reduced
    )


def generalised_normal_efficiency(power):
    """The efficiency of score matching for the rate."""
    return estimation.generalised_normal_efficiency(power)


def mixture_weight_ratio(separation):
    """n Var of score matching over that of maximum likelihood, for the weight."""
    matching, likelihood = estimation.mixture_weight_variances(separation)
    return matching / likelihood


def half_normal_variance(power):
    """n Var of the mean's estimate with the weight x^power."""
    return estimation.half_line_variance(lambda x: x**power, lambda x: power * x ** (power - 1))
