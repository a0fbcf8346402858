"""Mistakes in denoising losses of Gaussian kernels."""

from __future__ import annotations

import numpy as np

from refscore.verify import library
from refscore.verify.mutants.base import mistake
from refscore.verify.mutants.gradients import parts
from refscore.verify.mutants.objectives import half_square


def _gaussian(field, x, scale, covariance, noise, *, at=None, target=None):
    """½‖s(x̃) + target‖², with the right parts where none is given."""
    root = np.linalg.cholesky(covariance)
    noisy = scale * x + noise @ root.T if at is None else at(root)
    pull = noise @ np.linalg.inv(root) if target is None else target(root)
    return half_square(field(noisy) + pull)


def _gaussian_mistake(name, summary, source, *, at=None, target=None):
    """A wrong noisy point `at(a, x, z, L, C)` or a wrong target of the same arguments."""

    def wrong(field, x, scale, covariance, noise):
        def bound(part):
            return part and (lambda root: part(scale, x, noise, root, covariance))

        return _gaussian(field, x, scale, covariance, noise, at=bound(at), target=bound(target))

    wrong.__doc__ = summary
    mistake(f"gaussian_denoising_{name}", port="gaussian_denoising_loss", source=source)(wrong)


_gaussian_mistake(
    "without_scale", "The data are not scaled.", "S07", at=lambda a, x, z, L, C: x + z @ L.T
)
_gaussian_mistake(
    "scale_squared",
    "The data are scaled by a².",
    "S05",
    at=lambda a, x, z, L, C: a**2 * x + z @ L.T,
)
_gaussian_mistake(
    "noise_scaled",
    "The noise is scaled with the data.",
    "classic",
    at=lambda a, x, z, L, C: a * (x + z @ L.T),
)
_gaussian_mistake(
    "noise_by_covariance",
    "The noise is C z where L z belongs.",
    "M01: variance for sd",
    at=lambda a, x, z, L, C: a * x + z @ C,
)
_gaussian_mistake(
    "noise_without_factor",
    "The noise is z, its Cholesky factor forgotten; the target is right.",
    "classic",
    at=lambda a, x, z, L, C: a * x + z,
)
_gaussian_mistake(
    "without_factor",
    "The Cholesky factor is forgotten in noise and target: a kernel of covariance I.",
    "classic",
    at=lambda a, x, z, L, C: a * x + z,
    target=lambda a, x, z, L, C: z,
)
_gaussian_mistake(
    "noise_transposed",
    "The noise is Lᵀ z, of covariance LᵀL.",
    "classic: z @ L",
    at=lambda a, x, z, L, C: a * x + z @ L,
)
_gaussian_mistake(
    "noise_variances_only",
    "Only the diagonal of C reaches the noise.",
    "classic",
    at=lambda a, x, z, L, C: a * x + z * np.sqrt(np.diag(C)),
)
_gaussian_mistake(
    "at_clean_point",
    "The field is evaluated at a x.",
    "erratum J11",
    at=lambda a, x, z, L, C: a * x,
)
_gaussian_mistake(
    "target_sign",
    "The target has the sign of an energy's gradient.",
    "O01",
    target=lambda a, x, z, L, C: -z @ np.linalg.inv(L),
)
_gaussian_mistake(
    "target_transposed",
    "The target is L⁻¹ z where L⁻ᵀ z belongs.",
    "classic",
    target=lambda a, x, z, L, C: z @ np.linalg.inv(L).T,
)
_gaussian_mistake(
    "target_by_covariance",
    "The target is C⁻¹ z with unit noise z.",
    "O24: sigma counted twice",
    target=lambda a, x, z, L, C: z @ np.linalg.inv(C),
)
_gaussian_mistake(
    "target_scaled_noise",
    "The target is the noise added, L z.",
    "O24",
    target=lambda a, x, z, L, C: z @ L.T,
)
_gaussian_mistake(
    "target_bare_noise",
    "The target is z, a noise prediction.",
    "S08",
    target=lambda a, x, z, L, C: z,
)
_gaussian_mistake(
    "target_scaled",
    "The target is the score in x, a times that in x̃.",
    "O18: the wrong variable",
    target=lambda a, x, z, L, C: a * z @ np.linalg.inv(L),
)


@mistake("gaussian_denoising_weighted", port="gaussian_denoising_loss", source="conventions 4")
def _(field, x, scale, covariance, noise):
    """The residual is weighted with Lᵀ: ½‖Lᵀ s + z‖²."""
    root = np.linalg.cholesky(covariance)
    return half_square(field(scale * x + noise @ root.T) @ root + noise)


@mistake("gaussian_denoising_without_half", port="gaussian_denoising_loss", source="conventions 4")
def _(field, x, scale, covariance, noise):
    """The one half is left out."""
    return 2 * library.gaussian_denoising_loss(field, x, scale, covariance, noise)


def _gaussian_residual(field, x, scale, covariance, noise, sign=1.0):
    root = np.linalg.cholesky(covariance)
    noisy = scale * x + noise @ root.T
    return noisy, field(noisy) + sign * noise @ np.linalg.inv(root)


@mistake(
    "gaussian_denoising_gradient_at_clean_point",
    port="gaussian_denoising_loss_gradient",
    source="erratum J11",
)
def _(field, x, scale, covariance, noise):
    """The residual is pulled back at the clean point."""
    _, residual = _gaussian_residual(field, x, scale, covariance, noise)
    return parts(field, scale * x, value=residual) / len(x)


@mistake(
    "gaussian_denoising_gradient_target_sign",
    port="gaussian_denoising_loss_gradient",
    source="O01",
)
def _(field, x, scale, covariance, noise):
    """The residual has the target's sign wrong."""
    noisy, residual = _gaussian_residual(field, x, scale, covariance, noise, -1.0)
    return parts(field, noisy, value=residual) / len(x)


@mistake(
    "gaussian_denoising_gradient_sum",
    port="gaussian_denoising_loss_gradient",
    source="O-family: sum for mean",
)
def _(field, x, scale, covariance, noise):
    """The gradient of the summed, not the mean, loss."""
    return len(x) * library.gaussian_denoising_loss_gradient(field, x, scale, covariance, noise)
