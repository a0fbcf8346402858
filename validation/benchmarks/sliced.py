"""Sliced score matching with one sign probe a point, loss and gradient, 2-128-128-2."""

from __future__ import annotations

import numpy as np

from refscore.objectives import sliced_loss_and_gradient
from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD = "sliced, one probe, loss + gradient, 2-128-128-2, batch 4096"


def cases():
    net, x, probes, _ = network.inputs()
    others = {
        "NumPy": lambda: _numpy(net, x, probes),
        "torch": network.missing("torch") or _torch(net, x, probes),
        "JAX": network.missing("jax") or _jax(net, x, probes),
    }
    return [
        Case(
            WORKLOAD,
            lambda: sliced_loss_and_gradient(net, x, probes[:, None, :]),
            others,
            network.products(6),
            "6 products with the middle matrix",
        )
    ]


def _numpy(net, x, v):
    W1, W2, W3 = net.weights
    h1, h2, s = network.forward(net, x)
    d1, d2 = 1 - h1**2, 1 - h2**2
    t1 = d1 * (v @ W1.T)
    t2 = d2 * (t1 @ W2.T)
    along = np.sum(v * s, axis=1)
    s_bar, t2_bar = along[:, None] * v, v @ W3
    u2 = d2 * t2_bar
    t1_bar = u2 @ W2
    z2 = (s_bar @ W3) * d2 - 2 * h2 * t2 * t2_bar
    z1 = (z2 @ W2) * d1 - 2 * h1 * t1 * t1_bar
    parts = network.backward(net, x, h1, h2, z1, z2, s_bar)
    for index, extra in ((0, (d1 * t1_bar).T @ v), (2, u2.T @ t1), (4, v.T @ t2)):
        parts[index] = parts[index] + extra / len(x)
    return np.mean(np.sum(v * (t2 @ W3.T), axis=1) + 0.5 * along**2), network.flat(parts)


def _torch(net, x, v):
    """The gradient of v·s with create_graph, as the authors' code has it."""
    import torch

    points, v = torch.tensor(x), torch.tensor(v)

    def loss(model):
        y = points.clone().requires_grad_()
        along = (model(y) * v).sum(dim=1)
        (gradient,) = torch.autograd.grad(along.sum(), y, create_graph=True)
        return ((gradient * v).sum(dim=1) + 0.5 * along**2).mean()

    return network.torch_step(net, loss)


def _jax(net, x, v):
    import jax

    def loss(parameters, x, v):
        s, product = jax.jvp(lambda y: network.jax_model(parameters, y), (x,), (v,))
        return v @ product + 0.5 * (v @ s) ** 2

    return network.jax_step(net, loss, x, v)
