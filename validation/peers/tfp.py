"""TensorFlow Probability on JAX: one step of its kernels, all chains at once, on given noise."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from unittest import mock

import jax
import tensorflow_probability.substrates.jax as tfp
from tensorflow_probability.substrates.jax.mcmc import hmc

from refscore.verify import replay

name, framework, version = "TensorFlow Probability on JAX", "jax", tfp.__version__


def _step(kernel, x, *draws):
    """(x', accepted) of one step."""
    start = kernel.bootstrap_results(x)
    with replay(*draws):
        moved, results = kernel.one_step(x, start, seed=jax.random.PRNGKey(0))
    return moved, getattr(results, "is_accepted", None)


def _of(score):
    """The log density, up to a constant, that JAX may differentiate."""
    return lambda x: -score.energy(x)


def mala_step(log_density, score, x, step_size, noise, uniform):
    kernel = tfp.mcmc.MetropolisAdjustedLangevinAlgorithm(_of(score), step_size)
    return _step(kernel, x, noise, ("uniform", uniform))


def random_walk_step(log_density, x, scale, noise, uniform):
    normal = tfp.mcmc.random_walk_normal_fn(scale)
    kernel = tfp.mcmc.RandomWalkMetropolis(log_density, new_state_fn=normal)
    return _step(kernel, x, noise, ("uniform", uniform))


def hmc_step(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    kernel = tfp.mcmc.HamiltonianMonteCarlo(_of(score), step_size, n_leapfrog)
    return _step(kernel, x, momentum, ("uniform", uniform))


def langevin_step(score, x, step_size, noise):
    kernel = tfp.mcmc.UncalibratedLangevin(_of(score), step_size)
    return _step(kernel, x, noise)[0]


def _planted_hmc(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    def none(momentum_parts, *_, **__):
        return 0.0 * momentum_parts[0][:, 0]

    with mock.patch.object(hmc, "_compute_log_acceptance_correction", none):
        return hmc_step(log_density, score, x, momentum, step_size, n_leapfrog, uniform)


PLANTED = SimpleNamespace(
    name=f"{name}, planted: HMC leaves out the kinetic energy",
    framework="jax", version=version, hmc_step=_planted_hmc,
    expected_failures={"hmc_given_momentum": "planted"},
)  # fmt: skip
SUBJECTS = [sys.modules[__name__], PLANTED]
