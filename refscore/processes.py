"""Forward processes dx = f(t) x dt + g(t) dw with their marginals X_t = α_t X_0 + σ_t Z."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from refscore._arguments import (
    as_offering,
    as_points,
    as_positive,
    as_real,
    beyond_float,
    require_finite,
)


@dataclass(frozen=True)
class VP:
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

    def drift(self, x, t) -> np.ndarray:
        """f(t) x for x (..., d) and t () or (...,)."""
        return linear_drift(self, x, t)

    def prior_std(self) -> float:
        """1, the standard deviation of the law that the process forgets its start for."""
        return 1.0


@dataclass(frozen=True)
class VE:
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

    def drift(self, x, t) -> np.ndarray:
        """0 for x (..., d) and t () or (...,)."""
        return linear_drift(self, x, t)

    def prior_std(self) -> float:
        """σ_T, the standard deviation of the noise at the end."""
        return float(self.marginal(self.final_time)[1])

    def _s(self, t) -> np.ndarray:
        return self.sigma_min * np.exp(t * self.log_ratio)


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
