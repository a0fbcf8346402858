"""The map x -> a x + b s(x) + c z, and its short cut where s is a mixture's score.

For Σ_k π_k N(m_k, v I) the map is a x + (b/v) (Σ_k r_k m_k - x) + c z, with responsibilities
r = softmax of ℓ_k = log π_k + m_k·x/v - ½|m_k|²/v - ½|x|²/v <= log π_k: no maximum is needed, and
the products add into x in place. Its error is of order ε |m| (|m| + |x|)/v, so this form is taken
only while max |m_k|² <= 2000 v; points that all components leave faint take the score itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refscore.distributions._blocks import FAINT
from refscore.distributions._shared import LARGEST_SQUARED_RADIUS
from refscore.distributions.mixture import MixtureBase

ROWS = 1 << 17  # exponentials at a time
LEAST = -690.0  # a logit whose exponential is a normal number; below, exp is twenty times slower


class LinearMove:
    """(x, z) -> a x + b s(x) + c z; z is not looked at where c = 0."""

    def __init__(self, score: Callable, a: float, b: float, c: float):
        self.score, self.a, self.b, self.c = score, a, b, c
        self.by_rows = getattr(score, "by_rows", False)

    def __call__(self, x: np.ndarray, noise) -> np.ndarray:
        out = self.b * self.score(x)
        out += self.a * x
        if self.c:
            out += self.c * noise
        return out


class OneVariance:
    """Σ_k π_k N(m_k, v I): what the short cut needs of a law of data, at all times at once."""

    def __init__(self, weights, means, variance: float):
        with np.errstate(divide="ignore"):
            self.log_weights = np.log(weights)
        self.means, self.variance = means, variance
        self.squares = np.einsum("kd,kd->k", means, means)
        self.radius = float(self.squares.max() ** 0.5)

    def move(self, process, t, score: Callable, a: float, b: float, c: float) -> LinearMove:
        """The map with the score at time t, by the short cut where that is as exact."""
        alpha, sigma = (float(v) for v in process.marginal(t))
        v = alpha**2 * self.variance + sigma**2
        if not (v > 0 and (alpha * self.radius) ** 2 <= LARGEST_SQUARED_RADIUS * v):
            return LinearMove(score, a, b, c)
        return MixtureMove(score, a, b, c, self, alpha, v)


class MixtureMove(LinearMove):
    """The short cut at a time of α and v = α² v_0 + σ²."""

    def __init__(self, score: Callable, a, b, c, law: OneVariance, alpha: float, v: float):
        super().__init__(score, a, b, c)
        from scipy.linalg.blas import daxpy, dgemm

        self.add, self.multiply = daxpy, dgemm
        K, d = law.means.shape
        self.v, self.keeps, self.wide = v, a - b / v, d < max(9, K / 2)
        self.far, self.rows = alpha * law.radius, max(16, ROWS // K)
        self.beta = law.log_weights - (0.5 * alpha * alpha / v) * law.squares
        self.towards = (alpha * b / v) * law.means  # (K, d)
        slopes = (alpha / v) * law.means.T
        if self.wide:
            self.slopes = np.column_stack([slopes.T, self.beta, np.ones(K)])  # (K, d + 2)
            self.sums = np.vstack([self.towards.T, np.ones(K)])  # (d + 1, K)
        else:
            self.slopes, self.ones = slopes, np.ones(K)

    def advance(self, x: np.ndarray, noise) -> None:
        """The same in place on points (n, d), some rows at a time; noise may be None."""
        for i in range(0, len(x), self.rows):
            piece = slice(i, i + self.rows)
            self._piece(x[piece], None if noise is None else noise[piece])

    def _piece(self, x, noise) -> None:
        q = np.einsum("nd,nd->n", x, x)
        q *= -0.5 / self.v
        weights, total = self._weights(x, q)
        faint = np.flatnonzero(~(total > FAINT))
        if faint.size:
            exact = self(x[faint], 0.0 if noise is None else noise[faint])
        self._step(x, weights, total)
        if self.c and noise is not None:
            self.add(noise.reshape(-1), x.reshape(-1), a=self.c)
        if faint.size:
            x[faint] = exact

    def _weights(self, x, q) -> tuple[np.ndarray, np.ndarray]:
        """(e^ℓ (n, K), or the sums (d, n) of e^ℓ (b/v) m, and the total of e^ℓ (n,))."""
        if self.wide:
            features = np.empty((x.shape[1] + 2, len(x)))
            features[:-2], features[-2], features[-1] = x.T, 1.0, q
            weights = self.slopes @ features
        else:
            weights = x @ self.slopes
            weights += self.beta
            weights += q[:, None]
        reach = self.far + (-2 * self.v * q.min(initial=0.0)) ** 0.5
        if not 0.5 * reach**2 < -LEAST * self.v:
            np.maximum(weights, LEAST, out=weights)
        np.exp(weights, out=weights)
        if self.wide:
            sums = self.sums @ weights
            return sums[:-1], sums[-1]
        return weights, weights @ self.ones

    def _step(self, x, weights, total) -> None:
        """x <- (a - b/v) x + (b/v) Σ r_k m_k, in place."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.wide:
                x *= self.keeps
                weights /= total
                x += weights.T
                return
            weights /= total[:, None]
        self.multiply(1.0, self.towards.T, weights.T, self.keeps, x.T, overwrite_c=1)


def one_variance(law) -> OneVariance | None:
    """What the short cut needs of a mixture or of kernels on data; None of any other law."""
    if not isinstance(law, MixtureBase) or law._spread.full or len(law._spread.values) != 1:
        return None
    variances = law._spread.values
    v = float(variances[0, 0])
    return OneVariance(law._weights, law._means, v) if (variances == v).all() else None
