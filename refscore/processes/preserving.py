"""Variance-preserving processes: α² + σ² = 1, and the sub-VP process below them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refscore._arguments import as_positive
from refscore.processes.base import Process, as_interval, as_log_snr, as_time


@dataclass(frozen=True)
class LinearRate(Process):
    """What VP and sub-VP share on 0 <= t <= 1: the rate β and α' = -½ β α.

        β(t) = β_min + t (β_max - β_min),  B(t) = ∫_0^t β,  α_t = e^{-B/2},  f = -½ β

    Arguments: 0 <= beta_min <= beta_max, beta_max > 0.
    Checked by: prior_matches_the_end, drift_of_the_process
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

    def drift_rate(self, t) -> np.ndarray:
        """f(t) = -½ β(t) = α'/α, shape of t."""
        return -0.5 * self.beta(t)

    def prior_std(self) -> float:
        """1, the standard deviation of the law that the process forgets its start for."""
        return 1.0

    def _area(self, t) -> np.ndarray:
        """B(t)."""
        return self._gained(0.0, as_time(t, self))

    def _gained(self, t, s) -> np.ndarray:
        """∫_t^s β, to full relative precision however close t and s are."""
        return (s - t) * (self.beta_min + 0.5 * (t + s) * (self.beta_max - self.beta_min))

    def _time_of_area(self, B) -> np.ndarray:
        """The time t with B(t) = B, the stable root of ½ (β_max - β_min) t² + β_min t = B."""
        slope = self.beta_max - self.beta_min
        root = np.sqrt(self.beta_min**2 + 2 * slope * B)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.where(B > 0, 2 * B / (self.beta_min + root), 0.0)
        return np.minimum(t, self.final_time)[()]


@dataclass(frozen=True)
class VP(LinearRate):
    """The variance-preserving process with a linear rate, on 0 <= t <= 1.

        dx = -½ β(t) x dt + √β(t) dw,  β(t) = β_min + t (β_max - β_min)
        α_t = e^{-B/2},  σ_t² = 1 - e^{-B},  B(t) = ∫_0^t β = β_min t + ½ (β_max - β_min) t²

    Arguments: 0 <= beta_min <= beta_max, beta_max > 0. Source: Song et al. 2021, equation 32.
    Checked by: linear_sde_moments, diffusion_of_the_process, rates_of_marginals, flow_marginals,
    marginal_rates, transition, log_snr, time_of_log_snr, diffused_in_steps
    """

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α_t, σ_t), shapes of t, to full relative precision near t = 0."""
        B = self._area(t)
        return np.exp(-B / 2), np.sqrt(-np.expm1(-B))

    def diffusion(self, t) -> np.ndarray:
        """g(t) = √β(t), shape of t."""
        return np.sqrt(self.beta(t))

    def marginal_rates(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α', σ') = (-½ β α, ½ β α²/σ), shapes of t; σ' is inf at t = 0 unless β(0) = 0."""
        (alpha, sigma), beta = self.marginal(t), self.beta(t)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = 0.5 * beta * alpha**2 / sigma
        start = np.inf if self.beta_min > 0 else np.sqrt(0.5 * self.beta_max)
        return -0.5 * beta * alpha, np.where(sigma > 0, rate, start)[()]

    def log_snr(self, t) -> np.ndarray:
        """λ_t = -½ log(e^B - 1) = -½ (B + log(1 - e^{-B})), shape of t."""
        B = self._area(t)
        with np.errstate(divide="ignore"):
            return -0.5 * (B + np.log(-np.expm1(-B)))

    def time_at(self, log_snr) -> np.ndarray:
        """The time t with λ_t = log_snr: B(t) = log(1 + e^{-2λ})."""
        return self._time_of_area(np.logaddexp(0.0, -2 * as_log_snr(log_snr, self)))

    def transition(self, t, s) -> tuple[np.ndarray, np.ndarray]:
        """(a, b) of X_s = a X_t + b Z for t <= s: a = e^{-D/2}, b² = 1 - e^{-D}, D = ∫_t^s β."""
        D = self._gained(*as_interval(t, s, self))
        return np.exp(-D / 2), np.sqrt(-np.expm1(-D))


@dataclass(frozen=True)
class SubVP(LinearRate):
    """The sub-VP process, on 0 <= t <= 1: the drift of VP with less noise.

        dx = -½ β x dt + √(β (1 - e^{-2B})) dw
        α_t = e^{-B/2},  σ_t = 1 - e^{-B} = 1 - α_t²: the standard deviation, not its square

    Arguments: 0 <= beta_min <= beta_max, beta_max > 0. Source: Song et al. 2021, equation
    29.
    Checked by: process_marginals, process_rates, process_transitions, diffused_in_steps
    """

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α_t, σ_t), shapes of t, to full relative precision near t = 0."""
        B = self._area(t)
        return np.exp(-B / 2), -np.expm1(-B)

    def diffusion(self, t) -> np.ndarray:
        """g(t) = √(β (1 - e^{-2B})), shape of t."""
        return np.sqrt(-self.beta(t) * np.expm1(-2 * self._area(t)))

    def marginal_rates(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α', σ') = (-½ β α, β α²), shapes of t."""
        alpha, beta = self.marginal(t)[0], self.beta(t)
        return -0.5 * beta * alpha, beta * alpha**2

    def log_snr(self, t) -> np.ndarray:
        """λ_t = -log(2 sinh(B/2)) = -½ B - log(1 - e^{-B}), shape of t."""
        B = self._area(t)
        with np.errstate(divide="ignore"):
            return -0.5 * B - np.log(-np.expm1(-B))

    def time_at(self, log_snr) -> np.ndarray:
        """The time t with λ_t = log_snr: B(t) = 2 asinh(½ e^{-λ})."""
        value = as_log_snr(log_snr, self)
        small = 2 * np.arcsinh(0.5 * np.exp(-np.maximum(value, 0.0)))
        low = np.minimum(value, 0.0)  # asinh x = log(x + √(x² + 1)), e^{-λ} taken out
        large = 2 * (np.log(0.5 + np.sqrt(0.25 + np.exp(2 * low))) - low)
        return self._time_of_area(np.where(value < 0, large, small))

    def transition(self, t, s) -> tuple[np.ndarray, np.ndarray]:
        """(a, b) of X_s = a X_t + b Z for t <= s: a = e^{-D/2}, D = ∫_t^s β,
        b² = (1 - e^{-D}) (1 - e^{-B(t) - B(s)})."""
        t, s = as_interval(t, s, self)
        D, both = self._gained(t, s), self._gained(0.0, t) + self._gained(0.0, s)
        return np.exp(-D / 2), np.sqrt(np.expm1(-D) * np.expm1(-both))
