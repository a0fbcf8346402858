"""Ports of the library: data perturbed by kernels, noise and finite differences."""

from refscore import objectives

__all__ = [
    "controlled_denoising_loss",
    "controlled_denoising_loss_gradient",
    "curvature_propagation_loss",
    "curvature_propagation_loss_gradient",
    "explicit_loss",
    "explicit_loss_gradient",
    "finite_difference_loss",
    "finite_difference_loss_gradient",
    "gaussian_denoising_loss",
    "gaussian_denoising_loss_gradient",
    "noisy_implicit_loss",
    "noisy_implicit_loss_gradient",
    "regularised_implicit_loss",
    "regularised_implicit_loss_gradient",
]


def explicit_loss(field, x, data, bandwidth):
    """½‖s(x) − ∇ log q(x)‖², q a kernel density."""
    return objectives.explicit_loss(field, x, data, bandwidth)


def explicit_loss_gradient(field, x, data, bandwidth):
    """Its parameter gradient."""
    return objectives.explicit_loss_gradient(field, x, data, bandwidth)


def gaussian_denoising_loss(field, x, scale, covariance, noise=None, *, rng=None):
    """½‖s(a x + L z) + L⁻ᵀ z‖²."""
    return objectives.gaussian_denoising_loss(field, x, scale, covariance, noise, rng=rng)


def gaussian_denoising_loss_gradient(field, x, scale, covariance, noise=None, *, rng=None):
    """Its parameter gradient."""
    return objectives.gaussian_denoising_loss_gradient(field, x, scale, covariance, noise, rng=rng)


def controlled_denoising_loss(field, x, sigma, noise=None, *, rng=None):
    """½‖s(x + σz) + z/σ‖² − z·s(x)/σ − (‖z‖² − d)/(2σ²)."""
    return objectives.controlled_denoising_loss(field, x, sigma, noise, rng=rng)


def controlled_denoising_loss_gradient(field, x, sigma, noise=None, *, rng=None):
    """Its parameter gradient."""
    return objectives.controlled_denoising_loss_gradient(field, x, sigma, noise, rng=rng)


def noisy_implicit_loss(field, x, sigma, noise=None, *, rng=None):
    """½‖s‖² + tr ∇s at x + σz."""
    return objectives.noisy_implicit_loss(field, x, sigma, noise, rng=rng)


def noisy_implicit_loss_gradient(field, x, sigma, noise=None, *, rng=None):
    """Its parameter gradient."""
    return objectives.noisy_implicit_loss_gradient(field, x, sigma, noise, rng=rng)


def regularised_implicit_loss(field, x, strength):
    """½‖s‖² + tr ∇s + λ Σ (∂ᵢsᵢ)²."""
    return objectives.regularised_implicit_loss(field, x, strength)


def regularised_implicit_loss_gradient(field, x, strength):
    """Its parameter gradient."""
    return objectives.regularised_implicit_loss_gradient(field, x, strength)


def finite_difference_loss(field, x, step, probes=None, *, rng=None):
    """v·(s(x + εv) − s(x − εv))/(2ε) + ½(v·s)², averaged over the probes."""
    return objectives.finite_difference_loss(field, x, step, probes, rng=rng)


def finite_difference_loss_gradient(field, x, step, probes=None, *, rng=None):
    """Its parameter gradient."""
    return objectives.finite_difference_loss_gradient(field, x, step, probes, rng=rng)


def curvature_propagation_loss(field, x, factor, probes=None, *, rng=None):
    """½‖s‖² − Σ ((Cᵀv)ᵢ)², averaged over the probes."""
    return objectives.curvature_propagation_loss(field, x, factor, probes, rng=rng)


def curvature_propagation_loss_gradient(
    field, x, factor, factor_gradient, probes=None, *, rng=None
):
    """Its parameter gradient, ∂C/∂θ given."""
    return objectives.curvature_propagation_loss_gradient(
        field, x, factor, factor_gradient, probes, rng=rng
    )
