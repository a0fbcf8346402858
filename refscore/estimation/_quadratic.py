"""A loss that is quadratic in θ at every point: ½‖R_i θ + r_i‖² + g_i·θ + c_i.

Implicit, sliced, denoising and generalised score matching of a field linear in θ all are; they
differ in the rows R_i alone, and in what the derivatives of the features are paired with.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from refscore._arguments import as_points, beyond_float
from refscore.estimation._rank import solve_symmetric, spread
from refscore.fields import Affine, LinearInParameters
from refscore.fields.base import as_field
from refscore.fields.linearisation import rows_in_blocks

_NUMBERS = 1 << 21  # how many float64 a block's features may take


class Block(NamedTuple):
    """Rows R (n, r, p) and r (n, r); linear terms g (n, p); constants c (n,)."""

    rows: np.ndarray
    rest: np.ndarray
    linear: np.ndarray
    constant: np.ndarray


class Features:
    """The features ψ_j of a LinearInParameters field, and their derivatives paired with P."""

    def __init__(self, field: LinearInParameters):
        self.field, self.dim, self.count = field, field.dim, field.parameters.size
        self.names = [f"feature {j}" for j in range(self.count)]

    def values(self, x) -> np.ndarray:
        """ψ as (n, d, p)."""
        return self.field.features(x).swapaxes(1, 2)

    def paired(self, x, pairs=None) -> np.ndarray:
        """Σ_ik P_ik ∂ψ_i/∂x_k, (n, p); P = I if None, else (n, d, d)."""
        if pairs is None:
            return self.field.feature_divergences(x)
        return np.einsum("npik,nik->np", self.field._feature_jacobians(x), pairs)

    def back(self, theta, covariance):
        """θ of the field from θ of these features."""
        return theta, covariance


class AffineFeatures:
    """The features of A u + b' in the standardised u = (x − m)/s, so that rounding is harmless.

    A x + b has A = A_u diag(1/s) and b = b' − A m: a linear map of the parameters.
    """

    def __init__(self, field: Affine, x: np.ndarray, name: str):
        self.dim = d = field.dim
        self.centre, self.scale = spread(x, name)
        self.count = d * d + d
        self.names = [f"A[{k}, {i}]" for k in range(d) for i in range(d)]
        self.names += [f"b[{k}]" for k in range(d)]

    def values(self, x):
        """e_k u_l for A[k, l], e_k for b[k], as (n, d, p)."""
        n, d = x.shape
        psi = np.zeros((n, d, self.count))
        u = (x - self.centre) / self.scale
        for k in range(d):
            psi[:, k, k * d : (k + 1) * d] = u
            psi[:, k, d * d + k] = 1.0
        return psi

    def paired(self, x, pairs=None):
        """P_kl / s_l for A[k, l], nothing for b."""
        n, d = x.shape
        pairs = np.broadcast_to(np.eye(d), (n, d, d)) if pairs is None else pairs
        matrix = (pairs / self.scale).reshape(n, d * d)
        return np.concatenate([matrix, np.zeros((n, d))], axis=1)

    def back(self, theta, covariance):
        """(A, b) from (A_u, b')."""
        d, m, s = self.dim, self.centre, self.scale
        T = np.zeros((self.count, self.count))
        for k in range(d):
            for i in range(d):
                T[k * d + i, k * d + i] = 1 / s[i]
                T[d * d + k, k * d + i] = -m[i] / s[i]
        T[d * d :, d * d :] = np.eye(d)
        return T @ theta, T @ covariance @ T.T


def features_of(field, x: np.ndarray, name: str = "x"):
    """The features of a field that is linear in its parameters."""
    field = as_field(field, "field")
    if isinstance(field, LinearInParameters):
        if field.parameters.size == 0:
            raise ValueError("field must have at least one parameter, got none")
        return Features(field)
    if isinstance(field, Affine):
        return AffineFeatures(field, x, name)
    raise TypeError(
        "field must be linear in its parameters, a LinearInParameters or an Affine field, got"
        f" {type(field).__name__}; refscore.estimation.fit takes any field with parameters"
    )


def data(x, dim: int, name: str = "x") -> np.ndarray:
    """Points (n, d) from (..., d), at least two: one alone says nothing about its error."""
    x = as_points(x, name, dim).reshape(-1, dim)
    if len(x) < 2:
        raise ValueError(f"{name} must hold at least two points, got {len(x)}")
    return x


class Quadratic:
    """Blocks of a quadratic loss with weights w (n,) of the points, 1/n if none are given."""

    def __init__(self, n: int, features, block, weights=None, rows_each: int | None = None):
        self.n, self.features, self._block, self._weights = n, features, block, weights
        each = features.count * max(features.dim, rows_each or 0)
        self._size = max(1, _NUMBERS // (each + features.dim**2))

    def blocks(self):
        """Pairs of weights and Block."""
        for rows in rows_in_blocks(self.n, self._size):
            w = np.full(len(range(self.n)[rows]), 1 / self.n)
            yield w if self._weights is None else self._weights[rows], self._block(rows)

    def normal_equations(self):
        """G and g of the mean loss ½θᵀGθ + g·θ + c."""
        p = self.features.count
        G, g = np.zeros((p, p)), np.zeros(p)
        for w, block in self.blocks():
            R = block.rows
            G += (R * w[:, None, None]).reshape(-1, p).T @ R.reshape(-1, p)
            g += w @ (block.linear + np.einsum("nrp,nr->np", R, block.rest))
        return 0.5 * (G + G.T), g

    def gradients_and_losses(self, theta):
        """For every block: weights, gradients (n, p) and losses (n,) at θ."""
        for w, block in self.blocks():
            along = block.rows @ theta + block.rest
            gradient = np.einsum("nrp,nr->np", block.rows, along) + block.linear
            yield w, gradient, 0.5 * (along**2).sum(1) + block.linear @ theta + block.constant

    def moments(self, theta):
        """E g gᵀ of the gradients at θ, E g, and the mean loss."""
        p = self.features.count
        V, mean, loss = np.zeros((p, p)), np.zeros(p), 0.0
        for w, gradient, losses in self.gradients_and_losses(theta):
            V += (gradient * w[:, None]).T @ gradient
            mean += w @ gradient
            loss += w @ losses
        return V, mean, float(loss)

    def minimise(self):
        """θ = −G⁻¹ g in the features' own coordinates, and a solver of G y = b.

        Raises ValueError if G is singular, or beyond the range of floats.
        """
        with beyond_float():
            G, g = self.normal_equations()
        if not (np.isfinite(G).all() and np.isfinite(g).all()):
            raise ValueError("the Gram matrix overflows: x, or what goes with it, is out of scale")
        solve = solve_symmetric(G, self.features.names, self.n)
        return -solve(g), solve
