"""Kernel exponential families: an unnormalised log density fitted by score matching."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_points, as_positive, beyond_float
from refscore.estimation.kernels import (
    Centres,
    KernelField,
    as_sample,
    as_spread_sample,
    solve_positive,
)
from refscore.fields import Field
from refscore.fields.base import as_field
from refscore.fields.linearisation import Local


def kernel_exponential_family(
    x, basis, bandwidth, regularisation, *, base=None, kernel="rbf"
) -> KernelExponentialFamily:
    """Fit log p = log q₀ + f − log Z, f = Σ_j α_j k(z_j, ·), by implicit score matching.

        α = −(A + λ K)⁻¹ b,   K_jl = k(z_j, z_l)
        A_jl = (1/n) Σ_i ∇k(z_j, x_i)·∇k(z_l, x_i)
        b_j = (1/n) Σ_i [Δk(z_j, x_i) + ∇k(z_j, x_i)·∇log q₀(x_i)]

    with ∇ and Δ in x: where the derivative in α of
    (1/n) Σ_i [½‖∇log q₀ + ∇f‖² + Δ log q₀ + Δf](x_i) + (λ/2) αᵀ K α is zero. No normaliser.

    x the sample (n, d), n ≥ 2; basis the centres z (m, d), often some of the points; bandwidth
    h > 0; regularisation λ ≥ 0; base the score ∇log q₀, a Field such as `p.score`, zero (a flat
    q₀) if omitted; kernel "rbf" or "imq" as for `stein_estimator`.
    Returns a `KernelExponentialFamily`. Centres that are equal or close together make K singular
    to rounding; the fitted f is then the same for many α, and the least of them is returned. At
    λ = 0 such a system need not have a solution: it is refused. Raises ValueError naming the
    argument. Cost: O(n m² d) and m³/3, 10 m³ if K is singular; memory 24 m² bytes and about
    30 MB however many points.
    Source: Sriperumbudur et al., Density estimation in infinite dimensional exponential
    families (2017); Sutherland et al., Efficient and principled score estimation with Nyström
    kernel exponential families (2018), their "lite" basis.
    Checked by: kernel_family_normal_equations, kernel_family_on_a_base, kernel_family_is_a_minimum
    """
    x, z = as_spread_sample(x, "x"), as_sample(basis, "basis", at_least=1)
    as_points(z, "basis", x.shape[1])
    if base is not None:
        as_points(x, "x", as_field(base, "base").dim)
    penalty = as_positive(regularisation, "regularisation", zero=True)
    centres = Centres(z, bandwidth, kernel)
    matrix, linear = _moments(x, centres, base)
    matrix += penalty * centres.matrix()
    if not (np.isfinite(matrix).all() and np.isfinite(linear).all()):
        raise ValueError("x, basis and base must give finite kernels and scores, got an overflow")
    complaint = None if penalty else lambda: _complaint(z, x)
    alpha = -solve_positive(matrix, linear, complaint)
    return KernelExponentialFamily(centres, alpha, base)


def _complaint(z, x) -> str:
    return (
        f"regularisation 0 leaves the normal equations singular: {len(z)} rows of basis"
        f" ({len(np.unique(z, axis=0))} of them different), {x.size} derivatives of x to fit"
    )


def _moments(x, c: Centres, base):
    """A (m, m) and b (m,), a block of points at a time."""
    m, d = c.z.shape
    A, b = np.zeros((m, m)), np.zeros(m)
    with beyond_float(), np.errstate(under="ignore"):
        for rows in c.blocks(len(x), wide=d):
            u = c.scaled(x[rows])
            q = c.squares(u)
            first = c.kernel.first(q)
            laplacian = (2 * d * first + 4 * q * c.kernel.second(q)) / c.h**2
            b += laplacian.sum(axis=0)
            if base is not None:
                b += (2 / c.h) * (first * c.along(u, base(x[rows]))).sum(axis=0)
            for i in range(d):
                gradient = (2 / c.h) * first * (u[:, i : i + 1] - c.z[:, i])
                A += gradient.T @ gradient
    return A / len(x), b / len(x)


class KernelExponentialFamily:
    """A fitted log density log q₀ + f + constant: `.score`, `.log_density`, `.coefficients`.

    The coefficients are the catalogue's business; the score and its derivatives are held
    against the log density in tests/estimation/test_kernel_exponential_family.py.
    Checked by: kernel_family_normal_equations
    """

    def __init__(self, centres: Centres, alpha: np.ndarray, base: Field | None):
        self.dim = centres.z.shape[1]
        self._centres, self._alpha, self._base = centres, alpha, base

    @property
    def coefficients(self) -> np.ndarray:
        """α, a copy (m,)."""
        return self._alpha.copy()

    @property
    def score(self) -> Field:
        """∇log q₀ + ∇f as a Field, with `jacobian`, `divergence`, `jvp`, `vjp`."""
        own = FamilyScore(self._centres, self._alpha)
        return own if self._base is None else own + self._base

    def log_density(self, x) -> np.ndarray:
        """log q₀(x) + f(x), unnormalised; points (..., d) to (...,).

        Raises AttributeError where the base is a field not known to be a gradient.
        """
        return -self.score.energy(x)


class _FamilyLocal(Local):
    """The field near x (n, d), with its gradient in α: s is linear in α."""

    def gradient(self, a, c, v, b):
        """∂/∂α [Σ a·s + Σ c div s + Σ b·J v], (m,), a block of points at a time."""
        u = self.field._centres.scaled(self.x)
        with beyond_float(), np.errstate(under="ignore"):
            return sum(
                self.field._parameter_gradient(
                    u[rows],
                    None if a is None else a[rows],
                    None if c is None else c[rows],
                    None if v is None else v[:, rows],
                    None if b is None else b[:, rows],
                )
                for rows in self.field._centres.blocks(len(u))
            ) + np.zeros(self.field.parameters.shape)


class FamilyScore(KernelField):
    """The field ∇f = Σ_j α_j ∇k(z_j, ·), a gradient: J = Jᵀ. Its parameters are α (m,).

    Tested in: tests/estimation/test_kernel_exponential_family.py, as `score`
    """

    def __init__(self, centres: Centres, coefficients: np.ndarray):
        super().__init__(centres)
        self._alpha = coefficients

    @property
    def parameters(self):
        """α, a copy (m,)."""
        return self._alpha.copy()

    def with_parameters(self, theta):
        """The same centres with other coefficients (m,)."""
        theta = as_array(theta, "theta", self._alpha.shape)
        return FamilyScore(self._centres, theta.copy())

    def _local(self, x, workspace=None):
        return _FamilyLocal(self, x)

    def _parameter_gradient(self, u, a, c, v, b):
        """∂/∂α of Σ a·s + Σ c div s + Σ b·J v at a block of scaled points, (m,)."""
        at, q = self._centres, self._centres.squares(u)
        first, second = at.kernel.first(q), at.kernel.second(q)
        total = np.zeros(len(at.z))
        if a is not None:
            total += (2 / at.h) * (first * at.along(u, a)).sum(axis=0)
        if c is not None:
            total += c @ (2 * self.dim * first + 4 * q * second) / at.h**2
        for one, other in zip(*((v, b) if v is not None else ((), ()))):
            bent = 2 * second * at.along(u, one) * at.along(u, other)
            total += (2 / at.h**2) * (np.einsum("ni,ni->n", one, other) @ first + bent.sum(axis=0))
        return total

    def _value(self, x):
        return self._summed(self._value_at, (self.dim,), x)

    def _value_at(self, u):
        c = self._centres
        return (2 / c.h) * c.pull(self._alpha * c.kernel.first(c.squares(u)), u)

    def _jvp(self, x, v):
        return self._summed(self._jvp_at, (self.dim,), x, v)

    _vjp = _jvp

    def _jvp_at(self, u, v):
        c, q = self._centres, self._centres.squares(u)
        first = self._alpha * c.kernel.first(q)
        bent = 2 * c.pull(self._alpha * c.kernel.second(q) * c.along(u, v), u)
        return (2 / c.h**2) * (first.sum(axis=1, keepdims=True) * v + bent)

    def _divergence(self, x):
        return self._summed(self._divergence_at, (), x)

    def _divergence_at(self, u):
        c, q = self._centres, self._centres.squares(u)
        return (2 * self.dim * c.kernel.first(q) + 4 * q * c.kernel.second(q)) @ (
            self._alpha / c.h**2
        )

    def _energy(self, x):
        return self._summed(self._energy_at, (), x)

    def _energy_at(self, u):
        c = self._centres
        return -c.kernel.value(c.squares(u)) @ self._alpha
