"""The maximum mean discrepancy, Gaussian kernel, n = m = 5,000 and 20,000, d = 2 and 10."""

from __future__ import annotations

import numpy as np

from refscore.discrepancies import mmd
from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD, H = "maximum mean discrepancy, RBF, n = m = {}, d = {}", 1.3
ROWS = 250  # of the blocks that a careful writer works in


def cases():
    return [_case(n, dim) for n in (5000, 20_000) for dim in (2, 10)]


def _case(n, dim):
    x, y = np.random.default_rng(0).standard_normal((2, n, dim))
    y += 0.3
    large = "each array of all pairs takes 3 GB" if n > 5000 else None
    others = {
        "NumPy, all pairs": large or (lambda: (_combine(_numpy, x, y),)),
        "torch, blocks": network.missing("torch") or _torch(x, y),
        "JAX, blocks": network.missing("jax") or _jax(x, y),
        "scikit-learn, rbf_kernel": large or network.missing("sklearn") or _sklearn(x, y, n),
        "scikit-learn, blocks": network.missing("sklearn") or _sklearn(x, y, ROWS),
    }
    name = WORKLOAD.format(f"{n:,}", dim)
    floor = "the exponentials of 2 n² pairs"
    return Case(name, lambda: (mmd(x, y, bandwidth=H),), others, _floor(n), floor)


def _combine(mean, x, y):
    return mean(x, x) + mean(y, y) - 2 * mean(x, y)


def _numpy(x, y):
    squares = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * x @ y.T
    return np.exp(-squares / (2 * H**2)).mean()


def _sklearn(x, y, rows):
    from sklearn.metrics.pairwise import rbf_kernel

    def mean(x, y):
        starts = range(0, len(x), rows)
        sums = (rbf_kernel(x[i : i + rows], y, gamma=1 / (2 * H**2)).sum() for i in starts)
        return sum(sums) / (len(x) * len(y))

    return lambda: (np.array(_combine(mean, x, y)),)


def _torch(x, y):
    import torch

    torch.set_num_threads(1)
    x, y = torch.tensor(x), torch.tensor(y)

    def mean(x, y):
        starts = range(0, len(x), ROWS)
        parts = (torch.cdist(x[i : i + ROWS], y) ** 2 / (2 * H**2) for i in starts)
        return sum(torch.exp(-part).sum() for part in parts) / (len(x) * len(y))

    return lambda: (_combine(mean, x, y).numpy(),)


def _jax(x, y):
    """Squared distances by a product, jitted; rows in a scan: nothing of size n² is kept."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, y = jnp.array(x), jnp.array(y)

    @jax.jit
    def mean(x, y):
        def add(sofar, rows):
            squares = (rows**2).sum(1)[:, None] + (y**2).sum(1) - 2 * rows @ y.T
            return sofar + jnp.exp(-squares / (2 * H**2)).sum(), None

        blocks = x.reshape(-1, ROWS, x.shape[1])
        return jax.lax.scan(add, 0.0, blocks)[0] / (len(x) * len(y))

    return lambda: (np.asarray(jax.block_until_ready(_combine(mean, x, y))),)


def _floor(n):
    u = np.full((256, 256), -1.7)
    out = np.empty_like(u)

    def call():
        for _ in range(2 * n * n // u.size):
            np.exp(u, out=out)

    return call
