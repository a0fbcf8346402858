"""The exact divergence of d-128-128-d at d = 2, 16, 64, 256, for 1024 points."""

from __future__ import annotations

import numpy as np

from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD, BATCH = "exact divergence, d-128-128-d, 512 points", 512


def cases():
    return [_case(dim) for dim in (2, 16, 64, 256)]


def _case(dim):
    net, x, _, _ = network.inputs((dim, 128, 128, dim), BATCH)
    others = {
        "NumPy": lambda: (_numpy(net, x),),
        "torch": network.missing("torch") or _torch(net, x),
        "JAX": network.missing("jax") or _jax(net, x),
    }
    name = f"{WORKLOAD}, d = {dim}"
    floor = network.products(1, rows=BATCH)
    return Case(name, lambda: (net.divergence(x),), others, floor, "one product")


def _numpy(net, x):
    """The Jacobian as a product of matrices at every point, then its trace."""
    W1, W2, W3 = net.weights
    h1, h2, _ = network.forward(net, x)
    total = np.zeros(len(x))
    for i in range(x.shape[1]):
        t2 = (1 - h2**2) * (((1 - h1**2) * W1[:, i]) @ W2.T)
        total += t2 @ W3[i]
    return total


def _torch(net, x):
    """torch.func.jacrev under vmap, in chunks of points that fit the memory."""
    import torch

    model, points = network.torch_layers(net), torch.tensor(x)
    chunk = max(1, 2**14 // x.shape[1])
    jacobian = torch.func.vmap(torch.func.jacrev(lambda y: model(y)), chunk_size=chunk)

    def call():
        with torch.no_grad():
            return (torch.einsum("nii->n", jacobian(points)).numpy(),)

    return call


def _jax(net, x):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    pairs = zip(net.weights, net.biases, strict=True)
    parameters = [(jnp.array(w), jnp.array(b)) for w, b in pairs]
    jacobian = jax.jacfwd(lambda y: network.jax_model(parameters, y))
    compiled, points = jax.jit(jax.vmap(lambda y: jnp.trace(jacobian(y)))), jnp.array(x)
    return lambda: (np.asarray(jax.block_until_ready(compiled(points))),)
