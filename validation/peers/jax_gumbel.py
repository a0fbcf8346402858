"""jax.random: categorical draws, also without replacement, and Gumbel numbers in a softmax."""

from __future__ import annotations

import sys
from functools import partial
from types import SimpleNamespace

import jax
import jax.numpy as jnp

name, framework, version = "jax.random, categorical and gumbel", "jax", jax.__version__


@jax.jit
def gumbel_max(logits, key):
    return jax.random.categorical(key, logits)


@jax.jit
def gumbel_max_given_temperature(logits, temperature, key):
    return jax.random.categorical(key, logits / temperature)


def gumbel_softmax(logits, temperature, gumbels=None, *, key=None):
    g = jax.random.gumbel(key, logits.shape, logits.dtype) if gumbels is None else gumbels
    return jax.nn.softmax((logits + g) / temperature)


def gumbel_softmax_gradient(logits, temperature, cotangent, gumbels):
    def loss(l):
        return (cotangent * gumbel_softmax(l, temperature, gumbels)).sum()

    return jax.grad(loss)(logits)


@partial(jax.jit, static_argnums=1)
def top_k(logits, k, key):
    keys = jax.random.split(key, len(logits))  # the draws of a row would have an axis in front
    return jax.vmap(lambda key, row: jax.random.categorical(key, row, shape=(k,), replace=False))(
        keys, logits
    )


PLANTED = SimpleNamespace(
    name="jax.random, planted: the sum is tempered, not the logits", framework="jax",
    version=version,
    gumbel_max_given_temperature=lambda logits, temperature, gumbels: jnp.argmax(
        (logits + gumbels) / temperature, -1
    ),
    expected_failures={"gumbel_max_tempered": "planted"},
)  # fmt: skip
SUBJECTS = [sys.modules[__name__], PLANTED]
