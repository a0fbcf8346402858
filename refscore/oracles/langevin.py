"""The unadjusted Langevin chain on N(m, S): exact laws in the eigenbasis of S.

One step is x + (eta/2) s(x) + sqrt(eta) z. On an eigenvalue l of S it multiplies by
r = 1 - eta/(2 l), and 1 - r^2 = (eta/l)(1 - eta/(4 l)).
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from . import scores
from ._elliptical import square_matrix
from ._exact import as_float, eigh, extended


def step(law, x, step_size, noise):
    """x + (eta/2) grad log p(x) + sqrt(eta) z. x, noise: (..., d)."""
    return x + step_size / 2 * scores.score(law, x) + np.sqrt(step_size) * np.asarray(noise)


def spellings(step_size):
    """The same step as eta, as eps in x + (eps^2/2) s + eps z, as h in x + h s + sqrt(2h) z."""
    return {"eta": step_size, "eps": np.sqrt(step_size), "h": step_size / 2}


def law_after(law, step_size, n_steps, mean0, covariance0):
    """The exact law after k steps from N(m0, C0), as a gaussian description.

    mean m + M^k (m0 - m), covariance M^k C0 M^k + eta sum_{j<k} M^{2j}, M = I - (eta/2) P."""
    m, values, vectors = _basis(law)
    eta, k = extended(step_size), int(n_steps)
    r = 1 - eta / (2 * values)
    power = r**k
    gap = vectors.T @ (np.asarray(mean0, dtype=extended) - m)
    start = vectors.T @ square_matrix(covariance0, len(m)) @ vectors
    spread = power[:, None] * start * power + np.diag(eta * geometric_sum(eta / values, k))
    return _gaussian(m + vectors @ (power * gap), vectors @ spread @ vectors.T)


def geometric_sum(a, k):
    """sum_{j<k} r^{2j} with r = 1 - a/2: (1 - r^{2k})/(1 - r^2), 1 - r^2 = a (1 - a/4)."""
    a = np.asarray(a, dtype=extended)
    lost = a * (1 - a / 4)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = -np.expm1(k * np.log1p(-lost)) / lost
    total = np.where(1 - lost == 0, 1.0 * (k > 0), total)  # a = 2: r = 0
    return np.where(lost == 0, k, total)


def stationary(law, step_size):
    """N(m, S (I - (eta/4) P)^-1): eigenvalues 4 l^2/(4 l - eta).

    Raises ValueError unless eta < 4 lambda_min(S)."""
    m, values, vectors = _basis(law)
    eta = extended(step_size)
    if not eta < 4 * values.min():
        raise ValueError(f"step_size must be below 4 lambda_min = {float(4 * values.min())}")
    return _gaussian(m, (vectors * (4 * values**2 / (4 * values - eta))) @ vectors.T)


def one_step_covariance(law, step_size):
    """Covariance after one step from X ~ N(m, S): S + (eta^2/4) P."""
    _, values, vectors = _basis(law)
    return as_float((vectors * (values + extended(step_size) ** 2 / (4 * values))) @ vectors.T)


def wasserstein_gaussian(p, q):
    """W_2 between Gaussians with positive definite covariances.

    |m_p - m_q|^2 + ||(T - I) S_p^{1/2}||_F^2, T = S_p^{-1/2} (S_p^{1/2} S_q S_p^{1/2})^{1/2}
    S_p^{-1/2} the optimal map: no cancellation of traces when the laws are close."""
    m, values, vectors = _basis(p)
    n = np.asarray(q.mean, dtype=extended)
    root = (vectors * np.sqrt(values)) @ vectors.T
    unroot = (vectors / np.sqrt(values)) @ vectors.T
    middle_values, middle = eigh(root @ square_matrix(q.covariance, len(m)) @ root)
    inner = (middle * np.sqrt(middle_values)) @ middle.T
    moved = (unroot @ inner @ unroot - np.eye(len(m))) @ root
    return as_float(np.sqrt(np.sum((m - n) ** 2) + np.sum(moved**2)))


def stationary_bias(law, step_size):
    """W_2 between target and stationary law, which commute: sqrt(sum (sqrt v - sqrt l)^2).

    sqrt v - sqrt l = (v - l)/(sqrt v + sqrt l), v - l = eta l/(4 l - eta)."""
    _, values, _ = _basis(law)
    eta = extended(step_size)
    v = 4 * values**2 / (4 * values - eta)
    gap = eta * values / (4 * values - eta) / (np.sqrt(v) + np.sqrt(values))
    return as_float(np.sqrt(np.sum(gap**2)))


def _basis(law):
    if law.kind != "gaussian":
        raise ValueError(f"exact Langevin laws need a gaussian target, got {law.kind!r}")
    m = np.asarray(law.mean, dtype=extended)
    return m, *eigh(square_matrix(law.covariance, len(m)))


def _gaussian(mean, covariance):
    covariance = (covariance + covariance.T) / 2
    return SimpleNamespace(kind="gaussian", mean=as_float(mean), covariance=as_float(covariance))
