"""smalldiffusion: `samples` as DDIM's and DDPM's steps, classifier-free guidance."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace
from unittest import mock

import torch

from validation.peers.levels import alpha_and_level, noisy_step, step
from validation.peers.stand_ins import modules
from validation.samplers import smalldiffusion as sampling

(model,) = modules("smalldiffusion", ("model",), ())
VERSION = version_of("smalldiffusion")
SAMPLES = SimpleNamespace(
    name="smalldiffusion", framework="torch", version=VERSION,
    exponential_step=step(sampling.run(gam=1.0, mu=0.0)),
    ancestral_step=noisy_step(sampling.run(gam=1.0, mu=0.5)),
)  # fmt: skip


def classifier_free_score(conditional_at, unconditional_at, x, t, weight):
    """ModelMixin.predict_eps_cfg, labels 1 for the condition and 0 for none."""
    sigma = torch.tensor(alpha_and_level(float(t))[1])

    def predict_eps(y, sigma, cond):
        given, none = conditional_at(y, t), unconditional_at(y, t)
        return -sigma * torch.where(cond[:, None] == 1, given, none)

    own = SimpleNamespace(cond_embed=SimpleNamespace(null_cond=0), predict_eps=predict_eps)
    made = model.ModelMixin.predict_eps_cfg(own, x, sigma, torch.ones(len(x)), weight)
    return -made / sigma


GUIDANCE = SimpleNamespace(
    name="smalldiffusion, guidance", framework="torch", version=VERSION,
    conventions={"guidance_weight": "(1 + w) c - w u"},
    classifier_free_score=classifier_free_score,
)  # fmt: skip


def planted(denoise, x, levels):
    """`samples` with pairs of levels that start one too early."""
    pairs = mock.patch.object(
        sampling.diffusion, "pairwise", lambda sigmas: [(sigmas[0] * 1.01, sigmas[1])]
    )
    with pairs:
        return sampling.run(gam=1.0, mu=0.5)(denoise, x, levels)


PLANTED = SimpleNamespace(
    name="smalldiffusion, planted: the level is one per cent too high", framework="torch",
    version=VERSION, ancestral_step=noisy_step(planted),
    expected_failures=dict.fromkeys(("ancestral_given_noise", "ancestral_order"), "planted"),
)  # fmt: skip
SUBJECTS = [SAMPLES, GUIDANCE, PLANTED]
