"""Mixtures whose components share one covariance, by matrix products.

In y = W (x − c), W S Wᵀ = I, the components are unit Gaussians at μ_k = W (m_k − c), and

    log p(x) = log Σ_k exp(β_k + μ_k·y) − ½|y|² + const,   β_k = log π_k − ½|μ_k|²
    s(x)     = Wᵀ (μ̄ − y),            μ̄ = Σ_k r_k μ_k
    ∇s(x)    = Wᵀ (Cov_r(μ) − I) W

The logits are linear in y, so nothing is lost far away: at |y| = 1e150 their differences
are as good as there. Their error is of order ε |μ|(|μ| + |y|), so this form is taken only
while max|μ_k|² ≤ 2000 (below 5e-13 near the data); farther apart the direct form is used.
"""

from __future__ import annotations

import numpy as np

from refscore.distributions._blocks import FAINT, blockwise, softmax
from refscore.distributions._spread import LOG_2PI, apply

LARGEST_SQUARED_RADIUS = 2000.0


class SharedMixture:
    """log density and score derivatives of Σ_k π_k N(m_k, S), one S for all."""

    def __init__(self, log_weights, means, spread):
        self.dim, self.w = means.shape[1], spread.whitener[0]
        self.centre = 0.5 * means.min(axis=0) + 0.5 * means.max(axis=0)
        self.mu = np.ascontiguousarray(apply(self.w, (means - self.centre).T))  # (d, K)
        self.size = means.shape[1] + len(means)
        with np.errstate(over="ignore"):
            squares = (self.mu**2).sum(axis=0)
        self.accurate = bool(squares.max() <= LARGEST_SQUARED_RADIUS)
        self.beta = (log_weights - 0.5 * squares)[:, None]
        ones = np.ones((1, len(means)))
        self.from_features = np.vstack([self.mu, self.beta.T, ones]).T  # (K, d + 2)
        self.to_sums = np.vstack([self.mu, ones])  # (d + 1, K)
        self.log_constant = -0.5 * (self.dim * LOG_2PI + spread.log_det[0])
        self.trace = spread.precision_trace[0]
        self.precision = spread.precision[0]

    def _whiten(self, columns):
        return apply(self.w, columns - self.centre[:, None])

    def _back(self, columns):
        return apply(self.w.T, columns)

    def _logits(self, y):
        logits = self.mu.T @ y
        logits += self.beta
        return logits

    def log_density(self, x):
        def block(columns):
            y = self._whiten(columns)
            return self._logsumexp(y) - 0.5 * np.einsum("dn,dn->n", y, y)

        return blockwise(block, x, (), self.size) + self.log_constant

    def _logsumexp(self, y):
        logits = self._logits(y)
        top = logits.max(axis=0)
        logits -= top
        return top + np.log(np.exp(logits, out=logits).sum(axis=0))

    def _responsibilities(self, y):
        return softmax(self._logits(y))[0]

    def score(self, x):
        def block(columns):
            y = self._whiten(columns)
            towards = self._centre_of_mass(y)
            towards -= y
            return self._back(towards)

        two = self.mu.shape[1] == 2
        return blockwise(self._score_of_two if two else block, x, (self.dim,), self.size)

    def _centre_of_mass(self, y):
        """μ̄ = Σ_k r_k μ_k, from the weights π_k exp(−½|y − μ_k|²) ≤ 1, which need no maximum."""
        features = np.empty((self.dim + 2, y.shape[1]))
        features[:-2], features[-2] = y, 1.0
        np.einsum("dn,dn->n", y, y, out=features[-1])
        features[-1] *= -0.5
        weights = self.from_features @ features
        sums = self.to_sums @ np.exp(weights, out=weights)
        faint = np.flatnonzero(~(sums[-1] > FAINT))
        if faint.size:
            sums[:, faint] = self.to_sums @ softmax(self._logits(y[:, faint]))[0]
        return np.divide(sums[:-1], sums[-1], out=sums[:-1])

    def _score_of_two(self, x):
        """Two components, one exponential: s = P (m₁ − x) + P (m₂ − m₁) / (1 + e^{ℓ₁ − ℓ₂})."""
        nu = self._back(self.mu)
        step = nu[:, 1] - nu[:, 0]
        x = x - self.centre[:, None]
        odds = -step @ x
        odds += self.beta[0] - self.beta[1]
        np.exp(odds, out=odds)
        odds += 1
        np.reciprocal(odds, out=odds)
        s = apply(-self.precision, x)
        for s_i, base, step_i in zip(s, nu[:, 0], step, strict=True):
            s_i += base
            s_i += step_i * odds
        return s

    def log_density_and_score(self, x):
        """Both from one set of exponentials, (n,) and (n, d)."""
        both = self._both_of_two if self.mu.shape[1] == 2 else self._both
        sums = []

        def block(columns):
            y = self._whiten(columns)
            towards, log_sum = both(y)
            sums.append(log_sum - 0.5 * np.einsum("dn,dn->n", y, y))
            towards -= y
            return self._back(towards)

        score = blockwise(block, x, (self.dim,), self.size + self.dim)
        return np.concatenate([np.empty(0), *sums]) + self.log_constant, score

    def _both(self, y):
        """(μ̄, log Σ_k e^{ℓ_k})."""
        r, log_sum = softmax(self._logits(y))
        return self.mu @ r, log_sum

    def _both_of_two(self, y):
        """The same by one exponential: μ̄ = μ₁ + (μ₂ − μ₁)/t, ℓ₂ + log t, t = 1 + e^{ℓ₁ − ℓ₂}."""
        first, second = self._logits(y)
        t = np.exp(first - second)
        t += 1.0
        log_sum = np.log(t)
        log_sum += second
        lost = np.flatnonzero(np.isinf(t))
        log_sum[lost] = first[lost]
        np.reciprocal(t, out=t)
        towards = (self.mu[:, 1:] - self.mu[:, :1]) * t
        towards += self.mu[:, :1]
        return towards, log_sum

    def divergence(self, x):
        """Δ log p = −tr S⁻¹ + Σ_k r_k |ν_k|² − |Σ_k r_k ν_k|²,  ν_k = Wᵀ μ_k."""
        nu = self._back(self.mu)
        squares = (nu**2).sum(axis=0)

        def block(columns):
            r = self._responsibilities(self._whiten(columns))
            mean = nu @ r
            return squares @ r - np.einsum("dn,dn->n", mean, mean) - self.trace

        return blockwise(block, x, (), self.size)

    def jvp(self, x, v):
        """∇s v = −S⁻¹ v + Wᵀ Cov_r(μ) W v, without a d × d matrix."""

        def block(columns, v):
            r = self._responsibilities(self._whiten(columns))
            along = self.mu.T @ apply(self.w, v)
            along -= (r * along).sum(axis=0)
            along *= r
            return self._back(self.mu @ along) - apply(self.precision, v)

        return blockwise(block, x, (self.dim,), 2 * self.size, v)

    def jacobian(self, x):
        """∇s = Σ_k r_k δ_k δ_kᵀ − S⁻¹,  δ_k = Wᵀ (μ_k − μ̄)."""
        nu = self._back(self.mu)
        precision = self.precision if self.precision.ndim == 2 else np.diag(self.precision)

        def block(columns):
            r = self._responsibilities(self._whiten(columns)).T
            deviation = nu.T - (r @ nu.T)[:, None, :]  # (n, K, d)
            covariance = np.matmul((deviation * r[:, :, None]).swapaxes(1, 2), deviation)
            return np.moveaxis(covariance - precision, 0, -1)

        return blockwise(block, x, (self.dim, self.dim), 2 * self.size * self.dim)
