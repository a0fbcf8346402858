"""Mistakes in optima on given probes, noise and weights."""

from __future__ import annotations

import math

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.precisions import CLASSIC


def _sliced_system(x, v):
    u = v * x[:, None]
    return np.einsum("nmi,nmj->ij", u, u), (v**2).sum((0, 1))


@mistake("sliced_precision_unit_trace", port="fit_sliced_precision", source="SSM: v norm forgotten")
def _(x, probes):
    """The trace term takes every v_j² as 1."""
    G, g = _sliced_system(x, probes)
    return np.linalg.solve(G, np.full_like(g, probes[..., 0].size))


@mistake("sliced_precision_diagonal_gram", port="fit_sliced_precision", source=CLASSIC)
def _(x, probes):
    """Only the diagonal of the Gram matrix is used."""
    G, g = _sliced_system(x, probes)
    return g / np.diagonal(G)


@mistake("sliced_precision_of_reduced_form", port="fit_sliced_precision", source=CLASSIC)
def _(x, probes):
    """The square is kept whole: the variance-reduced form."""
    return library.fit_variance_reduced_precision(x, probes)


@mistake("sliced_precision_without_half", port="fit_sliced_precision", source="O-family: half")
def _(x, probes):
    """The square has no one half."""
    return 0.5 * library.fit_sliced_precision(x, probes)


@mistake("sliced_precision_mean_probe", port="fit_sliced_precision", source="T-family")
def _(x, probes):
    """The probes of a point are averaged before they are used."""
    return library.fit_sliced_precision(x, probes.mean(1, keepdims=True))


@mistake("sliced_precision_first_probe", port="fit_sliced_precision", source="T-family")
def _(x, probes):
    """Only the first probe of every point is used."""
    return library.fit_sliced_precision(x, probes[:, :1])


@mistake("reduced_precision_unit_trace", port="fit_variance_reduced_precision", source="SSM")
def _(x, probes):
    """The trace term takes every v_j² as 1: the implicit estimate."""
    return library.fit_diagonal_precision(x)


@mistake("reduced_precision_of_sliced_form", port="fit_variance_reduced_precision", source=CLASSIC)
def _(x, probes):
    """The square is projected on the probes as well."""
    return library.fit_sliced_precision(x, probes)


@mistake("reduced_precision_probes_summed", port="fit_variance_reduced_precision", source="T01")
def _(x, probes):
    """Probes are summed, never divided by their number."""
    return library.fit_variance_reduced_precision(x, probes) * probes.shape[1]


@mistake("reduced_precision_normalised", port="fit_variance_reduced_precision", source="SSM repo")
def _(x, probes):
    """Every probe is scaled to norm √d."""
    norm = np.linalg.norm(probes, axis=-1, keepdims=True)
    return library.fit_variance_reduced_precision(x, probes / norm * math.sqrt(x.shape[1]))


@mistake("denoised_precision_target_sign", port="fit_denoised_precision", source="O01")
def _(x, sigma, noise):
    """The target z/σ has the wrong sign."""
    return -library.fit_denoised_precision(x, sigma, noise)


@mistake("denoised_precision_at_clean_point", port="fit_denoised_precision", source="erratum J11")
def _(x, sigma, noise):
    """The field is read at the clean points."""
    return (x * noise).mean(0) / (sigma * (x**2).mean(0))


@mistake("denoised_precision_sigma_squared", port="fit_denoised_precision", source="O-family: σ")
def _(x, sigma, noise):
    """The target is divided by σ² where σ belongs."""
    return library.fit_denoised_precision(x, sigma, noise) / sigma


@mistake("denoised_precision_noise_residual", port="fit_denoised_precision", source="O-family: σ")
def _(x, sigma, noise):
    """The target is z, as for a network that predicts the noise."""
    return library.fit_denoised_precision(x, sigma, noise) * sigma


@mistake("denoised_precision_corrected", port="fit_denoised_precision", source="B6")
def _(x, sigma, noise):
    """The noise is deconvolved: the data's precision, λ/(1 - σ²λ), not the noised law's."""
    precision = library.fit_denoised_precision(x, sigma, noise)
    return precision / (1 - sigma**2 * precision)


@mistake("denoised_precision_expected", port="fit_denoised_precision", source="B6")
def _(x, sigma, noise):
    """The expected optimum 1/(mean x² + σ²) instead of that for the noise given."""
    return 1 / ((x**2).mean(0) + sigma**2)


@mistake("levels_share_a_precision", port="fit_denoised_levels", source="C1")
def _(x, sigmas, noise):
    """One precision for all levels: the features were not kept apart."""
    s = np.asarray(sigmas)[:, None, None]
    y = x + s * noise
    shared = (y * noise / s).mean((0, 1)) / (y**2).mean((0, 1))
    return np.tile(shared, (len(s), 1))


