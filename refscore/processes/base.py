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
    `prior_std()`; everything else follows from them.
    """

    final_time: float

    def marginal(self, t) -> tuple[np.ndarray, np.ndarray]:
        """(α_t, σ_t), shapes of t."""
        raise NotImplementedError

    def drift_rate(self, t) -> np.ndarray:
        """f(t) = α'/α, shape of t."""
        raise NotImplementedError

    def diffusion(self, t) -> np.ndarray:
        """g(t), shape of t."""
        raise NotImplementedError

    def drift(self, x, t) -> np.ndarray:
        """f(t) x for x (..., d) and t () or (...,)."""
        return linear_drift(self, x, t)

    def prior_std(self) -> float:
        """Standard deviation of the Gaussian, mean 0, that stands for the law at time T."""
        raise NotImplementedError


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
