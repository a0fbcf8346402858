"""Mistakes in autoregressive models: order, regressions, draws."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake

CHAIN, DRAWS, REGRESSIONS = (
    "conditional_log_densities", "autoregressive_draws", "autoregressive_coefficients",
)  # fmt: skip


def _terms(z, deviations):
    return -0.5 * z**2 - np.log(deviations) - 0.5 * np.log(2 * np.pi)


def _standardised(mean, covariance, x):
    root = np.linalg.cholesky(covariance)
    return np.linalg.solve(root, (x - mean).T).T, np.diag(root)


@mistake("chain_of_marginals", port=CHAIN, source="classic: p(x_j) for p(x_j | x_<j)")
def _(mean, covariance, x):
    """The marginals: as if the coordinates were independent."""
    sd = np.sqrt(np.diag(covariance))
    return _terms((x - mean) / sd, sd)


@mistake("chain_marginal_deviations", port=CHAIN, source="classic: marginal variances")
def _(mean, covariance, x):
    """Conditional means, but marginal standard deviations."""
    z, s = _standardised(mean, covariance, x)
    sd = np.sqrt(np.diag(covariance))
    return _terms(z * s / sd, sd)


@mistake("chain_given_all_others", port=CHAIN, source="classic: full conditionals")
def _(mean, covariance, x):
    """Every coordinate given all the others: pseudo-likelihood."""
    precision = np.linalg.inv(covariance)
    sd = 1 / np.sqrt(np.diag(precision))
    return _terms((x - mean) @ precision * sd, sd)


@mistake("chain_given_the_last_one", port=CHAIN, source="classic: a Markov chain")
def _(mean, covariance, x):
    """Every coordinate given the one before it alone."""
    off, s = x - mean, covariance
    slope = np.append(0.0, np.diag(s, -1) / np.diag(s)[:-1])
    sd = np.sqrt(np.diag(s) - slope * np.append(0.0, np.diag(s, -1)))
    before = np.concatenate([np.zeros((len(x), 1)), off[:, :-1]], axis=1)
    return _terms((off - slope * before) / sd, sd)


@mistake("chain_from_the_last", port=CHAIN, source="classic: order")
def _(mean, covariance, x):
    """The coordinates are taken from the last to the first."""
    return library.conditional_log_densities(mean[::-1], covariance[::-1, ::-1], x[:, ::-1])[
        :, ::-1
    ]


@mistake("chain_without_deviations", port=CHAIN, source="classic: unit variances, squared error")
def _(mean, covariance, x):
    """The logarithms of the deviations are left out."""
    z, s = _standardised(mean, covariance, x)
    return _terms(z, np.ones_like(s))


@mistake("chain_without_constant", port=CHAIN, source="classic: log 2 pi dropped")
def _(mean, covariance, x):
    """−½ log 2π is left out of every factor."""
    return library.conditional_log_densities(mean, covariance, x) + 0.5 * np.log(2 * np.pi)


@mistake("chain_log_variances", port=CHAIN, source="classic: log s^2 for log s")
def _(mean, covariance, x):
    """The logarithm of the variance stands for that of the deviation."""
    z, s = _standardised(mean, covariance, x)
    return _terms(z, s**2)


@mistake("chain_root_transposed", port=CHAIN, source="classic: scipy's upper root")
def _(mean, covariance, x):
    """Lᵀ is solved with in place of L."""
    root = np.linalg.cholesky(covariance)
    return _terms(np.linalg.solve(root.T, (x - mean).T).T, np.diag(root))


@mistake("regressions_of_the_root", port=REGRESSIONS, source="classic: L for I - diag(s) L^-1")
def _(covariance):
    """Cholesky's factor below the diagonal stands for the regressions."""
    root = np.linalg.cholesky(covariance)
    return np.tril(root, -1), np.diag(root)


@mistake("regressions_scaled", port=REGRESSIONS, source="classic: L with unit diagonal")
def _(covariance):
    """L over its diagonal: moving-average weights, not regressions."""
    root = np.linalg.cholesky(covariance)
    return np.tril(root / np.diag(root), -1), np.diag(root)


@mistake("regressions_sign", port=REGRESSIONS, source="classic: the precision's factor")
def _(covariance):
    """The coefficients have the wrong sign."""
    coefficients, deviations = library.autoregressive_coefficients(covariance)
    return -coefficients, deviations


@mistake("regressions_variances", port=REGRESSIONS, source="classic: s^2 for s")
def _(covariance):
    """Variances in place of deviations."""
    coefficients, deviations = library.autoregressive_coefficients(covariance)
    return coefficients, deviations**2


@mistake("regressions_on_the_later", port=REGRESSIONS, source="classic: transposed")
def _(covariance):
    """The coefficients are transposed: every coordinate sees the later ones."""
    coefficients, deviations = library.autoregressive_coefficients(covariance)
    return coefficients.T, deviations


@mistake("regressions_not_standardised", port=REGRESSIONS, source="classic: covariance for slope")
def _(covariance):
    """Covariances with the earlier ones over their variances, one at a time."""
    _, deviations = library.autoregressive_coefficients(covariance)
    return np.tril(covariance / np.diag(covariance), -1), deviations


@mistake("draws_all_at_once", port=DRAWS, source="classic: teacher forcing on zeros")
def _(mean, covariance, standard_normals):
    """Every coordinate is drawn as if those before it were at their means."""
    _, deviations = library.autoregressive_coefficients(covariance)
    return mean + deviations * standard_normals


@mistake("draws_without_noise", port=DRAWS, source="classic: the mean for a draw")
def _(mean, covariance, standard_normals):
    """Later coordinates are their conditional means."""
    coefficients, deviations = library.autoregressive_coefficients(covariance)
    x = np.zeros_like(standard_normals)
    for j in range(len(mean)):
        x[:, j] = x @ coefficients[j] + (deviations[j] * standard_normals[:, j] if j == 0 else 0)
    return mean + x


@mistake("draws_of_variances", port=DRAWS, source="classic: s^2 for s")
def _(mean, covariance, standard_normals):
    """Noise is multiplied by variances."""
    deviations = library.autoregressive_coefficients(covariance)[1]
    return library.autoregressive_draws(mean, covariance, deviations * standard_normals)


@mistake("draws_not_centred", port=DRAWS, source="classic: the mean of what is seen forgotten")
def _(mean, covariance, standard_normals):
    """Regressions see the coordinates as they are, not less their means."""
    coefficients, deviations = library.autoregressive_coefficients(covariance)
    x = np.zeros_like(standard_normals)
    for j in range(len(mean)):
        x[:, j] = mean[j] + x @ coefficients[j] + deviations[j] * standard_normals[:, j]
    return x


@mistake("draws_by_the_symmetric_root", port=DRAWS, source="classic: sqrtm for Cholesky")
def _(mean, covariance, standard_normals):
    """The symmetric root: the law is right, the order of the coordinates is not used."""
    values, vectors = np.linalg.eigh(covariance)
    return mean + standard_normals @ (vectors * np.sqrt(values)) @ vectors.T


@mistake("draws_root_transposed", port=DRAWS, source="classic: z L for L z")
def _(mean, covariance, standard_normals):
    """z L in place of z Lᵀ."""
    return mean + standard_normals @ np.linalg.cholesky(covariance)
