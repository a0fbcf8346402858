"""Closed-form minimisers for fields that are linear in their parameters: G θ = −g."""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_array,
    as_callable,
    as_ladder,
    as_like,
    as_noise_levels,
    as_normals,
    as_points,
    as_real,
    as_rng,
    beyond_float,
    require_one,
)
from refscore.estimation._independence import require_apart, require_residual
from refscore.estimation._quadratic import Block, Quadratic, data, features_of
from refscore.estimation.result import FitResult
from refscore.fields.base import as_field
from refscore.objectives import Weight
from refscore.traces.divergences import point_probes


def fit_implicit(field, x, *, fixed=None) -> FitResult:
    """The minimiser of the mean implicit loss for a field s = s₀ + Σⱼ θⱼ ψⱼ.

        G θ = −g,  G = mean Ψᵀ Ψ,  g = mean[ div ψ + Ψᵀ s₀ ],  Ψ = (ψ₁ … ψ_p)

    field a LinearInParameters or Affine field, whose own parameters do not matter; x points
    (..., d); fixed s₀ a Field of known values, zero if omitted. Returns a FitResult with the
    sandwich covariance. Raises ValueError if G is singular, naming the features or columns
    that are to blame, and, as every fit here, for n d ≤ p, which leaves no errors. Cost:
    O(n d p²), in blocks of bounded memory, and O(p³).
    Source: Hyvärinen (2005), section 3; Hyvärinen, Some extensions of score matching (2007).
    Checked by: diagonal_precision_optimum, diagonal_precision_moments,
        generalised_normal_optimum, sandwich_errors
    """
    x = data(x, as_field(field, "field").dim)
    features = features_of(field, x)
    known = _Known(fixed, features.dim)

    def block(rows):
        psi, (s, div, _) = features.values(x[rows]), known(x[rows])
        return Block(psi, s, features.paired(x[rows]), div)

    return _fitted(field, features, block, len(x), "implicit", known=known)


def fit_sliced(
    field,
    x,
    probes=None,
    *,
    rng=None,
    n_probes=1,
    probe="rademacher",
    variance_reduced=False,
    fixed=None,
) -> FitResult:
    """The minimiser of the mean sliced loss on given or drawn probes, for a linear field.

        G = mean_v Ψᵀ v vᵀ Ψ,  g = mean_v[ vᵀ ∇ψ v + (v·s₀) Ψᵀ v ]

    and, if variance_reduced, G and Ψᵀ s₀ as for the implicit loss. field a LinearInParameters
    or Affine field; x points (..., d); probes v (..., m, d), m for every point, or n_probes
    of the kind `probe` from `rng`; fixed s₀ a Field of known values. The covariance counts
    the probes' part too, D⁻¹(V + W/m)D⁻¹/n, as the probes are fresh at every point. Raises
    ValueError if G is singular. Cost: O(n m p²) and O(n d² p).
    Source: Song, Garg, Shi and Ermon, Sliced score matching (2019).
    Checked by: sliced_precision_optimum, variance_reduced_precision_optimum,
        sliced_sandwich_errors
    """
    x = data(x, as_field(field, "field").dim)
    if probes is not None:
        probes = as_array(probes, "probes")
        probes = probes.reshape(-1, *probes.shape[-2:]) if probes.ndim > 3 else probes
    v = point_probes(x, probes, rng=rng, n_probes=n_probes, probe=probe)
    features = features_of(field, x)
    known, m = _Known(fixed, features.dim), v.shape[1]

    def block(rows):
        psi, (s, _, jacobian), probe = features.values(x[rows]), known(x[rows]), v[rows]
        pairs = np.einsum("nmi,nmk->nik", probe, probe) / m
        linear, constant = features.paired(x[rows], pairs), np.einsum("nik,nik->n", pairs, jacobian)
        if variance_reduced:
            return Block(psi, s, linear, constant)
        along = probe / np.sqrt(m)
        return Block(along @ psi, np.einsum("nmi,ni->nm", along, s), linear, constant)

    name = "variance-reduced sliced" if variance_reduced else "sliced"
    return _fitted(field, features, block, len(x), name, m, known=known)


