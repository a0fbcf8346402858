"""Mistakes in the distance of Gaussians and in gaps of distribution functions."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake

GAUSSIAN = "wasserstein_gaussian"


def _root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values)) @ vectors.T


@mistake("gaussian_wasserstein_squared", port=GAUSSIAN, source="the Fréchet inception distance")
def _(mean, covariance, other_mean, other_covariance):
    """The square: no root is taken."""
    return library.wasserstein_gaussian(mean, covariance, other_mean, other_covariance) ** 2


@mistake("gaussian_wasserstein_means_alone", port=GAUSSIAN, source="classic")
def _(mean, covariance, other_mean, other_covariance):
    """The covariances are left out."""
    return np.linalg.norm(mean - other_mean)


@mistake("gaussian_wasserstein_without_means", port=GAUSSIAN, source="classic")
def _(mean, covariance, other_mean, other_covariance):
    """The means are left out."""
    return library.wasserstein_gaussian(mean, covariance, mean, other_covariance)


@mistake("gaussian_wasserstein_roots_commute", port=GAUSSIAN, source="classic")
def _(mean, covariance, other_mean, other_covariance):
    """‖S^½ − T^½‖_F, right only where the covariances commute."""
    gap = _root(covariance) - _root(other_covariance)
    return np.hypot(np.linalg.norm(mean - other_mean), np.linalg.norm(gap))


@mistake("gaussian_wasserstein_of_covariances", port=GAUSSIAN, source="classic")
def _(mean, covariance, other_mean, other_covariance):
    """‖S − T‖_F, with no root of the covariances."""
    gap = covariance - other_covariance
    return np.hypot(np.linalg.norm(mean - other_mean), np.linalg.norm(gap))


@mistake("gaussian_wasserstein_diagonals", port=GAUSSIAN, source="classic")
def _(mean, covariance, other_mean, other_covariance):
    """Only the diagonals of the covariances are used."""
    gap = np.sqrt(np.diag(covariance)) - np.sqrt(np.diag(other_covariance))
    return np.hypot(np.linalg.norm(mean - other_mean), np.linalg.norm(gap))


@mistake("gaussian_wasserstein_means_not_squared", port=GAUSSIAN, source="classic")
def _(mean, covariance, other_mean, other_covariance):
    """‖m − n‖ stands for its square beside the trace."""
    spread = library.wasserstein_gaussian(mean, covariance, mean, other_covariance)
    return np.sqrt(np.linalg.norm(mean - other_mean) + spread**2)


@mistake("gaussian_wasserstein_cross_once", port=GAUSSIAN, source="classic")
def _(mean, covariance, other_mean, other_covariance):
    """The trace of the mixed root is subtracted once, not twice."""
    square = library.wasserstein_gaussian(mean, covariance, other_mean, other_covariance) ** 2
    root = _root(covariance)
    return np.sqrt(square + np.trace(_root(root @ other_covariance @ root)))


KS = "kolmogorov_smirnov"


def _gap(x, y, points, x_side="right", y_side="right"):
    F = np.searchsorted(np.sort(x), points, side=x_side) / len(x)
    return F - np.searchsorted(np.sort(y), points, side=y_side) / len(y)


@mistake("ks_one_sided", port=KS, source="classic")
def _(x, y):
    """Only where the first distribution function is above the second."""
    return max(0.0, _gap(x, y, np.concatenate([x, y])).max())


@mistake("ks_at_first_sample", port=KS, source="classic")
def _(x, y):
    """The gap is looked at in the points of the first sample alone."""
    return np.abs(_gap(x, y, x)).max()


@mistake("ks_points_in_common", port=KS, source="classic: ties")
def _(x, y):
    """A point that both samples hold is counted on one side only."""
    return np.abs(_gap(x, y, np.concatenate([x, y]), y_side="left")).max()


@mistake("ks_scaled", port=KS, source="the statistic of tables")
def _(x, y):
    """The distance times √(nm/(n + m)), the statistic of the test."""
    n, m = len(x), len(y)
    return library.kolmogorov_smirnov(x, y) * np.sqrt(n * m / (n + m))


@mistake("ks_unsorted", port=KS, source="classic")
def _(x, y):
    """The first sample is searched without having been sorted."""
    points = np.concatenate([x, y])
    F = np.searchsorted(x, points, side="right") / len(x)
    G = np.searchsorted(np.sort(y), points, side="right") / len(y)
    return np.abs(F - G).max()


@mistake("ks_mean_gap", port=KS, source="classic")
def _(x, y):
    """The mean of the gaps, not the largest."""
    return np.abs(_gap(x, y, np.concatenate([x, y]))).mean()


UNIFORM = "kolmogorov_smirnov_uniform"


def _ranks(u):
    return np.sort(u), np.arange(1, len(u) + 1) / len(u)


@mistake("ks_after_jumps", port=UNIFORM, source="classic")
def _(u):
    """The gap is looked at after every jump, not before."""
    u, after = _ranks(u)
    return np.abs(after - u).max()


@mistake("ks_before_jumps", port=UNIFORM, source="classic")
def _(u):
    """The gap is looked at before every jump, not after."""
    u, after = _ranks(u)
    return np.abs(after - 1 / len(u) - u).max()


@mistake("ks_upper_side", port=UNIFORM, source="classic")
def _(u):
    """D⁺ alone: where the empirical function lies above."""
    u, after = _ranks(u)
    return max(0.0, (after - u).max())


@mistake("ks_lower_side", port=UNIFORM, source="classic")
def _(u):
    """D⁻ alone: where the empirical function lies below."""
    u, after = _ranks(u)
    return max(0.0, (u - after + 1 / len(u)).max())


@mistake("ks_middle_of_jumps", port=UNIFORM, source="plotting positions")
def _(u):
    """The empirical function is (i − ½)/n, in the middle of its jumps."""
    u, after = _ranks(u)
    return np.abs(after - 0.5 / len(u) - u).max()


@mistake("ks_plotting_positions", port=UNIFORM, source="plotting positions")
def _(u):
    """The empirical function is i/(n + 1)."""
    u, after = _ranks(u)
    return np.abs(after * len(u) / (len(u) + 1) - u).max()


@mistake("ks_uniform_scaled", port=UNIFORM, source="the statistic of tables")
def _(u):
    """The distance times √n, the statistic of the test."""
    return library.kolmogorov_smirnov_uniform(u) * np.sqrt(len(u))
