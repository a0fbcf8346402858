"""torchebm: score-matching, contrastive and flow losses, Langevin steps, its VP schedule."""

from __future__ import annotations

import contextlib
from importlib.metadata import version as version_of
from unittest import mock

import torch
from torchebm.core import BaseModel
from torchebm.interpolants import VariancePreservingInterpolant
from torchebm.losses import (
    ContrastiveDivergence,
    DenoisingScoreMatching,
    EquilibriumMatchingLoss,
    FlowMatchingLoss,
    ScoreMatching,
    SlicedScoreMatching,
)
from torchebm.samplers import HamiltonianMonteCarlo, LangevinDynamics

from refscore.verify import replay

VERSION = version_of("torchebm")
FLOAT64 = {"dtype": torch.float64}


class Energy(BaseModel):
    """The kit's field as a torchebm model: an energy with trainable parameters theta."""

    def __init__(self, field):
        super().__init__(**FLOAT64)
        self.field = field.energy_module()

    def forward(self, x):
        return self.field(x)


def value(loss, x, *draws):
    """The loss while torch.randn_like gives these draws in turn."""
    with replay(*draws):
        return loss(x)


class Losses:
    """Exact Hessian trace, projections and noise as given; scores by either of its routes.

    An energy determines the gradient in a matrix only up to its antisymmetric part, so the
    gradient ports, which take the matrix to be free, are not offered.
    """

    framework, version = "torch", VERSION

    def __init__(self, name, use_autograd):
        self.name, self._how = name, {"use_autograd": use_autograd, **FLOAT64}

    def implicit_loss(self, field, x):
        return ScoreMatching(Energy(field), **self._how)(x)

    def sliced_loss(self, field, x, probes):
        n_probes, tiled = probes.shape[1], probes.transpose(0, 1).reshape(-1, x.shape[1])
        loss = SlicedScoreMatching(Energy(field), n_probes, "gaussian", **self._how)
        return value(loss, x, tiled)

    def denoising_loss(self, field, x, sigma, noise):
        return value(DenoisingScoreMatching(Energy(field), sigma, **self._how), x, noise)


class OwnProjections:
    """The sliced loss with the projections it draws itself: signs, sphere or Gaussian."""

    framework, version = "torch", VERSION

    def __init__(self, projection):
        self.name, self._projection = f"torchebm, {projection} projections", projection

    def sliced_loss(self, field, x, rng):
        loss = SlicedScoreMatching(Energy(field), 1, self._projection, **FLOAT64)
        return loss(x, generator=rng)


class ApproximateTrace:
    """`hessian_method="approx"`: one probe v, v·(∇s)v by a forward difference."""

    name, framework, version = "torchebm, approximate trace", "torch", VERSION
    expected_failures = {
        "variance_reduced_given_probes": "the trace is divided by the dimension"
        " (deviations/torchebm_approximate_trace.py)"
    }

    def variance_reduced_sliced_loss(self, field, x, probes):
        loss = ScoreMatching(Energy(field), hessian_method="approx", **FLOAT64)
        return torch.stack([value(loss, x, v) for v in probes.unbind(1)]).mean()


class Polynomial(BaseModel):
    """The kit's polynomial energy with trainable coefficients."""

    def __init__(self, energy):
        super().__init__(**FLOAT64)
        self.energy, self.theta = energy, torch.nn.Parameter(energy.parameters.clone())

    def forward(self, x):
        return self.energy.with_parameters(self.theta)(x)


class Contrastive:
    """CD-k without the default's penalty on large energies; the step is spelled h = eta / 2."""

    name, framework, version = "torchebm, contrastive divergence", "torch", VERSION

    def contrastive_divergence(self, energy, x, step_size, n_steps, noise):
        model = Polynomial(energy)
        sampler = LangevinDynamics(model, step_size / 2, **FLOAT64)
        loss = ContrastiveDivergence(model, sampler, n_steps, energy_reg_weight=0.0, **FLOAT64)
        with replay(*noise):
            return torch.autograd.grad(loss(x)[0], model.theta)[0]


class Matching:
    """Flow and equilibrium matching of data t and noise 1 - t, read as denoising.

    On y = t x + (1 - t) z with sigma = (1 - t) / t, a score gives the velocity E[x - z | y],
    whose error is sigma (1 + sigma) (s + z / sigma): the weight divides by that square.
    """

    framework, version = "torch", VERSION
    conventions = {"half": False, "dimensions": "mean"}

    def __init__(self, name, loss, sign, **options):
        self.name, self._loss, self._sign, self._options = name, loss, sign, options

    def denoising_loss(self, field, x, sigma, noise):
        def velocity(y, t):
            score = field(y * (1 + sigma))
            return self._sign * ((1 + sigma) * y + sigma**2 * score + sigma * score)

        options = {**self._options, "t_sampler": lambda n, **_: x.new_full((n,), 1 / (1 + sigma))}
        weight = (sigma * (1 + sigma)) ** -2
        return weight * self._loss(velocity, **options, **FLOAT64)(x, x0=noise)