@mistake("levels_share_the_noise", port="fit_denoised_levels", source="N-family: random streams")
def _(x, sigmas, noise):
    """Every level uses the first level's noise."""
    first = np.broadcast_to(noise[:1], noise.shape)
    return library.fit_denoised_levels(x, sigmas, first)


@mistake("levels_reversed", port="fit_denoised_levels", source="C-family: order of levels")
def _(x, sigmas, noise):
    """The levels are answered from the smallest to the largest."""
    return library.fit_denoised_levels(x, sigmas, noise)[::-1]


@mistake("levels_rescaled", port="fit_denoised_levels", source="O-family: σ² weighting")
def _(x, sigmas, noise):
    """The σ² weight of a level ends up in its estimate."""
    return library.fit_denoised_levels(x, sigmas, noise) * np.asarray(sigmas)[:, None] ** 2


@mistake("power_rate_by_likelihood", port="fit_generalised_normal_rate", source=CLASSIC)
def _(x, power):
    """Maximum likelihood, 1/mean |x|^a, which is the same at a = 2 alone."""
    return 1 / np.mean(np.abs(x) ** power)


@mistake("power_rate_slope_factor", port="fit_generalised_normal_rate", source=CLASSIC)
def _(x, power):
    """The derivative |x|^(a-2) lacks its factor a - 1."""
    return library.fit_generalised_normal_rate(x, power) / (power - 1)


@mistake("power_rate_exponent", port="fit_generalised_normal_rate", source=CLASSIC)
def _(x, power):
    """The factor a of the density is not divided out: its score is a θ |x|^(a-1)."""
    return library.fit_generalised_normal_rate(x, power) / power


@mistake("power_rate_ratio_of_points", port="fit_generalised_normal_rate", source=CLASSIC)
def _(x, power):
    """The mean of the ratios, not the ratio of the means."""
    return (power - 1) * np.mean(np.abs(x) ** -power)


@mistake("half_line_without_weight_slope", port="fit_half_normal_mean", source="B12")
def _(x, h, h_slope):
    """The term h′ s is left out."""
    return np.sum(h * x) / np.sum(h)


@mistake("half_line_without_weight", port="fit_half_normal_mean", source="B12")
def _(x, h, h_slope):
    """No weight: the sample mean, which ignores the boundary."""
    return np.mean(x)


@mistake("half_line_slope_sign", port="fit_half_normal_mean", source="B12")
def _(x, h, h_slope):
    """The term h′ s has the wrong sign."""
    return np.sum(h * x + h_slope) / np.sum(h)


@mistake("half_line_weight_squared", port="fit_half_normal_mean", source="B12")
def _(x, h, h_slope):
    """h² for h: the field is weighted, not its square."""
    return np.sum(h**2 * x - h_slope) / np.sum(h**2)


@mistake("half_normal_variance_without_slope", port="fit_half_normal_variance", source="B12")
def _(x, h, h_slope):
    """The term h′ s is left out."""
    return np.sum(h * x**2) / np.sum(h)


@mistake("half_normal_variance_without_weight", port="fit_half_normal_variance", source="B12")
def _(x, h, h_slope):
    """No weight: maximum likelihood, the mean square."""
    return np.mean(x**2)


@mistake("half_normal_variance_slope_halved", port="fit_half_normal_variance", source="B12")
def _(x, h, h_slope):
    """The term h′ s is halved with the square."""
    return np.sum(h * x**2) / np.sum(h + 0.5 * h_slope * x)


@mistake("half_normal_precision_for_variance", port="fit_half_normal_variance", source="classic")
def _(x, h, h_slope):
    """The precision is returned for the variance."""
    return 1 / library.fit_half_normal_variance(x, h, h_slope)


@mistake("half_normal_deviation_for_variance", port="fit_half_normal_variance", source="classic")
def _(x, h, h_slope):
    """σ is returned for σ²."""
    return np.sqrt(library.fit_half_normal_variance(x, h, h_slope))


@mistake("exponential_rate_of_likelihood", port="fit_exponential_rate", source="B12")
def _(x, h, h_slope):
    """1 over the mean whatever the weight: maximum likelihood, which is h = x alone."""
    return 1 / np.mean(x)


@mistake("exponential_scale_for_rate", port="fit_exponential_rate", source="classic")
def _(x, h, h_slope):
    """The scale is returned for the rate."""
    return 1 / library.fit_exponential_rate(x, h, h_slope)


@mistake("exponential_mean_of_ratios", port="fit_exponential_rate", source="classic")
def _(x, h, h_slope):
    """The mean of h′/h, not the ratio of the means."""
    return np.mean(h_slope / h)


@mistake("exponential_without_half", port="fit_exponential_rate", source="classic")
def _(x, h, h_slope):
    """The square ½ h s² has lost its one half."""
    return 0.5 * library.fit_exponential_rate(x, h, h_slope)
