"""Paths of flow matching and the cosine schedule: α reaches 0 at the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refscore._arguments import as_positive
from refscore.processes.base import Process, as_divisor, as_interval, as_log_snr, as_time


@dataclass(frozen=True)
class Straight(Process):
    """The straight path from data to noise, on 0 <= t <= 1, and its process.

        X_t = (1 - t) X_0 + t Z,  f = -1/(1 - t),  g² = 2t/(1 - t)

    At t = 1 nothing of the data is left: `marginal`, `marginal_rates` and `log_snr` (-inf) are
    what they are there, while f and g are infinite and raise. Rectified flow and flow matching;
    libraries that put data at time 1 have t and 1 - t exchanged.
    Raises: ValueError for f, g or a transition from t = 1. Source: Lipman et al. 2023;
    Liu et al. 2023.
    Checked by: process_marginals, process_rates, process_transitions, diffused_in_steps
    """

    final_time = 1.0

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(1 - t, t), shapes of t."""
        t = as_time(t, self)
        return (1 - t)[()], np.array(t)[()]

    def drift_rate(self, t) -> np.ndarray:
        """f(t) = -1/(1 - t), shape of t."""
        return -1 / as_divisor(self.marginal(t)[0])

    def diffusion(self, t) -> np.ndarray:
        """g(t) = √(2t/(1 - t)), shape of t."""
        alpha, sigma = self.marginal(t)
        return np.sqrt(2 * sigma / as_divisor(alpha))

    def prior_std(self) -> float:
        """1, the standard deviation at t = 1."""
        return 1.0

    def marginal_rates(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(-1, 1), shapes of t."""
        t = as_time(t, self)
        return -np.ones_like(t)[()], np.ones_like(t)[()]

    def time_at(self, log_snr) -> np.ndarray:
        """The time t with log((1 - t)/t) = log_snr: t = 1/(1 + e^λ)."""
        return np.exp(-np.logaddexp(0.0, as_log_snr(log_snr, self)))

    def transition(self, t, s) -> tuple[np.ndarray, np.ndarray]:
        """(a, b) of X_s = a X_t + b Z for t <= s: a = (1 - s)/(1 - t),
        b² = (s - a t)(s + a t), s - a t = (s - t)/(1 - t)."""
        t, s = as_interval(t, s, self)
        left = as_divisor(1 - t)
        a = (1 - s) / left
        return a[()], np.sqrt((s - t) / left * (s + a * t))[()]


@dataclass(frozen=True)
class Cosine(Process):
    """The variance-preserving process of the cosine schedule, on 0 <= t <= T.

        α_t = cos θ_t / cos θ_0,  σ_t² = 1 - α_t²,  θ_t = ½ π (t + offset)/(1 + offset)
        f = -θ' tan θ_t,  g² = -2 f,  θ' = ½ π/(1 + offset)

    At t = 1 α = 0: `marginal`, `marginal_rates` and `log_snr` (-inf) are what they are there,
    while f and g are infinite and raise; final_time < 1 keeps away from it, as samplers that
    integrate f and g do (DPM-Solver: 0.9946).
    Arguments: offset >= 0; 0 < final_time <= 1. Raises: ValueError for f, g or a transition
    from t = 1. Source: Nichol and Dhariwal 2021, equation 17, without the clip of its discrete
    rates.
    Checked by: process_marginals, process_rates, process_transitions
    """

    offset: float = 0.008
    final_time: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "offset", as_positive(self.offset, "offset", zero=True))
        end = as_positive(self.final_time, "final_time")
        if end > 1:
            raise ValueError(f"final_time must be at most 1, where alpha is 0, got {end!r}")
        object.__setattr__(self, "final_time", end)

    @property
    def _speed(self) -> float:
        """θ'."""
        return 0.5 * np.pi / (1 + self.offset)

    def _cosine(self, t) -> np.ndarray:
        """cos θ_t, to full relative precision up to t = 1, where it is 0."""
        return np.sin(self._speed * (1 - t))

    def _variance(self, t, s) -> np.ndarray:
        """cos² θ_t - cos² θ_s = sin(θ_s - θ_t) sin(θ_s + θ_t), without cancellation."""
        return np.sin(self._speed * (s - t)) * np.sin(self._speed * (s + t + 2 * self.offset))

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α_t, σ_t), shapes of t, to full relative precision near both ends."""
        t, start = as_time(t, self), self._cosine(0.0)
        return self._cosine(t) / start, np.sqrt(self._variance(0.0, t)) / start

    def drift_rate(self, t) -> np.ndarray:
        """f(t) = -θ' tan θ_t, shape of t."""
        t = as_time(t, self)
        angle = self._speed * (t + self.offset)
        return -self._speed * np.sin(angle) / as_divisor(self._cosine(t))

    def diffusion(self, t) -> np.ndarray:
        """g(t) = √(2 θ' tan θ_t), shape of t."""
        return np.sqrt(-2 * self.drift_rate(t))

    def prior_std(self) -> float:
        """1, the standard deviation of the law that the process forgets its start for."""
        return 1.0

    def marginal_rates(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α', σ') = (-θ' sin θ_t/cos θ_0, -α α'/σ), shapes of t; σ' is inf at t = 0 unless the
        offset is 0."""
        alpha, sigma = self.marginal(t)
        rate = -self._speed * np.sin(self._speed * (as_time(t, self) + self.offset))
        rate = rate / self._cosine(0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            up = -alpha * rate / sigma
        return rate, np.where(sigma > 0, up, np.inf if self.offset > 0 else self._speed)[()]

    def time_at(self, log_snr) -> np.ndarray:
        """The time t with λ_t = log_snr: θ_t - θ_0 by its sine and its cosine."""
        value = as_log_snr(log_snr, self)
        alpha2, sigma2 = np.exp(-np.logaddexp(0, -2 * value)), np.exp(-np.logaddexp(0, 2 * value))
        c0, s0 = self._cosine(0.0), np.sin(self._speed * self.offset)
        cosine, sine = np.sqrt(alpha2) * c0, np.sqrt(s0**2 + sigma2 * c0**2)
        total = sine * c0 + cosine * s0  # sin(θ_t + θ_0)
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.where(total > 0, sigma2 * c0**2 / total, 0.0)
        t = np.arctan2(apart, cosine * c0 + sine * s0) / self._speed
        return np.minimum(t, self.final_time)[()]

    def transition(self, t, s) -> tuple[np.ndarray, np.ndarray]:
        """(a, b) of X_s = a X_t + b Z for t <= s: a = cos θ_s/cos θ_t, b² = 1 - a²."""
        t, s = as_interval(t, s, self)
        now = as_divisor(self._cosine(t))
        return (self._cosine(s) / now)[()], (np.sqrt(self._variance(t, s)) / now)[()]
