"""azula: the losses of its simple and Karras denoisers, and the latter's preconditioning."""

from __future__ import annotations

import math
from importlib.metadata import version as version_of

import torch
from azula.denoise import KarrasDenoiser, SimpleDenoiser

from refscore.verify import replay

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


# SimpleDenoiser's weight is clipped at 1e4 by default, which tells below sigma = .01.
SUBJECTS = [
    Losses(SimpleDenoiser, max_weight=math.inf),
    Losses(KarrasDenoiser),
    Preconditioning(),
]
