"""Variance-preserving processes: α² + σ² = 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refscore._arguments import as_positive
from refscore.processes.base import Process, as_time


@dataclass(frozen=True)
class VP(Process):
    """The variance-preserving process with a linear rate, on 0 <= t <= 1.

        dx = -½ β(t) x dt + √β(t) dw,  β(t) = β_min + t (β_max - β_min)
        α_t = e^{-B/2},  σ_t² = 1 - e^{-B},  B(t) = ∫_0^t β = β_min t + ½ (β_max - β_min) t²

    Arguments: 0 <= beta_min <= beta_max, beta_max > 0. Source: Song et al. 2021, equation 32.
    Checked by: linear_sde_moments, rates_of_marginals, flow_marginals
    """

    beta_min: float = 0.1
    beta_max: float = 20.0
    final_time = 1.0

    def __post_init__(self):
        low = as_positive(self.beta_min, "beta_min", zero=True)
        high = as_positive(self.beta_max, "beta_max")
        if low > high:
            raise ValueError(f"beta_min must be at most beta_max, {high}, got {low}")
        object.__setattr__(self, "beta_min", low)
        object.__setattr__(self, "beta_max", high)

    def beta(self, t) -> np.ndarray:
        """β(t), shape of t."""
        t = as_time(t, self)
        return (1 - t) * self.beta_min + t * self.beta_max

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α_t, σ_t), shapes of t, to full relative precision near t = 0."""
        t = as_time(t, self)
        B = t * (self.beta_min + 0.5 * t * (self.beta_max - self.beta_min))
        return np.exp(-B / 2), np.sqrt(-np.expm1(-B))

    def drift_rate(self, t) -> np.ndarray:
        """f(t) = -½ β(t) = α'/α, shape of t."""
        return -0.5 * self.beta(t)

    def diffusion(self, t) -> np.ndarray:
        """g(t) = √β(t), shape of t."""
        return np.sqrt(self.beta(t))

    def prior_std(self) -> float:
        """1, the standard deviation of the law that the process forgets its start for."""
        return 1.0
