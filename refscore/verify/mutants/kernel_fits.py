"""Mistakes in kernel estimators of scores: Stein's, and kernel exponential families."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake

FAMILY, ON_BASE = "kernel_exponential_family", "kernel_exponential_family_on_base"


def _squares(x, z):
    return ((x[:, None] - z) ** 2).sum(-1)


def _stein(x, h, eta, *, exponent=None, slope=None, scale=1.0):
    """−(K + η I)⁻¹ B with K = exp(−exponent), B scaled, slope for 1/h²."""
    k = np.exp(-_squares(x, x) / (2 * h * h) if exponent is None else -exponent)
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
    return _stein(x, bandwidth, regularisation, exponent=_squares(x, x) / bandwidth**2)


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
    k = np.exp(-_squares(x, x) / (2 * bandwidth**2))
    return -np.einsum("nm,nmi->ni", k, x[:, None] - x) / bandwidth**2


@mistake("stein_own_kernel_left_out", port="stein_estimator", source="classic")
def _(x, bandwidth, regularisation):
    """The diagonal of the kernel matrix is zero."""
    e = _squares(x, x) / (2 * bandwidth**2)
    np.fill_diagonal(e, np.inf)
    return _stein(x, bandwidth, regularisation, exponent=e)


@mistake("stein_norm_not_squared", port="stein_estimator", source="G05")
def _(x, bandwidth, regularisation):
    """The kernel has the distance, not its square, the gradient that of the square."""
    e = np.sqrt(_squares(x, x)) / (2 * bandwidth**2)
    return _stein(x, bandwidth, regularisation, exponent=e)


@mistake("stein_manhattan_distance", port="stein_estimator", source="classic: abs().sum()**2")
def _(x, bandwidth, regularisation):
    """The distance is a sum over coordinates: turned data have other scores."""
    e = np.abs(x[:, None] - x).sum(-1) ** 2 / (2 * bandwidth**2)
    return _stein(x, bandwidth, regularisation, exponent=e)


@mistake("stein_median_bandwidth", port="stein_estimator", source="the median heuristic")
def _(x, bandwidth, regularisation):
    """The bandwidth handed over is ignored for the median distance."""
    return _stein(x, np.sqrt(np.median(_squares(x, x))), regularisation)


def _features(x, z, h, d=None):
    """∇k (n, m, d), Δk (n, m) and K (m, m), with d for the dimension in Δk."""
    gap, c = x[:, None] - z, 1 / h**2
    k = np.exp(-c * _squares(x, z) / 2)
    bend = c * c * _squares(x, z) - c * (x.shape[1] if d is None else d)
    return -c * gap * k[..., None], bend * k, np.exp(-c * _squares(z, z) / 2)


def _family(x, z, h, penalty, score=None, *, square=1.0, bend=1.0, base=1.0, ridge=None, d=None):
    """−(square A + λ K)⁻¹ (bend mean Δk + base mean ∇k·∇log q₀)."""
    slopes, laplacians, gram = _features(x, z, h, d=d)
    a = np.einsum("nki,nli->kl", slopes, slopes) / len(x)
    b = bend * laplacians.mean(axis=0)
    if score is not None:
        b = b + base * np.einsum("nki,ni->k", slopes, score(x)) / len(x)
    return -np.linalg.solve(square * a + penalty * (gram if ridge is None else ridge(gram)), b)


@mistake("family_sign", port=FAMILY, source="O22: minimiser negated")
def _(x, basis, bandwidth, regularisation):
    """The Laplacians have the wrong sign: the log density is negated."""
    return _family(x, basis, bandwidth, regularisation, bend=-1.0)


@mistake("family_laplacian_without_dimension", port=FAMILY, source="classic: d of Δk")
def _(x, basis, bandwidth, regularisation):
    """The Laplacian is (‖u‖² − 1)k/h², the formula of one dimension."""
    return _family(x, basis, bandwidth, regularisation, d=1)


@mistake("family_laplacian_without_curvature", port=FAMILY, source="classic")
def _(x, basis, bandwidth, regularisation):
    """The Laplacian is ‖u‖²k/h²: the kernel's own curvature −d is left out."""
    return _family(x, basis, bandwidth, regularisation, d=0)


@mistake("family_laplacian_halved", port=FAMILY, source="classic")
def _(x, basis, bandwidth, regularisation):
    """The Laplacians are halved with the square."""
    return _family(x, basis, bandwidth, regularisation, bend=0.5)