class ScorePrediction:
    """Equilibrium matching's score prediction in its weightings, which `weight` takes out."""

    framework, version = "torch", VERSION
    conventions = {"half": False, "dimensions": "mean"}

    def __init__(self, loss_weight, weight):
        self.name = f"torchebm, score prediction, weight {loss_weight}"
        self._loss_weight, self._weight = loss_weight, weight

    def denoising_loss(self, field, x, sigma, noise):
        loss = EquilibriumMatchingLoss(
            lambda y, t: (1 + sigma) * field((1 + sigma) * y),
            prediction="score", loss_weight=self._loss_weight,
            t_sampler=lambda n, **_: x.new_full((n,), 1 / (1 + sigma)), **FLOAT64,
        )  # fmt: skip
        return loss(x, x0=noise) / self._weight(sigma)


class Sampling:
    """Langevin steps, Hamiltonian Monte Carlo; the VP process, its time from noise to data."""

    name, framework, version = "torchebm, sampling", "torch", VERSION
    conventions = {"step": "h"}
    _process = VariancePreservingInterpolant(0.1, 20.0)

    def langevin_step(self, score, x, step_size, noise=None, *, rng=None):
        noise = None if noise is None else noise[None]
        return self.langevin_sample(score, x, step_size, 1, noise, rng=rng)

    def langevin_sample(self, score, x0, step_size, n_steps, noise=None, *, rng=None):
        """It draws from torch's global generator, which the kit has seeded."""
        sampler = LangevinDynamics(Energy(score), step_size, **FLOAT64)
        with contextlib.nullcontext() if noise is None else replay(*noise):
            return sampler.sample(x0, n_steps=n_steps)

    def hmc_step(self, log_density, score, x, momentum, step_size, n_leapfrog, uniform):
        sampler = HamiltonianMonteCarlo(Energy(score), step_size, n_leapfrog, **FLOAT64)
        draws = momentum, ("uniform", uniform)
        return value(lambda start: sampler.sample(start, n_steps=1), x, *draws)

    def marginal(self, t):
        s = torch.tensor(1.0 - t, **FLOAT64)
        return self._process.compute_alpha_t(s)[0], self._process.compute_sigma_t(s)[0]

    def drift(self, x, t):
        return self._process.compute_drift(x, torch.full((len(x),), 1.0 - t, **FLOAT64))[0]

    def diffusion(self, t):
        """sqrt(2 D) of torchebm's D."""
        s, x = torch.tensor([1.0 - t], **FLOAT64), torch.zeros(1, 1, **FLOAT64)
        return (2 * self._process.compute_drift(x, s)[1]).sqrt().squeeze()


class Planted:
    """Its Hamiltonian Monte Carlo with one mistake planted."""

    name, framework, version = (
        "torchebm, planted: HMC accepts by the energy alone",
        "torch",
        VERSION,
    )
    expected_failures = {"hmc_given_momentum": "planted"}

    def hmc_step(self, log_density, score, x, momentum, step_size, n_leapfrog, uniform):
        def none(self, p):
            return p.new_zeros(len(p))

        with mock.patch.object(HamiltonianMonteCarlo, "_compute_kinetic_energy", none):
            return Sampling().hmc_step(
                log_density, score, x, momentum, step_size, n_leapfrog, uniform
            )


SUBJECTS = [
    Losses("torchebm", use_autograd=True),
    Losses("torchebm, functional scores", use_autograd=False),
    *map(OwnProjections, ("rademacher", "sphere", "gaussian")),
    ApproximateTrace(),
    Contrastive(),
    Matching("torchebm, flow matching", FlowMatchingLoss, 1),
    Matching(
        "torchebm, equilibrium matching", EquilibriumMatchingLoss, -1,
        ct="constant", ct_multiplier=1.0, time_invariant=False,
    ),
    ScorePrediction(None, lambda sigma: sigma**2),
    ScorePrediction("velocity", lambda sigma: (sigma * (1 + sigma)) ** 2),
    ScorePrediction("likelihood", lambda sigma: sigma * (1 + sigma) ** 2),
    Sampling(),
    Planted(),
]  # fmt: skip
