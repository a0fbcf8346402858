"""toy-gradlogp: sliced and denoising score matching of energies."""

from __future__ import annotations

from importlib.metadata import version as version_of

from validation.peers.stand_ins import modules

UNUSED = ("tensorboard", "torch.utils.tensorboard", "matplotlib")
(energies,) = modules("toy_gradlogp", ("energy",), UNUSED)

name, framework, version = "toy-gradlogp", "torch", version_of("toy-gradlogp")


def _trainer(field, n_slices=1):
    """Its losses are methods of a Trainer, whose n_slices copies of x follow one another."""
    model = energies.Energy(field.energy_module())
    return energies.Trainer(model, n_slices=n_slices, device="cpu")


def _slices(probes):
    return probes.transpose(0, 1).reshape(-1, probes.shape[-1])


def sliced_loss(field, x, probes):
    return _trainer(field, probes.shape[1]).ssm_loss(x, _slices(probes))


def variance_reduced_sliced_loss(field, x, probes):
    return _trainer(field, probes.shape[1]).ssm_vr_loss(x, _slices(probes))


def denoising_loss(field, x, sigma, noise):
    return _trainer(field).dsm_loss(x, noise, sigma)
