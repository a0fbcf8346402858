"""Diffusion models with exact scores: the probability flow and its likelihood."""

from refscore.diffusion.likelihood import gaussian_log_likelihood, log_likelihood
from refscore.diffusion.probability_flow import (
    GaussianFlow,
    decode,
    diffused,
    encode,
    flow_map,
    flow_velocity,
)

__all__ = [
    "GaussianFlow",
    "decode",
    "diffused",
    "encode",
    "flow_map",
    "flow_velocity",
    "gaussian_log_likelihood",
    "log_likelihood",
]
