"""Mistakes in the maximum mean discrepancy."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake


def _mean(h, statistic):
    n = len(h)
    return h.mean() if statistic == "V" else (h.sum() - np.trace(h)) / (n * (n - 1))


def _kernel(x, y, name, bandwidth):
    q = ((x[:, None] - y) ** 2).sum(-1)
    if name == "rbf":
        return np.exp(-q / (2 * bandwidth**2))
    return 1 / np.sqrt(bandwidth**2 + q) if name == "imq" else -np.sqrt(q)


def _parts(x, y, kernel, bandwidth, statistic):
    """The three means."""
    inside = (_mean(_kernel(z, z, kernel, bandwidth), statistic) for z in (x, y))
    return *inside, _kernel(x, y, kernel, bandwidth).mean()


@mistake("mmd_cross_once", port="mmd", source="classic")
def _(x, y, kernel, bandwidth, statistic):
    """The cross term has lost its factor 2."""
    a, b, c = _parts(x, y, kernel, bandwidth, statistic)
    return a + b - c


@mistake("mmd_cross_sign", port="mmd", source="classic")
def _(x, y, kernel, bandwidth, statistic):
    """The cross term is added."""
    a, b, c = _parts(x, y, kernel, bandwidth, statistic)
    return a + b + 2 * c


@mistake("mmd_one_sample", port="mmd", source="classic: the data's own term is constant")
def _(x, y, kernel, bandwidth, statistic):
    """The mean over pairs of y is left out as a constant."""
    a, _, c = _parts(x, y, kernel, bandwidth, statistic)
    return a - 2 * c


@mistake("mmd_counts_itself", port="mmd", source="classic")
def _(x, y, kernel, bandwidth, statistic):
    """The U-statistic keeps pairs of a point with itself and divides by n (n − 1)."""
    a, b, c = _parts(x, y, kernel, bandwidth, "V")
    if statistic == "U":
        a, b = (m * len(z) / (len(z) - 1) for m, z in ((a, x), (b, y)))
    return a + b - 2 * c


@mistake("mmd_u_over_n_squared", port="mmd", source="classic")
def _(x, y, kernel, bandwidth, statistic):
    """The U-statistic is divided by n² and m²."""
    a, b, c = _parts(x, y, kernel, bandwidth, statistic)
    if statistic == "U":
        a, b = (m * (len(z) - 1) / len(z) for m, z in ((a, x), (b, y)))
    return a + b - 2 * c


@mistake("mmd_v_for_u", port="mmd", source="classic")
def _(x, y, kernel, bandwidth, statistic):
    """All pairs, whichever statistic was asked for."""
    a, b, c = _parts(x, y, kernel, bandwidth, "V")
    return a + b - 2 * c


@mistake("mmd_cross_over_n_squared", port="mmd", source="classic: samples of one size")
def _(x, y, kernel, bandwidth, statistic):
    """The cross term is divided by n², not n m."""
    a, b, c = _parts(x, y, kernel, bandwidth, statistic)
    return a + b - 2 * c * len(y) / len(x)


@mistake("mmd_bandwidth_is_variance", port="mmd", source="classic")
def _(x, y, kernel, bandwidth, statistic):
    """The bandwidth is taken for its square."""
    return library.mmd(x, y, kernel, np.sqrt(bandwidth), statistic)


@mistake("mmd_exponent_without_half", port="mmd", source="classic")
def _(x, y, kernel, bandwidth, statistic):
    """The RBF is exp(−r²/h²), the half is missing."""
    h = bandwidth / np.sqrt(2) if kernel == "rbf" else bandwidth
    return library.mmd(x, y, kernel, h, statistic)


@mistake("mmd_multiquadric_without_root", port="mmd", source="classic")
def _(x, y, kernel, bandwidth, statistic):
    """The inverse multiquadric is 1/(h² + r²), its root is missing."""
    if kernel == "rbf":
        return library.mmd(x, y, kernel, bandwidth, statistic)
    k = [_kernel(a, b, "imq", bandwidth) ** 2 for a, b in ((x, x), (y, y), (x, y))]
    return _mean(k[0], statistic) + _mean(k[1], statistic) - 2 * k[2].mean()


@mistake("mmd_root", port="mmd", source="classic")
def _(x, y, kernel, bandwidth, statistic):
    """The discrepancy, not its square (the root of the size where that is negative)."""
    return np.sqrt(np.abs(library.mmd(x, y, kernel, bandwidth, statistic)))


@mistake("weighted_mmd_without_weights", port="weighted_mmd", source="classic")
def _(x, y, x_weights, y_weights, kernel, bandwidth):
    """The weights are ignored."""
    a, b, c = _parts(x, y, kernel, bandwidth, "V")
    return a + b - 2 * c


@mistake("weighted_mmd_second_unweighted", port="weighted_mmd", source="classic")
def _(x, y, x_weights, y_weights, kernel, bandwidth):
    """The second sample's weights are ignored."""
    return library.weighted_mmd(x, y, x_weights, np.full(len(y), 1 / len(y)), kernel, bandwidth)


@mistake("weighted_mmd_cross_once", port="weighted_mmd", source="classic")
def _(x, y, x_weights, y_weights, kernel, bandwidth):
    """The cross term has lost its factor 2."""
    right = library.weighted_mmd(x, y, x_weights, y_weights, kernel, bandwidth)
    return right + x_weights @ _kernel(x, y, kernel, bandwidth) @ y_weights


@mistake("weighted_mmd_bandwidth_is_variance", port="weighted_mmd", source="classic")
def _(x, y, x_weights, y_weights, kernel, bandwidth):
    """The bandwidth is taken for its square."""
    return library.weighted_mmd(x, y, x_weights, y_weights, kernel, np.sqrt(bandwidth))


@mistake("weighted_mmd_energy_of_squares", port="weighted_mmd", source="classic")
def _(x, y, x_weights, y_weights, kernel, bandwidth):
    """The energy kernel has the squared distance: it sees the means alone."""
    if kernel != "energy":
        return library.weighted_mmd(x, y, x_weights, y_weights, kernel, bandwidth)
    return 2 * ((x_weights @ x - y_weights @ y) ** 2).sum()


@mistake("weighted_mmd_energy_halved", port="weighted_mmd", source="Rizzo and Székely's kernel")
def _(x, y, x_weights, y_weights, kernel, bandwidth):
    """The energy kernel is −½ r, half as large."""
    half = 0.5 if kernel == "energy" else 1.0
    return half * library.weighted_mmd(x, y, x_weights, y_weights, kernel, bandwidth)
