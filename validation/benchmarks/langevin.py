"""Unadjusted Langevin chains on two-component mixtures and on a Gaussian in d = 64."""

from __future__ import annotations

import numpy as np

from refscore import langevin
from validation.benchmarks import network
from validation.benchmarks.chains import STEPS, Mixture, Normal, floor, generator, summary
from validation.benchmarks.timing import Case

WORKLOAD = "unadjusted Langevin, {}, {} chains, 100 steps"


def cases():
    draws = np.random.default_rng(0).standard_normal((64, 256))
    return [
        _case("two equal components in the plane", Mixture([0.5, 0.5]), 10_000, 0.2),
        _case("two unequal components in the plane", Mixture([0.5, 1.0]), 10_000, 0.2),
        _case("a correlated Gaussian in d = 64", Normal(np.cov(draws)), 1000, 0.1),
    ]


def _case(name, target, n, eta):
    x0 = target.law.sample(n, rng=0)
    step = langevin.ula(target.law.score, eta)
    no_jax = network.missing("jax")
    others = {
        "NumPy": lambda: _numpy(target.numpy_score, x0, eta),
        "torch": network.missing("torch") or _torch(target.torch_score(), x0, eta),
        "JAX, one scan, score written out": no_jax or _scan(target.jax_score, x0, eta),
        "JAX, one scan, grad and vmap": no_jax or _scan(_by_grad(target), x0, eta),
        "JAX, a loop of jitted steps": no_jax or _loop(_by_grad(target), x0, eta),
    }

    def ours():
        return summary(langevin.run(step, x0, STEPS, rng=generator(), moments=False).x)

    name = WORKLOAD.format(name, n)
    return Case(name, ours, others, floor(x0.shape), "drawing the noise (SFC64)", 0.15)


def _numpy(score, x, eta):
    rng = np.random.default_rng(0)
    for _ in range(STEPS):
        x = x + eta / 2 * score(x) + np.sqrt(eta) * rng.standard_normal(x.shape)
    return summary(x)


def _torch(score, x0, eta):
    import torch

    torch.set_num_threads(1)
    start = torch.tensor(x0)

    def call():
        torch.manual_seed(0)
        x = start
        with torch.no_grad():
            for _ in range(STEPS):
                x = x + eta / 2 * score(x) + eta**0.5 * torch.randn_like(x)
        return summary(x.numpy())

    return call


def _by_grad(target):
    """The score of a batch, as a tutorial takes it."""

    def score(x):
        import jax

        return jax.vmap(jax.grad(target.jax_log_density))(x)

    return score


def _jax_step(score, eta):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def step(x, key):
        noise = jax.random.normal(key, x.shape, dtype=jnp.float64)
        return x + eta / 2 * score(x) + eta**0.5 * noise

    return step


def _scan(score, x0, eta):
    import jax

    step = _jax_step(score, eta)

    @jax.jit
    def chain(key, x):
        keys = jax.random.split(key, STEPS)
        return jax.lax.scan(lambda x, key: (step(x, key), None), x, keys)[0]

    return lambda: summary(jax.block_until_ready(chain(jax.random.key(0), x0)))


def _loop(score, x0, eta):
    import jax

    step = jax.jit(_jax_step(score, eta))

    def call():
        x, key = x0, jax.random.key(0)
        for _ in range(STEPS):
            key, use = jax.random.split(key)
            x = step(x, use)
        return summary(jax.block_until_ready(x))

    return call
