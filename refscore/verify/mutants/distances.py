"""Mistakes in energy distances and in transport on the line."""

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


@mistake("w1_of_the_means", port="wasserstein_1", source="classic: |difference of means|")
def _(law, other_law):
    """The distance of the means alone."""
    return abs(law.mean[0] - other_law.mean[0])


@mistake("w1_is_w2", port="wasserstein_1", source="classic: order 2 for order 1")
def _(law, other_law):
    """The Wasserstein-2 distance."""
    spread = np.sqrt(law.covariance[0, 0]) - np.sqrt(other_law.covariance[0, 0])
    return np.hypot(law.mean[0] - other_law.mean[0], spread)


@mistake("w1_of_variances", port="wasserstein_1", source="classic: variance for deviation")
def _(law, other_law):
    """Variances stand for standard deviations."""
    laws = [_with_variance(each, each.covariance**2) for each in (law, other_law)]
    return library.wasserstein_1(*laws)


@mistake("w1_deviations_added", port="wasserstein_1", source="classic: an independent coupling")
def _(law, other_law):
    """Deviations are added, not taken from each other."""
    total = np.sqrt(law.covariance) + np.sqrt(other_law.covariance)
    return library.wasserstein_1(_with_variance(law, total**2), _with_variance(other_law, 1e-30))


@mistake("w1_independent", port="wasserstein_1", source="classic: E|x - y| of independent draws")
def _(law, other_law):
    """The mean distance of independent draws of the two laws."""
    total = law.covariance + other_law.covariance
    return library.wasserstein_1(_with_variance(law, total), _with_variance(other_law, 1e-30))


def _with_variance(law, variance):
    covariance = np.full((1, 1), float(np.squeeze(variance)))
    return type(law)("gaussian", mean=law.mean, covariance=covariance)
