"""Implicit score matching, loss and gradient, 2-128-128-2, batch 4096."""

from __future__ import annotations

import numpy as np

from refscore.objectives import implicit_loss_and_gradient
from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD = "implicit, loss + gradient, 2-128-128-2, batch 4096"


def cases():
    net, x, _, _ = network.inputs()
    others = {
        "NumPy": lambda: _numpy(net, x),
        "torch": network.missing("torch") or _torch(net, x),
        "JAX": network.missing("jax") or _jax(net, x),
    }
    return [
        Case(
            WORKLOAD,
            lambda: implicit_loss_and_gradient(net, x),
            others,
            network.products(6),
            "6 products with the middle matrix",
        )
    ]


def _numpy(net, x):
    """The divergence by one product J e a coordinate, and its gradient by hand."""
    W1, W2, W3 = net.weights
    h1, h2, s = network.forward(net, x)
    d1, d2, divergence = 1 - h1**2, 1 - h2**2, 0.0
    h1_bend, h2_bend, extra1, extra2, extra3 = 0.0, 0.0, 0.0 * W1, 0.0 * W2, 0.0 * W3
    for i in range(x.shape[1]):
        t1 = d1 * W1[:, i]
        t2 = d2 * (t1 @ W2.T)
        divergence = divergence + t2 @ W3[i]
        h2_bend = h2_bend - 2 * h2 * t2 * W3[i]
        u2 = d2 * W3[i]
        t1_bar = u2 @ W2
        h1_bend = h1_bend - 2 * h1 * t1 * t1_bar
        extra1[:, i] += (d1 * t1_bar).sum(0)
        extra2 += u2.T @ t1
        extra3[i] += t2.sum(0)
    z2 = (s @ W3) * d2 + h2_bend
    z1 = (z2 @ W2) * d1 + h1_bend
    parts = network.backward(net, x, h1, h2, z1, z2, s)
    for index, extra in ((0, extra1), (2, extra2), (4, extra3)):
        parts[index] = parts[index] + extra / len(x)
    return np.mean(0.5 * np.sum(s**2, axis=1) + divergence), network.flat(parts)


def _torch(net, x):
    """One backward pass a coordinate with create_graph, as tutorials write it."""
    import torch

    points = torch.tensor(x)

    def loss(model):
        y = points.clone().requires_grad_()
        s, divergence = model(y), 0.0
        for i in range(y.shape[1]):
            (row,) = torch.autograd.grad(s[:, i].sum(), y, create_graph=True)
            divergence = divergence + row[:, i]
        return (0.5 * (s**2).sum(dim=1) + divergence).mean()

    return network.torch_step(net, loss)


def _jax(net, x):
    import jax
    import jax.numpy as jnp

    def loss(parameters, x):
        s = network.jax_model(parameters, x)
        jacobian = jax.jacfwd(lambda y: network.jax_model(parameters, y))(x)
        return 0.5 * jnp.sum(s**2) + jnp.trace(jacobian)

    return network.jax_step(net, loss, x)
