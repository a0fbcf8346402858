"""E[X_0 | X_t = x] of a mixture where little of the data is left, without dividing by α.

Tweedie's (x + σ² s)/α loses σ/α of the digits there. With z_k = x - α m_k, V_k = α² S_k + σ² I,
Q_k = S_k V_k⁻¹ nothing cancels:

    E = Σ_k r_k (m_k + α Q_k z_k)
    log r_k = log π_k - ½ log det V_k + α (m_k·x - ½ α |m_k|²)/σ² + ½ (α/σ)² z_kᵀ Q_k z_k + const
"""

from __future__ import annotations

import numpy as np

from refscore.distributions._blocks import softmax
from refscore.distributions._components import components_of

LITTLE = 0.1  # of α/σ, below which this is more exact than Tweedie's formula
NUMBERS = 1 << 17  # in an array of z


class MixtureDenoiser:
    """The mean of the data given points (..., d), of a law at given α and σ > 0."""

    def __init__(self, components, alpha: float, sigma: float):
        weights, self.means, spread = components
        self.alpha, self.sigma, self.index = alpha, sigma, spread.index
        variances, self.turns = spread.values, None
        if spread.full:
            variances, self.turns = np.linalg.eigh(variances)
        total = alpha**2 * variances + sigma**2
        self.shrink = variances / total  # of Q, along the eigenvectors
        with np.errstate(divide="ignore"):
            self.logits = np.log(weights) - 0.5 * np.log(total).sum(-1)[self.index]
        self.logits -= 0.5 * (alpha / sigma) ** 2 * np.einsum("kd,kd->k", self.means, self.means)

    def __call__(self, x: np.ndarray) -> np.ndarray:
        rows, size = x.reshape(-1, x.shape[-1]), max(1, NUMBERS // self.means.size)
        out = np.empty_like(rows)
        for i in range(0, len(rows), size):
            out[i : i + size] = self._rows(rows[i : i + size])
        return out.reshape(x.shape)

    def _rows(self, x: np.ndarray) -> np.ndarray:
        share = self.alpha / self.sigma
        logits = self.logits[:, None] + share / self.sigma * (self.means @ x.T)
        if not self.shrink.any():
            return softmax(logits)[0].T @ self.means
        pulled = np.empty((len(self.means), *x.shape))  # Q z
        for u, shrink in enumerate(self.shrink):
            mine = self.index == u
            z = x - self.alpha * self.means[mine][:, None]
            if self.turns is None:
                pulled[mine] = shrink * z
            else:
                pulled[mine] = (z @ self.turns[u] * shrink) @ self.turns[u].T
            logits[mine] += 0.5 * share**2 * np.einsum("knd,knd->kn", z, pulled[mine])
        r = softmax(logits)[0]
        return r.T @ self.means + self.alpha * np.einsum("kn,knd->nd", r, pulled)


def mixture_denoiser(law, alpha: float, sigma: float) -> MixtureDenoiser | None:
    """The denoiser of a Gaussian, a mixture or data, where 0 < α < σ/10; else None."""
    held = components_of(law) if 0 < alpha < LITTLE * sigma else None
    return None if held is None else MixtureDenoiser(held, alpha, sigma)
