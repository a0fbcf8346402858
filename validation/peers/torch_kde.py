"""torch-kde: Gaussian kernel densities, their draws, and explicit score matching by autograd."""

from __future__ import annotations

from importlib.metadata import version as version_of

import torch
from torchkde import KernelDensity

from refscore.verify import NotOffered

name, framework, version = "torch-kde", "torch", version_of("torch-kde")
expected_failures = {
    "samples_follow_law": "draws with the squared bandwidth (deviations/torch_kde_sample.py)",
    "explicit_given_data": "nan where all kernels underflow (deviations/torch_kde_underflow.py)",
    "kernel_density_values": "-inf where all kernels underflow (deviations/torch_kde_underflow.py)",
}


def _kernels(data, bandwidth):
    return KernelDensity(bandwidth=float(bandwidth)).fit(data)


def kernel_density(data, bandwidth, x):
    return _kernels(data, bandwidth).score_samples(x)


def explicit_loss(field, x, data, bandwidth):
    y = x.clone().requires_grad_()
    score = torch.autograd.grad(_kernels(data, bandwidth).score_samples(y).sum(), y)[0]
    return 0.5 * (field(x) - score).square().sum(-1)


def sample(law, n, rng):
    if law.kind != "empirical":
        raise NotOffered("torch-kde has kernel densities alone")
    torch.manual_seed(rng.initial_seed())
    return _kernels(law.data, law.bandwidth).sample(n)
