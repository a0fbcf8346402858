"""Exact laws of Langevin chains on a Gaussian N(μ, S): plain, preconditioned, noisy, annealed."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_count, as_covariance, as_ladder, as_positive, beyond_float
from refscore.distributions.gaussian import Gaussian
from refscore.laws._shared import eigenbasis, finite, start
from refscore.laws.affine import AffineStep


def langevin_law(law, step_size, n_steps: int, mean0, covariance0) -> Gaussian:
    """The law of k unadjusted Langevin steps on a Gaussian target N(μ, S), from N(m_0, C_0).

        M = I - (η/2) S⁻¹,  m_k = μ + M^k (m_0 - μ),  C_k = M^k C_0 M^k + η Σ_{j<k} M^{2j}

    Arguments: law with .mean (d,) and .covariance (d, d); step_size η > 0 (no stability
    needed for finite k); n_steps >= 0; mean0 (d,); covariance0 (d, d), zeros for a point.
    Returns: Gaussian, by the eigenbasis of S, the sum in closed form. Raises: ValueError
    naming the argument or when the law overflows. Cost: O(d³) for every k.
    Checked by: langevin_law, de_bruijn, erratum_steps_without_time
    """
    eta, (mu, variances, E) = as_positive(step_size, "step_size"), eigenbasis(law)
    k = as_count(n_steps, "n_steps", minimum=0)
    mean, covariance = start(mean0, covariance0, len(mu))
    if k == 0:
        return Gaussian(mean, covariance)
    with np.errstate(all="ignore"):
        powers = _powers(eta / (2 * variances), k)
        noise = eta * _geometric_sum(eta, variances, k)
        turned = E.T @ covariance @ E * np.outer(powers, powers)
        mean = mu + E @ (powers * (E.T @ (mean - mu)))
        covariance = E @ (turned + np.diag(noise)) @ E.T
    return finite(mean, covariance, n_steps)


def langevin_stationary(law, step_size) -> Gaussian:
    """The stationary law of unadjusted Langevin steps on a Gaussian target N(μ, S).

        C = S (I - (η/4) S⁻¹)⁻¹,  for η < 4 λ_min(S) only

    Arguments: law with .mean (d,) and .covariance (d, d); step_size η > 0. Returns: Gaussian.
    Raises: ValueError at or beyond the stability limit. Cost: O(d³).
    Checked by: langevin_stationary
    """
    eta, (mu, variances, E) = as_positive(step_size, "step_size"), eigenbasis(law)
    limit = 4 * variances.min()
    if eta >= limit:
        raise ValueError(
            f"step_size must be below 4 times the smallest variance, {limit:.6g}, or the chain"
            f" has no stationary law; got {eta:.6g}"
        )
    C = E * (variances / (1 - eta / (4 * variances))) @ E.T
    return Gaussian(mu, (C + C.T) / 2)


def preconditioned_law(
    law, step_size, preconditioner, n_steps: int, mean0, covariance0
) -> Gaussian:
    """The law of k preconditioned steps x + (η/2) G s(x) + √η L z, L Lᵀ = G, on N(μ, S).

        y = L⁻¹ x is the plain chain on N(L⁻¹ μ, L⁻¹ S L⁻ᵀ)

    Arguments: law with .mean (d,) and .covariance (d, d); step_size η > 0; preconditioner G
    (d, d), positive definite; n_steps k >= 0; mean0 (d,); covariance0 (d, d), zeros for a point.
    Returns: Gaussian, the same for every root of G. Raises: as `langevin_law`. Cost: O(d³).
    Source: derived.
    Checked by: preconditioned_law
    """
    mu, variances, E = eigenbasis(law)
    L = np.linalg.cholesky(as_covariance(preconditioner, "preconditioner", len(mu)))
    mean, covariance = start(mean0, covariance0, len(mu))
    turned = _turned(mu, E * variances @ E.T, L)
    found = langevin_law(turned, step_size, n_steps, *_moments(_turned(mean, covariance, L)))
    return finite(L @ found.mean, L @ found.covariance @ L.T, n_steps)


def preconditioned_stationary(law, step_size, preconditioner) -> Gaussian:
    """The stationary law of `preconditioned_law`.

        C = L S' (I - (η/4) S'⁻¹)⁻¹ Lᵀ,  S' = L⁻¹ S L⁻ᵀ,  for η < 4 λ_min(S') only

    Arguments: law, step_size, preconditioner as there. Returns: Gaussian. Raises: ValueError at
    or beyond the stability limit. Cost: O(d³). Source: derived.
    Tested in: tests/test_laws_langevin.py
    """
    mu, variances, E = eigenbasis(law)
    L = np.linalg.cholesky(as_covariance(preconditioner, "preconditioner", len(mu)))
    found = langevin_stationary(_turned(mu, E * variances @ E.T, L), step_size)
    return Gaussian(mu, L @ found.covariance @ L.T)


def sgld_step(law, step_size, gradient_covariance) -> AffineStep:
    """The Langevin step with a stochastic score s(x) + g, g ~ N(0, Γ), on N(μ, S).

        x' = x + (η/2) (s(x) + g) + √η z:  M = I - (η/2) S⁻¹,  B Bᵀ = η I + (η²/4) Γ

    Arguments: law with .mean (d,) and .covariance (d, d); step_size η > 0; gradient_covariance
    Γ (d, d), semidefinite. Returns: AffineStep, for `affine_law` and `stationary_law`.
    Raises: ValueError naming the argument. Cost: O(d³).
    Source: Welling and Teh 2011 (the step); derived.
    Checked by: sgld_law
    """
    eta, (mu, variances, E) = as_positive(step_size, "step_size"), eigenbasis(law)
    d = len(mu)
    spread, V = np.linalg.eigh(
        as_covariance(gradient_covariance, "gradient_covariance", d, singular=True)
    )
    P = E / variances @ E.T
    root = V * np.sqrt(np.maximum(spread, 0.0))
    noise = np.hstack([eta**0.5 * np.eye(d), eta / 2 * root])
    return AffineStep(np.eye(d) - eta / 2 * P, eta / 2 * P @ mu, noise)


def annealed_law(
    law, sigmas, step_size, n_steps_each: int, mean0, covariance0, *, denoise: bool = False
) -> Gaussian:
    """The law of the annealed chain on N(μ, S) with the exact score of every level.

        at σ_t: n steps of size η_t = η (σ_t/σ_T)² on N(μ, S + σ_t² I), from the level before
        denoise: x + σ_T² s_T(x) after all of them

    Arguments: law with .mean (d,) and .covariance (d, d); sigmas (T,), descending; step_size
    η > 0, that of the last level; n_steps_each n >= 1; mean0 (d,); covariance0 (d, d), zeros
    for a point. Returns: Gaussian. Raises: as `langevin_law`. Cost: O(T d³).
    Source: Song and Ermon 2019 (algorithm 1); derived.
    Checked by: annealed_law
    """
    sigmas, eta = as_ladder(sigmas, "sigmas"), as_positive(step_size, "step_size")
    n, (mu, variances, E) = as_count(n_steps_each, "n_steps_each"), eigenbasis(law)
    mean, covariance = start(mean0, covariance0, len(mu))
    S, I = E * variances @ E.T, np.eye(len(mu))
    with beyond_float():
        levels = [(mu, S + sigma**2 * I) for sigma in sigmas]
        steps = eta * (sigmas / sigmas[-1]) ** 2
    for level, size in zip(levels, steps):
        found = langevin_law(Gaussian(*level), size, n, mean, covariance)
        mean, covariance = found.mean, found.covariance
    if denoise:
        D = E * (variances / (variances + sigmas[-1] ** 2)) @ E.T
        mean, covariance = mu + D @ (mean - mu), D @ covariance @ D.T
    return finite(mean, covariance, n * len(sigmas))


def _turned(mean, covariance, L) -> Gaussian:
    """The law of L⁻¹ x."""
    from scipy.linalg import solve_triangular

    half = solve_triangular(L, covariance, lower=True)
    whole = solve_triangular(L, half.T, lower=True)
    return Gaussian(solve_triangular(L, mean, lower=True), (whole + whole.T) / 2)


def _moments(law):
    return law.mean, law.covariance


def _powers(q: np.ndarray, k: int) -> np.ndarray:
    """(1 - q)^k with the digits of a small q, k >= 1."""
    logs = np.log1p(np.where(q <= 1, -q, q - 2))
    return np.where((q > 1) & (k % 2 == 1), -1.0, 1.0) * np.exp(k * logs)


def _geometric_sum(eta: float, variances: np.ndarray, k: int) -> np.ndarray:
    """Σ_{j<k} m^{2j} = (1 - (1 - q)^k) / q with q = 1 - m² = (η/λ)(1 - η/(4λ))."""
    q = eta / variances * (1 - eta / (4 * variances))
    sums = -np.expm1(k * np.log1p(-q)) / np.where(q == 0, 1.0, q)
    return np.where(q == 0, float(k), sums)
