"""JAX subjects: arrays there and back, keys, wrapped NumPy functions."""

from __future__ import annotations

import contextlib

import jax
import jax.numpy as jnp
import numpy as np

from refscore.verify.errors import NotOffered
from refscore.verify.frameworks.base import Framework, as_numpy, check_dtype
from refscore.verify.frameworks.formulas import formula
from refscore.verify.frameworks.jax_fields import JaxField
from refscore.verify.frameworks.jax_velocities import JaxVelocity
from refscore.verify.frameworks.velocities import velocity_formula


def enable_x64(enabled: bool = True):
    """A context in which JAX computes in float64; outside, the user's setting stands."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(enabled)
    from jax.experimental import enable_x64 as context  # type: ignore[attr-defined,unused-ignore]

    return context(enabled)


class JaxFramework(Framework):
    """JAX arrays on its default device.

    JAX truncates to float32 unless told otherwise, so a float64 subject is called inside
    `session()`; there `jax.jit` compiles anew, and nothing stays changed afterwards.
    """

    name = "jax"

    def to(self, array, dtype=None):
        """A float64 array even outside a session."""
        with enable_x64():
            return jnp.array(np.array(array, dtype=check_dtype(dtype)))

    def field(self, description):
        """A `JaxField`."""
        with enable_x64():
            return JaxField(formula(description))

    def velocity(self, description):
        """A `JaxVelocity`."""
        with enable_x64():
            return JaxVelocity(velocity_formula(description))

    def rng(self, seed):
        """A key."""
        return jax.random.PRNGKey(seed)

    def callable(self, f, vjp=None):
        """A function of JAX arrays; also under jit, vmap and grad."""
        if callable(f):
            return _wrapped(f, vjp or getattr(f, "vjp", None))
        matrix = np.array(f)
        return lambda v: v @ jnp.asarray(matrix, v.dtype).T

    def static(self, made):
        """Registered as a pytree, once."""
        with contextlib.suppress(ValueError):  # it is already
            jax.tree_util.register_pytree_node_class(made)
        return made

    def session(self, dtype=None):
        """Float64 is on inside for a float64 subject; a float32 one runs as JAX is set."""
        return enable_x64() if check_dtype(dtype) == "float64" else contextlib.nullcontext()


def _wrapped(f, vjp):
    """Run f on the host: at once on concrete arrays, by callback inside jit, vmap or grad."""

    @jax.custom_vjp
    def wrapped(x, *rest):
        x = jnp.asarray(x)
        if not isinstance(x, jax.core.Tracer):
            return _on_host(f, None, x, *rest)
        with np.errstate(all="ignore"):
            shape = np.shape(f(np.zeros(x.shape), *(np.ones(np.shape(r)) for r in rest)))
        return _on_host(f, shape, x, *rest)

    def backward(arguments, cotangent):
        if vjp is None:
            raise NotOffered("this function came from NumPy without its derivative")
        x, *rest = arguments
        product = _on_host(lambda p, c, *r: vjp(p, c, *r), x.shape, x, cotangent, *rest)
        return (product, *(None for _ in rest))

    wrapped.defvjp(lambda *arguments: (wrapped(*arguments), arguments), backward)
    return wrapped


def _on_host(f, shape, x, *rest):
    def host(*arguments):
        with np.errstate(all="ignore"):
            return np.asarray(f(*map(as_numpy, arguments)), dtype=x.dtype)

    if not any(isinstance(argument, jax.core.Tracer) for argument in (x, *rest)):
        return jnp.asarray(host(x, *rest))  # a callback would be compiled at every call
    result = jax.ShapeDtypeStruct(shape, x.dtype)
    at_once = "sequential" if rest else "expand_dims"  # rows alone: a batch of points is points
    return jax.pure_callback(host, result, x, *rest, vmap_method=at_once)


FRAMEWORK = JaxFramework()
