"""What the exact laws share: a start, a Gaussian's eigenbasis, a result that must be finite."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_array, as_covariance
from refscore.distributions.gaussian import Gaussian
from refscore.nodes import gaussian_components


def eigenbasis(law) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(μ, λ, E) of a Gaussian law, S = E diag(λ) Eᵀ; E = I for a diagonal S."""
    weights, means, covariances = gaussian_components(law)
    if len(weights) != 1:
        raise TypeError("law must be a Gaussian: on a mixture the chain's law is not Gaussian")
    S = covariances[0]
    variances = np.diagonal(S).copy()
    if (variances > 0).all() and np.count_nonzero(S) == len(S):
        return means[0], variances, np.eye(len(S))
    return means[0], *np.linalg.eigh(as_covariance(S, "law.covariance"))


def start(mean0, covariance0, dim: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """A mean and a covariance, zeros for a point."""
    mean = as_array(mean0, "mean0", (dim,))
    return mean, as_covariance(covariance0, "covariance0", len(mean), singular=True)


def finite(mean: np.ndarray, covariance: np.ndarray, n_steps) -> Gaussian:
    """The Gaussian, or an error when it has left the finite numbers."""
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise ValueError(f"the law leaves the finite numbers within n_steps = {n_steps}")
    return Gaussian(mean, (covariance + covariance.T) / 2)
