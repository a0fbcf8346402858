"""Variance-exploding processes: α = 1, noise is only added."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refscore._arguments import as_positive, as_switch
from refscore.processes.base import Process, as_interval, as_log_snr, as_time


@dataclass(frozen=True)
class VE(Process):
    """The variance-exploding process, on 0 <= t <= 1.

        dx = g(t) dw,  g² = d s²/dt = 2 s(t)² log(σ_max/σ_min),  s(t) = σ_min (σ_max/σ_min)^t
        α_t = 1,  σ_t² = s(t)²  (exact=False: the paper's, noise σ_min is there at t = 0)
                  σ_t² = s(t)² - s(0)²  (exact=True: the process started from the data itself)

    Arguments: 0 < sigma_min < sigma_max; exact. Source: Song et al. 2021, equation 30 and
    appendix C; the paper starts from s(0)² and calls it zero.
    Checked by: process_marginals, process_rates, process_transitions,
    erratum_exploding_start
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
        as_switch(self.exact, "exact")
        object.__setattr__(self, "sigma_min", low)
        object.__setattr__(self, "sigma_max", high)

    @property
    def log_ratio(self) -> float:
        """log(σ_max/σ_min)."""
        return float(np.log(self.sigma_max) - np.log(self.sigma_min))

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(1, σ_t), shapes of t, to full relative precision near t = 0."""
        t = as_time(t, self)
        if self.exact:
            sigma = self._s(t) * np.sqrt(-np.expm1(-2 * self.log_ratio * t))
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

    def marginal_rates(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(0, σ') with σ' = s² log(σ_max/σ_min)/σ, shapes of t; inf at t = 0 when `exact`."""
        alpha, sigma = self.marginal(t)
        with np.errstate(divide="ignore"):
            s = self._s(as_time(t, self))
            return 0.0 * alpha, s * (s / sigma) * self.log_ratio

    def time_at(self, log_snr) -> np.ndarray:
        """The time t with λ_t = -log σ_t = log_snr."""
        excess = -as_log_snr(log_snr, self) - np.log(self.sigma_min)  # log(σ_t/σ_min)
        if self.exact:
            excess = 0.5 * np.logaddexp(0.0, 2 * excess)
        return np.clip(excess / self.log_ratio, 0.0, 1.0)[()]

    def transition(self, t, s) -> tuple[np.ndarray, np.ndarray]:
        """(a, b) of X_s = a X_t + b Z for t <= s: a = 1, b² = s(s)² - s(t)²."""
        t, s = as_interval(t, s, self)
        b = self._s(s) * np.sqrt(-np.expm1(-2 * self.log_ratio * (s - t)))
        return np.ones_like(b)[()], b[()]

    def _s(self, t) -> np.ndarray:
        return self.sigma_min ** (1 - t) * self.sigma_max**t


@dataclass(frozen=True)
class EDM(Process):
    """The process whose time is the noise level, on 0 <= t <= σ_max.

        dx = √(2t) dw,  α_t = 1,  σ_t = t

    Arguments: sigma_max, the final time. Source: Karras et al. 2022, section 3.
    Checked by: process_marginals, process_rates, process_transitions
    """

    sigma_max: float = 80.0

    def __post_init__(self):
        object.__setattr__(self, "sigma_max", as_positive(self.sigma_max, "sigma_max"))

    @property
    def final_time(self) -> float:  # type: ignore[override]
        """T = σ_max."""
        return self.sigma_max

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(1, t), shapes of t."""
        t = as_time(t, self)
        return np.ones_like(t)[()], np.array(t)[()]

    def drift_rate(self, t) -> np.ndarray:
        """0, shape of t."""
        return np.zeros_like(as_time(t, self))[()]

    def diffusion(self, t) -> np.ndarray:
        """g(t) = √(2t), shape of t."""
        return np.sqrt(2 * as_time(t, self))[()]

    def prior_std(self) -> float:
        """σ_max, the standard deviation of the noise at the end."""
        return self.sigma_max

    def marginal_rates(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(0, 1), shapes of t."""
        t = as_time(t, self)
        return np.zeros_like(t)[()], np.ones_like(t)[()]

    def time_at(self, log_snr) -> np.ndarray:
        """The time t with -log t = log_snr."""
        return np.minimum(np.exp(-as_log_snr(log_snr, self)), self.sigma_max)[()]

    def transition(self, t, s) -> tuple[np.ndarray, np.ndarray]:
        """(a, b) of X_s = a X_t + b Z for t <= s: a = 1, b² = s² - t²."""
        t, s = as_interval(t, s, self)
        b = np.sqrt(s - t) * np.sqrt(s + t)
        return np.ones_like(b)[()], b[()]
