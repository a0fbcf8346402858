"""Posteriors by conditioning a joint Gaussian, and the laws of alpha X + sigma Z."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from . import _elliptical, _mixtures
from ._elliptical import square_matrix
from ._exact import LOG_2PI, as_float, extended, inverse
from ._memory import remembered


@remembered
def tweedie(law, y, alpha, sigma):
    """E[X | y] and Cov[X | y] for Y = alpha X + sigma Z, X gaussian, mixture or empirical.

    (X, Y) is jointly Gaussian in each component: C_yy = alpha^2 S + sigma^2 I,
    mean m + alpha S C_yy^-1 (y - alpha m), covariance S - alpha^2 S C_yy^-1 S = sigma^2 S C_yy^-1;
    components weigh pi_k N(y; alpha m_k, C_yy). y: (..., d). Returns (..., d), (..., d, d)."""
    y = np.asarray(y, dtype=extended)
    flat = y.reshape(-1, y.shape[-1])
    alpha, sigma = extended(alpha), extended(sigma)
    weights, means, covariances = components(law)
    d = means.shape[1]
    joint = [alpha**2 * s + sigma**2 * np.eye(d) for s in covariances]
    gains = [s @ inverse(c)[0] for s, c in zip(covariances, joint)]
    given = [m + alpha * (flat - alpha * m) @ g.T for m, g in zip(means, gains)]
    spreads = [sigma**2 * (g + g.T) / 2 for g in gains]
    seen = SimpleNamespace(kind="mixture", weights=weights, means=alpha * means, covariances=joint)
    r = _mixtures.mixture.responsibilities(seen, flat)
    given = np.array(given)
    mean = np.einsum("nk,kni->ni", r, given)
    gap = given - mean
    covariance = np.einsum("nk,kij->nij", r, np.array(spreads))
    covariance = covariance + np.einsum("nk,kni,knj->nij", r, gap, gap)
    return as_float(mean.reshape(y.shape)), as_float(covariance.reshape(*y.shape, d))


def posterior(law, H, y, noise_covariance, weight=1.0):
    """The law ∝ p(x) N(y; H x, R)^w for a gaussian or mixture p, as a description.

    A likelihood to the power w is one with noise covariance R/w up to a constant. Condition the
    joint law of (X, Y): G = S H^T (H S H^T + R/w)^-1, mean m + G (y - H m), covariance
    (I - G H) S (I - G H)^T + G (R/w) G^T, weights ∝ pi_k N(y; H m_k, H S_k H^T + R/w).
    weight = 0 returns the prior. H: (q, d); y: (q,); noise_covariance: R (q, q)."""
    if weight == 0:
        return law
    H, y = np.asarray(H, dtype=extended), np.asarray(y, dtype=extended)
    R = square_matrix(noise_covariance, len(y)) / extended(weight)
    weights, means, covariances = components(law)
    conditioned = [_condition(m, s, H, y, R) for m, s in zip(means, covariances)]
    means, covariances, evidence = (np.array(a) for a in zip(*conditioned))
    if law.kind == "gaussian":
        return SimpleNamespace(
            kind="gaussian", mean=as_float(means[0]), covariance=as_float(covariances[0])
        )
    logs = np.log(weights) + evidence
    weights = np.exp(logs - logs.max())
    weights = weights / weights.sum()
    names = {"weights": weights, "means": means, "covariances": covariances}
    return SimpleNamespace(kind="mixture", **{k: as_float(v) for k, v in names.items()})


def _condition(m, s, H, y, R):
    seen = H @ s @ H.T + R
    seen = (seen + seen.T) / 2
    precision, log_det = inverse(seen)
    gain, gap = s @ H.T @ precision, y - H @ m
    rest = np.eye(len(m)) - gain @ H
    covariance = rest @ s @ rest.T + gain @ R @ gain.T
    evidence = -(gap @ precision @ gap) / 2 - log_det / 2 - len(y) * LOG_2PI / 2
    return m + gain @ gap, (covariance + covariance.T) / 2, evidence


def diffused(law, alpha, sigma):
    """The law of alpha X + sigma Z as a description.

    gaussian, mixture: means alpha m, covariances alpha^2 S + sigma^2 I; empirical: a mixture with
    alpha^2 h^2 + sigma^2 at alpha data; uniform: smoothed_uniform; smoothed_uniform stays one."""
    a, s = extended(alpha), extended(sigma)
    if law.kind == "gaussian":
        _, means, covariances = components(law)
        spread = a**2 * covariances[0] + s**2 * np.eye(means.shape[1])
        return _describe("gaussian", mean=a * means[0], covariance=spread)
    if law.kind in ("mixture", "empirical"):
        weights, means, covariances = components(law)
        spread = [a**2 * c + s**2 * np.eye(means.shape[1]) for c in covariances]
        spread = np.array(spread)
        return _describe("mixture", weights=weights, means=a * means, covariances=spread)
    if law.kind in ("uniform", "smoothed_uniform"):
        ends = np.sort([a * np.asarray(law.low), a * np.asarray(law.high)], axis=0)
        own = extended(getattr(law, "sigma", 0.0))
        total = np.sqrt(a**2 * own**2 + s**2)
        if total == 0:
            return _describe("uniform", low=ends[0], high=ends[1])
        return _describe("smoothed_uniform", low=ends[0], high=ends[1], sigma=total)
    raise ValueError(f"a {law.kind} law is not closed under diffusion")


def components(law):
    """Weights (K,), means (K, d) and full covariances of a gaussian, mixture or empirical law."""
    if law.kind == "gaussian":
        mean, covariance = _elliptical.gaussian.mean(law), _elliptical.gaussian.covariance(law)
        return np.ones(1, dtype=extended), mean[None], [covariance]
    if law.kind == "mixture":
        return _mixtures.mixture.parameters(law)
    if law.kind == "empirical":
        data = np.asarray(law.data, dtype=extended)
        kernel = extended(law.bandwidth) ** 2 * np.eye(data.shape[1])
        return np.full(len(data), extended(1) / len(data)), data, [kernel] * len(data)
    raise ValueError(f"expected a gaussian, mixture or empirical law, got {law.kind!r}")


def _describe(kind, **arrays):
    return SimpleNamespace(kind=kind, **{k: as_float(v) for k, v in arrays.items()})
