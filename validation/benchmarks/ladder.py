"""The noise ladder with one conditional network, loss and gradient, 2-128-128-2, batch 4096."""

from __future__ import annotations

import numpy as np

from refscore.networks import ConditionalMLP
from refscore.objectives import geometric_sigmas, ladder_loss_and_gradient
from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD = "ladder of 10 levels, loss + gradient, 2-128-128-2, batch 4096"
SIGMAS = geometric_sigmas(10.0, 0.1, 10)


def cases():
    _, x, _, noise = network.inputs()
    rng = np.random.default_rng(2)
    family = ConditionalMLP.initialise(network.WIDTHS, rng=rng)
    levels = rng.integers(len(SIGMAS), size=len(x))
    others = {
        "NumPy": lambda: _numpy(family, x, levels, noise),
        "torch": network.missing("torch") or _torch(family, x, levels, noise),
        "JAX": network.missing("jax") or _jax(family, x, levels, noise),
    }
    return [
        Case(
            WORKLOAD,
            lambda: ladder_loss_and_gradient(family, x, levels, SIGMAS, noise),
            others,
            network.products(3),
            "3 products with the middle matrix",
        )
    ]


def _numpy(family, x, levels, noise):
    """F predicts the noise, s = -F / sigma: sigma^2 |s + z / sigma|^2 = |F - z|^2."""
    _, W2, W3 = family.weights
    sigma = SIGMAS[levels][:, None]
    y = np.concatenate([x + sigma * noise, np.log(sigma) / 4], axis=1)
    h1, h2, predicted = network.forward(family, y)
    residual = predicted - noise
    z2 = (residual @ W3) * (1 - h2**2)
    z1 = (z2 @ W2) * (1 - h1**2)
    loss = 0.5 * np.mean(np.sum(residual**2, axis=1))
    return loss, network.flat(network.backward(family, y, h1, h2, z1, z2, residual))


def _torch(family, x, levels, noise):
    import torch

    x, noise = torch.tensor(x), torch.tensor(noise)
    sigma = torch.tensor(SIGMAS)[torch.tensor(levels)][:, None]

    def loss(model):
        y = torch.cat([x + sigma * noise, sigma.log() / 4], dim=1)
        return 0.5 * ((model(y) - noise) ** 2).sum(dim=1).mean()

    return network.torch_step(family, loss)


def _jax(family, x, levels, noise):
    import jax.numpy as jnp

    def loss(parameters, x, z, sigma):
        y = jnp.concatenate([x + sigma * z, jnp.log(sigma) / 4])
        return 0.5 * ((network.jax_model(parameters, y) - z) ** 2).sum()

    return network.jax_step(family, loss, x, noise, SIGMAS[levels][:, None])
