"""Implicit score matching on noisy data, and the regulariser that stands for the noise."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_normals, as_positive, beyond_float
from refscore.objectives import integrands, stacked
from refscore.objectives.denoising import levels_beside
from refscore.objectives.implicit import implicit_integrand
from refscore.objectives.integrands import field_and_points, half_square


def noisy_implicit_loss(field, x, sigma, noise=None, *, rng=None) -> np.ndarray:
    """The implicit loss at noised points: implicit score matching of the noised law.

        ½‖s(x̃)‖² + div s(x̃),  x̃ = x + σ z

    Its mean is J + (σ²/2) E[‖J‖²_F + s·Δs + Δ div s] + O(σ⁴); exactly J + (σ²/2)‖A‖²_F for an
    affine field. field a Field; x points (..., d); sigma σ > 0, one number or one a point (...,);
    noise z (..., d), standard normal, drawn if omitted from `rng`, anything
    numpy.random.default_rng takes. Returns (...,). Raises TypeError or ValueError naming the
    argument. Cost: one value and one exact divergence a point.
    Source: Kingma and LeCun, Regularized estimation of image statistics by score matching (2010).
    Checked by: noisy_implicit_given_noise, noisy_implicit_affine, noisy_implicit_expansion
    """
    return integrands.losses(*_noised(field, x, sigma, noise, rng))


def noisy_implicit_loss_gradient(field, x, sigma, noise=None, *, rng=None) -> np.ndarray:
    """The gradient (p,) of the mean implicit loss at noised points.

        ∂/∂θ mean[ ½‖s(x + σ z)‖² + div s(x + σ z) ]

    field a Field; x points (..., d), at least one; sigma σ > 0, one or (...,); noise z (..., d),
    or drawn from `rng`, anything numpy.random.default_rng takes.
    Checked by: noisy_implicit_gradient
    """
    return noisy_implicit_loss_and_gradient(field, x, sigma, noise, rng=rng)[1]


def noisy_implicit_loss_and_gradient(field, x, sigma, noise=None, *, rng=None):
    """The mean implicit loss at noised points, a number, and its gradient (p,).

    field a Field; x points (..., d), at least one; sigma σ > 0, one or (...,); noise z (..., d),
    or drawn from `rng`, anything numpy.random.default_rng takes. One forward pass.
    Checked by: noisy_implicit_gradient
    """
    return integrands.loss_and_gradient(*_noised(field, x, sigma, noise, rng))


def regularised_implicit_loss(field, x, strength) -> np.ndarray:
    """The implicit loss with Kingma and LeCun's penalty on squared second derivatives.

        ½‖s(x)‖² + div s(x) + λ Σᵢ (∂sᵢ/∂xᵢ)²

    λ = σ²/2 stands for noise of variance σ²: of ‖J‖²_F it keeps the diagonal, and it leaves out
    terms that cancel in the mean at the data's score. field a Field; x points (..., d);
    strength λ ≥ 0. Returns (...,). Raises TypeError or ValueError naming the argument. Cost: one
    value and d products J v a point.
    Source: Kingma and LeCun, Regularized estimation of image statistics by score matching (2010).
    Checked by: regularised_implicit
    """
    field, points, integrand = _penalised(field, x, strength)
    values = stacked.losses(field, points, integrand, directions=field.dim)
    return values.reshape(np.shape(x)[:-1])


def regularised_implicit_loss_gradient(field, x, strength) -> np.ndarray:
    """The gradient (p,) of the mean regularised loss in `field.parameters`.

        ∂/∂θ mean[ ½‖s‖² + div s + λ Σᵢ (∂sᵢ/∂xᵢ)² ]

    field a Field; x points (..., d), at least one; strength λ ≥ 0.
    Checked by: regularised_implicit_gradient, regularised_fit
    """
    return regularised_implicit_loss_and_gradient(field, x, strength)[1]


def regularised_implicit_loss_and_gradient(field, x, strength):
    """The mean regularised loss, a number, and its gradient (p,), from one forward pass.

    field a Field; x points (..., d), at least one; strength λ ≥ 0. Cost: d products J v and
    their pull-backs a point.
    Checked by: regularised_implicit_gradient, regularised_fit
    """
    field, points, integrand = _penalised(field, x, strength)
    return stacked.loss_and_gradient(field, points, integrand, directions=field.dim)


def _noised(field, x, sigma, noise, rng):
    """The field, the noisy points, and the implicit integrand."""
    field, x = field_and_points(field, x)
    sigma = levels_beside(sigma, x)
    z = as_normals(noise, x, rng)
    with beyond_float():
        return field, x + sigma * z, implicit_integrand


def _penalised(field, x, strength):
    """The field, the points (1, n, d), and the integrand with λ."""
    field, x = field_and_points(field, x)
    strength = as_positive(strength, "strength", zero=True)
    unit = np.eye(field.dim)[:, None, :]

    def integrand(local, rows):
        s = local.value
        e = np.broadcast_to(unit, (field.dim, *s.shape))
        diagonal = np.einsum("ini->in", local.jvp(e))
        loss = half_square(s) + (diagonal + strength * diagonal**2).sum(axis=0)
        return loss, (s, None, e, (1 + 2 * strength * diagonal)[:, :, None] * unit)

    return field, x.reshape(1, -1, field.dim), integrand
