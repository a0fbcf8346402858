"""Exponential families p ∝ exp(θ·F(x)): linear in θ, unnormalised unless asked."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_count
from refscore.distributions.base import Distribution
from refscore.distributions.energy import checked


class ExponentialFamily(Distribution):
    """The law with log p(x) = Σ_k θ_k F_k(x) − log Z(θ), log Z left out.

    score = Σ_k θ_k ∇F_k(x),  J = Σ_k θ_k ∇²F_k(x),  Δ log p = Σ_k θ_k ΔF_k(x)

    theta (k,), dim d, and functions of points (n, d): features → (n, k), gradient →
    (n, k, d), and where Jacobians or divergences are wanted hessian → (n, k, d, d) and
    laplacian → (n, k), the trace of hessian if omitted. Their shapes are checked at every
    call, and NaN is an error. `normalise(low, high)` gives log Z and moments by quadrature
    for d ≤ 2; the law is not sampled otherwise. Cost: that of the functions, plus O(k d²) a point.

    Tested in: tests/distributions/test_exponential_family.py
    """

    normalised = False

    def __init__(self, theta, dim, features, gradient, hessian=None, laplacian=None):
        self.theta = as_array(theta, "theta", (None,)).copy()
        self.dim = as_count(dim, "dim")
        self.features, self.gradient = features, gradient
        self.hessian, self.laplacian = hessian, laplacian
        for name in ("features", "gradient", "hessian", "laplacian"):
            if getattr(self, name) is not None and not callable(getattr(self, name)):
                raise TypeError(f"{name} must be a function of points (n, d)")
        if features is None or gradient is None:
            raise TypeError("features and gradient must be given")

    def with_theta(self, theta) -> ExponentialFamily:
        """The member of the same family at another theta (k,)."""
        theta = as_array(theta, "theta", self.theta.shape)
        return ExponentialFamily(
            theta, self.dim, self.features, self.gradient, self.hessian, self.laplacian
        )

    def normalise(self, low, high, *, cut=False, tolerance=1e-10):
        """The same law with log Z, mean and covariance by quadrature on a box (d ≤ 2).

        See `refscore.distributions.normalised.Normalised`.
        """
        from refscore.distributions.normalised import Normalised

        return Normalised(self, low, high, cut=cut, tolerance=tolerance)

    def _call(self, name, x, tail):
        function = getattr(self, name)
        if function is None:
            raise ValueError(f"{name} was not given, so this derivative is not available")
        return checked(function(x.copy()), name, (len(x), len(self.theta)) + tail)

    def _log_density(self, x):
        return self._call("features", x, ()) @ self.theta

    def _score(self, x):
        return np.einsum("nkd,k->nd", self._call("gradient", x, (self.dim,)), self.theta)

    def _score_jacobian(self, x):
        return np.einsum("nkij,k->nij", self._call("hessian", x, (self.dim,) * 2), self.theta)

    def _score_divergence(self, x):
        if self.laplacian is None:
            return np.trace(self._score_jacobian(x), axis1=-2, axis2=-1)
        return self._call("laplacian", x, ()) @ self.theta
