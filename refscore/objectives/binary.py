"""Ratio matching: binary data, where there is no derivative to match."""

from __future__ import annotations

import numpy as np

from refscore._arguments import as_callable, as_like, as_points, beyond_float
from refscore.distributions import BoltzmannBinary


def ratio_loss(log_odds, x) -> np.ndarray:
    """The ratio matching loss at every binary point.

        Σᵢ g(p(x)/p(xⁱ))² = Σᵢ σ(−uᵢ(x))²,  uᵢ = ln p(x)/p(xⁱ),  g(r) = 1/(1 + r)

    xⁱ is x with bit i flipped and σ(u) = 1/(1 + e^{−u}); p need not be normalised. No ½: the
    mean is E_π Σᵢ [g(p(x)/p(xⁱ)) − g(π(x)/π(xⁱ))]² plus E_π Σᵢ g(π(x)/π(xⁱ))², so it is least
    where all ratios match. log_odds: function of (n, d) binary points that returns u (n, d), e.g.
    a `BoltzmannLogOdds`; x (..., d), 0 and 1 only. Returns (...,), at any |u|.
    Source: Hyvärinen, Some extensions of score matching (2007), section 3.
    Checked by: ratio_loss_pointwise, ratio_is_matching
    """
    from scipy.special import expit  # σ

    x, u = _log_odds(log_odds, x)
    return (expit(-u) ** 2).sum(-1).reshape(x.shape[:-1])


def ratio_loss_gradient(log_odds, x) -> np.ndarray:
    """The gradient of the mean ratio matching loss in the parameters of `log_odds`.

        ∂/∂θ mean Σᵢ σ(−uᵢ)² = −2 mean Σᵢ σ(−uᵢ)² σ(uᵢ) ∂uᵢ/∂θ

    log_odds as for `ratio_loss`, with `pullback(x, a)`, the gradient (p,) of Σ a·u(x) for
    weights a (n, d), e.g. a `BoltzmannLogOdds`; x (..., d) binary, at least one. Returns (p,).
    Checked by: ratio_gradient, ratio_minimum
    """
    return ratio_loss_and_gradient(log_odds, x)[1]


def ratio_loss_and_gradient(log_odds, x):
    """The mean ratio matching loss, a number, and its gradient (p,), from one call of log_odds.

    log_odds and x as for `ratio_loss_gradient`.
    Checked by: ratio_gradient, ratio_minimum
    """
    from scipy.special import expit  # σ

    pullback = as_callable(getattr(log_odds, "pullback", None), "log_odds.pullback")
    x, u = _log_odds(log_odds, x)
    if len(u) == 0:
        raise ValueError(f"x must hold at least one point for a mean loss, got shape {x.shape}")
    wrong = expit(-u)
    weights = -2 * wrong**2 * expit(u) / len(u)
    return float((wrong**2).sum() / len(u)), pullback(x.reshape(u.shape), weights)


class BoltzmannLogOdds:
    """Log odds of the pairwise binary model p(x) ∝ exp(½ xᵀWx + bᵀx) on {0, 1}^d.

        uᵢ(x) = ln p(x)/p(xⁱ) = (2xᵢ − 1)(bᵢ + Σⱼ Wᵢⱼ xⱼ)

    weights W (d, d) symmetric with zero diagonal, biases b (d,). Called on binary points
    (..., d) it gives u (..., d). `.parameters`: Wᵢⱼ for i < j, row by row, then b; with
    `.with_parameters(theta)`, and `.pullback(x, a)` for the gradient of Σ a·u.
    Checked by: ratio_loss_pointwise
    """

    def __init__(self, weights, biases):
        self.law = BoltzmannBinary(weights, biases)
        self.dim = self.law.dim
        self._pairs = np.triu_indices(self.dim, 1)

    def __call__(self, x) -> np.ndarray:
        """u(x); x (..., d) of 0 and 1, result (..., d)."""
        x = _binary(x, self.dim)
        return (2 * x - 1) * self.law.conditional_log_odds(x)

    @property
    def parameters(self) -> np.ndarray:
        """Wᵢⱼ for i < j, then b, (d(d − 1)/2 + d,)."""
        return np.concatenate([self.law.weights[self._pairs], self.law.biases])

    def with_parameters(self, theta) -> BoltzmannLogOdds:
        """The same model with other parameters."""
        theta = as_like(theta, "theta", self.parameters, "parameters")
        weights = np.zeros((self.dim, self.dim))
        weights[self._pairs] = theta[: len(self._pairs[0])]
        return BoltzmannLogOdds(weights + weights.T, theta[len(self._pairs[0]) :])

    def pullback(self, x, a) -> np.ndarray:
        """The gradient (p,) of Σ a·u(x) in the parameters; x and a (n, d).

        Checked by: ratio_gradient, ratio_minimum
        """
        x = _binary(x, self.dim)
        signed = ((2 * x - 1) * as_like(a, "a", x, "x")).reshape(-1, self.dim)
        outer = signed.T @ x.reshape(-1, self.dim)
        return np.concatenate([(outer + outer.T)[self._pairs], signed.sum(0)])


def _log_odds(log_odds, x):
    """x, checked to be binary, and u at its rows (n, d)."""
    x = _binary(x, getattr(log_odds, "dim", None))
    points = x.reshape(-1, x.shape[-1])
    with beyond_float():
        u = as_callable(log_odds, "log_odds")(points.copy())
    return x, as_like(u, "log_odds(x)", points, "x")


def _binary(x, dim):
    """x, checked to hold 0 and 1 alone."""
    x = as_points(x, "x", dim)
    points = x.reshape(-1, x.shape[-1])
    other = np.argwhere((points != 0) & (points != 1))
    if len(other):
        row, i = (int(k) for k in other[0])
        raise ValueError(
            f"x must hold only 0 and 1, got {float(points[row, i])!r} in row {row}, coordinate {i}"
        )
    return x
