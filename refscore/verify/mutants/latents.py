"""Mistakes in a latent-variable model: its noise, its posterior, its bound, its fit."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake

LATENT, POSTERIOR, LATENT_BOUND, FIT = (
    "latent_log_density", "latent_posterior", "latent_elbo", "fit_latent",
)  # fmt: skip


def _gaussian(x, mean, covariance):
    off = x - mean
    square = (off * np.linalg.solve(covariance, off.T).T).sum(-1)
    return -0.5 * (square + np.linalg.slogdet(2 * np.pi * covariance)[1])


@mistake("latent_noise_is_variance", port=LATENT, source="classic: sigma for sigma^2")
def _(loadings, offset, sigma, x):
    """σ stands for the variance of the noise."""
    return _gaussian(x, offset, loadings @ loadings.T + sigma * np.eye(len(offset)))


@mistake("latent_noise_left_out_of_mean", port=LATENT, source="classic: offset forgotten")
def _(loadings, offset, sigma, x):
    """The offset is left out."""
    return library.latent_log_density(loadings, 0 * offset, sigma, x)


@mistake("latent_at_zero", port=LATENT, source="classic: p(x | z = 0) for p(x)")
def _(loadings, offset, sigma, x):
    """log p(x|z) at z = 0: the latent is not integrated out."""
    return _gaussian(x, offset, sigma**2 * np.eye(len(offset)))


@mistake("latent_at_the_posterior_mean", port=LATENT, source="classic: reconstruction for evidence")
def _(loadings, offset, sigma, x):
    """log p(x|z) at the posterior's mean: a reconstruction."""
    z = library.latent_posterior(loadings, offset, sigma, x)[0]
    return _gaussian(x - z @ loadings.T, offset, sigma**2 * np.eye(len(offset)))


@mistake("latent_determinant_of_inner", port=LATENT, source="classic: d - k powers of sigma lost")
def _(loadings, offset, sigma, x):
    """The determinant of WᵀW + σ²I stands for that of W Wᵀ + σ²I."""
    d, k = loadings.shape
    return library.latent_log_density(loadings, offset, sigma, x) + (d - k) * np.log(sigma)


@mistake("latent_woodbury_sign", port=LATENT, source="classic: plus for minus")
def _(loadings, offset, sigma, x):
    """Woodbury's correction is added."""
    off = x - offset
    right = library.latent_log_density(loadings, offset, sigma, x)
    inner = loadings.T @ loadings + sigma**2 * np.eye(loadings.shape[1])
    seen = off @ loadings
    return right - (seen * np.linalg.solve(inner, seen.T).T).sum(-1) / sigma**2


@mistake("posterior_is_least_squares", port=POSTERIOR, source="classic: the prior forgotten")
def _(loadings, offset, sigma, x):
    """The prior of z is left out: W's pseudo-inverse, nearly."""
    inner = loadings.T @ loadings + 1e-3 * np.eye(loadings.shape[1])
    return np.linalg.solve(inner, loadings.T @ (x - offset).T).T, sigma**2 * np.linalg.inv(inner)


@mistake("posterior_covariance_unscaled", port=POSTERIOR, source="classic: M^-1 for sigma^2 M^-1")
def _(loadings, offset, sigma, x):
    """The covariance lacks its σ²."""
    mean, covariance = library.latent_posterior(loadings, offset, sigma, x)
    return mean, covariance / sigma**2


@mistake("posterior_mean_scaled_twice", port=POSTERIOR, source="classic: sigma^2 M^-1 W^T")
def _(loadings, offset, sigma, x):
    """The mean is multiplied by σ² as well."""
    mean, covariance = library.latent_posterior(loadings, offset, sigma, x)
    return sigma**2 * mean, covariance


@mistake("posterior_not_centred", port=POSTERIOR, source="classic: offset forgotten")
def _(loadings, offset, sigma, x):
    """The offset is not taken off x."""
    return library.latent_posterior(loadings, 0 * offset, sigma, x)


@mistake("posterior_noise_is_deviation", port=POSTERIOR, source="classic: sigma for sigma^2")
def _(loadings, offset, sigma, x):
    """σ stands for σ²."""
    return library.latent_posterior(loadings, offset, np.sqrt(sigma), x)


@mistake("posterior_covariance_is_prior", port=POSTERIOR, source="classic")
def _(loadings, offset, sigma, x):
    """The covariance is the prior's."""
    mean, covariance = library.latent_posterior(loadings, offset, sigma, x)
    return mean, np.eye(len(covariance))


def _divergence(latent_mean, latent_covariance):
    log_det = np.linalg.slogdet(latent_covariance)[1]
    return 0.5 * (np.trace(latent_covariance) + (latent_mean**2).sum(-1)
                  - len(latent_covariance) - log_det)  # fmt: skip


@mistake("latent_bound_divergence_added", port=LATENT_BOUND, source="classic: KL sign")
def _(loadings, offset, sigma, x, latent_mean, latent_covariance):
    """The divergence is added."""
    bound = library.latent_elbo(loadings, offset, sigma, x, latent_mean, latent_covariance)
    return bound + 2 * _divergence(latent_mean, latent_covariance)


@mistake("latent_bound_divergence_dropped", port=LATENT_BOUND, source="classic: reconstruction")
def _(loadings, offset, sigma, x, latent_mean, latent_covariance):
    """The divergence is left out."""
    bound = library.latent_elbo(loadings, offset, sigma, x, latent_mean, latent_covariance)
    return bound + _divergence(latent_mean, latent_covariance)


