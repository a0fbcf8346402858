"""sbi: the denoising loss of its score estimators, with the control variate and without."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace

import torch

from refscore.verify import replay
from validation.peers.stand_ins import modules

UNUSED = ("sbi.utils", "sbi.utils.vector_field_utils")
(estimator,) = modules("sbi", ("neural_nets.estimators.score_estimator",), UNUSED)

name, framework, version = "sbi", "torch", version_of("sbi")
conventions = {"half": False}


def _loss(field, x, sigma, noise, **how):
    """`ConditionalScoreEstimator.loss` of a network that is the field, at the level sigma."""
    level = x.new_full((len(x), 1), sigma)
    own = SimpleNamespace(
        compose_enabled=False, mean_fn=lambda x, t: x, std_fn=lambda t: level,
        forward=lambda y, condition, t: field(y), weight_fn=lambda t: 1.0,
    )  # fmt: skip
    with replay(noise):
        return estimator.ConditionalScoreEstimator.loss(own, x, None, level, **how)


def denoising_loss(field, x, sigma, noise):
    return _loss(field, x, sigma, noise, control_variate=False)


def controlled_denoising_loss(field, x, sigma, noise):
    return _loss(field, x, sigma, noise, control_variate_threshold=torch.inf)
