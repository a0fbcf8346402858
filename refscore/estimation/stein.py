"""The Stein estimator: the score of a sample from Stein's identity and a kernel."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_positive
from refscore.estimation._iterative import solve_iteratively
from refscore.estimation.kernels import (
    Centres,
    KernelField,
    as_spread_sample,
    solve_positive,
)

_DIRECT = 4096  # points whose kernel matrix is held and factored


def stein_estimator(x, bandwidth, regularisation, *, kernel="rbf") -> np.ndarray:
    """Estimate the score of the law of a sample, at the sample's own points.

        G = −(K + η I)⁻¹ B,   K_ij = k(x_i, x_j),   B_i = Σ_j ∂k(x_i, x_j)/∂x_j

    Stein's identity E[h(X) s(X)ᵀ + ∇h(X)] = 0 at the features h of the kernel, averaged over
    the sample, reads Hᵀ(H G + Σ_j ∇h(x_j)) = K G + B = 0; η/n² times ‖G‖² beside the square of
    the average makes it (K + η I) G + B = 0. No density is estimated on the way.

    x the sample (n, d), n ≥ 2; bandwidth h > 0; regularisation η ≥ 0 (η = n λ for the λ of
    `stein_field`); kernel "rbf" exp(−‖x−y‖²/2h²) or "imq" (1 + ‖x−y‖²/h²)^(−½).
    Returns the scores (n, d). Raises ValueError naming the argument; where rows are equal or too
    near each other for η, and where a column is constant.
    Cost: n³/3 + O(n² d) and 8 n² bytes up to n = 4096. Above that, where η > 1e-12 n, conjugate
    gradients form the kernel anew: about n²/2 kernels a round and 6 kB a point; after 200 rounds
    without a backward error of 1e-14, the n × n matrix after all.
    Source: Li and Turner, Gradient estimators for implicit models (2018), equation 8.
    Checked by: stein_normal_equations, stein_moves_with_data
    """
    return _solution(x, bandwidth, regularisation, kernel, zero=True)[1]


def stein_field(x, bandwidth, regularisation, *, kernel="rbf") -> SteinField:
    """The Stein estimator at any point: a Field that passes through the scores at the sample.

        s(y) = −(1/η) Σ_j [ ∂k(y, x_j)/∂x_j + k(y, x_j) G_j ]

    which at y = x_i is G_i, row i of (K + η I) G = −B. This field minimises the regularised
    implicit loss (1/n) Σ_i [½‖s(x_i)‖² + div s(x_i)] + (λ/2) ‖s‖² over all fields whose
    coordinates lie in the kernel's Hilbert space, with λ = η/n. It need not be a gradient.

    x (n, d); bandwidth h > 0; regularisation η > 0; kernel as for `stein_estimator`.
    Raises ValueError naming the argument. Cost: as `stein_estimator`, then O(n d) a point in
    blocks of about 8 MB; a Jacobian costs d products.
    Source: Li and Turner (2018); Zhou, Shi and Zhu, Nonparametric score estimators (2020).
    Tested in: tests/estimation/test_stein.py
    """
    centres, scores = _solution(x, bandwidth, regularisation, kernel, zero=False)
    return SteinField(centres, scores, float(regularisation))


def _solution(x, bandwidth, regularisation, kernel, *, zero):
    x = as_spread_sample(x, "x")
    eta = as_positive(regularisation, "regularisation", zero=zero)
    centres = Centres(x, bandwidth, kernel)
    with np.errstate(all="ignore"):
        B, found = centres.gradient_sum(centres.z), None
        if len(x) > _DIRECT and eta > 1e-12 * len(x) and np.isfinite(B).all():
            found = solve_iteratively(centres.kernel.value, centres.z, eta, B)
        if found is not None:
            return centres, -found
        K = centres.matrix()
        K.flat[:: len(K) + 1] += eta
    return centres, -solve_positive(K, B, lambda: _complaint(x, eta))


def _complaint(x, eta) -> str:
    _, first, where = np.unique(x, axis=0, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[where.reshape(-1)] != np.arange(len(x)))
    why = "its points lie too close together for this bandwidth"
    if len(again):
        j = again[0]
        why = f"rows {first[where.reshape(-1)[j]]} and {j} of x are equal"
    return f"regularisation {eta:g} leaves the kernel matrix singular: {why}"


class SteinField(KernelField):
    """The field of `stein_field`: `scores` (n, d) are its values at the sample.

    Tested in: tests/estimation/test_stein.py, as `stein_field`
    """

    def __init__(self, centres: Centres, scores: np.ndarray, eta: float):
        super().__init__(centres)
        self.scores, self._eta = scores, eta

    def _value(self, x):
        return self._summed(self._value_at, (self.dim,), x)

    def _value_at(self, u):
        c, q = self._centres, self._centres.squares(u)
        pushed = (-2 / c.h) * c.pull(c.kernel.first(q), u)
        return -(pushed + c.kernel.value(q) @ self.scores) / self._eta

    def _jvp(self, x, v):
        return self._summed(self._jvp_at, (self.dim,), x, v)

    def _jvp_at(self, u, v):
        c, q = self._centres, self._centres.squares(u)
        first, along = c.kernel.first(q), c.along(u, v)
        moved = (2 / c.h) * (first * along) @ self.scores
        return -(self._symmetric(u, v, q, first, along) + moved) / self._eta

    def _vjp(self, x, v):
        return self._summed(self._vjp_at, (self.dim,), x, v)

    def _vjp_at(self, u, v):
        c, q = self._centres, self._centres.squares(u)
        first, along = c.kernel.first(q), c.along(u, v)
        moved = (2 / c.h) * c.pull(first * (v @ self.scores.T), u)
        return -(self._symmetric(u, v, q, first, along) + moved) / self._eta

    def _symmetric(self, u, v, q, first, along):
        """The derivative of Σ_j ∂k/∂x_j along v: −(2/h²) Σ_j [φ′ v + 2 φ″ (u·v) u]."""
        c = self._centres
        bent = 2 * c.pull(c.kernel.second(q) * along, u)
        return (-2 / c.h**2) * (first.sum(axis=1, keepdims=True) * v + bent)

    def _divergence(self, x):
        return self._summed(self._divergence_at, (), x)

    def _divergence_at(self, u):
        c, q = self._centres, self._centres.squares(u)
        first = c.kernel.first(q)
        bent = (self.dim * first + 2 * c.kernel.second(q) * q).sum(axis=1)
        moved = np.einsum("ni,ni->n", u, first @ self.scores)
        moved = moved - first @ np.einsum("mi,mi->m", c.z, self.scores)
        return -((-2 / c.h**2) * bent + (2 / c.h) * moved) / self._eta
