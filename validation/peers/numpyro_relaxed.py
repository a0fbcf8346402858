"""NumPyro: its relaxed bits and its Gumbel law."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpyro
import numpyro.distributions as dist

name, framework, version = "NumPyro, RelaxedBernoulli and Gumbel", "jax", numpyro.__version__


def binary_concrete(logit, temperature, key):
    return dist.RelaxedBernoulliLogits(temperature, logit).sample(key)


def binary_concrete_log_density(values, logit, temperature):
    return dist.RelaxedBernoulliLogits(temperature, logit).log_prob(values)


def max_gumbel_log_density(logits, values):
    return dist.Gumbel(jax.nn.logsumexp(logits, -1), 1.0).log_prob(values)


def gumbel_max(logits, key):
    return dist.CategoricalLogits(logits).sample(key)


def _without_jacobian(values, logit, temperature):
    z = temperature * (jnp.log(values) - jnp.log1p(-values)) - logit
    return dist.Logistic().log_prob(z) + jnp.log(temperature)


PLANTED = SimpleNamespace(
    name="NumPyro, planted: the density of the logit for that of the bit", framework="jax",
    version=version, binary_concrete_log_density=_without_jacobian,
    expected_failures={"binary_concrete_density": "planted"},
)  # fmt: skip
SUBJECTS = [sys.modules[__name__], PLANTED]
