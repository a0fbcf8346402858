"""NumPyro: one step of its HMC and of Barker's proposal a chain, on given noise."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from unittest import mock

import jax
import jax.numpy as jnp
import numpyro
from numpyro.infer import HMC, BarkerMH, barker

from refscore.verify import replay

name, framework, version = "NumPyro", "jax", numpyro.__version__


def _moved(kernel, x, *draws):
    """The points after one step of a sampling phase without warm-up, chain by chain."""
    states = [kernel.init(jax.random.PRNGKey(0), 0, start, (), {}) for start in x]
    with replay(*[(kind, row) for kind, draw in draws for row in draw]):
        return jnp.stack([kernel.sample(state, (), {}).z for state in states])


def hmc_step(log_density, score, x, momentum, step_size, n_leapfrog, uniform):
    kernel = HMC(
        potential_fn=score.energy, step_size=step_size, num_steps=n_leapfrog,
        trajectory_length=None, adapt_step_size=False, adapt_mass_matrix=False,
    )  # fmt: skip
    return _moved(kernel, x, ("normal", momentum), ("uniform", uniform))


def barker_step(log_density, score, x, scale, noise, uniforms, uniform):
    kernel = BarkerMH(
        potential_fn=score.energy, step_size=scale,
        adapt_step_size=False, adapt_mass_matrix=False,
    )  # fmt: skip
    both = jnp.concatenate([uniforms, uniform[:, None]], axis=1)
    rows = [part for row in both for part in (row[:-1], row[-1:])]
    return _moved(kernel, x, ("normal", noise), ("uniform", rows))


def _planted_barker(log_density, score, x, scale, noise, uniforms, uniform):
    with mock.patch.object(barker, "softplus", jnp.zeros_like):
        return barker_step(log_density, score, x, scale, noise, uniforms, uniform)


PLANTED = SimpleNamespace(
    name="NumPyro, planted: Barker's step accepts by the densities alone",
    framework="jax", version=version, barker_step=_planted_barker,
    expected_failures={"barker_given_noise": "planted"},
)  # fmt: skip
SUBJECTS = [sys.modules[__name__], PLANTED]
