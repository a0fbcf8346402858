"""BlackJAX: one step of its kernels a chain, on given noise."""

from __future__ import annotations

from types import SimpleNamespace
from unittest import mock

import blackjax
import jax
import jax.numpy as jnp
from blackjax.mcmc import proposal

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
    conventions = {"step": "h"}

    def _moved(self, algorithm, x, *draws):
        """(x', accepted) of a step of every chain; the draws stand for their keys'."""
        keys = jax.random.split(jax.random.PRNGKey(0), len(x))
        states = jax.vmap(algorithm.init)(x)
        with replay(*draws), reached:
            states, info = jax.vmap(algorithm.step)(keys, states)
        return states.position, info.is_accepted

    def langevin_step(self, score, x, step_size, noise):
        return self.sgld_step(lambda x, _: score(x), x, step_size, noise, noise)

    def sgld_step(self, gradient, x, step_size, gradient_noise, noise):
        with replay(noise.reshape(-1)), reached:  # all points are one position to it
            key = jax.random.PRNGKey(0)
            return blackjax.sgld(gradient).step(key, x, gradient_noise, step_size)

    def mala_step(self, log_density, score, x, step_size, noise, uniform):
        algorithm = blackjax.mala(_of(score), step_size)
        return self._moved(algorithm, x, noise, ("uniform", uniform))

    def random_walk_step(self, log_density, x, scale, noise, uniform):
        normal = blackjax.mcmc.random_walk.normal(jnp.full(x.shape[-1], scale))
        algorithm = blackjax.additive_step_random_walk(lambda x: log_density(x[None])[0], normal)
        return self._moved(algorithm, x, noise, ("uniform", uniform))

    def barker_step(self, log_density, score, x, scale, noise, uniforms, uniform):
        algorithm = blackjax.barker(_of(score), scale)
        return self._moved(algorithm, x, noise, ("uniform", uniforms), ("uniform", uniform))

    def hmc_step(self, log_density, score, x, momentum, step_size, n_leapfrog, uniform):
        mass = jnp.ones(x.shape[-1])
        algorithm = blackjax.hmc(_of(score), step_size, mass, n_leapfrog)
        return self._moved(algorithm, x, momentum, ("uniform", uniform))


def _of(score):
    """The log density, up to a constant, that JAX may differentiate."""
    return lambda x: -score.energy(x)


def _plain_ratio(transition_energy):
    return lambda old, new, **_: new.logdensity - old.logdensity


def _planted_mala(log_density, score, x, step_size, noise, uniform):
    with mock.patch.object(proposal, "compute_asymmetric_acceptance_ratio", _plain_ratio):
        return Kernels().mala_step(log_density, score, x, step_size, noise, uniform)


PLANTED = SimpleNamespace(
    name="BlackJAX, planted: MALA accepts by the densities alone",
    framework="jax", version=blackjax.__version__, conventions={"step": "h"},
    mala_step=_planted_mala,
    expected_failures={"mala_given_noise": "planted", "mala_keeps_variance": "planted"},
)  # fmt: skip
SUBJECTS = [Kernels(), PLANTED]