def fit_denoising(
    field, x, sigma, noise=None, *, rng=None, control_variate=False, fixed=None
) -> FitResult:
    """The minimiser of the mean denoising loss on given or drawn noise, for a linear field.

        G = mean Ψᵀ Ψ,  g = mean Ψᵀ(z/σ + s₀),  Ψ and s₀ at x + σ z

    field a LinearInParameters or Affine field; x points (..., d); sigma σ > 0, one or one a
    point (...,); noise z (..., d), or drawn from `rng`; fixed s₀ a Field of known values.
    It estimates the noised law: of Gaussian data with covariance S, the precision
    (S + σ²I)⁻¹. With control_variate the loss less z·s(x)/σ + (‖z‖² − d)/(2σ²), whose mean is
    0, so that the variance stays bounded as σ → 0. Raises ValueError if G is singular, and where
    the field takes the noise from x without residual: then x and noise are not independent.
    Cost: as `fit_implicit`.
    Source: Vincent (2011).
    Checked by: denoised_precision_optimum, denoised_levels_are_separate
    """
    given = as_points(x, "x", as_field(field, "field").dim)
    x = data(given, field.dim)
    sigma = _levels(sigma, given.shape[:-1])
    z = as_normals(noise, given, rng).reshape(x.shape)
    with beyond_float():
        target, noisy = z / sigma, x + sigma * z
    features = features_of(field, as_array(noisy, "x + sigma * noise"))
    known = _Known(fixed, features.dim)

    def block(rows):
        psi, s, t = features.values(noisy[rows]), known(noisy[rows])[0], target[rows]
        linear, constant = np.zeros((len(t), features.count)), np.zeros(len(t))
        if control_variate:
            linear = -np.einsum("ndp,nd->np", features.values(x[rows]), t)
            clean = np.einsum("nd,nd->n", known(x[rows])[0], t)
            square = (z[rows] ** 2).sum(1) - features.dim
            constant = -clean - 0.5 * square / np.broadcast_to(sigma, (len(x), 1))[rows, 0] ** 2
        return Block(psi, s + t, linear, constant)

    fitted = _fitted(field, features, block, len(x), "denoising", known=known)
    if control_variate:
        require_apart(x, z)
    elif (x != x[0]).any():  # at a point alone the best score is exact
        require_residual(fitted.loss, target)
    return fitted


def fit_generalised(field, x, weight, weight_derivative=None, *, fixed=None) -> FitResult:
    """The minimiser of generalised score matching on bounded data, for a linear field.

        mean Σᵢ [ hᵢ(½ sᵢ² + ∂ᵢ sᵢ) + hᵢ′ sᵢ ]

    field a LinearInParameters or Affine field; x points (..., d); weight h ≥ 0, which vanishes at
    the boundary, an `objectives.Weight`, or with weight_derivative h′ any function of points
    (n, d) to (n, d), or an array of the shape of x; fixed s₀ a Field of known
    values. Raises ValueError for points off the weight's support, naming row and coordinate, and
    if the weighted Gram matrix is singular. Cost: as `fit_implicit`.
    Source: Yu, Drton and Shojaie, Generalized score matching for non-negative data (2019).
    Checked by: half_normal_mean_optimum, half_normal_variance_optimum, exponential_rate_optimum
    """
    shape = as_points(x, "x", as_field(field, "field").dim).shape
    x = data(x, field.dim)
    if isinstance(weight, Weight):
        weight.require_support(x)
    h = _weights(weight, "weight", x, shape)
    if weight_derivative is None:
        weight_derivative = getattr(weight, "derivative", None)
    slope = _weights(weight_derivative, "weight_derivative", x, shape)
    for row, i in np.argwhere(h < 0)[:1]:
        raise ValueError(
            f"weight must be at least 0, got {h[row, i]:.3g} at row {row}, coordinate {i} of x"
        )
    features = features_of(field, x)
    known = _Known(fixed, features.dim)

    def block(rows):
        psi, (s, _, jacobian) = features.values(x[rows]), known(x[rows])
        pairs = h[rows][:, :, None] * np.eye(features.dim)
        linear = features.paired(x[rows], pairs) + np.einsum("ndp,nd->np", psi, slope[rows])
        constant = np.einsum("nik,nik->n", pairs, jacobian) + (slope[rows] * s).sum(1)
        root = np.sqrt(h[rows])
        return Block(root[:, :, None] * psi, root * s, linear, constant)

    return _fitted(field, features, block, len(x), "generalised", known=known)


