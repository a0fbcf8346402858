"""Posterior sampling for y = H x + n: the exact noised posterior, and approximations of its score.

    ∇ log p_t(x | y) = s_t(x) + ∇ log p_t(y | x),   p_t(y | x) = ∫ N(y; H x_0, R) p(x_0 | x_t = x)

Exact for Gaussians, mixtures and empirical laws. The approximations put a Gaussian in place
of p(x_0 | x_t): with its mean D(x) = E[x_0 | x_t = x] and variance 0 (`dps_score`), a given
multiple of the identity (`pigdm_score`) or its own covariance (`moment_score`).

How far they are, 0.7 N(1.5, 0.3) + 0.3 N(-1, 0.2) with y = x + n = 0.2 and R = 0.5 under VP, a
posterior of mean 0.478, variance 0.780 and weight 0.656 above 0.25:

    score    by the flow              by the reverse SDE
    exact    0.475  0.780  0.655      0.481  0.778  0.658
    DPS      0.128  0.141  0.160      0.274  0.539  0.562
    PiGDM    0.349  0.671  0.535      0.412  0.766  0.618
    moment   0.389  0.698  0.603      0.420  0.755  0.625
    flat     0.779  0.000  1.000      0.544  0.547  0.715

Heun's method, 80 steps; Euler-Maruyama, 800 steps of 20,000 points (errors near 0.006).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore._arguments import (
    as_array,
    as_offering,
    as_positive,
    as_scalar,
    beyond_float,
    require_finite,
)
from refscore.bayes import likelihood_score, posterior
from refscore.diffusion._scores import affine_part
from refscore.diffusion.base import ReverseStep
from refscore.diffusion.probability_flow import diffused, one_time, score_at_time
from refscore.distributions._spread import spread_of
from refscore.fields import Affine, Field
from refscore.fields.base import as_field
from refscore.processes import as_process


def posterior_score(process, law, H, y, noise_covariance) -> Callable:
    """The exact score of x_t given y = H x_0 + n, n ~ N(0, R): the posterior, diffused.

        p_t(x | y) = law of α_t X + σ_t Z with X ~ p(x_0 | y)

    Arguments: process; law of the data, a Gaussian, GaussianMixture or Empirical; H (k, d);
    y (k,); noise_covariance R (k, k), (k,) or a number. Returns: a function t -> Field, the
    oracle that every approximation here is held against. Source: derived; row A7.
    Checked by: noised_posterior_score
    """
    process, exact = as_process(process), posterior(law, H, y, noise_covariance)
    return lambda t: diffused(process, exact, t).score


def dps_score(process, score_at, H, y, noise_covariance, *, scale=1.0) -> Callable:
    """Diffusion posterior sampling: the likelihood of the denoised point, differentiated.

        s(x) + ζ J(x)ᵀ Hᵀ R⁻¹ (y - H D(x)),   D = (x + σ² s)/α,  J = ∂D/∂x

    Too strong wherever x_0 is uncertain: R⁻¹ stands for (H Cov[x_0|x_t] Hᵀ + R)⁻¹. For data
    N(0, 1), H = 1, under VP the posterior is N(y/(1+R), R/(1+R)); the reverse SDE samples
    N(y (1 - e^{-1/R}), R/2 (1 - e^{-2/R})) and the flow a variance of e^{-1/R}: 0.0500 and
    0.00005 for 0.0909 at R = 0.1.
    Arguments: process; score_at, a law, a family or a function t -> Field (with .vjp); H (k, d);
    y (k,); noise_covariance R (k, k), (k,) or a number, positive definite; scale ζ.
    Returns: a function t -> Field, affine where the score is. Cost: one score and one vjp.
    Source: Chung et al. 2023, equation 15, with the noise's own R for the tuned step.
    Checked by: dps_posterior_score
    """
    zeta, _ = as_scalar(scale, "scale"), likelihood_score(H, y, noise_covariance)  # R⁻¹ exists
    return _approximation(process, score_at, H, y, noise_covariance, lambda a, s: 0.0, zeta)


def pigdm_score(process, score_at, H, y, noise_covariance, *, data_variance=1.0) -> Callable:
    """Pseudo-inverse guidance: x_0 given x_t is N(D(x), r_t² I).

        s(x) + J(x)ᵀ Hᵀ (r_t² H Hᵀ + R)⁻¹ (y - H D(x)),   r_t² = σ² v / (α² v + σ²)

    Exact where the data are N(m, v I). Elsewhere r_t² I is not the covariance: with v = 2 for
    data N(0, 1), H = 1, R = 0.1, y = 1, the reverse SDE samples N(0.875, 0.0972) and the flow
    N(0.802, 0.1250) for N(0.909, 0.0909).
    Arguments: as of `dps_score`, R may be singular where H Hᵀ is not; data_variance v.
    Returns: a function t -> Field, affine where the score is. Cost: one score and one vjp.
    Source: Song, Vahdat, Mardani and Kautz 2023, equations 7 to 9.
    Checked by: pigdm_posterior_score
    """
    v = as_positive(data_variance, "data_variance")

    def spread(alpha, sigma):
        return sigma**2 * v / (alpha**2 * v + sigma**2)

    return _approximation(process, score_at, H, y, noise_covariance, spread, 1.0)


def moment_score(process, score_at, H, y, noise_covariance) -> Callable:
    """Tweedie's moments: x_0 given x_t is N(D(x), C(x)), C = (σ²/α) J(x) its own covariance.

        s(x) + J(x)ᵀ Hᵀ (H C(x) Hᵀ + R)⁻¹ (y - H D(x))

    Exact for Gaussian data; on a mixture p(x_0 | x_t) is no Gaussian, and the derivative of C
    is left out. Arguments: as of `pigdm_score`. Returns: a function t -> Field. Cost: one
    Jacobian a point. Source: Boys et al. 2024, equation 10.
    Checked by: moment_posterior_score
    """
    return _approximation(process, score_at, H, y, noise_covariance, None, 1.0)


def flat_prior_score(process, score_at, H, y, noise_covariance) -> Callable:
    """The likelihood of the noised point itself: x_0 given x_t is N(x/α, (σ/α)² I).

        s(x) + Hᵀ ((σ/α)² H Hᵀ + R)⁻¹ (y - H x/α) / α

    Exact for a flat prior; too weak early, where the prior knows more than x_t says: data
    N(0, 1), H = 1, R = 0.1, y = 1, the reverse SDE samples N(0.827, 0.0726), the flow
    N(0.760, 0.000004) for N(0.909, 0.0909). Needs no derivative of the score.
    Arguments: as of `pigdm_score`. Returns: a function t -> Field.
    Source: Jalal et al. 2021, section 3.2, with this variance for the annealed one.
    Checked by: flat_prior_posterior_score
    """
    process, parts = as_process(process), _problem(H, y, noise_covariance)
    score_of = score_at_time(process, score_at)

    def at(t) -> Field:
        score = _seen_by(parts[0], as_field(score_of(t), "score_at(t)"))
        return score + _flat(*_levels(process, t), *parts)

    return at


def _flat(alpha, sigma, h, y, noise) -> Affine:
    with beyond_float():
        total = require_finite((sigma / alpha) ** 2 * h @ h.T + noise, "H Hᵀ + noise_covariance")
        _regular(total)
        K = np.linalg.solve(total, h / alpha).T  # (d, k)
        return Affine(-K @ h / alpha, K @ y)


def _approximation(process, score_at, H, y, noise_covariance, spread, scale) -> Callable:
    process, parts = as_process(process), _problem(H, y, noise_covariance)
    score_of = score_at_time(process, score_at)

    def at(t) -> Field:
        alpha, sigma = _levels(process, t)
        score = _seen_by(parts[0], as_field(score_of(t), "score_at(t)"))
        variance = None if spread is None else spread(alpha, sigma)
        field = Denoised(score, alpha, sigma, *parts, variance, scale)
        return Affine(*affine_part(field, score.dim, t)) if score.affine else field

    return at


class Denoised(Field):
    """s(x) + ζ Jᵀ Hᵀ (V + R)⁻¹ (y - H D(x)), V = r² H Hᵀ, or H C(x) Hᵀ where r² is None."""

    def __init__(self, score, alpha, sigma, h, y, noise, variance, scale):
        super().__init__(score.dim)
        self.score, self.alpha, self.sigma = score, alpha, sigma
        self.h, self.y, self.noise, self.variance, self.scale = h, y, noise, variance, scale

    def _value(self, x):
        s = self.score(x)
        residual = self.y - (x + self.sigma**2 * s) @ self.h.T / self.alpha
        total = self.noise + self._spread(x)
        _regular(total)
        u = np.linalg.solve(total, residual[..., None])[..., 0] @ self.h
        return s + self.scale * (u + self.sigma**2 * self.score.vjp(x, u)) / self.alpha

    def _spread(self, x) -> np.ndarray:
        """V (k, k), or for every point (n, k, k)."""
        if self.variance is not None:
            return self.variance * self.h @ self.h.T
        J = (np.eye(self.dim) + self.sigma**2 * self.score.jacobian(x)) / self.alpha
        return self.sigma**2 / self.alpha * self.h @ J @ self.h.T


class Replacement(ReverseStep):
    """An inner step, then what is observed put in; see `replacement`."""

    def __init__(self, step: ReverseStep, H, y):
        names = "plan", "process", "noises", "memory", "evaluations"
        self.inner = as_offering(step, "step", *names)
        self.process = step.process
        h, self.y, _ = _problem(H, y, 1.0)
        if np.abs(h).max() > 1.1 or not np.allclose(h @ h.T, np.eye(len(h)), atol=1e-12):
            raise ValueError("H must have orthonormal rows: H Hᵀ = I")
        self.h, self.evaluations, self.noises = h, step.evaluations, step.noises + 1
        if step.memory or step.noises > 1 or step.evaluations > 1:
            raise ValueError(
                "step must be a one-step method of one evaluation and at most one noise, got"
                f" evaluations = {step.evaluations}, noises = {step.noises}, memory = {step.memory}"
            )

    def plan(self, t: float, s: float) -> Callable:
        """x' = x̃ + Hᵀ (α_s y + σ_s H ε - H x̃), x̃ the inner step's point."""
        alpha, sigma = _levels(self.process, s)
        inner = self.inner.plan(t, s)

        def move(x, noise):
            if x.shape[-1] != self.h.shape[1]:
                raise ValueError(f"H must have shape (k, {x.shape[-1]}), got shape {self.h.shape}")
            mine, fresh = (None, noise) if self.noises == 1 else noise
            moved = inner(x, mine)
            seen = alpha * self.y + sigma * fresh @ self.h.T
            return moved + (seen - moved @ self.h.T) @ self.h

        move.by_rows = False  # type: ignore[attr-defined]
        return move

    def denoised(self, x, t) -> np.ndarray:
        """The inner step's."""
        return self.inner.denoised(x, t)


