"""score-models: its sliced loss, its denoising loss over times, and its VP process."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace

import torch

from refscore.verify import replay
from validation.peers.stand_ins import modules

NAMES = ("sliced_score_matching", "dsm", "sde.vpsde")
slicing, dsm, vpsde = modules("score_models", NAMES, ("score_models.utils", "h5py", "torch_ema"))

name, framework, version = "score-models", "torch", version_of("score-models")
conventions = {"denoising_loss.half": False, "denoising_loss.sigma_power": 2}
_process = vpsde.VPSDE(beta_min=0.1, beta_max=20.0)


def variance_reduced_sliced_loss(field, x, probes):
    m, tiled = probes.shape[1], probes.transpose(0, 1).reshape(-1, x.shape[1])
    with replay(tiled):
        return slicing.sliced_score_matching_loss(field, x, m, noise_type="gaussian")


def denoising_loss(field, x, sigma, noise):
    """Its network is sigma times the score; any time has this one level here."""
    levels = SimpleNamespace(T=1.0, epsilon=0.0, marginal_prob=lambda t, x: (x, sigma))
    model = SimpleNamespace(sde=levels, model=lambda t, y: sigma * field(y), device="cpu")
    with replay(noise, ("uniform", torch.zeros(len(x)))):
        return dsm.denoising_score_matching(model, x)


def marginal(t):
    return _process.marginal_prob_scalars(torch.tensor(t, dtype=torch.float64))


def drift(x, t):
    return _process.drift(x.new_full((len(x),), t), x)


def diffusion(t):
    return _process.diffusion(torch.tensor([t], dtype=torch.float64), torch.zeros(1, 1)).squeeze()
