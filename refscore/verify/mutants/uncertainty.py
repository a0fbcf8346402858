"""Mistakes in standard errors and confidence intervals."""

from __future__ import annotations

import math

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake

CLASSIC = "classic"


def _sliced_system(x, v):
    u = v * x[:, None]
    return np.einsum("nmi,nmj->ij", u, u), (v**2).sum((0, 1))


@mistake("errors_inverse_hessian", port="precision_errors", source="classic: no sandwich")
def _(x):
    """The inverse Hessian alone, which is right for likelihoods only."""
    return 1 / np.sqrt((x**2).sum(0))


@mistake("errors_not_over_n", port="precision_errors", source=CLASSIC)
def _(x):
    """The deviation of √n θ̂, never divided by √n."""
    return library.precision_errors(x) * math.sqrt(len(x))


@mistake("errors_over_n_twice", port="precision_errors", source=CLASSIC)
def _(x):
    """Divided by n where √n belongs."""
    return library.precision_errors(x) / math.sqrt(len(x))


@mistake("errors_variance", port="precision_errors", source=CLASSIC)
def _(x):
    """The variances, no root taken."""
    return library.precision_errors(x) ** 2


@mistake("errors_gaussian_model", port="precision_errors", source="classic: model trusted")
def _(x):
    """√(2/n) λ: the model's own V, wrong for data that are not Gaussian."""
    return math.sqrt(2 / len(x)) * library.fit_diagonal_precision(x)


@mistake("errors_one_hessian", port="precision_errors", source=CLASSIC)
def _(x):
    """D⁻¹V, one Hessian short."""
    return np.sqrt((x**2).mean(0)) * library.precision_errors(x)


@mistake("errors_unbiased", port="precision_errors", source="classic: 1/(m-1) for 1/m")
def _(x):
    """V is divided by n - 1."""
    return library.precision_errors(x) * math.sqrt(len(x) / (len(x) - 1))


def _sliced_parts(x, v):
    """D, θ̂, and the gradient (n, m, d) of every probe."""
    u = v * x[:, None]
    G, g = _sliced_system(x, v)
    theta = np.linalg.solve(G, g)
    return G / v[..., 0].size, u * (u @ theta)[..., None] - v**2


@mistake("sliced_errors_probes_independent", port="sliced_precision_errors", source="C3")
def _(x, probes):
    """The probes of a point count as independent data."""
    D, g = _sliced_parts(x, probes)
    influence = np.linalg.solve(D, g.reshape(-1, x.shape[1]).T)
    return np.sqrt((influence**2).sum(1)) / influence.shape[1]


@mistake("sliced_errors_not_over_probes", port="sliced_precision_errors", source="C3: W not over M")
def _(x, probes):
    """W counts in full, however many probes a point has."""
    D, g = _sliced_parts(x, probes)
    influence = np.linalg.solve(D, g.reshape(-1, x.shape[1]).T)
    return np.sqrt((influence**2).mean(1) / len(x))


@mistake("sliced_errors_of_implicit", port="sliced_precision_errors", source="C3: W forgotten")
def _(x, probes):
    """Those of the implicit estimate: what the probes add is forgotten."""
    return library.precision_errors(x)


@mistake("sliced_errors_inverse_hessian", port="sliced_precision_errors", source="no sandwich")
def _(x, probes):
    """The inverse Hessian alone."""
    D, _ = _sliced_parts(x, probes)
    return np.sqrt(np.diagonal(np.linalg.inv(D)) / len(x))


@mistake("sliced_errors_diagonal_hessian", port="sliced_precision_errors", source=CLASSIC)
def _(x, probes):
    """Only the diagonal of the Hessian is inverted."""
    D, g = _sliced_parts(x, probes)
    return np.sqrt((g.mean(1) ** 2).mean(0) / len(x)) / np.diagonal(D)


def _interval(x, z):
    centre, half = library.fit_diagonal_precision(x), z * library.precision_errors(x)
    return np.stack([centre - half, centre + half], axis=-1)


def _quantile(probability):
    from scipy.special import ndtri

    return float(ndtri(probability))


@mistake("interval_one_sided", port="precision_interval", source=CLASSIC)
def _(x, level):
    """The quantile of the level itself: a tenth outside where a twentieth is meant."""
    return _interval(x, _quantile(level))


@mistake("interval_ignores_level", port="precision_interval", source=CLASSIC)
def _(x, level):
    """1.96 whatever the level."""
    return _interval(x, _quantile(0.975))


@mistake("interval_half_width", port="precision_interval", source=CLASSIC)
def _(x, level):
    """The whole width is z errors, not 2z."""
    return _interval(x, 0.5 * _quantile((1 + level) / 2))


@mistake("interval_ends_swapped", port="precision_interval", source=CLASSIC)
def _(x, level):
    """The upper end comes first."""
    return library.precision_interval(x, level)[:, ::-1]


@mistake("interval_on_log_scale", port="precision_interval", source=CLASSIC)
def _(x, level):
    """Made for log λ and mapped back, where the plain one is asked for."""
    centre, error = library.fit_diagonal_precision(x), library.precision_errors(x)
    half = _quantile((1 + level) / 2) * error / centre
    return np.stack([centre * np.exp(-half), centre * np.exp(half)], axis=-1)
