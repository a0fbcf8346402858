"""Mistakes in Stein's estimator of a sample's scores."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake


def squares(x, z):
    """Squared distances (n, m)."""
    return ((x[:, None] - z) ** 2).sum(-1)


def _stein(x, h, eta, *, exponent=None, slope=None, scale=1.0):
    """−(K + η I)⁻¹ B with K = exp(−exponent), B scaled, slope for 1/h²."""
    k = np.exp(-squares(x, x) / (2 * h * h) if exponent is None else -exponent)
    b = np.einsum("nm,nmi->ni", k, x[:, None] - x) * (1 / h**2 if slope is None else slope)
    return -np.linalg.solve(k + eta * np.eye(len(x)), scale * b)


@mistake("stein_gradient_of_first_argument", port="stein_estimator", source="O18, classic")
def _(x, bandwidth, regularisation):
    """The kernel is differentiated in x_i, not x_j: every score is negated."""
    return _stein(x, bandwidth, regularisation, scale=-1.0)


@mistake("stein_without_regularisation", port="stein_estimator", source="classic")
def _(x, bandwidth, regularisation):
    """Nothing is added to the kernel matrix."""
    return _stein(x, bandwidth, 0.0)


@mistake("stein_regularisation_times_n", port="stein_estimator", source="η = nλ")
def _(x, bandwidth, regularisation):
    """The regularisation is multiplied by the number of points."""
    return _stein(x, bandwidth, len(x) * regularisation)


@mistake("stein_mean_of_gradients", port="stein_estimator", source="sum for mean, the other way")
def _(x, bandwidth, regularisation):
    """The gradients are averaged, the kernel matrix is not."""
    return _stein(x, bandwidth, regularisation, scale=1 / len(x))


@mistake("stein_bandwidth_is_variance", port="stein_estimator", source="classic")
def _(x, bandwidth, regularisation):
    """The bandwidth is taken for its square, in kernel and gradient."""
    return _stein(x, np.sqrt(bandwidth), regularisation)


@mistake("stein_exponent_without_half", port="stein_estimator", source="sklearn's gamma")
def _(x, bandwidth, regularisation):
    """The kernel is exp(−‖x−y‖²/h²), in kernel and gradient."""
    return _stein(x, bandwidth / np.sqrt(2), regularisation)


@mistake("stein_exponent_without_half_in_kernel", port="stein_estimator", source="classic")
def _(x, bandwidth, regularisation):
    """The kernel has lost its half, the gradient's factor 1/h² has not changed."""
    return _stein(x, bandwidth, regularisation, exponent=squares(x, x) / bandwidth**2)


@mistake("stein_gradient_doubled", port="stein_estimator", source="classic")
def _(x, bandwidth, regularisation):
    """The gradient is that of a kernel without its half."""
    return _stein(x, bandwidth, regularisation, scale=2.0)


@mistake("stein_gradient_without_bandwidth", port="stein_estimator", source="classic")
def _(x, bandwidth, regularisation):
    """The gradient lacks its 1/h²."""
    return _stein(x, bandwidth, regularisation, slope=1.0)


@mistake("stein_gradient_by_h", port="stein_estimator", source="classic")
def _(x, bandwidth, regularisation):
    """The gradient is divided by h, not h²."""
    return _stein(x, bandwidth, regularisation, slope=1 / bandwidth)


@mistake("stein_without_kernel_inverse", port="stein_estimator", source="classic")
def _(x, bandwidth, regularisation):
    """The smoothed gradients themselves: no system is solved."""
    k = np.exp(-squares(x, x) / (2 * bandwidth**2))
    return -np.einsum("nm,nmi->ni", k, x[:, None] - x) / bandwidth**2


@mistake("stein_own_kernel_left_out", port="stein_estimator", source="classic")
def _(x, bandwidth, regularisation):
    """The diagonal of the kernel matrix is zero."""
    e = squares(x, x) / (2 * bandwidth**2)
    np.fill_diagonal(e, np.inf)
    return _stein(x, bandwidth, regularisation, exponent=e)


@mistake("stein_norm_not_squared", port="stein_estimator", source="G05")
def _(x, bandwidth, regularisation):
    """The kernel has the distance, not its square, the gradient that of the square."""
    e = np.sqrt(squares(x, x)) / (2 * bandwidth**2)
    return _stein(x, bandwidth, regularisation, exponent=e)


@mistake("stein_manhattan_distance", port="stein_estimator", source="classic: abs().sum()**2")
def _(x, bandwidth, regularisation):
    """The distance is a sum over coordinates: turned data have other scores."""
    e = np.abs(x[:, None] - x).sum(-1) ** 2 / (2 * bandwidth**2)
    return _stein(x, bandwidth, regularisation, exponent=e)


@mistake("stein_median_bandwidth", port="stein_estimator", source="the median heuristic")
def _(x, bandwidth, regularisation):
    """The bandwidth handed over is ignored for the median distance."""
    return _stein(x, np.sqrt(np.median(squares(x, x))), regularisation)
