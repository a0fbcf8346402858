"""Ports of the library: guided scores and steps, and scores of linear inverse problems."""

from __future__ import annotations

import numpy as np

from refscore import diffusion as flows
from refscore.diffusion import SPELLINGS
from refscore.verify.library.likelihood import distribution
from refscore.verify.setting import PROCESS, convention

__all__ = [
    "classifier_free_score", "classifier_score", "composed_score", "dps_score",
    "flat_prior_score", "guided_ancestral_step", "guided_law", "guided_score", "moment_score",
    "pigdm_score", "posterior_score", "replacement_step",
]  # fmt: skip

VP = PROCESS


def guided_score(score_at, likelihood_score_at, x, t, weight):
    """The score of classifier guidance."""
    return flows.classifier_guided(VP, score_at, likelihood_score_at, weight)(t)(x)


def classifier_free_score(conditional_at, unconditional_at, x, t, weight):
    """The score of classifier-free guidance."""
    return flows.classifier_free(VP, conditional_at, unconditional_at, weight)(t)(x)


def classifier_score(logits, jacobian, label, temperature):
    """The gradient of a softmax classifier's log-probability."""
    return flows.classifier_score(logits, jacobian, label, temperature=temperature)


def composed_score(posterior_scores, prior_score):
    """The score given several observations."""
    given = [lambda t, s=s: lambda x: s for s in posterior_scores]
    return flows.composed(VP, lambda t: lambda x: prior_score, given)(0.0)(prior_score)


def guided_ancestral_step(score_at, likelihood_score_at, x, t, s, weight, noise=None, *, rng=None):
    """An ancestral step guided at its mean."""
    noise = np.random.default_rng(rng).standard_normal(np.shape(x)) if noise is None else noise
    variance = convention("guided_ancestral_step", "ancestral_variance", "small")
    step = flows.guided_ancestral(VP, score_at, likelihood_score_at, weight, variance=variance)
    return step(x, t, s, noise)


def guided_law(law, other_law, weight, stochasticity):
    """The law that classifier-free guidance samples on Gaussians."""
    c, u = distribution(law), distribution(other_law)
    score_at, d = flows.classifier_free(VP, c, u, weight, spelling=SPELLINGS[0]), c.dim
    found = flows.reverse_law(VP, score_at, np.zeros(d), np.eye(d), stochasticity=stochasticity)
    return {"mean": found.mean, "covariance": found.covariance}


def posterior_score(law, x, t, H, y, noise_cov):
    """The exact score of the noised posterior."""
    return flows.posterior_score(VP, distribution(law), H, y, noise_cov)(t)(x)


def dps_score(score_at, x, t, H, y, noise_cov):
    """Diffusion posterior sampling."""
    return flows.dps_score(VP, score_at, H, y, noise_cov)(t)(x)


def pigdm_score(score_at, x, t, H, y, noise_cov):
    """Pseudo-inverse guidance."""
    return flows.pigdm_score(VP, score_at, H, y, noise_cov)(t)(x)


def moment_score(score_at, x, t, H, y, noise_cov):
    """Tweedie's moments."""
    return flows.moment_score(VP, score_at, H, y, noise_cov)(t)(x)


def flat_prior_score(score_at, x, t, H, y, noise_cov):
    """The likelihood of the noised point."""
    return flows.flat_prior_score(VP, score_at, H, y, noise_cov)(t)(x)


def replacement_step(score_at, x, t, s, H, y, noise=None, *, rng=None):
    """A deterministic step, then what is observed put in."""
    noise = np.random.default_rng(rng).standard_normal(np.shape(x)) if noise is None else noise
    return flows.replacement(flows.ddim(VP, score_at), H, y)(x, t, s, noise)
