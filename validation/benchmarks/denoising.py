"""Denoising score matching, loss and gradient, 2-128-128-2, batch 4096."""

from __future__ import annotations

import numpy as np

from refscore.objectives import denoising_loss_and_gradient
from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD, SIGMA = "denoising, loss + gradient, 2-128-128-2, batch 4096", 0.3


def cases():
    net, x, _, noise = network.inputs()
    others = {
        "NumPy": lambda: _numpy(net, x, noise),
        "torch": network.missing("torch") or _torch(net, x, noise),
        "JAX": network.missing("jax") or _jax(net, x, noise),
    }
    return [
        Case(
            WORKLOAD,
            lambda: denoising_loss_and_gradient(net, x, SIGMA, noise),
            others,
            network.products(3),
            "3 products with the middle matrix",
        )
    ]


def _numpy(net, x, noise):
    _, W2, W3 = net.weights
    y = x + SIGMA * noise
    h1, h2, s = network.forward(net, y)
    residual = s + noise / SIGMA
    z2 = (residual @ W3) * (1 - h2**2)
    z1 = (z2 @ W2) * (1 - h1**2)
    loss = 0.5 * np.mean(np.sum(residual**2, axis=1))
    return loss, network.flat(network.backward(net, y, h1, h2, z1, z2, residual))


def _torch(net, x, noise):
    import torch

    x, noise = torch.tensor(x), torch.tensor(noise)

    def loss(model):
        return 0.5 * ((model(x + SIGMA * noise) + noise / SIGMA) ** 2).sum(dim=1).mean()

    return network.torch_step(net, loss)


def _jax(net, x, noise):
    def loss(parameters, x, z):
        return 0.5 * ((network.jax_model(parameters, x + SIGMA * z) + z / SIGMA) ** 2).sum()

    return network.jax_step(net, loss, x, noise)
