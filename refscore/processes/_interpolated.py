"""Processes between the levels of a table."""

from __future__ import annotations

import numpy as np

from refscore.processes.base import Process, as_divisor, as_log_snr, as_time


class Interpolated(Process):
    """Variance preserving, B = -2 log α linear between given times: f and g are constant there."""

    def __init__(self, ends, areas):
        self.final_time, self._ends, self._areas = float(ends[-1]), ends, areas
        self.kinks = tuple(ends[1:-1].tolist())
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


class InterpolatedToNothing(Interpolated):
    """As `Interpolated`, but α falls to 0 at the end: in the last interval α is linear itself."""

    def __init__(self, ends, areas):
        super().__init__(ends[:-1], areas[:-1])
        self.kinks = tuple(ends[1:-1].tolist())
        self._from, self.final_time = float(ends[-2]), float(ends[-1])

    def _area(self, t) -> np.ndarray:
        """B = -2 log α at checked times, inf at the end."""
        left = np.minimum((self.final_time - t) / (self.final_time - self._from), 1.0)
        with np.errstate(divide="ignore"):
            return np.interp(t, self._ends, self._areas) - 2 * np.log(left)

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α_t, σ_t), shapes of t."""
        B = self._area(as_time(t, self))
        return np.exp(-B / 2)[()], np.sqrt(-np.expm1(-B))[()]

    def beta(self, t) -> np.ndarray:
        """β(t), that of the interval that ends at t; 2/(T - t) in the last."""
        t = as_time(t, self)
        as_divisor(self.final_time - t)
        if not self._rates.size:
            return (2 / (self.final_time - t))[()]
        before = np.minimum(_interval(t, self._ends), len(self._rates) - 1)
        return np.where(t > self._from, 2 / (self.final_time - t), self._rates[before])[()]

    def marginal_rates(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α', σ') = (-½ β α, ½ β α²/σ), shapes of t, finite at the end."""
        t = as_time(t, self)
        inner = np.where(t < self.final_time, t, 0.5 * (self._from + self.final_time))
        (alpha, sigma), there = self.marginal(t), self.marginal(inner)[0]
        slope = -0.5 * self.beta(inner) * there  # in the last interval the same everywhere
        with np.errstate(divide="ignore"):
            return slope[()], (-slope * alpha / sigma)[()]

    def time_at(self, log_snr) -> np.ndarray:
        """The time t with λ_t = log_snr: where B = log(1 + e^{-2λ})."""
        B, last = np.logaddexp(0.0, -2 * as_log_snr(log_snr, self)), self._areas[-1]
        late = (self.final_time - self._from) * np.exp(-0.5 * np.maximum(B - last, 0.0))
        early = np.interp(B, self._areas, self._ends)
        return np.where(last < B, self.final_time - late, early)[()]


class InterpolatedLevels(Process):
    """Variance exploding, log σ linear between given times, σ² before the first of them."""

    def __init__(self, ends, sigmas):
        self.final_time, self._ends, self._sigmas = float(ends[-1]), ends, sigmas
        self.kinks = tuple(ends[1:-1].tolist())
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
