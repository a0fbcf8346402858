"""Mistakes in kernel densities, their held-out likelihood and their error."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake

LOG_2PI = np.log(2 * np.pi)


def _squares(x, z):
    return ((x[:, None] - z) ** 2).sum(-1)


def _log_mean(logs):
    top = logs.max(axis=1)
    return top + np.log(np.exp(logs - top[:, None]).mean(axis=1))


def _kernel_density(data, x, *, exponent, spread, scale):
    """log mean of exp(-exponent) beside -d log spread - scale log 2π."""
    logs = _log_mean(-exponent)
    return logs - data.shape[1] * np.log(spread) - scale * LOG_2PI


@mistake("kernel_density_one_over_h", port="kernel_density", source="erratum J7")
def _(data, bandwidth, x):
    """The density has one factor 1/h whatever the dimension."""
    d = data.shape[1]
    return library.kernel_density(data, bandwidth, x) + (d - 1) * np.log(bandwidth)


@mistake("kernel_density_without_bandwidth_factor", port="kernel_density", source="classic")
def _(data, bandwidth, x):
    """The kernel is stretched by h and not divided by h^d: the mass is h^d."""
    return library.kernel_density(data, bandwidth, x) + data.shape[1] * np.log(bandwidth)


@mistake("kernel_density_bandwidth_is_variance", port="kernel_density", source="classic")
def _(data, bandwidth, x):
    """The bandwidth is taken for the kernel's variance."""
    return library.kernel_density(data, np.sqrt(bandwidth), x)


@mistake("kernel_density_exponent_by_h", port="kernel_density", source="classic")
def _(data, bandwidth, x):
    """The exponent is divided by 2h, the factor in front is that of h²."""
    e = _squares(x, data) / (2 * bandwidth)
    return _kernel_density(data, x, exponent=e, spread=bandwidth, scale=data.shape[1] / 2)


@mistake("kernel_density_exponent_without_half", port="kernel_density", source="classic")
def _(data, bandwidth, x):
    """The exponent is ‖x − x_j‖²/h², the factor in front that of the half."""
    e = _squares(x, data) / bandwidth**2
    return _kernel_density(data, x, exponent=e, spread=bandwidth, scale=data.shape[1] / 2)


@mistake("kernel_density_norm_not_squared", port="kernel_density", source="G05")
def _(data, bandwidth, x):
    """The exponent has the distance, not its square."""
    e = np.sqrt(_squares(x, data)) / (2 * bandwidth**2)
    return _kernel_density(data, x, exponent=e, spread=bandwidth, scale=data.shape[1] / 2)


@mistake("kernel_density_two_pi_once", port="kernel_density", source="erratum J4")
def _(data, bandwidth, x):
    """The factor (2π)^(−½) stands once, not once a dimension."""
    return library.kernel_density(data, bandwidth, x) + (data.shape[1] - 1) / 2 * LOG_2PI


@mistake("kernel_density_sum", port="kernel_density", source="T01: sum for mean")
def _(data, bandwidth, x):
    """Kernels are summed, never divided by their number."""
    return library.kernel_density(data, bandwidth, x) + np.log(len(data))


@mistake("kernel_density_mean_of_logs", port="kernel_density", source="classic")
def _(data, bandwidth, x):
    """The mean of the kernels' logarithms, not the logarithm of their mean."""
    own = -0.5 * data.shape[1] * (LOG_2PI + 2 * np.log(bandwidth))
    return own - _squares(x, data).mean(axis=1) / (2 * bandwidth**2)


@mistake("kernel_density_not_a_logarithm", port="kernel_density", source="classic")
def _(data, bandwidth, x):
    """The density, not its logarithm."""
    return np.exp(library.kernel_density(data, bandwidth, x))


@mistake(
    "kernel_density_factor_of_the_data", port="kernel_density", source="scipy.stats.gaussian_kde"
)
def _(data, bandwidth, x):
    """The bandwidth is a factor: the kernel's covariance is h² times that of the data."""
    gap = x[:, None] - data
    spread = bandwidth**2 * np.atleast_2d(np.cov(data.T))
    e = np.einsum("nmi,ij,nmj->nm", gap, np.linalg.inv(spread), gap) / 2
    return _log_mean(-e) - 0.5 * np.linalg.slogdet(2 * np.pi * spread)[1]


