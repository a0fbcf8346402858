"""Mistakes of calls in the other model families: means left in, diagonals, other dimensions."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.families import CHAIN, _terms
from refscore.verify.mutants.latents import FIT, LATENT, LATENT_BOUND, POSTERIOR, _built, _spectrum


@mistake("chain_earlier_not_centred", port=CHAIN, source="classic: B x for B (x - mean)")
def _(mean, covariance, x):
    """The means of the coordinates before are not taken off."""
    found = []
    for j, m in enumerate(mean):
        slope = np.linalg.solve(covariance[:j, :j], covariance[:j, j])
        sd = np.sqrt(covariance[j, j] - covariance[:j, j] @ slope)
        found.append(_terms((x[:, j] - m - x[:, :j] @ slope) / sd, sd))
    return np.stack(found, 1)


@mistake("latent_constant_of_the_latent", port=LATENT, source="classic: k log 2 pi for d log 2 pi")
def _(loadings, offset, sigma, x):
    """The constant counts the latent's dimensions, not those of x."""
    d, k = loadings.shape
    right = library.latent_log_density(loadings, offset, sigma, x)
    return right + 0.5 * (d - k) * np.log(2 * np.pi)


@mistake("posterior_mean_over_deviation", port=POSTERIOR, source="classic: sigma divided out once")
def _(loadings, offset, sigma, x):
    """The mean is divided by sigma."""
    mean, covariance = library.latent_posterior(loadings, offset, sigma, x)
    return mean / sigma, covariance


@mistake("latent_bound_of_a_diagonal", port=LATENT_BOUND,
         source="classic: 1 + log var - mean^2 - var of a full covariance")  # fmt: skip
def _(loadings, offset, sigma, x, latent_mean, latent_covariance):
    """The divergence is that of the covariance's diagonal alone."""
    right = library.latent_elbo(loadings, offset, sigma, x, latent_mean, latent_covariance)
    logs = np.log(np.diag(latent_covariance)).sum() - np.linalg.slogdet(latent_covariance)[1]
    return right + 0.5 * logs


@mistake("fit_latent_noise_of_the_next", port=FIT, source="classic: the first eigenvalue discarded")
def _(x, n_latent):
    """The noise is the largest of the eigenvalues left out, not their mean."""
    mean, values, vectors = _spectrum(x)
    return mean, _built(np.maximum(values, values[n_latent]), vectors)
