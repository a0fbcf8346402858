"""Ports of the library: kernel densities and kernel estimators of scores."""

from __future__ import annotations

from refscore import estimation
from refscore.distributions import Empirical, Gaussian, GaussianMixture

__all__ = [
    "kernel_density",
    "kernel_exponential_family",
    "kernel_exponential_family_on_base",
    "kernel_mise",
    "leave_one_out",
    "stein_estimator",
]


def kernel_density(data, bandwidth, x):
    """log of the Gaussian kernel density at x."""
    return Empirical(data, bandwidth).log_density(x)


def leave_one_out(data, bandwidth):
    """log of the kernel density of the others at every point."""
    return estimation.leave_one_out(data, bandwidth)


def kernel_mise(law, n, bandwidth):
    """The mean integrated squared error of a kernel density."""
    of_kind = {"gaussian": Gaussian, "mixture": GaussianMixture}[law.kind]
    return estimation.kernel_mise(of_kind(**law.parameters_by_name), n, bandwidth)


def stein_estimator(x, bandwidth, regularisation):
    """Stein estimates of the score at the sample."""
    return estimation.stein_estimator(x, bandwidth, regularisation)


def kernel_exponential_family(x, basis, bandwidth, regularisation):
    """Coefficients of the score-matching fit on a flat base."""
    return estimation.kernel_exponential_family(x, basis, bandwidth, regularisation).coefficients


def kernel_exponential_family_on_base(score, x, basis, bandwidth, regularisation):
    """Coefficients of the score-matching fit on a base of this score."""
    fit = estimation.kernel_exponential_family(x, basis, bandwidth, regularisation, base=score)
    return fit.coefficients
