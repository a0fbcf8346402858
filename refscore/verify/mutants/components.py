"""What wrong densities and scores of mixtures are made of."""

from __future__ import annotations

import numpy as np


def components(law):
    """Weights, means and covariances of a Gaussian or mixture; None for other laws."""
    if law.kind == "gaussian":
        return np.ones(1), law.mean[None], law.covariance[None]
    if law.kind == "mixture":
        return law.weights, law.means, law.covariances
    return None


def log_components(x, weights, means, covariances, *, quadratic=0.5, determinant=0.5, two_pi=0.5):
    """log pi_k N(x; mu_k, S_k) with the coefficients a mistake may change."""
    d = x.shape[-1]
    gap = x[:, None, :] - means
    solved = np.linalg.solve(covariances, gap[..., None])[..., 0]
    q = np.einsum("nki,nki->nk", gap, solved)
    logdet = np.linalg.slogdet(covariances)[1]
    with np.errstate(all="ignore"):
        weighted = np.log(weights)
    log_p = weighted - quadratic * q - determinant * logdet - two_pi * d * np.log(2 * np.pi)
    return log_p, -solved


def logsumexp(a):
    """log Σ exp over the last axis."""
    top = a.max(-1, keepdims=True)
    return top[..., 0] + np.log(np.exp(a - top).sum(-1))


def responsibilities(log_p):
    """exp, normalised over the last axis."""
    p = np.exp(log_p - log_p.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)