def fit_levels(family, x, sigmas, noise=None, *, rng=None) -> list[FitResult]:
    """Denoising fits of a field with features of its own at every noise level: separate fits.

    family a function of σ to a LinearInParameters or Affine field, or a Family; x points
    (..., d); sigmas (L,), positive and strictly decreasing; noise (L, ..., d), or drawn from
    `rng`. The joint optimum of any positively weighted sum over levels that share no parameter
    is one optimum a level. Returns L FitResults. Raises ValueError naming the argument, and the
    index of a level out of order.
    Checked by: denoised_levels_are_separate
    """
    at = getattr(family, "at", family)
    as_callable(at, "family")
    x = as_points(x, "x")
    require_one("noise", noise, rng)
    sigmas, rng = as_ladder(sigmas, "sigmas"), as_rng(rng, "noise")
    if noise is None:
        noise = rng.standard_normal((len(sigmas), *np.shape(x)))
    noise = as_array(noise, "noise")
    if noise.shape != (len(sigmas), *np.shape(x)):
        raise ValueError(
            f"noise must have shape {(len(sigmas), *np.shape(x))}, got shape {noise.shape}"
        )
    return [fit_denoising(at(s), x, s, z) for s, z in zip(sigmas.tolist(), noise)]


class _Known:
    """The values, divergences and Jacobians of s₀."""

    def __init__(self, field, dim):
        self.field = None if field is None else as_field(field, "fixed")
        if field is not None and field.dim != dim:
            raise ValueError(f"fixed must be a field on R^{dim}, got one on R^{field.dim}")

    def __call__(self, x):
        n, d = x.shape
        if self.field is None:
            return np.zeros((n, d)), np.zeros(n), np.zeros((n, d, d))
        jacobian = self.field.jacobian(x)
        return self.field(x), np.einsum("nii->n", jacobian), jacobian


def _fitted(field, features, block, n, objective, rows_each=None, *, known) -> FitResult:
    problem = Quadratic(n, features, block, rows_each=rows_each)
    theta, solve = problem.minimise()
    if n * features.dim <= features.count:
        raise ValueError(
            f"x must hold more than p/d points: n = {n} in d = {features.dim} dimensions leave"
            f" nothing of p = {features.count} parameters to read their errors from"
        )
    with beyond_float():
        V, _, loss = problem.moments(theta)
        covariance = solve(solve(V).T) / n  # D⁻¹ V D⁻¹ / n
        theta, covariance = features.back(theta, 0.5 * (covariance + covariance.T))
    if not np.isfinite(theta).all():
        raise ValueError("the estimate is beyond the range of floats: rescale x")
    names = tuple(features.names)
    message = f"{objective} score matching in closed form"
    fitted = field.with_parameters(theta)
    whole = fitted if known.field is None else known.field + fitted
    return FitResult(theta, covariance, loss, n, names, whole, message=message)


def _levels(sigma, lead):
    """σ as a number, or as (n, 1)."""
    sigma = as_noise_levels(sigma, "sigma", tuple(lead))
    return sigma if np.ndim(sigma) == 0 else sigma.reshape(-1, 1)


def _weights(weight, name, x, shape):
    """h or h′ at the points, (n, d)."""
    if callable(weight):
        with np.errstate(all="ignore"):
            values = as_real(weight(x.copy()), f"{name}(x)")
        bad = np.argwhere(~np.isfinite(values)) if values.shape == x.shape else ()
        for row, i in bad[:1]:
            raise ValueError(
                f"{name} must be finite at x, got {values[row, i]} at row {row}, coordinate {i},"
                f" where x is {float(x[row, i])!r}: is it off the support?"
            )
        return as_like(values, f"{name}(x)", x, "x")
    return as_like(weight, name, x.reshape(shape), "x").reshape(x.shape)
