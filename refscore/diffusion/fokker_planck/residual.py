"""By how much a density misses the Fokker-Planck equation, or the continuity equation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import (
    as_callable,
    as_points,
    as_positive,
    as_real,
    as_scalar,
    beyond_float,
    require_finite,
)
from refscore.diffusion.fokker_planck.coefficients import squared_number, takes_time
from refscore.diffusion.fokker_planck.densities import FunctionDensity, difference
from refscore.fields.base import handed_to

_STEP = 2e-3


def fokker_planck_residual(density, drift, diffusion, x, t, *, step=_STEP) -> np.ndarray:
    """The Fokker-Planck equation of log p at points, left side minus right: 0 for its solutions.

        r = ∂_t log p + div f + f·s - ½ Σ_ij [∂_i∂_j A_ij + 2 ∂_i A_ij s_j + A_ij (H_ij + s_i s_j)]

    A = G Gᵀ, s = ∇ log p, H = ∇s; with g of t alone the sum is g² (div s + |s|²). Where p is
    known up to a constant in x and t this is the residual of p over p: p r is that of
    ∂_t p + div(f p) - ½ Σ_ij ∂_i∂_j(A_ij p).
    Arguments: density, a `DiffusedDensity`, `StillDensity`, `FunctionDensity`, anything with
    their .score, .jacobian and .rate of (x, t), or a function log p(x, t), differentiated by
    differences; drift, f(x) or f(x, t); its divergence is .divergence(x, t) where it has one,
    else by differences; diffusion, a number, or g(x) or g(x, t): a number or one a point
    (isotropic), (..., d) (diagonal) or (..., d, m) (a matrix G), its derivatives by differences
    of `step`; x (..., d); t. Returns: (...,). Raises: ValueError naming the argument.
    Cost: a score, a Jacobian and d² products; differences take 4 calls a coordinate (8 d for A).
    Source: Risken 1989, equation 4.94a; Song et al. 2021, appendix D.
    Checked by: fokker_planck_residual, residual_of_state_dependent_noise,
    fixed_score_has_no_flux, erratum_equation_is_no_ode
    """
    p, x, t = _as_density(density), as_points(x, "x"), as_scalar(t, "t")
    as_positive(step, "step")
    s, H, rate = (_of(p, name, x, t) for name in ("score", "jacobian", "rate"))
    with beyond_float():
        spread = _spread(_squared(diffusion, x, t, step), s, H)
        carried = np.sum(_value(drift, x, t, "drift") * s, axis=-1)
        return rate + _divergence(drift, x, t, "drift", step) + carried - 0.5 * spread


def continuity_residual(density, velocity, x, t, *, step=_STEP) -> np.ndarray:
    """The continuity equation of log p under a velocity, left side minus right.

        r = ∂_t log p + div v + v·∇ log p

    0 where the flow dx/dt = v carries p, as the probability flow does p_t.
    Arguments: as `fokker_planck_residual`'s; velocity, v(x) or v(x, t), with .divergence(x, t)
    or differentiated by differences of `step`. Returns: (...,). Cost: a score, a velocity and
    its divergence. Source: Song et al. 2021, appendix D.1.
    Checked by: continuity_residual
    """
    p, x, t = _as_density(density), as_points(x, "x"), as_scalar(t, "t")
    step = as_positive(step, "step")
    s, rate = _of(p, "score", x, t), _of(p, "rate", x, t)
    with beyond_float():
        carried = np.sum(_value(velocity, x, t, "velocity") * s, axis=-1)
        return rate + _divergence(velocity, x, t, "velocity", step) + carried


def _as_density(density):
    if all(hasattr(density, name) for name in ("score", "jacobian", "rate")):
        return density
    return FunctionDensity(as_callable(density, "density"))


def _of(density, name: str, x: np.ndarray, t: float) -> np.ndarray:
    """The density's score, jacobian or rate, which must be finite."""
    with beyond_float():
        value = getattr(density, name)(x.copy(), t)
    return _finite(value, f"density.{name}(x, t)")


def _finite(value, name: str) -> np.ndarray:
    return require_finite(as_real(value, name), name)


def _called(function: Callable, x: np.ndarray, t: float, name: str) -> np.ndarray:
    """function(x, t) or function(x) of a copy of x, which must be finite."""
    given = handed_to(function, x)
    return _finite(function(given, t) if takes_time(function, name) else function(given), name)


def _value(function: Callable, x: np.ndarray, t: float, name: str) -> np.ndarray:
    value = _called(as_callable(function, name), x, t, f"{name}(x, t)")
    if value.shape != x.shape:
        raise ValueError(f"{name} must return the shape of x, {x.shape}; got {value.shape}")
    return value


def _divergence(function, x: np.ndarray, t: float, name: str, step: float) -> np.ndarray:
    own = getattr(function, "divergence", None)
    if own is not None:
        return _called(own, x, t, f"{name}.divergence(x, t)") + np.zeros(x.shape[:-1])
    units = np.eye(x.shape[-1])
    return np.sum(
        [
            difference(lambda u, i=i: _value(function, x + u * units[i], t, name)[..., i], step)
            for i in range(len(units))
        ],
        axis=0,
    )


class _Squared:
    """A = G Gᵀ with its first and second derivatives at points, each (..., d, d) or 0."""

    def __init__(self, value, first, second):
        self.value = value  # A_ij
        self.first = first  # Σ_i ∂_i A_ij, (..., d)
        self.second = second  # Σ_ij ∂_i ∂_j A_ij, (...,)


def _squared(diffusion, x: np.ndarray, t: float, h: float) -> _Squared:
    if not callable(diffusion):
        g = as_positive(diffusion, "diffusion", zero=True)
        return _Squared(squared_number(g, "diffusion") * np.eye(x.shape[-1]), 0.0, 0.0)

    def A(y):
        return _matrix(_called(diffusion, y, t, "diffusion(x, t)"), y)

    here = A(x)
    if here.ndim == 2:  # a number: of t alone
        return _Squared(here, 0.0, 0.0)
    units, d = np.eye(x.shape[-1]), x.shape[-1]

    def divergence(y):
        return sum(difference(lambda u, i=i: A(y + u * units[i])[..., i, :], h) for i in range(d))

    second = sum(
        difference(lambda u, j=j: divergence(x + u * units[j])[..., j], h) for j in range(d)
    )
    return _Squared(here, divergence(x), second)


def _matrix(g: np.ndarray, x: np.ndarray) -> np.ndarray:
    """G Gᵀ: (d, d) of a number; else (..., d, d)."""
    eye = np.eye(x.shape[-1])
    if g.ndim == 0:
        return g**2 * eye
    if g.shape == x.shape[:-1]:
        return (g**2)[..., None, None] * eye
    if g.shape == x.shape:
        return (g**2)[..., None] * eye
    if g.shape[:-1] == x.shape:
        return g @ np.swapaxes(g, -1, -2)
    raise ValueError(
        f"diffusion must return a number, {x.shape[:-1]}, {x.shape} or {(*x.shape, 'm')},"
        f" got shape {g.shape}"
    )


def _spread(A: _Squared, s: np.ndarray, H: np.ndarray) -> np.ndarray:
    curved = np.sum(A.value * (H + s[..., :, None] * s[..., None, :]), axis=(-2, -1))
    return A.second + 2 * np.sum(A.first * s, axis=-1) + curved
