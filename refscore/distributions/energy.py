"""Densities given by an energy alone: p ∝ e^{−E(x)}, E any user function."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_real
from refscore.distributions.base import Distribution


class Energy(Distribution):
    """The law with log p(x) = −E(x) − log Z, log Z left out; E may be negative.

    score = −∇E,  J = −∇²E

    energy: points (n, d) to (n,), row by row; dim d. gradient → (n, d) and hessian →
    (n, d, d) are the energy's own, each optional: what is missing comes from autograd, and
    then the last function given must be written in `autograd.numpy`. E = inf means zero
    density; NaN is an error. `normalise(low, high)` gives log Z, moments and draws by
    quadrature for d ≤ 2. Cost: one call a value, d backward passes a Jacobian.

    Checked by: normaliser_by_quadrature
    """

    normalised = False

    def __init__(self, energy, dim, gradient=None, hessian=None):
        named = {"energy": energy, "gradient": gradient, "hessian": hessian}
        for name, function in named.items():
            if not callable(function) and (name == "energy" or function is not None):
                raise TypeError(f"{name} must be a function of points (n, d)")
        self.dim = as_count(dim, "dim")
        self._energy, self._gradient, self._hessian = energy, gradient, hessian

    def normalise(self, low, high, *, cut=False, tolerance=1e-10):
        """The same law with log Z, mean, covariance and draws by quadrature on a box (d ≤ 2).

        See `refscore.distributions.normalised.Normalised`.
        """
        from refscore.distributions.normalised import Normalised

        return Normalised(self, low, high, cut=cut, tolerance=tolerance)

    def _log_density(self, x):
        return -checked(self._energy(x.copy()), "energy", x.shape[:1])

    def _score(self, x):
        if self._gradient is not None:
            return -checked(self._gradient(x.copy()), "gradient", x.shape)
        return checked(self._field()(x), "the gradient of energy", x.shape)

    def _score_jacobian(self, x):
        if self._hessian is not None:
            return -checked(self._hessian(x.copy()), "hessian", x.shape + (self.dim,))
        from refscore import autodiff

        return autodiff.jacobian(self._field(), x)

    def _score_divergence(self, x):
        if self._hessian is not None:
            return np.trace(self._score_jacobian(x), axis1=-2, axis2=-1)
        from refscore import autodiff

        return autodiff.divergence(self._field(), x)

    def _score_jvp(self, x, v):
        if self._hessian is not None:
            return np.einsum("nij,nj->ni", self._score_jacobian(x), v)
        from refscore import autodiff

        return autodiff.jvp(self._field(), x, v)

    def _field(self):
        """The score as a function autograd can differentiate again."""
        if self._gradient is not None:
            return lambda x: -self._gradient(x)
        from refscore import autodiff

        return autodiff.negative_gradient(self._energy)


def checked(value, name, shape):
    """What the function called `name` returned, as float64 of that shape without NaN."""
    value = as_real(value, f"{name}(x)")
    if value.shape != shape:
        raise ValueError(f"{name} must return shape {shape}, got shape {value.shape}")
    if np.isnan(value).any():
        raise ValueError(f"{name} must not return NaN")
    return value
