"""Mistakes in asymptotic variances and efficiencies."""

from __future__ import annotations

import math

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake

CLASSIC = "classic"


@mistake("probe_variance_not_over_probes", port="sliced_precision_variance", source="W not over M")
def _(precision, probe, n_probes, reduced):
    """W is not divided by the number of probes."""
    return library.sliced_precision_variance(precision, probe, 1, reduced)


@mistake("probe_variance_all_over_probes", port="sliced_precision_variance", source="V over M")
def _(precision, probe, n_probes, reduced):
    """V is divided by the number of probes as well: as if they were data."""
    return library.sliced_precision_variance(precision, probe, 1, reduced) / n_probes


@mistake("probe_variance_forgotten", port="sliced_precision_variance", source="W forgotten")
def _(precision, probe, n_probes, reduced):
    """W is left out: the variance of implicit score matching."""
    return 2 * np.square(precision)


@mistake("probe_variance_gaussian_for_all", port="sliced_precision_variance", source="T-family")
def _(precision, probe, n_probes, reduced):
    """Every probe is taken to have the fourth moments of a Gaussian."""
    return library.sliced_precision_variance(precision, "gaussian", n_probes, reduced)


@mistake("probe_variance_sphere_as_signs", port="sliced_precision_variance", source="T-family")
def _(precision, probe, n_probes, reduced):
    """The sphere is taken to have the fourth moments of signs."""
    kind = "rademacher" if probe == "sphere" else probe
    return library.sliced_precision_variance(precision, kind, n_probes, reduced)


@mistake("probe_variance_of_plain_form", port="sliced_precision_variance", source=CLASSIC)
def _(precision, probe, n_probes, reduced):
    """The variance-reduced form is given the variance of the plain one."""
    return library.sliced_precision_variance(precision, probe, n_probes, False)


@mistake("probe_variance_isotropic", port="sliced_precision_variance", source="found here")
def _(precision, probe, n_probes, reduced):
    """λ² times the value at equal precisions, though probes mix unequal ones."""
    one = np.ones(len(precision))
    each = library.sliced_precision_variance(one, probe, n_probes, reduced)
    return np.square(precision) * each


@mistake("probe_variance_of_the_variance", port="sliced_precision_variance", source=CLASSIC)
def _(precision, probe, n_probes, reduced):
    """Without the factor λ²: of the relative error."""
    each = library.sliced_precision_variance(precision, probe, n_probes, reduced)
    return each / np.square(precision)


def _moment(k, a):
    return a ** (k / a) * math.gamma((k + 1) / a) / math.gamma(1 / a)


def _matching(a, cross=2.0, exponent=2):
    m = [_moment(k, a) for k in (4 * a - 4, 3 * a - 4, 2 * a - 4, 2 * a - 2)]
    return (m[0] - cross * (a - 1) * m[1] + (a - 1) ** exponent * m[2]) / m[3] ** 2


@mistake("efficiency_inverted", port="generalised_normal_efficiency", source=CLASSIC)
def _(power):
    """The variance over the bound, not the bound over the variance."""
    return 1 / library.generalised_normal_efficiency(power)


@mistake("efficiency_of_deviations", port="generalised_normal_efficiency", source=CLASSIC)
def _(power):
    """A ratio of standard deviations, not of variances."""
    return math.sqrt(library.generalised_normal_efficiency(power))


@mistake("efficiency_bound_of_a_gaussian", port="generalised_normal_efficiency", source=CLASSIC)
def _(power):
    """The bound is taken as 2 at every power."""
    return 2 / power * library.generalised_normal_efficiency(power)


@mistake("efficiency_inverse_hessian", port="generalised_normal_efficiency", source="no sandwich")
def _(power):
    """The inverse Hessian stands for the variance of score matching."""
    return power * _moment(2 * power - 2, power)


@mistake("efficiency_without_cross_term", port="generalised_normal_efficiency", source=CLASSIC)
def _(power):
    """The square and the slope are taken to be uncorrelated."""
    return power / _matching(power, cross=0.0)


@mistake("efficiency_slope_factor", port="generalised_normal_efficiency", source=CLASSIC)
def _(power):
    """(a-1) for (a-1)² in the last term."""
    return power / _matching(power, exponent=1)


def _modes(a):
    x = np.linspace(-a - 12, a + 12, 4001)
    w = (x[1] - x[0]) * np.exp(-0.5 * (x - a) ** 2) / math.sqrt(2 * math.pi)
    t = np.tanh(a * x)
    u = 2 * a * (1 - t) * (1 + t)
    return w, -x + a * t, u, -2 * a * t * u, t


@mistake("mode_ratio_inverted", port="mixture_weight_ratio", source=CLASSIC)
def _(separation):
    """Maximum likelihood over score matching."""
    return 1 / library.mixture_weight_ratio(separation)


@mistake("mode_ratio_inverse_hessian", port="mixture_weight_ratio", source="no sandwich")
def _(separation):
    """The inverse Hessian stands for the variance of score matching."""
    w, _, u, _, t = _modes(separation)
    return 4 * (w @ t**2) / (w @ u**2)


@mistake("mode_ratio_without_slope", port="mixture_weight_ratio", source="O18: trace term dropped")
def _(separation):
    """The gradient's variance lacks the divergence's part."""
    w, s, u, _, t = _modes(separation)
    g = s * u - w @ (s * u)
    return 4 * (w @ t**2) * (w @ g**2) / (w @ u**2) ** 2


@mistake("mode_ratio_slope_sign", port="mixture_weight_ratio", source="O22")
def _(separation):
    """The divergence's part has the wrong sign."""
    w, s, u, du, t = _modes(separation)
    g = s * u - du
    return 4 * (w @ t**2) * (w @ (g - w @ g) ** 2) / (w @ u**2) ** 2


@mistake("mode_ratio_known_modes", port="mixture_weight_ratio", source=CLASSIC)
def _(separation):
    """The bound is that of labelled data, 1/4, not of the mixture."""
    w, _, _, _, t = _modes(separation)
    return library.mixture_weight_ratio(separation) / (w @ t**2)


def _half_normal(k):
    return 2 ** (k / 2) * math.gamma((k + 1) / 2) / math.sqrt(math.pi)


@mistake("half_line_variance_without_slope", port="half_normal_variance", source="B12")
def _(power):
    """E h² alone: the term h′² is left out."""
    return _half_normal(2 * power) / _half_normal(power) ** 2


@mistake("half_line_variance_inverse_hessian", port="half_normal_variance", source="no sandwich")
def _(power):
    """1/E h stands for the variance."""
    return 1 / _half_normal(power)


@mistake("half_line_variance_of_likelihood", port="half_normal_variance", source=CLASSIC)
def _(power):
    """The Cramér-Rao bound, as if score matching were maximum likelihood here too."""
    return 1 / (1 - 2 / math.pi)


@mistake("half_line_variance_whole_line", port="half_normal_variance", source=CLASSIC)
def _(power):
    """Averages over the half-line lack the density's factor 2."""
    return 2 * library.half_normal_variance(power)


@mistake("half_line_variance_slope_factor", port="half_normal_variance", source=CLASSIC)
def _(power):
    """h′ is taken as x^(a-1), without its factor a."""
    both = _half_normal(2 * power) + _half_normal(2 * power - 2)
    return both / _half_normal(power) ** 2