@mistake("family_square_halved", port=FAMILY, source="classic")
def _(x, basis, bandwidth, regularisation):
    """The quadratic term keeps the half that differentiation removes; the penalty does not."""
    return _family(x, basis, bandwidth, regularisation, square=0.5)


@mistake("family_sum_of_squares", port=FAMILY, source="sum for mean")
def _(x, basis, bandwidth, regularisation):
    """The quadratic term is summed, the linear one averaged."""
    return _family(x, basis, bandwidth, regularisation, square=len(x))


@mistake("family_penalty_over_n", port=FAMILY, source="sums for means, both terms")
def _(x, basis, bandwidth, regularisation):
    """Both terms are summed over the points, the penalty is not multiplied."""
    return _family(x, basis, bandwidth, regularisation / len(x))


@mistake("family_penalty_times_n", port=FAMILY, source="λ n for λ")
def _(x, basis, bandwidth, regularisation):
    """The penalty is multiplied by the number of points."""
    return _family(x, basis, bandwidth, regularisation * len(x))


@mistake("family_without_penalty", port=FAMILY, source="classic")
def _(x, basis, bandwidth, regularisation):
    """The penalty is left out."""
    return _family(x, basis, bandwidth, 0.0)


@mistake("family_penalty_doubled", port=FAMILY, source="λ‖f‖² for λ/2 ‖f‖²")
def _(x, basis, bandwidth, regularisation):
    """The penalty has no half."""
    return _family(x, basis, bandwidth, 2 * regularisation)


@mistake("family_penalty_on_coefficients", port=FAMILY, source="ridge: λ I for λ K")
def _(x, basis, bandwidth, regularisation):
    """The penalty is the coefficients' square, not the norm of f."""
    return _family(x, basis, bandwidth, regularisation, ridge=lambda gram: np.eye(len(gram)))


@mistake("family_bandwidth_is_variance", port=FAMILY, source="classic")
def _(x, basis, bandwidth, regularisation):
    """The bandwidth is taken for its square."""
    return _family(x, basis, np.sqrt(bandwidth), regularisation)


@mistake("family_exponent_without_half", port=FAMILY, source="sklearn's gamma")
def _(x, basis, bandwidth, regularisation):
    """The kernel is exp(−‖x−z‖²/h²), in kernel and derivatives."""
    return _family(x, basis, bandwidth / np.sqrt(2), regularisation)


@mistake("family_square_of_mean_gradient", port=FAMILY, source="classic")
def _(x, basis, bandwidth, regularisation):
    """The square of the mean gradient stands for the mean of the squares."""
    slopes, laplacians, gram = _features(x, basis, bandwidth)
    mean = slopes.mean(axis=0)
    return -np.linalg.lstsq(mean @ mean.T + regularisation * gram, laplacians.mean(0), None)[0]


@mistake("family_averaged_over_basis", port=FAMILY, source="classic")
def _(x, basis, bandwidth, regularisation):
    """The averages run over the basis, not the sample."""
    return _family(basis, basis, bandwidth, regularisation)


@mistake("family_base_ignored", port=ON_BASE, source="classic")
def _(score, x, basis, bandwidth, regularisation):
    """The base density's score is left out."""
    return _family(x, basis, bandwidth, regularisation)


@mistake("family_gradient_of_centre", port=ON_BASE, source="O18: the other argument")
def _(score, x, basis, bandwidth, regularisation):
    """The kernel is differentiated in its centre: only the base's term changes sign."""
    return _family(x, basis, bandwidth, regularisation, score, base=-1.0)


@mistake("family_base_term_doubled", port=ON_BASE, source="classic: 2ab of a square with half")
def _(score, x, basis, bandwidth, regularisation):
    """The cross term of the square has a factor 2 beside the half."""
    return _family(x, basis, bandwidth, regularisation, score, base=2.0)


@mistake("family_base_at_centres", port=ON_BASE, source="classic")
def _(score, x, basis, bandwidth, regularisation):
    """The base's score is taken at the centre, not at the point."""
    slopes, laplacians, gram = _features(x, basis, bandwidth)
    a = np.einsum("nki,nli->kl", slopes, slopes) / len(x)
    b = (laplacians + np.einsum("nki,ki->nk", slopes, score(basis))).mean(axis=0)
    return -np.linalg.solve(a + regularisation * gram, b)


@mistake("family_on_base_sign", port=ON_BASE, source="O22: minimiser negated")
def _(score, x, basis, bandwidth, regularisation):
    """The Laplacians have the wrong sign beside the base's term."""
    return _family(x, basis, bandwidth, regularisation, score, bend=-1.0)
