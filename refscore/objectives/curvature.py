"""Implicit score matching with the divergence estimated by curvature propagation."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_callable, as_like, beyond_float
from refscore.objectives.integrands import (
    field_and_points,
    half_square,
    loss_and_gradient,
    losses,
)
from refscore.traces.divergences import point_probes


def curvature_propagation_loss(
    field, x, factor, probes=None, *, rng=None, n_probes=1, probe="gaussian"
) -> np.ndarray:
    """The implicit loss of a field with −J(x) = C(x)ᵀ C(x), from products with Cᵀ alone.

        ½‖s(x)‖² − mean over v of Σᵢ ((C(x)ᵀ v)ᵢ)²

    Its mean over probes with E v vᵀ = I is ½‖s‖² − tr CᵀC = ½‖s‖² + div s, and every estimate of
    −div s is at least zero. field a Field; x points (..., d); factor C: an array (..., k, d), one
    (k, d) for all points, or a function of x and `field.parameters` that returns one; probes v
    (..., m, k), m for every point, or n_probes of the kind `probe` (gaussian, rademacher, sphere
    or coordinate) drawn from `rng`, anything numpy.random.default_rng takes. That C belongs to
    the field is the caller's word. Returns (...,). Raises TypeError or ValueError naming the
    argument. Cost: one value and m products Cᵀ v a point.
    Source: Martens, Sutskever and Swersky, Estimating the Hessian by back-propagating curvature
    (2012).
    Checked by: curvature_loss_given_probes, curvature_loss_is_implicit
    """
    field, x = field_and_points(field, x)
    C = _factors(factor, field, x)
    return losses(field, x, _integrand(C, _probes(probes, x, C, rng, n_probes, probe))[0])


def curvature_propagation_loss_gradient(
    field, x, factor, factor_gradient=None, probes=None, *, rng=None, n_probes=1, probe="gaussian"
) -> np.ndarray:
    """The gradient (p,) of the mean curvature propagation loss, for the same probes.

        ∂/∂θ mean[ ½‖s‖² − ‖Cᵀv‖² ] = mean[ (∂s/∂θ)ᵀ s − 2 Σₖᵢ vₖ (Cᵀv)ᵢ ∂Cₖᵢ/∂θ ]

    field a Field; x points (..., d), at least one; factor C as for the loss, a function where θ
    is to move; factor_gradient ∂C/∂θ: an array (..., k, d, p), one (k, d, p) for all points, or
    a function of x (n, d), θ and weights W (n, k, d) that returns ∂/∂θ Σ W·C, (p,). If omitted,
    factor is a function of (x, θ) written in autograd.numpy, C (n, k, d). probes and the rest
    as for the loss. Raises TypeError or ValueError naming the argument.
    Checked by: curvature_gradient
    """
    return curvature_propagation_loss_and_gradient(
        field, x, factor, factor_gradient, probes, rng=rng, n_probes=n_probes, probe=probe
    )[1]


def curvature_propagation_loss_and_gradient(
    field, x, factor, factor_gradient=None, probes=None, *, rng=None, n_probes=1, probe="gaussian"
):
    """The mean curvature propagation loss, a number, and its gradient (p,).

    Arguments as for `curvature_propagation_loss_gradient`.
    Checked by: curvature_gradient
    """
    field, x = field_and_points(field, x)
    if factor_gradient is None:
        as_callable(factor, "factor, where factor_gradient is not given,")
    C = _factors(factor, field, x)
    integrand, weights = _integrand(C, _probes(probes, x, C, rng, n_probes, probe))
    loss, gradient = loss_and_gradient(field, x, integrand)
    with beyond_float():
        pulled = _pullback(factor, factor_gradient, field, x, weights)
        return loss, gradient + pulled / len(weights)


def _factors(factor, field, x):
    """C beside every point, (..., k, d)."""
    C = factor(x.copy(), field.parameters) if callable(factor) else factor
    C = as_array(C, "factor")
    if C.ndim not in (2, x.ndim + 1) or C.shape[-1] != x.shape[-1] or C.shape[-2] == 0:
        raise ValueError(
            f"factor must have shape (k, {x.shape[-1]}) or {x.shape[:-1]} + (k, {x.shape[-1]}),"
            f" got shape {C.shape}"
        )
    if C.ndim > 2 and C.shape[:-2] != x.shape[:-1]:
        raise ValueError(f"factor must have one C for every point of x, got shape {C.shape}")
    return np.broadcast_to(C, (*x.shape[:-1], *C.shape[-2:]))


def _probes(probes, x, C, rng, n_probes, probe):
    """Probes (n, m, k), as given or drawn."""
    at = np.broadcast_to(0.0, C.shape[:-1])
    v = point_probes(at, probes, rng=rng, n_probes=n_probes, probe=probe)
    return v.reshape(-1, *v.shape[-2:])


def _integrand(C, v):
    """The integrand, and ∂/∂C of the losses: −2 mean over v of v (Cᵀv)ᵀ, (n, k, d)."""
    with beyond_float():
        back = np.einsum("nkd,nmk->nmd", C.reshape(-1, *C.shape[-2:]), v)
        curvature = np.einsum("nmd,nmd->n", back, back) / v.shape[1]
        weights = np.einsum("nmk,nmd->nkd", v, back) * (-2.0 / v.shape[1])

    def integrand(local, rows):
        s = local.value
        return half_square(s) - curvature[rows], (s, None, None, None)

    return integrand, weights


def _pullback(factor, factor_gradient, field, x, weights):
    """∂/∂θ Σ W·C over all points, (p,)."""
    theta, points = field.parameters, x.reshape(-1, field.dim).copy()
    if factor_gradient is None:
        from refscore.autodiff import parameter_pullback

        return parameter_pullback(factor, points, theta, weights)
    if callable(factor_gradient):
        pulled = factor_gradient(points, theta.copy(), weights)
        return as_like(pulled, "factor_gradient(x, theta, weights)", theta, "field.parameters")
    whole = as_array(factor_gradient, "factor_gradient")
    k, d, p = weights.shape[1], field.dim, theta.size
    if whole.shape not in ((k, d, p), (*x.shape[:-1], k, d, p)):
        raise ValueError(
            f"factor_gradient must have shape ({k}, {d}, {p}) or {(*x.shape[:-1], k, d, p)},"
            f" got shape {whole.shape}"
        )
    if whole.ndim == 3:
        return np.tensordot(weights.sum(axis=0), whole, axes=2)
    return np.tensordot(weights, whole.reshape(*weights.shape, p), axes=3)
