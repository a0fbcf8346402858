"""BlackJAX: one step of its kernels a chain, on given noise; its step sizes are eta / 2."""

from __future__ import annotations

from contextlib import nullcontext
from unittest import mock

import blackjax
import jax
import jax.numpy as jnp

from refscore.verify import replay

_linear_map = blackjax.util.linear_map
# Its module keeps jax.random.normal under its own name; and while draws are replayed jit is off,
# which would make an array of a number.
reached = mock.patch.multiple(
    blackjax.util,
    normal=lambda *arguments, **named: jax.random.normal(*arguments, **named),
    linear_map=lambda a, b: _linear_map(jnp.asarray(a), b),
)


class Kernels:
    """Langevin, Metropolis and Hamiltonian kernels, chains by vmap."""

    name, framework, version = "BlackJAX", "jax", blackjax.__version__
    conventions = {"langevin_step.step": "h"}
    planted = nullcontext()

    def _moved(self, algorithm, x, *draws):
        """(x', accepted) of a step of every chain; the draws stand for their keys'."""
        keys = jax.random.split(jax.random.PRNGKey(0), len(x))
        states = jax.vmap(algorithm.init)(x)
        with replay(*draws), reached:
            states, info = jax.vmap(algorithm.step)(keys, states)
        return states.position, info.is_accepted

    def langevin_step(self, score, x, step_size, noise):
        return self.sgld_step(lambda x, _: score(x), x, 2 * step_size, noise, noise)

    def sgld_step(self, gradient, x, step_size, gradient_noise, noise):
        with replay(noise.reshape(-1)), reached:  # all points are one position to it
            key = jax.random.PRNGKey(0)
            return blackjax.sgld(gradient).step(key, x, gradient_noise, step_size / 2)

    def mala_step(self, log_density, score, x, step_size, noise, uniform):
        with self.planted:
            algorithm = blackjax.mala(_one(log_density), step_size / 2)
        return self._moved(algorithm, x, noise, ("uniform", uniform))

    def random_walk_step(self, log_density, x, scale, noise, uniform):
        normal = blackjax.mcmc.random_walk.normal(jnp.full(x.shape[-1], scale))
        algorithm = blackjax.additive_step_random_walk(_one(log_density), normal)
        return self._moved(algorithm, x, noise, ("uniform", uniform))

    def barker_step(self, log_density, score, x, scale, noise, uniforms, uniform):
        algorithm = blackjax.barker(_one(log_density), scale)
        return self._moved(algorithm, x, noise, ("uniform", uniforms), ("uniform", uniform))

    def hmc_step(self, log_density, score, x, momentum, step_size, n_leapfrog, uniform):
        mass = jnp.ones(x.shape[-1])
        algorithm = blackjax.hmc(_one(log_density), step_size, mass, n_leapfrog)
        return self._moved(algorithm, x, momentum, ("uniform", uniform))


def _one(log_density):
    """Of one chain's point (d,)."""
    return lambda x: log_density(x[None])[0]


SUBJECTS = [Kernels()]
