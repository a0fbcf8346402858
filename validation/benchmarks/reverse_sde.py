"""The reverse SDE of mixtures by Euler-Maruyama, with the exact diffused scores."""

from __future__ import annotations

import numpy as np

from refscore import diffusion, distributions, processes
from validation.benchmarks import network
from validation.benchmarks.chains import generator, summary
from validation.benchmarks.timing import Case

WORKLOAD = "reverse SDE, {} components in d = {}, {} points, 50 steps"
SIZES = ((2, 2, 10_000), (25, 2, 10_000), (1000, 2, 1000), (25, 64, 2000), (1000, 64, 1000))
TIMES, SPREAD = np.linspace(1.0, 1e-3, 51), 0.25


def cases():
    return [_case(*sizes) for sizes in SIZES]


def _case(K, d, n):
    means = 2 * np.random.default_rng(0).standard_normal((K, d))
    x_T = np.random.default_rng(1).standard_normal((n, d))
    law = distributions.GaussianMixture(np.full(K, 1 / K), means, np.full(K, SPREAD))
    step = diffusion.euler_maruyama(processes.VP(), law)

    def ours():
        return summary(diffusion.sample(step, x_T, TIMES, rng=generator()))

    others = {
        "NumPy": lambda: summary(_numpy(means, x_T)),
        "torch": network.missing("torch") or _torch(means, x_T),
        "JAX, one scan": network.missing("jax") or _scan(means, x_T),
    }
    what = "drawing the noise, K exponentials and 2 products with the means a point and step"
    return Case(WORKLOAD.format(K, d, n), ours, others, _floor(K, d, n), what, 0.15)


def _coefficients():
    """(α, v, h, β) of every step."""
    t = TIMES[:-1]
    area = 0.1 * t + 9.95 * t * t
    alpha = np.exp(-area / 2)
    return alpha, alpha**2 * SPREAD - np.expm1(-area), -np.diff(TIMES), 0.1 + 19.9 * t


def _numpy(means, x):
    rng = np.random.default_rng(0)
    for alpha, v, h, beta in zip(*_coefficients()):
        m = alpha * means
        logits = (x @ m.T - (m * m).sum(1) / 2) / v
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        score = (weights @ m / weights.sum(axis=1, keepdims=True) - x) / v
        x = x + h * beta * (x / 2 + score) + np.sqrt(h * beta) * rng.standard_normal(x.shape)
    return x


def _torch(means, x_T):
    import torch

    torch.set_num_threads(1)
    centres, start = torch.tensor(means), torch.tensor(x_T)
    steps = [tuple(map(float, step)) for step in zip(*_coefficients())]

    def call():
        torch.manual_seed(0)
        x = start
        with torch.no_grad():
            for alpha, v, h, beta in steps:
                m = alpha * centres
                r = torch.softmax((x @ m.T - (m * m).sum(1) / 2) / v, dim=1)
                score = (r @ m - x) / v
                x = x + h * beta * (x / 2 + score) + (h * beta) ** 0.5 * torch.randn_like(x)
        return summary(x.numpy())

    return call


def _scan(means, x_T):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def step(carry, now):
        x, key = carry
        alpha, v, h, beta = now
        key, use = jax.random.split(key)
        m = alpha * means
        r = jax.nn.softmax((x @ m.T - (m * m).sum(1) / 2) / v, axis=1)
        noise = jax.random.normal(use, x.shape, dtype=jnp.float64)
        x = x + h * beta * (x / 2 + (r @ m - x) / v) + jnp.sqrt(h * beta) * noise
        return (x, key), None

    @jax.jit
    def chain(key, x, steps):
        return jax.lax.scan(step, (x, key), steps)[0][0]

    steps, start = tuple(map(jnp.asarray, _coefficients())), jnp.asarray(x_T)
    return lambda: summary(jax.block_until_ready(chain(jax.random.key(0), start, steps)))


def _floor(K, d, n):
    """The same noise, exponentials and products, some thousand points at a time."""
    rows = min(n, max(64, (1 << 17) // K))
    z, logits, sums = np.empty((n, d)), np.empty((K, rows)), np.empty((d + 1, rows))
    features, means, back = (
        np.full((d + 2, rows), 0.1),
        np.full((K, d + 2), -0.1),
        np.ones((d + 1, K)),
    )

    def call():
        rng = generator()
        for _ in TIMES[1:]:
            rng.standard_normal(out=z)
            for _ in range(0, n, rows):
                np.matmul(means, features, out=logits)
                np.exp(logits, out=logits)
                np.matmul(back, logits, out=sums)

    return call
