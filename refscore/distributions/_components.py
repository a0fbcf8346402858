"""What Gaussians, mixtures and kernels on data have in common: weighted Gaussians."""

from __future__ import annotations

import numpy as np

from refscore.distributions._spread import Spread
from refscore.distributions.gaussian import Gaussian
from refscore.distributions.mixture import MixtureBase


def components_of(law) -> tuple[np.ndarray, np.ndarray, Spread] | None:
    """(weights (K,), means (K, d), covariances) of Σ_k π_k N(m_k, S_k); None of any other law."""
    if isinstance(law, Gaussian):
        return np.ones(1), law._mean[None], law._spread
    if isinstance(law, MixtureBase):
        return law._weights, law._means, law._spread
    return None
