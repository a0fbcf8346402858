"""ebmkit: score matching of every kind, contrastive divergence, noise-contrastive estimation."""

from __future__ import annotations

from importlib.metadata import version as version_of
from types import SimpleNamespace

import torch
from ebm import losses
from ebm.samplers import LangevinDynamics

from refscore.verify import NotOffered, replay

VERSION = version_of("ebmkit")


def value(loss, energy, x, *draws):
    """The loss while torch's generators give these draws in turn."""
    with replay(*draws):
        return loss(energy, x).loss


class Losses:
    """Score matching of energies on given noise and projections."""

    name, framework, version = "ebmkit", "torch", VERSION

    def implicit_loss(self, field, x):
        return value(losses.ExactScoreMatching(), field.energy_module(), x)

    def sliced_loss(self, field, x, probes):
        loss = losses.SlicedScoreMatching(probes.shape[1], vr=False)
        return value(loss, field.energy_module(), x, *probes.unbind(1))

    def variance_reduced_sliced_loss(self, field, x, probes):
        loss = losses.SlicedScoreMatching(probes.shape[1], vr=True)
        return value(loss, field.energy_module(), x, *probes.unbind(1))

    def denoising_loss(self, field, x, sigma, noise):
        return value(losses.DenoisingScoreMatching(sigma), field.energy_module(), x, noise)


class Ladder:
    """Its noise ladder, whose levels it keeps in float32."""

    name, framework, version, dtype = "ebmkit, ladder", "torch", VERSION, "float32"

    def ladder_loss(self, family, x, levels, sigmas, noise):
        modules = [family.at(sigma).energy_module() for sigma in sigmas]

        def energy(y, sigma):
            return sum((sigma == s) * e(y) for s, e in zip(sigmas, modules, strict=True))

        loss = losses.MultiSigmaDenoisingScoreMatching(sigmas)
        return value(loss, energy, x, ("integer", levels), ("normal", noise))


class Contrasts:
    """CD with chains from the data (see deviations/ebmkit_chains_from_noise.py); NCE, log Z = 0."""

    name, framework, version = "ebmkit, contrasts", "torch", VERSION

    def contrastive_divergence(self, energy, x, step_size, n_steps, noise):
        theta = energy.parameters.clone().requires_grad_()
        sampler = LangevinDynamics(step_size / 2, n_steps)
        loss = losses.ContrastiveDivergence(sampler, init_fn=lambda shape: x.clone())
        return torch.autograd.grad(value(loss, energy.with_parameters(theta), x, *noise), theta)[0]

    def noise_contrastive_loss(self, log_model, log_noise, x, y):
        if len(y) % len(x):
            raise NotOffered("ebmkit draws a whole number of noise points a data point")
        noise = SimpleNamespace(sample=lambda shape: y, log_prob=log_noise)
        loss = losses.NoiseContrastiveEstimation(noise, len(y) // len(x))
        return value(loss, lambda points: -log_model(points), x)


SUBJECTS = [Losses(), Ladder(), Contrasts()]
