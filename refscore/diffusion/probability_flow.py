"""The probability flow, dx/dt = f(t) x - ½ g(t)² ∇ log p_t(x): noise to data without noise."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refscore._arguments import (
    as_callable,
    as_covariance,
    as_offering,
    as_points,
    as_real,
    beyond_float,
)
from refscore.fields.base import handed_to
from refscore.nodes import gaussian_components
from refscore.processes import Process, as_process, as_time


def diffused(process, law, t):
    """The law of X_t = α_t X_0 + σ_t Z.

    Arguments: process, VP, VE or anything with .marginal; law with .diffuse(alpha, sigma); t,
    one time in [0, T]. Returns: a law.
    Checked by: sampler_law
    """
    law = as_offering(law, "law", "diffuse")
    alpha, sigma = as_process(process).marginal(one_time(t, process, "t"))
    return law.diffuse(float(alpha), float(sigma))


def flow_velocity(process, score_at) -> Callable:
    """The velocity whose flow has the marginals of the process.

        v(x, t) = f(t) x - ½ g(t)² s_t(x)

    Arguments: process (VP, VE, or anything with drift and diffusion); score_at, a law (its
    exact diffused score is used), a family with .at(t), or a function t -> score.
    Returns: velocity(x, t), x (..., d), t one time. Cost: one score.
    Source: Song et al. 2021, equation 13.
    Checked by: flow_velocity, flow_marginals, proof_of_probability_flow
    """
    score_of = score_at_time(process, score_at)

    def velocity(x, t) -> np.ndarray:
        x, t = as_points(x, "x"), one_time(t, process, "t")
        return velocity_by(score_of(t), process, x, t)

    return velocity


def velocity_by(score, process, x, t: float) -> np.ndarray:
    """f(t) x - ½ g(t)² s(x), given the score s at time t."""
    rate, s = process.diffusion(t) ** 2, score_values(score, x, t)
    drift = process.drift(x, t)
    with beyond_float():
        return drift - 0.5 * rate * s


def score_values(score, x: np.ndarray, t: float, name: str = "the score") -> np.ndarray:
    """score(x) at time t: the door for every score, which must give real numbers of x's shape."""
    name = f"{name} at time {t:.6g}"
    s = as_real(as_callable(score, name)(handed_to(score, x)), name)
    if s.shape != x.shape:
        raise ValueError(f"{name} must have the shape of x, {x.shape}; got shape {s.shape}")
    return s


def score_at_time(process, score_at, name: str = "score_at") -> Callable:
    """The map from t to the score field at that time, from a law, a family or a function."""
    as_process(process)
    if hasattr(score_at, "diffuse"):
        return lambda t: diffused(process, score_at, t).score
    if hasattr(score_at, "at"):
        _require_process(process, score_at, name)
        return score_at.at
    if callable(score_at):
        _require_one_argument(score_at, name)
        return score_at
    raise TypeError(
        f"{name} must be a law with .diffuse, a family with .at or a function of t,"
        f" got {type(score_at).__name__}"
    )


def _require_process(process, score_at, name: str) -> None:
    """Raise where a family is of a process with other marginals."""
    own = getattr(score_at, "process", None)
    if own is process or not isinstance(own, Process):
        return
    end = min(own.final_time, process.final_time)
    for t in (0.07 * end, 0.31 * end, 0.83 * end):
        if not np.allclose(own.marginal(t), process.marginal(t), rtol=1e-6, atol=0):
            raise ValueError(
                f"{name} must be of the same process: it is of {type(own).__name__}, whose alpha"
                f" and sigma differ at t = {t:.6g} from those of {type(process).__name__}"
            )


def _require_one_argument(function, name: str) -> None:
    """Raise where a function cannot be called with a time alone."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some builtins have none
        return
    try:
        signature.bind(0.0)
    except TypeError:
        raise TypeError(
            f"{name} must be a function of t alone that gives the function x -> s(x), got one of"
            f" {signature}; of s(x, t) make lambda t: lambda x: s(x, t)"
        ) from None


@dataclass(frozen=True)
class GaussianFlow:
    """The exact flow from time s to time t for Gaussian data, an affine map.

        x -> m_t + e^G (x - m_s),  m = α μ,  S_t = α_t² S + σ_t² I
        e^G = S_t^{1/2} S_s^{-1/2},  log |det| = tr G

    mean_from m_s (d,), mean_to m_t (d,), generator G (d, d), matrix e^G (d, d).
    Checked by: flow_map
    """

    mean_from: np.ndarray
    mean_to: np.ndarray
    generator: np.ndarray
    matrix: np.ndarray

    def __call__(self, x) -> np.ndarray:
        """The image of x (..., d)."""
        x = as_points(x, "x", len(self.mean_to))
        return self.mean_to + (x - self.mean_from) @ self.matrix.T

    @property
    def log_det(self) -> float:
        """The log determinant of the map, log |det e^G| = tr G."""
        return float(np.trace(self.generator))


def flow_map(law, process, s, t) -> GaussianFlow:
    """The exact flow map of a Gaussian from time s to time t, either way.

        x -> α_t μ + S_t^{1/2} S_s^{-1/2} (x - α_s μ),  S_t = α_t² S + σ_t² I

    Arguments: law, Gaussian (mean, covariance); process; s, t in [0, T]. Returns:
    GaussianFlow. Raises: TypeError for another law (mixtures flow by `encode`, `decode`).
    Cost: O(d³). Source: Pierret and Galerne 2025, proposition 3.
    Checked by: flow_map
    """
    process = as_process(process)
    weights, means, covariances = gaussian_components(law)
    if len(weights) != 1:
        raise TypeError("law must be a Gaussian; for mixtures integrate with encode or decode")
    (alpha_s, sigma_s), (alpha_t, sigma_t) = (
        process.marginal(one_time(u, process, name)) for u, name in ((s, "s"), (t, "t"))
    )
    variances, E = _eigenbasis(covariances[0])
    v_s, v_t = (a**2 * variances + b**2 for a, b in ((alpha_s, sigma_s), (alpha_t, sigma_t)))
    for v, u, name in ((v_s, s, "s"), (v_t, t, "t")):
        if not (v > 0).all():
            raise ValueError(
                f"law must have a nonsingular covariance at time {name} = {float(u):g}: there is"
                " no flow map to or from a singular Gaussian"
            )
    rates = np.log(np.sqrt(v_t) / np.sqrt(v_s))
    return GaussianFlow(
        alpha_s * means[0], alpha_t * means[0], E * rates @ E.T, E * np.exp(rates) @ E.T
    )


def _eigenbasis(covariance) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and eigenvectors; what rounding leaves of a singular matrix's zeros is 0."""
    S = as_covariance(covariance, "law.covariance", singular=True)
    variances, E = np.linalg.eigh(S)
    try:
        as_covariance(S, "law.covariance")
        floor = 0.0
    except ValueError:
        floor = len(S) * np.finfo(float).eps * variances[-1]
    return np.where(variances > floor, variances, 0.0), E


def one_time(t, process, name: str) -> float:
    """One time of the process as a number; raises ValueError naming the argument."""
    t = as_time(t, process, name)
    if t.ndim:
        raise ValueError(f"{name} must be one time, got shape {t.shape}")
    return float(t)
