"""The two laws samplers are measured on, with exact denoisers and exact flows.

Everything is told in x / α, where every diffusion is X_σ = X + σ Z, σ the noise-to-signal ratio:
the flow then depends on the levels alone, whatever process a library writes it in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr

HIGH, LOW = 10.0, 0.05


def levels(n: int, alternating: bool = True) -> np.ndarray:
    """n + 1 falling levels from HIGH to LOW, about even in log σ.

    Alternating: every second step is twice the one before, so that a formula for even steps
    shows; else even in log σ, for libraries whose steps are even.
    """
    steps = np.where(np.arange(n) % 2 == 0, 1.0, 2.0 if alternating else 1.0)
    u = np.append(0.0, np.cumsum(steps)) / steps.sum()
    return np.exp(np.log(HIGH) + u * np.log(LOW / HIGH))


def graded(at: np.ndarray) -> np.ndarray:
    """The levels with the first step split, each part twice the one before, the first 1/n² long.

    A method that starts with lower orders loses nothing there: what is left is its own order.
    """
    parts = 1 + int(np.ceil(np.log2(len(at))))
    fractions = 2.0 ** -np.arange(parts, 0, -1)
    return np.concatenate([at[:1], at[0] * (at[1] / at[0]) ** fractions, at[1:]])


@dataclass(frozen=True)
class Gaussian:
    """N(mean, covariance); its denoiser is affine."""

    mean: np.ndarray
    covariance: np.ndarray

    def covariance_at(self, level: float) -> np.ndarray:
        return self.covariance + level**2 * np.eye(len(self.mean))

    def denoiser(self, xp=np):
        """(x, level) -> E[X | X + level Z = x] in NumPy or jax.numpy."""
        variances, E = (xp.asarray(a) for a in np.linalg.eigh(self.covariance))
        mean = xp.asarray(self.mean)
        return lambda x, level: mean + ((x - mean) @ E * (variances / (variances + level**2))) @ E.T


@dataclass(frozen=True)
class Mixture:
    """A mixture of normal laws on the line; x (..., 1)."""

    weights: np.ndarray
    means: np.ndarray
    stds: np.ndarray

    def denoiser(self, xp=np):
        """(x, level) -> E[X | X + level Z = x] in NumPy or jax.numpy."""
        w, m, variances = (xp.asarray(a) for a in (self.weights, self.means, self.stds**2))

        def denoise(x, level):
            total = variances + level**2
            logits = xp.log(w) - 0.5 * xp.log(total) - 0.5 * (x - m) ** 2 / total
            parts = xp.exp(logits - xp.max(logits, axis=-1, keepdims=True))
            inner = m + variances / total * (x - m)
            return xp.sum(parts * inner, axis=-1, keepdims=True) / xp.sum(
                parts, axis=-1, keepdims=True
            )

        return denoise

    def density(self, x, level: float) -> np.ndarray:
        total = self.stds**2 + level**2
        parts = np.exp(-0.5 * (x[..., None] - self.means) ** 2 / total)
        return parts @ (self.weights / np.sqrt(2 * np.pi * total))

    def quantile(self, p: float, level: float) -> float:
        stds = np.sqrt(self.stds**2 + level**2)
        ends = (self.means - 40 * stds).min(), (self.means + 40 * stds).max()
        return brentq(lambda x: self.weights @ ndtr((x - self.means) / stds) - p, *ends, xtol=1e-14)

    def quantiles(self, p, level: float) -> np.ndarray:
        return np.array([[self.quantile(q, level)] for q in p])


_ROTATION = np.linalg.qr(np.array([[1.0, 2.0, 0.5], [-1.0, 0.3, 2.0], [0.7, -1.5, 1.0]]))[0]
GAUSSIAN = Gaussian(
    np.array([0.7, -1.1, 0.4]), _ROTATION * np.array([0.04, 0.5, 2.0]) @ _ROTATION.T
)
MIXTURE = Mixture(np.array([0.35, 0.65]), np.array([-1.2, 0.8]), np.array([0.45, 0.6]))
