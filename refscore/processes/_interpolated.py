"""Processes between the levels of a table."""

from __future__ import annotations

import numpy as np

from refscore.processes.base import Process, as_log_snr, as_time


class Interpolated(Process):
    """Variance preserving, B = -2 log α linear between given times: f and g are constant there."""

    def __init__(self, ends, areas):
        self.final_time, self._ends, self._areas = float(ends[-1]), ends, areas
        self._rates = np.diff(areas) / np.diff(ends)

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α_t, σ_t), shapes of t."""
        B = np.interp(as_time(t, self), self._ends, self._areas)
        return np.exp(-B / 2)[()], np.sqrt(-np.expm1(-B))[()]

    def beta(self, t) -> np.ndarray:
        """β(t), that of the interval that ends at t."""
        return self._rates[_interval(as_time(t, self), self._ends)][()]

    def drift_rate(self, t) -> np.ndarray:
        """f(t) = -½ β(t), shape of t."""
        return -0.5 * self.beta(t)

    def diffusion(self, t) -> np.ndarray:
        """g(t) = √β(t), shape of t."""
        return np.sqrt(self.beta(t))

    def prior_std(self) -> float:
        """1, the standard deviation of the law that the process forgets its start for."""
        return 1.0

    def time_at(self, log_snr) -> np.ndarray:
        """The time t with λ_t = log_snr: where B = log(1 + e^{-2λ})."""
        B = np.logaddexp(0.0, -2 * as_log_snr(log_snr, self))
        return np.asarray(np.interp(B, self._areas, self._ends))[()]


class InterpolatedLevels(Process):
    """Variance exploding, log σ linear between given times, σ² before the first of them."""

    def __init__(self, ends, sigmas):
        self.final_time, self._ends, self._sigmas = float(ends[-1]), ends, sigmas
        self._growth = np.append(0.0, np.diff(np.log(sigmas)) / np.diff(ends[1:]))

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(1, σ_t), shapes of t."""
        t, first = as_time(t, self), self._ends[1]
        early = self._sigmas[0] * np.sqrt(t / first)
        later = np.exp(np.interp(t, self._ends[1:], np.log(self._sigmas)))
        return np.ones_like(t)[()], np.where(t <= first, early, later)[()]

    def drift_rate(self, t) -> np.ndarray:
        """0, shape of t."""
        return np.zeros_like(as_time(t, self))[()]

    def diffusion(self, t) -> np.ndarray:
        """g(t), √ of the rate of σ² in the interval that ends at t."""
        t = as_time(t, self)
        k = _interval(t, self._ends)
        growing = np.sqrt(2 * self._growth[k]) * self.marginal(t)[1]
        return np.where(k == 0, self._sigmas[0] / np.sqrt(self._ends[1]), growing)[()]

    def prior_std(self) -> float:
        """σ_T, the standard deviation of the noise at the end."""
        return float(self._sigmas[-1])

    def time_at(self, log_snr) -> np.ndarray:
        """The time t with -log σ_t = log_snr."""
        level = -as_log_snr(log_snr, self)
        early = self._ends[1] * np.exp(2 * np.minimum(level - np.log(self._sigmas[0]), 0.0))
        later = np.interp(level, np.log(self._sigmas), self._ends[1:])
        return np.where(level <= np.log(self._sigmas[0]), early, later)[()]


def _interval(t, ends) -> np.ndarray:
    """Index of the interval (a, b] that holds t; 0 holds t = 0 too."""
    return np.maximum(np.searchsorted(ends, t, side="left") - 1, 0)
