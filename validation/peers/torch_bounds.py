"""torch: divergences of torch.distributions' categorical laws, and losses of torch.nn's games."""

from __future__ import annotations

import torch
from torch import distributions as D
from torch.nn import functional as F

name, framework, version = "torch divergences and games", "torch", torch.__version__
_UNDERFLOW = "inf where a probability underflows: deviations/torch_categorical_kl_underflow"
expected_failures = {"kl_to_any_prior": _UNDERFLOW, "elbo_gap_is_divergence": _UNDERFLOW}


def categorical_kl(logits, other_logits):
    return D.kl_divergence(D.Categorical(logits=logits), D.Categorical(logits=other_logits))


def kl_to_uniform(logits):
    return categorical_kl(logits, torch.zeros_like(logits))


def elbo_gap(log_joint, logits):
    return categorical_kl(logits, log_joint)


def game_value(data_log_odds, model_log_odds):
    return -_entropy(data_log_odds, 1.0) - _entropy(model_log_odds, 0.0)


def game_slopes(data_log_odds, model_log_odds):
    inputs = data_log_odds.requires_grad_(), model_log_odds.requires_grad_()
    return torch.cat(torch.autograd.grad(game_value(*inputs), inputs))


def generator_loss(name, model_log_odds):
    kinds = {
        "saturating": lambda a: -_entropy(a, 0.0),
        "non-saturating": lambda a: _entropy(a, 1.0),
    }
    return kinds[name](model_log_odds) if name in kinds else -model_log_odds.exp().mean()


def _entropy(log_odds, label):
    return F.binary_cross_entropy_with_logits(log_odds, torch.full_like(log_odds, label))


def conditional_log_densities(mean, covariance, x):
    root = torch.linalg.cholesky(covariance)
    z = torch.linalg.solve_triangular(root, (x - mean).T, upper=False).T
    return D.Normal(0.0, 1.0).log_prob(z) - root.diagonal().log()


def latent_log_density(loadings, offset, sigma, x):
    noise = torch.full_like(offset, sigma**2)
    return D.LowRankMultivariateNormal(offset, loadings, noise).log_prob(x)
