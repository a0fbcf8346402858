"""TensorFlow Probability on JAX: relaxed one-hot rows and bits, their densities, Gumbel's law."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version as version_of

import jax
import jax.numpy as jnp
import tensorflow_probability.substrates.jax as tfp

tfd, version = tfp.distributions, version_of("tfp-nightly")
compiled = partial(jax.jit, static_argnums=0)


class Relaxed:
    """RelaxedOneHotCategorical and ExpRelaxedOneHotCategorical."""

    name, framework, version = "tfp, RelaxedOneHotCategorical", "jax", version

    @compiled
    def gumbel_softmax(self, logits, temperature, key):
        return tfd.RelaxedOneHotCategorical(temperature, logits=logits).sample(seed=key)

    def concrete_log_density(self, y, logits, temperature):
        return tfd.RelaxedOneHotCategorical(temperature, logits=logits).log_prob(y)

    def exp_concrete_log_density(self, log_y, logits, temperature):
        return tfd.ExpRelaxedOneHotCategorical(temperature, logits=logits).log_prob(log_y)

    @compiled
    def concrete_kl(self, logits, other_logits, temperature, other_temperature, key):
        q = tfd.ExpRelaxedOneHotCategorical(temperature, logits=logits)
        p = tfd.ExpRelaxedOneHotCategorical(other_temperature, logits=other_logits)
        log_y = q.sample(seed=key)
        return q.log_prob(log_y) - p.log_prob(log_y)

    def concrete_log_density_gradient(self, y, logits, temperature):
        return jax.grad(lambda l: self.concrete_log_density(y, l, temperature).sum())(logits)


class Bit:
    """RelaxedBernoulli."""

    name, framework, version = "tfp, RelaxedBernoulli", "jax", version

    @compiled
    def binary_concrete(self, logit, temperature, key):
        return tfd.RelaxedBernoulli(temperature, logits=logit).sample(seed=key)

    def binary_concrete_log_density(self, values, logit, temperature):
        return tfd.RelaxedBernoulli(temperature, logits=logit).log_prob(values)


class Draws:
    """Categorical, OneHotCategorical, Gumbel and Plackett-Luce."""

    name, framework, version = "tfp, Categorical, Gumbel, PlackettLuce", "jax", version

    @compiled
    def gumbel_max(self, logits, key):
        return tfd.Categorical(logits=logits).sample(seed=key)

    @compiled
    def gumbel_softmax_hard(self, logits, temperature, key):
        return tfd.OneHotCategorical(logits=logits, dtype=logits.dtype).sample(seed=key)

    def max_gumbel_log_density(self, logits, values):
        return tfd.Gumbel(jax.nn.logsumexp(logits, -1), 1.0).log_prob(values)

    @partial(jax.jit, static_argnums=(0, 2))
    def top_k(self, logits, k, key):
        return tfd.PlackettLuce(scores=jnp.exp(logits)).sample(seed=key)[:, :k]


class Planted(Relaxed):
    """With the logits' density in the place of the rows'."""

    name = "tfp, planted: the Jacobian of the exponential left out"
    expected_failures = {"concrete_density": "planted", "concrete_rounds": "planted"}

    def concrete_log_density(self, y, logits, temperature):
        return self.exp_concrete_log_density(jnp.log(y), logits, temperature)


SUBJECTS = [Relaxed(), Bit(), Draws(), Planted()]
