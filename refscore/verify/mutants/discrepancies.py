"""Mistakes in the kernel Stein discrepancy."""

from __future__ import annotations

import numpy as np

from refscore.verify.mutants.base import mistake

KSD, WEIGHTED_KSD = "kernel_stein_discrepancy", "weighted_kernel_stein_discrepancy"


def _stein(score, x, kernel, bandwidth, exponent, *, product=1.0, cross=1.0, trace=1.0,
           dim=None, bend=1.0):  # fmt: skip
    """h(x_i, x_j) with its terms weighted; `bend` is a factor of the second derivative."""
    s, gap = score(x), x[:, None] - x
    q, dim = (gap**2).sum(-1), x.shape[1] if dim is None else dim
    if kernel == "rbf":
        k = np.exp(-q / (2 * bandwidth**2))
        slope, second = k / bandwidth**2, k / bandwidth**4
    else:
        u = bandwidth**2 + q
        k = u**-exponent
        slope, second = 2 * exponent * k / u, 4 * exponent * (exponent + 1) * k / u**2
    along = ((s[:, None] - s) * gap).sum(-1)
    whole = product * k * (s @ s.T) + cross * slope * along
    return whole + trace * (dim * slope - bend * q * second)


def _mean(h, statistic):
    n = len(h)
    return h.mean() if statistic == "V" else (h.sum() - np.trace(h)) / (n * (n - 1))


def _stein_mistake(name, summary, source, **terms):
    """The same mistake in the mean over pairs."""

    def wrong(score, x, kernel, bandwidth, exponent, statistic):
        return _mean(_stein(score, x, kernel, bandwidth, exponent, **terms), statistic)

    wrong.__doc__ = summary
    mistake(f"ksd_{name}", port=KSD, source=source)(wrong)


_stein_mistake("without_trace", "The trace of the mixed derivatives is left out.", "classic",
               trace=0.0)  # fmt: skip
_stein_mistake("trace_sign", "The trace is the Laplacian in one argument: its sign is wrong.",
               "classic", trace=-1.0)  # fmt: skip
_stein_mistake("cross_sign", "Both gradients of the kernel, or the score, have the wrong sign.",
               "O01: sign of an energy gradient", cross=-1.0)  # fmt: skip
_stein_mistake("gradients_cancel", "Both cross terms take the gradient in x, and cancel.",
               "classic", cross=0.0)  # fmt: skip
_stein_mistake("one_cross_term", "One of the two cross terms is left out.", "classic", cross=0.5)
_stein_mistake("cross_twice", "The cross terms are doubled, as if one stood for both.", "classic",
               cross=2.0)  # fmt: skip
_stein_mistake("without_scores_product", "The term with both scores is left out.", "classic",
               product=0.0)  # fmt: skip
_stein_mistake("trace_of_one_coordinate", "The trace counts one coordinate, not d.", "classic",
               dim=1)  # fmt: skip
_stein_mistake("trace_without_second_derivative",
               "The trace has lost the kernel's second derivative.", "classic",
               bend=0.0)  # fmt: skip
_stein_mistake("second_derivative_halved", "The second derivative has lost a factor 2.", "classic",
               bend=0.5)  # fmt: skip


@mistake("ksd_counts_itself", port=KSD, source="classic")
def _(score, x, kernel, bandwidth, exponent, statistic):
    """The U-statistic keeps the pairs of a point with itself and divides by n (n − 1)."""
    h, n = _stein(score, x, kernel, bandwidth, exponent), len(x)
    return h.mean() if statistic == "V" else h.sum() / (n * (n - 1))


@mistake("ksd_u_over_n_squared", port=KSD, source="classic")
def _(score, x, kernel, bandwidth, exponent, statistic):
    """The U-statistic is divided by n², as if it had n more pairs."""
    h, n = _stein(score, x, kernel, bandwidth, exponent), len(x)
    return h.mean() if statistic == "V" else (h.sum() - np.trace(h)) / n**2


@mistake("ksd_v_for_u", port=KSD, source="classic")
def _(score, x, kernel, bandwidth, exponent, statistic):
    """All pairs, whichever statistic was asked for."""
    return _stein(score, x, kernel, bandwidth, exponent).mean()


@mistake("ksd_upper_triangle_once", port=KSD, source="classic")
def _(score, x, kernel, bandwidth, exponent, statistic):
    """Pairs i < j are counted once and not doubled."""
    h, n = _stein(score, x, kernel, bandwidth, exponent), len(x)
    once = np.triu(h, 1).sum()
    return (once + np.trace(h)) / n**2 if statistic == "V" else once / (n * (n - 1))


