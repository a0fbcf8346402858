"""What every forward process has: marginals X_t = α_t X_0 + σ_t Z and the rates behind them."""

from __future__ import annotations

import numpy as np

from refscore._arguments import (
    as_offering,
    as_points,
    as_real,
    beyond_float,
    require_finite,
)


class Process:
    """A forward process dx = f(t) x dt + g(t) dw on 0 <= t <= T, data at time 0.

        α' = f α,  (σ²)' = 2 f σ² + g²,  X_t = α_t X_0 + σ_t Z

    A subclass gives `final_time` T, `marginal(t)`, `drift_rate(t)` f, `diffusion(t)` g and
    `prior_std()`; everything else follows from them. `kinks`, times within (0, T): where f or g
    jumps or bends, which solvers with error control do not step over.
    """

    final_time: float
    kinks: tuple[float, ...] = ()

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α_t, σ_t), shapes of t."""
        raise _missing(self, "marginal(t)")

    def drift_rate(self, t) -> np.ndarray:
        """f(t) = α'/α, shape of t."""
        raise _missing(self, "drift_rate(t)")

    def diffusion(self, t) -> np.ndarray:
        """g(t), shape of t."""
        raise _missing(self, "diffusion(t)")

    def drift(self, x, t) -> np.ndarray:
        """f(t) x for x (..., d) and t () or (...,)."""
        return linear_drift(self, x, t)

    def prior_std(self) -> float:
        """Standard deviation of the Gaussian, mean 0, that stands for the law at time T."""
        raise _missing(self, "prior_std()")

    def marginal_rates(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α'_t, σ'_t) = (f α, f σ + g²/2σ), shapes of t, finite where α = 0; σ' is inf where the
        noise starts like √t from nothing."""
        (alpha, sigma), f = self.marginal(t), self.drift_rate(t)
        with np.errstate(divide="ignore"):
            return f * alpha, f * sigma + 0.5 * self.diffusion(t) ** 2 / sigma

    def log_snr(self, t) -> np.ndarray:
        """λ_t = log(α_t/σ_t), half the log of the signal-to-noise ratio α²/σ², shape of t:
        it falls with t, inf where σ = 0 and -inf where α = 0."""
        alpha, sigma = self.marginal(t)
        with np.errstate(divide="ignore"):
            return (np.log(alpha) - np.log(sigma))[()]

    def time_at(self, log_snr) -> np.ndarray:
        """The time t with λ_t = log_snr, within [λ_T, λ_0]: the inverse of `log_snr`.

        Bisection over the floating-point numbers of [0, T]: 63 evaluations of λ.
        """
        return bisected(self, as_log_snr(log_snr, self))

    def transition(self, t, s) -> tuple[np.ndarray, np.ndarray]:
        """(a, b) of X_s = a X_t + b Z for t <= s, shapes of t and s: a = α_s/α_t,
        b² = σ_s² - a² σ_t² = -σ_s² (e^{2(λ_s - λ_t)} - 1)."""
        t, s = as_interval(t, s, self)
        (alpha_t, sigma_t), (alpha_s, sigma_s) = self.marginal(t), self.marginal(s)
        ratio = alpha_s / as_divisor(alpha_t)
        with np.errstate(invalid="ignore"):
            kept = np.where(sigma_t > 0, ratio * (sigma_t / sigma_s), 0.0)
        return ratio[()], (sigma_s * np.sqrt((1 - kept) * (1 + kept)))[()]


def _missing(process, method: str) -> NotImplementedError:
    return NotImplementedError(f"{type(process).__name__} must define {method}, as a process does")


def as_process(process):
    """`process`, which must have marginals, a drift, a diffusion and a final time."""
    return as_offering(process, "process", "marginal", "drift", "diffusion", "final_time")


def as_time(t, process, name: str = "t") -> np.ndarray:
    """Finite times within [0, T], an array of the given shape."""
    t = require_finite(as_real(t, name), name)
    if t.size and (t.min() < 0 or t.max() > process.final_time):
        bad = t.min() if t.min() < 0 else t.max()
        raise ValueError(f"{name} must lie in [0, {process.final_time:g}], got {bad:.6g}")
    return t


def as_interval(t, s, process) -> tuple[np.ndarray, np.ndarray]:
    """Times t <= s within [0, T], of one shape unless one of them is a single number."""
    t, s = as_time(t, process), as_time(s, process, "s")
    if t.ndim and s.ndim and t.shape != s.shape:
        raise ValueError(f"s must have the shape of t, {t.shape}, got shape {s.shape}")
    if not (t <= s).all():
        raise ValueError("s must not be before t: the process runs forward from t to s")
    return t, s


def as_log_snr(value, process) -> np.ndarray:
    """Values of λ = log(α/σ) that the process takes, ±inf included."""
    value = as_real(value, "log_snr")
    low, high = (float(process.log_snr(t)) for t in (process.final_time, 0.0))
    slack = np.where(np.isfinite(value), 1e-12 * (1 + np.abs(value)), 0.0)
    outside = ~((value >= low - slack) & (value <= high + slack)) & (value != low) & (value != high)
    if outside.any():
        bad = float(value[outside].flat[0])
        raise ValueError(f"log_snr must lie in [{low:.6g}, {high:.6g}], got {bad:.6g}")
    return value


def as_divisor(alpha) -> np.ndarray:
    """α, which must not be 0 where the state is divided by it."""
    if not np.all(np.asarray(alpha) > 0):
        raise ValueError(
            "t must be before the time at which alpha is 0: there the drift rate is infinite and"
            " nothing of the state is left; use marginal or marginal_rates, which are finite there"
        )
    return alpha


def bisected(process, log_snr: np.ndarray) -> np.ndarray:
    """The times at which λ falls to `log_snr`, to neighbouring floating-point numbers."""
    low = np.zeros(log_snr.shape, dtype=np.int64)  # floats >= 0 are ordered like their bits
    high = np.full(log_snr.shape, np.float64(process.final_time).view(np.int64))
    while (high - low > 1).any():
        middle = low + (high - low) // 2
        above = process.log_snr(middle.view(np.float64)) > log_snr
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    start = log_snr >= process.log_snr(0.0)
    return np.where(start, 0.0, high.view(np.float64))[()]


def linear_drift(process, x, t) -> np.ndarray:
    """f(t) x for x (..., d) and t () or (...,): one time for all points or one for each."""
    x = as_points(x, "x")
    with beyond_float():
        return rowwise(process.drift_rate(t), x, "t") * x


def rowwise(values, x: np.ndarray, name: str) -> np.ndarray:
    """Values of shape () or x.shape[:-1], ready to multiply points (..., d)."""
    values = np.asarray(values)
    if values.ndim and values.shape != x.shape[:-1]:
        raise ValueError(f"{name} must have shape () or {x.shape[:-1]}, got shape {values.shape}")
    return values[..., None]
