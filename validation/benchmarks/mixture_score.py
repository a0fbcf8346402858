"""The score of isotropic Gaussian mixtures, equal and unequal, K up to 1000, d = 2 and 64."""

from __future__ import annotations

import numpy as np

from refscore.distributions import GaussianMixture
from validation.benchmarks import network
from validation.benchmarks.timing import Case

WORKLOAD, BATCH = "mixture score, {} isotropic components, 4096 points, K = {}, d = {}", 4096


def cases():
    equal = [_case("equal", *size) for size in ((2, 2), (25, 2), (1000, 2), (25, 64), (1000, 64))]
    return equal + [_case("unequal", *size) for size in ((2, 2), (25, 2), (1000, 2), (25, 64))]


def _case(kind, K, dim):
    rng = np.random.default_rng(0)
    means, x = rng.standard_normal((K, dim)), rng.standard_normal((BATCH, dim))
    weights = rng.dirichlet(np.ones(K))
    variances = np.full(K, 0.5) if kind == "equal" else rng.uniform(0.25, 1.0, K)
    law = GaussianMixture(weights, means, variances)
    arguments = x, means, variances, np.log(weights) - 0.5 * dim * np.log(variances)
    others = {
        "NumPy": (lambda: (_numpy(*arguments),))
        if K * dim <= 10_000
        else "its array of all gaps takes 2 GB",
        "torch": network.missing("torch") or _torch(*arguments),
        "JAX": network.missing("jax") or _jax(*arguments),
    }
    name = WORKLOAD.format(kind, K, dim)
    floor = "the exponentials and two products"
    return Case(name, lambda: (law.score(x),), others, _floor(x, means), floor)


def _numpy(x, means, variances, constants):
    from scipy.special import softmax

    gaps = means - x[:, None, :]
    responsibilities = softmax(constants - np.sum(gaps**2, axis=2) / (2 * variances), axis=1)
    return np.einsum("nk,nkd->nd", responsibilities / variances, gaps)


def _torch(x, means, variances, constants):
    """The same formula with cdist and softmax."""
    import torch

    torch.set_num_threads(1)
    x, means, variances, constants = map(torch.tensor, (x, means, variances, constants))

    def call():
        logits = constants - torch.cdist(x, means) ** 2 / (2 * variances)
        pulls = torch.softmax(logits, dim=1) / variances
        return ((pulls @ means - pulls.sum(dim=1, keepdim=True) * x).numpy(),)

    return call


def _jax(x, means, variances, constants):
    """The gradient of logsumexp, jitted and vmapped."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, means, variances, constants = map(jnp.array, (x, means, variances, constants))

    def log_density(y):
        squares = jnp.sum((means - y) ** 2, axis=1)
        return jax.nn.logsumexp(constants - squares / (2 * variances))

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
