"""Mistakes in kernel exponential families."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.stein import squares

FAMILY, ON_BASE = "kernel_exponential_family", "kernel_exponential_family_on_base"


def _features(x, z, h, d=None):
    """∇k (n, m, d), Δk (n, m) and K (m, m), with d for the dimension in Δk."""
    gap, c = x[:, None] - z, 1 / h**2
    k = np.exp(-c * squares(x, z) / 2)
    bend = c * c * squares(x, z) - c * (x.shape[1] if d is None else d)
    return -c * gap * k[..., None], bend * k, np.exp(-c * squares(z, z) / 2)


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
