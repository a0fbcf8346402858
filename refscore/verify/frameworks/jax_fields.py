"""The kit's fields as pure JAX functions."""

from __future__ import annotations

from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np

from refscore.verify.errors import NotOffered
from refscore.verify.frameworks.formulas import (
    Formula,
    check_like,
    check_parameters,
    check_points,
)

XP = SimpleNamespace(
    einsum=jnp.einsum,
    tanh=jnp.tanh,
    cos=jnp.cos,
    sin=jnp.sin,
    logsumexp=lambda a: jax.scipy.special.logsumexp(a, axis=-1),
    softmax=lambda a: jax.nn.softmax(a, axis=-1),
    constant=lambda array, like: jnp.asarray(array, like.dtype),
)


@jax.tree_util.register_pytree_node_class
class JaxField:
    """A pure function under jit, grad, vmap and jacfwd; as a pytree its one leaf is `parameters`.

    It computes in the precision of x: float64 inside a float64 session.
    """

    def __init__(self, field_formula: Formula, theta=None):
        self._formula = field_formula
        self.dim = field_formula.dim
        self.parameters = jnp.asarray(field_formula.theta) if theta is None else theta

    def __call__(self, x):
        """s(x): points (..., d) to vectors (..., d)."""
        x = self._points(x)
        return self._formula.value(XP, self.parameters.astype(x.dtype), x)

    def with_parameters(self, theta) -> JaxField:
        """The same field on theta (p,), traced or not."""
        theta = jnp.asarray(theta)
        check_parameters(theta, self._formula)
        return JaxField(self._formula, theta)

    def jvp(self, x, v):
        """J(x) v, (..., d)."""
        x, v = self._points(x), jnp.asarray(v)
        check_like(v, x)
        return jax.jvp(self, (x,), (v,))[1]

    def vjp(self, x, v):
        """J(x)ᵀ v, (..., d)."""
        x, v = self._points(x), jnp.asarray(v)
        check_like(v, x)
        return jax.vjp(self, x)[1](v)[0]

    def jacobian(self, x):
        """J(x)[i, j] = ∂sᵢ/∂xⱼ, (..., d, d)."""
        x = self._points(x)
        rows = jax.vmap(jax.jacfwd(self))(x.reshape(-1, self.dim))
        return rows.reshape(*x.shape, self.dim)

    def divergence(self, x):
        """The divergence tr J(x), (...,)."""
        return jnp.einsum("...ii->...", self.jacobian(x))

    def energy(self, x):
        """E(x) with s = −∇E, (...,); raises NotOffered for a field not known to be a gradient."""
        x = self._points(x)
        if self._formula.energy is None or not self._is_gradient():
            raise NotOffered("this field has no energy: it is not known to be a gradient")
        return self._formula.energy(XP, self.parameters.astype(x.dtype), x)

    def tree_flatten(self):
        """The parameters are the leaf, the formula is static."""
        return (self.parameters,), self._formula

    @classmethod
    def tree_unflatten(cls, field_formula, leaves):
        """The field of other parameters, or of what JAX puts in their place."""
        made = cls(field_formula, ())
        (made.parameters,) = leaves
        return made

    def _points(self, x):
        x = jnp.asarray(x)
        check_points(x, self.dim, jnp.issubdtype(x.dtype, jnp.floating))
        return x

    def _is_gradient(self):
        if isinstance(self.parameters, jax.core.Tracer):
            return True
        return self._formula.is_gradient(np.asarray(self.parameters))
