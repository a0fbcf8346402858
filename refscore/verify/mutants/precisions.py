"""Mistakes in fits of Gaussian precisions, full, sparse and diagonal."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake

CLASSIC = "classic"


@mistake("gaussian_unbiased_covariance", port="fit_gaussian", source="classic: 1/(m-1) for 1/m")
def _(x):
    """The covariance is divided by n - 1."""
    mean, precision = library.fit_gaussian(x)
    return mean, precision * (len(x) - 1) / len(x)


@mistake("gaussian_covariance_for_precision", port="fit_gaussian", source=CLASSIC)
def _(x):
    """The covariance is returned where the precision is asked for."""
    mean, precision = library.fit_gaussian(x)
    return mean, np.linalg.inv(precision)


@mistake("gaussian_without_mean", port="fit_gaussian", source=CLASSIC)
def _(x):
    """The second moment about 0 is inverted, not the covariance."""
    return x.mean(0), np.linalg.inv(x.T @ x / len(x))


@mistake("gaussian_offset_for_mean", port="fit_gaussian", source=CLASSIC)
def _(x):
    """The offset K m of the affine score is returned as the mean."""
    mean, precision = library.fit_gaussian(x)
    return precision @ mean, precision


@mistake("gaussian_diagonal_only", port="fit_gaussian", source=CLASSIC)
def _(x):
    """Correlations are ignored: the precision is that of independent coordinates."""
    return x.mean(0), np.diag(1 / x.var(0))


@mistake("sparse_precision_by_masking", port="fit_sparse_precision", source=CLASSIC)
def _(x, pattern):
    """The full precision is fitted and then masked."""
    return library.fit_gaussian(x)[1] * pattern


@mistake("sparse_precision_by_likelihood", port="fit_sparse_precision", source="C2")
def _(x, pattern):
    """Maximum likelihood under the pattern, which is another estimate."""
    S = np.cov(x.T, bias=True)
    W = S.copy()
    for _ in range(60):  # coordinate descent for graphical models with known zeros
        for j in range(len(S)):
            rest = np.arange(len(S)) != j
            free = rest & (pattern[j] > 0)
            beta = np.zeros(len(S))
            beta[free] = np.linalg.solve(W[np.ix_(free, free)], S[free, j])
            W[rest, j] = W[j, rest] = W[rest] @ beta
    return np.linalg.inv(W) * (pattern > 0)


@mistake("sparse_precision_without_mean", port="fit_sparse_precision", source=CLASSIC)
def _(x, pattern):
    """The mean is taken to be 0."""
    return library.fit_sparse_precision(np.concatenate([x, -x]), pattern)


@mistake("sparse_precision_unbiased", port="fit_sparse_precision", source="classic: 1/(m-1)")
def _(x, pattern):
    """The covariance is divided by n - 1."""
    return library.fit_sparse_precision(x, pattern) * (len(x) - 1) / len(x)


@mistake("sparse_precision_one_triangle", port="fit_sparse_precision", source=CLASSIC)
def _(x, pattern):
    """Every off-diagonal parameter moves one entry alone, and K is made symmetric at the end."""
    S = np.cov(x.T, bias=True)
    K = np.zeros_like(S)
    for i, free in enumerate(np.asarray(pattern) > 0):
        K[i, free] = np.linalg.solve(S[np.ix_(free, free)], np.eye(len(S))[i, free])
    return 0.5 * (K + K.T)


@mistake("precision_about_the_mean", port="fit_diagonal_precision", source=CLASSIC)
def _(x):
    """The mean is subtracted, though the model has none."""
    return 1 / x.var(0)


@mistake("precision_unbiased", port="fit_diagonal_precision", source="classic: 1/(m-1) for 1/m")
def _(x):
    """The sum of squares is divided by n - 1."""
    return (len(x) - 1) / (x**2).sum(0)


@mistake("precision_bias_removed", port="fit_diagonal_precision", source="classic: n - 2 for n")
def _(x):
    """The bias n/(n - 2) under a Gaussian is divided out: no minimiser of the loss."""
    return (len(x) - 2) / (x**2).sum(0)


@mistake("precision_variance_returned", port="fit_diagonal_precision", source=CLASSIC)
def _(x):
    """The variance is returned for the precision."""
    return (x**2).mean(0)


@mistake("precision_of_halved_trace", port="fit_diagonal_precision", source="O-family: half")
def _(x):
    """The trace term is halved with the square."""
    return 0.5 / (x**2).mean(0)


@mistake("precision_pooled", port="fit_diagonal_precision", source=CLASSIC)
def _(x):
    """One precision for all coordinates."""
    return np.full(x.shape[1], 1 / (x**2).mean())
