"""The network of the objectives' workloads, in refscore, NumPy, torch and JAX."""

from __future__ import annotations

import numpy as np

from refscore.networks import MLP

WIDTHS, BATCH = (2, 128, 128, 2), 4096


def inputs(widths=WIDTHS, batch=BATCH):
    """Our network, points, sign probes and noise, from a fixed seed."""
    rng = np.random.default_rng(0)
    net = MLP.initialise(widths, rng=rng)
    net = net.with_parameters(net.parameters + 0.05 * rng.standard_normal(net.parameters.size))
    x, noise = rng.standard_normal((2, batch, widths[0]))
    return net, x, rng.choice([-1.0, 1.0], x.shape), noise


def missing(package: str) -> str | None:
    """Why a package cannot take part, None if it can."""
    try:
        __import__(package)
    except ImportError:
        return f"{package} is not installed"
    return None


def torch_layers(net):
    """The network as a torch.nn.Sequential in float64, one thread."""
    import torch

    torch.set_num_threads(1)
    layers = []
    for weight, bias in zip(net.weights, net.biases, strict=True):
        linear = torch.nn.Linear(*weight.shape[::-1], dtype=torch.float64)
        linear.weight.data, linear.bias.data = torch.tensor(weight), torch.tensor(bias)
        layers += [linear, torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


def torch_step(net, loss):
    """Loss and flat gradient as a training loop takes them; loss(model) is a scalar."""
    model = torch_layers(net)

    def step():
        model.zero_grad(set_to_none=True)
        value = loss(model)
        value.backward()
        flat = np.concatenate([p.grad.numpy().ravel() for p in model.parameters()])
        return value.item(), flat

    return step


def jax_model(parameters, x):
    """The network at one point, a list of (weight, bias)."""
    import jax.numpy as jnp

    for weight, bias in parameters[:-1]:
        x = jnp.tanh(weight @ x + bias)
    weight, bias = parameters[-1]
    return weight @ x + bias


def jax_step(net, loss, *arrays):
    """Loss and flat gradient of mean over vmapped loss(parameters, *row), jitted, float64."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    pairs = zip(net.weights, net.biases, strict=True)
    parameters = [(jnp.array(w), jnp.array(b)) for w, b in pairs]
    arrays = [jnp.array(array) for array in arrays]

    def mean(parameters):
        return jnp.mean(jax.vmap(lambda *row: loss(parameters, *row))(*arrays))

    compiled = jax.jit(jax.value_and_grad(mean))

    def step():
        value, gradient = jax.block_until_ready(compiled(parameters))
        flat = np.concatenate([np.ravel(part) for pair in gradient for part in pair])
        return float(value), flat

    return step


def products(count: int, rows=BATCH, width=128):
    """The floor: `count` products of the hidden layer with the middle matrix, in the cache."""
    rng = np.random.default_rng(1)
    block = 256
    left, right, out = *rng.standard_normal((2, block, width)), np.empty((block, width))
    middle, square = rng.standard_normal((width, width)), np.empty((width, width))
    calls = [
        lambda: np.matmul(left, middle.T, out=out),
        lambda: np.matmul(right, middle, out=out),
        lambda: np.matmul(right.T, left, out=square),
    ]

    def floor():
        for _ in range(rows // block):
            for i in range(count):
                calls[i % 3]()

    return floor


def forward(net, x):
    """Hidden layers of the three-matrix network, as a reader would write them."""
    (W1, W2, W3), (b1, b2, b3) = net.weights, net.biases
    h1 = np.tanh(x @ W1.T + b1)
    h2 = np.tanh(h1 @ W2.T + b2)
    return h1, h2, h2 @ W3.T + b3


def backward(net, x, h1, h2, z1, z2, s_bar):
    """Flat gradient from the pre-activations' derivatives, as a reader would write it."""
    parts = [z1.T @ x, z1.sum(0), z2.T @ h1, z2.sum(0), s_bar.T @ h2, s_bar.sum(0)]
    return [part / len(x) for part in parts]


def flat(parts) -> np.ndarray:
    """One vector of all parts."""
    return np.concatenate([part.ravel() for part in parts])
