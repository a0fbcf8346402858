"""Denoising with any Gaussian kernel: regress on the score of N(a x, C)."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_covariance, as_normals, as_scalar, beyond_float
from refscore.objectives.integrands import (
    field_and_points,
    half_square,
    loss_and_gradient,
    losses,
)


def gaussian_denoising_loss(field, x, scale, covariance, noise=None, *, rng=None) -> np.ndarray:
    """The denoising loss at every point for the kernel N(a x, C), C = L Lᵀ, without a weight.

        ½‖s(x̃) + L⁻ᵀ z‖²,  x̃ = a x + L z

    since ∇ log N(x̃; a x, C) = −C⁻¹ (x̃ − a x) = −L⁻ᵀ z. With a = 1 and C = σ² I it is
    `denoising_loss`. field a Field; x points (..., d); scale a, a number; covariance C (d, d),
    positive definite, L its lower Cholesky factor; noise z (..., d), standard normal, drawn if
    omitted from `rng`, anything numpy.random.default_rng takes. Returns (...,). Raises TypeError
    or ValueError naming the argument. Cost: one value of the field and O(d²) a point.
    Source: Vincent, A connection between score matching and denoising autoencoders (2011); row
    B5 of the catalogue for a = 1, C = σ² I.
    Checked by: gaussian_denoising_given_noise, gaussian_denoising_affine
    """
    return losses(*_arguments(field, x, scale, covariance, noise, rng))


def gaussian_denoising_loss_gradient(
    field, x, scale, covariance, noise=None, *, rng=None
) -> np.ndarray:
    """The gradient (p,) of the mean denoising loss for the kernel N(a x, C).

        ∂/∂θ mean[ ½‖s(a x + L z) + L⁻ᵀ z‖² ]

    field a Field; x points (..., d), at least one; scale a; covariance C (d, d); noise z (..., d),
    or drawn from `rng`, anything numpy.random.default_rng takes.
    Checked by: gaussian_denoising_gradient
    """
    return gaussian_denoising_loss_and_gradient(field, x, scale, covariance, noise, rng=rng)[1]


def gaussian_denoising_loss_and_gradient(field, x, scale, covariance, noise=None, *, rng=None):
    """The mean denoising loss for the kernel N(a x, C), a number, and its gradient (p,).

    field a Field; x points (..., d), at least one; scale a; covariance C (d, d); noise z (..., d),
    or drawn from `rng`, anything numpy.random.default_rng takes. One forward pass.
    Checked by: gaussian_denoising_gradient
    """
    return loss_and_gradient(*_arguments(field, x, scale, covariance, noise, rng))


def _arguments(field, x, scale, covariance, noise, rng):
    """The field, the noisy points, and the integrand with the targets L⁻ᵀ z of every row."""
    from scipy.linalg import solve_triangular

    field, x = field_and_points(field, x)
    a = as_scalar(scale, "scale")
    L = np.linalg.cholesky(as_covariance(covariance, "covariance", field.dim))
    z = as_normals(noise, x, rng)
    rows_of_z = z.reshape(-1, field.dim)
    with beyond_float():
        target = solve_triangular(L, rows_of_z.T, lower=True, trans="T", check_finite=False).T
        noisy = a * x + z @ L.T

    def integrand(local, rows):
        residual = local.value + target[rows]
        return half_square(residual), (residual, None, None, None)

    return field, noisy, integrand
