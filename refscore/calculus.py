"""Vector calculus of fields: rotation, symmetric part, and the nearest gradient field."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_covariance, as_offering, as_square, beyond_float


def curl(field, x) -> np.ndarray:
    """The rotation of a field, the antisymmetric matrix of its mixed derivatives.

        curl[i, j] = ∂sᵢ/∂xⱼ − ∂sⱼ/∂xᵢ,   J − Jᵀ

    field with `jacobian`; x (..., d). Returns (..., d, d), zero everywhere iff the field is a
    gradient (on a simply connected domain). Cost: one Jacobian.
    Tested in: tests/test_calculus.py
    """
    jacobian = as_offering(field, "field", "jacobian").jacobian(x)
    with beyond_float():
        return jacobian - np.swapaxes(jacobian, -1, -2)


def symmetric_part(field, x) -> np.ndarray:
    """The symmetric part of the Jacobian, ½(J + Jᵀ).

    field with `jacobian`; x (..., d). Returns (..., d, d). Cost: one Jacobian.
    Tested in: tests/test_calculus.py
    """
    jacobian = as_offering(field, "field", "jacobian").jacobian(x)
    return 0.5 * jacobian + 0.5 * np.swapaxes(jacobian, -1, -2)


def conservative_projection(matrix, offset, mean, covariance):
    """The gradient field B x + c nearest to A x + b in L²(N(μ, S)).

        B S + S B = A S + S Aᵀ,   c = b + (A − B) μ

    B is symmetric and the residual has sym(S⁻¹(A − B)) = 0. For another law with this mean
    and covariance it is the nearest affine gradient field.

    matrix A (d, d), offset b (d,), mean μ (d,), covariance S (d, d) positive definite.
    Returns (B, c). Raises ValueError naming the argument. Cost: one eigendecomposition; in the
    eigenbasis of S the equation is B[i, j] (λᵢ + λⱼ) = A[i, j] λⱼ + A[j, i] λᵢ, a weighted mean.
    Checked by: nearest_gradient_field
    """
    A = as_square(matrix, "matrix")
    dim = len(A)
    b = as_array(offset, "offset", (dim,))
    mu = as_array(mean, "mean", (dim,))
    S = as_covariance(covariance, "covariance", dim)
    eigenvalues, Q = np.linalg.eigh(S)
    eigenvalues = np.maximum(eigenvalues / eigenvalues[-1], np.finfo(float).tiny)
    share = eigenvalues / np.add.outer(eigenvalues, eigenvalues)  # λⱼ / (λᵢ + λⱼ)
    with beyond_float():
        B = Q.T @ A @ Q
        B = Q @ (B * share + (B * share).T) @ Q.T
        B = 0.5 * B + 0.5 * B.T
        return B, b + (A - B) @ mu