@mistake("latent_bound_at_the_mean", port=LATENT_BOUND, source="classic: decoder at E z")
def _(loadings, offset, sigma, x, latent_mean, latent_covariance):
    """log p(x|z) at the mean of z: the spread of z is left out."""
    off = x - offset - latent_mean @ loadings.T
    d = len(offset)
    given = -0.5 * (off**2).sum(-1) / sigma**2 - 0.5 * d * np.log(2 * np.pi * sigma**2)
    return given - _divergence(latent_mean, latent_covariance)


@mistake("latent_bound_squared_error", port=LATENT_BOUND, source="classic: MSE for log p(x|z)")
def _(loadings, offset, sigma, x, latent_mean, latent_covariance):
    """σ = 1 and no constants: the summed squared error."""
    off = x - offset - latent_mean @ loadings.T
    spread = np.trace(loadings @ latent_covariance @ loadings.T)
    squares = (off**2).sum(-1) + spread
    return -0.5 * squares - _divergence(latent_mean, latent_covariance)


@mistake("latent_bound_log_det_sign", port=LATENT_BOUND, source="classic: VAE's 1 + log var")
def _(loadings, offset, sigma, x, latent_mean, latent_covariance):
    """The divergence's log det has the wrong sign."""
    bound = library.latent_elbo(loadings, offset, sigma, x, latent_mean, latent_covariance)
    return bound - np.linalg.slogdet(latent_covariance)[1]


@mistake("latent_bound_without_half", port=LATENT_BOUND, source="classic: 0.5 forgotten")
def _(loadings, offset, sigma, x, latent_mean, latent_covariance):
    """The divergence is doubled."""
    bound = library.latent_elbo(loadings, offset, sigma, x, latent_mean, latent_covariance)
    return bound - _divergence(latent_mean, latent_covariance)


@mistake("latent_bound_without_dimensions", port=LATENT_BOUND, source="classic: - k forgotten")
def _(loadings, offset, sigma, x, latent_mean, latent_covariance):
    """The divergence lacks its −k/2."""
    bound = library.latent_elbo(loadings, offset, sigma, x, latent_mean, latent_covariance)
    return bound - 0.5 * len(latent_covariance)


@mistake("latent_bound_averaged", port=LATENT_BOUND, source="classic: mean over pixels")
def _(loadings, offset, sigma, x, latent_mean, latent_covariance):
    """log p(x|z) is averaged over the coordinates of x, the divergence summed."""
    bound = library.latent_elbo(loadings, offset, sigma, x, latent_mean, latent_covariance)
    divergence = _divergence(latent_mean, latent_covariance)
    return (bound + divergence) / len(offset) - divergence


def _spectrum(x):
    mean = x.mean(0)
    values, vectors = np.linalg.eigh((x - mean).T @ (x - mean) / len(x))
    return mean, values[::-1], vectors[:, ::-1]


def _built(values, vectors):
    return (vectors * values) @ vectors.T


@mistake("fit_latent_over_n_less_one", port=FIT, source="classic: np.cov's default")
def _(x, n_latent):
    """The covariance is over n − 1."""
    mean, covariance = library.fit_latent(x, n_latent)
    return mean, covariance * len(x) / (len(x) - 1)


@mistake("fit_latent_noise_added_twice", port=FIT, source="classic: W of eigenvalues as they are")
def _(x, n_latent):
    """The noise's variance is not taken off the eigenvalues kept."""
    mean, values, vectors = _spectrum(x)
    noise = values[n_latent:].mean()
    kept = np.where(np.arange(len(values)) < n_latent, values + noise, noise)
    return mean, _built(kept, vectors)


@mistake("fit_latent_without_noise", port=FIT, source="classic: principal components alone")
def _(x, n_latent):
    """The components dropped have a variance of one in a million: no noise is fitted."""
    mean, values, vectors = _spectrum(x)
    return mean, _built(np.where(np.arange(len(values)) < n_latent, values, 1e-6), vectors)


@mistake("fit_latent_noise_summed", port=FIT, source="classic: sum for mean")
def _(x, n_latent):
    """The noise's variance is the sum of those dropped."""
    mean, values, vectors = _spectrum(x)
    kept = np.where(np.arange(len(values)) < n_latent, values, values[n_latent:].sum())
    return mean, _built(kept, vectors)


@mistake("fit_latent_noise_over_all", port=FIT, source="classic: over d, not d - k")
def _(x, n_latent):
    """The variances dropped are shared by all d directions."""
    mean, values, vectors = _spectrum(x)
    noise = values[n_latent:].sum() / len(values)
    return mean, _built(np.where(np.arange(len(values)) < n_latent, values, noise), vectors)


@mistake("fit_latent_smallest_kept", port=FIT, source="classic: eigh's order")
def _(x, n_latent):
    """The components of least variance are kept."""
    mean, values, vectors = _spectrum(x)
    cut = len(values) - n_latent
    noise = values[:cut].mean()
    return mean, _built(np.where(np.arange(len(values)) < cut, noise, values), vectors)


@mistake("fit_latent_not_centred", port=FIT, source="classic: second moments for covariance")
def _(x, n_latent):
    """Components of the second moments: the mean is not taken off."""
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    values, vectors = values[::-1], vectors[:, ::-1]
    noise = values[n_latent:].mean()
    return x.mean(0), _built(np.where(np.arange(len(values)) < n_latent, values, noise), vectors)


@mistake("fit_latent_full_covariance", port=FIT, source="classic: the data's covariance")
def _(x, n_latent):
    """The data's whole covariance, not the model's."""
    return x.mean(0), np.cov(x.T, bias=True)
