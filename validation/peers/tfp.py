"""TensorFlow Probability on JAX: one step of its kernels, all chains at once, on given noise."""

from __future__ import annotations

import jax
import tensorflow_probability.substrates.jax as tfp

from refscore.verify import replay

name, framework, version = "TensorFlow Probability on JAX", "jax", tfp.__version__


def _step(kernel, x, *draws):
    """(x', accepted) of one step."""
    start = kernel.bootstrap_results(x)
    with replay(*draws):
        moved, results = kernel.one_step(x, start, seed=jax.random.PRNGKey(0))
    return moved, getattr(results, "is_accepted", None)


def mala_step(log_density, score, x, step_size, noise, uniform):
    kernel = tfp.mcmc.MetropolisAdjustedLangevinAlgorithm(log_density, step_size)
    return _step(kernel, x, noise, ("uniform", uniform))


def random_walk_step(log_density, x, scale, noise, uniform):
    normal = tfp.mcmc.random_walk_normal_fn(scale)
    kernel = tfp.mcmc.RandomWalkMetropolis(log_density, new_state_fn=normal)
    return _step(kernel, x, noise, ("uniform", uniform))


def hmc_step(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    kernel = tfp.mcmc.HamiltonianMonteCarlo(log_density, step_size, n_leapfrog)
    return _step(kernel, x, momentum, ("uniform", uniform))


def langevin_step(score, x, step_size, noise):
    kernel = tfp.mcmc.UncalibratedLangevin(lambda y: -score.energy(y), step_size)
    return _step(kernel, x, noise)[0]
