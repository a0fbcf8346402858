"""Ports of the library: other model families."""

from __future__ import annotations

import numpy as np

from refscore import families, nodes

__all__ = [
    "autoregressive_coefficients", "autoregressive_draws", "conditional_log_densities",
    "critic_bound", "discriminator", "discriminator_gradient", "fit_latent", "game_slopes",
    "game_value", "generator_loss", "generator_slopes", "importance_log_normaliser",
    "importance_variance", "jensen_shannon", "latent_elbo", "latent_log_density",
    "latent_posterior", "likelihood_gradient", "log_normaliser", "optimal_critic", "wasserstein_1",
]  # fmt: skip
_CELLS = 600


def conditional_log_densities(mean, covariance, x):
    """log p(x_j | x_<j)."""
    return families.chain_rule(mean, covariance, x)


def _model(mean, covariance):
    return families.AutoregressiveGaussian.from_gaussian(mean, covariance)


def autoregressive_coefficients(covariance):
    """Regressions of each coordinate on those before it."""
    model = _model(np.zeros(len(covariance)), covariance)
    return model.coefficients, model.deviations


def autoregressive_draws(mean, covariance, standard_normals):
    """Coordinate after coordinate."""
    return _model(mean, covariance).sample(noise=standard_normals)


def latent_log_density(loadings, offset, sigma, x):
    """log p(x)."""
    return families.ProbabilisticPCA(loadings, offset, sigma).log_density(x)


def latent_posterior(loadings, offset, sigma, x):
    """p(z|x)."""
    return tuple(families.ProbabilisticPCA(loadings, offset, sigma).posterior(x)[:2])


def latent_elbo(loadings, offset, sigma, x, latent_mean, latent_covariance):
    """The bound of a normal q(z)."""
    model = families.ProbabilisticPCA(loadings, offset, sigma)
    return model.elbo(x, latent_mean, latent_covariance)


def fit_latent(x, n_latent):
    """Maximum likelihood."""
    return families.ProbabilisticPCA.fit(x, n_latent).moments()


def _laws(*laws):
    from refscore.verify import library

    return [library.distribution(law) for law in laws]


def discriminator(law, other_law, x):
    """p / (p + q)."""
    a = families.log_ratio(*_laws(law, other_law), x)
    return np.exp(-np.logaddexp(0.0, -a))


def discriminator_gradient(law, other_law, x):
    """A difference of scores."""
    return families.log_ratio_gradient(*_laws(law, other_law), x)


def game_value(data_log_odds, model_log_odds):
    """What the discriminator earns."""
    return families.game(data_log_odds, model_log_odds).value


def game_slopes(data_log_odds, model_log_odds):
    """Its slopes."""
    return np.concatenate(families.game(data_log_odds, model_log_odds)[1:])


def generator_loss(name, model_log_odds):
    """What the generator makes small."""
    return families.generator_loss(model_log_odds, name).value


def generator_slopes(name, model_log_odds):
    """Its slopes."""
    return families.generator_loss(model_log_odds, name).y


def jensen_shannon(law, other_law):
    """The Jensen-Shannon divergence, its expectations sums over a fine grid."""
    p, q = _laws(law, other_law)
    reach = [12 * np.sqrt(np.diag(each.covariance)) for each in (p, q)]
    low = np.minimum(p.mean - reach[0], q.mean - reach[1])
    high = np.maximum(p.mean + reach[0], q.mean + reach[1])
    axes = np.linspace(low, high, _CELLS if p.dim == 1 else _CELLS // 4).T
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, p.dim)
    under = [nodes.Nodes(points, _shares(each.log_density(points))) for each in (p, q)]
    return families.jensen_shannon(p, q, *under)


def _shares(log_density):
    with np.errstate(under="ignore"):
        mass = np.exp(log_density - log_density.max())
    return mass / mass.sum()


def optimal_critic(name, log_ratio):
    """f'(p/q)."""
    return families.optimal_critic(name, log_ratio)


def critic_bound(name, critic_x, critic_y, x_weights, y_weights):
    """E_p T − E_q f*(T)."""
    return families.critic_bound(name, critic_x, critic_y, x_weights, y_weights)


def wasserstein_1(law, other_law):
    """E|Δm + Δs Z|."""
    ends = [(each.mean[0], np.sqrt(each.covariance[0, 0])) for each in (law, other_law)]
    return families.wasserstein_1_gaussian(*ends[0], *ends[1])


def log_normaliser(energy, low, high):
    """log Z by quadrature."""
    return families.log_normaliser(energy, low, high)


def likelihood_gradient(energy, x, low, high):
    """Two terms."""
    return families.likelihood_gradient(energy, x, low, high)


def importance_log_normaliser(log_unnormalised, log_proposal):
    """log of a mean ratio."""
    return families.importance_log_normaliser(log_unnormalised, log_proposal)


def importance_variance(dim, proposal_scale):
    """(τ²/√(2τ² − 1))^d − 1."""
    return families.importance_variance(dim, proposal_scale)
