"""Implicit score matching with the divergence estimated by curvature propagation."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, beyond_float
from refscore.objectives.integrands import field_and_points, half_square, losses
from refscore.traces.divergences import point_probes


def curvature_propagation_loss(
    field, x, factor, probes=None, *, rng=None, n_probes=1, probe="gaussian"
) -> np.ndarray:
    """The implicit loss of a field with −J(x) = C(x)ᵀ C(x), from products with Cᵀ alone.

        ½‖s(x)‖² − mean over v of Σᵢ ((C(x)ᵀ v)ᵢ)²

    Its mean over probes with E v vᵀ = I is ½‖s‖² − tr CᵀC = ½‖s‖² + div s, and every estimate of
    −div s is at least zero. It has no gradient here: that would need ∂C/∂θ, which a Field does
    not know. field a Field; x points (..., d); factor C: an array (..., k, d), one (k, d) for all
    points, or a function of x that returns one; probes v (..., m, k), m for every point, or
    n_probes of the kind `probe` (gaussian, rademacher, sphere or coordinate) drawn from `rng`,
    anything numpy.random.default_rng takes. That C belongs to the field is the caller's word.
    Returns (...,). Raises TypeError or ValueError naming the argument. Cost: one value and m
    products Cᵀ v a point.
    Source: Martens, Sutskever and Swersky, Estimating the Hessian by back-propagating curvature
    (2012).
    Checked by: curvature_loss_given_probes, curvature_loss_is_implicit
    """
    field, x = field_and_points(field, x)
    C = _factors(factor, x)
    v = _probes(probes, x, C.shape[-2], rng, n_probes, probe)
    with beyond_float():
        back = np.einsum("nkd,nmk->nmd", C.reshape(-1, *C.shape[-2:]), v)
        curvature = np.einsum("nmd,nmd->n", back, back) / v.shape[1]

    def integrand(local, rows):
        return half_square(local.value) - curvature[rows], None

    return losses(field, x, integrand)


def _factors(factor, x):
    """C beside every point, (..., k, d)."""
    C = as_array(factor(x.copy()) if callable(factor) else factor, "factor")
    if C.ndim not in (2, x.ndim + 1) or C.shape[-1] != x.shape[-1] or C.shape[-2] == 0:
        raise ValueError(
            f"factor must have shape (k, {x.shape[-1]}) or {x.shape[:-1]} + (k, {x.shape[-1]}),"
            f" got shape {C.shape}"
        )
    if C.ndim > 2 and C.shape[:-2] != x.shape[:-1]:
        raise ValueError(f"factor must have one C for every point of x, got shape {C.shape}")
    return np.broadcast_to(C, (*x.shape[:-1], *C.shape[-2:]))


def _probes(probes, x, k, rng, n_probes, probe):
    """Probes (n, m, k), as given or drawn."""
    at = np.broadcast_to(0.0, (*x.shape[:-1], k))
    v = point_probes(at, probes, rng=rng, n_probes=n_probes, probe=probe)
    return v.reshape(-1, *v.shape[-2:])
