"""Exact laws of kinetic chains on a Gaussian N(μ, S): splittings, and Hamiltonian steps."""

from __future__ import annotations

import math

import numpy as np

from refscore._arguments import as_count, as_positive
from refscore.distributions.gaussian import Gaussian
from refscore.laws._shared import eigenbasis
from refscore.laws.affine import AffineStep

SCHEMES = ("BAOAB", "ABOBA", "OBABO", "OABAO")


def kinetic_step(law, step_size, friction, scheme: str = "BAOAB") -> AffineStep:
    """A splitting step of dx = v dt, dv = s(x) dt - γ v dt + √(2γ) dw on N(μ, S), state (x, v).

        A: x ← x + t v    B: v ← v - t S⁻¹ (x - μ)    O: v ← e^{-γt} v + √(1 - e^{-2γt}) z

    Arguments: law with .mean (d,) and .covariance (d, d); step_size h > 0; friction γ >= 0;
    scheme "BAOAB", "ABOBA", "OBABO" or "OABAO", in the order of use; t = h for the letter in
    the middle, h/2 for the others.
    Returns: AffineStep of dimension 2d, its noise d numbers for every O. Raises: ValueError
    naming the argument. Cost: O(d³). Source: Leimkuhler and Matthews 2013.
    Checked by: underdamped_law
    """
    h, gamma = as_positive(step_size, "step_size"), as_positive(friction, "friction", zero=True)
    scheme, (mu, variances, E) = _scheme(scheme), eigenbasis(law)
    d = len(mu)
    P = E / variances @ E.T
    M, c = np.eye(2 * d), np.zeros(2 * d)
    B = np.zeros((2 * d, d * scheme.count("O")))
    for i, letter in enumerate(scheme):
        t = h if scheme.count(letter) == 1 else h / 2
        A, shift, spread = _part(letter, t, gamma, P, mu)
        M, c, B = A @ M, A @ c + shift, A @ B
        if letter == "O":
            first = d * scheme[:i].count("O")
            B[d:, first : first + d] += spread * np.eye(d)
    return AffineStep(M, c, B)


def _part(letter: str, t: float, gamma: float, P, mu):
    """(matrix, offset, standard deviation of the velocity's noise) of one letter."""
    d = len(mu)
    A, shift = np.eye(2 * d), np.zeros(2 * d)
    if letter == "A":
        A[:d, d:] = t * np.eye(d)
        return A, shift, 0.0
    if letter == "B":
        A[d:, :d], shift[d:] = -t * P, t * P @ mu
        return A, shift, 0.0
    A[d:, d:] = math.exp(-gamma * t) * np.eye(d)
    return A, shift, math.sqrt(-math.expm1(-2 * gamma * t))


def kinetic_stationary(law, step_size, scheme: str = "BAOAB") -> Gaussian:
    """The stationary law of a splitting step on N(μ, S), state (x, v): any friction γ > 0.

        Q = I - (h²/4) S⁻¹    BAOAB: Cov x = S,      Cov v = Q
                              ABOBA: Cov x = S,      Cov v = Q⁻¹
                              OBABO: Cov x = S Q⁻¹,  Cov v = I
                              OABAO: Cov x = S Q,    Cov v = I,    Cov (x, v) = 0

    Arguments: as `kinetic_step`. Returns: Gaussian of dimension 2d. Raises: ValueError at or
    beyond the stability limit h² = 4 λ_min(S). Cost: O(d³). Source: derived; Leimkuhler and
    Matthews 2013 (BAOAB).
    Checked by: underdamped_stationary
    """
    scheme, (mu, variances, E) = _scheme(scheme), eigenbasis(law)
    q = _stable(step_size, variances)
    x, v = {
        "BAOAB": (variances, q),
        "ABOBA": (variances, 1 / q),
        "OBABO": (variances / q, np.ones_like(q)),
        "OABAO": (variances * q, np.ones_like(q)),
    }[scheme]
    d = len(mu)
    C = np.zeros((2 * d, 2 * d))
    C[:d, :d], C[d:, d:] = E * x @ E.T, E * v @ E.T
    return Gaussian(np.concatenate([mu, np.zeros(d)]), (C + C.T) / 2)


def unadjusted_hmc_step(law, step_size, n_leapfrog: int) -> AffineStep:
    """The Hamiltonian step without its acceptance on N(μ, S): momentum z, L leapfrog steps.

        per eigenvalue λ, cos θ = 1 - h²/(2λ), χ² = 1 - h²/(4λ):
        x' - μ = cos(Lθ) (x - μ) + (√λ/χ) sin(Lθ) z

    Arguments: law with .mean (d,) and .covariance (d, d); step_size h > 0, the time step, any
    size; n_leapfrog L >= 1. Returns: AffineStep. Raises: ValueError naming the argument, or when
    the matrix leaves the finite numbers.
    Cost: O(d³). Source: derived; Neal 2011 (leapfrog).
    Checked by: unadjusted_hmc_law
    """
    h, L = as_positive(step_size, "step_size"), as_count(n_leapfrog, "n_leapfrog")
    mu, variances, E = eigenbasis(law)
    with np.errstate(all="ignore"):
        c, s = chebyshev(1 - h * h / (2 * variances), L)
    if not np.isfinite(h * s).all():
        raise ValueError(
            f"step_size must be such that {L} leapfrog steps stay below 1e308, got {h:.6g}"
        )
    M = E * c @ E.T
    return AffineStep(M, mu - M @ mu, E * (h * s) @ E.T)


def unadjusted_hmc_stationary(law, step_size) -> Gaussian:
    """The law that `unadjusted_hmc_step` leaves unchanged, whatever the number of steps.

        C = S (I - (h²/4) S⁻¹)⁻¹,  for h² < 4 λ_min(S) only

    Arguments: as there. Returns: Gaussian. Raises: ValueError at or beyond the stability limit.
    Cost: O(d³). Source: derived: leapfrog conserves (1 - h²/(4λ)) x²/λ + v².
    Tested in: tests/test_laws_langevin.py
    """
    mu, variances, E = eigenbasis(law)
    C = E * (variances / _stable(step_size, variances)) @ E.T
    return Gaussian(mu, (C + C.T) / 2)


def chebyshev(c, L: int):
    """(cos Lθ, sin Lθ / sin θ) for c = cos θ, real for every c: T_L and U_{L-1}.

        T_k = c T_{k-1} + (c² - 1) U_{k-2},  U_{k-1} = T_{k-1} + c U_{k-2}

    Arguments: c, any shape; L >= 1. Returns: two arrays like c. Cost: L products.
    Checked by: unadjusted_hmc_law, hmc_acceptance
    """
    T, U = np.array(c, dtype=float), np.ones_like(c)
    for _ in range(L - 1):
        T, U = c * T + (c * c - 1) * U, T + c * U
    return T, U


def _scheme(scheme) -> str:
    if not isinstance(scheme, str) or scheme not in SCHEMES:
        raise ValueError(f"scheme must be one of {', '.join(SCHEMES)}; got {scheme!r}")
    return scheme


def _stable(step_size, variances) -> np.ndarray:
    """1 - h²/(4λ), which must be positive."""
    h, limit = as_positive(step_size, "step_size"), 2 * float(np.sqrt(variances.min()))
    if h >= limit:
        raise ValueError(
            f"step_size must be below twice the smallest standard deviation, {limit:.6g}, or the"
            f" chain has no stationary law; got {h:.6g}"
        )
    return 1 - h * h / (4 * variances)
