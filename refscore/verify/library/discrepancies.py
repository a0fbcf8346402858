"""Ports of the library: discrepancies of samples and laws."""

from __future__ import annotations

from refscore import discrepancies
from refscore.distributions import Gaussian

__all__ = [
    "energy_distance",
    "kernel_stein_discrepancy",
    "kolmogorov_smirnov",
    "kolmogorov_smirnov_uniform",
    "mmd",
    "wasserstein_1d",
    "wasserstein_gaussian",
    "weighted_kernel_stein_discrepancy",
    "weighted_mmd",
]


def kernel_stein_discrepancy(score, x, kernel, bandwidth, exponent, statistic):
    """The squared kernel Stein discrepancy of a sample."""
    return discrepancies.kernel_stein(
        score, x, kernel=kernel, bandwidth=bandwidth, exponent=exponent, statistic=statistic
    )


def weighted_kernel_stein_discrepancy(score, x, weights, kernel, bandwidth, exponent):
    """The same of weighted points, all pairs."""
    return discrepancies.kernel_stein(
        score, x, kernel=kernel, bandwidth=bandwidth, exponent=exponent, weights=weights
    )


def mmd(x, y, kernel, bandwidth, statistic):
    """The squared maximum mean discrepancy."""
    return discrepancies.mmd(x, y, kernel=kernel, bandwidth=bandwidth, statistic=statistic)


def weighted_mmd(x, y, x_weights, y_weights, kernel, bandwidth):
    """The same of weighted points, all pairs."""
    h = None if kernel == "energy" else bandwidth
    return discrepancies.mmd(
        x, y, kernel=kernel, bandwidth=h, x_weights=x_weights, y_weights=y_weights
    )


def energy_distance(x, y, statistic):
    """The squared energy distance."""
    return discrepancies.energy_distance(x, y, statistic=statistic)


def wasserstein_1d(x, y, p):
    """W_p on the line."""
    return discrepancies.wasserstein_1d(x, y, p)


def wasserstein_gaussian(mean, covariance, other_mean, other_covariance):
    """W_2 of two Gaussians."""
    return discrepancies.wasserstein_gaussian(
        Gaussian(mean, covariance), Gaussian(other_mean, other_covariance)
    )


def kolmogorov_smirnov(x, y):
    """The Kolmogorov-Smirnov distance of two samples."""
    return discrepancies.kolmogorov_smirnov(x, y)


def kolmogorov_smirnov_uniform(u):
    """The Kolmogorov-Smirnov distance of a sample from the uniform law on (0, 1)."""
    return discrepancies.kolmogorov_smirnov(u, lambda v: v)