def replacement(step: ReverseStep, H, y) -> Replacement:
    """A reverse step after which the observed coordinates are those of y, noised afresh.

        x̃ = step(x, t, s, z),   x' = x̃ + Hᵀ (α_s y + σ_s H ε - H x̃),  ε ~ N(0, I)

    For y = H x without noise, H with orthonormal rows, such as the known pixels of an image.
    What is not observed hears of y only through the next score, and the fresh noise of the
    observed part is unlike that of the path: the law is wrong whenever both are correlated,
    also with infinitely small steps: of x ~ N(0, 1) and z, correlated by 0.8, x = 1.5 leaves
    N(1.2, 0.36) for z; 1600 ancestral steps sample N(0.749, 0.491), DDIM's N(0.520, 0.598).
    Arguments: step, a one-step method of one evaluation and at most one noise;
    H (k, d); y (k,). Returns: step(x, t, s, noise), whose last noise is ε (x's shape).
    Source: Song et al. 2021, appendix I.2; Lugmayr et al. 2022, algorithm 1 without resampling.
    Checked by: replacement_given_noise
    """
    return Replacement(step, H, y)


def _problem(H, y, noise_covariance) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    h = as_array(H, "H", (None, None)).copy()
    if 0 in h.shape:
        raise ValueError(f"H must have shape (k, d) with k, d >= 1, got {h.shape}")
    y = as_array(y, "y", (len(h),)).copy()
    return h, y, spread_of(noise_covariance, "noise_covariance", len(y)).matrices()[0]


def _regular(total) -> None:
    """Raises where a covariance (..., k, k) of the observations is singular to rounding."""
    total = total[np.isfinite(total).all(axis=(-2, -1))]
    scale = np.sqrt(np.abs(np.diagonal(total, axis1=-2, axis2=-1)))
    scale = np.where(scale > 0, scale, 1.0)
    sizes = np.linalg.svd(total / scale[..., None] / scale[..., None, :], compute_uv=False)
    if (sizes[..., -1] <= 4 * total.shape[-1] * np.finfo(float).eps * sizes[..., 0]).any():
        raise ValueError(
            "H Cov Hᵀ + noise_covariance must be positive definite, Cov the data's covariance given"
            " x_t, 0 where sigma is 0: observations without noise must not determine one another"
        )


def _seen_by(h, score: Field) -> Field:
    """The score, of points that H takes."""
    if h.shape[1] != score.dim:
        raise ValueError(f"H must have shape (k, {score.dim}), got shape {h.shape}")
    return score


def _levels(process, t) -> tuple[float, float]:
    alpha, sigma = (float(a) for a in process.marginal(one_time(t, process, "t")))
    if alpha == 0:
        raise ValueError(f"t must be a time with alpha above 0, got {t:.6g}")
    return alpha, sigma
