"""BlackJAX: one step of its kernels a chain, on given noise or its own."""

from __future__ import annotations

from functools import cache, partial
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


@partial(jax.jit, static_argnums=0)
def _moved(algorithm_of, target, size, x, noise, *uniforms):
    """(x', accepted) of a step of every chain, compiled once for laws that differ in numbers."""

    def one(x, noise, *uniforms):
        algorithm = algorithm_of(target, size)
        state = algorithm.init(x)
        with replay(noise, *(("uniform", u) for u in uniforms)), reached:
            state, info = algorithm.step(jax.random.PRNGKey(0), state)
        return state.position, info.is_accepted

    return jax.vmap(one)(x, noise, *uniforms)


@partial(jax.jit, static_argnums=0)
def _drawn(algorithm_of, target, size, x, keys):
    """(x', accepted) of a step of every chain that draws for itself."""
    algorithm = algorithm_of(target, size)
    states, info = jax.vmap(algorithm.step)(keys, jax.vmap(algorithm.init)(x))
    return states.position, info.is_accepted


def _step(algorithm_of, target, size, x, given, key):
    if key is None:
        return _moved(algorithm_of, target, size, x, *given)
    return _drawn(algorithm_of, target, size, x, jax.random.split(key, len(x)))


def _of(score):
    """The log density, up to a constant, that JAX may differentiate."""
    return lambda x: -score.energy(x)


def _mala(score, step_size):
    return blackjax.mala(_of(score), step_size)


def _random_walk(log_density, scales):
    normal = blackjax.mcmc.random_walk.normal(scales)
    return blackjax.additive_step_random_walk(log_density, normal)


def _barker(score, scale):
    return blackjax.barker(_of(score), scale)


@cache
def _hmc(n_leapfrog):
    def algorithm(score, sizes):
        step_size, mass = sizes
        return blackjax.hmc(_of(score), step_size, mass, n_leapfrog)

    return algorithm


class Kernels:
    """Langevin, Metropolis and Hamiltonian kernels, chains by vmap."""

    name, framework, version = "BlackJAX", "jax", blackjax.__version__
    conventions = {"step": "h"}

    def langevin_step(self, score, x, step_size, noise=None, *, key=None):
        return self.sgld_step(lambda x, _: score(x), x, step_size, None, noise, key=key)

    def sgld_step(self, gradient, x, step_size, gradient_noise, noise=None, *, key=None):
        algorithm = blackjax.sgld(gradient)
        if key is not None:
            return algorithm.step(key, x, gradient_noise, step_size)
        with replay(noise.reshape(-1)), reached:  # all points are one position to it
            return algorithm.step(jax.random.PRNGKey(0), x, gradient_noise, step_size)

    def mala_step(self, log_density, score, x, step_size, noise=None, uniform=None, *, key=None):
        return _step(_mala, score, step_size, x, (noise, uniform), key)

    def random_walk_step(self, log_density, x, scale, noise=None, uniform=None, *, key=None):
        scales = jnp.full(x.shape[-1], scale)
        return _step(_random_walk, log_density, scales, x, (noise, uniform), key)

    def barker_step(
        self, log_density, score, x, scale, noise=None, uniforms=None, uniform=None, *, key=None
    ):
        return _step(_barker, score, scale, x, (noise, uniforms, uniform), key)

    def hmc_step(self, log_density, score, x, momentum, step_size, n_leapfrog, uniform):
        sizes = step_size, jnp.ones(x.shape[-1])
        return _moved(_hmc(n_leapfrog), score, sizes, x, momentum, uniform)


def _plain_ratio(transition_energy):
    return lambda old, new, **_: new.logdensity - old.logdensity


def _planted_mala(score, step_size):
    with mock.patch.object(proposal, "compute_asymmetric_acceptance_ratio", _plain_ratio):
        return _mala(score, step_size)


def mala_step(log_density, score, x, step_size, noise=None, uniform=None, *, key=None):
    """BlackJAX's, with the mistake of the planted copy."""
    return _step(_planted_mala, score, step_size, x, (noise, uniform), key)


PLANTED = SimpleNamespace(
    name="BlackJAX, planted: MALA accepts by the densities alone",
    framework="jax", version=blackjax.__version__, conventions={"step": "h"},
    mala_step=mala_step,
    expected_failures=dict.fromkeys(
        ("mala_given_noise", "mala_keeps_variance", "mala_draws"), "planted"
    ),
)  # fmt: skip


def _one_key(score, x, step_size, *, key):
    """A key that was not split: what jax.vmap over chains makes of it."""
    step = blackjax.sgld(lambda x, _: score(x)).step
    return jax.vmap(lambda x: step(key, x, None, step_size))(x)


SHARED = SimpleNamespace(
    name="BlackJAX, planted: one key for every chain",
    framework="jax", version=blackjax.__version__, conventions={"step": "h"},
    langevin_step=_one_key, expected_failures={"one_step_draws": "planted"},
)  # fmt: skip
SUBJECTS = [Kernels(), PLANTED, SHARED]
