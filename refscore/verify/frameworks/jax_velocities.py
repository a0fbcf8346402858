"""The kit's velocities as pure JAX functions."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from refscore.verify.frameworks.formulas import check_parameters, check_points
from refscore.verify.frameworks.jax_fields import XP, JaxField
from refscore.verify.frameworks.velocities import VelocityFormula, checked_time


@jax.tree_util.register_pytree_node_class
class JaxVelocity:
    """velocity(x, t), pure, under jit, grad, vmap; as a pytree its one leaf is `parameters`.

    x is (..., d), t a number or one a point, (...,) or (..., 1).
    """

    def __init__(self, velocity_formula: VelocityFormula, theta=None):
        self._formula, self.dim = velocity_formula, velocity_formula.dim
        self.parameters = jnp.asarray(velocity_formula.theta) if theta is None else theta

    def __call__(self, x, t):
        """f(x, t), (..., d), in the precision of x."""
        x = jnp.asarray(x)
        check_points(x, self.dim, jnp.issubdtype(x.dtype, jnp.floating))
        t = checked_time(jnp.asarray(t, x.dtype), x)
        return self._formula.value(XP, self.parameters.astype(x.dtype), x, t)

    def at(self, t) -> JaxField:
        """The field at one time, on the same parameters."""
        return JaxField(self._formula.at(t), self.parameters)

    def with_parameters(self, theta) -> JaxVelocity:
        """The same velocity on theta (p,), traced or not."""
        theta = jnp.asarray(theta)
        check_parameters(theta, self._formula)
        return JaxVelocity(self._formula, theta)

    def vjp(self, x, t, v):
        """(∂f/∂x)ᵀ v, (..., d)."""
        x = jnp.asarray(x)
        return jax.vjp(lambda y: self(y, t), x)[1](jnp.asarray(v, x.dtype))[0]

    def vjp_parameters(self, x, t, a):
        """∂/∂θ Σ a·f(x, t), (p,)."""
        pull = jax.vjp(lambda theta: self.with_parameters(theta)(x, t), self.parameters)[1]
        return pull(jnp.asarray(a))[0]

    def divergence(self, x, t):
        """tr ∂f/∂x, (...,)."""
        x = jnp.asarray(x)
        units = jnp.eye(self.dim, dtype=x.dtype)
        parts = [self.vjp(x, t, jnp.broadcast_to(e, x.shape))[..., i] for i, e in enumerate(units)]
        return sum(parts[1:], parts[0])

    def tree_flatten(self):
        """The parameters are the leaf, the formula is static."""
        return (self.parameters,), self._formula

    @classmethod
    def tree_unflatten(cls, velocity_formula, leaves):
        """The velocity of other parameters, or of what JAX puts in their place."""
        made = cls(velocity_formula, ())
        (made.parameters,) = leaves
        return made
