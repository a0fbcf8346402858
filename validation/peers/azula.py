"""azula: the losses of its denoisers, Karras's preconditioning, its samplers."""

from __future__ import annotations

import math
from importlib.metadata import version as version_of
from types import SimpleNamespace
from unittest import mock

import azula.sample
import torch
from azula.denoise import KarrasDenoiser, SimpleDenoiser
from azula.guidance.cfg import CFGDenoiser
from azula.guidance.mmps import MMPSDenoiser

from refscore.verify import replay
from validation.peers.levels import above_zero, alpha_and_level, noisy_step, sampler, step
from validation.samplers import azula as sampling

VERSION = version_of("azula")


class Backbone(torch.nn.Module):
    """A function of (c_in y, label) as azula's backbone, keeping what it was handed."""

    def __init__(self, function):
        super().__init__()
        self.function, self.unused = function, torch.nn.Parameter(torch.zeros(()).double())

    def forward(self, scaled, label):
        self.handed = scaled, label
        return self.function(scaled, label)


def levels(sigma):
    """A schedule whose time is the level: x + sigma z."""
    return torch.ones_like(sigma), sigma


class Losses:
    """The loss is (1 + 1 / sigma^2) |D - x|^2, sigma^2 (1 + sigma^2) |s + z / sigma|^2."""

    framework, version = "torch", VERSION
    conventions = {"half": False, "dimensions": "mean", "sigma_power": 2}

    def __init__(self, kind, **options):
        self.name, self._kind, self._options = f"azula, {kind.__name__}", kind, options

    def denoising_loss(self, field, x, sigma, noise):
        length = (1 + sigma**2) ** 0.5
        skip, out = (1 / length**2, sigma / length) if self._kind is KarrasDenoiser else (0, 1)

        def network(scaled, label):
            y = scaled * length
            return (y + sigma**2 * field(y) - skip * y) / out

        denoiser = self._kind(Backbone(network), levels)
        with replay(noise):
            loss = denoiser.loss(x, torch.full((len(x),), sigma, dtype=x.dtype), **self._options)
        return loss / length**2


class Preconditioning:
    """Read off the denoiser of y = sigma_data x + sigma z; its label is log(sigma / sigma_data)."""

    name, framework, version = "azula, preconditioning", "torch", VERSION

    def edm_preconditioning(self, sigmas, sigma_data):
        def denoised(output):
            network = Backbone(lambda scaled, label: torch.full_like(scaled, output))
            made = KarrasDenoiser(network, lambda t: (torch.full_like(t, sigma_data), t))
            return sigma_data * made(torch.ones_like(sigmas), sigmas).mean, network.handed

        skip, (scaled, label) = denoised(0.0)
        return skip, denoised(1.0)[0] - skip, scaled, (label + torch.tensor(sigma_data).log()) / 4


SAMPLERS = SimpleNamespace(
    name="azula, samplers", framework="torch", version=VERSION,
    exponential_step=step(sampling.run("EulerSampler")),
    heun_step=step(above_zero(sampling.run("HeunSampler"))),
    ancestral_step=noisy_step(sampling.run("DDPMSampler")),
    ddim_step=lambda score_at, x, t, s, eta, noise: noisy_step(
        sampling.run("DDIMSampler", eta=eta**2))(score_at, x, t, s, noise),
    lms_sample=lambda score_at, x_T, times, order: sampler(
        sampling.run("zABSampler", order=int(order)))(score_at, x_T, times),
    exponential_multistep_sample=lambda score_at, x_T, times, order: sampler(
        sampling.run("xEABSampler", order=int(order)))(score_at, x_T, times),
)  # fmt: skip


class Exact:
    """azula's denoiser at one time of VP, from a score; alpha and sigma are that time's."""

    def __init__(self, score, t):
        alpha, level = alpha_and_level(float(t))
        self.score, self.alpha, self.sigma = score, torch.tensor(alpha), torch.tensor(alpha * level)

    def schedule(self, t):
        return self.alpha, self.sigma

    def mean(self, x, score=None):
        return (x + self.sigma**2 * (score or self.score)(x)) / self.alpha

    def __call__(self, x, t, score=None):
        return SimpleNamespace(mean=self.mean(x, score))

    def score_of(self, mean, x):
        return (self.alpha * mean - x) / self.sigma**2


def classifier_free_score(conditional_at, unconditional_at, x, t, weight):
    """CFGDenoiser's, told back as a score."""
    exact = Exact(None, t)
    positive = {"score": lambda y: conditional_at(y, t)}
    negative = {"score": lambda y: unconditional_at(y, t)}
    mean = CFGDenoiser(exact)(x, t, positive, negative, guidance=weight).mean
    return exact.score_of(mean, x)


def moment_score(score_at, x, t, H, y, noise_cov):
    """MMPSDenoiser's with its linear systems solved, point by point, told back as a score."""
    exact = Exact(lambda z: score_at(z, t), t)
    made = [
        MMPSDenoiser(exact, y[None], lambda z: z @ H.T, lambda v: v @ noise_cov.T,
                     iterations=len(y))(point[None], t).mean
        for point in x
    ]  # fmt: skip
    return exact.score_of(torch.cat(made), x)


GUIDANCE = SimpleNamespace(
    name="azula, guidance", framework="torch", version=VERSION,
    conventions={"guidance_weight": "(1 + w) c - w u"},
    classifier_free_score=classifier_free_score, moment_score=moment_score,
)  # fmt: skip


def planted(denoise, x, levels):
    """xEABSampler with the weights of even steps."""
    kind = azula.sample.xEABSampler
    right = kind._exponential_adams_bashforth

    def wrong(t, i, n):
        return right(t[i] + (t[i + 1] - t[i]) * (torch.arange(len(t)) - i), i=i, n=n)

    with mock.patch.object(kind, "_exponential_adams_bashforth", staticmethod(wrong)):
        return sampling.run("xEABSampler")(denoise, x, levels)


PLANTED = SimpleNamespace(
    name="azula, planted: xEABSampler takes its steps to be even", framework="torch",
    version=VERSION,
    exponential_multistep_sample=lambda score_at, x_T, times, order: sampler(planted)(
        score_at, x_T, times),
    expected_failures={"exponential_multistep_value": "planted"},
)  # fmt: skip

# SimpleDenoiser's weight is clipped at 1e4 by default, which tells below sigma = .01.
SUBJECTS = [
    Losses(SimpleDenoiser, max_weight=math.inf),
    Losses(KarrasDenoiser),
    Preconditioning(),
    GUIDANCE,
    SAMPLERS,
    PLANTED,
]
