"""Energies linear in their parameters, given by the powers of their monomials."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_points, beyond_float


class PolynomialEnergy:
    """The energy E(x) = Σ_k θ_k Π_i x_i^{n_ki} of the density p ∝ exp(−E).

        ∂E/∂θ_k = Π_i x_i^{n_ki},   ∂E/∂x_j = Σ_k θ_k n_kj x_j^{n_kj − 1} Π_{i≠j} x_i^{n_ki}

    exponents n (p, d), whole numbers from 0 to 1000; parameters θ (p,). A row of zeros is a
    constant, a free log-normaliser. `energy(x)` → (...,), `gradient(x)` → (..., d) and
    `parameter_gradient(x)` → (..., p) for points (..., d); `parameters`, `with_parameters(θ)`.
    Cost: O(p d²) a point.

    Checked by: contrastive_divergence_given_noise, contrastive_divergence_is_implicit
    """

    def __init__(self, exponents, parameters):
        n = as_array(exponents, "exponents", (None, None))
        if n.size == 0 or n.min() < 0 or n.max() > 1000 or np.any(n != np.floor(n)):
            raise ValueError(f"exponents must be whole numbers from 0 to 1000, got {exponents!r}")
        self.exponents = n.astype(int)
        self.dim = n.shape[1]
        self.parameters = as_array(parameters, "parameters", (len(n),)).copy()

    def with_parameters(self, theta) -> PolynomialEnergy:
        """The same monomials with other parameters (p,)."""
        return PolynomialEnergy(self.exponents, as_array(theta, "theta", self.parameters.shape))

    def __call__(self, x) -> np.ndarray:
        """E(x), (..., d) to (...,)."""
        with beyond_float():
            return self.parameter_gradient(x) @ self.parameters

    def parameter_gradient(self, x) -> np.ndarray:
        """∂E/∂θ, the monomials (..., p)."""
        x = as_points(x, "x", self.dim)
        with beyond_float():
            return (x[..., None, :] ** self.exponents).prod(-1)

    def gradient(self, x) -> np.ndarray:
        """∇E (..., d), minus the score."""
        x = as_points(x, "x", self.dim)[..., None, :]
        n, slopes = self.exponents, []
        with beyond_float():
            powers = x**n
            for j in range(self.dim):
                powers_j = powers.copy()
                powers_j[..., j] = n[:, j] * x[..., j] ** np.maximum(n[:, j] - 1, 0)
                slopes.append(powers_j.prod(-1) @ self.parameters)
        return np.stack(slopes, axis=-1)
