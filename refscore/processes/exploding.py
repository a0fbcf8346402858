"""Variance-exploding processes: α = 1, noise is only added."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refscore._arguments import as_positive
from refscore.processes.base import Process, as_time


@dataclass(frozen=True)
class VE(Process):
    """The variance-exploding process, on 0 <= t <= 1.

        dx = g(t) dw,  g² = d s²/dt = 2 s(t)² log(σ_max/σ_min),  s(t) = σ_min (σ_max/σ_min)^t
        α_t = 1,  σ_t² = s(t)²  (exact=False: the paper's, noise σ_min is there at t = 0)
                  σ_t² = s(t)² - s(0)²  (exact=True: the process started from the data itself)

    Arguments: 0 < sigma_min < sigma_max; exact. Source: Song et al. 2021, equation 30 and
    appendix C; the paper starts from s(0)² and calls it zero.
    Tested in: tests/test_processes.py
    """

    sigma_min: float = 0.01
    sigma_max: float = 50.0
    exact: bool = False
    final_time = 1.0

    def __post_init__(self):
        low = as_positive(self.sigma_min, "sigma_min")
        high = as_positive(self.sigma_max, "sigma_max")
        if not low < high:
            raise ValueError(f"sigma_min must be below sigma_max, {high}, got {low}")
        if not isinstance(self.exact, (bool, np.bool_)):
            raise TypeError(f"exact must be True or False, got {self.exact!r}")
        object.__setattr__(self, "sigma_min", low)
        object.__setattr__(self, "sigma_max", high)

    @property
    def log_ratio(self) -> float:
        """log(σ_max/σ_min)."""
        return float(np.log(self.sigma_max / self.sigma_min))

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(1, σ_t), shapes of t, to full relative precision near t = 0."""
        t = as_time(t, self)
        if self.exact:
            sigma = self.sigma_min * np.sqrt(np.expm1(2 * self.log_ratio * t))
        else:
            sigma = self._s(t)
        return np.ones_like(t)[()], sigma[()]

    def drift_rate(self, t) -> np.ndarray:
        """0, shape of t."""
        return np.zeros_like(as_time(t, self))[()]

    def diffusion(self, t) -> np.ndarray:
        """g(t), shape of t."""
        return self._s(as_time(t, self)) * np.sqrt(2 * self.log_ratio)

    def prior_std(self) -> float:
        """σ_T, the standard deviation of the noise at the end."""
        return float(self.marginal(self.final_time)[1])

    def _s(self, t) -> np.ndarray:
        return self.sigma_min * np.exp(t * self.log_ratio)
