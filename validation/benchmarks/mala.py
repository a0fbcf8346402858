"""Metropolis-adjusted Langevin against BlackJAX: the same kernel at the same step size.

So that effective samples a second compare as the times do: both chains have one law. Both
accept alike, which is what is compared beside the variance.
"""

from __future__ import annotations

import numpy as np

from refscore import langevin
from validation.benchmarks import network
from validation.benchmarks.chains import STEPS, Mixture, Normal, floor, generator, summary
from validation.benchmarks.timing import Case

WORKLOAD = "Metropolis-adjusted Langevin, {}, {} chains, 100 steps"


def cases():
    plane = Mixture([0.5, 0.5])
    return [
        _case("two equal components in the plane", plane, 1000, 0.8),
        _case("two equal components in the plane", plane, 10_000, 0.8),
        _case("independent coordinates, d = 64", Normal(np.linspace(0.5, 2.0, 64)), 1000, 0.3),
    ]


def _case(name, target, n, eta):
    x0 = target.law.sample(n, rng=0)
    step = langevin.mala(target.law.log_density, target.law.score, eta)
    missing = network.missing("blackjax")
    others = {
        "NumPy": lambda: _numpy(target, x0, eta),
        "BlackJAX, one scan": missing or _blackjax(target.jax_log_density, x0, eta),
    }

    def ours():
        found = langevin.run(step, x0, STEPS, rng=generator(), moments=False)
        return *summary(found.x), found.acceptance.mean()

    name = WORKLOAD.format(name, n)
    return Case(name, ours, others, floor(x0.shape, n), "drawing the noise (SFC64)", 0.15)


def _numpy(target, x, eta):
    """As a reader writes it, the log density from the library."""
    rng, taken, log_density, score = (
        np.random.default_rng(0),
        [],
        target.law.log_density,
        target.numpy_score,
    )

    def log_q(y, x):
        return -((y - x - eta / 2 * score(x)) ** 2).sum(axis=1) / (2 * eta)

    for _ in range(STEPS):
        y = x + eta / 2 * score(x) + np.sqrt(eta) * rng.standard_normal(x.shape)
        ratio = log_density(y) - log_density(x) + log_q(x, y) - log_q(y, x)
        accepted = np.log(rng.random(len(x))) < ratio
        x = np.where(accepted[:, None], y, x)
        taken.append(accepted.mean())
    return *summary(x), np.mean(taken)


def _blackjax(log_density, x0, eta):
    """BlackJAX's step size is η/2."""
    import blackjax
    import jax

    jax.config.update("jax_enable_x64", True)
    kernel = blackjax.mala(log_density, eta / 2)

    @jax.jit
    def chain(key, x):
        def step(states, key):
            keys = jax.random.split(key, len(x0))
            states, info = jax.vmap(kernel.step)(keys, states)
            return states, info.is_accepted.mean()

        keys = jax.random.split(key, STEPS)
        states, taken = jax.lax.scan(step, jax.vmap(kernel.init)(x), keys)
        return states.position, taken.mean()

    def call():
        x, taken = jax.block_until_ready(chain(jax.random.key(0), x0))
        return *summary(x), float(taken)

    return call
