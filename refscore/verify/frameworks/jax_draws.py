"""JAX's random functions, answered from given draws."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from refscore.verify.frameworks.draws import Draws, ReplayError, as_bits, whole


def patches(draws: Draws) -> list[tuple]:
    """(owner, name, replacement) for the functions of jax.random through which libraries draw."""
    ask = partial(_ask, draws.traced)

    def real(call, kind):
        def function(key, shape=(), dtype=None, **ignored):
            dtype = float if dtype is None else dtype
            return ask(key, shape, dtype, lambda s: draws.take(call, s, kind)[0])

        return function

    normal, gumbel = real("jax.random.normal", "normal"), real("jax.random.gumbel", "gumbel")
    exponential = real("jax.random.exponential", "exponential")
    standard_uniform = real("jax.random.uniform", "uniform")

    def uniform(key, shape=(), dtype=None, minval=0.0, maxval=1.0, **ignored):
        u = standard_uniform(key, shape, dtype)
        return (minval + (maxval - minval) * u).astype(u.dtype)

    def rademacher(key, shape=(), dtype=None, **ignored):
        call, dtype = "jax.random.rademacher", int if dtype is None else dtype
        return ask(key, shape, dtype, lambda s: draws.take(call, s, "sign")[0])

    computed = real("jax.random.bernoulli", "uniform")

    def bernoulli(key, p=0.5, shape=None, **ignored):
        if isinstance(p, jax.core.Tracer):  # its value is not known here, so no sign will do
            return computed(key, p.shape if shape is None else shape) < p
        p = np.asarray(p)
        kinds = ("sign", "uniform") if (p == 0.5).all() else ("uniform",)

        def bits(asked):
            draw, kind = draws.take("jax.random.bernoulli", asked, *kinds)
            return as_bits(draw, kind, p)

        return ask(key, p.shape if shape is None else shape, bool, bits)

    def randint(key, shape, minval, maxval, dtype=None, **ignored):
        def numbers(asked):
            return whole(draws, "jax.random.randint", int(minval), int(maxval), asked)

        return ask(key, shape, int if dtype is None else dtype, numbers)

    functions = (normal, uniform, exponential, gumbel, rademacher, bernoulli, randint)
    names = ("normal", "uniform", "exponential", "gumbel", "rademacher", "bernoulli", "randint")
    return [(jax.random, name, f) for name, f in zip(names, functions, strict=True)]


def _ask(traced, key, shape, dtype, take):
    """A draw at once; under vmap over keys, one draw for the whole batch, batch axes first.

    Traced draws belong to the caller's own jit and vmap: they are returned as they are.
    """
    shape = (int(shape),) if np.ndim(shape) == 0 else tuple(map(int, shape))
    dtype = jax.dtypes.canonicalize_dtype(dtype)
    if dtype.kind == "c":
        raise ReplayError("complex draws cannot be replayed")
    if traced or not isinstance(key, jax.core.Tracer):
        return jnp.asarray(take(shape), dtype)
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)

    def host(words):
        return np.asarray(take(words.shape[:-1] + shape), dtype)

    return jax.pure_callback(
        host, jax.ShapeDtypeStruct(shape, dtype), key, vmap_method="expand_dims"
    )
