"""Denoising score matching: regress on the score of the noise."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_noise_levels, as_normals, beyond_float
from refscore.objectives.integrands import (
    field_and_points,
    half_square,
    loss_and_gradient,
    losses,
)


def denoising_loss(field, x, sigma, noise=None, *, rng=None) -> np.ndarray:
    """The denoising score matching loss at every point, for one noise draw a point.

        ½‖s(x + σ z) + z/σ‖²

    field a Field; x points (..., d); sigma σ > 0, one number or one a point (...,); noise z
    (..., d), standard normal, drawn if omitted from `rng`, anything numpy.random.default_rng
    takes. Returns (...,). Raises TypeError or ValueError naming the argument. Cost: one value
    of the field a point.
    Source: Vincent, A connection between score matching and denoising autoencoders (2011).
    Checked by: denoising_given_noise, denoising_is_explicit, denoising_affine, denoising_mean,
    denoising_law, denoising_variance, erratum_small_noise, erratum_clean_point,
    erratum_scale_over_levels
    """
    return losses(*_arguments(field, x, sigma, noise, rng))


def denoising_loss_gradient(field, x, sigma, noise=None, *, rng=None) -> np.ndarray:
    """The gradient of the mean denoising loss in `field.parameters`.

        ∂/∂θ mean[ ½‖s(x + σ z) + z/σ‖² ]

    field a Field; x points (..., d), at least one; sigma σ > 0, one or (...,); noise z (..., d),
    or drawn from `rng`, anything numpy.random.default_rng takes. Returns (p,).
    Checked by: denoising_gradient, denoising_fits_noised_law
    """
    return denoising_loss_and_gradient(field, x, sigma, noise, rng=rng)[1]


def denoising_loss_and_gradient(field, x, sigma, noise=None, *, rng=None):
    """The mean denoising loss, a number, and its gradient (p,), from one forward pass.

    field a Field; x points (..., d), at least one; sigma σ > 0, one or (...,); noise z (..., d),
    or drawn from `rng`, anything numpy.random.default_rng takes. Cost with an MLP of two hidden
    layers: three products with the middle matrix a point.
    Checked by: denoising_gradient
    """
    return loss_and_gradient(*_arguments(field, x, sigma, noise, rng))


def _arguments(field, x, sigma, noise, rng):
    """The field, the noisy points, and the integrand with the targets z/σ of every row."""
    field, x = field_and_points(field, x)
    sigma = levels_beside(sigma, x)
    z = as_normals(noise, x, rng)
    with beyond_float():
        target, noisy = (z / sigma).reshape(-1, field.dim), x + sigma * z

    def integrand(local, rows):
        residual = local.value + target[rows]
        return half_square(residual), (residual, None, None, None)

    return field, noisy, integrand


def levels_beside(sigma, x):
    """σ as a number, or as (..., 1) beside the points."""
    sigma = as_noise_levels(sigma, "sigma", x.shape[:-1])
    return sigma if np.ndim(sigma) == 0 else sigma[..., None]
