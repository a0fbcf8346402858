"""Mistakes in energy distances, transport on the line and of Gaussians, distribution functions."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _distances(x, y, power=1.0):
    return ((x[:, None] - y) ** 2).sum(-1) ** (power / 2)


def _mean(d, statistic):
    return d.mean() if statistic == "V" else d.sum() / (len(d) * (len(d) - 1))


def _energy(x, y, statistic, power=1.0, cross=2.0):
    inside = sum(_mean(_distances(z, z, power), statistic) for z in (x, y))
    return cross * _distances(x, y, power).mean() - inside


@mistake("energy_root", port="energy_distance", source="scipy.stats.energy_distance")
def _(x, y, statistic):
    """The root of the distance's square (of its size, where that is negative)."""
    return np.sqrt(np.abs(_energy(x, y, statistic)))


@mistake("energy_cross_once", port="energy_distance", source="classic")
def _(x, y, statistic):
    """The cross term has lost its factor 2."""
    return _energy(x, y, statistic, cross=1.0)


@mistake("energy_sign", port="energy_distance", source="classic")
def _(x, y, statistic):
    """The sign of a kernel that is −r is forgotten."""
    return -_energy(x, y, statistic)


@mistake("energy_halved", port="energy_distance", source="classic")
def _(x, y, statistic):
    """Half the distance: E‖X − Y‖ less half of both own means."""
    return _energy(x, y, statistic) / 2


@mistake("energy_own_means_halved", port="energy_distance", source="CRPS and energy scores mixed")
def _(x, y, statistic):
    """The own means are halved, the cross term is not."""
    own = sum(_mean(_distances(z, z), statistic) for z in (x, y))
    return _energy(x, y, statistic) + own / 2


@mistake("energy_of_squares", port="energy_distance", source="classic")
def _(x, y, statistic):
    """Squared distances for distances: only the means are seen."""
    return _energy(x, y, statistic, power=2.0)


@mistake("energy_v_for_u", port="energy_distance", source="classic")
def _(x, y, statistic):
    """Own means over all n² pairs, whichever statistic was asked for."""
    return _energy(x, y, "V")


@mistake("energy_u_for_v", port="energy_distance", source="classic")
def _(x, y, statistic):
    """Own means over n (n − 1) pairs, whichever statistic was asked for."""
    return _energy(x, y, "U")


@mistake("energy_sum_of_coordinates", port="energy_distance", source="classic")
def _(x, y, statistic):
    """Distances are sums over coordinates, not Euclidean."""
    d = [np.abs(a[:, None] - b).sum(-1) for a, b in ((x, x), (y, y), (x, y))]
    return 2 * d[2].mean() - _mean(d[0], statistic) - _mean(d[1], statistic)


LINE = "wasserstein_1d"


@mistake("wasserstein_unsorted", port=LINE, source="classic")
def _(x, y, p):
    """Samples of one size are compared in the order they came."""
    if len(x) != len(y):
        return library.wasserstein_1d(x, y, p)
    return np.mean(np.abs(x - y) ** p) ** (1 / p)


@mistake("wasserstein_one_sorted", port=LINE, source="classic")
def _(x, y, p):
    """Only the first of two samples of one size is sorted."""
    if len(x) != len(y):
        return library.wasserstein_1d(x, y, p)
    return np.mean(np.abs(np.sort(x) - y) ** p) ** (1 / p)


@mistake("wasserstein_root_missing", port=LINE, source="classic")
def _(x, y, p):
    """The p-th power of the distance, its root is missing."""
    return library.wasserstein_1d(x, y, p) ** p


@mistake("wasserstein_power_one", port=LINE, source="scipy.stats.wasserstein_distance")
def _(x, y, p):
    """W_1, whatever p was asked for."""
    return library.wasserstein_1d(x, y, 1)


@mistake("wasserstein_sum", port=LINE, source="T01: sum for mean")
def _(x, y, p):
    """The sum of the powers, not their mean."""
    return library.wasserstein_1d(x, y, p) * len(x) ** (1 / p)


@mistake("wasserstein_root_before_mean", port=LINE, source="classic")
def _(x, y, p):
    """The norm of all gaps divided by n, where the mean belongs under the root."""
    return library.wasserstein_1d(x, y, p) * len(x) ** (1 / p - 1)


@mistake("wasserstein_of_the_shorter", port=LINE, source="classic")
def _(x, y, p):
    """The longer of two sorted samples is cut to the shorter one's length."""
    n = min(len(x), len(y))
    return np.mean(np.abs(np.sort(x)[:n] - np.sort(y)[:n]) ** p) ** (1 / p)


@mistake("wasserstein_interpolated", port=LINE, source="numpy.quantile's default")
def _(x, y, p):
    """Samples of different sizes are compared at interpolated quantiles."""
    if len(x) == len(y):
        return library.wasserstein_1d(x, y, p)
    u = (np.arange(max(len(x), len(y))) + 0.5) / max(len(x), len(y))
    return np.mean(np.abs(np.quantile(x, u) - np.quantile(y, u)) ** p) ** (1 / p)


@mistake("wasserstein_of_distribution_functions", port=LINE, source="scipy.stats: Cramér-von Mises")
def _(x, y, p):
    """The L^p distance of the distribution functions: W_p for p = 1 alone."""
    z = np.sort(np.concatenate([x, y]))
    F, G = (np.searchsorted(np.sort(s), z[:-1], side="right") / len(s) for s in (x, y))
    return (np.abs(F - G) ** p @ np.diff(z)) ** (1 / p)


@mistake("wasserstein_of_means", port=LINE, source="classic")
def _(x, y, p):
    """The gap between the means."""
    return np.abs(np.mean(x) - np.mean(y))


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