@mistake("ksd_sum", port=KSD, source="T01: sum for mean")
def _(score, x, kernel, bandwidth, exponent, statistic):
    """The sum over pairs, divided by nothing."""
    h = _stein(score, x, kernel, bandwidth, exponent)
    return h.sum() if statistic == "V" else h.sum() - np.trace(h)


@mistake("ksd_root", port=KSD, source="classic")
def _(score, x, kernel, bandwidth, exponent, statistic):
    """The discrepancy, not its square (the root of the size where that is negative)."""
    value = _mean(_stein(score, x, kernel, bandwidth, exponent), statistic)
    return np.sqrt(np.abs(value))


@mistake("ksd_bandwidth_is_variance", port=KSD, source="classic")
def _(score, x, kernel, bandwidth, exponent, statistic):
    """The bandwidth is taken for its square."""
    return _mean(_stein(score, x, kernel, np.sqrt(bandwidth), exponent), statistic)


@mistake("ksd_exponent_without_half", port=KSD, source="classic")
def _(score, x, kernel, bandwidth, exponent, statistic):
    """The RBF is exp(−r²/h²), the half is missing."""
    h = bandwidth / np.sqrt(2) if kernel == "rbf" else bandwidth
    return _mean(_stein(score, x, kernel, h, exponent), statistic)


@mistake("ksd_exponent_is_half", port=KSD, source="classic")
def _(score, x, kernel, bandwidth, exponent, statistic):
    """The inverse multiquadric has the exponent ½, whatever was asked for."""
    return _mean(_stein(score, x, kernel, bandwidth, 0.5), statistic)


@mistake("ksd_multiquadric_of_ratio", port=KSD, source="classic")
def _(score, x, kernel, bandwidth, exponent, statistic):
    """The inverse multiquadric is (1 + r²/c²)^−β, too large by c^2β."""
    scale = bandwidth ** (2 * exponent) if kernel == "imq" else 1.0
    return scale * _mean(_stein(score, x, kernel, bandwidth, exponent), statistic)


@mistake("ksd_kernel_of_distance", port=KSD, source="classic")
def _(score, x, kernel, bandwidth, exponent, statistic):
    """The inverse multiquadric's constant is c, not c²."""
    c = np.sqrt(bandwidth) if kernel == "imq" else bandwidth
    return _mean(_stein(score, x, kernel, c, exponent), statistic)


def _weighted(score, x, v, w, *arguments, **terms):
    return v @ _stein(score, x, *arguments, **terms) @ w


@mistake("weighted_ksd_without_weights", port=WEIGHTED_KSD, source="classic")
def _(score, x, weights, kernel, bandwidth, exponent):
    """The weights are ignored."""
    return _stein(score, x, kernel, bandwidth, exponent).mean()


@mistake("weighted_ksd_weights_once", port=WEIGHTED_KSD, source="classic")
def _(score, x, weights, kernel, bandwidth, exponent):
    """One point of a pair is weighted, the other counts 1/n."""
    equal = np.full(len(x), 1 / len(x))
    return _weighted(score, x, weights, equal, kernel, bandwidth, exponent)


@mistake("weighted_ksd_root_weights", port=WEIGHTED_KSD, source="classic")
def _(score, x, weights, kernel, bandwidth, exponent):
    """Every pair has the weight √(w_i w_j)."""
    w = np.sqrt(weights)
    return _weighted(score, x, w, w, kernel, bandwidth, exponent)


@mistake("weighted_ksd_without_itself", port=WEIGHTED_KSD, source="classic")
def _(score, x, weights, kernel, bandwidth, exponent):
    """The pairs of a point with itself are left out."""
    h = _stein(score, x, kernel, bandwidth, exponent)
    return weights @ (h - np.diag(np.diag(h))) @ weights


@mistake("weighted_ksd_without_trace", port=WEIGHTED_KSD, source="classic")
def _(score, x, weights, kernel, bandwidth, exponent):
    """The trace of the mixed derivatives is left out."""
    return _weighted(score, x, weights, weights, kernel, bandwidth, exponent, trace=0.0)


@mistake("weighted_ksd_bandwidth_is_variance", port=WEIGHTED_KSD, source="classic")
def _(score, x, weights, kernel, bandwidth, exponent):
    """The bandwidth is taken for its square."""
    return _weighted(score, x, weights, weights, kernel, np.sqrt(bandwidth), exponent)
