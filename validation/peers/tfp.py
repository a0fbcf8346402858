"""TensorFlow Probability on JAX: a step of its kernels, all chains at once."""

from __future__ import annotations

import sys
from functools import cache, partial
from types import SimpleNamespace
from unittest import mock

import jax
import tensorflow_probability.substrates.jax as tfp
from tensorflow_probability.substrates.jax.mcmc import hmc

from refscore.verify import replay

name, framework, version = "TensorFlow Probability on JAX", "jax", tfp.__version__


@partial(jax.jit, static_argnums=0)
def _step(kernel_of, target, size, x, noise, *uniforms):
    """(x', accepted) of one step, compiled once for laws that differ in numbers."""
    kernel = kernel_of(target, size)
    start = kernel.bootstrap_results(x)
    with replay(noise, *(("uniform", u) for u in uniforms)):
        moved, results = kernel.one_step(x, start, seed=jax.random.PRNGKey(0))
    return moved, getattr(results, "is_accepted", None)


@partial(jax.jit, static_argnums=0)
def _drawn(kernel_of, target, size, x, seed):
    """(x', accepted) of one step that draws for itself."""
    kernel = kernel_of(target, size)
    moved, results = kernel.one_step(x, kernel.bootstrap_results(x), seed=seed)
    return moved, getattr(results, "is_accepted", None)


def _stepped(kernel_of, target, size, x, given, rng):
    if rng is None:
        return _step(kernel_of, target, size, x, *given)
    return _drawn(kernel_of, target, size, x, rng)


def _of(score):
    """The log density, up to a constant, that JAX may differentiate."""
    return lambda x: -score.energy(x)


def _mala(score, step_size):
    return tfp.mcmc.MetropolisAdjustedLangevinAlgorithm(_of(score), step_size)


def _random_walk(log_density, scale):
    normal = tfp.mcmc.random_walk_normal_fn(scale)
    return tfp.mcmc.RandomWalkMetropolis(log_density, new_state_fn=normal)


@cache
def _hmc(n_leapfrog):
    def kernel(score, step_size):
        return tfp.mcmc.HamiltonianMonteCarlo(_of(score), step_size, n_leapfrog)

    return kernel


def _langevin(score, step_size):
    return tfp.mcmc.UncalibratedLangevin(_of(score), step_size)


def mala_step(log_density, score, x, step_size, noise=None, uniform=None, *, rng=None):
    return _stepped(_mala, score, step_size, x, (noise, uniform), rng)


def random_walk_step(log_density, x, scale, noise=None, uniform=None, *, rng=None):
    return _stepped(_random_walk, log_density, scale, x, (noise, uniform), rng)


def hmc_step(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    return _step(_hmc(n_leapfrog), score, step_size, x, momentum, uniform)


def langevin_step(score, x, step_size, noise=None, *, rng=None):
    score.energy(x[:1])  # declines a field that is no gradient, which is not seen inside jit
    return _stepped(_langevin, score, step_size, x, (noise,), rng)[0]


def _no_kinetic_energy(momentum_parts, *_, **__):
    return 0.0 * momentum_parts[0][:, 0]


@cache
def _copy(n_leapfrog):
    return partial(_hmc(n_leapfrog))  # compiled apart from the right one


def _planted_hmc(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    with mock.patch.object(hmc, "_compute_log_acceptance_correction", _no_kinetic_energy):
        return _step(_copy(n_leapfrog), score, step_size, x, momentum, uniform)


PLANTED = SimpleNamespace(
    name=f"{name}, planted: HMC leaves out the kinetic energy",
    framework="jax", version=version, hmc_step=_planted_hmc,
    expected_failures={"hmc_given_momentum": "planted"},
)  # fmt: skip
SUBJECTS = [sys.modules[__name__], PLANTED]
