"""NumPyro: one step of its HMC and of Barker's proposal a chain, on given noise or its own."""

from __future__ import annotations

import sys
from functools import cache, partial
from types import SimpleNamespace
from unittest import mock

import jax
import jax.numpy as jnp
import numpyro
from numpyro.infer import HMC, BarkerMH, barker

from refscore.verify import replay

name, framework, version = "NumPyro", "jax", numpyro.__version__


@partial(jax.jit, static_argnums=0)
def _moved(kernel_of, score, size, x, noise, *uniforms):
    """The points after one step of a sampling phase without warm-up, a kernel a chain."""

    def one(x, noise, *uniforms):
        kernel = kernel_of(score, size)
        state = kernel.init(jax.random.PRNGKey(0), 0, x, (), {})
        with replay(noise, *(("uniform", u) for u in uniforms)):
            return kernel.sample(state, (), {}).z

    return jax.vmap(one)(x, noise, *uniforms)


@partial(jax.jit, static_argnums=0)
def _drawn(kernel_of, score, size, x, keys):
    """The points after one such step that draws for itself."""

    def one(x, key):
        kernel = kernel_of(score, size)
        return kernel.sample(kernel.init(key, 0, x, (), {}), (), {}).z

    return jax.vmap(one)(x, keys)


def _step(kernel_of, score, size, x, given, key):
    if key is None:
        return _moved(kernel_of, score, size, x, *given)
    return _drawn(kernel_of, score, size, x, jax.random.split(key, len(x)))


_FIXED = {"adapt_step_size": False, "adapt_mass_matrix": False}


@cache
def _hmc(n_leapfrog):
    def kernel(score, step_size):
        length = {"num_steps": n_leapfrog, "trajectory_length": None}
        return HMC(potential_fn=score.energy, step_size=step_size, **length, **_FIXED)

    return kernel


def _barker(score, scale):
    return BarkerMH(potential_fn=score.energy, step_size=scale, **_FIXED)


def hmc_step(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    return _moved(_hmc(n_leapfrog), score, step_size, x, momentum, uniform)


def barker_step(log_density, score, x, scale, noise=None, uniforms=None, uniform=None, *, key=None):
    return _step(_barker, score, scale, x, (noise, uniforms, uniform), key)


_copy = partial(_barker)  # compiled apart from the right one


def _planted_barker(
    log_density, score, x, scale, noise=None, uniforms=None, uniform=None, *, key=None
):
    with mock.patch.object(barker, "softplus", jnp.zeros_like):
        return _step(_copy, score, scale, x, (noise, uniforms, uniform), key)


PLANTED = SimpleNamespace(
    name="NumPyro, planted: Barker's step accepts by the densities alone",
    framework="jax", version=version, barker_step=_planted_barker,
    expected_failures={"barker_given_noise": "planted", "barker_draws": "planted"},
)  # fmt: skip
SUBJECTS = [sys.modules[__name__], PLANTED]