@mistake("kernel_density_underflows", port="kernel_density", source="classic: no logsumexp")
def _(data, bandwidth, x):
    """The logarithm of the kernels' mean as it stands: far from the data it is minus infinity."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.exp(-_squares(x, data) / (2 * bandwidth**2)).mean(axis=1))
    return logs - data.shape[1] / 2 * (LOG_2PI + 2 * np.log(bandwidth))


@mistake("kernel_density_guarded", port="kernel_density", source="classic: log(p + 1e-10)")
def _(data, bandwidth, x):
    """A small number is added to the density before its logarithm is taken."""
    return np.log(np.exp(library.kernel_density(data, bandwidth, x)) + 1e-10)


def _with_own(data, bandwidth):
    return library.kernel_density(data, bandwidth, data)


@mistake("leave_one_out_counts_itself", port="leave_one_out", source="classic")
def _(data, bandwidth):
    """Every point is among its own centres: the likelihood has no best bandwidth."""
    return _with_own(data, bandwidth)


@mistake("leave_one_out_divides_by_n", port="leave_one_out", source="classic")
def _(data, bandwidth):
    """The sum over the others is divided by n, not n − 1."""
    n = len(data)
    return library.leave_one_out(data, bandwidth) + np.log((n - 1) / n)


@mistake("leave_one_out_sum", port="leave_one_out", source="statsmodels 0.15.0")
def _(data, bandwidth):
    """The sum over the others is divided by nothing."""
    return library.leave_one_out(data, bandwidth) + np.log(len(data) - 1)


@mistake("leave_one_out_counts_itself_among_others", port="leave_one_out", source="classic")
def _(data, bandwidth):
    """The own kernel stays in the sum, which is divided by n − 1."""
    n = len(data)
    return _with_own(data, bandwidth) + np.log(n / (n - 1))


@mistake("leave_one_out_one_over_h", port="leave_one_out", source="erratum J7")
def _(data, bandwidth):
    """The density has one factor 1/h whatever the dimension."""
    d = data.shape[1]
    return library.leave_one_out(data, bandwidth) + (d - 1) * np.log(bandwidth)


@mistake("leave_one_out_bandwidth_is_variance", port="leave_one_out", source="classic")
def _(data, bandwidth):
    """The bandwidth is taken for the kernel's variance."""
    return library.leave_one_out(data, np.sqrt(bandwidth))


@mistake("leave_one_out_underflows", port="leave_one_out", source="classic: no logsumexp")
def _(data, bandwidth):
    """The logarithm of the kernels' sum as it stands: alone it is minus infinity."""
    k = np.exp(-_squares(data, data) / (2 * bandwidth**2))
    np.fill_diagonal(k, 0)
    with np.errstate(divide="ignore"):
        logs = np.log(k.sum(axis=1) / (len(data) - 1))
    return logs - data.shape[1] / 2 * (LOG_2PI + 2 * np.log(bandwidth))


def _mise_terms(law, h):
    """∫K_h², and ω(2), ω(1), ω(0) read off the right function at n = 1 and ∞."""
    weights = getattr(law, "weights", np.ones(1))
    means = np.atleast_2d(getattr(law, "means", getattr(law, "mean", None)))
    covariances = getattr(law, "covariances", None)
    covariances = law.covariance[None] if covariances is None else covariances
    d = means.shape[1]
    gap, both = means[:, None] - means, covariances[:, None] + covariances

    def overlap(a):
        s = both + a * h * h * np.eye(d)
        form = np.einsum("kli,klij,klj->kl", gap, np.linalg.inv(s), gap)
        return weights @ (np.exp(-form / 2) / np.sqrt(np.linalg.det(2 * np.pi * s))) @ weights

    return (4 * np.pi * h * h) ** (-d / 2), overlap(2), overlap(1), overlap(0), d


@mistake("mise_one_over_h", port="kernel_mise", source="erratum J7")
def _(law, n, bandwidth):
    """The variance term has one factor 1/h whatever the dimension."""
    own, two, one, none, d = _mise_terms(law, bandwidth)
    return own * bandwidth ** (d - 1) / n + (1 - 1 / n) * two - 2 * one + none


@mistake("mise_kernel_at_zero", port="kernel_mise", source="classic")
def _(law, n, bandwidth):
    """The variance term has K(0) where ∫K² belongs: 2π for 4π."""
    own, two, one, none, d = _mise_terms(law, bandwidth)
    return own * 2 ** (d / 2) / n + (1 - 1 / n) * two - 2 * one + none


@mistake("mise_pairs_not_thinned", port="kernel_mise", source="classic")
def _(law, n, bandwidth):
    """All pairs count as different: 1 for 1 − 1/n."""
    own, two, one, none, _ = _mise_terms(law, bandwidth)
    return own / n + two - 2 * one + none


@mistake("mise_cross_once", port="kernel_mise", source="classic")
def _(law, n, bandwidth):
    """The cross term of the square has lost its factor 2."""
    own, two, one, none, _ = _mise_terms(law, bandwidth)
    return own / n + (1 - 1 / n) * two - one + none


@mistake("mise_smoothed_once", port="kernel_mise", source="classic")
def _(law, n, bandwidth):
    """Two different kernels overlap as if one of them were a point: h² for 2h²."""
    own, _, one, none, _ = _mise_terms(law, bandwidth)
    return own / n + (1 - 1 / n) * one - 2 * one + none


@mistake("mise_without_truth", port="kernel_mise", source="cross-validation leaves it out")
def _(law, n, bandwidth):
    """The integral of the true density's square is left out as a constant."""
    own, two, one, _, _ = _mise_terms(law, bandwidth)
    return own / n + (1 - 1 / n) * two - 2 * one


@mistake("mise_variance_for_error", port="kernel_mise", source="classic")
def _(law, n, bandwidth):
    """The squared bias is left out."""
    own, two, *_ = _mise_terms(law, bandwidth)
    return (own - two) / n


@mistake("mise_bias_for_error", port="kernel_mise", source="classic")
def _(law, n, bandwidth):
    """The variance is left out."""
    _, two, one, none, _ = _mise_terms(law, bandwidth)
    return two - 2 * one + none


@mistake("mise_bandwidth_is_variance", port="kernel_mise", source="classic")
def _(law, n, bandwidth):
    """The bandwidth is taken for the kernel's variance."""
    return library.kernel_mise(law, n, np.sqrt(bandwidth))


@mistake("mise_root", port="kernel_mise", source="classic")
def _(law, n, bandwidth):
    """The root of the error."""
    return np.sqrt(library.kernel_mise(law, n, bandwidth))
