"""The score of isotropic Gaussian mixtures, K up to 1000 components in d = 2 and 64."""

from __future__ import annotations

import numpy as np

from refscore.distributions import GaussianMixture
from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD = "mixture score, equal isotropic components, 4096 points"
BATCH, VARIANCE = 4096, 0.5


def cases():
    return [_case(K, dim) for K, dim in ((2, 2), (25, 2), (1000, 2), (25, 64), (1000, 64))]


def _case(K, dim):
    rng = np.random.default_rng(0)
    means, x = rng.standard_normal((K, dim)), rng.standard_normal((BATCH, dim))
    weights = rng.dirichlet(np.ones(K))
    law = GaussianMixture(weights, means, np.full(K, VARIANCE))
    arguments = x, means, np.log(weights)
    others = {
        "NumPy": (lambda: (_numpy(*arguments),))
        if K * dim <= 10_000
        else "its array of all gaps takes 2 GB",
        "torch": network.missing("torch") or _torch(*arguments),
        "JAX": network.missing("jax") or _jax(*arguments),
    }
    name = f"{WORKLOAD}, K = {K}, d = {dim}"
    floor = "the exponentials and two products"
    return Case(name, lambda: (law.score(x),), others, _floor(x, means), floor)


def _numpy(x, means, log_weights):
    from scipy.special import softmax

    gaps = means - x[:, None, :]
    responsibilities = softmax(log_weights - np.sum(gaps**2, axis=2) / (2 * VARIANCE), axis=1)
    return np.einsum("nk,nkd->nd", responsibilities, gaps) / VARIANCE


def _torch(x, means, log_weights):
    """The same formula with cdist and softmax."""
    import torch

    torch.set_num_threads(1)
    x, means, log_weights = (torch.tensor(array) for array in (x, means, log_weights))

    def call():
        logits = log_weights - torch.cdist(x, means) ** 2 / (2 * VARIANCE)
        return (((torch.softmax(logits, dim=1) @ means - x) / VARIANCE).numpy(),)

    return call


def _jax(x, means, log_weights):
    """The gradient of logsumexp, jitted and vmapped."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, means, log_weights = (jnp.array(array) for array in (x, means, log_weights))

    def log_density(y):
        squares = jnp.sum((means - y) ** 2, axis=1)
        return jax.nn.logsumexp(log_weights - squares / (2 * VARIANCE))

    compiled = jax.jit(jax.vmap(jax.grad(log_density)))
    return lambda: (np.asarray(jax.block_until_ready(compiled(x))),)


def _floor(x, means):
    """exp and two products in blocks that fit the cache."""
    K, (n, dim) = len(means), x.shape
    rows = max(1, min(n, 2**15 // K))
    weights, sums = np.empty((rows, K)), np.empty((rows, dim))

    def call():
        for start in range(0, n - rows + 1, rows):
            np.matmul(x[start : start + rows], means.T, out=weights)
            np.exp(weights, out=weights)
            np.matmul(weights, means, out=sums)

    return call
